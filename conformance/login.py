"""``conformance login``: a member's consent by a person with a browser, kept as a token in a file.

The address is printed; the browser comes back to a port of this machine with the code, which is exchanged at once.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import click

from conformance import clock
from conformance.errors import UsageError
from conformance.opening import guides, open_target
from conformance.strict_json import load_object
from conformance.target import Auth, Target
from conformance.wire.consent import Consent, answer_of
from conformance.wire.payer import Wire

THANKS = b"<!DOCTYPE html><title>Done</title><p>The code has arrived. This page can be closed."


def log_in(file: str, name: str | None, out: Path, seconds: float, show: Callable[[str], None] = click.echo) -> int:
    """Prints the address of consent, waits for the code, and writes the member's token: 0, or 3 without one.

    UsageError where the target has no such credentials, or the address to come back to is not this machine's.
    """
    target = open_target(file, {}, guides(), today=clock.now().date())
    auth = _chosen(target, name)
    consent = Consent(auth)
    came = _code(consent, seconds, lambda: show(f"Open this in a browser, as the member:\n\n  {consent.url}\n"))
    if came.get("state") != consent.state or not came.get("code"):
        show(f"No code came back: {came.get('error') or 'nothing within the time, or a state that is not ours'}.")
        return 3
    with Wire(target, journal=lambda _exchange: None) as wire:
        answer = wire.tokens.exchange_code(consent, came["code"])
    said = load_object(answer.body) if answer.status == 200 else {}
    kind = next((each for each in ("refresh_token", "access_token") if isinstance(said.get(each), str)), "")
    if not kind:
        show(f"The code got no token (status {answer.status}).")
        return 3
    _write(out, said[kind])
    show(f"{out} holds the member's {kind.replace('_', ' ')}. In the target file: " + _line(kind, out))
    return 0


def _chosen(target: Target, name: str | None) -> Auth:
    found = {
        each.name: each
        for api in target.apis.values()
        for each in (api.auth, api.other_auth)
        if each is not None and each.type == "smart-launch"
    }
    if name and name not in found:
        raise UsageError(f'--auth {name}: no API uses an [auth.{name}] of type = "smart-launch"')
    if not name and len(found) != 1:
        raise UsageError(f'--auth: needed, as {len(found)} [auth.*] of type = "smart-launch" are used')
    return found[name] if name else next(iter(found.values()))


def _code(consent: Consent, seconds: float, begin: Callable[[], None]) -> dict[str, str]:
    """What comes back to our address within the time; ``begin`` is called when somebody listens there."""
    place = urlsplit(consent.redirect_uri)
    if place.hostname not in ("127.0.0.1", "localhost") or not place.port:
        raise UsageError(f"redirect_uri: {consent.redirect_uri} is no address with a port on this machine")
    came: dict[str, str] = {}
    there = threading.Event()

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            mine = self.path.partition("?")[0] == place.path
            self.send_response(200 if mine else 404)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.end_headers()
            if mine:
                self.wfile.write(THANKS)
                came.update(answer_of(self.path))
                there.set()

        def log_message(self, *_words: object) -> None:
            """Says nothing: the address holds the code."""

    try:
        server = HTTPServer((place.hostname, place.port), Listener)
    except OSError as wrong:
        raise UsageError(f"redirect_uri: nobody can listen at {place.netloc}: {wrong.strerror}") from None
    with server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        begin()
        there.wait(seconds)
        server.shutdown()
    return came


def _write(out: Path, token: str) -> None:
    """Readable by its owner alone, whatever was there before."""
    out.unlink(missing_ok=True)
    with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as opened:
        opened.write(f"{token}\n")


def _line(kind: str, out: Path) -> str:
    type_, key = ("refresh-token", "refresh_token_file") if kind == "refresh_token" else ("bearer", "token_file")
    return f'type = "{type_}", {key} = "{out}".'

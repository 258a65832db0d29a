"""exchanges.jsonl: every exchange as it may be shown, one line each, written as soon as it is over."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path
from shlex import quote
from typing import Any, TextIO

from conformance.exchange import Exchange
from conformance.redaction import Redactor

KEPT_BODY = 256 * 1024  # characters; longer bodies are cut, their length and sha256 stay


class Journal:
    """Keeps the redacted line of each exchange by its id and, where a path is given, appends it there."""

    def __init__(self, redactor: Redactor, path: Path | None = None, secret_headers: Iterable[str] = ()) -> None:
        self.redactor = redactor
        self.lines: dict[str, dict[str, Any]] = {}
        self.attached: set[str] = set()  # those that Allure was given already
        self._secret_headers = tuple(secret_headers)
        self._file: TextIO | None = path.open("a", encoding="utf-8") if path else None

    def add(self, exchange: Exchange) -> None:
        """Notes one exchange."""
        self.redactor.credentials(exchange.request_headers)  # a payer may repeat in its answer what it was sent
        line = shown(exchange, self.redactor, self._secret_headers)
        self.lines[exchange.id] = line
        if self._file:
            self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
            self._file.flush()

    def close(self) -> None:
        if self._file:
            self._file.close()


def shown(exchange: Exchange, redactor: Redactor, secret_headers: Iterable[str] = ()) -> dict[str, Any]:
    """The line of one exchange: redacted, bodies cut at 256 KB with their length and sha256."""
    body = redactor.body(exchange.body, exchange.media_type, KEPT_BODY)
    request_type = exchange.request_headers.get("content-type", "").partition(";")[0]
    url, stored = redactor.url(exchange.url), exchange.stored
    return {
        "id": exchange.id,
        "operation": exchange.operation,
        "case": redactor.text(exchange.case),
        "claim": exchange.claim,
        "method": exchange.method,
        "url": url,
        "request_headers": redactor.headers(exchange.request_headers, secret_headers),
        "request_body": redactor.body(exchange.request_body, request_type, KEPT_BODY),
        "status": exchange.status,
        "headers": redactor.headers(exchange.headers, secret_headers),
        "body": body,
        "bytes": stored.size if stored else len(exchange.body),
        "sha256": stored.sha256 if stored else hashlib.sha256(exchange.body).hexdigest() if exchange.body else "",
        "started": exchange.started.isoformat() if exchange.started else "",
        "seconds": round(exchange.seconds, 6),
        "failure": {"kind": exchange.failure.kind, "message": redactor.text(exchange.failure.message)}
        if exchange.failure
        else None,
        "curl": "" if exchange.heard else curl(exchange, url),
    }


def curl(exchange: Exchange, url: str) -> str:
    """The command that asks the same again; the token and the body are the reader's to fill in."""
    words = ["curl", "-sS", "-X", exchange.method, quote(url), "-H", quote("Accept: application/fhir+json")]
    if exchange.authorized and "authorization" in exchange.request_headers:
        words += ["-H", '"Authorization: Bearer $TOKEN"']
    if exchange.request_body:
        media_type = exchange.request_headers.get("content-type", "application/fhir+json")
        words += ["-H", quote(f"Content-Type: {media_type}"), "--data", f"@{exchange.id}-request.json"]
    return " ".join(words)

"""Whether the credentials that the target names bring a token, and how long it lasts."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from conformance import clock
from conformance.doctor.check import Check
from conformance.exchange import Exchange
from conformance.self_description import CLOSED, METADATA
from conformance.strict_json import load_object
from conformance.target import Api, Auth, Target
from conformance.wire.assertions import assertion
from conformance.wire.payer import Request, Wire

LARGEST = 1e12  # seconds: beyond it a number is no time
SHORT = 600  # seconds: a run may last longer than a token of one's own that cannot be renewed


def credential_checks(target: Target, wire: Wire, without_tls: Mapping[str, str]) -> Iterator[Check]:
    """Each [auth.*] that an API uses: its key signs, its token comes and is taken.

    ``without_tls`` maps the servers to which there is no TLS connection to the check that says so.
    """
    used = {api.auth.name: api for api in target.apis.values() if api.auth.name}
    for api in used.values():
        because = without_tls.get(urlsplit(api.auth.token_url).netloc, "")
        yield from (check if check.ok else replace(check, because=because) for check in _checks(api, wire))
    others = {api.other_auth.name for api in target.apis.values() if api.other_auth}
    for name in target.auth.keys() - used.keys() - others:
        yield Check(f"auth.{name}", True, "is used by no API", "your file", f'apis.….auth = "{name}"')
    for api in target.apis.values():
        if api.auth.type == "none" and api.files is None and api.name not in ("formulary", "drug-files"):
            yield Check(f"apis.{api.name}", True, "is asked without credentials", "your file", f"apis.{api.name}.auth")


def _checks(api: Api, wire: Wire) -> Iterator[Check]:
    auth = api.auth
    name = f"auth.{auth.name}"
    if auth.type == "none":
        yield Check(name, True, "no credentials are sent")
        return
    if auth.type == "cds-hooks":
        token = wire.tokens.own(auth, "https://service.example/cds-services/any")
        if token.failure:
            yield Check(name, False, token.failure.message, "your file", f"{name}.key_file")
        else:
            known = "whether the payer knows it shows when an order is signed"
            yield Check(name, True, f"the key signs {auth.algorithm}; {known}")
        return
    if auth.type == "backend-services":
        try:
            assertion(auth)
        except ValueError as wrong:
            yield Check(name, False, str(wrong), "your file", f"{name}.key_file")
            return
        yield Check(name, True, f"the key signs {auth.algorithm}")
    token = wire.tokens.own(auth)
    if token.failure:
        change = _change(auth) if token.failure.kind == "credentials" else f"{name}.token_url"
        yield Check(name, False, token.failure.message, token.failure.actor, change)
        return
    lasts = _lifetime(token.value, wire.tokens.answer(auth))
    if (refused := _refused(api, wire)) is not None:
        message = f"the token is not taken: metadata answers it with {refused}"
        yield Check(name, False, message, "your file", _change(auth))
        return
    message = "there is a token" + ("" if lasts is None else f", good for {lasts:.0f} s")
    if lasts is not None and lasts <= 0:
        yield Check(name, False, "the token has run out", "your file", _change(auth))
    elif lasts is not None and lasts < SHORT and auth.type == "bearer":
        yield Check(name, True, f"{message}: a run may last longer", "your file", _change(auth))
    else:
        yield Check(name, True, message)


def _refused(api: Api, wire: Wire) -> int | None:
    """The status with which published metadata refuses our token; None where it takes or ignores it."""
    base_url = next((claim.base_url for claim in api.claim_list() if claim.base_url), "")
    if not base_url:
        return None
    operation, path = METADATA
    status = wire.send(base_url, api, Request(operation, "GET", api.paths.get("metadata", path))).status
    return status if status in CLOSED else None


def _change(auth: Auth) -> str:
    keys = {"bearer": "token", "token-command": "command", "client-secret": "client_secret"}
    return f"auth.{auth.name}.{keys.get(auth.type, 'client_id')}"


def _lifetime(token: str, answer: Exchange | None) -> float | None:
    """Seconds that a token still has: by the token endpoint's answer, else by the token itself if it is a JWT."""
    if answer is not None and answer.status == 200:
        return _number(load_object(answer.body).get("expires_in"))
    expires = _number(load_object(_middle(token)).get("exp"))
    return None if expires is None else expires - clock.now().timestamp()


def _middle(token: str) -> bytes:
    """The claims of a JWT, unverified; nothing where the token is none."""
    parts = token.split(".")
    try:
        return base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)) if len(parts) == 3 else b""
    except ValueError:
        return b""


def _number(value: Any) -> float | None:
    usable = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < LARGEST
    return float(value) if usable else None

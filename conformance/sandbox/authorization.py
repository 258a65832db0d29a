"""The authorization endpoint: a member's consent to an app, as a code that is good once and for its verifier alone.

SMART App Launch 2.2.0, standalone launch; RFC 6749, section 4.1; RFC 7636. An app is registered in
``policies.trust["apps"]``: client id -> {"redirect_uris": (URI, …), "patient": member, "scopes": (scope, …)}. The
member there agreed to it before: nobody is asked again.
"""

from __future__ import annotations

import json
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, urlencode

from conformance.sandbox import member_tokens
from conformance.sandbox.frame import Answer, Call
from conformance.sandbox.store import Payer

CODE_SECONDS = 60


@dataclass(frozen=True)
class Code:
    """An authorization code: for which app and address, of which challenge, good until when."""

    client: str
    redirect_uri: str
    challenge: str
    expires: float


def authorize(call: Call, payer: Payer) -> Answer:
    """GET or POST /auth/authorize: a redirect with the code, or with an error; 400 where nobody may be sent on."""
    asked = dict(call.query) | dict(parse_qsl(call.body.decode("utf-8", "replace")))
    app = payer.policies.trust.get("apps", {}).get(asked.get("client_id", ""))
    there = asked.get("redirect_uri", "")
    if app is None or there not in app["redirect_uris"]:
        return Answer(400, b"<html><body>This app is not known here.</body></html>", {}, "text/html")
    state = {"state": asked["state"]} if asked.get("state") else {}
    if error := _error(asked, app, payer):
        return _sent(there, {"error": error, **state})
    code = secrets.token_urlsafe(24)
    with payer.overlay.lock:
        payer.overlay.codes[code] = Code(
            asked["client_id"], there, asked["code_challenge"], payer.clock.now().timestamp() + CODE_SECONDS
        )
    return _sent(there, {"code": code, **state})


def exchanged(call: Call, payer: Payer) -> Answer:
    """Answers grant_type=authorization_code: an access and a refresh token for the member, and whose data they open."""
    asked = dict(parse_qsl(call.body.decode("utf-8", "replace")))
    with payer.overlay.lock:
        code: Code | None = payer.overlay.codes.pop(asked.get("code", ""), None)
    if code is None or code.expires < payer.clock.now().timestamp():
        return _refused("invalid_grant")
    if (code.client, code.redirect_uri) != (asked.get("client_id"), asked.get("redirect_uri")):
        return _refused("invalid_grant")
    verified = _challenge(asked.get("code_verifier", "")) == code.challenge
    if not verified and payer.policies.trust.get("verifiers_checked", True):
        return _refused("invalid_grant")
    app = payer.policies.trust["apps"][code.client]
    refresh_token = secrets.token_urlsafe(24)
    agreed = {"client": code.client, "patient": app["patient"], "scopes": app["scopes"]}
    with payer.overlay.lock:
        payer.overlay.refresh_tokens[refresh_token] = agreed
    return member_tokens.granted(agreed, refresh_token, payer)


def _error(asked: dict[str, str], app: dict[str, Any], payer: Payer) -> str:
    """The error of RFC 6749 (4.1.2.1) in what was asked; "" where all is well."""
    if asked.get("response_type") != "code":
        return "unsupported_response_type"
    # The challenge is SHA-256, the audience one of this payer's own bases.
    hashed = asked.get("code_challenge_method") == "S256" and len(asked.get("code_challenge", "")) == 43
    if not hashed or not asked.get("state") or not asked.get("aud", "").startswith(payer.issuer_url):
        return "invalid_request"
    wanted = set(asked.get("scope", "").split())
    return "" if wanted and wanted <= set(app["scopes"]) else "invalid_scope"


def _challenge(verifier: str) -> str:
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")


def _sent(there: str, said: dict[str, str]) -> Answer:
    return Answer(302, None, {"location": f"{there}?{urlencode(said)}", "cache-control": "no-store"})


def _refused(error: str) -> Answer:
    return Answer(400, json.dumps({"error": error}).encode(), {"cache-control": "no-store"}, "application/json")

"""Tokens of members: what a refresh token is exchanged for (RFC 6749, section 6; SMART App Launch, patient scopes).

A member has agreed to an app before: ``policies.trust["refresh_tokens"]`` maps the refresh token to its client, its
member and the scopes that were agreed to.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from conformance.sandbox import trust
from conformance.sandbox.frame import Answer, Call
from conformance.sandbox.outcome import refusal
from conformance.sandbox.store import Payer

LIFETIME = 600  # seconds


def refreshed(call: Call, payer: Payer) -> Answer:
    """Answers grant_type=refresh_token: an access token for the member, and whose data it opens."""
    asked = dict(parse_qsl(call.body.decode("utf-8", "replace")))
    given = asked.get("refresh_token", "")
    agreed = payer.policies.trust.get("refresh_tokens", {}).get(given) or payer.overlay.refresh_tokens.get(given)
    if agreed is None or asked.get("client_id") != agreed["client"]:
        return _json(400, {"error": "invalid_grant"})
    return granted(agreed, given, payer)


def granted(agreed: Mapping[str, Any], refresh_token: str, payer: Payer) -> Answer:
    """An access token for what a member agreed to, and the refresh token for the next."""
    value, scopes = secrets.token_urlsafe(32), frozenset(agreed["scopes"])
    expires = payer.clock.now().timestamp() + LIFETIME
    with payer.overlay.lock:
        payer.overlay.tokens[value] = trust.Grant(agreed["client"], scopes, expires, patient=agreed["patient"])
    told = {"access_token": value, "token_type": "Bearer", "expires_in": LIFETIME, "scope": " ".join(sorted(scopes))}
    return _json(200, {**told, "patient": agreed["patient"], "refresh_token": refresh_token})


def member_of(call: Call, payer: Payer) -> str | Answer:
    """The member whose token a call carries, or the refusal: 401 without a good one, 403 where it is no member's."""
    grant = trust.granted(call, payer)
    if grant is None and payer.policies.patient_access.get("open") and "authorization" not in call.headers:
        return str(dict(call.query).get("patient", ""))
    if grant is None:
        challenge = {"www-authenticate": f'Bearer realm="{payer.issuer_url}"'}
        return refusal(401, "login", "A member's access token is needed.", headers=challenge)
    return grant.patient or refusal(403, "forbidden", "The access token is no member's.")


def _json(status: int, body: dict[str, Any]) -> Answer:
    return Answer(status, json.dumps(body).encode(), {"cache-control": "no-store"}, "application/json")

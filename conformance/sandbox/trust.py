"""The token endpoint (SMART Backend Services) and what a token opens.

A client is registered in ``policies.trust["clients"]``: client id -> {"keys": [public JWK, …], "scopes": [scope, …]}.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from conformance.sandbox.frame import Answer, Call
from conformance.sandbox.outcome import refusal
from conformance.sandbox.store import Payer

ALGORITHMS = ("RS384", "ES384")
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LONGEST_ASSERTION = 300  # seconds ahead that an assertion may expire (SMART App Launch, asymmetric clients)
SKEW = 15  # seconds that the client's clock may differ
LOGIN_PAGE = Answer(200, b"<!DOCTYPE html><html><body><form>Sign in</form></body></html>", {}, "text/html")
ROOMS = {
    "prior-auth": "prior_auth",
    "formulary": "formulary",
    "documentation": "coverage",
    **dict.fromkeys(("payer-to-payer", "provider-access", "bulk"), "exchange"),
}


@dataclass(frozen=True)
class Grant:
    """What an access token stands for; ``expires`` in seconds since 1970 by the payer's clock."""

    client: str
    scopes: frozenset[str]
    expires: float
    patient: str = ""  # the member whose data it opens; empty for another system's token
    certificate: str = ""  # the thumbprint of the certificate that it is bound to (RFC 8705), where there is one


class Refused(Exception):
    """A token request that is refused, with the error code of RFC 6749 section 5.2."""

    def __init__(self, error: str, text: str) -> None:
        self.error = error
        self.text = text
        super().__init__(text)


def token(call: Call, payer: Payer) -> Answer:
    """Answers a token request: 200 with an opaque bearer token, or 400/401 with an OAuth error."""
    try:
        asked = _form(call)
        client, assertion_id, expires = _client(asked.get("client_assertion", ""), payer)
        registered = payer.policies.trust["clients"][client]["scopes"]
        scopes = _scopes(asked.get("scope", ""), registered)
        scopes = list(registered) if payer.policies.trust.get("widens") else scopes
        _first_use(client, assertion_id, expires, payer)
    except Refused as refused:
        status = 401 if refused.error == "invalid_client" else 400
        return _json(status, {"error": refused.error, "error_description": refused.text})
    lifetime = int(payer.policies.trust.get("lifetime", 300))
    value = secrets.token_urlsafe(32)
    with payer.overlay.lock:
        payer.overlay.tokens[value] = Grant(
            client, frozenset(scopes), payer.clock.now().timestamp() + lifetime, certificate=call.certificate
        )
    return _json(
        200, {"access_token": value, "token_type": "bearer", "expires_in": lifetime, "scope": " ".join(scopes)}
    )


def authorize(call: Call, payer: Payer, scope: str) -> Answer | None:
    """None where the call's token opens ``scope``, else the refusal: 401 without a good token, 403 without the scope.

    An API whose room of the policies says ``anonymous`` asks nobody; one that says ``open``, or names the operation
    among those that are ``open``, lets those in who bring no token at all; one of ``members`` takes their scopes too.
    """
    room: Mapping[str, Any] = getattr(payer.policies, ROOMS.get(call.operation.partition(".")[0], ""), {})
    if room.get("anonymous") or (is_open(room, call.operation) and "authorization" not in call.headers):
        return None
    grant = granted(call, payer)
    if grant is None and room.get("login_page"):
        return LOGIN_PAGE
    if grant is None:
        error = ', error="invalid_token"' if call.headers.get("authorization") else ""
        challenge = {"www-authenticate": f'Bearer realm="{payer.issuer_url}"{error}'}
        return refusal(401, "login", "A valid access token is needed.", headers=challenge)
    enforced = payer.policies.trust.get("scopes_enforced", True) and room.get("scopes_enforced", True)
    scopes = {own.replace("patient/", "system/") for own in grant.scopes} if room.get("members") else grant.scopes
    if enforced and not any(_opens(own, scope) for own in scopes):
        challenge = {"www-authenticate": f'Bearer error="insufficient_scope", scope="{scope}"'}
        return refusal(403, "forbidden", f"The access token lacks the scope {scope}.", headers=challenge)
    return None


def is_open(room: Mapping[str, Any], operation: str) -> bool:
    """Whether an operation is open to those without a token: all of the room, or those that it names."""
    value = room.get("open", False)
    return operation in value if isinstance(value, tuple) else bool(value)


def granted(call: Call, payer: Payer) -> Grant | None:
    """The grant of the call's bearer token, or None where it has none, an unknown or an expired one."""
    scheme, _, value = call.headers.get("authorization", "").partition(" ")
    grant: Grant | None = payer.overlay.tokens.get(value.strip()) if scheme.lower() == "bearer" else None
    if grant is None and value and payer.policies.trust.get("takes_any_token"):
        client = next(iter(payer.policies.trust["clients"]))
        grant = Grant(client, frozenset(payer.policies.trust["clients"][client]["scopes"]), float("inf"))
    bound = grant is not None and grant.certificate not in ("", call.certificate)
    if bound and payer.policies.trust.get("binding_checked", True):
        return None
    borne = float(payer.policies.trust.get("expired_borne", 0))
    return grant if grant and grant.expires + borne > payer.clock.now().timestamp() else None


def npi(call: Call, payer: Payer) -> str:
    """The NPI of the organization that the call's client is registered for; "" where nobody knows."""
    grant = granted(call, payer)
    return str(payer.policies.trust["clients"].get(grant.client, {}).get("npi", "")) if grant else ""


def _form(call: Call) -> dict[str, str]:
    """The parameters of a token request; a repeated one is refused (RFC 6749 section 3.2)."""
    if call.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise Refused("invalid_request", "The request is not form-encoded.")
    pairs = parse_qsl(call.body.decode("utf-8", "replace"))
    asked = dict(pairs)
    if len(asked) < len(pairs):
        raise Refused("invalid_request", "A parameter is repeated.")
    if asked.get("grant_type") != "client_credentials":
        missing = "grant_type" not in asked
        raise Refused("invalid_request" if missing else "unsupported_grant_type", "Only client_credentials is served.")
    if asked.get("client_assertion_type") != ASSERTION_TYPE or "client_assertion" not in asked:
        raise Refused("invalid_client", "A client is known by a signed assertion only.")
    return asked


def _client(assertion: str, payer: Payer) -> tuple[str, str, float]:
    """The client that signed ``assertion``, its jti and expiry; Refused where any claim or the signature is wrong."""
    rules = payer.policies.trust
    header, claims = parts(assertion)
    unsigned = header.get("alg") == "none" and rules.get("takes_unsigned", False)
    if header.get("alg") not in ALGORITHMS and not unsigned:
        raise Refused("invalid_client", "The assertion is not signed with RS384 or ES384.")
    if "jku" in header:
        raise Refused("invalid_client", "No key set URL is allow-listed for this client.")
    client = _registered(claims, rules)
    audience = claims.get("aud")
    meant = f"{payer.issuer_url}/auth/token" in (audience if isinstance(audience, list) else [audience])
    if not meant and rules.get("audience_checked", True):
        raise Refused("invalid_client", "The assertion is meant for another audience.")
    expires = _in_time(claims, payer)
    if not isinstance(claims.get("jti"), str) or not claims["jti"]:
        raise Refused("invalid_client", "The assertion has no identifier (jti).")
    if rules.get("signature_checked", True) and not unsigned:
        check_signature(assertion, header, rules["clients"][client]["keys"])
    return client, claims["jti"], expires


def _registered(claims: Mapping[str, Any], rules: Mapping[str, Any]) -> str:
    """The client that the assertion speaks of."""
    client = claims.get("iss")
    if isinstance(client, str) and client in rules["clients"] and claims.get("sub") == client:
        return client
    if rules.get("client_checked", True):
        raise Refused("invalid_client", "Issuer and subject are not one registered client.")
    return str(next(iter(rules["clients"])))


def _in_time(claims: Mapping[str, Any], payer: Payer) -> float:
    """When the assertion expires, by a clock that may differ from the client's by some seconds."""
    rules, now = payer.policies.trust, payer.clock.now().timestamp()
    skew = float(rules.get("skew", SKEW))
    expires, issued = claims.get("exp"), claims.get("iat", 0)
    if isinstance(expires, bool) or not isinstance(expires, int | float):
        raise Refused("invalid_client", "The assertion does not expire.")
    if not isinstance(issued, int | float) or issued > now + skew:
        raise Refused("invalid_client", "The assertion was made in the future.")
    if not now - skew < expires <= now + LONGEST_ASSERTION + skew and rules.get("expiry_checked", True):
        raise Refused("invalid_client", "The assertion has expired, or expires more than five minutes ahead.")
    return float(expires)


def parts(assertion: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and claims of a signed JWT, whoever signed it; Refused where it is none."""
    try:
        found = jws.extract_compact(assertion.encode())
        claims = json.loads(found.payload)
        header = dict(found.headers())
    except (JoseError, ValueError) as error:
        raise Refused("invalid_client", "The assertion is no signed JWT.") from error
    if not isinstance(claims, dict):
        raise Refused("invalid_client", "The assertion's claims are no object.")
    return header, claims


def check_signature(assertion: str, header: Mapping[str, Any], keys: list[dict[str, Any]]) -> None:
    """Tries each registered key of the header's algorithm and, where it is given, key id."""
    kind = "RSA" if header["alg"] == "RS384" else "EC"
    for key in keys:
        if key.get("kty") != kind or ("kid" in header and "kid" in key and header["kid"] != key["kid"]):
            continue
        loaded = RSAKey.import_key(key) if kind == "RSA" else ECKey.import_key(key)
        try:
            jws.deserialize_compact(assertion, loaded, algorithms=list(ALGORITHMS))
        except (JoseError, ValueError):
            continue
        return
    raise Refused("invalid_client", "No registered key made this signature.")


def _first_use(client: str, assertion_id: str, expires: float, payer: Payer) -> None:
    """Notes the assertion's identifier; Refused where it was seen before and may still be valid."""
    now = payer.clock.now().timestamp()
    with payer.overlay.lock:
        seen = payer.overlay.assertion_ids
        for key in [key for key, until in seen.items() if until < now - SKEW]:
            del seen[key]
        if (client, assertion_id) in seen and payer.policies.trust.get("replay_refused", True):
            raise Refused("invalid_client", "This assertion was used before.")
        seen[client, assertion_id] = expires


def _scopes(asked: str, registered: list[str]) -> list[str]:
    """The scopes asked for, each once; Refused where none is asked for or one goes beyond what is registered."""
    scopes = list(dict.fromkeys(asked.split()))
    if not scopes:
        raise Refused("invalid_scope", "No scope is asked for.")
    for scope in scopes:
        if not any(_opens(own, scope) for own in registered):
            raise Refused("invalid_scope", f"The client is not registered for {scope}.")
    return scopes


def _opens(own: str, needed: str) -> bool:
    """Whether the scope ``own`` (system/<type or *>.<some of cruds>) covers the scope ``needed``."""
    if own == needed:
        return True
    have, want = _read(own), _read(needed)
    if have is None or want is None:
        return False
    return have[0] in ("*", want[0]) and set(want[1]) <= set(have[1])


def _read(scope: str) -> tuple[str, str] | None:
    """Resource type and rights of a system scope, in the letters of SMART 2 (read is rs, write is cud)."""
    level, _, rest = scope.partition("/")
    kind, _, rights = rest.partition(".")
    rights = {"read": "rs", "write": "cud", "*": "cruds"}.get(rights, rights)
    if level != "system" or not kind or not rights:
        return None
    in_order = rights == "".join(letter for letter in "cruds" if letter in rights)
    return (kind, rights) if in_order else None


def _json(status: int, body: dict[str, Any]) -> Answer:
    headers = {"cache-control": "no-store", "pragma": "no-cache"}
    return Answer(status, json.dumps(body).encode(), headers, "application/json")

"""What a client signs to say who it is: the assertions of SMART Backend Services, and the tokens of CDS Hooks."""

from __future__ import annotations

import json
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from typing import Any

from conformance import clock
from conformance.target import Auth

LIFETIME = 240  # seconds: SMART App Launch 2.2.0 allows an assertion 300 at most


def assertion(
    auth: Auth,
    *,
    jti: str | None = None,
    key: str | None = None,
    lifetime: int = LIFETIME,
    ahead: int = 0,
    **other: str,
) -> str:
    """A signed client assertion (SMART App Launch 2.2.0, client-confidential-asymmetric).

    ``jti`` repeats an earlier one, ``key`` (PEM or JWK text) signs with another key than the registered one,
    ``lifetime`` is in seconds, ``ahead`` the seconds that our clock is before the payer's, ``other`` claims take the
    place of the usual ones. ValueError, in one sentence, where the key cannot sign.
    """
    algorithm = auth.algorithm or "RS384"
    header = {"alg": algorithm, "typ": "JWT"} | ({"kid": auth.key_id} if auth.key_id else {})
    return _signed(auth, header, _claims(auth, jti, lifetime, ahead) | other, key)


def unsigned_assertion(auth: Auth) -> str:
    """The same assertion with alg none and no signature (RFC 7519, section 6): nobody vouches for it."""
    parts = ({"alg": "none", "typ": "JWT"}, _claims(auth, None, LIFETIME, 0))
    return ".".join([*(urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=") for each in parts), ""])


def service_token(auth: Auth, url: str) -> str:
    """A token that we sign ourselves for one service (CDS Hooks, "Trusting CDS Clients"); ValueError as above."""
    algorithm = auth.algorithm or "ES384"
    header = {"alg": algorithm, "typ": "JWT", "kid": auth.key_id, "jku": auth.key_set_url}
    now = int(clock.now().timestamp())
    claims = {"iss": auth.client_id, "aud": url, "iat": now, "exp": now + LIFETIME, "jti": secrets.token_hex(16)}
    return _signed(auth, {key: value for key, value in header.items() if value}, claims)


def _claims(auth: Auth, jti: str | None, lifetime: int, ahead: int) -> dict[str, Any]:
    now = int(clock.now().timestamp()) + ahead
    who = {"iss": auth.client_id, "sub": auth.client_id, "aud": auth.token_url}
    return {**who, "jti": jti or secrets.token_hex(16), "iat": now, "exp": now + lifetime}


def _signed(auth: Auth, header: Mapping[str, str], claims: Mapping[str, Any], key: str | None = None) -> str:
    """A signed JWT; ValueError, in one sentence, where the key cannot sign."""
    from joserfc import jwt
    from joserfc.errors import JoseError

    algorithm = header["alg"]
    try:
        signing = _key(key or auth.key, algorithm)
        return jwt.encode(dict(header), dict(claims), signing, algorithms=[algorithm])
    except (JoseError, ValueError, TypeError, KeyError):
        raise ValueError(f"the key of auth.{auth.name} cannot sign {algorithm}") from None


def _key(text: str, algorithm: str) -> Any:
    from joserfc.jwk import import_key

    kind = "EC" if algorithm.startswith("ES") else "RSA"
    written = json.loads(text) if text.lstrip().startswith("{") else text
    if isinstance(written, dict) and written.get("kty") != kind:
        raise ValueError(f"no {kind} key")
    return import_key(written, "EC") if kind == "EC" else import_key(written, "RSA")

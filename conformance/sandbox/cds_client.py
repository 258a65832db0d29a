"""Who calls a CDS Hooks service: a client that signs a token for that service alone."""

from __future__ import annotations

from conformance.sandbox import trust
from conformance.sandbox.frame import Answer, Call
from conformance.sandbox.outcome import refusal
from conformance.sandbox.store import Payer


def refused(call: Call, payer: Payer) -> Answer | None:
    """None where a registered client signed the call's token for this service, else 401."""
    scheme, _, token = call.headers.get("authorization", "").partition(" ")
    try:
        if scheme.lower() != "bearer":
            raise trust.Refused("invalid_token", "The call carries no token.")
        header, claims = trust.parts(token.strip())
        registered = payer.policies.trust["clients"].get(claims.get("iss"))
        if registered is None or header.get("alg") not in trust.ALGORITHMS:
            raise trust.Refused("invalid_token", "No registered client signed the token.")
        if claims.get("aud") != f"{payer.base_url}/{call.path}":
            raise trust.Refused("invalid_token", "The token is meant for another service.")
        expires, now = claims.get("exp"), payer.clock.now().timestamp()
        if isinstance(expires, bool) or not isinstance(expires, int | float) or expires < now - trust.SKEW:
            raise trust.Refused("invalid_token", "The token has expired.")
        trust.check_signature(token.strip(), header, registered["keys"])
    except trust.Refused as wrong:
        return refusal(401, "login", wrong.text, headers={"www-authenticate": "Bearer"})
    return None

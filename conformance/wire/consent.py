"""A member's consent to us as an app (SMART App Launch 2.2.0, standalone launch): address, answer, code, token request.

Nothing here is asked of anybody: the wire asks, or a person with a browser does.
"""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from urllib.parse import parse_qsl, urlencode, urlsplit

from conformance.target import Auth

REDIRECT = "http://127.0.0.1:8765/callback"  # where the code is sent, unless the target says otherwise
SCOPE = "launch/patient patient/*.rs offline_access"


@dataclass(frozen=True)
class Consent:
    """One request for a member's consent: its state, and the secret (RFC 7636) that shows the code to be ours."""

    auth: Auth
    state: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48), repr=False)

    @property
    def redirect_uri(self) -> str:
        """Where the code is sent."""
        return self.auth.redirect_uri or REDIRECT

    @property
    def challenge(self) -> str:
        """The verifier's SHA-256, as S256 has it."""
        return urlsafe_b64encode(sha256(self.verifier.encode()).digest()).decode().rstrip("=")

    @property
    def url(self) -> str:
        """The address at which the member is asked."""
        asked = {
            "response_type": "code", "client_id": self.auth.client_id, "redirect_uri": self.redirect_uri,
            "scope": self.auth.scope or SCOPE, "state": self.state, "aud": self.auth.audience,
            "code_challenge": self.challenge, "code_challenge_method": "S256",
        }  # fmt: skip
        return f"{self.auth.authorize_url}{'&' if '?' in self.auth.authorize_url else '?'}{urlencode(asked)}"

    def form(self, code: str, verifier: str | None = None) -> dict[str, str]:
        """The token request for a code; ``verifier`` in the place of our own."""
        return {
            "grant_type": "authorization_code", "code": code, "redirect_uri": self.redirect_uri,
            "code_verifier": self.verifier if verifier is None else verifier,
        }  # fmt: skip

    def leads_back(self, url: str) -> bool:
        """Whether an address is the one at which we wait for the code."""
        return url.partition("?")[0] == self.redirect_uri


def answer_of(url: str) -> Mapping[str, str]:
    """What a redirect to us says: code and state, or an error."""
    try:
        return dict(parse_qsl(urlsplit(url).query))
    except ValueError:
        return {}

"""A standalone launch as a member's app makes it: consent, code, token; and a code without its verifier.

Source: SMART App Launch 2.2.0, app-launch (standalone launch); RFC 7636.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from conformance.errors import NotApplicable, NotTested, Unjudgeable
from conformance.exchange import Exchange
from conformance.flows.recording import Recording, answered
from conformance.strict_json import load_object
from conformance.target import Auth, Claim
from conformance.wire.consent import Consent

LAUNCH, TOKEN = "smart.launch", "discovery.token"


@dataclass(frozen=True)
class Launch:
    """What came of one launch: what was said to our address, the state that we sent, and the token answer (None where
    there was no code to ask with)."""

    url: str
    said: Mapping[str, str]
    state: str
    answer: Exchange | None

    @property
    def token(self) -> Mapping[str, Any]:
        """The members of the token answer; none where no token was given."""
        return load_object(self.answer.body) if self.answer and self.answer.status == 200 else {}

    @property
    def told(self) -> str:
        """What came back, for a finding; never a code or a token."""
        if self.answer is None:
            return f"no code: {self.said.get('error') or 'nothing'}"
        return f"status {self.answer.status} with {', '.join(sorted(self.token)) or 'no JSON object'}"


class StandaloneLaunch:
    """The launches at the authorization server of one API."""

    def __init__(self, recording: Recording, claim: Claim) -> None:
        self._recording = recording
        self._claim = claim
        api = recording.api(claim)
        given = [each for each in (api.auth, api.other_auth) if each is not None and each.type == "smart-launch"]
        self._auth: Auth = given[0] if given else api.auth

    def launched(self) -> Launch:
        """A launch as it should be; NotApplicable where no app is configured for this API."""
        self._configured()
        return self._recording.act((self._auth.name, "launch"), lambda: self._launch(None))

    def without_verifier(self) -> Launch:
        """A launch whose code is asked for with another verifier than the challenge was made of (intrusive)."""
        self._configured()
        self._recording.allow(self._claim, TOKEN, intrusive=True)
        if not self.launched().token.get("access_token"):
            raise NotTested("our own verifier gets no token", because=LAUNCH)
        return self._recording.act(
            (self._auth.name, "launch", "another verifier"), lambda: self._launch(secrets.token_urlsafe(48))
        )

    def _configured(self) -> None:
        if self._auth.type != "smart-launch":
            raise NotApplicable("no app that launches with a member's consent is configured for this API")

    def _launch(self, verifier: str | None) -> Launch:
        tokens, label = self._recording.wire.tokens, self._claim.label
        consent = Consent(self._auth)
        found = tokens.consent(consent, claim=label)
        if found.failure and not self._auth.command and found.answer.failure is None:
            raise NotTested(found.failure.message, change=f"auth.{self._auth.name}.command")
        if found.failure:
            raise Unjudgeable(found.failure.message, found.failure.actor)
        code = found.said.get("code", "")
        sent = answered(tokens.exchange_code(consent, code, verifier=verifier, claim=label), "") if code else None
        return Launch(found.answer.url.partition("?")[0], found.said, consent.state, sent)

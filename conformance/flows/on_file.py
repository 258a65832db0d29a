"""The authorizations that exist already, as an inquiry tells them; nothing is written."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from conformance.errors import NotTested
from conformance.exchange import Exchange
from conformance.flows.prior_auth_requests import INQUIRE, Requests
from conformance.flows.recording import Recording
from conformance.flows.request_bodies import known_body
from conformance.flows.submission import Decided, Told, holds
from conformance.target import Claim, Known


class OnFile:
    """The known authorizations of target.toml, asked about at one endpoint."""

    def __init__(self, recording: Recording, claim: Claim, requests: Requests) -> None:
        self._recording = recording
        self._claim = claim
        self._requests = requests

    def listed(self) -> tuple[Known, ...]:
        """The known authorizations that target.toml names."""
        return tuple(self._recording.target.known.get("prior-auth", ()))

    def body(self, known: Known) -> dict[str, Any]:
        """The inquiry about one."""
        return known_body(self._recording.target, known)

    def exchange(self, known: Known) -> Exchange:
        """The exchange of that inquiry."""

        def ask() -> Exchange:
            return self._requests.post(INQUIRE, f"known:{known.identifier}", self.body(known))

        return self._recording.act((self._claim, "known", known.identifier), ask)

    def find(self, known: Known) -> Decided:
        """The authorization of that identifier among those that the inquiry finds for the member."""
        found = self._requests.found(self.exchange(known))
        mine = [each for each in found if holds(each, known.identifier)]
        if not mine:
            among = f" among the {len(found)} it tells" if found else ""
            raise NotTested(
                f"the inquiry does not find the authorization {known.identifier!r}{among}", change="known.prior-auth"
            )
        return Decided(known, mine[0])

    def told(self, *, every: bool = False) -> tuple[Told, ...]:
        """What the inquiries tell of those they find; ``every``: of whatever else they bring, too."""
        found: list[Told] = []
        for known in self.listed():
            with suppress(NotTested):
                mine = self.find(known)
                answers = self._requests.found(self.exchange(known)) if every else (mine.answer,)
                drug = bool(known.drug_kind)
                found += [Told(mine.at, self.body(known), each, inquiry=True, is_drug=drug) for each in answers]
        return tuple(found)

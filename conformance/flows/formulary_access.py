"""Whom a formulary's endpoint answers: strangers, and members with a token of their own."""

from __future__ import annotations

from conformance.apis.formulary import DRUG_POLICY
from conformance.exchange import Exchange
from conformance.flows.formulary_searches import RAW, Searches
from conformance.flows.recording import Recording, answered
from conformance.target import Claim


class FormularyAccess:
    """What one endpoint shows to whom."""

    def __init__(self, recording: Recording, claim: Claim) -> None:
        self._recording = recording
        self._claim = claim

    def anonymous(self) -> Exchange:
        """The answer to a search for formularies without any credentials."""
        self._recording.endpoint(self._claim)
        searches = Searches(self._recording, self._claim)
        params = (("type", f"{DRUG_POLICY.system}|{DRUG_POLICY.code}"),)
        return self._recording.act(
            (self._claim, "anonymous"),
            lambda: answered(
                searches.get("formulary.search", "InsurancePlan", "anonymous", params, token="none"),  # noqa: S106
                RAW,
            ),
        )

"""Requests that are valid but not usual, sent once each: whether the payer takes them as it takes the usual one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from conformance.apis.prior_auth import Answer, read_answer
from conformance.apis.raw import body_of
from conformance.errors import NotTested
from conformance.exchange import Exchange
from conformance.flows.alterations import altered
from conformance.flows.prior_auth import PriorAuth
from conformance.flows.prior_auth_requests import RAW, SUBMIT, Requests
from conformance.flows.recording import Recording, answered
from conformance.flows.submission import Submission
from conformance.target import Claim


@dataclass(frozen=True)
class Altered:
    """The answer to an altered request; ``answer`` is None where there is no ClaimResponse in it."""

    how: str
    exchange: Exchange
    answer: Answer | None

    @property
    def at(self) -> str:
        return f"the {self.how} request"

    @property
    def refused(self) -> bool:
        """Whether the request as such was turned away, or broke the payer: a 4xx or a 5xx."""
        return not 200 <= (self.exchange.status or 0) < 300

    @property
    def taken(self) -> bool:
        """Whether the request was taken and processed: no refusal and no business error."""
        return not self.refused and self.answer is not None and self.answer.outcome != "error"

    @property
    def told(self) -> str:
        """What came, for a finding."""
        if self.refused or self.answer is None:
            return f"status {self.exchange.status}" + ("" if self.refused else " without a ClaimResponse")
        codes = ", ".join(code.code for code in self.answer.error_codes)
        return f"outcome {self.answer.outcome}" + (f" (error {codes})" if codes else "")


class Alterations:
    """What can be altered in the request of a case that the payer takes as it is; every act is recorded."""

    def __init__(self, recording: Recording, claim: Claim) -> None:
        self._recording = recording
        self._claim = claim
        self._prior_auth = PriorAuth(recording, claim)
        self._requests = Requests(recording, claim)
        self.guide = recording.guide(claim)

    def sent(self, how: str) -> Altered:
        """The usual request altered in one way (flows/alterations.py), and its answer."""
        case = self.usual().case

        def send() -> Exchange:
            body = altered(self._requests.another(case, f"altered-{how}"), how, self.guide)
            return self._requests.post(SUBMIT, f"altered:{how}", body)

        return self._read(how, send)

    def usual(self) -> Submission:
        """The first case that is taken as it is, the one called "approved" before others; NotTested without one."""
        wrong: NotTested | None = None
        for case in sorted(self._prior_auth.cases(), key=lambda case: case != "approved"):
            try:
                submission = self._prior_auth.submission(case)
            except NotTested as reason:
                wrong = wrong or reason
                continue
            if not submission.failed:
                return submission
            wrong = wrong or NotTested(
                "the declared request ends in a business error", change=f"cases.prior-auth.{case}"
            )
        raise wrong or NotTested("needs a case to submit", change="cases.prior-auth.approved")

    def _read(self, how: str, send: Callable[[], Exchange]) -> Altered:
        exchange = answered(self._recording.act((self._claim, "altered", how), send), RAW)
        return Altered(how, exchange, read_answer(body_of(exchange), self.guide))

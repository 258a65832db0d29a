"""More information that a payer asks for in its answers, and the questionnaires behind what it asks for."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.apis.drugs import lines
from conformance.apis.information_requests import (
    InformationRequest,
    information_request_faults,
    read_information_requests,
)
from conformance.apis.prior_auth import Answer
from conformance.apis.questionnaire_package import Package
from conformance.errors import NotTested
from conformance.flows.documentation import Documentation
from conformance.flows.prior_auth import PriorAuth
from conformance.flows.recording import Recording
from conformance.flows.submission import Submission
from conformance.flows.target_cases import case_of, claims_of
from conformance.target import Claim


@dataclass(frozen=True)
class Asked:
    """A request for more information, in an answer to a submission."""

    submission: Submission
    answer: Answer
    request: InformationRequest

    @property
    def at(self) -> str:
        return f"{self.submission.at}, {self.request.at}"

    @property
    def faults(self) -> tuple[str, ...]:
        """What in it is not as the profile has it."""
        return information_request_faults(self.request, lines(self.submission.request), self.answer.guide)

    @property
    def traces(self) -> tuple[str, ...]:
        """The trace numbers that stand beside it: of the items that it is about, and of the whole answer."""
        about = set(self.request.lines)
        told = self.answer.decided
        items = [each for each in told if each.sequence in about] or told  # how items are numbered is judged elsewhere
        found = [trace.value for each in items for trace in each.traces]
        return tuple(dict.fromkeys([*found, *(each.value for each in self.answer.identifiers)]))


class Information:
    """What one prior-authorization endpoint asks for in its answers."""

    def __init__(self, recording: Recording, claim: Claim) -> None:
        self._recording = recording
        self._prior_auth = PriorAuth(recording, claim)

    def asked(self) -> tuple[Asked, ...]:
        """Every request for more information that came with an answer to a submission."""
        return tuple(
            Asked(submission, submission.first, request)
            for submission in self._prior_auth.submissions()
            for request in read_information_requests(submission.first)
        )

    def by_questionnaire(self) -> tuple[Asked, ...]:
        """Those of them that want a questionnaire of the payer's answered."""
        return tuple(each for each in self.asked() if each.request.by_questionnaire)

    def questionnaires(self, asked: Asked) -> tuple[Package, ...]:
        """The packages with a questionnaire that the documentation service gives for a trace number of it.

        A refusal speaks of the number only where the service gives packages at all: NotTested where it gives none.
        """
        documentation = self._documentation()
        case = case_of(self._recording.target, "prior-auth", asked.submission.case)
        opened = [documentation.opened(each, case) for each in asked.traces]
        if all(each is None for each in opened):
            documentation.bundles()
        return next((each for each in opened if each), ())

    def _documentation(self) -> Documentation:
        """The newest documentation service; NotTested where the target claims none."""
        claims = claims_of(self._recording.target, "dtr")
        if not claims:
            raise NotTested("needs the service that gives questionnaires", change="apis.documentation")
        return Documentation(self._recording, claims[-1])

"""Requests that nobody could approve, and a request sent again; every act is recorded."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

from conformance.apis.answer_errors import AnswerError
from conformance.apis.prior_auth import Answer
from conformance.apis.same_member import claim_of
from conformance.apis.shapes import entries, resolve
from conformance.errors import NotTested
from conformance.exchange import Exchange
from conformance.flows.prior_auth import PriorAuth
from conformance.flows.prior_auth_requests import SUBMIT, Requests
from conformance.flows.recording import Recording
from conformance.flows.sent import Sent, sent_once
from conformance.flows.submission import Submission
from conformance.target import Case, Claim

NOBODY, ENDED = "nobody", "ended"  # keys of [members]: who is not on file, whose coverage has ended
OTHER_PAYER = {
    "identifier": [{"system": "http://hl7.org/fhir/sid/us-npi", "value": "1999999935"}],
    "name": "No such plan",
}
NO_CODE = "ZZZZZ"  # shaped like a code of CPT or HCPCS, and none
Body = dict[str, Any]


class Probes:
    """What an endpoint makes of requests that are well-formed and make no sense there."""

    def __init__(self, recording: Recording, claim: Claim) -> None:
        self._recording = recording
        self._claim = claim
        self._prior_auth = PriorAuth(recording, claim)
        self._requests = Requests(recording, claim)

    def about_nobody(self) -> Sent:
        """A request about somebody who is not on file."""
        return self._probe("unknown-member", lambda: self._with(member=NOBODY))

    def under_ended_coverage(self) -> Sent:
        """A request about somebody whose coverage has ended."""
        return self._probe("ended-coverage", lambda: self._with(member=ENDED))

    def for_another_payer(self) -> Sent:
        """A request that is addressed to another payer."""

        def body() -> Body:
            made = copy.deepcopy(self._with())
            claim = claim_of(made)
            insurer = resolve(claim.resource.get("insurer"), claim, entries(made))
            if insurer is None:
                raise NotTested("needs a request that holds its insurer", change="cases.prior-auth.approved")
            insurer.resource.update(copy.deepcopy(OTHER_PAYER))
            return made

        return self._probe("another-payer", body)

    def for_no_service(self) -> Sent:
        """A request for a service whose code does not exist."""
        return self._probe("unknown-service", lambda: self._with(code=NO_CODE))

    def again(self) -> tuple[Submission, Sent]:
        """The usual request, and what it comes to when it is sent once more as it was."""
        usual = self._prior_auth.usual()
        return usual, self._probe("sent-again", lambda: dict(usual.request))

    def errors(self) -> tuple[AnswerError, ...]:
        """The business errors that such requests, and the declared cases, came to."""
        answers: list[Answer | None] = []
        for ask in (self.about_nobody, self.under_ended_coverage, self.for_another_payer, self.for_no_service):
            with suppress(NotTested):
                answers.append(ask().answer)
        answers += [each.first for each in self._prior_auth.submissions()]
        return tuple(error for each in answers if each for error in each.errors)

    def _with(self, *, member: str = "", code: str = "") -> Body:
        """The usual request under an identifier of its own, for another member or another code."""
        usual = self._requests.case(self._prior_auth.usual().case)
        if member and member not in self._recording.target.members:
            raise NotTested("needs a member like this", change=f"members.{member}")
        if usual.body is not None or "service" not in usual.facts:
            raise NotTested("needs a case with one service", change=f"cases.prior-auth.{usual.name}")
        facts: Mapping[str, Any] = {**usual.facts, **({"member": member} if member else {})}
        if code:
            facts = {**facts, "service": {"system": usual.facts["service"]["system"], "code": code}}
        case: Case = replace(usual, facts=facts)
        return self._requests.of(case, f"probe-{member}{code}")

    def _probe(self, how: str, body: Callable[[], Body]) -> Sent:
        def send() -> Exchange:
            return self._requests.post(SUBMIT, f"probe:{how}", body())

        at = f"the request ({how.replace('-', ' ')})"
        return sent_once(self._recording, self._claim, ("probe", how), at, send)

"""Inquiries in all their forms: by any service, by number, by member alone; about another, and by another system."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from conformance import clock
from conformance.apis.prior_auth import Answer
from conformance.apis.same_member import claim_of
from conformance.apis.shapes import identifiers
from conformance.errors import NotTested
from conformance.flows.prior_auth import PATIENCE, PriorAuth
from conformance.flows.prior_auth_requests import FINDS, INQUIRE, Requests
from conformance.flows.recording import Recording
from conformance.flows.request_bodies import asked_by, asked_through, look_up_body
from conformance.flows.submission import Submission, same_request
from conformance.target import Claim

OTHER_MEMBER = "second"
STRANGER = {"npi": "1999999919", "name": "Another Clinic"}  # an organization that submitted nothing, made up
OTHER_PRACTITIONER = {"npi": "1999999927", "family": "Stranger", "given": ["Sam"]}


@dataclass(frozen=True)
class LookUp:
    """An inquiry about a submission: what it finds of it, and all that it tells."""

    at: str
    submission: Submission
    told: tuple[Answer, ...]
    refused: bool = False

    @property
    def found(self) -> tuple[Answer, ...]:
        """The answers that are about the submission."""
        return tuple(each for each in self.told if same_request(each, self.submission))


class LookUps:
    """Inquiries about the usual request at one endpoint; every act is recorded."""

    def __init__(self, recording: Recording, claim: Claim) -> None:
        self._recording = recording
        self._claim = claim
        self._prior_auth = PriorAuth(recording, claim)
        self._requests = Requests(recording, claim)

    def about_any_service(self) -> LookUp:
        """By the identifier of the request, about no service in particular."""
        submission = self._prior_auth.usual()
        sent = _identifier(submission)
        return self._look_up("any-service", lambda: self._body(submission, sent))

    def by_number(self) -> LookUp:
        """By the authorization number that the submission was answered with."""
        submission = self._prior_auth.usual()
        number = submission.deciding.number
        if not number:
            raise NotTested("the answer to the submission has no number", because="pas.authorization-number")
        return self._look_up("number", lambda: self._body(submission, self._fresh("number"), number))

    def by_member(self) -> LookUp:
        """By the member and the provider alone."""
        submission = self._prior_auth.usual()
        return self._look_up("member", lambda: self._body(submission, self._fresh("member")))

    def about_another_member(self) -> LookUp:
        """By the identifier of the request, about another member than the request's."""
        submission = self._ours()
        self._found_by_its_own()
        sent = _identifier(submission)
        return self._look_up("other-member", lambda: self._body(submission, sent, member=OTHER_MEMBER), refusable=True)

    def by_a_third_party(self) -> LookUp:
        """By another system, with the member and the practitioner of the request."""
        submission = self._ours()
        inquiry = self._third_party("third-party", lambda: self._body(submission, self._fresh("third")), None)
        if inquiry.refused:  # the organization it asks for is one that no payer knows
            self._found_by_its_own()
            raise NotTested("the inquiry of another system is refused", change=f"apis.{self._claim.api}.other_auth")
        if not inquiry.found and not self._recording.target.other_requester:
            raise NotTested("needs another provider that the payer knows, to ask in its name", change="other_requester")
        return inquiry

    def by_strangers(self) -> tuple[LookUp, ...]:
        """By another system that knows the identifier of the request, but not the practitioner or not the member."""
        submission = self._ours()
        if not self.by_a_third_party().found:
            raise NotTested("another system does not even find what it may", because="pas.third-party-inquiry")
        sent = _identifier(submission)
        return (
            self._third_party("stranger", lambda: self._body(submission, sent), OTHER_PRACTITIONER),
            self._third_party(
                "stranger-to-the-member", lambda: self._body(submission, sent, member=OTHER_MEMBER), None
            ),
        )

    def _third_party(self, how: str, body: Callable[[], dict[str, Any]], through: Mapping[str, Any] | None) -> LookUp:
        practitioner = through or self._recording.target.requester.get("practitioner")
        if not practitioner:
            raise NotTested("needs the practitioner of the request", change="requester.practitioner")
        who = self._recording.target.other_requester or STRANGER
        return self._look_up(
            how, lambda: asked_through(asked_by(body(), who), practitioner), refusable=True, other=True
        )

    def _look_up(
        self, how: str, body: Callable[[], dict[str, Any]], *, refusable: bool = False, other: bool = False
    ) -> LookUp:
        """An inquiry; ``refusable``: a 4xx is as good an answer as nothing. ``other``: as the second client."""
        submission = self._prior_auth.usual()

        def ask(case: str) -> LookUp:
            exchange = self._recording.act(
                (self._claim, case), lambda: self._requests.post(INQUIRE, case, body(), other=other)
            )
            refused = refusable and exchange.refused
            told = () if refused else self._requests.found(exchange)
            return LookUp(f"the inquiry ({how.replace('-', ' ')})", submission, told, refused)

        first = ask(f"lookup:{how}")
        if first.found or refusable:
            return first
        self._recording.act((self._claim, "patience"), lambda: clock.sleep(PATIENCE))
        again = ask(f"lookup:{how}:again")
        if not again.found:
            findable(self._prior_auth, submission.case)
        return again

    def _body(self, submission: Submission, sent: str, number: str = "", member: str = "") -> dict[str, Any]:
        if not member:
            return self._requests.look_up(submission.case, sent, number)
        if member not in self._recording.target.members:
            raise NotTested("needs a second member", change=f"members.{member}")
        case = self._requests.case(submission.case)
        return look_up_body(self._recording.target, replace(case, facts={**case.facts, "member": member}), sent, number)

    def _ours(self) -> Submission:
        """The usual request, made by facts: who is behind a body of the tester's own, nothing tells."""
        submission = self._prior_auth.usual()
        if self._requests.case(submission.case).body is not None:
            raise NotTested(
                "needs a case that states a service, not a body", change=f"cases.prior-auth.{submission.case}"
            )
        return submission

    def _found_by_its_own(self) -> None:
        """NotTested where not even the system that submitted a request finds it, for its own member."""
        if not self.about_any_service().found:
            raise NotTested("the request is not found for its own member", because="pas.inquiry-any-service")

    def _fresh(self, how: str) -> str:
        """An identifier that no request has."""
        return f"{self._recording.run_id}-inquiry-{how}-{self._claim.version}"


def findable(prior_auth: PriorAuth, case: str) -> None:
    """NotTested where the usual inquiry does not find a case either: then no other form is to blame."""
    if not prior_auth.inquire(case):
        raise NotTested("no inquiry finds what was submitted", because=FINDS)


def _identifier(submission: Submission) -> str:
    known = identifiers(claim_of(submission.request).resource.get("identifier"))
    if not known:
        raise NotTested("the request has no identifier to ask by", change=f"cases.prior-auth.{submission.case}")
    return known[0].value

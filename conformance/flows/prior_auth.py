"""Prior authorization: submit a case, inquire about it, break a request, ask without a token."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from conformance import clock
from conformance.apis.answer_content import changed_items
from conformance.apis.prior_auth import Answer, read_answer, read_answers
from conformance.apis.raw import body_of, unsupported
from conformance.apis.shapes import is_type
from conformance.cases import broken, invalid_requests
from conformance.errors import NotTested, Unjudgeable
from conformance.exchange import Exchange, ended
from conformance.flows.on_file import OnFile
from conformance.flows.prior_auth_requests import APART, BUNDLE, FINDS, INQUIRE, RAW, SUBMIT, Requests
from conformance.flows.recording import Recording, answered, unending
from conformance.flows.request_bodies import EMPTY
from conformance.flows.settling import settled
from conformance.flows.submission import CaseItem, Submission, Told, decided, same_request, undecided
from conformance.target import Claim

FIRST_ANSWER, SETTLED = "first answer", "submission"  # the acts of a case: before it is waited for, and after
PATIENCE = 1.0  # seconds until an inquiry that finds nothing is made once more


class PriorAuth:
    """What can be done at one prior-authorization endpoint; every act is recorded."""

    def __init__(self, recording: Recording, claim: Claim) -> None:
        self._recording = recording
        self.claim = claim
        self.target = recording.target
        self.guide = recording.guide(claim)
        self._requests = Requests(recording, claim)
        self.on_file = OnFile(recording, claim, self._requests)

    # -- cases -----------------------------------------------------------------------------------------------------

    def cases(self) -> tuple[str, ...]:
        """The names of the cases that target.toml declares."""
        return self._requests.cases()

    def submitted(self) -> tuple[str, ...]:
        """The cases that were submitted in this run so far."""
        return tuple(case for case in self.cases() if self._recording.done((self.claim, SETTLED, case)))

    def submit(self, case: str) -> Answer:
        """The deciding answer to a case."""
        return self.submission(case).deciding

    def submission(self, case: str) -> Submission:
        """A case submitted, and waited for where the target says that it settles later."""
        return self._recording.act((self.claim, SETTLED, case), lambda: self._settled(case))

    def submissions(self) -> tuple[Submission, ...]:
        """Every declared case whose answer can be read; NotTested, for the first case's reason, where there is none.

        All are sent before any is waited for: the payer decides them side by side.
        """
        for case in self.cases():
            with suppress(NotTested):
                self._answered_first(case)
        read: list[Submission] = []
        wrong: NotTested | None = None
        for case in self.cases():
            try:
                read.append(self.submission(case))
            except NotTested as reason:
                wrong = wrong or reason
        if not read:
            raise wrong or NotTested("needs a case to submit", change="cases.prior-auth")
        return tuple(read)

    def usual(self) -> Submission:
        """The first case that is taken as it is, the one called "approved" before others; NotTested without one."""
        wrong: NotTested | None = None
        for case in self._usual_first():
            try:
                submission = self.submission(case)
            except NotTested as reason:
                wrong = wrong or reason
                continue
            if not submission.failed:
                return submission
            wrong = wrong or NotTested("the request ends in a business error", change=f"cases.prior-auth.{case}")
        raise wrong or NotTested("needs a case to submit", change="cases.prior-auth.approved")

    def dropped(self) -> tuple[str, ...]:
        """The declared cases that were not processed, each with the reason."""
        found = []
        for case in self.cases():
            try:
                submission = self.submission(case)
                if submission.failed:
                    found.append(f"{case}: a business error")
                found += [f"{case}, item {each}: a business error" for each in sorted(submission.unprocessed)]
            except NotTested as reason:
                found.append(f"{case}: {reason.message}")
        return tuple(found)

    def items(self, *actions: str, drugs: bool | None = None) -> tuple[CaseItem, ...]:
        """The items of all submitted cases about which one of ``actions`` was decided.

        Where nothing of the kind was submitted, those of the known authorizations. ``drugs``: only drugs, or none.
        """
        submitted: list[Told] = []
        wrong: NotTested | None = None
        try:
            submitted = [each.tell(each.deciding) for each in self.submissions()]
        except NotTested as reason:
            wrong = reason
        found = decided(submitted, actions, drugs) or decided(self.on_file.told(), actions, drugs)
        if not found and wrong:
            raise wrong
        return found

    def modified(self) -> tuple[CaseItem, ...]:
        """The items that were modified; NotTested where an answer changes an item and says that it is approved."""
        found = self.items("modified")
        if not found and any(changed_items(each.request, each.deciding) for each in self.submissions()):
            raise NotTested("an item is changed without being modified", because="pas.modified-item-action")
        return found

    def told(self, *, on_file: bool = False) -> tuple[Told, ...]:
        """Every ClaimResponse that came, with the request that it answers: of submissions and of inquiries about them.

        ``on_file``: where nothing can be submitted, those of the inquiries about the known authorizations.
        """
        try:
            submissions = self.submissions()
        except NotTested:
            if on_file and (known := self.on_file.told(every=True)):
                return known
            raise
        found = [Told(each.at, each.request, answer) for each in submissions for answer in each.all]
        for case in self.submitted():
            found += self._told_by_inquiry(case)
        return tuple(found)

    def approves(self, exchange: Exchange) -> bool:
        """Whether an answer approves anything."""
        answer = read_answer(body_of(exchange), self.guide)
        return answer is not None and bool(answer.approved or answer.modified)

    def approves_nonsense(self, exchange: Exchange) -> bool:
        """Whether an answer approves an invalid request that nobody can make sense of."""
        lenient = invalid_requests()[exchange.case.partition(":")[2]].get("may_approve", False)
        return not lenient and self.approves(exchange)

    def raw_submissions(self) -> tuple[Exchange, ...]:
        """The exchange of every declared case's submission."""
        if not self.cases():
            raise NotTested("needs a case to submit", change="cases.prior-auth")
        sent = tuple(self._requests.raw(case) for case in self.cases())
        return tuple(each if unending(each) else answered(each, RAW) for each in sent)

    def raw_answers(self) -> tuple[Exchange, ...]:
        """Every exchange of $submit and $inquire with a well-formed request, unreadable ones included."""
        for case in self.cases():
            with suppress(NotTested):
                self.submission(case)
            with suppress(NotTested):
                self.inquiry(case)
        sent = [
            each
            for operation in (SUBMIT, INQUIRE)
            for each in self._recording.exchanges(operation, self.claim)
            if not each.case.startswith(APART)
        ]
        if not sent:
            raise NotTested("needs a case to submit", change="cases.prior-auth")
        return tuple(each if unending(each) else answered(each, "") for each in sent)

    # -- inquiry ---------------------------------------------------------------------------------------------------

    def inquire(self, case: str) -> tuple[Answer, ...]:
        """What the inquiry tells of a submitted case; asked once more before it counts as finding nothing."""
        submission = self.submission(case)
        for ask in (self.inquiry, self._inquiry_again):
            exchange = ask(case)
            if unsupported(exchange):
                return ()
            answers = self._requests.found(exchange)
            if found := tuple(each for each in answers if same_request(each, submission)):
                return found
        return ()

    def inquiry(self, case: str) -> Exchange:
        """The exchange of an inquiry about a submitted case."""
        return self._recording.act((self.claim, "inquire", case), lambda: self._inquire(case))

    def turned_away(self, case: str) -> str:
        """With which status the inquiry about a case is refused; "" where it is not."""
        inquiry = self.inquiry(case)
        return f"status {inquiry.status}" if inquiry.refused else ""

    def inquired(self) -> dict[str, Any]:
        """The answer to an inquiry as the resource that came: about the first case that can be asked about."""
        wrong: NotTested | None = None
        for case in self._usual_first():
            try:
                found = self._requests.usable(self.inquiry(case))
            except NotTested as reason:
                wrong = wrong or reason
                continue
            if not is_type(found, "OperationOutcome"):  # which has a form of its own, where it may come at all
                return found
            wrong = wrong or NotTested("inquiries are answered with outcomes alone", because=FINDS)
        for known in self.on_file.listed():
            return self._requests.usable(self.on_file.exchange(known))
        raise wrong or NotTested("needs a case to inquire about", change="cases.prior-auth")

    # -- wrong requests --------------------------------------------------------------------------------------------

    def invalid(self) -> tuple[Exchange, ...]:
        """The answers to requests broken in every way we know (intrusive); what a gateway kept back is left out."""
        self._recording.allow(self.claim, SUBMIT, intrusive=True)
        found: list[Exchange] = []
        wrong: NotTested | Unjudgeable | None = None
        for name, how in invalid_requests().items():
            try:
                found.append(self._broken(name, how))
            except (NotTested, Unjudgeable) as reason:
                wrong = wrong or reason
        if not found and wrong:
            raise wrong
        return tuple(found)

    def without_token(self) -> tuple[Exchange, ...]:
        """The answers to an inquiry and, where that may be sent, an empty submission that carry no credentials."""
        self._recording.guarded(self.claim)
        answers = [self.with_token("none")]
        with suppress(NotTested):
            answers.append(self._recording.act((self.claim, "token", "none", SUBMIT), self._submit_nothing))
        return tuple(answers)

    def with_token(self, token: str) -> Exchange:
        """The answer to an inquiry with another token than our own, about a request that our own token does find."""
        body = self._giving()

        def send() -> Exchange:
            return answered(self._requests.post(INQUIRE, "no-token", body, token=token), RAW)

        return self._recording.act((self.claim, "token", token), send)

    # -- how -------------------------------------------------------------------------------------------------------

    def _usual_first(self) -> tuple[str, ...]:
        """The cases, the one that is called "approved" first where there is one."""
        return tuple(sorted(self.cases(), key=lambda case: case != "approved"))

    def _settled(self, name: str) -> Submission:
        submission = self._answered_first(name)
        settles = self._requests.case(name).settles
        if settles and name != "pended" and undecided(submission.deciding):
            return settled(self._requests, submission, settles)
        return submission

    def _answered_first(self, name: str) -> Submission:
        return self._recording.act((self.claim, FIRST_ANSWER, name), lambda: self._first_answer(name))

    def _first_answer(self, name: str) -> Submission:
        request, raw = self._requests.request(name), self._requests.raw(name)
        resource = self._requests.usable(raw)
        answers = read_answers(resource, self.guide)
        if not answers:
            because = BUNDLE if is_type(resource, "Bundle") else RAW
            raise NotTested("the answer holds no ClaimResponse", because=because)
        first, at = answers[0], f"cases.prior-auth.{name}"
        sent, came = raw.started, ended(raw)
        return Submission(
            name, request, first, first, at, answers, sent, came, came,
            drug_kind=str(self._requests.case(name).facts.get("drug_kind", "")),
        )  # fmt: skip

    def _inquire(self, name: str) -> Exchange:
        self.submission(name)
        return self._requests.ask(name, name)

    def _inquiry_again(self, name: str) -> Exchange:
        """The exchange of a second inquiry: a payer may file what it answers a moment later. One pause serves all."""
        self._recording.act((self.claim, "patience"), lambda: clock.sleep(PATIENCE))
        return self._recording.act(
            (self.claim, "inquire again", name), lambda: self._requests.ask(name, f"{name}:again")
        )

    def _told_by_inquiry(self, case: str) -> list[Told]:
        """Every answer to the inquiry about a case, about whomever it is."""
        with suppress(NotTested):
            found = self._requests.found(self.inquiry(case))
            return [Told(f"inquiry about {case}", self._requests.inquiry(case), each, inquiry=True) for each in found]
        return []

    def _giving(self) -> dict[str, Any]:
        """An inquiry that our own token gets an answer to, so that another token could give something away."""
        wrong = NotTested("the inquiry finds nothing that could be given away", because=FINDS)
        for case in self._usual_first():
            with suppress(NotTested):
                if self.inquire(case):
                    return self._requests.inquiry(case)
        for known in self.on_file.listed():
            with suppress(NotTested):
                self.on_file.find(known)
                return self.on_file.body(known)
        raise wrong

    # -- sending what is wrong -------------------------------------------------------------------------------------

    def _broken(self, name: str, how: Mapping[str, Any]) -> Exchange:
        def send() -> Exchange:
            request = self._requests.request(next(iter(self._usual_first()), "approved"))
            return self._requests.post(SUBMIT, f"invalid:{name}", broken(request, how))

        return answered(self._recording.act((self.claim, "invalid", name), send), RAW)

    def _submit_nothing(self) -> Exchange:
        return answered(self._requests.post(SUBMIT, "no-token", EMPTY, token="none"), RAW)  # noqa: S106

"""Prior authorization: submit a case, inquire about it, break a request, ask without a token."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any

from conformance import clock
from conformance.apis.prior_auth import Answer, read_answer, read_inquiry
from conformance.apis.raw import body_of as body_of_answer
from conformance.apis.refusal import outcomes
from conformance.cases import body_of, broken, fill, invalid_requests, request_facts, template
from conformance.errors import NotTested
from conformance.exchange import Exchange
from conformance.flows.recording import Recording, answered, resource_of, unending
from conformance.flows.submission import CaseItem, Decided, Submission, same_request
from conformance.target import Case, Claim, Known
from conformance.wire.payer import Request

RAW = "prior-auth.answers-are-fhir"
NOT_THERE = (404, 405, 501)  # there is no such operation
FHIR_JSON = {"content-type": "application/fhir+json"}
NO_SERVICE = {"system": "http://terminology.hl7.org/CodeSystem/data-absent-reason", "code": "not-applicable"}


class PriorAuth:
    """What can be done at one prior-authorization endpoint; every act is recorded."""

    def __init__(self, recording: Recording, claim: Claim) -> None:
        self._recording = recording
        self.claim = claim
        self.guide = recording.guide(claim)

    # -- cases -----------------------------------------------------------------------------------------------------

    def cases(self) -> tuple[str, ...]:
        """The names of the cases that target.toml declares."""
        return tuple(self._recording.target.cases.get("prior-auth", {}))

    def submitted(self) -> tuple[str, ...]:
        """The cases that were submitted in this run so far."""
        return tuple(case for case in self.cases() if self._recording.done((self.claim, "submission", case)))

    def submit(self, case: str) -> Answer:
        """The deciding answer to a case."""
        return self.submission(case).deciding

    def submission(self, case: str) -> Submission:
        """A case submitted, and waited for where the target says that it settles later."""
        return self._recording.act((self.claim, "submission", case), lambda: self._submission(case))

    def submissions(self) -> tuple[Submission, ...]:
        """Every declared case whose answer can be read; NotTested, for the first case's reason, where there is none."""
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

    def items(self, *actions: str) -> tuple[CaseItem, ...]:
        """The items of all submitted cases about which one of ``actions`` was decided."""
        return tuple(
            each
            for submission in self.submissions()
            for each in submission.items
            if set(actions) & set(each.item.actions)
        )

    def declaration(self, operation: str) -> dict[str, str]:
        """How a CapabilityStatement names an operation: its code and its definition."""
        row = self.guide.operations[operation]
        return {"code": row["code"], "definition": row["definition"]}

    def approves(self, exchange: Exchange) -> bool:
        """Whether an answer approves anything."""
        answer = read_answer(body_of_answer(exchange), self.guide)
        return answer is not None and bool(answer.approved)

    def raw(self, case: str) -> Exchange:
        """The exchange of a case's submission as it came."""
        return self._recording.act((self.claim, "submit", case), lambda: self._send(case))

    def raw_submissions(self) -> tuple[Exchange, ...]:
        """The exchange of every declared case's submission."""
        if not self.cases():
            raise NotTested("needs a case to submit", change="cases.prior-auth")
        return tuple(answered(self.raw(case), RAW) for case in self.cases())

    def raw_answers(self) -> tuple[Exchange, ...]:
        """Every exchange of $submit and $inquire with a well-formed request, unreadable ones included."""
        for case in self.cases():
            with suppress(NotTested):
                self.submission(case)
            with suppress(NotTested):
                self.inquiry(case)
        sent = [
            each
            for operation in ("prior-auth.submit", "prior-auth.inquire")
            for each in self._recording.exchanges(operation, self.claim)
            if not each.case.startswith(("invalid:", "no-token"))
        ]
        if not sent:
            raise NotTested("needs a case to submit", change="cases.prior-auth")
        return tuple(each if unending(each) else answered(each, "") for each in sent)

    # -- inquiry ---------------------------------------------------------------------------------------------------

    def inquire(self, case: str) -> tuple[Answer, ...]:
        """What the inquiry tells of a submitted case; empty where it finds nothing."""
        submission = self.submission(case)
        exchange = self.inquiry(case)
        return tuple(each for each in self._read_inquiry(exchange) if same_request(each, submission))

    def inquiry(self, case: str) -> Exchange:
        """The exchange of an inquiry about a submitted case."""
        return self._recording.act((self.claim, "inquire", case), lambda: self._inquire(case))

    def inquired(self, case: str) -> dict[str, Any]:
        """The inquiry's answer as the resource that came."""
        return self._usable(self.inquiry(case))

    def known(self, urgency: str) -> tuple[Decided, ...]:
        """The known authorizations of an urgency, each as the inquiry tells it."""
        listed = [each for each in self._recording.target.known.get("prior-auth", ()) if each.urgency == urgency]
        return tuple(self._told(each) for each in listed)

    # -- wrong requests --------------------------------------------------------------------------------------------

    def invalid(self) -> tuple[Exchange, ...]:
        """The answers to requests broken in every way we know (intrusive)."""
        self._recording.allow(self.claim, "prior-auth.submit", intrusive=True)
        return tuple(self._broken(name, how) for name, how in invalid_requests().items())

    def without_token(self) -> Exchange:
        """The answer to an inquiry that carries no credentials."""
        if self._recording.api(self.claim).auth.type == "none":
            raise NotTested("the target names no credentials for this API", change="apis.prior-auth.auth")
        return self.with_token("none")

    def with_token(self, token: str) -> Exchange:
        """The answer to an inquiry with another token than our own, about a request that our own token does find."""
        if not self.inquire("approved"):
            raise NotTested("the inquiry finds nothing that could be given away", because="pas.inquiry-finds")
        return self._recording.act((self.claim, "token", token), lambda: self._ask_with(token))

    # -- how -------------------------------------------------------------------------------------------------------

    def _case(self, name: str) -> Case:
        case = self._recording.target.cases.get("prior-auth", {}).get(name)
        if case is None:
            raise NotTested(f"needs the case {name!r}", change=f"cases.prior-auth.{name}")
        return case

    def _identifier(self, case: str, sample: int) -> str:
        return f"{self._recording.run_id}-{case}-{self.claim.version}" + (f"-{sample}" if sample else "")

    def _facts(self, case: Case, name: str, sample: int = 0) -> dict[str, Any]:
        moment = clock.now()
        return request_facts(
            self._recording.target,
            case,
            sent=self._identifier(name, sample),
            now=moment.isoformat(timespec="seconds"),
            stamp=moment.date().isoformat(),
        )

    def _request(self, name: str, sample: int = 0) -> dict[str, Any]:
        def build() -> dict[str, Any]:
            case = self._case(name)
            facts = self._facts(case, name, sample)
            body: dict[str, Any] = body_of(case, "pas-request", facts, f"cases.prior-auth.{name}")
            return body

        return self._recording.act((self.claim, "request", name, sample), build)

    def _send(self, name: str) -> Exchange:
        """The case's own exchange, after the further samples that were asked for, each a request of its own."""
        for sample in range(1, self._recording.options.samples):
            self._post("prior-auth.submit", name, json.dumps(self._request(name, sample)).encode())
        return self._post("prior-auth.submit", name, json.dumps(self._request(name)).encode())

    def _post(self, operation: str, case: str, body: bytes, token: str = "own") -> Exchange:  # noqa: S107
        own = self._recording.api(self.claim).paths.get(operation.partition(".")[2])
        path = own or self.guide.operations[operation]["path"]
        request = Request(
            operation=operation, method="POST", path=path, case=case, claim=self.claim.label, body=body,
            headers=FHIR_JSON, token=token,
        )  # fmt: skip
        return self._recording.send(self.claim, request)

    def _usable(self, exchange: Exchange) -> dict[str, Any]:
        answered(exchange, RAW)
        if exchange.status in NOT_THERE and exchange.operation == "prior-auth.submit":
            raise NotTested(f"requests are not taken (status {exchange.status})", because="prior-auth.exchange")
        resource = resource_of(exchange, RAW)
        if 400 <= (exchange.status or 0) < 500 and outcomes(resource):
            raise NotTested(
                f"the request is refused with status {exchange.status}", change=f"cases.prior-auth.{exchange.case}"
            )
        if exchange.status is None or not 200 <= exchange.status < 300:
            raise NotTested(f"the answer has status {exchange.status}", because=RAW)
        return resource

    def _read(self, exchange: Exchange) -> Answer:
        answer = read_answer(self._usable(exchange), self.guide)
        if answer is None:
            raise NotTested("the answer holds no ClaimResponse", because=RAW)
        return answer

    def _read_inquiry(self, exchange: Exchange) -> tuple[Answer, ...]:
        answers = read_inquiry(self._usable(exchange), self.guide)
        if answers is None:
            raise NotTested("the answer is no inquiry response", because=RAW)
        return answers

    def _submission(self, name: str) -> Submission:
        request = self._request(name)
        first = self._read(self.raw(name))
        settles = self._case(name).settles
        deciding = first
        if first.pended and name != "pended" and settles:
            deciding = self._wait(name, first, settles)
        return Submission(name, request, first, deciding, at=f"cases.prior-auth.{name}")

    def _wait(self, name: str, first: Answer, settles: timedelta) -> Answer:
        """Inquires, ever more seldom, until the answer decides or its time is over."""
        end = clock.monotonic() + settles.total_seconds()
        pause, answer, turn = 0.5, first, 0
        while answer.pended and clock.monotonic() + pause < end:
            clock.sleep(pause)
            pause, turn = min(pause * 2, 60.0), turn + 1
            found = self._read_inquiry(self._ask(name, f"{name}:settling"))
            answer = next((each for each in found if each.items), answer)
        return answer

    def _inquire(self, name: str) -> Exchange:
        self.submission(name)
        return self._ask(name, name)

    def _ask(self, name: str, case: str) -> Exchange:
        facts = self._facts(self._case(name), name)
        return self._post("prior-auth.inquire", case, json.dumps(fill(template("pas-inquiry"), facts)).encode())

    def _told(self, known: Known) -> Decided:
        return self._recording.act((self.claim, "known", known.identifier), lambda: self._known(known))

    def _known(self, known: Known) -> Decided:
        case = Case(api="prior-auth", name="known", facts={"member": known.member}, body=None, settles=None)
        facts = self._facts(case, "known")
        facts["request"]["id"] = known.identifier
        facts["items"] = [{"sequence": 1, "service": NO_SERVICE, "authorization": known.identifier}]
        body = json.dumps(fill(template("pas-inquiry"), facts)).encode()
        answers = self._read_inquiry(self._post("prior-auth.inquire", f"known:{known.identifier}", body))
        if not answers:
            raise NotTested(
                f"the inquiry does not find the authorization {known.identifier!r}", change="known.prior-auth"
            )
        return Decided(known, answers[0])

    def _broken(self, name: str, how: Mapping[str, Any]) -> Exchange:
        def send() -> Exchange:
            body = broken(self._request("approved"), how)
            return self._post("prior-auth.submit", f"invalid:{name}", body)

        return answered(self._recording.act((self.claim, "invalid", name), send), RAW)

    def _ask_with(self, token: str) -> Exchange:
        facts = self._facts(self._case("approved"), "approved")
        body = json.dumps(fill(template("pas-inquiry"), facts)).encode()
        return answered(self._post("prior-auth.inquire", "no-token", body, token=token), RAW)

"""Sending prior-authorization requests: each case's request is made once and sent as it was made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from conformance.apis.prior_auth import Answer, read_inquiry
from conformance.apis.raw import blames_the_request, refusal_told, unknown, unsupported
from conformance.apis.refusal import outcomes
from conformance.errors import NotTested
from conformance.exchange import Exchange
from conformance.flows.recording import Recording, answered, resource_of
from conformance.flows.request_bodies import inquiry_body, inquiry_of, look_up_body, submission_body
from conformance.flows.target_cases import case_of, cases_of
from conformance.target import Case, Claim
from conformance.wire.payer import OWN, Request

RAW = "prior-auth.answers-are-fhir"
BUNDLE = "pas.response-bundle"
EXCHANGE = "prior-auth.exchange"
FINDS = "pas.inquiry-finds"
SUBMIT, INQUIRE = "prior-auth.submit", "prior-auth.inquire"
READ = "read"  # an act: what an inquiry tells
FHIR_JSON = {"content-type": "application/fhir+json"}
# Exchanges of these cases are judged by scenarios of their own, not with the answers to the declared cases.
APART = ("invalid:", "no-token", "altered:", "update:", "lookup:", "probe:")


class Requests:
    """The requests of the declared cases at one endpoint, and how they are posted."""

    def __init__(self, recording: Recording, claim: Claim) -> None:
        self._recording = recording
        self._claim = claim

    def cases(self) -> tuple[str, ...]:
        """The names of the cases that target.toml declares."""
        return tuple(cases_of(self._recording.target, "prior-auth"))

    def case(self, name: str) -> Case:
        """A declared case; NotTested, naming its key, where it is not."""
        return case_of(self._recording.target, "prior-auth", name)

    def request(self, name: str, sample: int = 0) -> dict[str, Any]:
        """The request Bundle of a case, always the same one."""

        def build() -> dict[str, Any]:
            return submission_body(self._recording.target, self.case(name), name, self._identifier(name, sample))

        return self._recording.act((self._claim, "request", name, sample), build)

    def another(self, name: str, tag: str) -> dict[str, Any]:
        """A request like the case's, known by an identifier of its own that ends on ``tag``; always the same one."""

        return self.of(self.case(name), tag)

    def of(self, case: Case, tag: str) -> dict[str, Any]:
        """The request of a case that need not be declared, known by an identifier that ends on ``tag``."""

        def build() -> dict[str, Any]:
            sent = f"{self._recording.run_id}-{tag}-{self._claim.version}"
            return submission_body(self._recording.target, case, case.name, sent)

        return self._recording.act((self._claim, "another request", case.name, tag), build)

    def inquiry(self, name: str) -> dict[str, Any]:
        """The inquiry Bundle about a case."""
        case = self.case(name)
        if case.body is not None:
            return inquiry_of(self.request(name))
        return inquiry_body(self._recording.target, case, self._identifier(name))

    def look_up(self, name: str, identifier: str, number: str = "") -> dict[str, Any]:
        """The inquiry by an identifier, or by an authorization number, about any service.

        Of the declared case ``name`` it has member and provider.
        """
        case = self.case(name)
        if case.body is not None:
            return inquiry_of(self.request(name), identifier, number)
        return look_up_body(self._recording.target, case, identifier, number)

    def raw(self, case: str) -> Exchange:
        """The exchange of a case's submission as it came."""
        return self._recording.act((self._claim, "submit", case), lambda: self._submit(case))

    def taken(self) -> bool:
        """Whether any declared case was answered with a 2xx."""
        for case in self.cases():
            with suppress(NotTested):
                if good(self.raw(case)):
                    return True
        return False

    def ask(self, name: str, case: str) -> Exchange:
        """The exchange of a new inquiry about a case, recorded as ``case``."""
        return self.post(INQUIRE, case, self.inquiry(name))

    def post(
        self, operation: str, case: str, body: Mapping[str, Any] | bytes, token: str = OWN, *, other: bool = False
    ) -> Exchange:
        """The answer to a body; ``other``: to the target's second client."""
        own = self._recording.api(self._claim).paths.get(operation.partition(".")[2])
        path = own or self._recording.guide(self._claim).operations[operation]["path"]
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = Request(
            operation=operation, method="POST", path=path, case=case, claim=self._claim.label, body=content,
            headers=FHIR_JSON, token=token,
        )  # fmt: skip
        return self._recording.send(self._claim, request, other=other)

    def usable(self, exchange: Exchange) -> dict[str, Any]:
        """The resource in an answer to go on with; NotTested, because of what judges it, where it is none."""
        answered(exchange, RAW)
        judged = good(exchange) or blames_the_request(exchange)
        if exchange.operation == SUBMIT and not judged and not self.taken():
            raise NotTested(f"requests are not taken (status {exchange.status})", because=EXCHANGE)
        resource = resource_of(exchange, RAW)
        if exchange.operation == INQUIRE and (unknown(exchange) or unsupported(exchange)):
            raise NotTested(f"inquiries find nothing (status {exchange.status})", because=FINDS)
        if exchange.refused and outcomes(resource):
            raise NotTested(f"the request is refused with {refusal_told(exchange)}", change=self._key(exchange.case))
        if not good(exchange):
            raise NotTested(f"the answer has status {exchange.status}", because=RAW)
        return resource

    def found(self, exchange: Exchange) -> tuple[Answer, ...]:
        """What an inquiry finds; nothing, too, where the answer is that there is no such thing."""
        if unknown(exchange):
            return ()
        resource, guide = self.usable(exchange), self._recording.guide(self._claim)
        # Asked for by many, and long where a payer tells all that it knows of a member.
        answers = self._recording.act((self._claim, READ, exchange.id), lambda: read_inquiry(resource, guide))
        if answers is None:
            raise NotTested("the answer is no inquiry response", because=RAW)
        return answers

    def _submit(self, name: str) -> Exchange:
        """The case's own exchange, after the further samples that were asked for, each a request of its own."""
        for sample in range(1, self._recording.options.samples):
            self.post(SUBMIT, name, self.request(name, sample))
        return self.post(SUBMIT, name, self.request(name))

    def _key(self, case: str) -> str:
        """The key of target.toml behind what was sent as ``case``; our own variations of a case have none."""
        kind = case.partition(":")[0]
        if kind == "known":
            return "known.prior-auth"
        return f"cases.prior-auth.{kind}" if kind in self.cases() else "cases.prior-auth"

    def _identifier(self, case: str, sample: int = 0) -> str:
        return f"{self._recording.run_id}-{case}-{self._claim.version}" + (f"-{sample}" if sample else "")


def good(exchange: Exchange) -> bool:
    """Whether a request was taken."""
    return 200 <= (exchange.status or 0) < 300

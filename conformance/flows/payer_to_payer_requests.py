"""The requests of the exchange of one member: the match, $everything, and searches for the member's data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from conformance.cases import body_of
from conformance.exchange import Exchange
from conformance.flows.match_facts import match_facts
from conformance.flows.recording import Recording
from conformance.flows.target_cases import case_of, member_of
from conformance.target import Case, Claim, Member
from conformance.wire.request import OWN, Request

RAW = "payer-to-payer.answers-are-fhir"
FHIR_JSON = {"content-type": "application/fhir+json"}


class Requests:
    """The requests of the declared cases at one endpoint, and how they are sent; ``other``: by the second client."""

    def __init__(self, recording: Recording, claim: Claim, *, other: bool = False) -> None:
        self._recording = recording
        self._claim = claim
        self._other = other

    def case(self, name: str) -> Case:
        """A declared case; NotTested, naming its key, where it is not."""
        return case_of(self._recording.target, "payer-to-payer", name)

    def member(self, case: Case) -> Member:
        """The member of a case."""
        return member_of(self._recording.target, case)

    def match(
        self, name: str, sent_as: str = "", *, token: str = OWN, again: bool = True, **facts: Mapping[str, Any]
    ) -> Exchange:
        """The answer to the match of a case's member, with other ``facts`` than its own."""
        case = self.case(name)
        request_id = f"{self._recording.run_id}-{case.name}-{self._claim.version}"
        known = {**case.facts, **match_facts(self._recording.target, case, request_id), **facts}
        body = body_of(case, "hrex-member-match", known, f"cases.payer-to-payer.{name}")
        sent = json.dumps(body).encode()
        return self.send("member-match", None, sent_as or name, method="POST", body=sent, token=token, again=again)

    def everything(self, patient: str, case: str, token: str = OWN) -> Exchange:
        """The first answer of Patient/{id}/$everything, at the path that the target gives it."""
        return self.send("everything", self.everything_path(patient), case, token=token)

    def everything_path(self, patient: str) -> str:
        """Where a Patient's $everything lies below the base URL."""
        given = self._recording.api(self._claim).paths.get("everything")
        path = given or self._recording.guide(self._claim).path("payer-to-payer.everything")
        return str(path).replace("{id}", patient)

    def send(
        self,
        verb: str,
        path: str | None,
        case: str,
        *,
        method: str = "GET",
        body: bytes = b"",
        params: tuple[tuple[str, str], ...] = (),
        token: str = OWN,
        again: bool = True,
    ) -> Exchange:
        """One request of an operation ("member-match", "search", "everything"), put down to a case."""
        operation = f"payer-to-payer.{verb}"
        guide, own = self._recording.guide(self._claim), self._recording.api(self._claim).paths.get(verb)
        request = Request(
            operation=operation, method=method, path=path or own or guide.operations[operation]["path"], case=case,
            claim=self._claim.label, params=params, body=body, headers=FHIR_JSON if body else {}, token=token,
            again=again,
        )  # fmt: skip
        return self._recording.send(self._claim, request, other=self._other)

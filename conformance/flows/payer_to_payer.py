"""Payer-to-payer exchange: match a member, fetch what the old payer holds, and the ways to be refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from conformance import clock
from conformance.apis.member_match import Everything, Match, everything, read_match
from conformance.apis.raw import body_of as body_of_answer
from conformance.apis.refusal import identifying, outcomes
from conformance.apis.searchset import read_page
from conformance.apis.shapes import Person
from conformance.cases import body_of
from conformance.errors import NotTested
from conformance.exchange import Exchange
from conformance.fhir import NotFhir, parse
from conformance.flows.recording import Recording, answered, resource_of, unending
from conformance.target import Case, Claim, Member
from conformance.wire.payer import Request

RAW = "payer-to-payer.answers-are-fhir"
FHIR_JSON = {"content-type": "application/fhir+json"}
US_NPI = "http://hl7.org/fhir/sid/us-npi"
POLICY = "http://hl7.org/fhir/us/davinci-hrex/StructureDefinition-hrex-consent.html"
CONSENTS = ("consent-ended", "consent-sensitive", "consent-other-payer")
MOST_PAGES = 200
IDENTIFYING = ("member_id", "subscriber_id", "patient_id", "coverage_id")
LEAST = 4  # a shorter value would be found in any text


@dataclass(frozen=True)
class Matched:
    """The answer to one $member-match: a match (2xx with Parameters) or a refusal."""

    case: str
    member: Member
    exchange: Exchange
    match: Match | None
    outcomes: int

    @property
    def at(self) -> str:
        return f"cases.payer-to-payer.{self.case}"

    @property
    def status(self) -> int:
        return self.exchange.status or 0

    @property
    def refused(self) -> bool:
        return 400 <= self.status < 500

    @property
    def told(self) -> str:
        """What came back, for a finding."""
        named = " with a member identifier" if self.match and self.match.identifiers else ""
        return f"status {self.status}{named}"


class PayerToPayer:
    """What can be done at one payer-to-payer endpoint; every act is recorded."""

    def __init__(self, recording: Recording, claim: Claim) -> None:
        self._recording = recording
        self.claim = claim
        self.guide = recording.guide(claim)

    @property
    def _cases(self) -> Mapping[str, Case]:
        return self._recording.target.cases.get("payer-to-payer", {})

    def match(self, case: str) -> Matched:
        """The answer to a case's match; NotTested where the answer is no FHIR at all."""
        return self._recording.act((self.claim, "matched", case), lambda: self._matched(case))

    def consents(self) -> tuple[Matched, ...]:
        """The answers to every declared case whose consent cannot be complied with."""
        declared = [case for case in CONSENTS if case in self._cases]
        if not declared:
            raise NotTested(
                "needs a case whose consent this payer cannot comply with",
                change="cases.payer-to-payer.consent-ended",
            )
        return tuple(self.match(case) for case in declared)

    def refusals(self) -> tuple[Matched, ...]:
        """Every answer of a case that is to be refused and was refused."""
        cases = [case for case in self._cases if case != "one-match"]
        refused = [answer for case in cases if (answer := self.match(case)).refused]
        if not refused:
            raise NotTested("needs a match that is refused", change="cases.payer-to-payer.no-match")
        return tuple(refused)

    def everything(self, case: str = "one-match") -> Everything:
        """All that the payer gives of the matched member."""
        return self._recording.act((self.claim, "everything-read", case), lambda: self._everything(case))

    def patient(self, case: str = "one-match") -> str:
        """The matched member's Patient id at this payer."""
        return self._recording.act((self.claim, "patient", case), lambda: self._patient(case))

    def holds(self, case: str = "one-match") -> tuple[str, ...]:
        """The resource types that the target declares the payer to hold of the case's member."""
        declared = self._case(case).facts.get("holds", ())
        if not declared:
            raise NotTested("needs the kinds of data the payer holds", change=f"cases.payer-to-payer.{case}.holds")
        return tuple(declared)

    def revealed(self, answer: Matched) -> tuple[str, ...]:
        """What a refusal gives away of members: person resources, member identifiers, declared members' values.

        What was submitted and comes back is no leak.
        """
        told = answer.exchange.body.decode("utf-8", "replace")
        sent = answer.exchange.request_body.decode("utf-8", "replace")
        declared = {
            str(member.facts.get(key, "")) for member in self._recording.target.members.values() for key in IDENTIFYING
        }
        values = {value for value in declared if len(value) >= LEAST and value in told}
        values |= set(identifying(body_of_answer(answer.exchange)))
        return tuple(sorted(value for value in values if value not in sent))

    def matched_patient(self) -> Person | None:
        """The matched member's own Patient among the data."""
        wanted = f"Patient/{self.patient()}"
        return next((person for key, person in self.everything().patients if key == wanted), None)

    def is_asked_for(self, person: Person) -> bool:
        """Whether a Patient is the member that was asked for: by family name and birth date."""
        facts = self._member(self._case("one-match")).facts
        asked = (str(facts.get("family", "")).casefold(), str(facts.get("birth_date", "")))
        return (person.family.casefold(), person.birth_date) == asked

    def raw_answers(self) -> tuple[Exchange, ...]:
        """Every exchange of a match that is to succeed, and of what followed, unreadable ones included."""
        for act in (lambda: self.match("one-match"), self.everything):
            try:
                act()
            except NotTested as wrong:
                if not wrong.because:
                    raise
        sent = [
            each
            for operation in ("payer-to-payer.member-match", "payer-to-payer.search", "payer-to-payer.everything")
            for each in self._recording.exchanges(operation, self.claim)
            if each.case == "one-match"
        ]
        return tuple(each if unending(each) else answered(each, "") for each in sent)

    def without_token(self) -> Exchange:
        """The answer to $everything for the matched member without credentials."""
        if self._recording.api(self.claim).auth.type == "none":
            raise NotTested("the target names no credentials for this API", change="apis.payer-to-payer.auth")
        patient = self.patient()
        return self._recording.act(
            (self.claim, "no-token"),
            lambda: answered(
                self._send("everything", self._everything_path(patient), "no-token", token="none"),  # noqa: S106
                RAW,
            ),
        )

    # -- how -------------------------------------------------------------------------------------------------------

    def _case(self, name: str) -> Case:
        if name not in self._cases:
            raise NotTested(f"needs the case {name!r}", change=f"cases.payer-to-payer.{name}")
        return self._cases[name]

    def _member(self, case: Case) -> Member:
        key = str(case.facts.get("member", "first"))
        member = self._recording.target.members.get(key)
        if member is None:
            raise NotTested(f"needs the member {key!r}", change=f"members.{key}")
        return member

    def _matched(self, name: str) -> Matched:
        case = self._case(name)
        exchange = answered(self._recording.act((self.claim, "match", name), lambda: self._ask(case, name)), RAW)
        try:
            resource: Any = parse(exchange.body) if exchange.body else None
        except NotFhir as wrong:
            # A refusal may lawfully come without a FHIR body; a match may not.
            if exchange.status is None or exchange.status < 400:
                raise NotTested(f"the answer cannot be read: {wrong}", because=RAW) from wrong
            resource = None
        match = read_match(resource)
        return Matched(name, self._member(case), exchange, match, outcomes(resource))

    def _ask(self, case: Case, name: str) -> Exchange:
        body = body_of(case, "hrex-member-match", self._facts(case, name), f"cases.payer-to-payer.{name}")
        return self._send("member-match", None, name, method="POST", body=json.dumps(body).encode())

    def _facts(self, case: Case, name: str) -> dict[str, Any]:
        target, moment = self._recording.target, clock.now()
        requester = {
            "identifier": {"system": US_NPI, "value": target.requester.get("npi")},
            "name": target.requester.get("name"),
        }
        return {
            **case.facts,
            "member": dict(self._member(case).facts),
            "payer": dict(target.payer),
            "new_payer": requester,
            "consent": _consent(name, target.payer, requester, moment.date()),
            "request": {
                "id": f"{self._recording.run_id}-{name}-{self.claim.version}",
                "created": moment.isoformat(timespec="seconds"),
                "date": moment.date().isoformat(),
            },
        }

    def _patient(self, case: str) -> str:
        match = self.match(case).match
        if match is None or not match.identifiers:
            raise NotTested("the member was not matched", because="payer-to-payer.one-match")
        if match.member.startswith("Patient/"):
            return match.member.partition("/")[2]
        found = match.identifiers[0]
        query = (("identifier", f"{found.system}|{found.value}" if found.system else found.value),)
        exchange = self._send("search", "Patient", case, params=query)
        page = read_page(resource_of(exchange, RAW))
        patients = [each for each in page.matches if each.type == "Patient"] if page else []
        if len(patients) != 1:
            raise NotTested(
                f"the member identifier leads to {len(patients)} patients", because="payer-to-payer.member-identifier"
            )
        return patients[0].id

    def _everything(self, case: str) -> Everything:
        path: str | None = self._everything_path(self.patient(case))
        bundles: list[dict[str, Any]] = []
        seen: set[str] = set()
        while path and path not in seen and len(bundles) < MOST_PAGES:
            seen.add(path)
            exchange = self._send("everything", path, case)
            bundle = resource_of(exchange, RAW)
            page = read_page(bundle)
            if page is None or exchange.status != 200:
                raise NotTested(f"$everything is answered with status {exchange.status}", because=RAW)
            bundles.append(bundle)
            path = page.next
        return everything(bundles)

    def _everything_path(self, patient: str) -> str:
        given = self._recording.api(self.claim).paths.get("everything")
        path: str = given or self.guide.operations["payer-to-payer.everything"]["path"]
        return path.replace("{id}", patient)

    def _send(
        self,
        verb: str,
        path: str | None,
        case: str,
        *,
        method: str = "GET",
        body: bytes = b"",
        params: tuple[tuple[str, str], ...] = (),
        token: str = "own",  # noqa: S107
    ) -> Exchange:
        operation = f"payer-to-payer.{verb}"
        own: str = path or self._recording.api(self.claim).paths.get(verb) or self.guide.operations[operation]["path"]
        request = Request(
            operation=operation, method=method, path=own, case=case, claim=self.claim.label, params=params, body=body,
            headers=FHIR_JSON if body else {}, token=token,
        )  # fmt: skip
        return self._recording.send(self.claim, request)


def _consent(case: str, payer: Mapping[str, Any], requester: Mapping[str, Any], today: Any) -> dict[str, Any] | None:
    """The consent of a case: as it should be, or ended, sensitive, or given for another payer's data."""
    if case == "consent-absent":
        return None
    ended = case == "consent-ended"
    other = {"identifier": {"system": US_NPI, "value": "1999999992"}, "name": "A payer that is not this one"}
    return {
        "policy": f"{POLICY}#{'sensitive' if case == 'consent-sensitive' else 'regular'}",
        "start": (today - timedelta(days=60)).isoformat(),
        "end": (today + timedelta(days=-30 if ended else 90)).isoformat(),
        "performer": other if case == "consent-other-payer" else dict(payer),
        "recipient": dict(requester),
    }

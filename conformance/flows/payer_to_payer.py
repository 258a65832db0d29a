"""Payer-to-payer exchange: match a member, fetch what the old payer holds, and the ways to be refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from conformance import clock
from conformance.apis.harvest import Harvest
from conformance.apis.member_match import Everything, everything, read_match
from conformance.apis.naming import is_called
from conformance.apis.raw import body_of as body_of_answer
from conformance.apis.refusal import holds_data, outcomes
from conformance.apis.searchset import read_page
from conformance.apis.shapes import Person
from conformance.cases import body_of
from conformance.errors import NotApplicable, NotTested, Unjudgeable
from conformance.exchange import Exchange
from conformance.fhir import NotFhir, parse
from conformance.flows.bulk import Bulk
from conformance.flows.bulk_match import REFUSED
from conformance.flows.consents import CONSENTS
from conformance.flows.held import Documented, Oldest, documented, kinds, oldest
from conformance.flows.match_requests import match_facts
from conformance.flows.matched import Matched, revealed_of
from conformance.flows.member_data import SEARCHES, demanded, pages, searched
from conformance.flows.probing import Probing, guesses
from conformance.flows.recording import Recording, answered, resource_of, unending
from conformance.flows.target_cases import case_of, cases_of, member_of
from conformance.primitives import wrong
from conformance.target import Api, Case, Claim, Member
from conformance.wire.payer import Request

RAW = "payer-to-payer.answers-are-fhir"
FHIR_JSON = {"content-type": "application/fhir+json"}
ONE, EVERYTHING = "cases.payer-to-payer.one-match", "apis.payer-to-payer.paths.everything"
LINKS = {"minimal": {}, "full": {"more": True, "full": True}}


class PayerToPayer:
    """What can be done at one payer-to-payer endpoint; every act is recorded."""

    def __init__(self, recording: Recording, claim: Claim) -> None:
        self._recording = recording
        self.claim = claim
        self.guide = recording.guide(claim)

    @property
    def _cases(self) -> Mapping[str, Case]:
        return cases_of(self._recording.target, "payer-to-payer")

    def match(self, case: str) -> Matched:
        """The answer to a case's match; NotTested where the answer is no FHIR at all."""
        return self._recording.act((self.claim, "matched", case), lambda: self._matched(case))

    def consents(self) -> tuple[Matched, ...]:
        """The answers to every declared case whose consent cannot be complied with."""
        declared = [case for case in CONSENTS if case in self._cases]
        if not declared:
            what = "needs a case whose consent this payer cannot comply with"
            raise NotTested(what, change="cases.payer-to-payer.consent-ended")
        return tuple(self.match(case) for case in declared)

    def near_misses(self) -> tuple[Matched, ...]:
        """The answers to every declared case that is nearly a member, and that the tester says is none."""
        declared = [case for case in self._cases if case.startswith("near-miss")]
        if not declared:
            what = "needs somebody who is nearly a member, and whom this payer is to refuse"
            raise NotTested(what, change="cases.payer-to-payer.near-miss")
        return tuple(self.match(case) for case in declared)

    def linked(self) -> tuple[Matched, ...]:
        """The answers to the match of the member with a minimal and with a full coverage to be linked."""
        if self._case("one-match").body is not None:
            raise NotTested("the request is of your own making", change="cases.payer-to-payer.one-match.body")
        match = self.match("one-match").match
        if match is None or not match.identifiers:
            raise NotTested("the member was not matched", because="payer-to-payer.one-match")
        return self._recording.act((self.claim, "linked"), lambda: tuple(self._linked(link) for link in LINKS))

    def probed(self) -> Probing:
        """The answers to wrong guesses at a member's birth date, as many as the case "probing" says are too many."""
        case = self._case("probing")
        tries = int(case.facts.get("tries", 0))
        if not tries:
            raise NotTested("needs a number of tries", change="cases.payer-to-payer.probing.tries")
        self._recording.allow(self.claim, "payer-to-payer.member-match", intrusive=True)
        born = str(self._member(case).facts.get("birth_date", ""))
        return self._recording.act(
            (self.claim, "probed"), lambda: guesses(born, tries, lambda date: self._guess(case, date), RAW)
        )

    def refusals(self) -> tuple[Matched, ...]:
        """Every answer of a case that is to be refused and was refused."""
        cases = (case for case in self._cases if case.startswith(REFUSED) and case != "consent-ends")
        refused = [answer for answer in map(self.match, cases) if answer.refused]
        if not refused:
            raise NotTested("needs a match that is refused", change="cases.payer-to-payer.no-match")
        return tuple(refused)

    def everything(self, case: str = "one-match") -> Everything:
        """All that the payer gives of the matched member."""
        return self._recording.act((self.claim, "everything-read", case), lambda: self._everything(case))

    def harvest(self) -> Harvest:
        """All that the payer gives of the matched member, in bulk where the guide has it so, gathered in one walk."""
        if self._in_bulk:
            return Bulk(self._recording, self.claim).whole().harvest
        return self._recording.act((self.claim, "harvest"), self._harvest)

    @property
    def _in_bulk(self) -> bool:
        return self.claim.ig == "pdex" and bool(self.guide["bulk"])

    def _harvest(self) -> Harvest:
        found = self.everything()
        harvest = Harvest(
            frozenset({f"Patient/{self.patient()}"}), self.claim.base_url, lost=found.lost, looped=found.looped
        )
        for placed in found.records:
            harvest.add(placed.resource, placed.at)
        return harvest

    def oldest(self) -> tuple[Oldest, ...]:
        """The oldest records that the payer holds of the member, as far as five years reach."""
        return oldest(self._case("one-match"), ONE, clock.now().date() - timedelta(days=5 * 365))

    def documented(self, key: str = "documented") -> tuple[Documented, ...]:
        """The declared authorizations of the member with the documents that came."""
        found = documented(self._case("one-match"), ONE, self.harvest(), key)
        if not self._in_bulk and self.everything().refused and not all(each.documents for each in found):
            raise NotTested("documents are not searched by their patient", change=EVERYTHING)
        return found

    def patient(self, case: str = "one-match") -> str:
        """The matched member's Patient id at this payer."""
        return self._recording.act((self.claim, "patient", case), lambda: self._patient(case))

    def holds(self, case: str = "one-match") -> tuple[str, ...]:
        """The resource types that the target declares the payer to hold of the case's member."""
        return kinds(self._case(case), f"cases.payer-to-payer.{case}")

    def revealed(self, answer: Matched) -> tuple[str, ...]:
        """What a refusal gives away of members: person resources, references, numbers and people that are declared."""
        return revealed_of(answer.exchange, self._recording.target.members.values())

    def matched_patient(self) -> Person | None:
        """The matched member's own Patient among the data."""
        wanted = f"Patient/{self.patient()}"
        return next((person for key, person in self.everything().patients if key == wanted), None)

    def is_asked_for(self, person: Person) -> bool:
        """Whether a Patient is the member that was asked for: by any family name, and by birth date.

        NotTested where it bears neither.
        """
        facts = self._member(self._case("one-match")).facts
        found = dict(self.everything().people).get(f"Patient/{self.patient()}")
        surnames = found.surnames if found else frozenset()
        if not surnames and not person.birth_date:
            raise NotTested(
                "the member's Patient bears neither name nor birth date", because="payer-to-payer.one-match"
            )
        return is_called(surnames, person.birth_date, str(facts.get("family", "")), str(facts.get("birth_date", "")))

    def raw_answers(self) -> tuple[Exchange, ...]:
        """Every exchange of a match that is to succeed, and of what followed, unreadable ones included."""
        try:
            self.match("one-match")
        except NotTested as wrong:
            if not wrong.because:
                raise
        with suppress(NotTested):
            self.everything()
        sent = [
            each
            for operation in ("payer-to-payer.member-match", "payer-to-payer.search", "payer-to-payer.everything")
            for each in self._recording.exchanges(operation, self.claim)
            if each.case in ("one-match", f"one-match{SEARCHES}")
        ]
        return tuple(each if unending(each) else answered(each, "") for each in demanded(sent))

    def ask(self, verb: str, path: str, case: str) -> Exchange:
        """One request of an operation ("search", "everything") at a path, put down to a case."""
        return self._send(verb, path, case)

    def ask_everything(self, patient: str, case: str) -> Exchange:
        """The first answer of Patient/{id}/$everything, at the path that the target gives it."""
        return self._send("everything", self._everything_path(patient), case)

    def without_token(self) -> tuple[Exchange, ...]:
        """The answers to the match, a search for the member and the member's data, without credentials."""
        if self._recording.api(self.claim).auth.type == "none":
            raise NotTested("the target names no credentials for this API", change="apis.payer-to-payer.auth")
        patient = self.patient()
        return self._recording.act((self.claim, "no-token"), lambda: self._without_token(patient))

    def bound(self) -> tuple[Exchange, ...]:
        """The answers to a search for the matched member with our own token, which came with our client certificate,
        from clients without it: one that shows none, and our second client where it has one (intrusive)."""
        api = self._recording.api(self.claim)
        if not api.auth.client_certificate:
            raise NotApplicable("no client certificate is configured for this API")
        self._recording.allow(self.claim, "payer-to-payer.search", intrusive=True)
        query = self._identified("one-match")
        return self._recording.act((self.claim, "bound"), lambda: self._bound(api, query))

    # -- how -------------------------------------------------------------------------------------------------------

    def _case(self, name: str) -> Case:
        return case_of(self._recording.target, "payer-to-payer", name)

    def _member(self, case: Case) -> Member:
        return member_of(self._recording.target, case)

    def _matched(self, name: str) -> Matched:
        case = self._case(name)
        exchange = self._recording.act((self.claim, "match", name), lambda: self._ask(case, name))
        if name != "one-match" and exchange.status == 403 and exchange.failure:
            # Of a client that was never let in nobody knows whether it or its request is refused.
            with suppress(NotTested, Unjudgeable):
                self.match("one-match")
                exchange = self._recording.act((self.claim, "match again", name), lambda: self._ask(case, name))
        exchange = answered(exchange, RAW)
        try:
            resource: Any = parse(exchange.body) if exchange.body else None
        except NotFhir as wrong:
            # A refusal may lawfully come without a FHIR body; a match may not.
            if exchange.status is None or exchange.status < 400:
                raise NotTested(f"the answer cannot be read: {wrong}", because=RAW) from wrong
            resource = None
        match = read_match(resource)
        return Matched(name, self._member(case), exchange, match, outcomes(resource))

    def _linked(self, link: str) -> Matched:
        case = self._case("one-match")
        exchange = answered(self._ask(case, f"one-match, link {link}", facts={"link": LINKS[link]}), RAW)
        return Matched("one-match", self._member(case), exchange, read_match(body_of_answer(exchange)), 0)

    def _guess(self, case: Case, birth_date: str) -> Exchange:
        member = {**self._member(case).facts, "birth_date": birth_date}
        return self._ask(case, "probing", facts={"member": member}, again=False)

    def _ask(
        self,
        case: Case,
        name: str,
        token: str = "own",  # noqa: S107
        facts: Mapping[str, Any] | None = None,
        again: bool = True,
    ) -> Exchange:
        known = {**match_facts(self._recording, self.claim, case, name, self._member(case)), **(facts or {})}
        body = body_of(case, "hrex-member-match", known, f"cases.payer-to-payer.{name}")
        sent_as = name if token == "own" else "no-token"  # noqa: S105
        return self._send(
            "member-match", None, sent_as, method="POST", body=json.dumps(body).encode(), token=token, again=again
        )

    def _without_token(self, patient: str) -> tuple[Exchange, ...]:
        none = "none"
        asked = [
            self._ask(self._case("one-match"), "one-match", token=none),
            self._send("everything", self._everything_path(patient), "no-token", token=none),
            self._send("search", "Patient", "no-token", params=self._identified("one-match"), token=none),
        ]
        return tuple(answered(each, RAW) for each in asked)

    def _bound(self, api: Api, query: tuple[tuple[str, str], ...]) -> tuple[Exchange, ...]:
        wire = self._recording.wire
        own = answered(self._send("search", "Patient", "bound", params=query), RAW)
        if not holds_data(body_of_answer(own)):
            raise NotTested("a search for the member gives nothing with the certificate either", change=EVERYTHING)
        token = wire.tokens.own(api.auth).value
        nobody = replace(api.auth, name="", type="none", client_certificate="", client_key="")
        second = api.other_auth if api.other_auth and api.other_auth.client_certificate else None
        others = [nobody, *([replace(second, name="", type="none")] if second else [])]
        request = Request("payer-to-payer.search", "GET", "Patient", case="bound", claim=self.claim.label, params=query,
                          token=token)  # fmt: skip
        sent = [wire.send(self.claim.base_url, replace(api, auth=each), request) for each in others]
        return tuple(each if each.failure and each.failure.kind == "tls" else answered(each, RAW) for each in sent)

    def _identified(self, case: str) -> tuple[tuple[str, str], ...]:
        """The parameters of a search for the matched member."""
        match = self.match(case).match
        if match is None or not match.identifiers:
            raise NotTested("the member was not matched", because="payer-to-payer.one-match")
        found = match.identifiers[0]
        return (("identifier", f"{found.system}|{found.value}" if found.system else found.value),)

    def _patient(self, case: str) -> str:
        patient = self._patient_id(case)
        if wrong("id", patient):
            raise NotTested(f"the member's Patient has an id that {wrong('id', patient)}", because=RAW)
        return patient

    def _patient_id(self, case: str) -> str:
        query, match = self._identified(case), self.match(case).match
        if match and match.member.startswith("Patient/"):
            return match.member.partition("/")[2]
        exchange = self._send("search", "Patient", case, params=query)
        page = read_page(resource_of(exchange, RAW))
        patients = [each for each in page.matches if each.type == "Patient"] if page else []
        if len(patients) != 1:
            raise NotTested(
                f"the member identifier leads to {len(patients)} patients", because="payer-to-payer.member-identifier"
            )
        return patients[0].id

    def _everything(self, case: str) -> Everything:
        """$everything, which HRex asks of nobody; where it is refused, the member and a search per declared kind."""
        base, patient = self.claim.base_url, self.patient(case)
        path = self._everything_path(patient)
        found = pages(lambda url: self._send("everything", url, case), path, base, RAW)
        if found is None:
            facts = self._case(case).facts
            kinds, wished = tuple(facts.get("holds", ())), ("DocumentReference",) if "documented" in facts else ()
            search = partial(self._send, "search", case=f"{case}{SEARCHES}")
            found = searched(search, patient, kinds, base, RAW, wished=wished)
        if found is None:
            raise NotTested("neither $everything nor searches by patient are answered", change=EVERYTHING)
        return replace(everything(found.bundles, base, found.lost), refused=found.refused, looped=found.looped)

    def _everything_path(self, patient: str) -> str:
        given = self._recording.api(self.claim).paths.get("everything")
        return str(given or self.guide.path("payer-to-payer.everything")).replace("{id}", patient)

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
        again: bool = True,
    ) -> Exchange:
        operation = f"payer-to-payer.{verb}"
        own: str = path or self._recording.api(self.claim).paths.get(verb) or self.guide.operations[operation]["path"]
        request = Request(
            operation=operation, method=method, path=own, case=case, claim=self.claim.label, params=params, body=body,
            headers=FHIR_JSON if body else {}, token=token, again=again,
        )  # fmt: skip
        return self._recording.send(self.claim, request)

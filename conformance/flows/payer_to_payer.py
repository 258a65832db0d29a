"""Payer-to-payer exchange: what the old payer gives of a matched member, and what it gives to nobody else."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial

from conformance import clock
from conformance.apis.harvest import Harvest
from conformance.apis.member_match import Everything, everything
from conformance.apis.naming import is_called
from conformance.apis.raw import body_of
from conformance.apis.refusal import holds_data
from conformance.apis.searchset import read_page
from conformance.apis.shapes import Person
from conformance.errors import NotApplicable, NotTested
from conformance.exchange import Exchange
from conformance.flows.bulk import Bulk
from conformance.flows.held import Documented, Oldest, documented, kinds, oldest
from conformance.flows.member_data import SEARCHES, completed, demanded, pages, searched
from conformance.flows.member_matching import MemberMatching
from conformance.flows.payer_to_payer_requests import RAW, Requests
from conformance.flows.recording import Recording, answered, resource_of, unending
from conformance.flows.shown_to_members import Probe
from conformance.flows.unmatched import matched_by_us, unmatched
from conformance.primitives import wrong
from conformance.target import Api, Claim
from conformance.wire.payer import NONE, Request

ONE, EVERYTHING = "cases.payer-to-payer.one-match", "apis.payer-to-payer.paths.everything"


class PayerToPayer:
    """What can be fetched at one payer-to-payer endpoint once a member is matched; every act is recorded."""

    def __init__(self, recording: Recording, claim: Claim) -> None:
        self._recording = recording
        self.claim = claim
        self.guide = recording.guide(claim)
        self._asks = Requests(recording, claim)
        self._matches = MemberMatching(recording, claim)

    def everything(self, case: str = "one-match") -> Everything:
        """All that the payer gives of the matched member."""
        return self._recording.act((self.claim, "everything-read", case), lambda: self._everything(case))

    def harvest(self) -> Harvest:
        """All that the payer gives of the matched member, in bulk where the guide has it so, gathered in one walk."""
        if self.in_bulk:
            return Bulk(self._recording, self.claim).whole().harvest
        return self.of_one()

    def of_one(self) -> Harvest:
        """The same of what is given of the one member, whether or not the guide has it in bulk."""
        return self._recording.act((self.claim, "harvest"), self._harvest)

    @property
    def in_bulk(self) -> bool:
        """Whether the guide has members exchanged in bulk."""
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
        return oldest(self._asks.case("one-match"), ONE, clock.now().date() - timedelta(days=5 * 365))

    def documented(self, key: str = "documented") -> tuple[Documented, ...]:
        """The declared authorizations of the member with the documents that came."""
        found = documented(self._asks.case("one-match"), ONE, self.harvest(), key)
        if not self.in_bulk and self.everything().refused and not all(each.documents for each in found):
            raise NotTested("documents are not searched by their patient", change=EVERYTHING)
        return found

    def patient(self, case: str = "one-match") -> str:
        """The matched member's Patient id at this payer."""
        return self._recording.act((self.claim, "patient", case), lambda: self._patient(case))

    def holds(self, case: str = "one-match") -> tuple[str, ...]:
        """The resource types that the target declares the payer to hold of the case's member."""
        return kinds(self._asks.case(case), f"cases.payer-to-payer.{case}")

    def matched_patient(self) -> Person | None:
        """The matched member's own Patient among the data."""
        wanted = f"Patient/{self.patient()}"
        return next((person for key, person in self.everything().patients if key == wanted), None)

    def is_asked_for(self, person: Person) -> bool:
        """Whether a Patient is the member that was asked for: by any family name, and by birth date.

        NotTested where it bears neither.
        """
        facts = self._asks.member(self._asks.case("one-match")).facts
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
            self._matches.match("one-match")
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

    def unmatched(self) -> tuple[Probe, ...]:
        """What comes of a member whom nobody matched, asked for in every way."""
        self._given()
        return unmatched(self._recording, self.claim)

    def to_another_client(self) -> tuple[Probe, ...]:
        """What another organization's client, which matched nobody, gets of the member whom we matched."""
        self._given()
        member = self._asks.member(self._asks.case("one-match"))
        return matched_by_us(self._recording, self.claim, member, self.patient())

    def _given(self) -> None:
        """NotTested where nobody's data are shut, or where ours are not given either: then a refusal says nothing."""
        self._recording.guarded(self.claim)
        if not self.everything().entries:
            raise NotTested("nothing comes of the matched member either", because="payer-to-payer.matched-data")

    def without_token(self) -> tuple[Exchange, ...]:
        """The answers to the match, a search for the member and the member's data, without credentials."""
        self._recording.guarded(self.claim)
        patient = self.patient()
        return self._recording.act((self.claim, "no-token"), lambda: self._without_token(patient))

    def bound(self) -> tuple[Exchange, ...]:
        """The answers to a search for the matched member with our own token, which came with our client certificate,
        from clients without it: one that shows none, and our second client where it has one (intrusive)."""
        api = self._recording.api(self.claim)
        if not api.auth.client_certificate:
            raise NotApplicable("no client certificate is configured for this API")
        self._recording.allow(self.claim, "payer-to-payer.search", intrusive=True)
        query = self._matches.identified("one-match")
        if self._matches.is_anothers_number("one-match"):
            raise NotTested("the number of another member came", because="payer-to-payer.right-member")
        return self._recording.act((self.claim, "bound"), lambda: self._bound(api, query))

    # -- how -------------------------------------------------------------------------------------------------------

    def _without_token(self, patient: str) -> tuple[Exchange, ...]:
        asked = [
            self._asks.match("one-match", "no-token", token=NONE),
            self._asks.everything(patient, "no-token", token=NONE),
            self._asks.send("search", "Patient", "no-token", params=self._matches.identified("one-match"), token=NONE),
        ]
        return tuple(answered(each, RAW) for each in asked)

    def _bound(self, api: Api, query: tuple[tuple[str, str], ...]) -> tuple[Exchange, ...]:
        wire = self._recording.wire
        own = answered(self._asks.send("search", "Patient", "bound", params=query), RAW)
        if not holds_data(body_of(own)):
            raise NotTested("a search for the member gives nothing with the certificate either", change=EVERYTHING)
        token = wire.tokens.own(api.auth).value
        nobody = replace(api.auth, name="", type="none", client_certificate="", client_key="")
        second = api.other_auth if api.other_auth and api.other_auth.client_certificate else None
        others = [nobody, *([replace(second, name="", type="none")] if second else [])]
        request = Request("payer-to-payer.search", "GET", "Patient", case="bound", claim=self.claim.label, params=query,
                          token=token)  # fmt: skip
        sent = [wire.send(self.claim.base_url, replace(api, auth=each), request) for each in others]
        return tuple(each if each.failure and each.failure.kind == "tls" else answered(each, RAW) for each in sent)

    def _patient(self, case: str) -> str:
        patient = self._patient_id(case)
        if wrong("id", patient):
            raise NotTested(f"the member's Patient has an id that {wrong('id', patient)}", because=RAW)
        return patient

    def _patient_id(self, case: str) -> str:
        query, match = self._matches.identified(case), self._matches.match(case).match
        if match and match.member.startswith("Patient/"):
            return match.member.partition("/")[2]
        exchange = self._asks.send("search", "Patient", case, params=query)
        page = read_page(resource_of(exchange, RAW))
        patients = [each for each in page.matches if each.type == "Patient"] if page else []
        if len(patients) != 1:
            raise NotTested(
                f"the member identifier leads to {len(patients)} patients", because="payer-to-payer.member-identifier"
            )
        return patients[0].id

    def _everything(self, case: str) -> Everything:
        """$everything, which HRex asks of nobody, and a search for each declared kind that it leaves out; where it is
        refused, the member and a search per declared kind."""
        base, patient = self.claim.base_url, self.patient(case)
        path, facts = self._asks.everything_path(patient), self._asks.case(case).facts
        found = pages(lambda url: self._asks.send("everything", url, case), path, base, RAW)
        search = partial(self._asks.send, "search", case=f"{case}{SEARCHES}")
        holds = tuple(facts.get("holds", ()))
        if found is not None:
            found = completed(found, search, patient, holds, base, RAW)
        else:
            kinds = tuple(dict.fromkeys(each.partition("?")[0] for each in holds))
            wished = ("DocumentReference",) if "documented" in facts else ()
            found = searched(search, patient, kinds, base, RAW, wished=wished)
        if found is None:
            raise NotTested("neither $everything nor searches by patient are answered", change=EVERYTHING)
        return replace(everything(found.bundles, base, found.lost), refused=found.refused, looped=found.looped)

"""The exchange of one member as PDex has it: matched, then $everything, or a search for each kind of data.

Sources: PDex 2.1.0 and 2.2.0, payertopayerexchange; CapabilityStatement pdex-server.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from conformance.apis.harvest import Found, Harvest
from conformance.apis.raw import body_of
from conformance.apis.searchset import read_page
from conformance.apis.shapes import entries
from conformance.errors import NotApplicable, NotTested, Unjudgeable
from conformance.exchange import Exchange
from conformance.flows.member_data import not_there, pages
from conformance.flows.member_matching import MemberMatching
from conformance.flows.payer_to_payer import PayerToPayer
from conformance.flows.payer_to_payer_requests import RAW, Requests
from conformance.flows.recording import Recording, answered
from conformance.target import Claim

ONE = "cases.payer-to-payer.one-match"
CLAIM, AT_ONCE = "ExplanationOfBenefit?use=claim", "pdex.everything"
CASE = "one member"  # apart from the exchanges that other rows judge
# What the capability statement has searched by the patient alone.
SEARCHED = frozenset(
    {
        "AllergyIntolerance", "Condition", "Coverage", "DiagnosticReport", "DocumentReference", "Encounter",
        "ExplanationOfBenefit", "Goal", "Immunization", "MedicationDispense", "Procedure",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Given:
    """How many claims, and how many OperationOutcomes, came with all of a member's data."""

    at: str
    claims: int
    outcomes: int


@dataclass(frozen=True)
class KindSearched:
    """The search for one kind of a member's data, and how many of that kind came on its first page."""

    kind: str
    answer: Exchange
    found: int

    @property
    def at(self) -> str:
        return self.kind


class OneMember:
    """What can be fetched of the one member that was matched; every act is recorded."""

    def __init__(self, recording: Recording, claim: Claim) -> None:
        self._recording = recording
        self._claim = claim
        self._asks = Requests(recording, claim)
        self._exchange = PayerToPayer(recording, claim)
        self._matches = MemberMatching(recording, claim)

    def patient(self) -> str:
        """The matched member's Patient id; NotApplicable where members are exchanged in bulk alone."""
        alone = "this payer exchanges members in bulk alone"
        try:
            answer = self._matches.match("one-match")
        except Unjudgeable as refused:
            if refused.actor != "your file":
                raise
            raise NotApplicable(f"{alone}: {refused}") from refused
        if not_there(answer.exchange):
            raise NotApplicable(alone)
        return self._exchange.patient()

    def everything(self) -> Exchange:
        """The answer to Patient/{id}/$everything."""
        patient = self.patient()
        return answered(
            self._recording.act((self._claim, "everything alone"), lambda: self._asks.everything(patient, CASE)),
            RAW,
        )

    def findings(self, kind: str) -> list[Found | None]:
        """What is wrong of a kind ("strangers", "amounts", "unmapped") in all that is given of the matched member:
        nothing is [None], and NotTested where nothing came, or where not all pages could be asked for."""
        given = self.data()
        found: list[Found | None] = [*getattr(given, kind).first]
        if given.lost and not found:
            raise NotTested(given.lost, change="apis.payer-to-payer.base_url")
        return found or [None]

    def data(self) -> Harvest:
        """All that is given of the matched member; NotTested where that is nothing."""
        self.patient()
        given = self._exchange.of_one()
        if not given.types:
            raise NotTested("nothing is given of the member", because=AT_ONCE)
        return given

    def claims(self) -> Given:
        """What came of claims with $everything, over all its pages; NotTested where no claims are declared, or where
        not all pages could be asked for."""
        if CLAIM not in self._exchange.holds():
            raise NotTested("needs a member with claims", change=f"{ONE}.holds")
        first, path = self.everything(), self._asks.everything_path(self.patient())

        def ask(url: str) -> Exchange:
            return first if url == path else self._asks.send("everything", url, CASE)

        found = self._recording.act(
            (self._claim, "everything's pages"), lambda: pages(ask, path, self._claim.base_url, AT_ONCE)
        )
        if found is None:
            raise NotTested("all of a member's data are not given at once", because=AT_ONCE)
        placed = [each for bundle in found.bundles for each in entries(bundle, "Bundle")]
        claims = sum(each.type == "ExplanationOfBenefit" and each.resource.get("use") == "claim" for each in placed)
        if found.lost and not claims:
            raise NotTested(found.lost, change="apis.payer-to-payer.base_url")
        return Given(first.url, claims, sum(each.type == "OperationOutcome" for each in placed))

    def searches(self) -> tuple[KindSearched, ...]:
        """The searches by patient for each kind of data that the payer is declared to hold."""
        kinds = [kind for kind in self._exchange.holds() if kind in SEARCHED]
        if not kinds:
            raise NotTested("needs a kind of data that is searched by its patient", change=f"{ONE}.holds")
        patient = self.patient()
        return tuple(self._searched(kind, patient) for kind in kinds)

    def _searched(self, kind: str, patient: str) -> KindSearched:
        path = f"{kind}?{urlencode({'patient': patient})}"
        answer = self._recording.act((self._claim, "search alone", kind), lambda: self._asks.send("search", path, CASE))
        page = read_page(body_of(answered(answer, RAW)))
        return KindSearched(kind, answer, len([each for each in page.matches if each.type == kind]) if page else 0)

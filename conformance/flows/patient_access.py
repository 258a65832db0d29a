"""Patient Access with a member's own token: the authorizations that the member is shown, and nobody else's."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode

from conformance import clock
from conformance.apis.member_match import everything
from conformance.apis.naming import contradicts
from conformance.apis.raw import body_of
from conformance.apis.shapes import entries, objects, record, reference_key, text
from conformance.apis.shown_authorization import Shown, is_authorization, is_claim, read_shown
from conformance.apis.strangers import tells_of
from conformance.errors import NotApplicable, NotTested, Unjudgeable
from conformance.exchange import Exchange
from conformance.flows.member_data import Pages, pages
from conformance.flows.on_file import OnFile
from conformance.flows.prior_auth_requests import Requests
from conformance.flows.recording import Recording, answered, resource_of, unending
from conformance.flows.shown_to_members import Content, Expected, Probe, Story, ways
from conformance.flows.submission import Decided
from conformance.flows.target_cases import representative
from conformance.strict_json import load_object
from conformance.target import DEFAULT_MEMBER, Claim, Known, Member
from conformance.wire.gateway import REFUSED
from conformance.wire.payer import NONE, Request

RAW = "patient-access.answers-are-fhir"
OPEN = "patient-access.api"
SEARCH, READ, EVERYTHING = (f"patient-access.{verb}" for verb in ("search", "read", "everything"))
RECENT, YEAR = timedelta(days=31), timedelta(days=364)  # a day less than a year: no zone makes it longer


class PatientAccess:
    """What one member can fetch at one endpoint; every act is recorded."""

    def __init__(self, recording: Recording, claim: Claim) -> None:
        self._recording = recording
        self.claim = claim
        self.guide = recording.guide(claim)

    # -- what is shown ---------------------------------------------------------------------------------------------

    def patient(self) -> str:
        """The id of the member's Patient: as the target says, as the token came with, or the one that is shown."""
        return self._recording.act((self.claim, "patient"), self._patient)

    def resources(self, kind: str) -> tuple[dict[str, Any], ...]:
        """All resources of a type that the member is shown, page by page."""
        resources = [each.resource for bundle in self._pages(kind).bundles for each in entries(bundle)]
        return tuple(each for each in resources if record(each).get("resourceType") == kind)

    def opened(self) -> dict[str, Exchange]:
        """The first answer for who the member is, and for what was claimed or authorized (which may be nothing yet)."""
        patient = self.patient()
        asked = {
            "Patient": f"Patient/{quote(patient)}",
            "ExplanationOfBenefit": f"ExplanationOfBenefit?{urlencode({'patient': patient})}",
        }
        return {kind: answered(self._get(path), RAW) for kind, path in asked.items()}

    def is_the_member(self) -> bool:
        """Whether the Patient that is shown is the one asked for and, where the target file says who that is, the
        person."""
        patient = record(body_of(self.opened()["Patient"]))
        member = self._recording.target.members.get(DEFAULT_MEMBER)
        asked_for = patient.get("resourceType") == "Patient" and patient.get("id") == self.patient()
        return asked_for and (member is None or not contradicts(patient, member.facts))

    def looped(self) -> str:
        """A next link among the member's claims and authorizations that leads back; "" where none does."""
        return self._pages("ExplanationOfBenefit").looped

    def exchanges(self) -> tuple[Exchange, ...]:
        """Every answer to a request of our own token for our own data."""
        with suppress(NotTested):
            self.resources("ExplanationOfBenefit")
        sent = [
            each
            for operation in (SEARCH, READ)
            for each in self._recording.exchanges(operation, self.claim)
            if each.authorized and not each.case
        ]
        if not sent:
            raise NotTested("nothing was answered", because=OPEN)
        return tuple(each if unending(each) else answered(each, "") for each in sent)

    def authorizations(self) -> tuple[Shown, ...]:
        """The prior authorizations of items and services; NotTested where the member has none to be shown."""
        found = self._shown()
        kept = tuple(each for each in found if not each.is_drug)
        if not kept:
            raise NotTested("the member is shown no prior authorization", change="known.patient-access")
        return kept

    def claims(self) -> tuple[dict[str, Any], ...]:
        """The ExplanationOfBenefits about claims; NotTested where there are none."""
        found = tuple(each for each in self.resources("ExplanationOfBenefit") if is_claim(each))
        if not found:
            raise NotTested("the member has no claim", change="members.first")
        return found

    # -- what must be shown ----------------------------------------------------------------------------------------

    def received(self) -> tuple[Expected, ...]:
        """The known authorizations that were received lately, and more than one business day ago."""
        representative(self._recording.target)
        now = clock.now()
        found = [
            each
            for each in self._known()
            if self._is_due(each.received) and clock.stamp(each.received, self._zones()).latest > now - RECENT  # type: ignore[union-attr]
        ]
        return self._expected(found, "an authorization received within a month, and more than a business day ago")

    def changed(self) -> tuple[Expected, ...]:
        """The known authorizations that were decided within a year, and more than one business day ago."""
        representative(self._recording.target)
        oldest = clock.now() - YEAR
        found = [
            each
            for each in self._known()
            if each.decided is not None
            and self._is_due(each.decided)
            and clock.stamp(each.decided, self._zones()).earliest > oldest  # type: ignore[union-attr]
        ]
        return self._expected(found, "an authorization with the time of its decision")

    def kept(self) -> tuple[Expected, ...]:
        """The known authorizations whose last change is more than a month and less than a year ago."""
        now = clock.now()
        found = []
        for each in self._known():
            last = clock.stamp(each.decided or each.received, self._zones())
            if last and now - YEAR < last.earliest and last.latest < now - RECENT:
                found.append(each)
        return self._expected(found, "an authorization that was last changed months ago")

    def contents(self) -> tuple[Content, ...]:
        """Every authorization with what it does not tell; documents only where the tester knows that there are some,
        by its own reference or by theirs."""
        known = {each.identifier: each for each in self._known()}
        return tuple(self._content(each, [known[name] for name in each.names & known.keys()])
                     for each in self.authorizations())  # fmt: skip

    def stories(self) -> tuple[Story, ...]:
        """The known authorizations that both the inquiry and the member's data tell of.

        Those that changed within the last business day are left out: the member's data need not have it yet.
        """
        representative(self._recording.target)
        claim = self._inquiry_claim()
        on_file = OnFile(self._recording, claim, Requests(self._recording, claim))
        told: list[Decided] = []
        lacking = wrong = NotTested("no known authorization is inquired about and shown", change="known.prior-auth")
        for known in (each for each in on_file.listed() if each.member == DEFAULT_MEMBER and self._is_settled(each)):
            try:
                told.append(on_file.find(known))
            except NotTested as reason:  # what the inquiry does not find is judged where inquiries are
                wrong = reason
        shown = self._shown()
        found = [Story(each, one) for each in told for one in shown if each.known.identifier in one.names]
        if not found:
            raise lacking if told else wrong
        return tuple(found)

    # -- what must not be shown ------------------------------------------------------------------------------------

    def without_token(self) -> Exchange:
        """The answer to the search for the member's authorizations that carries no token."""
        self._recording.guarded(self.claim)
        return self.with_token(NONE)

    def with_token(self, token: str) -> Exchange:
        """The answer to a search for the member's authorizations with another token than our own, which finds some."""
        if not self._shown():
            raise NotTested("there is nothing to be given away", change="known.patient-access")
        path = f"ExplanationOfBenefit?{urlencode({'patient': self.patient()})}"
        return answered(
            self._recording.act(
                (self.claim, "token", token), lambda: self._send(SEARCH, path, "no-token", token=token)
            ),
            "",
        )

    def probes(self) -> tuple[Probe, ...]:
        """Another member's data asked for in every way that we know, with our own token; first our own search, which
        is to find nobody else's."""
        self._recording.guarded(self.claim)
        own = Probe("own search", self._strangers())
        if own.found:
            return (own,)
        other = self._other()
        asked = ways(self.patient(), other.facts)
        return own, *(Probe(way, self._found_of(other, way, path)) for way, path in asked.items())

    def _strangers(self) -> tuple[str, ...]:
        """Where somebody else's records are among the member's own claims and authorizations; the member's Patient, if
        that is who is shown, says who else is the same person."""
        patient = record(body_of(self.opened()["Patient"]))
        shown = [{"resource": patient}] if patient.get("id") == self.patient() else []
        bundles = (*self._pages("ExplanationOfBenefit").bundles, {"resourceType": "Bundle", "entry": shown})
        found = everything(bundles, self.claim.base_url)
        return tuple(each.at for each in found.strangers(f"Patient/{self.patient()}"))

    # -- how -------------------------------------------------------------------------------------------------------

    def _found_of(self, other: Member, way: str, path: str) -> tuple[str, ...]:
        operation = EVERYTHING if way == "$everything" else READ if way == "read" else SEARCH
        exchange = self._recording.act((self.claim, "probe", way), lambda: self._send(operation, path, "other-member"))
        # Our own token was taken before: a refusal, in whatever words, is about the other member.
        refused = exchange.failure is not None and exchange.status in REFUSED
        return tells_of(body_of(exchange if refused else answered(exchange, "")), other.facts)

    def _other(self) -> Member:
        """A member who has nothing to do with the token's: no subscriber of theirs, and no dependent."""
        members = self._recording.target.members
        own = members.get(DEFAULT_MEMBER)
        for key, each in members.items():
            related = own is not None and (own.subscriber == key or each.subscriber == DEFAULT_MEMBER)
            if key != DEFAULT_MEMBER and not related and each.facts.get("patient_id"):
                return each
        raise NotTested("needs another member's Patient id", change="members.second.patient_id")

    def _known(self) -> tuple[Known, ...]:
        listed = self._recording.target.known
        rows = (*listed.get("patient-access", ()), *listed.get("prior-auth", ()))
        mine = {each.identifier: each for each in reversed(rows) if each.member == DEFAULT_MEMBER}
        return tuple(each for each in mine.values() if not each.drug_kind)  # the duty is of items and services alone

    def _every_known(self) -> tuple[Expected, ...]:
        shown = self._shown()
        return tuple(
            Expected(each, next((one for one in shown if each.identifier in one.names), None)) for each in self._known()
        )

    def _expected(self, known: Sequence[Known], what: str) -> tuple[Expected, ...]:
        if not known:
            raise NotTested(f"needs {what}", change="known.patient-access")
        names = {each.identifier for each in known}
        found = tuple(each for each in self._every_known() if each.known.identifier in names)
        lost = self._pages("ExplanationOfBenefit").lost
        if lost and any(each.shown is None for each in found):
            raise NotTested(f"not all pages could be looked at: {lost}", change="apis.patient-access.base_url")
        return found

    def _content(self, shown: Shown, known: Sequence[Known]) -> Content:
        decided = next((clock.stamp(each.decided, self._zones()) for each in known if each.decided), None)
        sent = any(each.facts.get("documents") for each in known)
        return Content(shown, sent and not self._has_documents_apart(shown), decided)

    def _has_documents_apart(self, shown: Shown) -> bool:
        """Whether a DocumentReference that the member finds refers to an authorization: it need not refer to it too."""

        def find() -> Pages | None:
            path = f"DocumentReference?{urlencode({'patient': self.patient()})}"
            return pages(lambda url: self._send(SEARCH, url, "documents"), path, self.claim.base_url, RAW)

        with suppress(NotTested, Unjudgeable):  # nobody demands this search
            found = self._recording.act((self.claim, "documents apart"), find)
            listed = [each.resource for bundle in found.bundles for each in entries(bundle)] if found else []
            return any(reference_key(node) == shown.at for each in listed for node in objects(each))
        return False

    def _is_settled(self, known: Known) -> bool:
        return self._is_due(known.decided or known.received)

    def _is_due(self, written: Any) -> bool:
        return clock.is_business_day_over(written, self._zones(), self._recording.target.holidays)

    def _zones(self) -> Sequence[str]:
        return self._recording.target.timezones or ("UTC",)

    def _inquiry_claim(self) -> Claim:
        api = self._recording.target.apis.get("prior-auth")
        claims = [each for each in (api.claim_list() if api else ()) if each.ig == "pas"]
        if not claims:
            raise NotApplicable("no prior authorization API is examined beside this one")
        return claims[-1]

    def _shown(self) -> tuple[Shown, ...]:
        return self._recording.act((self.claim, "authorizations shown"), self._read_shown)

    def _read_shown(self) -> tuple[Shown, ...]:
        found = [each for each in self.resources("ExplanationOfBenefit") if is_authorization(each)]
        return tuple(read_shown(each, f"ExplanationOfBenefit/{text(each.get('id'))}") for each in found)

    def _patient(self) -> str:
        member = self._recording.target.members.get(DEFAULT_MEMBER)
        if member and member.facts.get("patient_id"):
            return str(member.facts["patient_id"])
        answer = self._recording.wire.tokens.answer(self._recording.api(self.claim).auth)
        if answer is not None and (told := text(load_object(answer.body).get("patient"))):
            return told
        found = entries(resource_of(answered(self._get("Patient"), RAW), RAW))
        patients = [each.id for each in found if each.type == "Patient"]
        if len(patients) != 1:
            raise NotTested("nothing tells which Patient the member is", change=f"members.{DEFAULT_MEMBER}.patient_id")
        return patients[0]

    def _pages(self, kind: str) -> Pages:
        return self._recording.act((self.claim, "all", kind), lambda: self._all(kind))

    def _all(self, kind: str) -> Pages:
        found = pages(self._get, f"{kind}?{urlencode({'patient': self.patient()})}", self.claim.base_url, RAW)
        if found is None:
            raise NotTested(f"the member is refused {kind}", because=OPEN)
        return found

    def _get(self, path: str) -> Exchange:
        operation = READ if "?" not in path and "/" in path and "://" not in path else SEARCH
        return self._recording.act((self.claim, "get", path), lambda: self._send(operation, path, ""))

    def _send(self, operation: str, path: str, case: str, token: str = "own") -> Exchange:  # noqa: S107
        request = Request(operation, "GET", path, case=case, claim=self.claim.label, token=token)
        return self._recording.send(self.claim, request)

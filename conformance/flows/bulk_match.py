"""Matching many members at once: PDex $bulk-member-match (payers) and $provider-member-match (providers)."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from conformance import clock
from conformance.apis.match_groups import GroupMember, MatchGroup
from conformance.apis.shapes import objects, reference_key, text
from conformance.cases import fill, template
from conformance.flows.bulk_files import ReadFile
from conformance.flows.bulk_job import Job
from conformance.flows.consents import CONSENTS, US_NPI
from conformance.flows.match_facts import match_facts
from conformance.flows.target_cases import member_of
from conformance.strict_json import load_or_none
from conformance.target import Case, Member, Target

REFUSED = ("no-match", "several-matches", "consent-", "near-miss")  # how the cases are called that are to be refused
MATCHED, NOT_MATCHED, CONSTRAINED = "match", "nomatch", "consentconstraint"
# In which Group a case's member belongs: one of these. Several members who fit are no match.
BUCKETS: Mapping[str, tuple[str, ...]] = {
    "one-match": (MATCHED,),
    "no-match": (NOT_MATCHED,),
    "several-matches": (NOT_MATCHED,),
    "opted-out": (NOT_MATCHED, CONSTRAINED),
    **dict.fromkeys(CONSENTS, (CONSTRAINED,)),
}


@dataclass(frozen=True)
class Sent:
    """One MemberBundle that was sent: its case, the member, the Patient and the Coverage as they were sent."""

    case: str
    member: Member
    patient: Mapping[str, Any]
    coverage: Mapping[str, Any]

    @property
    def at(self) -> str:
        return f"MemberBundle {self.case}"

    @property
    def belongs(self) -> tuple[str, ...]:
        """The Groups that this member may be in; near misses are nobody."""
        return BUCKETS.get(self.case, (NOT_MATCHED,))

    @property
    def numbers(self) -> tuple[str, ...]:
        """What the payer may know the member by."""
        return tuple(str(each["value"]) for each in self.patient.get("identifier", ()) if each.get("value"))


@dataclass(frozen=True)
class Matching:
    """What one bulk match came to; ``parameters`` are the bundles as they were sent, to be judged against."""

    job: Job
    sent: tuple[Sent, ...]
    groups: tuple[MatchGroup, ...] = ()
    files: tuple[ReadFile, ...] = field(default=(), repr=False)

    def group(self, code: str) -> MatchGroup | None:
        """The Group of this code; None where there is none."""
        return next((each for each in self.groups if each.code == code), None)

    def buckets(self, one: Sent) -> tuple[str, ...]:
        """The codes of the Groups that hold a member that was sent."""
        found = (each for each in self.groups if self.found(one, each))
        return tuple(dict.fromkeys(each.code or "no code" for each in found))

    def misplaced(self, one: Sent) -> str:
        """What is wrong with where a member that was sent is, in a few words; "" where nothing is."""
        buckets, persons = self.buckets(one), self._matched_as(one)
        if not buckets or not set(buckets) <= set(one.belongs):
            return f"in {' and '.join(buckets) or 'none'} instead of {' or '.join(one.belongs)}"
        return f"matched to {len(persons)} Patients" if len(persons) > 1 else ""

    def _matched_as(self, one: Sent) -> frozenset[str]:
        """The payer's Patients that the Group of the matched names for a Patient that was submitted."""
        group, wanted = self.group(MATCHED), str(one.patient["id"])
        own = (each for each in group.members if text(each.submitted.get("id")) == wanted) if group else ()
        return frozenset(reference_key(each.reference) for each in own if not each.reference.startswith("#"))

    @property
    def untold(self) -> tuple[Sent, ...]:
        """The bundles that may be anybody in the Groups: they are not found, and somebody there is not told from them.

        A Group need not contain the Patients that were submitted before PDex 2.2.0, nor where a provider asks.
        """
        nameless = any(not each.submitted for group in self.groups for each in group.members)
        return tuple(one for one in self.sent if nameless and not self.buckets(one))

    def found(self, one: Sent, group: MatchGroup) -> GroupMember | None:
        """The member of a Group that stands for a bundle: by the id that was sent, else by how the payer calls
        the member.

        Several bundles may be about the same person: a number alone tells them apart only where no other has it.
        """
        wanted = str(one.patient["id"])
        for each in group.members:
            if str(each.submitted.get("id", "")) == wanted or each.reference in (f"#{wanted}", f"Patient/{wanted}"):
                return each
        known = self._known(one)
        for each in group.members:
            if not each.submitted and {each.number, reference_key(each.reference)} & known:
                return each
        shared = {number for other in self.sent if other is not one for number in other.numbers}
        own = set(one.numbers) - shared
        for each in group.members:
            listed = each.submitted.get("identifier")
            values = (
                {str(id_.get("value")) for id_ in listed if isinstance(id_, dict)}
                if isinstance(listed, list)
                else set()
            )
            if not each.submitted.get("id") and own & values:
                return each
        return None

    def _known(self, one: Sent) -> set[str]:
        """How the payer itself may call the member of a bundle, where it is no other bundle's: number, "Patient/id"."""
        if one.belongs != (MATCHED,) and any(each.member == one.member for each in self.sent if each is not one):
            return set()
        ident = one.member.facts.get("patient_id")
        return {*one.numbers, *({f"Patient/{ident}"} if ident else ())}


def bundles(
    target: Target, cases: Iterable[tuple[str, Case]], run: str, provider: bool = False
) -> list[dict[str, Any]]:
    """The MemberBundle parameters of some cases; a provider attests to a treatment, and links no coverage."""
    return [_bundle(target, name, case, run, provider=provider) for name, case in cases]


def sent_of(
    target: Target, parameters: Iterable[Mapping[str, Any]], cases: Iterable[tuple[str, Case]]
) -> tuple[Sent, ...]:
    """The bundles as they were sent, with their cases."""
    found = []
    for (name, case), parameter in zip(cases, parameters, strict=True):
        parts = {part["name"]: part["resource"] for part in parameter["part"]}
        member = member_of(target, case)
        found.append(Sent(name, member, parts["MemberPatient"], parts["CoverageToMatch"]))
    return tuple(found)


def ends_at(case: Case) -> datetime | None:
    """When the consent of a case ends, where the case says after how long it does."""
    return clock.now() + case.settles if case.name == "consent-ends" and case.settles else None


def _bundle(target: Target, name: str, case: Case, run: str, *, provider: bool) -> dict[str, Any]:
    moment, ends = clock.now(), ends_at(case)
    facts = match_facts(target, case, f"{run}-{name}", ends.isoformat(timespec="milliseconds") if ends else "")
    filled = fill(template("hrex-member-match"), facts, f"cases.{case.api}.{name}")["parameter"]
    parts = [_renamed(part, f"member-{name}") for part in filled]
    if provider:
        parts = [part for part in parts if part["name"] in ("MemberPatient", "CoverageToMatch")]
        since = (moment - timedelta(days=30)).date().isoformat()
        parts.append(
            {
                "name": "Consent",
                "resource": _attestation(f"member-{name}", str(target.requester.get("npi")), moment, since),
            }
        )
    return {"name": "MemberBundle", "part": parts}


def _renamed(part: Mapping[str, Any], ident: str) -> dict[str, Any]:
    """A part whose Patient has an id of its own: the bundles of one request must be told apart."""
    changed: dict[str, Any] = copy.deepcopy(dict(part))
    for node in objects(changed):
        if node.get("reference") == "Patient/pc-member":
            node["reference"] = f"Patient/{ident}"
        if node.get("resourceType") == "Patient":
            node["id"] = ident
    return changed


def _attestation(patient: str, npi: str, moment: datetime, since: str) -> dict[str, Any]:
    """That a provider treats a member (profile provider-treatment-relationship-consent)."""
    who = {"identifier": {"system": US_NPI, "value": npi}}
    return {
        "resourceType": "Consent",
        "id": f"attestation-{patient}",
        "status": "active",
        "scope": _concept("http://terminology.hl7.org/CodeSystem/consentscope", "patient-privacy"),
        "category": [_concept("http://terminology.hl7.org/CodeSystem/v3-ActCode", "IDSCL")],
        "patient": {"reference": f"Patient/{patient}"},
        "dateTime": moment.isoformat(timespec="seconds"),
        "performer": [who],
        "organization": [who],
        "sourceReference": {"reference": "https://payer-conformance.example/DocumentReference/attestation"},
        "policy": [{"uri": "https://payer-conformance.example/attestation"}],
        "provision": {
            "type": "permit",
            "period": {"start": since},
            "actor": [
                {
                    "role": _concept("http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "IRCP"),
                    "reference": who,
                }
            ],
            "purpose": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "TREAT"}],
        },
    }


def _concept(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def is_match(name: str) -> bool:
    """Whether a case is about somebody who is to be matched, or not: all of them go into one request."""
    return name == "one-match" or (
        name.startswith((*REFUSED, "opted-out")) and name not in ("consent-ends", "consent-absent")
    )


def inline(job: Job) -> list[tuple[str, Any]]:
    """The Parameters that the status URL answered in place of a manifest (PDex 2.1.0 leaves it open)."""
    found = load_or_none(job.polls[-1].body)
    return [("Parameters", found)] if isinstance(found, dict) else []

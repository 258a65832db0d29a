"""A member whom a client has not matched, asked for all the same: no client gets anything of such a member.

Sources: HRex 1.0.0 to 1.2.0, sec-20 (the requester's rights are verified); PDex, pdex-196 and pdex-218.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from conformance.apis.raw import body_of
from conformance.apis.search_values import token
from conformance.apis.strangers import tells_of
from conformance.errors import NotTested
from conformance.exchange import Exchange
from conformance.flows.payer_to_payer_requests import RAW, Requests
from conformance.flows.recording import Recording, answered_or_refused
from conformance.flows.shown_to_members import Probe
from conformance.flows.target_cases import another_organization, cases_of
from conformance.target import DEFAULT_MEMBER, Claim, Member

Facts = Mapping[str, Any]


def unmatched(recording: Recording, claim: Claim) -> tuple[Probe, ...]:
    """What each way to ask for such a member tells of the member, once something was given to us."""
    return _told(recording, claim, _member(recording).facts, "unmatched", other=False)


def matched_by_us(recording: Recording, claim: Claim, member: Member, patient: str) -> tuple[Probe, ...]:
    """What each way tells another organization's client of the member whom we matched, whose Patient has this id."""
    another_organization(recording.target)
    return _told(recording, claim, {**member.facts, "patient_id": patient}, "another client", other=True)


def _told(recording: Recording, claim: Claim, facts: Facts, case: str, *, other: bool) -> tuple[Probe, ...]:
    asks = Requests(recording, claim, other=other)
    asked = recording.act((claim, case), lambda: _asked(asks, facts, case))
    answers = {way: answered_or_refused(each, RAW) for way, each in asked.items()}
    return tuple(Probe(way, tells_of(body_of(each), facts)) for way, each in answers.items())


def _asked(asks: Requests, facts: Facts, case: str) -> dict[str, Exchange]:
    patient = str(facts["patient_id"])
    of_patient = urlencode({"patient": patient})
    paths = {
        "read": f"Patient/{quote(patient)}",
        "search of claims": f"ExplanationOfBenefit?{of_patient}",
        "search of coverage": f"Coverage?{of_patient}",
    }
    if facts.get("member_id"):
        number = token(facts.get("identifier_system", ""), facts["member_id"])
        paths["search by number"] = f"Patient?{urlencode({'identifier': number})}"
    asked = {way: asks.send("search", path, case) for way, path in paths.items()}
    return {**asked, "$everything": asks.everything(patient, case)}


def _member(recording: Recording) -> Member:
    """A member of the payer's whom no case asks for, and who has nothing to do with the one who is matched."""
    members = recording.target.members
    cases = cases_of(recording.target, "payer-to-payer")
    asked_for = {str(case.facts.get("member", DEFAULT_MEMBER)) for name, case in cases.items() if name != "probing"}
    matched = str(cases["one-match"].facts.get("member", DEFAULT_MEMBER)) if "one-match" in cases else ""
    own = members.get(matched)
    for key, each in members.items():
        related = own is not None and (own.subscriber == key or each.subscriber == matched)
        if key not in asked_for and not related and each.facts.get("patient_id"):
            return each
    raise NotTested("needs a member's Patient id whom no case asks for", change="members.NAME.patient_id")

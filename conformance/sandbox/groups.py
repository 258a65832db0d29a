"""Groups of members: matched in bulk (PDex 2.1.0, 2.2.0), attributed to a provider, and those of other clients."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from conformance.sandbox import consent, exchange, people, trust
from conformance.sandbox.frame import Answer, Call, Resource
from conformance.sandbox.outcome import refusal
from conformance.sandbox.search import names
from conformance.sandbox.shape import objects, one_object, text
from conformance.sandbox.store import Payer

MATCH, NO_MATCH, CONSTRAINED = "match", "nomatch", "consentconstraint"
PARAMETERS = {MATCH: "MatchedMembers", NO_MATCH: "NonMatchedMembers", CONSTRAINED: "ConsentConstrainedMembers"}
NAMED = {
    MATCH: "Matched members",
    NO_MATCH: "Members not matched",
    CONSTRAINED: "Members whose consent stands against it",
}
RESULTS = "http://hl7.org/fhir/us/davinci-pdex/CodeSystem/PdexMultiMemberMatchResultCS"
ATTRIBUTION = "http://hl7.org/fhir/us/davinci-pdex/CodeSystem/PdexMemberAttributionCS"
SUBMITTED = "http://hl7.org/fhir/us/davinci-pdex/StructureDefinition/base-ext-match-parameters"
COVERAGE = "http://hl7.org/fhir/us/davinci-pdex/StructureDefinition/base-ext-match-coverage"
OTHER_CLIENT, OTHER_NPI = "another-client", "1999999992"
PANEL, OTHER_PANEL = "panel-riverbend", "panel-of-another"
NPI = "http://hl7.org/fhir/sid/us-npi"
OWN_NUMBERS = "https://payer.example.org/lists"


@dataclass(frozen=True)
class Listed:
    """One member of a Group: the member's id ("" for nobody here), what was submitted, and the consent to it.

    ``coverage`` is the Coverage that was submitted, where the same Patient came with several.
    """

    member: str
    submitted: Resource
    consent: Resource | None = None
    coverage: Resource | None = None


@dataclass(frozen=True)
class Group:
    """A Group of this payer, the client that it belongs to and that client's NPI."""

    id: str
    code: str
    owner: str
    npi: str
    members: tuple[Listed, ...]
    since: str


def match(call: Call, payer: Payer) -> Any:
    """The three Groups of a bulk match, kept for the client; an Answer where the request is none."""
    try:
        bundles = [_parts(each) for each in objects(one_object(call.json()).get("parameter"))]
    except ValueError as error:
        return refusal(400, "invalid", f"The body is no bulk match request: {error}")
    if not bundles:
        return refusal(400, "required", "A MemberBundle is missing.", expression="Parameters.parameter")
    listed: dict[str, list[Listed]] = {MATCH: [], NO_MATCH: [], CONSTRAINED: []}
    sent = Counter(text(parts["MemberPatient"].get("id")) for parts in bundles)
    for parts in bundles:
        code, one = _placed(call, parts, payer)
        several = sent[text(one.submitted.get("id"))] > 1 and call.version != "pdex=2.1.0"
        listed[code].append(replace(one, coverage=parts["CoverageToMatch"]) if several else one)
    grant = trust.granted(call, payer)
    client, npi = (grant.client if grant else ""), trust.npi(call, payer)
    groups = [
        Group(payer.new_id(), code, client, npi, tuple(found), payer.clock.today().isoformat())
        for code, found in listed.items()
        if found or not payer.policies.exchange.get("omits_empty_groups")
    ]
    with payer.overlay.lock:
        payer.overlay.groups.update({group.id: group for group in groups})
    return groups


def known(payer: Payer) -> dict[str, Group]:
    """Every Group: those that were matched, and those that the payer keeps for providers."""
    owner = next(iter(payer.policies.trust["clients"]), "")
    npi = str(payer.policies.trust["clients"].get(owner, {}).get("npi", ""))
    panel = [key for key, member in payer.seed.members.items() if PANEL in member.get("panels", ())]
    kept = [key for key in panel if may_share(payer, key)]
    own = Group(PANEL, "pdexprovidergroup", owner, npi, tuple(Listed(key, {}) for key in kept), "2026-07-01")
    other = [key for key, member in payer.seed.members.items() if OTHER_PANEL in member.get("panels", ())]
    foreign = tuple(Listed(key, {}) for key in other)
    theirs = Group(OTHER_PANEL, "pdexprovidergroup", OTHER_CLIENT, OTHER_NPI, foreign, "2026-07-01")
    return {PANEL: own, OTHER_PANEL: theirs, **payer.overlay.groups}


def may_share(payer: Payer, member: str) -> bool:
    """Whether a member's data go to providers: the last word of the member counts."""
    choice = payer.seed.members[member].get("provider_access", "")
    if not payer.policies.exchange.get("opt_out_honoured", True):
        return True
    if not payer.policies.exchange.get("opt_out_reversible", True) and choice:
        return False
    return bool(choice != "opted-out")


def visible(call: Call, payer: Payer) -> dict[str, Group]:
    """The Groups that this call may see: those of its client."""
    grant = trust.granted(call, payer)
    if payer.policies.exchange.get("groups_for_all") and grant:
        return known(payer)
    return {key: group for key, group in known(payer).items() if grant and group.owner == grant.client}


def search(call: Call, payer: Payer) -> Answer:
    """Group?identifier=, characteristic=, code=: the client's own Groups."""
    asked = dict(call.query)
    unknown = [name for name in asked if name not in ("identifier", "characteristic", "code", "_format")]
    if unknown:
        return refusal(400, "not-supported", f"Groups are not searched by {unknown[0]}.")
    number, code = asked.get("identifier", ""), asked.get("code", "")
    found = [
        one
        for one in visible(call, payer).values()
        if (not number or _shown_to_all(payer) or names(number, _numbers(one, payer).items()))
        and (not code or names(code, [(_system(one), one.code)]))
    ]
    return Answer(200, exchange.searchset(call, payer, [resource(group, payer) for group in found]))


def read(call: Call, payer: Payer) -> Answer:
    """Group/{id}: 403 where it is not the client's."""
    group = visible(call, payer).get(call.path.split("/")[1])
    if group is None:
        return refusal(403, "forbidden", "Only Groups of the client itself are given.")
    return Answer(200, resource(group, payer))


def resource(group: Group, payer: Payer) -> Resource:
    """A Group as a resource; a matched one contains the Patients that were submitted."""
    code = {"coding": [{"system": _system(group), "code": group.code}]}
    who = {"identifier": {"system": NPI, "value": group.npi}}
    about: Resource = {"code": code, "valueReference": who, "exclude": False, "period": {"start": group.since}}
    found: Resource = {
        "resourceType": "Group",
        "id": group.id,
        "meta": {"lastUpdated": payer.clock.stamp()},
        "contained": _contained(group),
        "identifier": [{"system": name, "value": value} for name, value in _numbers(group, payer).items()],
        "active": True,
        "type": "person",
        "actual": True,
        "code": code,
        "name": NAMED.get(group.code, "Attributed members"),
        "managingEntity": {"identifier": people.PAYER_ID, "display": people.PAYER_NAME},
        "characteristic": [about],
        "member": [{"entity": _entity(each, group.code)} for each in group.members],
    }
    return {key: value for key, value in found.items() if value != []}


def _system(group: Group) -> str:
    return RESULTS if group.code in PARAMETERS else ATTRIBUTION


def _numbers(group: Group, payer: Payer) -> dict[str, str]:
    """By which numbers a Group is known: that of its client, the payer's own, or none."""
    known_by = payer.policies.exchange.get("groups_known_by", "client")
    return {"client": {NPI: group.npi}, "payer": {OWN_NUMBERS: f"list {group.id}, A|B"}, "nobody": {}}[known_by]


def _shown_to_all(payer: Payer) -> bool:
    return bool(payer.policies.exchange.get("groups_for_all"))


def _entity(each: Listed, code: str) -> Resource:
    inside = f"#{each.submitted['id']}" if each.submitted else ""
    known_by = f"Patient/{each.member}" if code in (MATCH, "pdexprovidergroup") else inside
    if not inside:
        return {"reference": known_by}
    parts = [{"url": SUBMITTED, "valueReference": {"reference": inside}}]
    if each.coverage:
        parts.append({"url": COVERAGE, "valueReference": {"reference": f"#{each.coverage['id']}"}})
    return {"extension": parts, "reference": known_by}


def _contained(group: Group) -> list[Resource]:
    """The Patients that were submitted, each once, and the Coverages where a Patient came with several."""
    found = [each.submitted for each in group.members if each.submitted]
    # Inside the Group a Coverage's member is the Patient contained beside it.
    found += [
        {**each.coverage, "beneficiary": {"reference": f"#{each.submitted['id']}"}}
        for each in group.members
        if each.coverage
    ]
    return list({(one["resourceType"], one["id"]): one for one in found}.values())


def _parts(parameter: Mapping[str, Any]) -> dict[str, Resource]:
    if parameter.get("name") != "MemberBundle":
        raise ValueError("only the parameter MemberBundle is known")
    parts = {text(part.get("name")): one_object(part.get("resource")) for part in objects(parameter.get("part"))}
    for name in ("MemberPatient", "CoverageToMatch", "Consent"):
        if not parts.get(name):
            raise ValueError(f"the part {name} is missing")
    return parts


def _placed(call: Call, parts: Mapping[str, Resource], payer: Payer) -> tuple[str, Listed]:
    """In which Group a bundle belongs."""
    submitted = {key: value for key, value in parts["MemberPatient"].items() if key != "meta"}
    found = exchange.candidates(parts["MemberPatient"], parts["CoverageToMatch"], payer)
    rules = payer.policies.exchange
    if not found or (len(found) > 1 and not rules.get("first_of_several_in_bulk")):
        return NO_MATCH, Listed("", submitted)
    member = found[0].get("record", found[0]["id"])
    if call.operation == "provider-access.member-match":
        return (MATCH if may_share(payer, member) else CONSTRAINED), Listed(member, submitted)
    given = parts["Consent"]
    if rules.get("consent_checked", True) and consent.objection(
        given, payer.clock.now(), exchange.recipient(call, payer)
    ):
        return CONSTRAINED, Listed(member, submitted)
    return MATCH, Listed(member, submitted, given)

"""What the model payer decides and keeps: one record per authorization, item by item, by the service asked for.

A record is a plain dict in the payer's own terms (fixtures/sandbox/authorizations.json shows it whole):
id, member, identifiers, npis, requester {npi, name}, urgency, received, decided, items. An item: sequence, service,
category, quantity, decision, and where they belong to it number, reference, reason {code, text}, issued, period,
units, traces, requested, then and settles_at.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from conformance.sandbox.frame import Resource
from conformance.sandbox.prior_auth_extras import CONTEXTS
from conformance.sandbox.prior_auth_request import Asked, Entry, codes, extension, extensions, npis, objects
from conformance.sandbox.store import Payer

Record = dict[str, Any]
Item = dict[str, Any]

VALID_DAYS = 90
CANCEL = "3"  # X12 1322
NOT_ON_FILE = "67"  # X12 901
NOT_ELIGIBLE = "95"  # X12 901
NOT_THE_PAYER = "T4"  # X12 901
INSURERS = ("1649830274", "789312", "1234567893")  # its own, and those that the guides' examples address
LEVEL_URGENT = ("U", "03")  # X12 1338


def member_of(asked: Asked, payer: Payer) -> Mapping[str, Any] | None:
    """The member a request is about: by the Patient's identifier, else by subscriber, family name and birth date."""
    held = {(one.get("system"), str(one.get("value"))) for one in objects(asked.patient.resource.get("identifier"))}
    for member in payer.seed.members.values():
        own = member["identifier"]
        if (own["system"], own["value"]) in held or (None, own["value"]) in held:
            return member
    subscriber = asked.coverage.resource.get("subscriberId")
    families = [str(name.get("family", "")).casefold() for name in objects(asked.patient.resource.get("name"))]
    for member in payer.seed.members.values():
        same = member["subscriber_id"] == subscriber and member["family"].casefold() in families
        if same and member["birth_date"] == asked.patient.resource.get("birthDate"):
            return member
    return None


def decide(asked: Asked, member: Mapping[str, Any] | None, prior: Record | None, payer: Payer) -> Record:
    """A new record of what was asked and what is decided about it; ``prior`` is the record that an update changes.

    A business error (nobody of that name, no coverage, a service that cannot be asked for so) stands in ``errors``;
    such a record decides nothing.
    """
    now = payer.clock.now()
    record: Record = {
        "id": payer.new_id(),
        "member": member["id"] if member else "",
        "identifiers": asked.claim["identifier"],
        "npis": sorted(asked.provider_ids()),
        "requester": requester(asked),
        "type": asked.claim["type"],
        "urgency": _urgency(asked.claim),
        "received": _stamp(now),
        "decided": _stamp(now),
        "errors": _errors(asked, member, payer),
        "items": [],
        "replaces": [],
    }
    if record["errors"]:
        return record
    all_cancelled = CANCEL in codes(extension(asked.claim, "extension-certificationType").get("valueCodeableConcept"))
    before = {item["sequence"]: item for item in prior["items"]} if prior else {}
    for wanted in _wanted(asked, payer):
        earlier = before.get(wanted["sequence"])
        record["items"].append(_item(wanted, earlier, payer, cancelled=all_cancelled))
    return record


def _wanted(asked: Asked, payer: Payer) -> list[Resource]:
    """The items that are looked at."""
    items = list(objects(asked.claim["item"]))
    if payer.policies.prior_auth.get("takes_additions", True):
        return items
    return [item for item in items if extension(item, "extension-infoChanged").get("valueCode") != "added"]


def merged(record: Record, prior: Record | None) -> Record:
    """The record as it is kept: with the items and identifiers of the record that it changes."""
    if prior is None:
        return record
    answered = {item["sequence"] for item in record["items"]}
    kept = [item for item in prior["items"] if item["sequence"] not in answered]
    identifiers = [one for one in prior["identifiers"] if one not in record["identifiers"]]
    return {
        **record,
        "identifiers": [*record["identifiers"], *identifiers],
        "items": sorted([*kept, *record["items"]], key=lambda item: int(item["sequence"])),
        "replaces": [*prior.get("replaces", ()), prior["id"]],
    }


def settled(record: Record, now: datetime) -> Record:
    """The record as it stands at ``now``: a pended item whose time has come is decided."""
    items = [_settled(item, now) for item in record["items"]]
    times = [item["settles_at"] for item, old in zip(items, record["items"], strict=True) if item is not old]
    return {**record, "items": items, "decided": max(times)} if times else record


def is_update(asked: Asked) -> bool:
    """Whether the Claim changes an earlier one: it names it, or says of an item that it is changed or cancelled."""
    marks = ("extension-infoChanged", "modifierextension-infoCancelled")
    return bool(asked.claim.get("related")) or any(
        extensions(item, mark) for item in asked.claim["item"] for mark in marks
    )


def prior_traces(asked: Asked) -> tuple[str, ...]:
    """The trace numbers of the Claim that an update changes: of the related Claim, else its own."""
    found: list[str] = []
    for related in asked.claim.get("related", ()):
        entry = asked.find(related.get("claim"))
        named = [claim.get("identifier") for claim in objects([related.get("claim")])]
        identifiers = objects(entry.resource.get("identifier") if entry else named)
        found += [str(one["value"]) for one in identifiers if one.get("value")]
    return tuple(found) or asked.trace_values()


def requester(asked: Asked) -> dict[str, str]:
    """Number and name of who asks: of the organization, or of the practitioner behind a role."""
    role = asked.provider.resource
    behind: Entry | None = asked.find(role.get("practitioner")) or asked.find(role.get("organization"))
    who = behind.resource if behind else role
    person = next(iter(objects(who.get("name"))), {})
    name = who["name"] if isinstance(who.get("name"), str) else str(person.get("family", ""))
    return {"npi": next(iter(npis(who)), ""), "name": name}


def duration(text: str) -> timedelta:
    """An ISO 8601 duration of days, hours, minutes and seconds."""
    found = re.fullmatch(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?", text)
    if not found:
        raise ValueError(f"{text!r} is no duration")
    days, hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def _item(wanted: Resource, earlier: Item | None, payer: Payer, *, cancelled: bool) -> Item:
    facts = _facts(wanted)
    flagged = extension(wanted, "modifierextension-infoCancelled").get("valueBoolean") is True
    kind = codes(extension(wanted, "extension-certificationType").get("valueCodeableConcept"))
    if (cancelled or flagged or CANCEL in kind) and payer.policies.prior_auth.get("cancels", True):
        return {**_numbers_before(earlier), **facts, "decision": "cancelled", "issued": _today(payer)}
    if earlier and earlier["decision"] != "cancelled" and not extensions(wanted, "extension-infoChanged"):
        return {**earlier, **facts}
    rule = _rule(wanted, payer)
    if "questionnaire" in rule.get("asks", {}):  # to be had for a trace number of the payer's own
        context = {"system": CONTEXTS, "value": payer.new_id()}
        facts["traces"] = [*facts.get("traces", ()), context]
    return {**_numbers_before(earlier), **facts, **_ruling(rule, facts, payer)}


def _facts(wanted: Resource) -> Item:
    """What an item asks for, in the payer's terms."""
    facts: Item = {
        "sequence": wanted["sequence"],
        "service": wanted["productOrService"],
        "category": wanted["category"],
        "modifier": wanted.get("modifier"),
        "location": wanted.get("locationCodeableConcept"),
        "quantity": wanted.get("quantity"),
        "traces": [
            one["valueIdentifier"]
            for one in extensions(wanted, "extension-itemTraceNumber")
            if "valueIdentifier" in one
        ],
        "number_before": extension(wanted, "extension-authorizationNumber").get("valueString"),
    }
    if "servicedDate" in wanted:
        facts["requested"] = {"valueDateTime": wanted["servicedDate"]}
    if "servicedPeriod" in wanted:
        facts["requested"] = {"valuePeriod": wanted["servicedPeriod"]}
    return {name: value for name, value in facts.items() if value}


def _numbers_before(earlier: Item | None) -> Item:
    """The numbers that a changed item was known by, so that a search for them still finds it (PAS, spec-47 and 48)."""
    if earlier is None:
        return {}
    number = earlier.get("number", earlier.get("number_before"))
    reference = earlier.get("reference", earlier.get("reference_before"))
    found = {"number_before": number, "reference": reference, "reference_before": reference}
    return {name: value for name, value in found.items() if value}


def _rule(wanted: Resource, payer: Payer) -> Mapping[str, Any]:
    """The rule of the first service code that has one; whatever has none is approved."""
    known = (payer.seed.services[code] for code in codes(wanted["productOrService"]) if code in payer.seed.services)
    return next(known, {"decision": "approved"})


def _ruling(rule: Mapping[str, Any], facts: Item, payer: Payer) -> Item:
    """The decision about one item, with everything that belongs to it."""
    decision = rule["decision"]
    issued = _today(payer)
    valid = {"issued": issued, "period": _period(issued, rule.get("valid_days", VALID_DAYS))}
    number = _number("AUTH", payer)
    reference = _number("REF", payer)
    amount = facts.get("quantity", {}).get("value")
    if decision == "approved" or (decision == "modified" and amount is not None and amount <= rule["units"]):
        return {"decision": "approved", "number": number, **valid}
    if decision == "modified":
        return {
            "decision": "modified",
            "number": number,
            "units": rule["units"],
            "reason": rule.get("reason"),
            **valid,
        }
    if decision == "denied":
        return {"decision": "denied", "reference": reference, "reason": rule.get("reason"), "issued": issued}
    if decision == "pended":
        return {
            "decision": "pended",
            "reference": reference,
            "then": rule["then"],
            "settles_at": _stamp(payer.clock.now() + duration(rule["settles"])),
            "valid_days": rule.get("valid_days", VALID_DAYS),
            "reason": rule.get("reason"),
            "units": rule.get("units"),
            **({"asks": rule["asks"]} if "asks" in rule else {}),
        }
    return {"decision": decision}


def _settled(item: Item, now: datetime) -> Item:
    if item["decision"] != "pended" or "settles_at" not in item or item["settles_at"] > _stamp(now):
        return item
    issued = item["settles_at"][:10]
    found = {**item, "decision": item["then"], "issued": issued}
    if item["then"] in ("approved", "modified"):
        found["number"] = item["reference"].replace("REF-", "AUTH-")
        found["period"] = _period(issued, item["valid_days"])
    return found


def _errors(asked: Asked, member: Mapping[str, Any] | None, payer: Payer) -> list[dict[str, str]]:
    rules = payer.policies.prior_auth
    if member is None and rules.get("checks_members", True):
        return [
            {
                "code": NOT_ON_FILE,
                "element": "2010C-NM109",
                "path": f"Bundle.entry[{asked.patient.place}].resource.identifier",
            }
        ]
    if member and member["coverage"]["status"] != "active" and rules.get("checks_coverage", True):
        return [
            {"code": NOT_ELIGIBLE, "element": "2010C-NM109", "path": f"Bundle.entry[{asked.coverage.place}].resource"}
        ]
    insurers = {str(one.get("value")) for one in objects(asked.insurer.resource.get("identifier"))}
    if insurers and not insurers & set(INSURERS) and rules.get("checks_insurer", True):
        return [
            {
                "code": NOT_THE_PAYER,
                "element": "2010A-NM109",
                "path": f"Bundle.entry[{asked.insurer.place}].resource.identifier",
            }
        ]
    place = next(entry.place for entry in asked.entries if entry.resource is asked.claim)
    rulings = [(index, _rule(item, payer)) for index, item in enumerate(asked.claim["item"])]
    return [
        {
            "code": rule["reject"],
            "element": "2000F-SV101",
            "path": f"Bundle.entry[{place}].resource.item[{index}].productOrService",
        }
        for index, rule in rulings
        if rule["decision"] == "error"
    ]


def _urgency(claim: Resource) -> str:
    level = codes(extension(claim, "extension-levelOfServiceCode").get("valueCodeableConcept"))
    urgent = "stat" in codes(claim["priority"]) or any(code in LEVEL_URGENT for code in level)
    return "expedited" if urgent else "standard"


def _period(start: str, days: int) -> dict[str, str]:
    end = datetime.fromisoformat(start).date() + timedelta(days=days)
    return {"start": start, "end": end.isoformat()}


def _number(kind: str, payer: Payer) -> str:
    return f"{kind}-{payer.new_id()[:8].upper()}"


def _today(payer: Payer) -> str:
    return payer.clock.today().isoformat()


def _stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

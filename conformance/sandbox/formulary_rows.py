"""The formulary's rows written out as FHIR resources: plans, formularies, items, drugs and coverage areas.

The rows are fixtures/sandbox/formulary.json: a drug once with its codes, an item with its tier per formulary and only
the limits it has. Days are counted from the payer's today. What is written fits both guide versions at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from conformance.sandbox.frame import Resource

Row = Mapping[str, Any]
Rooms = tuple[dict[str, Resource], dict[str, Resource], dict[str, Resource], dict[str, Resource]]

GUIDE = "http://hl7.org/fhir/us/davinci-drug-formulary"
TRIAL = "-TEMPORARY-TRIAL-USE"
TIER = f"{GUIDE}/CodeSystem/usdf-DrugTierCS{TRIAL}"
BENEFIT = f"{GUIDE}/CodeSystem/usdf-PharmacyBenefitTypeCS{TRIAL}"
COST = f"{GUIDE}/CodeSystem/usdf-BenefitCostTypeCS{TRIAL}"
SHARE = f"{GUIDE}/CodeSystem/usdf-CostShareOptionCS{TRIAL}"
CONTACT = f"{GUIDE}/CodeSystem/usdf-PlanContactTypeCS{TRIAL}"
ITEM = f"{GUIDE}/CodeSystem/usdf-InsuranceItemTypeCS"
PRODUCT = "http://hl7.org/fhir/us/davinci-pdex-plan-net/CodeSystem/InsuranceProductTypeCS"
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
PLAN_TYPE = "http://terminology.hl7.org/CodeSystem/insurance-plan-type"
PATIENT_CONTACT = "http://terminology.hl7.org/CodeSystem/contactentity-type"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
SNOMED = "http://snomed.info/sct"
UCUM = "http://unitsofmeasure.org"
PLAN_NUMBERS = "https://payer.example.org/plans"
FORMULARY_NUMBERS = "https://payer.example.org/formularies"
HIOS_NUMBERS = "https://payer.example.org/hios-plans"
SITE = "https://payer.example.org"
PHONE = "+1 (800) 555-0142"
FORMS = {"tablet": ("421026006", "Oral tablet"), "cream": ("385099005", "Cream")}


def extension_url(name: str) -> str:
    """The URL of one of the guide's extensions: ``extension_url("DrugTierID")``."""
    return f"{GUIDE}/StructureDefinition/usdf-{name}-extension"


def expand(data: Row, today: date) -> Rooms:
    """Insurance plans (formularies among them), items, drugs and locations by id, as they are on ``today``."""
    days = _Days(today, data.get("updated", {}))
    span = days.period(data.get("period", (0, 0)))
    names = {row["code"]: row["name"] for row in data.get("drugs", ())}
    plans = [_plan(row, span, days) for row in data.get("plans", ())]
    plans += [_formulary(row, span, days) for row in data.get("formularies", ())]
    items = [
        _item(row, formulary, data["benefits"][row["at"]], span, days)
        for formulary in data.get("formularies", ())
        for row in data.get("items", ())
        if formulary["key"] in row and row["drug"] in names
    ]
    drugs = [_drug(row, days) for row in data.get("drugs", ())]
    places = [_location(row, days) for row in data.get("locations", ())]
    return _by_id(plans), _by_id(items), _by_id(drugs), _by_id(places)


@dataclass(frozen=True)
class _Days:
    """Dates and stamps counted from today; ``updated`` says how many days ago each room was changed last."""

    today: date
    updated: Mapping[str, int]

    def day(self, offset: int) -> str:
        return (self.today + timedelta(days=offset)).isoformat()

    def period(self, offsets: Sequence[int]) -> dict[str, str]:
        return {"start": self.day(offsets[0]), "end": self.day(offsets[1])}

    def meta(self, room: str, profile: str) -> Resource:
        stamp = f"{self.day(self.updated.get(room, 0))}T09:00:00.000Z"
        return {"versionId": "1", "lastUpdated": stamp, "profile": [f"{GUIDE}/StructureDefinition/usdf-{profile}"]}


def _plan(row: Row, span: Resource, days: _Days) -> Resource:
    number = {"system": PLAN_NUMBERS, "value": row["number"]}
    costs = [_costs(benefit, tiers) for benefit, tiers in row["costs"].items()]
    return {
        "resourceType": "InsurancePlan",
        "id": row["id"],
        "meta": days.meta("plans", "PayerInsurancePlan"),
        "identifier": [number, {"system": HIOS_NUMBERS, "value": row["hios"]}],
        "status": "active",
        "type": [_concept(PRODUCT, row["type"])],
        "name": row["name"],
        "period": dict(span),
        "coverageArea": [{"reference": f"Location/{row['area']}"}],
        "contact": [
            _contact(PATIENT_CONTACT, "PATINF", "Member services", "phone", PHONE),
            _contact(CONTACT, "MARKETING", "About the plan", "url", f"{SITE}/plans"),
            _contact(CONTACT, "SUMMARY", "Summary of benefits", "url", f"{SITE}/plans/{row['number']}/summary"),
            _contact(CONTACT, "FORMULARY", "Drug list", "url", f"{SITE}/plans/{row['number']}/drugs"),
        ],
        "coverage": [
            {
                "extension": [
                    {
                        "url": extension_url("FormularyReference"),
                        "valueReference": {"reference": f"InsurancePlan/{row['formulary']}"},
                    }
                ],
                "type": _concept(ACT, "DRUGPOL"),
                "benefit": [{"type": _concept(PLAN_TYPE, "drug", "Drug")}],
            }
        ],
        "plan": [{"identifier": [number], "type": _concept(PLAN_TYPE, "drug", "Drug"), "specificCost": costs}],
    }


def _costs(benefit: str, tiers: Mapping[str, float | str]) -> Resource:
    """What a member pays at one kind of pharmacy, by tier: dollars, or a share of the price such as "33%"."""
    return {
        "category": _concept(BENEFIT, benefit),
        "benefit": [{"type": _concept(TIER, tier), "cost": [_cost(paid)]} for tier, paid in tiers.items()],
    }


def _cost(paid: float | str) -> Resource:
    if isinstance(paid, str):
        share = {"value": float(paid.rstrip("%")), "unit": "%", "system": UCUM, "code": "%"}
        return {"type": _concept(COST, "coinsurance"), "qualifiers": [_concept(SHARE, "charge")], "value": share}
    dollars = {"value": paid, "unit": "$", "system": "urn:iso:std:iso:4217", "code": "USD"}
    qualifier = _concept(SHARE, "charge" if paid else "no-charge")
    return {"type": _concept(COST, "copay"), "qualifiers": [qualifier], "value": dollars}


def _contact(system: str, purpose: str, name: str, kind: str, value: str) -> Resource:
    return {
        "purpose": _concept(system, purpose),
        "name": {"text": name},
        "telecom": [{"system": kind, "value": value}],
    }


def _formulary(row: Row, span: Resource, days: _Days) -> Resource:
    return {
        "resourceType": "InsurancePlan",
        "id": row["id"],
        "meta": days.meta("plans", "Formulary"),
        "identifier": [{"system": FORMULARY_NUMBERS, "value": row["number"]}],
        "status": "active",
        "type": [_concept(ACT, "DRUGPOL")],
        "name": row["name"],
        "period": dict(span),
    }


def _item(row: Row, formulary: Row, benefits: Sequence[str], span: Resource, days: _Days) -> Resource:
    key = formulary["key"]
    offsets = _own(row.get("period"), key)
    extensions = [
        _extension("FormularyReference", "Reference", {"reference": f"InsurancePlan/{formulary['id']}"}),
        _extension("AvailabilityStatus", "Code", _own(row.get("status"), key) or "active"),
        _extension("AvailabilityPeriod", "Period", days.period(offsets) if offsets else dict(span)),
        *(_extension("PharmacyBenefitType", "CodeableConcept", _concept(BENEFIT, benefit)) for benefit in benefits),
        _extension("DrugTierID", "CodeableConcept", _concept(TIER, row[key])),
        *_flag("PriorAuthorization", row.get("pa", "")),
        *_flag("StepTherapyLimit", row.get("st", "")),
        _extension("QuantityLimit", "Boolean", "ql" in row),
    ]
    if "ql" in row:
        extensions.append({"extension": _quantity(row["ql"]), "url": extension_url("QuantityLimitDetail")})
    if "note" in row:
        extensions.append(_extension("AdditionalCoverageInformation", "Markdown", row["note"]))
    return {
        "resourceType": "Basic",
        "id": f"item-{key}-{row['drug']}",
        "meta": days.meta("items", "FormularyItem"),
        "extension": extensions,
        "code": _concept(ITEM, "formulary-item", "Formulary Item"),
        "subject": {"reference": f"MedicationKnowledge/drug-{row['drug']}"},
    }


def _own(value: Any, key: str) -> Any:
    """A value of an item that holds in every formulary, or in the one named ``key``."""
    return value.get(key) if isinstance(value, dict) else value


def _flag(name: str, who: str) -> list[Resource]:
    """A limit as the guide writes it; ``who`` is "all", "new" (new starts only) or "" (nobody)."""
    flags = [_extension(name, "Boolean", bool(who))]
    return [*flags, _extension(f"{name}NewStartsOnly", "Boolean", who == "new")] if who else flags


def _quantity(limit: Row) -> list[Resource]:
    parts: list[Resource] = []
    if "text" in limit:
        parts.append({"url": "Description", "valueString": limit["text"]})
    if "rolling" in limit:
        count, period = limit["rolling"]
        repeat: Resource = {"count": count, "period": period, "periodUnit": "d"}
        parts.append({"url": "Rolling", "valueTiming": {"repeat": repeat}})
    if "daily" in limit:
        parts.append({"url": "MaximumDaily", "valueQuantity": {"value": limit["daily"]}})
    if "supply" in limit:
        count, period, bounds = limit["supply"]
        within = {"value": bounds, "system": UCUM, "code": "d"}
        repeat = {"boundsDuration": within, "count": count, "period": period, "periodUnit": "d"}
        parts.append({"url": "DaysSupply", "valueTiming": {"repeat": repeat}})
    return parts


def _drug(row: Row, days: _Days) -> Resource:
    codings = [{"system": RXNORM, "code": row["code"], "display": row["name"]}]
    if "group" in row:
        group, name = row["group"]
        codings.append({"system": RXNORM, "code": group, "display": name})
    drug: Resource = {
        "resourceType": "MedicationKnowledge",
        "id": f"drug-{row['code']}",
        "meta": days.meta("drugs", "FormularyDrug"),
        "code": {"coding": codings},
        "status": "active",
    }
    if "form" in row:
        drug["doseForm"] = _concept(SNOMED, *FORMS[row["form"]])
    return drug


def _location(row: Row, days: _Days) -> Resource:
    return {
        "resourceType": "Location",
        "id": row["id"],
        "meta": days.meta("locations", "InsurancePlanLocation"),
        "status": "active",
        "name": row["name"],
        "address": dict(row["address"]),
    }


def _concept(system: str, code: str, display: str = "") -> Resource:
    coding = {"system": system, "code": code}
    return {"coding": [{**coding, "display": display} if display else coding]}


def _extension(name: str, kind: str, value: Any) -> Resource:
    return {"url": extension_url(name), f"value{kind}": value}


def _by_id(resources: Sequence[Resource]) -> dict[str, Resource]:
    return {resource["id"]: resource for resource in resources}

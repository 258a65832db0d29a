"""The files that the model payer publishes as an issuer of qualified health plans: index, plans, drugs, providers.

They are made of the same plans, drugs and items that its FHIR formulary serves, so that both tell one story.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from conformance.sandbox.formulary_rows import HIOS_NUMBERS, extension_url
from conformance.sandbox.frame import Answer, Call, Resource, Seed
from conformance.sandbox.outcome import refusal
from conformance.sandbox.store import Payer

INDEX = "cms-data-index.json"
OPERATIONS = {
    INDEX: "drug-files.index",
    "plans.json": "drug-files.plans",
    "drugs.json": "drug-files.drugs",
    "providers.json": "drug-files.providers",
}
NETWORKS = ("PREFERRED", "NON-PREFERRED")


def serve(call: Call, payer: Payer) -> Answer:
    """Answers ``GET`` of one of the files, to anyone."""
    made = {INDEX: _index, "plans.json": _plans, "drugs.json": _drugs, "providers.json": _providers}.get(call.path)
    if made is None:
        return refusal(404, "not-found", "There is no such file.")
    return Answer(200, json.dumps(made(payer)).encode(), media_type="application/json")


def _index(payer: Payer) -> Any:
    here = payer.base_url
    return {
        "provider_urls": [f"{here}/providers.json"],
        "formulary_urls": [f"{here}/drugs.json"],
        "plan_urls": [f"{here}/plans.json"],
    }


def _year(payer: Payer) -> int:
    return payer.clock.today().year


def _plans(payer: Payer) -> list[Any]:
    items = payer.seed.formulary_items.values()
    return [
        {
            "plan_id_type": "HIOS-PLAN-ID",
            "plan_id": number,
            "marketing_name": plan["name"],
            "summary_url": f"https://payer.example.org/plans/{number}/summary",
            "marketing_url": f"https://payer.example.org/plans/{number}",
            "plan_contact": "drug-lists@payer.example.org",
            "years": [_year(payer)],
            "network": [{"network_tier": each} for each in NETWORKS],
            "formulary": [
                {"drug_tier": tier, "mail_order": True, "cost_sharing": [_cost()]}
                for tier in sorted({_tier(item) for item in items if _list_of(item) in lists} - {""})
            ],
            "last_updated_on": plan["meta"]["lastUpdated"][:10],
        }
        for number, plan, lists in _own_plans(payer.seed)
    ]


def _cost() -> Mapping[str, Any]:
    return {
        "pharmacy_type": "1-MONTH-IN-RETAIL",
        "copay_amount": 20.0,
        "copay_opt": "AFTER-DEDUCTIBLE",
        "coinsurance_rate": 0.0,
        "coinsurance_opt": None,
    }


def _drugs(payer: Payer) -> list[Any]:
    listed: dict[str, dict[str, Any]] = {}  # the drug's listings by plan, one for each
    for number, _, lists in _own_plans(payer.seed):
        for item in payer.seed.formulary_items.values():
            if _list_of(item) in lists and _said(item, "AvailabilityStatus", "valueCode") == "active":
                plans = listed.setdefault(item["subject"].get("reference", ""), {})
                plans.setdefault(number, _listing(number, item, _year(payer)))
    drugs = payer.seed.drugs.values()
    return [
        {
            "rxnorm_id": drug["id"].removeprefix("drug-"),  # its RxNorm code, however the resource is coded
            "drug_name": drug["code"]["coding"][0].get("display", "unnamed"),
            "plans": list(listed[f"MedicationKnowledge/{drug['id']}"].values()),
        }
        for drug in drugs
        if f"MedicationKnowledge/{drug['id']}" in listed and drug.get("status") != "inactive"
    ]


def _listing(number: str, item: Resource, year: int) -> Any:
    return {
        "plan_id_type": "HIOS-PLAN-ID",
        "plan_id": number,
        "drug_tier": _tier(item),
        "prior_authorization": limited(item, "PriorAuthorization"),
        "step_therapy": limited(item, "StepTherapyLimit"),
        "quantity_limit": bool(_said(item, "QuantityLimit", "valueBoolean")),
        "years": [year],
    }


def _providers(payer: Payer) -> list[Any]:
    return [
        {
            "npi": "1396827456",
            "type": "INDIVIDUAL",
            "name": {"first": "Imke", "last": "Halloran"},
            "addresses": [_address()],
            "specialty": ["Orthopedics"],
            "accepting": "accepting",
            "plans": [_network(number, "PREFERRED") for number, _, _ in _own_plans(payer.seed)],
            "last_updated_on": payer.clock.today().isoformat(),
        },
        {
            "npi": None,
            "type": "FACILITY",
            "facility_name": "Riverbend Hospital",
            "facility_type": ["Hospital"],
            "addresses": [_address()],
            "plans": [_network(number, "NON-PREFERRED") for number, _, _ in _own_plans(payer.seed)],
            "last_updated_on": payer.clock.today().isoformat(),
        },
    ]


def _address() -> Mapping[str, str]:
    return {"address": "2 Ferry Road", "city": "Hartford", "state": "CT", "zip": "06103", "phone": "8605550142"}


def _network(number: str, tier: str) -> Mapping[str, str]:
    return {"plan_id_type": "HIOS-PLAN-ID", "plan_id": number, "network_tier": tier}


def _own_plans(seed: Seed) -> Iterator[tuple[str, Resource, frozenset[str]]]:
    """The plans with a HIOS number: the number, the plan, and its formularies ("InsurancePlan/id")."""
    for plan in seed.insurance_plans.values():
        numbers = [each["value"] for each in plan.get("identifier", ()) if each.get("system") == HIOS_NUMBERS]
        lists = frozenset(
            each["valueReference"]["reference"]
            for coverage in plan.get("coverage", ())
            for each in coverage.get("extension", ())
            if each["url"] == extension_url("FormularyReference")
        )
        if numbers and lists:
            yield numbers[0], plan, lists


def _list_of(item: Resource) -> str:
    return str((_said(item, "FormularyReference", "valueReference") or {}).get("reference", ""))


def _tier(item: Resource) -> str:
    concept = _said(item, "DrugTierID", "valueCodeableConcept") or {}
    code = next((each["code"] for each in concept.get("coding", ())), concept.get("text", "generic"))
    return str(code).upper().replace(" ", "-").replace("PREVENTATIVE", "PREVENTIVE")


def limited(item: Resource, limit: str) -> bool:
    """Whether an item has a limit ("PriorAuthorization"), be it for new starts only."""
    return any(_said(item, name, "valueBoolean") for name in (limit, f"{limit}NewStartsOnly"))


def _said(item: Resource, name: str, key: str) -> Any:
    url = extension_url(name)
    return next((each[key] for each in item.get("extension", ()) if each["url"] == url and key in each), None)

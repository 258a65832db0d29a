"""Big formularies to measure with: a folder of NDJSON as an export would be, and an issuer's drugs.json.

python tests/bench/generated.py FOLDER ITEMS
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from random import Random
from typing import Any

GUIDE = "http://hl7.org/fhir/us/davinci-drug-formulary"
TRIAL = "-TEMPORARY-TRIAL-USE"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
FORMULARIES = 20  # that list the same drugs, each at tiers of its own
TIERS = ("generic", "preferred-generic", "preferred-brand", "brand", "non-preferred-brand", "specialty")
BENEFITS = ("1-month-in-retail", "3-month-in-retail", "3-month-in-mail")
COMPACT = {"separators": (",", ":")}


def write_folder(folder: Path, items: int, seed: int = 7) -> None:
    """A folder with that many formulary items, a drug for every twenty of them, and their plans."""
    dice = Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    drugs = max(1, items // FORMULARIES)
    _write(folder / "InsurancePlan.ndjson", [each for n in range(FORMULARIES) for each in _plan(n)])
    _write(folder / "MedicationKnowledge.ndjson", [_drug(n) for n in range(drugs)])
    with (folder / "Basic.ndjson").open("w", encoding="utf-8") as opened:
        for number in range(items):
            item = _item(number % FORMULARIES, number // FORMULARIES % drugs, dice)
            opened.write(json.dumps(item, **COMPACT) + "\n")  # type: ignore[arg-type]
    output = [
        {"type": "InsurancePlan", "url": "https://payer.example.org/InsurancePlan.ndjson", "count": 2 * FORMULARIES},
        {"type": "MedicationKnowledge", "url": "https://payer.example.org/MedicationKnowledge.ndjson", "count": drugs},
        {"type": "Basic", "url": "https://payer.example.org/Basic.ndjson", "count": items},
    ]
    manifest = {"transactionTime": "2026-11-01T00:00:00Z", "request": "https://payer.example.org/InsurancePlan/$export",
                "requiresAccessToken": False, "output": output, "error": []}  # fmt: skip
    (folder / "export.json").write_text(json.dumps(manifest))


def _write(file: Path, resources: list[dict[str, Any]]) -> None:
    file.write_text("".join(json.dumps(each, **COMPACT) + "\n" for each in resources))  # type: ignore[arg-type]


def _meta(profile: str) -> dict[str, Any]:
    return {"lastUpdated": "2026-10-15T08:30:00Z", "profile": [f"{GUIDE}/StructureDefinition/usdf-{profile}"]}


def _concept(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, "display": code.replace("-", " ").capitalize()}]}


def _extension(name: str, kind: str, value: object) -> dict[str, Any]:
    return {"url": f"{GUIDE}/StructureDefinition/usdf-{name}-extension", f"value{kind}": value}


def _plan(number: int) -> list[dict[str, Any]]:
    common = {
        "resourceType": "InsurancePlan",
        "status": "active",
        "period": {"start": "2026-01-01", "end": "2026-12-31"},
    }
    policy = _concept(ACT, "DRUGPOL")
    named = {"extension": [_extension("FormularyReference", "Reference", {"reference": f"InsurancePlan/F{number}"})]}
    return [
        {**common, "id": f"F{number}", "meta": _meta("Formulary"), "identifier": [{"value": f"F{number}"}],
         "type": [policy], "name": f"Formulary {number}"},
        {**common, "id": f"P{number}", "meta": _meta("PayerInsurancePlan"), "identifier": [{"value": f"P{number}"}],
         "type": [_concept("http://hl7.org/fhir/us/davinci-pdex-plan-net/CodeSystem/InsuranceProductTypeCS", "qhp")],
         "name": f"Plan {number}", "coverage": [{**named, "type": policy, "benefit": [{"type": policy}]}]},
    ]  # fmt: skip


def _drug(number: int) -> dict[str, Any]:
    coding = {"system": RXNORM, "code": str(200_000 + number), "display": f"substance{number} 10 MG Oral Tablet"}
    return {
        "resourceType": "MedicationKnowledge",
        "id": f"D{number}",
        "meta": _meta("FormularyDrug"),
        "code": {"coding": [coding]},
        "status": "active",
        "doseForm": _concept("http://snomed.info/sct", "421026006"),
    }


def _item(formulary: int, drug: int, dice: Random) -> dict[str, Any]:
    benefits = f"{GUIDE}/CodeSystem/usdf-PharmacyBenefitTypeCS{TRIAL}"
    limited = dice.random() < 0.35
    extensions = [
        _extension("FormularyReference", "Reference", {"reference": f"InsurancePlan/F{formulary}"}),
        _extension("AvailabilityStatus", "Code", "active"),
        _extension("AvailabilityPeriod", "Period", {"start": "2026-01-01", "end": "2026-12-31"}),
        *(_extension("PharmacyBenefitType", "CodeableConcept", _concept(benefits, each)) for each in BENEFITS),
        _extension("DrugTierID", "CodeableConcept",
                   _concept(f"{GUIDE}/CodeSystem/usdf-DrugTierCS{TRIAL}", dice.choice(TIERS))),
        _extension("PriorAuthorization", "Boolean", dice.random() < 0.23),
        _extension("StepTherapyLimit", "Boolean", dice.random() < 0.13),
        _extension("QuantityLimit", "Boolean", limited),
    ]  # fmt: skip
    if limited:
        said = {"url": "Description", "valueString": f"{dice.choice((30, 60, 90))} per {dice.choice((28, 30))} days"}
        url = f"{GUIDE}/StructureDefinition/usdf-QuantityLimitDetail-extension"
        extensions.append({"url": url, "extension": [said]})
    told = f"Formulary item: formulary F{formulary}; RxNorm {200_000 + drug}"
    return {
        "resourceType": "Basic",
        "id": f"FormularyItem-F{formulary}-{200_000 + drug}",
        "meta": _meta("FormularyItem"),
        "text": {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{told}</div>'},
        "extension": extensions,
        "code": _concept(f"{GUIDE}/CodeSystem/usdf-InsuranceItemTypeCS", "formulary-item"),
        "subject": {"reference": f"MedicationKnowledge/D{drug}", "type": "MedicationKnowledge"},
    }


def write_drug_files(folder: Path, megabytes: int, seed: int = 7) -> None:
    """An issuer's index, plans and providers, and a drugs.json of at least that many megabytes, 120 plans a drug."""
    dice = Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    numbers = [f"12345XX{number:07}" for number in range(120)]
    here = "https://issuer.example.org"
    index = {"plan_urls": [f"{here}/plans.json"], "formulary_urls": [f"{here}/drugs.json"],
             "provider_urls": [f"{here}/providers.json"]}  # fmt: skip
    (folder / "cms-data-index.json").write_text(json.dumps(index))
    (folder / "plans.json").write_text(json.dumps([_issuers_plan(number) for number in numbers]))
    address = {"address": "1 Main St", "city": "Albany", "state": "NY", "zip": "12207", "phone": "5185550142"}
    network = [{"plan_id_type": "HIOS-PLAN-ID", "plan_id": numbers[0], "network_tier": "PREFERRED"}]
    provider = {"npi": "1234567893", "type": "FACILITY", "facility_name": "A", "addresses": [address],
                "plans": network, "last_updated_on": "2026-01-01"}  # fmt: skip
    (folder / "providers.json").write_text(json.dumps([provider]))
    with (folder / "drugs.json").open("w") as opened:
        opened.write("[")
        number = 0
        while opened.tell() < megabytes * 10**6:
            tier = dice.choice(TIERS).upper()
            flags = {name: dice.random() < 0.2 for name in ("prior_authorization", "step_therapy", "quantity_limit")}
            plans = [{"plan_id_type": "HIOS-PLAN-ID", "plan_id": each, "drug_tier": tier, **flags, "years": [2026]}
                     for each in numbers]  # fmt: skip
            drug = {"rxnorm_id": str(200_000 + number), "drug_name": f"substance{number}", "plans": plans}
            opened.write((",\n" if number else "") + json.dumps(drug))
            number += 1
        opened.write("]")


def _issuers_plan(number: str) -> dict[str, Any]:
    return {
        "plan_id_type": "HIOS-PLAN-ID",
        "plan_id": number,
        "marketing_name": f"Plan {number}",
        "summary_url": "https://issuer.example.org/summary",
        "plan_contact": "lists@issuer.example.org",
        "network": [{"network_tier": "PREFERRED"}],
        "formulary": [{"drug_tier": tier.upper(), "mail_order": True} for tier in TIERS],
        "years": [2026],
        "last_updated_on": "2026-01-01",
    }


if __name__ == "__main__":
    write_folder(Path(sys.argv[1]), int(sys.argv[2]))

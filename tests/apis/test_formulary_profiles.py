"""The guide's cardinalities as rows: held against the official snapshots, and told in a reader's words."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from api_examples import example
from shared_data import needs_data

from conformance.apis.formulary import read_formulary, read_item, read_plan
from conformance.apis.formulary_faults import cost_faults, formulary_faults, item_faults, plan_faults
from conformance.apis.formulary_profiles import COSTS, FORMULARY, PLAN, QUANTITY
from conformance.apis.occurrences import Row, Slice, miscounted

DRUG = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/insurance-plan-type", "code": "drug"}]}
POLICY = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "DRUGPOL"}]}
GUIDE = "http://hl7.org/fhir/us/davinci-drug-formulary"
TRIAL = "-TEMPORARY-TRIAL-USE"
SLICES = {
    "drug coverage": "drug-coverage", "benefit of the type drug": "drug-plan", "plan of the type drug": "drug-plan",
    "formulary": "usdf-FormularyReference-extension",
}  # fmt: skip
CHOICES = {"valueString", "valueQuantity", "valueTiming"}
STRICTER = {"code", "periodUnit"}  # by an invariant: mqty-1, tim-2


def _cost(kind: str, unit: dict[str, str], **more: Any) -> dict[str, Any]:
    type_ = {"coding": [{"system": f"{GUIDE}/CodeSystem/usdf-BenefitCostTypeCS{TRIAL}", "code": kind}]}
    qualifier = {"coding": [{"system": f"{GUIDE}/CodeSystem/usdf-CostShareOptionCS{TRIAL}", "code": "charge"}]}
    return {"type": type_, "qualifiers": [qualifier], "value": {"value": 10, **unit}, **more}


COPAY = _cost("copay", {"system": "urn:iso:std:iso:4217", "code": "USD"})
SHARE = _cost("coinsurance", {"system": "http://unitsofmeasure.org", "code": "%"})
NAMED = {
    "url": f"{GUIDE}/StructureDefinition/usdf-FormularyReference-extension",
    "valueReference": {"reference": "InsurancePlan/F"},
}
WHOLE: dict[str, Any] = {
    "resourceType": "InsurancePlan",
    "identifier": [{"value": "1"}],
    "status": "active",
    "type": [{"text": "HMO"}],
    "coverage": [{"extension": [NAMED], "type": POLICY, "benefit": [{"type": DRUG}]}],
    "plan": [
        {"type": DRUG, "specificCost": [{"category": {}, "benefit": [{"type": {}, "cost": [COPAY, SHARE]}]}]},
        {"type": {"text": "medical"}},
    ],
}


def changed(*path: Any, to: Any = None, whole: Any = WHOLE) -> Any:
    """The whole with one element changed, or without it."""
    resource = copy.deepcopy(whole)
    *steps, last = path
    element = resource
    for step in steps:
        element = element[step]
    if to is None:
        del element[last]
    else:
        element[last] = to
    return resource


FIRST = "plan[0].specificCost[0].benefit[0].cost[0]"
TIER = ("plan", 0, "specificCost", 0, "benefit", 0)


@pytest.mark.parametrize(
    ("plan", "told"),
    [
        (WHOLE, ()),
        (changed("status", to="x"), ()),
        ({**changed("status"), "_status": {"extension": [{"url": "u", "valueCode": "unknown"}]}}, ()),
        (changed("identifier", 0, to={"system": "s"}), ()),
        (changed("identifier"), ("no identifier",)),
        (changed("status"), ("no status",)),
        (changed("type"), ("no type",)),
        (changed("type", to=[DRUG, DRUG]), ("2 times type",)),
        (changed("coverage", 0, "type", to={"text": "drugs"}), ("no drug coverage",)),
        (changed("coverage", 0, "extension"), ("no formulary in coverage[0]",)),
        (changed("coverage", 0, "extension", 0, "valueReference", to={"display": "F"}),
         ("a formulary that is not named",)),
        (changed("coverage", 0, "benefit"), ("no benefit of the type drug in coverage[0]",)),
        (changed("plan"), ("no plan of the type drug",)),
        (changed("plan", 0, "specificCost"), ("no specificCost in plan[0]",)),
        (changed(*TIER[:-2]), ("no specificCost in plan[0]",)),
        (changed(*TIER, "cost"), ("no cost in plan[0].specificCost[0].benefit[0]",)),
    ],
)  # fmt: skip
def test_what_a_plan_lacks(plan: Any, told: tuple[str, ...]) -> None:
    read = read_plan(plan)
    assert read is not None
    assert plan_faults(read) == told


@pytest.mark.parametrize(
    ("plan", "told"),
    [
        (WHOLE, ()),
        (changed(*TIER, "cost", to=[SHARE]), ()),
        (changed(*TIER, "cost", 1, "value", "value"), ()),  # 0..1 of a coinsurance
        (changed(*TIER, "cost", 0, "value"), ()),
        (changed(*TIER, "cost", to=[COPAY, COPAY]), ("2 times copay in plan[0].specificCost[0].benefit[0]",)),
        (changed(*TIER, "cost", 0, "value", "value"), (f"no value in {FIRST}.value",)),
        (changed(*TIER, "cost", 0, "value", "code"), (f"no code in {FIRST}.value",)),
        (changed(*TIER, "cost", to=[{**COPAY, "qualifiers": []}, {**SHARE, "qualifiers": []}]),
         (f"no qualifiers in {FIRST}, and 1 more such",)),
    ],
)  # fmt: skip
def test_what_the_costs_of_a_plan_lack(plan: Any, told: tuple[str, ...]) -> None:
    read = read_plan(plan)
    assert read is not None
    assert (read.cost_lacks, plan_faults(read)) == (told, ())


@pytest.mark.parametrize(
    ("qualifiers", "told"),
    [
        (COPAY["qualifiers"], ()),
        ([], ()),  # told of the plan
        ([{"text": "as charged"}], ("qualified by no code of the guide's",)),
        ([{"coding": [{"system": "urn:own", "code": "charge"}]}], ("qualified by no code of the guide's",)),
        ([{"coding": [{"system": "urn:own", "code": "1"}, *COPAY["qualifiers"][0]["coding"]]}], ()),
    ],
)
def test_a_cost_is_qualified_by_a_code_of_the_guides(qualifiers: Any, told: tuple[str, ...]) -> None:
    read = read_plan(changed(*TIER, "cost", 0, "qualifiers", to=qualifiers))
    assert read is not None
    assert cost_faults(read.costs[0]) == told


def test_what_a_formulary_lacks() -> None:
    listed = {"resourceType": "InsurancePlan", "identifier": [{"value": "1"}], "status": "active", "type": [POLICY]}
    for resource, told in (
        (listed, ()),
        ({**listed, "type": [{"text": "drugs"}]}, ("type is not DRUGPOL",)),
        ({**listed, "type": [POLICY, POLICY]}, ("2 times type",)),
        (changed("identifier", whole=listed), ("no identifier",)),
    ):
        read = read_formulary(resource)
        assert read is not None
        assert formulary_faults(read) == told


ROLLING = {"url": "Rolling", "valueTiming": {"repeat": {"count": 60, "period": 30, "periodUnit": "d"}}}
DAILY = {"url": "MaximumDaily", "valueQuantity": {"value": 2}}
WITHIN = {"value": 365, "system": "http://unitsofmeasure.org", "code": "d"}
SUPPLY = {
    "url": "DaysSupply",
    "valueTiming": {"repeat": {"boundsDuration": WITHIN, "count": 1, "period": 180, "periodUnit": "d"}},
}
REPEAT = (0, "valueTiming", "repeat")


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ([ROLLING, DAILY, SUPPLY, {"url": "Description", "valueString": "60 a month"}], ()),
        ([ROLLING, {"url": "urn:own", "valueInteger": 3}], ()),
        ([ROLLING, ROLLING], ("2 times Rolling",)),
        (changed(*REPEAT, "count", whole=[ROLLING]), ("no count in extension[0].valueTiming.repeat",)),
        (changed(*REPEAT, "period", whole=[SUPPLY]), ("no period in extension[0].valueTiming.repeat",)),
        (changed(*REPEAT, "periodUnit", to="mo", whole=[ROLLING]),
         ("periodUnit 'mo' in extension[0].valueTiming.repeat",)),
        (changed(*REPEAT, "boundsDuration", whole=[SUPPLY]), ("no boundsDuration in extension[0].valueTiming.repeat",)),
        (changed(0, "valueQuantity", "value", whole=[DAILY]), ("no value in extension[0].valueQuantity",)),
        ([{"url": "Rolling", "valueString": "60 a month"}], ("no valueTiming in extension[0]",)),
    ],
)  # fmt: skip
def test_what_a_quantity_lacks(parts: list[Any], told: tuple[str, ...]) -> None:
    url = f"{GUIDE}/StructureDefinition/usdf-QuantityLimitDetail-extension"
    item = read_item({"resourceType": "Basic", "extension": [{"url": url, "extension": parts}]})
    assert item is not None
    assert item.misused == told


def test_a_status_may_be_absent_for_a_reason() -> None:
    reason = {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "x"}]}
    url = f"{GUIDE}/StructureDefinition/usdf-AvailabilityStatus-extension"
    item = read_item({"resourceType": "Basic", "extension": [{"url": url, "_valueCode": reason}]})
    assert item is not None
    assert not [each for each in item_faults(item) if "status" in each]


def test_anything_is_counted() -> None:
    for odd in (None, [], "x", {"coverage": "x", "plan": [None, {"type": 3, "specificCost": {}}]}):
        assert "no identifier" in miscounted(odd, (*PLAN, *COSTS))


def _path(row: Row) -> str:
    """A row's element as the guide's snapshots name it."""
    return ".".join(_step(step) for step in (*row.above, row.element))


def _step(step: str | Slice) -> str:
    if isinstance(step, Slice):
        return f"{step.element}:{SLICES.get(step.name, step.name)}"
    return "value[x]" if step in CHOICES else "bounds[x]" if step == "boundsDuration" else step


@needs_data
@pytest.mark.parametrize(
    ("profile", "rows"),
    [("PayerInsurancePlan", (*PLAN, *COSTS)), ("Formulary", FORMULARY), ("QuantityLimitDetail-extension", QUANTITY)],
)
def test_the_rows_say_what_the_guides_profiles_say(profile: str, rows: tuple[Row, ...]) -> None:
    official = example(f"formulary-artifacts/StructureDefinition-usdf-{profile}.json")
    elements = {each["id"].partition(".")[2]: each for each in official["snapshot"]["element"]}
    for row in rows:
        element = elements[_path(row)]
        most = None if element["max"] == "*" else int(element["max"])
        least = 1 if row.element in STRICTER and not row.value.startswith("http") and row.least else element["min"]
        assert (row.least, row.most) == (least, most), _path(row)
        assert row.value in ("", element.get("patternUri"), element.get("patternCode")), _path(row)

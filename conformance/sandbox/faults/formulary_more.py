"""What else can be wrong with a formulary: items that contradict each other, searches by what is asked for seldom."""

from __future__ import annotations

import copy
from dataclasses import replace

from conformance.sandbox.faults import formulary_changes as changes
from conformance.sandbox.faults.formulary import AUTHORIZED, ignores
from conformance.sandbox.frame import Answer, Bend, Call, Fault, Resource, Seed, Variant

TWINNED = "item-harbor-617312"  # of a drug that no tester declares


def twin(own: str, change: changes.Change) -> changes.SeedChange:
    """A second item beside one, changed."""

    def added(seed: Seed) -> Seed:
        second: Resource = copy.deepcopy(seed.formulary_items[own])
        second["id"] += "-again"
        change(second)
        return replace(seed, formulary_items={**seed.formulary_items, second["id"]: second})

    return added


SEARCHED = (
    ("plan", "InsurancePlan", ("_id", "identifier", "name", "coverage-area", "formulary-coverage", "period")),
    ("item", "Basic", ("_lastUpdated", "subject", "pharmacy-benefit-type")),
    ("drug", "MedicationKnowledge", ("_id", "status")),
    ("location", "Location", ("_id", "address-city", "address-state")),
)


def _ignoring(word: str, kind: str, parameter: str) -> Fault:
    name = parameter.lower().strip("_").replace("-", "_")
    return ignores(f"ignores_the_{name}_of_{word}", f"usdf.search-{word}-parameters", f"{kind}?{parameter}")


VARIANTS: tuple[Variant, ...] = ()


def combined(call: Call, _answer: Answer) -> bool:
    """A search by formulary and tier at once."""
    return {"formulary", "drug-tier"} <= {name for name, _value in call.query}


def exactly(call: Call, _answer: Answer) -> bool:
    """A search for drugs by their exact name."""
    return "drug-name:exact" in {name for name, _value in call.query}


def by_two_names(call: Call, _answer: Answer) -> bool:
    """A search for drugs by two parts of a name."""
    return sum(name.startswith("drug-name") for name, _value in call.query) > 1


def emptied(bundle: Resource) -> None:
    """Without any match."""
    bundle.pop("entry", None)
    bundle["total"] = 0


def unknown(call: Call, _answer: Answer) -> bool:
    """A read of a resource that no payer has."""
    return call.path == "InsurancePlan/conformance-none"


def thinner(bundle: Resource) -> None:
    """Without its first match."""
    bundle["entry"] = bundle["entry"][1:]
    bundle["total"] -= 1


def apologizing(_call: Call, _answer: Answer) -> Answer:
    """A success that says that there is nothing."""
    outcome = {"severity": "information", "code": "not-found"}
    return Answer(200, {"resourceType": "OperationOutcome", "issue": [outcome]})


def without_costs(plan: Resource) -> None:
    """No cost of the generic tier, at any kind of pharmacy."""
    for each in plan["plan"]:
        for cost in each["specificCost"]:
            cost["benefit"] = [one for one in cost["benefit"] if one["type"]["coding"][0]["code"] != "generic"]


def needing_nothing(code: str) -> changes.SeedChange:
    """Coverage discovery knows of no authorization for one code."""

    def change(seed: Seed) -> Seed:
        return replace(seed, coverage_rules={**seed.coverage_rules, code: {"authorization": "none"}})

    return change


FAULTS: tuple[Fault, ...] = (
    Fault(
        "tells_two_stories_of_a_drug",
        "A drug that needs prior authorization by the formulary needs none by coverage discovery.",
        ("usdf.same-in-discovery",),
        seed=needing_nothing(AUTHORIZED),
    ),
    *(_ignoring(word, kind, parameter) for word, kind, parameters in SEARCHED for parameter in parameters),
    ignores("ignores_the_status_of_item", ("usdf.search-item-parameters", "usdf.search-combined"), "Basic?status"),
    ignores("ignores_include_of_plans", "usdf.include-plan-formulary", "InsurancePlan?_include"),
    Fault(
        "loses_an_item_of_a_combined_search",
        "A search by formulary and tier at once leaves out an item.",
        ("usdf.search-combined",),
        bend=changes.answering("formulary.search", thinner, combined),
    ),
    Fault(
        "knows_no_exact_name",
        "A search for drugs by their exact name finds none.",
        ("usdf.search-exact-name",),
        bend=changes.answering("formulary.search", emptied, exactly),
    ),
    Fault(
        "knows_no_two_names",
        "A search for drugs by two parts of a name finds none.",
        ("usdf.search-exact-name",),
        bend=changes.answering("formulary.search", emptied, by_two_names),
    ),
    Fault(
        "finds_what_is_not_there",
        "A read of a resource that is not there is answered with 200.",
        ("usdf.unknown-resource",),
        bend=Bend("formulary.read", apologizing, unknown),
    ),
    Fault(
        "forgets_the_costs_of_a_tier",
        "One plan does not say what generic drugs cost.",
        ("usdf.tier-costs",),
        seed=changes.one("insurance_plans", "plan-harbor", without_costs),
    ),
    Fault(
        "contradicts_itself",
        "A drug has two items in one formulary: by one of them it needs prior authorization, by the other not.",
        ("usdf.one-answer", "qhp.same-as-fhir"),
        seed=twin(TWINNED, changes.saying("PriorAuthorization", "valueBoolean", True)),
    ),
)

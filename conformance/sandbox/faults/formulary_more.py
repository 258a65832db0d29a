"""What else can be wrong with a formulary: items that contradict each other, searches by what is asked for seldom."""

from __future__ import annotations

import copy
from base64 import b64encode
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

REFINED = {  # what is searched by in finer ways too
    "InsurancePlan?identifier": ("usdf.search-several-values",),
    "InsurancePlan?name": ("usdf.search-modifiers",),
    "InsurancePlan?period": ("usdf.search-comparators",),
}


def _ignoring(word: str, kind: str, parameter: str) -> Fault:
    name = parameter.lower().strip("_").replace("-", "_")
    breaks = (f"usdf.search-{word}-parameters", *REFINED.get(f"{kind}?{parameter}", ()))
    return ignores(f"ignores_the_{name}_of_{word}", breaks, f"{kind}?{parameter}")


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


def with_costs(change: changes.Change) -> changes.Change:
    """Changes every cost of a plan."""

    def changed(plan: Resource) -> None:
        for each in plan["plan"]:
            for specific in each["specificCost"]:
                for benefit in specific["benefit"]:
                    for cost in benefit["cost"]:
                        change(cost)

    return changed


def in_euros(cost: Resource) -> None:
    """A copay in another currency."""
    if cost["value"].get("code") == "USD":
        cost["value"]["code"] = "EUR"


def misqualified(cost: Resource) -> None:
    """A coinsurance that is qualified as only a copay is."""
    if cost["value"].get("code") == "%":
        cost["qualifiers"][0]["coding"][0]["code"] = "before-deductible"


def free_of_charge(cost: Resource) -> None:
    """A cost that is nothing, without a number, and of a coinsurance without a unit."""
    cost["qualifiers"][0]["coding"][0]["code"] = "no-charge"
    del cost["value"]


def outlined(area: Resource) -> None:
    """An outline in the place of an address."""
    del area["address"]
    data = b64encode(b'{"type": "Feature", "geometry": null}').decode()
    outline = {"contentType": "application/geo+json", "data": data}
    url = "http://hl7.org/fhir/StructureDefinition/location-boundary-geojson"
    area["extension"] = [{"url": url, "valueAttachment": outline}]


def needing_nothing(code: str) -> changes.SeedChange:
    """Coverage discovery knows of no authorization for one code."""

    def change(seed: Seed) -> Seed:
        return replace(seed, coverage_rules={**seed.coverage_rules, code: {"authorization": "none"}})

    return change


def of_a_collection(bundle: Resource) -> None:
    """A Bundle of another type."""
    bundle["type"] = "collection"


def without_modes(bundle: Resource) -> None:
    """Entries that do not say how they came into the result: a mode is optional."""
    for each in bundle.get("entry", ()):
        each.pop("search", None)


VARIANTS: tuple[Variant, ...] = (
    Variant(
        "entries_without_a_mode",
        "Entries of a search do not say whether they match or are included.",
        bend=changes.answering("formulary.search", without_modes),
    ),
    Variant(
        "costs_without_a_number",
        "What costs nothing is said to, without a number.",
        seed=changes.one("insurance_plans", "plan-harbor", with_costs(free_of_charge)),
    ),
    Variant(
        "area_with_an_outline",
        "An area has an outline in the place of its address.",
        seed=changes.one("locations", "area-connecticut", outlined),
    ),
)
FAULTS: tuple[Fault, ...] = (
    Fault(
        "answers_searches_with_collections",
        "What a search gives is a Bundle of another type than searchset.",
        ("formulary.answers-are-fhir",),
        bend=changes.answering("formulary.search", of_a_collection),
    ),
    Fault(
        "asks_copays_in_euros",
        "The copays of one plan are in another currency.",
        ("usdf.cost-codes",),
        seed=changes.one("insurance_plans", "plan-summit", with_costs(in_euros)),
    ),
    Fault(
        "qualifies_coinsurance_as_copay",
        "The coinsurance of one plan is qualified as only a copay can be.",
        ("usdf.cost-codes",),
        seed=changes.one("insurance_plans", "plan-harbor", with_costs(misqualified)),
    ),
    Fault(
        "forgets_where_an_area_is",
        "One area has neither an address nor an outline.",
        ("usdf.location-required",),
        seed=changes.one("locations", "area-connecticut", changes.dropped("address")),
    ),
    Fault(
        "tells_two_stories_of_a_drug",
        "A drug that needs prior authorization by the formulary needs none by coverage discovery.",
        ("usdf.same-in-discovery",),
        seed=needing_nothing(AUTHORIZED),
    ),
    *(_ignoring(word, kind, parameter) for word, kind, parameters in SEARCHED for parameter in parameters),
    ignores("ignores_the_status_of_item", ("usdf.search-item-parameters", "usdf.search-combined"), "Basic?status"),
    ignores("ignores_the_dose_form", "usdf.dose-form", "MedicationKnowledge?doseform"),
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

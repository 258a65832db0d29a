"""What a plan or an item of a formulary can have too little or too much of, and what it may lawfully lack."""

from __future__ import annotations

import copy

from conformance.sandbox.faults import formulary_changes as changes
from conformance.sandbox.faults.formulary_more import with_costs
from conformance.sandbox.formulary_rows import extension_url
from conformance.sandbox.frame import Fault, Resource, Variant

ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
RETIRED = "item-harbor-209459"
PLAIN = "item-harbor-311353"  # under no limit, and of a drug that nobody declares
LIMITED = "item-harbor-1806884"  # to a number of days, as is every quantity but one
LISTED = extension_url("FormularyReference")


def listed_twice(item: Resource) -> None:
    """Its formulary, once again."""
    item["extension"] += [dict(each) for each in item["extension"] if each["url"] == LISTED]


def of_quantities(change: changes.Change) -> changes.Change:
    """Changes what an item repeats of its quantities: so many within so many days."""

    def changed(item: Resource) -> None:
        for each in item["extension"]:
            for part in each.get("extension", ()):
                if "valueTiming" in part:
                    change(part["valueTiming"]["repeat"])

    return changed


def by_the_month(repeat: Resource) -> None:
    """Months in the place of days."""
    repeat.update(period=1, periodUnit="mo")


def with_two_types(plan: Resource) -> None:
    """A second type of plan."""
    plan["type"].append({"text": "Medicare Advantage"})


def for_vision(plan: Resource) -> None:
    """The benefit of a drug coverage is another's."""
    for coverage in plan["coverage"]:
        coverage["benefit"][0]["type"]["coding"][0]["code"] = "vision"


def only(kind: str, change: changes.Change) -> changes.Change:
    """Changes copays or coinsurances alone."""

    def changed(cost: Resource) -> None:
        if cost["type"]["coding"][0]["code"] == kind:
            change(cost)

    return with_costs(changed)


def told_twice(plan: Resource) -> None:
    """One copay stands twice."""
    costs = plan["plan"][0]["specificCost"][0]["benefit"][0]["cost"]
    costs.append(copy.deepcopy(costs[0]))


def qualified_in_words(cost: Resource) -> None:
    """A qualifier of no code."""
    cost["qualifiers"] = [{"text": "as charged"}]


def ending_first(item: Resource) -> None:
    """The days of a period change places."""
    for each in item["extension"]:
        if period := each.get("valuePeriod"):
            period["start"], period["end"] = period["end"], period["start"]


def without_systems(item: Resource) -> None:
    """Codes of kinds of pharmacy, of no system."""
    for each in item["extension"]:
        if each["url"] == extension_url("PharmacyBenefitType"):
            for code in each["valueCodeableConcept"]["coding"]:
                del code["system"]


def of_no_status(area: Resource) -> None:
    """A status that is a number."""
    area["status"] = 1


def typed_in_words(plan: Resource) -> None:
    """A type in words: the guide's binding is extensible."""
    plan["type"] = [{"text": "Medicare Advantage"}]


def status_not_known(item: Resource) -> None:
    """Nobody knows whether it is available, and the item says so in the place of a status."""
    changes.without("AvailabilityStatus")(item)
    reason = {"extension": [{"url": ABSENT, "valueCode": "unknown"}]}
    item["extension"].append({"url": extension_url("AvailabilityStatus"), "_valueCode": reason})


def of_harbor(change: changes.Change) -> changes.SeedChange:
    """Changes the plan of most members."""
    return changes.one("insurance_plans", "plan-harbor", change)


FAULTS: tuple[Fault, ...] = (
    Fault(
        "names_a_formulary_twice",
        "One item names its formulary twice.",
        ("usdf.item-flags",),
        seed=changes.item(PLAIN, listed_twice),
    ),
    Fault(
        "limits_a_quantity_to_no_time",
        "One item limits a quantity, and does not say in how many days.",
        ("usdf.item-flags",),
        seed=changes.item(LIMITED, of_quantities(changes.dropped("period"))),
    ),
    Fault(
        "limits_a_quantity_by_the_month",
        "One item limits a quantity by months in the place of days.",
        ("usdf.item-flags",),
        seed=changes.item(LIMITED, of_quantities(by_the_month)),
    ),
    Fault(
        "says_a_period_in_words",
        "One item says in words when it is available.",
        ("usdf.item-flags",),
        seed=changes.item(PLAIN, changes.saying("AvailabilityPeriod", "valueString", "this year")),
    ),
    Fault(
        "numbers_the_status_of_an_area",
        "One area has a number for its status.",
        ("formulary.answers-are-fhir", "usdf.bulk-export", "usdf.bulk-part"),
        seed=changes.one("locations", "area-albany", of_no_status),
    ),
    Fault(
        "ends_before_it_begins",
        "One retired item was available until before it began.",
        ("formulary.answers-are-fhir", "usdf.bulk-export", "usdf.bulk-since"),
        seed=changes.item(RETIRED, ending_first),
    ),
    Fault(
        "types_a_plan_twice",
        "One plan has two types.",
        ("usdf.plan-required",),
        seed=of_harbor(with_two_types),
    ),
    Fault(
        "leaves_out_the_drug_benefit",
        "The drug coverage of one plan has no benefit for drugs.",
        ("usdf.plan-required",),
        seed=of_harbor(for_vision),
    ),
    Fault(
        "leaves_out_what_drugs_cost",
        "One plan says nothing of what drugs cost.",
        ("usdf.plan-required",),
        seed=of_harbor(changes.dropped("plan")),
    ),
    Fault(
        "types_a_formulary_twice",
        "One formulary has two types.",
        ("usdf.formulary-required",),
        seed=changes.one("insurance_plans", "formulary-harbor", with_two_types),
    ),
    Fault(
        "tells_a_copay_twice",
        "One plan tells one copay twice.",
        ("usdf.cost-codes",),
        seed=of_harbor(told_twice),
    ),
    Fault(
        "leaves_a_copay_unqualified",
        "One plan does not say when its copays are due.",
        ("usdf.cost-codes",),
        seed=of_harbor(only("copay", changes.dropped("qualifiers"))),
    ),
    Fault(
        "qualifies_a_copay_in_words",
        "One plan says in words when its copays are due.",
        ("usdf.cost-codes",),
        seed=of_harbor(only("copay", qualified_in_words)),
    ),
    Fault(
        "asks_copays_in_no_currency",
        "The copays of one plan are numbers without a currency.",
        ("usdf.cost-codes",),
        seed=of_harbor(only("copay", changes.dropped("value", "code"))),
    ),
)
VARIANTS: tuple[Variant, ...] = (
    Variant(
        "plan_type_in_words",
        "A plan tells its type in words: the guide's binding is extensible.",
        seed=of_harbor(typed_in_words),
    ),
    Variant(
        "coinsurance_without_a_number",
        "A coinsurance is a percentage that is not told.",
        seed=of_harbor(only("coinsurance", changes.dropped("value", "value"))),
    ),
    Variant(
        "codes_of_no_system",
        "The kinds of pharmacy of one item are codes of no system.",
        seed=changes.item(PLAIN, without_systems),
    ),
    Variant(
        "availability_that_is_unknown",
        "An item says that nobody knows whether a drug is available.",
        seed=changes.item(PLAIN, status_not_known),
    ),
)

"""Plans, formularies, items and drugs: what the guide's profiles demand of each, judged over all of them."""

from conformance import advise, expect, need, only_if, requirement
from conformance.apis.formulary_faults import (
    cost_faults,
    cost_kind,
    drug_faults,
    formulary_faults,
    item_faults,
    new_starts_faults,
    outside_its_period,
    plan_faults,
    unsaid,
)
from conformance.apis.formulary_limits import at_odds

RAW = "formulary.answers-are-fhir"
MOST_ADVISED = 20


@requirement("usdf.item-required")
def test_items_hold_what_is_required(formulary):
    items = need(formulary.items, "a formulary item", because=RAW)

    expect.each(
        items,
        lambda item: not item_faults(item),
        "formulary, status, benefit type, one tier, code and drug",
        got=lambda item: "; ".join(item_faults(item)),
    )
    logical = [item.at for item in items if item.drug_number or item.formulary_number]
    advise(not logical, "formulary and drug by references that can be followed",
           at=", ".join(logical[:5]), got=f"{len(logical)} items that name one by an identifier alone")  # fmt: skip


@requirement("usdf.item-flags")
def test_items_say_each_thing_once_and_as_the_guide_does(formulary):
    expect.each(
        need(formulary.items, "a formulary item", because=RAW),
        lambda item: not item.misused,
        "each thing once, limits as true or false, quantities with all their parts",
        got=lambda item: "; ".join(item.misused),
    )


@requirement("usdf.item-references")
def test_items_point_to_formularies_and_drugs_that_are_there(ties):
    expect.each(
        need(ties.followed(), "an item with references", because="usdf.item-required"),
        lambda item: not ties.dangling(item),
        "a formulary and a drug that can be read",
        got=ties.dangling,
    )


@requirement("usdf.drug-rxnorm")
def test_drugs_are_coded_in_rxnorm(formulary):
    expect.each(
        need(formulary.drugs, "a drug", because=RAW),
        lambda drug: not drug_faults(drug),
        "an RxNorm code and a status",
        got=lambda drug: "; ".join(drug_faults(drug)),
    )


@requirement("usdf.plan-required")
def test_plans_hold_what_is_required(formulary, ties):
    plans = need(formulary.plans, "an insurance plan", because=RAW)

    for each in plans[:MOST_ADVISED]:
        advise(not unsaid(each), "name and period", at=each.at, got="; ".join(unsaid(each)))
    expect.each(
        plans,
        lambda plan: not plan_faults(plan),
        "identifier, status, one type, a drug coverage with its formulary, and costs of drugs",
        got=lambda plan: "; ".join(plan_faults(plan)),
    )
    expect.each(
        plans,
        lambda plan: all(map(ties.is_formulary, plan.formularies)),
        "formularies that can be read",
        got=lambda plan: ", ".join(plan.formularies),
    )


@requirement("usdf.formulary-required")
def test_formularies_hold_what_is_required(formulary):
    formularies = need(formulary.formularies, "a formulary", because=RAW)

    for each in formularies[:MOST_ADVISED]:
        advise(not unsaid(each), "name and period", at=each.at, got="; ".join(unsaid(each)))
    expect.each(
        formularies,
        lambda each: not formulary_faults(each),
        "identifier, status and one type, DRUGPOL",
        got=lambda each: "; ".join(formulary_faults(each)),
    )


@requirement("usdf.cost-codes")
def test_costs_are_in_dollars_or_percent(formulary):
    costs = [cost for plan in formulary.plans for cost in plan.costs if cost_kind(cost)]

    expect.each(
        only_if(costs, "plans that tell copays or coinsurance"),
        lambda cost: not cost_faults(cost),
        "copays in US dollars, coinsurance in percent, qualified as the guide defines it",
        got=lambda cost: f"{cost_kind(cost)} {'; '.join(cost_faults(cost))}",
    )
    expect.each(
        formulary.plans,
        lambda plan: not plan.cost_lacks,
        "each copay and coinsurance once, qualified once, and copays with an amount and its currency",
        got=lambda plan: "; ".join(plan.cost_lacks),
    )


@requirement("usdf.location-required")
def test_areas_have_an_address_or_an_outline(formulary):
    expect.each(
        only_if(formulary.locations, "plans with an area"),
        lambda area: area.address or area.boundary,
        "an address or an outline",
    )


@requirement("usdf.last-updated")
def test_every_resource_says_when_it_was_last_updated(formulary):
    resources = (*formulary.plans, *formulary.formularies, *formulary.items, *formulary.drugs, *formulary.locations)

    expect.each(
        need(resources, "a resource", because=RAW),
        lambda each: each.last_updated,
        "meta.lastUpdated",
    )


@requirement("usdf.new-starts-parent")
def test_new_starts_only_stands_beside_its_limit(formulary):
    expect.each(
        need(formulary.items, "a formulary item", because=RAW),
        lambda item: not new_starts_faults(item),
        "details of a limit only where the limit itself is true",
        got=lambda item: "; ".join(new_starts_faults(item)),
    )


@requirement("usdf.quantity-limit-detail")
def test_a_quantity_limit_says_its_quantity(formulary):
    limited = [item for item in formulary.items if item.quantity_limit]

    expect.each(
        only_if(limited, "items with a quantity limit"),
        lambda item: item.quantity_detail,
        "the quantity",
    )


@requirement("usdf.one-answer")
def test_items_of_one_drug_do_not_contradict_each_other(formulary):
    odds = at_odds(need(formulary.items, "a formulary item", because=RAW))

    expect(
        not odds,
        "one tier and one set of limits for each drug, kind of pharmacy and time",
        at="; ".join(each.at for each in odds[:3]),
        got=f"{len(odds)} pairs of items: {'; '.join(each.said for each in odds[:3])}",
    )


@requirement("usdf.active-in-period")
def test_active_items_lie_within_their_period(formulary):
    active = [item for item in formulary.items if item.status == "active" and item.period]
    moment = only_if(formulary.is_dated and formulary.moment(), "data of a known day")

    expect.each(
        only_if(active, "active items with a period"),
        lambda item: not outside_its_period(item, moment),
        f"an availability period that holds on {moment.date()}",
        got=lambda item: f"{item.period.start} to {item.period.end}",
    )


@requirement("usdf.code-systems")
def test_tiers_and_benefit_types_use_the_guides_code_systems(formulary):
    items = [item for item in formulary.items if item.trial_suffix is not None]

    expect.each(
        only_if(items, "items coded in the guide's systems"),
        lambda item: item.trial_suffix,
        "code systems with the ending -TEMPORARY-TRIAL-USE, as the guide defines them",
        got=lambda item: ", ".join(sorted({code.system for codes in item.tiers for code in codes})),
    )

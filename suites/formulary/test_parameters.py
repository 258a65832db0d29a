"""The search parameters, combinations and includes that the guide requires of a server, and its answer to nothing."""

from conformance import expect, need, only_if, requirement
from conformance.apis.drug_files import fine, why
from conformance.apis.formulary import FORMULARY_ITEM
from conformance.apis.formulary_found import UNKNOWN, formulary_of, is_called, is_like, is_named
from conformance.apis.search_values import token

ITEM = ("code", token(FORMULARY_ITEM.system, FORMULARY_ITEM.code))
WANTED = "all that match, and no other"


@requirement("usdf.search-plan-parameters")
def test_plans_are_searched_by_every_parameter(search_terms):
    expect.each(search_terms.probes("InsurancePlan"), fine, WANTED, got=why)


@requirement("usdf.search-item-parameters")
def test_items_are_searched_by_every_parameter(search_terms):
    expect.each(search_terms.probes("Basic"), fine, WANTED, got=why)


@requirement("usdf.search-drug-parameters")
def test_drugs_are_searched_by_every_parameter(search_terms):
    expect.each(search_terms.probes("MedicationKnowledge"), fine, WANTED, got=why)


@requirement("usdf.dose-form")
def test_drugs_are_searched_by_their_dose_form(search_terms):
    expect.each(search_terms.recommended("MedicationKnowledge"), fine, WANTED, got=why)


@requirement("usdf.search-location-parameters")
def test_areas_are_searched_by_every_parameter(formulary, search_terms):
    only_if(any(plan.areas for plan in formulary.plans), "plans with an area")

    expect.each(search_terms.probes("Location"), fine, WANTED, got=why)


@requirement("usdf.search-comparators")
def test_plans_and_items_are_searched_by_periods_with_every_comparator(search_terms):
    expect.each(search_terms.compared(), fine, "what the comparator asks for", got=why)


@requirement("usdf.search-several-values")
def test_what_has_one_of_several_values_is_searched_for_at_once(search_terms):
    expect.each(search_terms.several(), fine, WANTED, got=why)


@requirement("usdf.search-modifiers")
def test_names_are_searched_inside_and_for_being_there(search_terms):
    expect.each(search_terms.named(), fine, "what the modifier asks for", got=why)


@requirement("usdf.search-combined")
def test_items_are_searched_by_several_parameters_at_once(formulary, search_terms):
    like = search_terms.items_alike()
    one = like[0]
    asked = (("formulary", one.formulary), ("drug-tier", token(one.tier_code.system, one.tier_code.code)))
    found = formulary.search("Basic", ITEM, *asked, ("status", one.status))

    expect(found.ok, "an answered search", at=found.at, got=found.said)
    expect(found.covers(item.id for item in like), "all items that match", at=found.at, got=f"{len(found.ids)} found")
    expect.each(found.matches, lambda each: is_like(each.resource, one), "items that match all of it",
                at=lambda each: f"Basic/{each.id}")  # fmt: skip


@requirement("usdf.search-exact-name")
def test_drugs_are_searched_by_their_exact_name_and_by_two_words_of_it(formulary, search_terms):
    drug, name = search_terms.drug_with_a_name()
    words = (name.split()[0], name.split()[-1])
    exact = formulary.search("MedicationKnowledge", ("drug-name:exact", name))
    both = formulary.search("MedicationKnowledge", *(("drug-name:contains", word) for word in words))

    expect.each((exact, both), lambda found: found.ok, "an answered search", got=lambda found: found.said)
    expect.each((exact, both), lambda found: found.covers({drug.id}), "the drug",
                got=lambda found: f"{len(found.ids)} others")  # fmt: skip
    wrong = [each.id for each in exact.matches if not is_named(each.resource, name)]
    expect(not wrong, f"drugs named {name!r} only", at=exact.at, got=", ".join(wrong[:3]))
    wrong = [each.id for each in both.matches if not all(is_called(each.resource, word) for word in words)]
    expect(not wrong, f"drugs with {' and '.join(words)} in their names only", at=both.at, got=", ".join(wrong[:3]))


@requirement("usdf.include-formulary")
def test_a_search_for_items_brings_their_formularies_when_asked(formulary, ties):
    need(formulary.items, "a formulary item", because="formulary.answers-are-fhir")
    found = formulary.first_page("Basic", ITEM, ("_include", "Basic:formulary"))
    brought = {f"{each.type}/{each.id}" for each in found.included}

    expect(found.ok, "an answered search", at=found.at, got=found.said)
    expect(found.matches, "items", at=found.at)
    expect.each(found.matches,
                lambda each: ties.carries(formulary_of(each.resource), brought),
                "the item's formulary in the same answer", at=lambda each: f"Basic/{each.id}")  # fmt: skip


@requirement("usdf.include-plan-formulary")
def test_a_search_for_plans_brings_their_formularies_when_asked(formulary, ties):
    named = [plan for plan in formulary.plans if not plan.numbers and any(map(ties.is_formulary, plan.formularies))]
    plan = need(named, "a plan that refers to its formulary", because="usdf.plan-required")[0]
    found = formulary.first_page("InsurancePlan", ("_id", plan.id), ("_include", "InsurancePlan:formulary-coverage"))
    there = {f"{each.type}/{each.id}" for each in (*found.included, *found.matches)}

    expect(found.ok, "an answered search", at=found.at, got=found.said)
    expect.each(filter(ties.is_formulary, plan.formularies), lambda key: key in there,
                "the plan's formulary in the same answer", at=str)  # fmt: skip


@requirement("usdf.unknown-resource")
def test_a_resource_that_is_not_there_is_not_found(formulary):
    answer = formulary.read("InsurancePlan", UNKNOWN)

    expect(answer.status in (404, 410), "404", at=answer.url, got=f"status {answer.status}")


@requirement("usdf.tier-costs")
def test_every_tier_in_use_has_a_cost(ties):
    expect.each(only_if(ties.tiers_in_use(), "plans that tell costs"), fine, "a cost", got=why)

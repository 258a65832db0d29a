"""The searches the guide requires: all that is asked for, and nothing else."""

from conformance import advise, expect, need, only_if, requirement
from conformance.apis.formulary import DRUG_POLICY, FORMULARY_ITEM, RXNORM
from conformance.apis.formulary_found import (
    UNKNOWN,
    drug_of,
    formulary_of,
    holds_version,
    is_called,
    is_drug_policy,
    rxnorm_of,
    same_content,
    same_version,
    tiers_of,
    version_of,
)
from conformance.apis.search_values import token

ITEM = ("code", token(FORMULARY_ITEM.system, FORMULARY_ITEM.code))


@requirement("usdf.search-plans")
def test_a_search_by_type_finds_the_formularies_and_no_plan(formulary):
    listed = need(formulary.formularies, "a formulary", because="formulary.answers-are-fhir")
    typed = need([each.id for each in listed if each.is_drug_policy], "a formulary of the type",
                 because="usdf.formulary-required")  # fmt: skip
    found = formulary.search("InsurancePlan", ("type", token(DRUG_POLICY.system, DRUG_POLICY.code)))

    expect(found.ok, "an answered search", at=found.at, got=found.said)
    expect(found.covers(typed), "all formularies", at=found.at, got=f"{len(found.ids)} found")
    expect.each(found.matches, lambda each: is_drug_policy(each.resource), "formularies only",
                at=lambda each: f"InsurancePlan/{each.id}")  # fmt: skip


@requirement("usdf.search-items-by-formulary")
def test_items_are_searched_by_formulary(formulary, search_terms):
    items = search_terms.items_of_one_formulary()
    found = formulary.search("Basic", ITEM, ("formulary", items[0].formulary))
    nothing = formulary.search("Basic", ITEM, ("formulary", f"InsurancePlan/{UNKNOWN}"))

    expect(found.ok, "an answered search", at=found.at, got=found.said)
    expect(found.covers(item.id for item in items), "all its items", at=found.at, got=f"{len(found.ids)} found")
    expect.each(found.matches, lambda each: formulary_of(each.resource) == items[0].formulary,
                "items of the formulary only", at=lambda each: f"Basic/{each.id}")  # fmt: skip
    expect(not nothing.matches, "no item of a formulary that is not there", at=nothing.at,
           got=f"{len(nothing.ids)} found")  # fmt: skip


@requirement("usdf.search-items-by-tier")
def test_items_are_searched_by_tier(formulary, search_terms):
    items = search_terms.items_of_one_tier()
    tier = items[0].tier_code
    found = formulary.search("Basic", ITEM, ("drug-tier", token(tier.system, tier.code)))
    nothing = formulary.search("Basic", ITEM, ("drug-tier", token(tier.system, UNKNOWN)))

    expect(found.ok, "an answered search", at=found.at, got=found.said)
    expect(found.covers(item.id for item in items), "all its items", at=found.at, got=f"{len(found.ids)} found")
    expect.each(found.matches, lambda each: tier.code in tiers_of(each.resource),
                "items of the tier only", at=lambda each: f"Basic/{each.id}")  # fmt: skip
    expect(not nothing.matches, "no item of a tier that is not there", at=nothing.at,
           got=f"{len(nothing.ids)} found")  # fmt: skip


@requirement("usdf.search-items-by-drug")
def test_items_are_searched_by_the_code_of_their_drug(formulary, search_terms, ties):
    drug, items = search_terms.drug_with_items()
    found = formulary.search("Basic", ITEM, ("subject:MedicationKnowledge.code", token(RXNORM, drug.number)))

    expect(found.ok, "an answered search", at=found.at, got=found.said)
    expect(found.covers(item.id for item in items), "all its items", at=found.at, got=f"{len(found.ids)} found")
    expect.each(found.matches, lambda each: ties.is_of_drug(drug_of(each.resource), drug.number),
                "items of the drug only", at=lambda each: f"Basic/{each.id}")  # fmt: skip


@requirement("usdf.search-drugs-by-code")
def test_drugs_are_searched_by_code(formulary, search_terms):
    drug, _ = search_terms.drug_with_items()
    found = formulary.search("MedicationKnowledge", ("code", token(RXNORM, drug.number)))

    expect(found.ok, "an answered search", at=found.at, got=found.said)
    expect(found.covers({drug.id}), "the drug", at=found.at, got=f"{len(found.ids)} others")
    expect.each(found.matches, lambda each: drug.number in rxnorm_of(each.resource), "the drug only",
                at=lambda each: f"MedicationKnowledge/{each.id}")  # fmt: skip


@requirement("usdf.search-drugs-by-name")
def test_drugs_are_searched_by_part_of_their_name(formulary, search_terms):
    drug, word = search_terms.drug_with_a_word()
    found = formulary.search("MedicationKnowledge", ("drug-name:contains", word))

    expect(found.ok, "an answered search", at=found.at, got=found.said)
    expect(found.covers({drug.id}), "the drug", at=found.at, got=f"{len(found.ids)} others")
    expect.each(found.matches, lambda each: is_called(each.resource, word),
                f"drugs whose name holds {word!r}", at=lambda each: f"MedicationKnowledge/{each.id}")  # fmt: skip


@requirement("usdf.include-drug")
def test_a_search_for_items_brings_their_drugs_when_asked(formulary, ties):
    need(formulary.items, "a formulary item", because="formulary.answers-are-fhir")
    found = formulary.first_page("Basic", ITEM, ("_include", "Basic:subject"))
    brought = {f"{each.type}/{each.id}" for each in found.included}

    expect(found.ok, "an answered search", at=found.at, got=found.said)
    expect(found.matches, "items", at=found.at)
    expect.each(found.matches,
                lambda each: drug_of(each.resource) in brought or ties.is_lost(drug_of(each.resource)),
                "the item's drug in the same answer", at=lambda each: f"Basic/{each.id}")  # fmt: skip


@requirement("usdf.read-by-id")
def test_what_is_found_can_be_read_by_id(formulary, search_terms):
    examples = search_terms.one_of_each()

    expect.each(
        need(examples, "a resource that is listed"),
        lambda each: same_content(each.resource, formulary.read_resource(each.type, each.id)),
        "the resource, read by its id and unchanged",
        at=lambda each: f"{each.type}/{each.id}",
        got=lambda _each: "no answer, or something else under the id",
    )


@requirement("usdf.versions")
def test_the_version_that_is_told_can_be_read(formulary, search_terms):
    examples = [each for each in search_terms.one_of_each() if version_of(each.resource)]

    expect.each(
        only_if(examples, "resources that tell their version"),
        lambda each: same_version(each.resource, formulary.version(each)),
        "the resource, read by its version and unchanged",
        at=lambda each: f"{each.type}/{each.id}",
        got=lambda _each: "no answer, or something else under the version",
    )
    expect.each(
        examples,
        lambda each: holds_version(formulary.history(each), version_of(each.resource)),
        "a history with the version that is told",
        at=lambda each: f"{each.type}/{each.id}",
    )


@requirement("usdf.paging")
def test_pages_neither_lose_nor_repeat_anything(formulary):
    found = formulary.listings()

    for each in found:
        advise(not each.foreign, "next pages on the host that was asked: none else is", at=each.at, got=each.foreign)
    expect.each(
        found,
        lambda found: not found.paging_faults,
        "every match once, over pages that end",
        got=lambda found: "; ".join(found.paging_faults),
    )
    need(any(each.matches for each in found), "a resource that is listed")


@requirement("usdf.declares-server")
def test_the_capability_statement_instantiates_the_guides_server(formulary, discovery):
    capabilities = discovery.capabilities()

    server = formulary.guide["server"]
    expect(capabilities.claims(server), f"instantiates {server}", got=", ".join(capabilities.instantiates))

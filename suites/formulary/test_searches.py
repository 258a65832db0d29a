"""The searches the guide requires: all that is asked for, and nothing else."""

from conformance import expect, need, requirement
from conformance.apis.formulary import DRUG_POLICY, FORMULARY_ITEM, RXNORM, kind_of, read_drug, read_item

ITEM = ("code", f"{FORMULARY_ITEM.system}|{FORMULARY_ITEM.code}")


@requirement("usdf.search-plans")
def test_a_search_by_type_finds_the_formularies_and_no_plan(formulary):
    listed = need(formulary.formularies, "a formulary", because="formulary.answers-are-fhir")
    found = formulary.search("InsurancePlan", ("type", f"{DRUG_POLICY.system}|{DRUG_POLICY.code}"))

    expect(found.ok, "an answered search", at=found.at, got=f"status {found.status}")
    expect({each.id for each in listed} <= found.ids, "all formularies", at=found.at, got=f"{len(found.ids)} found")
    expect.each(found.matches, lambda each: kind_of(each.resource) == "formulary", "formularies only",
                at=lambda each: f"InsurancePlan/{each.id}")  # fmt: skip


@requirement("usdf.search-items-by-formulary")
def test_items_are_searched_by_formulary(formulary):
    items = formulary.items_of_one("formulary")
    found = formulary.search("Basic", ITEM, ("formulary", items[0].formulary))

    expect(found.ok, "an answered search", at=found.at, got=f"status {found.status}")
    expect(
        found.cut or {item.id for item in items} <= found.ids,
        "all its items",
        at=found.at,
        got=f"{len(found.ids)} found",
    )
    expect.each(found.matches, lambda each: read_item(each.resource).formulary == items[0].formulary,
                "items of the formulary only", at=lambda each: f"Basic/{each.id}")  # fmt: skip


@requirement("usdf.search-items-by-tier")
def test_items_are_searched_by_tier(formulary):
    items = formulary.items_of_one("tier")
    tier = items[0].tier[0]
    found = formulary.search("Basic", ITEM, ("drug-tier", f"{tier.system}|{tier.code}"))

    expect(found.ok, "an answered search", at=found.at, got=f"status {found.status}")
    expect(
        found.cut or {item.id for item in items} <= found.ids,
        "all its items",
        at=found.at,
        got=f"{len(found.ids)} found",
    )
    expect.each(found.matches, lambda each: tier.code in {code.code for code in read_item(each.resource).tier},
                "items of the tier only", at=lambda each: f"Basic/{each.id}")  # fmt: skip


@requirement("usdf.search-items-by-drug")
def test_items_are_searched_by_the_code_of_their_drug(formulary):
    drug, items = formulary.drug_with_items()
    found = formulary.search("Basic", ITEM, ("subject:MedicationKnowledge.code", f"{RXNORM}|{drug.rxnorm[0]}"))

    expect(found.ok, "an answered search", at=found.at, got=f"status {found.status}")
    expect({item.id for item in items} <= found.ids, "all its items", at=found.at, got=f"{len(found.ids)} found")
    keys = formulary.drug_keys(drug.rxnorm[0])
    expect.each(found.matches, lambda each: read_item(each.resource).drug in keys, "items of the drug only",
                at=lambda each: f"Basic/{each.id}")  # fmt: skip


@requirement("usdf.search-drugs-by-code")
def test_drugs_are_searched_by_code(formulary):
    drug, _ = formulary.drug_with_items()
    found = formulary.search("MedicationKnowledge", ("code", f"{RXNORM}|{drug.rxnorm[0]}"))

    expect(found.ok, "an answered search", at=found.at, got=f"status {found.status}")
    expect(drug.id in found.ids, "the drug", at=found.at, got=f"{len(found.ids)} others")
    expect.each(found.matches, lambda each: drug.rxnorm[0] in read_drug(each.resource).rxnorm, "the drug only",
                at=lambda each: f"MedicationKnowledge/{each.id}")  # fmt: skip


@requirement("usdf.search-drugs-by-name")
def test_drugs_are_searched_by_part_of_their_name(formulary):
    drug, _ = formulary.drug_with_items(named=True)
    word = max(drug.names[0].split(), key=len)
    found = formulary.search("MedicationKnowledge", ("drug-name:contains", word))

    expect(found.ok, "an answered search", at=found.at, got=f"status {found.status}")
    expect(drug.id in found.ids, "the drug", at=found.at, got=f"{len(found.ids)} others")
    expect.each(found.matches, lambda each: word.lower() in " ".join(read_drug(each.resource).names).lower(),
                f"drugs whose name holds {word!r}", at=lambda each: f"MedicationKnowledge/{each.id}")  # fmt: skip


@requirement("usdf.include-drug")
def test_a_search_for_items_brings_their_drugs_when_asked(formulary):
    items = formulary.items_of_one("tier")
    tier = items[0].tier[0]
    found = formulary.search("Basic", ITEM, ("drug-tier", f"{tier.system}|{tier.code}"), ("_include", "Basic:subject"))
    brought = {f"{each.type}/{each.id}" for each in found.included}

    expect(found.ok, "an answered search", at=found.at, got=f"status {found.status}")
    expect.each(need(found.matches, "an item", because="usdf.search-items-by-tier"),
                lambda each: read_item(each.resource).drug in brought, "the item's drug in the same answer",
                at=lambda each: f"Basic/{each.id}")  # fmt: skip


@requirement("usdf.read-by-id")
def test_what_is_found_can_be_read_by_id(formulary):
    examples = formulary.one_of_each()

    expect.each(
        examples,
        lambda each: (formulary.read_resource(each.type, each.id) or {}).get("id") == each.id,
        "the resource, read by its id",
        at=lambda each: f"{each.type}/{each.id}",
    )


@requirement("usdf.paging")
def test_pages_neither_lose_nor_repeat_anything(formulary):
    expect.each(
        formulary.listings(),
        lambda found: not found.paging_faults,
        "every match once, over pages that end",
        got=lambda found: "; ".join(found.paging_faults),
    )


@requirement("usdf.declares-server")
def test_the_capability_statement_instantiates_the_guides_server(formulary, discovery):
    capabilities = discovery.capabilities()

    server = formulary.guide["server"]
    expect(capabilities.claims(server), f"instantiates {server}", got=", ".join(capabilities.instantiates))

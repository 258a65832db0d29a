"""The files that issuers publish for qualified health plans: that they are there, whole, and of one mind."""

from conformance import advise, expect, only_if, requirement
from conformance.apis.drug_files import fine, why


@requirement("formulary.issuer-drug-file")
def test_the_issuers_drug_list_can_be_fetched_by_anyone(drug_files):
    wanted = [each for each in drug_files.fetched() if each.kind in ("index", "drugs")]

    expect.each(wanted, drug_files.came, "a JSON file that anyone can fetch, whole", got=why)
    expect(len(wanted) > 1, "a drugs file that the index links to", at=wanted[0].at, got="none that can be followed")
    expect(drug_files.lists_drugs, "drugs on the list", at=wanted[1].at, got="an empty list")


@requirement("qhp.files-are-json")
def test_every_file_comes_whole(drug_files):
    files = drug_files.links()

    expect.each(files, drug_files.came, "a JSON file, whole", got=why)
    others = [f"{each.at}: {each.media_type}" for each in files if each.media_type and "json" not in each.media_type]
    advise(not drug_files.published.left, "every file looked at", got="; ".join(drug_files.published.left))
    advise(not others, "the media type application/json", got=", ".join(others[:5]))


@requirement("qhp.index")
def test_the_index_is_as_documented(drug_files):
    expect.each(drug_files.index_faults(), fine, "an index of plan, formulary and provider URLs", got=why)


@requirement("qhp.plans-schema")
def test_plans_are_as_documented(drug_files):
    expect.each(drug_files.found("plans", "schema"), fine, "a plan as CMS documents it", got=why)


@requirement("qhp.drugs-schema")
def test_drugs_are_as_documented(drug_files):
    expect.each(drug_files.found("drugs", "schema"), fine, "a drug as CMS documents it", got=why)


@requirement("qhp.providers-schema")
def test_providers_are_as_documented(drug_files):
    expect.each(drug_files.found("providers", "schema"), fine, "a provider as CMS documents it", got=why)


@requirement("qhp.rxnorm")
def test_drugs_are_named_by_rxnorm_numbers(drug_files):
    expect.each(drug_files.found("drugs", "codes"), fine, "an RxNorm number", got=why)


@requirement("qhp.drug-plans")
def test_drugs_are_listed_for_plans_that_are_there(drug_files):
    expect.each(drug_files.found("drugs", "ties"), fine, "a plan of the plans files", got=why)


@requirement("qhp.drug-tiers")
def test_tiers_of_drugs_are_those_of_their_plans(drug_files):
    expect.each(drug_files.found("drugs", "tiers"), fine, "a tier that the plan has", got=why)


@requirement("qhp.provider-networks")
def test_providers_are_in_networks_that_are_there(drug_files):
    expect.each(drug_files.found("providers", "ties"), fine, "a plan and network tier that are there", got=why)


@requirement("qhp.flags")
def test_every_listing_speaks_of_its_limits(drug_files):
    expect.each(
        drug_files.found("drugs", "flags"),
        fine,
        "prior authorization, step therapy and quantity limit, true or false",
        got=why,
    )


@requirement("qhp.no-duplicates")
def test_a_drug_is_listed_once_for_a_plan(drug_files):
    expect.each(drug_files.found("drugs", "repeated"), fine, "one listing for a plan and year", got=why)


@requirement("qhp.plans-once")
def test_a_plan_is_described_once(drug_files):
    expect.each(drug_files.found("plans", "repeated"), fine, "every plan once", got=why)


@requirement("qhp.dates")
def test_dates_of_plans_can_be(drug_files):
    expect.each(drug_files.found("plans", "dates"), fine, "a date that has been", got=why)


@requirement("qhp.same-as-fhir")
def test_the_file_and_the_fhir_formulary_say_the_same(drug_files):
    expect.each(
        only_if(drug_files.compared(), "plans of which both are offered"),
        fine,
        "the same tier and limits in both",
        got=why,
    )

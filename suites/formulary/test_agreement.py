"""One drug, one answer: what the payer's sources say of it, side by side."""

from conformance import expect, requirement


@requirement("usdf.same-in-discovery")
def test_every_source_says_the_same_of_a_drug_under_the_pharmacy_benefit(drug_sources):
    expect.each(
        drug_sources.told(["pharmacy"], ["covered", "prior-authorization"]),
        lambda drug: not drug.differing,
        "one answer about coverage and prior authorization",
        got=lambda drug: drug.told,
    )


@requirement("formulary.both-benefits")
def test_medical_and_pharmacy_benefit_say_the_same_of_a_drug(drug_sources):
    expect.each(
        drug_sources.told(["pharmacy", "medical"], ["prior-authorization"]),
        lambda drug: not drug.differing,
        "one answer about prior authorization under both benefits",
        got=lambda drug: drug.told,
    )

"""Which drugs are covered, at which tier, under which limits: what the law asks to be readable."""

from conformance import advise, expect, need, only_if, requirement


@requirement("formulary.covered-drugs")
def test_declared_drugs_are_found_in_the_formulary(declared_drugs):
    expect.each(
        declared_drugs.needing(),
        lambda drug: drug.items,
        "an item now in force for a drug that is declared as covered",
        got=lambda drug: f"{drug.past} items that are retired, drafts or outside their period",
    )


@requirement("formulary.drug-list-updates")
def test_changes_are_told_within_a_business_day(declared_drugs):
    expect.each(
        declared_drugs.changed(),
        lambda drug: drug.items and all(map(drug.tells, drug.needs)),
        "the drug as it is listed since the day named",
        got=lambda drug: f"{len(drug.items)} items in force, {drug.past} past; effective {drug.effective}",
    )


@requirement("formulary.tier")
def test_every_item_states_its_tier(formulary):
    items = [item for item in formulary.items if item.is_offered]

    expect.each(
        need(items, "a formulary item that is not retired", because="formulary.answers-are-fhir"),
        lambda item: any(code.code or code.display for code in item.tier),
        "a tier",
    )


@requirement("formulary.prior-authorization-flag")
def test_declared_prior_authorization_is_told(formulary, declared_drugs):
    drugs = [drug for drug in declared_drugs.needing("prior-authorization") if drug.items]

    expect.each(
        need(drugs, "a declared drug that is listed", because="formulary.covered-drugs"),
        lambda drug: drug.tells("prior-authorization"),
        "prior authorization told by the drug's items",
        got=lambda drug: drug.said("prior-authorization"),
    )
    silent = [drug.at for drug in drugs if not all(drug.said("prior-authorization").values())]
    advise(not silent, "prior authorization told by every item of the drug", got=", ".join(silent))
    told = [item for item in formulary.items if item.prior_authorization is not None]
    advise(len(told) == len(formulary.items), "every item to say whether it needs prior authorization",
           got=f"{len(told)} of {len(formulary.items)}")  # fmt: skip


@requirement("formulary.step-therapy-flag")
def test_declared_step_therapy_is_told(declared_drugs):
    drugs = [drug for drug in declared_drugs.needing("step-therapy") if drug.items]

    expect.each(
        need(drugs, "a declared drug that is listed", because="formulary.covered-drugs"),
        lambda drug: drug.tells("step-therapy"),
        "step therapy told by the drug's items",
        got=lambda drug: drug.said("step-therapy"),
    )
    silent = [drug.at for drug in drugs if not all(drug.said("step-therapy").values())]
    advise(not silent, "step therapy told by every item of the drug", got=", ".join(silent))


@requirement("formulary.quantity-limit-flag")
def test_declared_quantity_limits_are_told(declared_drugs):
    drugs = [drug for drug in declared_drugs.needing("quantity-limit") if drug.items]

    expect.each(
        need(drugs, "a declared drug that is listed", because="formulary.covered-drugs"),
        lambda drug: drug.tells("quantity-limit"),
        "a quantity limit told by the drug's items",
        got=lambda drug: drug.said("quantity-limit"),
    )
    silent = [drug.at for drug in drugs if not all(drug.said("quantity-limit").values())]
    advise(not silent, "a quantity limit told by every item of the drug", got=", ".join(silent))


@requirement("formulary.step-therapy-steps")
def test_step_therapy_says_what_comes_first(formulary):
    stepped = [item for item in formulary.items if item.is_offered and item.limits["step-therapy"]]

    expect.each(
        only_if(stepped, "items under step therapy"),
        lambda item: item.additional_information,
        "words that can say which drug comes first",
    )

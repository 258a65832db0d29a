"""Which drugs are covered, at which tier, under which limits: what the law asks to be readable."""

from conformance import advise, expect, need, requirement


@requirement("formulary.covered-drugs")
def test_declared_drugs_are_found_in_the_formulary(formulary):
    expect.each(
        formulary.declared(),
        lambda drug: drug.items,
        "an item for a drug that is declared as covered",
    )


@requirement("formulary.tier")
def test_every_item_states_its_tier(formulary):
    expect.each(
        need(formulary.items, "a formulary item", because="formulary.answers-are-fhir"),
        lambda item: any(code.code for code in item.tier),
        "a tier",
    )


@requirement("formulary.prior-authorization-flag")
def test_declared_prior_authorization_is_told(formulary):
    drugs = [drug for drug in formulary.declared("prior-authorization") if drug.items]

    expect.each(
        need(drugs, "a declared drug that is listed", because="formulary.covered-drugs"),
        lambda drug: all(item.prior_authorization for item in drug.items),
        "prior authorization told on every item of the drug",
        got=lambda drug: [item.prior_authorization for item in drug.items],
    )
    told = [item for item in formulary.items if item.prior_authorization is not None]
    advise(len(told) == len(formulary.items), "every item to say whether it needs prior authorization",
           got=f"{len(told)} of {len(formulary.items)}")  # fmt: skip


@requirement("formulary.step-therapy-flag")
def test_declared_step_therapy_is_told(formulary):
    drugs = [drug for drug in formulary.declared("step-therapy") if drug.items]

    expect.each(
        need(drugs, "a declared drug that is listed", because="formulary.covered-drugs"),
        lambda drug: all(item.step_therapy for item in drug.items),
        "step therapy told on every item of the drug",
        got=lambda drug: [item.step_therapy for item in drug.items],
    )


@requirement("formulary.quantity-limit-flag")
def test_declared_quantity_limits_are_told(formulary):
    drugs = [drug for drug in formulary.declared("quantity-limit") if drug.items]

    expect.each(
        need(drugs, "a declared drug that is listed", because="formulary.covered-drugs"),
        lambda drug: all(item.quantity_limit for item in drug.items),
        "a quantity limit told on every item of the drug",
        got=lambda drug: [item.quantity_limit for item in drug.items],
    )

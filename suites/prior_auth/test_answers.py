"""What an answer holds beyond its head: what was changed, how much of it, and everybody once."""

from conformance import expect, need, only_if, requirement
from conformance.apis.answer_content import (
    amounts,
    authorized_services,
    changed_items,
    described_twice,
    incomplete_identifiers,
    uncoded_services,
)
from conformance.apis.guide_extensions import misshapen
from conformance.apis.parties import parties, unprofiled


@requirement("pas.modified-item-action")
def test_an_item_that_an_added_item_changes_is_modified(prior_auth):
    submissions = prior_auth.submissions()
    changed = [item for each in submissions for item in changed_items(each.request, each.deciding)]
    need(changed or prior_auth.items("modified"), "a modified item", change="cases.prior-auth.modified")

    expect.each(
        only_if(changed, "added items that authorize something else"),
        lambda each: {"A6", "A2"} & set(each.codes),
        "the item answered as modified (A6)",
        got=lambda each: ", ".join(each.codes) or "no decision",
    )


@requirement("pas.quantity-unit")
def test_quantities_have_a_value_and_a_unit(prior_auth):
    stated = [amount for each in prior_auth.told() for amount in amounts(each.answer)]

    expect.each(
        only_if(stated, "answers with quantities"),
        lambda amount: amount.measured,
        "a value, and a unit or a code",
        got=lambda amount: ", ".join(sorted(amount.raw)),
    )


@requirement("pas.quantity-code")
def test_codes_of_quantities_are_of_x12(prior_auth):
    stated = [amount for each in prior_auth.told() for amount in amounts(each.answer)]

    expect.each(
        only_if([each for each in stated if each.coded], "quantities with a code"),
        lambda amount: amount.in_x12,
        "a code of X12 673",
        got=lambda amount: amount.coded,
    )


@requirement("pas.no-duplicate-instances")
def test_nobody_is_described_twice(prior_auth):
    expect.each(
        prior_auth.told(),
        lambda each: not described_twice(each.answer),
        "one resource for each organization, practitioner and location",
        got=lambda each: "; ".join(described_twice(each.answer)),
    )


@requirement("pas.extension-values")
def test_extensions_of_the_guide_are_as_it_defines_them(prior_auth):
    expect.each(
        prior_auth.told(),
        lambda each: not misshapen(each.answer),
        "extensions with the values that the guide defines, each once where it may stand once",
        got=lambda each: "; ".join(misshapen(each.answer)),
    )


@requirement("pas.identifier-content")
def test_identifiers_name_their_system(prior_auth):
    expect.each(
        prior_auth.told(),
        lambda each: not incomplete_identifiers(each.answer),
        "a system and a value in every identifier and trace number",
        got=lambda each: "; ".join(incomplete_identifiers(each.answer)),
    )


@requirement("pas.authorized-service-code")
def test_authorized_services_are_coded(prior_auth):
    authorizing = [each for each in prior_auth.told() if authorized_services(each.answer)]

    expect.each(
        only_if(authorizing, "answers that say which service is authorized"),
        lambda each: not uncoded_services(each.request, each.answer),
        "a code for each service that is authorized",
        got=lambda each: "words alone at " + ", ".join(uncoded_services(each.request, each.answer)),
    )


@requirement("pas.parties-content")
def test_those_an_answer_brings_along_are_as_their_profiles_ask(prior_auth):
    bringing = [each for each in prior_auth.told() if parties(each.answer)]

    expect.each(
        only_if(bringing, "answers that bring somebody along"),
        lambda each: not unprofiled(each.request, each.answer),
        "a member with identifier, name and gender, organizations that are active and have a name",
        got=lambda each: "; ".join(unprofiled(each.request, each.answer)),
    )

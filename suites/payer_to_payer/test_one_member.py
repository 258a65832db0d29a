"""One member's data after the match, as PDex has them fetched: all at once, and kind by kind."""

from conformance import expect, need, requirement
from conformance.apis.raw import raw_problem

CLAIM = "ExplanationOfBenefit?use=claim"


@requirement("pdex.everything")
def test_everything_of_a_matched_member_is_given(one_member):
    answer = one_member.everything()
    problem = raw_problem(answer, ("Bundle",))

    expect(answer.status == 200 and not problem, "200 with a Bundle", at=answer.url, got=problem)


@requirement("pdex.everything-members")
def test_nobody_elses_records_are_given_with_a_matched_member(one_member):
    expect.each(
        one_member.findings("strangers"),
        lambda each: each is None,
        "records of the matched member only",
        at=lambda each: each.at,
        got=lambda each: f"{each.type} about {each.what}",
    )


@requirement("pdex.everything-amounts")
def test_no_claim_of_a_matched_member_has_an_amount(one_member):
    found = one_member.findings("amounts")
    need(any(found) or one_member.data().types[CLAIM], "a claim", because="payer-to-payer.matched-data")

    expect.each(
        found,
        lambda each: each is None,
        "no amounts in claims",
        at=lambda each: each.at,
        got=lambda each: each.what,
    )


@requirement("pdex.everything-mapped")
def test_every_record_of_a_matched_member_has_what_its_profile_requires(one_member):
    expect.each(
        one_member.findings("unmapped"),
        lambda each: each is None,
        "all that the profile for such a record requires",
        at=lambda each: each.at,
        got=lambda each: each.what,
    )


@requirement("pdex.everything-claims")
def test_claims_are_not_silently_left_out_of_everything(one_member):
    given = one_member.claims()

    expect(given.claims or given.outcomes, "claims, or an OperationOutcome among the data", at=given.at, got="neither")


@requirement("pdex.member-searches")
def test_each_kind_of_a_members_data_is_searched_by_the_member(one_member):
    expect.each(
        one_member.searches(),
        lambda each: each.answer.status == 200 and each.found,
        "200 with data of this kind",
        got=lambda each: f"status {each.answer.status} with {each.found}",
    )

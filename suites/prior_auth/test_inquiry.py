"""Inquiry: it finds what was submitted, and tells the same story."""

from conformance import expect, need, requirement
from conformance.apis.echo import authorized_otherwise, disagreements


@requirement("pas.inquiry-finds")
def test_an_inquiry_finds_what_was_submitted(prior_auth):
    submissions = [each for each in prior_auth.submissions() if not each.failed]

    expect.each(
        need(submissions, "a request that was taken", change="cases.prior-auth.approved"),
        lambda each: prior_auth.inquire(each.case),
        "the submitted request among what the inquiry finds",
        got=lambda each: prior_auth.turned_away(each.case),
    )


@requirement("pas.inquiry-agrees")
def test_an_inquiry_tells_the_same_decision(prior_auth):
    told = [(each, prior_auth.inquire(each.case)) for each in prior_auth.submissions() if not each.failed]
    found = [(each, answers) for each, answers in told if answers]

    expect.each(
        need(found, "an inquiry that finds the request", because="pas.inquiry-finds"),
        lambda pair: not disagreements(pair[0].deciding, pair[1], pair[0].first),
        "the decision that the submission was answered with",
        got=lambda pair: "; ".join(disagreements(pair[0].deciding, pair[1], pair[0].first)),
        at=lambda pair: pair[0].at,
    )


@requirement("pas.authorization-agrees")
def test_an_inquiry_tells_the_number_and_the_end_of_an_approval(decisions):
    told_twice = decisions.told_twice("approved", "modified")

    expect.each(
        need(told_twice, "an approved item that an inquiry finds again", because="pas.inquiry-agrees"),
        lambda pair: not authorized_otherwise(pair[0].item, pair[1].item),
        "the number, the day of issue and the end that the submission was answered with",
        got=lambda pair: authorized_otherwise(pair[0].item, pair[1].item),
        at=lambda pair: pair[1].at,
    )

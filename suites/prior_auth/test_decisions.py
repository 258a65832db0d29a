"""What was decided: about every item, about the right member, until when, and with which number."""

from conformance import advise, expect, need, only_if, requirement
from conformance.apis.echo import in_order, over_when_issued, periods, unanswered
from conformance.apis.same_member import someone_else, tells_whom


@requirement("prior-auth.decision")
def test_every_item_is_decided(prior_auth):
    processed = [each for each in prior_auth.submissions() if not each.failed and not each.only_drugs]
    submissions = [each for each in processed if each.case != "pended" or each.followed]

    expect.each(
        need(submissions, "a request that is decided", change="cases.prior-auth.approved"),
        lambda each: not unanswered(each.request, each.deciding),
        "a decision about every item: approved, denied, modified, pended, or more information needed",
        got=lambda each: f"{'; '.join(unanswered(each.request, each.deciding))} ({each.told})",
    )
    dropped = prior_auth.dropped()
    advise(not dropped, "every declared case processed", got="; ".join(dropped))


@requirement("prior-auth.pended")
def test_a_request_under_review_is_said_to_be_pended(prior_auth):
    submission = prior_auth.submission("pended")
    need(not submission.only_drugs, "a pended request for more than drugs", change="cases.prior-auth.pended")
    others = [item for item in submission.first.decided if set(item.actions) - {"pended"}]
    need(not others and not submission.failed, "a request that is pended", change="cases.prior-auth.pended")

    expect(submission.first.under_review, "a request said to be pended", at=submission.at, got=submission.told)


@requirement("prior-auth.approval-validity")
def test_an_approval_says_until_when_or_under_which_circumstance(prior_auth):
    approved = prior_auth.items("approved", "modified", drugs=False)

    expect.each(
        need(approved, "an approved item", change="cases.prior-auth.approved"),
        lambda each: each.item.until or each.item.circumstance or each.item.amount,
        "an end date or a circumstance that ends the authorization",
    )
    alone = [each.item.amount for each in approved if not (each.item.until or each.item.circumstance)]
    advise(not alone, "an end, not only an amount that can be used up", got=", ".join(alone))
    over = [ended for each in approved if (ended := over_when_issued(each.item))]
    advise(not over, "an end that is not past on the day of the decision", got=", ".join(over))


@requirement("prior-auth.right-member")
def test_the_answer_is_about_the_member_of_the_request(prior_auth):
    told = prior_auth.told(on_file=True)

    expect.each(
        told,
        lambda each: not someone_else(each.request, each.answer),
        "an answer about the member of the request",
        got=lambda each: someone_else(each.request, each.answer),
    )
    known = [each for each in told if tells_whom(each.request, each.answer)]
    need(known, "an answer that tells its member by more than a reference of the payer's own")


@requirement("prior-auth.periods-in-order")
def test_authorization_periods_start_before_they_end(prior_auth):
    stated = [period for each in prior_auth.told() for period in periods(each.answer)]

    expect.each(
        only_if(stated, "authorizations with a period"),
        in_order,
        "a period that starts before it ends",
        got=lambda period: f"{period.start} to {period.end}",
    )


@requirement("pas.authorization-number")
def test_an_approval_carries_an_authorization_number(prior_auth):
    approved = prior_auth.items("approved")

    expect.each(
        need(approved, "an approved item", change="cases.prior-auth.approved"),
        lambda each: each.item.number or each.item.previous_number,
        "an authorization number",
    )


@requirement("pas.modified-add-item")
def test_a_modified_item_says_what_was_authorized(prior_auth):
    modified = need(prior_auth.modified(), "a modified item", change="cases.prior-auth.modified")

    expect.each(
        only_if([each for each in modified if each.says("A6")], "items modified (A6), not certified in part"),
        lambda each: each.item.add_item and each.item.add_item.detail,
        "an added item with the authorized detail",
    )

"""Why it was denied: the law asks for a specific reason in any form, the guide for a code."""

from conformance import advise, expect, need, requirement
from conformance.apis.reason_grades import contrary_reasons
from conformance.apis.wording import REASON_SYSTEM


@requirement("prior-auth.denial-reason")
def test_a_denied_item_states_a_specific_reason(decisions):
    denied = decisions.denials(drugs=False)

    expect.each(
        need(denied, "a denied item", change="cases.prior-auth.denied"),
        lambda each: each.reasons,
        "a specific reason for the denial",
        got=lambda each: each.unusable,
    )
    loose = [each for each in denied if each.only_loose]
    advise(
        not loose,
        "a reason at the item; a person must read what is said of the whole answer",
        got="; ".join(reason.text for each in loose for reason in each.reasons),
    )


@requirement("prior-auth.denial-reason-detail")
def test_a_denial_reason_says_what_was_lacking(decisions):
    denied = [each for each in decisions.denials(drugs=False) if each.reasons]

    expect.each(
        need(denied, "a denied item with a reason", because="prior-auth.denial-reason"),
        lambda each: each.grade == "specific",
        "a reason that names the policy, the criterion or the document that was lacking",
        got=lambda each: f"{each.grade}: " + "; ".join(f"{why.code} {why.text}".strip() for why in each.reasons),
    )


@requirement("pas.denial-reason-code")
def test_a_denial_reason_is_coded(prior_auth):
    denied = [each for each in prior_auth.items("denied") if each.reasons]

    expect.each(
        need(denied, "a denied item with a reason", because="prior-auth.denial-reason"),
        lambda each: any(reason.system == REASON_SYSTEM and reason.code for reason in each.reasons),
        f"a reason coded in {REASON_SYSTEM}",
        got=lambda each: ", ".join(sorted({f"{reason.code or 'text'} in {reason.found}" for reason in each.reasons})),
    )


@requirement("pas.reasons-agree")
def test_an_inquiry_tells_the_reason_of_the_submission(decisions):
    told_twice = decisions.told_twice("denied")

    expect.each(
        need(told_twice, "a denied item that an inquiry finds again", because="pas.inquiry-agrees"),
        lambda pair: not contrary_reasons(pair[0].reasons, pair[1].reasons),
        "the same reason as in the answer to the submission",
        got=lambda pair: contrary_reasons(pair[0].reasons, pair[1].reasons),
        at=lambda pair: pair[1].at,
    )

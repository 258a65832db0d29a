"""Why it was denied: the law asks for a specific reason in any form, the guide for a code."""

from conformance import expect, need, requirement
from conformance.apis.review_actions import REASON_SYSTEM


@requirement("prior-auth.denial-reason")
def test_a_denied_item_states_a_specific_reason(prior_auth):
    denied = prior_auth.items("denied")

    expect.each(
        need(denied, "a denied item", change="cases.prior-auth.denied"),
        lambda each: each.item.reasons,
        "a specific reason for the denial",
    )


@requirement("pas.denial-reason-code")
def test_a_denial_reason_is_coded(prior_auth):
    denied = [each for each in prior_auth.items("denied") if each.item.reasons]

    expect.each(
        need(denied, "a denied item with a reason", because="prior-auth.denial-reason"),
        lambda each: any(reason.system == REASON_SYSTEM and reason.code for reason in each.item.reasons),
        f"a reason coded in {REASON_SYSTEM}",
        got=lambda each: ", ".join(
            sorted({f"{reason.code or 'text'} in {reason.found}" for reason in each.item.reasons})
        ),
    )

"""Why it was denied: the law asks for a specific reason in any form, the guide for a code."""

from conformance import advise, expect, need, requirement
from conformance.apis.wording import REASON_SYSTEM


@requirement("prior-auth.denial-reason")
def test_a_denied_item_states_a_specific_reason(prior_auth):
    denied = prior_auth.denials()

    expect.each(
        need(denied, "a denied item", change="cases.prior-auth.denied"),
        lambda each: each.reasons,
        "a specific reason for the denial",
    )
    loose = [each for each in denied if each.only_loose]
    advise(
        not loose,
        "a reason at the item; a person must read what is said of the whole answer",
        got="; ".join(reason.text for each in loose for reason in each.reasons),
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

"""The prior authorizations that a member is shown: complete, in time, for long enough, and the same as elsewhere."""

from conformance import advise, expect, need, requirement
from conformance.apis.shown_authorization import PROFILE


@requirement("patient-access.authorization-content")
def test_every_authorization_tells_what_the_law_names(patient_access):
    shown = patient_access.contents()

    for each in shown:
        advise(not each.weakly_dated, "the date of the decision as such", at=each.shown.at, got="when it was created")
    expect.each(
        shown,
        lambda each: not each.faults,
        "status, date, end, services, the reason of a denial, and the documents that the provider sent",
        at=lambda each: each.shown.at,
        got=lambda each: "; ".join(each.faults),
    )


@requirement("patient-access.authorization-received")
def test_a_request_is_shown_after_one_business_day(patient_access):
    expected = patient_access.received()
    looped = patient_access.looped()

    advise(not looped, "pages that can be followed to their end", at="Bundle", got=looped)
    expect.each(expected, lambda each: each.shown, "the authorization among the member's data", at=lambda each: each.at,
                got=lambda _: "none of that number")  # fmt: skip


@requirement("patient-access.authorization-updated")
def test_a_decision_is_shown_after_one_business_day(patient_access):
    expected = [each for each in patient_access.changed() if each.shown]

    expect.each(
        need(expected, "a decided authorization that is shown", because="patient-access.authorization-received"),
        lambda each: each.is_up_to_date,
        "the decision that was made",
        at=lambda each: each.at,
        got=lambda each: sorted(each.shown.actions),
    )


@requirement("patient-access.authorization-kept")
def test_an_authorization_stays_for_a_year(patient_access):
    expected = patient_access.kept()

    expect.each(expected, lambda each: each.shown, "the authorization among the member's data", at=lambda each: each.at,
                got=lambda _: "none of that number")  # fmt: skip


@requirement("patient-access.same-story")
def test_the_member_is_told_what_the_provider_is_told(patient_access):
    stories = patient_access.stories()

    expect.each(
        stories,
        lambda each: not each.differences,
        "the same decision as the inquiry tells",
        at=lambda each: each.at,
        got=lambda each: "; ".join(each.differences),
    )


@requirement("patient-access.authorization-profile")
def test_authorizations_name_their_profile(patient_access):
    shown = patient_access.authorizations()

    expect.each(
        shown,
        lambda each: each.names_profile,
        PROFILE,
        at=lambda each: each.at,
        got=lambda each: each.profiles,
    )

"""Inquiry in all its forms: what it finds, about whom, and for whom."""

from conformance import expect, need, requirement


@requirement("pas.inquiry-any-service")
def test_an_inquiry_about_any_service_finds_the_request(lookups):
    inquiry = lookups.about_any_service()

    expect(inquiry.found, "the submitted request among what the inquiry finds", at=inquiry.at)


@requirement("pas.inquiry-by-number")
def test_an_inquiry_by_number_finds_the_authorization(lookups):
    inquiry = lookups.by_number()

    expect(inquiry.found, "the authorization of that number among what the inquiry finds", at=inquiry.at)


@requirement("pas.inquiry-by-member")
def test_an_inquiry_by_member_finds_the_request(lookups):
    inquiry = lookups.by_member()

    expect(inquiry.found, "the submitted request among what the inquiry finds", at=inquiry.at)


@requirement("pas.inquiry-request-reference")
def test_an_inquiry_tells_which_claim_it_is_about(prior_auth):
    inquired = [each for each in prior_auth.told(on_file=True) if each.inquiry]

    expect.each(
        need(inquired, "an inquiry that finds anything", because="pas.inquiry-finds"),
        lambda each: each.answer.request.given,
        "a reference to the Claim, or why there is none",
    )


@requirement("pas.inquiry-other-member")
def test_an_inquiry_about_another_member_does_not_tell_of_the_request(lookups):
    inquiry = lookups.about_another_member()

    expect(not inquiry.found, "nothing about the member who was not asked about", at=inquiry.at, got="the request")


@requirement("pas.third-party-inquiry")
def test_another_system_finds_the_request_by_member_and_provider(lookups):
    inquiry = lookups.by_a_third_party()

    expect(inquiry.found, "the request, found by the member's id and the practitioner's NPI", at=inquiry.at)


@requirement("pas.third-party-match")
def test_another_system_finds_nothing_without_member_and_provider(lookups):
    expect.each(
        lookups.by_strangers(),
        lambda inquiry: not inquiry.found,
        "nothing without the member's id and the practitioner's NPI",
        got=lambda inquiry: f"{len(inquiry.found)} answers about the request",
    )

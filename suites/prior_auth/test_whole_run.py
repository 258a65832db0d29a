"""What a run saw in all its answers together."""

from conformance import expect, requirement


@requirement("pas.must-support-seen", last=True)
def test_every_element_that_the_profiles_mark_is_seen_in_some_answer(must_support):
    expect.each(
        must_support.elements(),
        lambda element: element.seen,
        "the element in some answer: perhaps no declared case calls for it",
        got=lambda element: element.told,
    )

"""The words of a scenario: what they raise, and what they leave in the judgement."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance import NonConformance, NotTested, advise, expect, need, only_if, requirement
from conformance.errors import Finding, NotApplicable
from conformance.expect import REQUIREMENT, SHOWN_FINDINGS, Judgement, Step, current, judging, shown


@dataclass(frozen=True)
class Thing:
    """Something to judge that says where it stands."""

    right: bool
    at: str = "ClaimResponse.item[0]"


@pytest.fixture
def judgement():
    with judging(Judgement()) as open_one:
        yield open_one


# -- expect ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [True, 1, "text", [0], object()])
def test_what_is_true_passes_and_is_counted(judgement, value):
    expect(value, "a reason")

    assert judgement.steps == [Step("a reason", 1, 0)]
    assert judgement.judged == 1


@pytest.mark.parametrize(
    ("value", "got", "actual"),
    [
        (False, None, "no"),
        (None, None, "nothing"),
        ("", None, "nothing"),
        ([], None, "nothing"),
        (False, "status 500", "status 500"),
        (False, 0, "0"),
        (False, [], "nothing"),
        (0, None, "0"),
    ],
)
def test_what_is_false_blames_the_payer_with_what_was_there(judgement, value, got, actual):
    with pytest.raises(NonConformance) as raised:
        expect(value, "a reason", at="ClaimResponse", got=got)

    assert raised.value.findings == (Finding("a reason", actual, "ClaimResponse"),)
    assert (raised.value.judged, raised.value.failed) == (1, 1)
    assert judgement.steps == [Step("a reason", 1, 1)]
    assert str(raised.value) == f"expected a reason; got {actual} at ClaimResponse"


def test_long_values_are_cut():
    assert shown("x" * 300) == "x" * 300
    assert shown("x" * 301) == "x" * 300 + "…"
    assert len(shown(["y" * 1000])) == 301


# -- expect.each -------------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.lists(st.booleans(), min_size=1, max_size=200))
def test_each_judges_all_and_raises_once(rights):
    with judging(Judgement()) as judgement:
        wrong = rights.count(False)
        if not wrong:
            expect.each(rights, lambda right: right, "right")
        else:
            with pytest.raises(NonConformance) as raised:
                expect.each(rights, lambda right: right, "right")
            assert (raised.value.judged, raised.value.failed) == (len(rights), wrong)
            assert len(raised.value.findings) == min(wrong, SHOWN_FINDINGS)

    assert judgement.steps == [Step("right", len(rights), wrong)]
    assert judgement.judged == len(rights)


def test_each_tells_the_first_three_and_the_total():
    with pytest.raises(NonConformance) as raised:
        expect.each(range(120), lambda number: number < 20, "small", at=lambda number: f"[{number}]", got=str)

    assert raised.value.findings[:2] == (Finding("small", "20", "[20]"), Finding("small", "21", "[21]"))
    assert raised.value.findings[-1] == Finding("small", "69", "[69]")
    assert str(raised.value).splitlines()[-1] == "… 100 of 120 in all"
    assert len(str(raised.value).splitlines()) == 4


def test_each_finds_the_place_in_the_item_itself():
    with pytest.raises(NonConformance) as raised:
        expect.each([Thing(False), Thing(True)], lambda thing: thing.right, "right")

    assert raised.value.findings == (Finding("right", "nothing", "ClaimResponse.item[0]"),)


def test_the_place_a_scenario_names_goes_before_the_items_own():
    with pytest.raises(NonConformance) as raised:
        expect.each([Thing(False)], lambda thing: thing.right, "right", at=lambda _: "cases.prior-auth.denied")

    assert raised.value.findings[0].at == "cases.prior-auth.denied"


@pytest.mark.parametrize("nothing", [[], (), iter(()), (each for each in ()), {}])
def test_nothing_to_judge_is_a_mistake_of_ours(judgement, nothing):
    with pytest.raises(ValueError, match="nothing to judge for: a reason"):
        expect.each(nothing, lambda _: True, "a reason")

    assert judgement.judged == 0


def test_each_takes_what_can_be_read_once_only(judgement):
    expect.each((number for number in (1, 2, 3)), lambda number: number, "a number")

    assert judgement.judged == 3


def test_a_check_that_breaks_is_not_the_payers_fault(judgement):
    with pytest.raises(KeyError):
        expect.each([{}], lambda item: item["reason"], "a reason")

    assert judgement.judged == 0


# -- need, only_if -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [0, 0.0, "x", [0], {"a": 1}, True, object()])
def test_what_is_there_is_given_back(value):
    assert need(value, "something") is value


@pytest.mark.parametrize("value", [None, False, "", [], (), {}, frozenset()])
def test_what_is_missing_is_not_tested_and_says_what_to_change(judgement, value):
    with pytest.raises(NotTested) as raised:
        need(value, "a denied item", change="cases.prior-auth.denied", because="prior-auth.answers-are-fhir")

    assert raised.value.message == "needs a denied item"
    assert raised.value.change == "cases.prior-auth.denied"
    assert raised.value.because == "prior-auth.answers-are-fhir"
    assert judgement.steps == [Step("a denied item", 0, 0, "need")]
    assert judgement.judged == 0


def test_what_the_requirement_does_not_reach_is_not_applicable():
    assert only_if([1], "items with a limit") == [1]
    for nothing in (None, [], False, 0, ""):
        with pytest.raises(NotApplicable, match="only applies to items with a limit"):
            only_if(nothing, "items with a limit")


# -- advise ------------------------------------------------------------------------------------------------------------


def test_advice_is_noted_and_never_decides(judgement):
    advise(True, "a number")
    advise(False, "a code", at="ClaimResponse.item[0]", got="text")
    advise(None, "an end")

    assert judgement.advice == [Finding("a code", "text", "ClaimResponse.item[0]"), Finding("an end", "nothing")]
    assert [step.failed for step in judgement.steps] == [0, 1, 1]
    assert judgement.judged == 0, "advice judges nothing"


# -- judgements --------------------------------------------------------------------------------------------------------


def test_outside_a_judgement_the_words_work_the_same():
    assert current() is None
    expect(True, "anything")
    advise(False, "anything")
    with pytest.raises(NonConformance):
        expect(False, "anything")


def test_a_judgement_inside_another_keeps_its_own_notes():
    with judging(Judgement()) as outer:
        expect(True, "one")
        with judging(Judgement()) as inner:
            assert current() is inner
            expect(True, "two")
        assert current() is outer
    assert current() is None
    assert [step.what for step in outer.steps] == ["one"]
    assert [step.what for step in inner.steps] == ["two"]


def test_a_judgement_is_closed_also_when_a_scenario_fails():
    with pytest.raises(NonConformance), judging(Judgement()):
        expect(False, "anything")

    assert current() is None


@settings(deadline=None)
@given(st.lists(st.lists(st.sampled_from("abcdef"))))
def test_exchanges_are_noted_once_and_in_order(looks):
    judgement = Judgement()
    for look in looks:
        judgement.saw(look)

    together = [each for look in looks for each in look]
    assert judgement.exchanges == list(dict.fromkeys(together))


# -- the errors themselves ---------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.integers(1, 40), st.integers(0, 1000))
def test_a_failure_says_how_many(shown_ones, more):
    findings = [Finding("x", "y", str(number)) for number in range(shown_ones)]
    failure = NonConformance(findings, judged=5000, failed=shown_ones + more)

    assert str(failure).count("expected x; got y") == min(3, shown_ones)
    assert ("in all" in str(failure)) is (shown_ones + more > min(3, shown_ones))


def test_a_scenario_names_its_requirement():
    @requirement("prior-auth.denial-reason")
    def scenario() -> str:
        return "unchanged"

    assert getattr(scenario, REQUIREMENT) == "prior-auth.denial-reason"
    assert scenario() == "unchanged"


def test_what_cannot_be_judged_hides_no_finding(judgement):
    def check(item):
        if item == "untold":
            raise NotTested("needs an answer")
        return item != "wrong"

    with pytest.raises(NonConformance) as raised:
        expect.each(["wrong", "untold", "right"], check, "a reason")
    assert (raised.value.judged, raised.value.failed) == (3, 1)

    with pytest.raises(NotTested, match="needs an answer"):
        expect.each(["right", "untold"], check, "a reason")

"""How specific a denial's reason is: the project's own grades, from nothing to what was lacking."""

from __future__ import annotations

import pytest

from conformance.apis.reason_grades import contrary_reasons, grade
from conformance.apis.review_actions import Reason
from conformance.apis.wording import REASON_SYSTEM

CARC = "https://x12.org/codes/claim-adjustment-reason-codes"


def reason(code: str = "", text: str = "", system: str = REASON_SYSTEM) -> Reason:
    return Reason(system if code else "", code, text, "reasonCode", "here")


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        ("0M", "", "specific"),
        ("0P", "", "specific"),  # the information asked for never came: a reason like any other
        ("0F", "", "general"),
        ("0f", "Not medically necessary.", "general"),
        ("0F", "The notes show no trial of physical therapy (policy M-214).", "specific"),
        ("0V", "The notes show no trial of physical therapy (policy M-214).", "pend-like"),
        ("0U", "", "pend-like"),
        ("0H", "", "contradictory"),
        ("", "Not medically necessary", "general"),
        ("", "The requested service is not medically necessary. Please see the denial letter.", "general"),
        ("", "Medical necessity was not established.", "general"),
        ("", "Lack of medical necessity", "general"),
        ("", "Does not meet criteria", "general"),
        ("", "The request does not meet our medical criteria.", "general"),
        ("", "Criteria not met", "general"),
        ("", "Insufficient clinical information.", "general"),
        ("", "Not a covered benefit", "general"),
        ("", "Does not meet criterion 4 of policy M-214: no trial of physical therapy.", "specific"),
        ("", "Not a covered benefit: cosmetic surgery is excluded by section 8.2.", "specific"),
        ("", "Not medically necessary. The MRI of May shows no compression.", "specific"),
        ("", "No imaging of the last six months was sent.", "specific"),
        ("", "Denied.", "none"),
    ],
)
def test_a_reason_is_graded_by_its_code_and_by_its_words(code, text, expected):
    assert grade([reason(code, text)]) == expected


def test_the_best_of_several_reasons_counts_and_none_is_none():
    assert grade([]) == "none"
    assert grade([reason("0F"), reason("0M")]) == "specific"
    assert grade([reason("0H"), reason("0F")]) == "general"
    assert grade([reason("50", system=CARC)]) == "specific"


@pytest.mark.parametrize(
    ("one", "other", "contrary"),
    [
        ([reason("0F")], [reason("0F")], ""),
        ([reason("0F")], [reason("0f"), reason("0M")], ""),
        ([reason("0F")], [reason("0M")], "0F and 0M"),
        ([reason("0F")], [reason("50", system=CARC)], ""),
        ([reason("0F")], [reason(text="No imaging was sent.")], ""),
        ([], [reason("0F")], ""),
        ([reason("0F")], [], "no reason any more"),
    ],
)
def test_two_tellings_disagree_only_by_the_codes_of_one_list(one, other, contrary):
    assert contrary_reasons(one, other) == contrary

"""How specific the reasons of a denial are (suites/rules/denial_reasons.toml). A grade is advice and never decides.

The law asks for "a specific reason" and defines none: that there is one is judged, how good it is can only be graded.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_args

from conformance.apis.review_actions import Reason
from conformance.apis.wording import REASON_SYSTEM, specific
from conformance.paths import suites

# Worst first. none: no reason at all; contradictory: one that denies the denial; pend-like: one that a decision is
# still to come; general: that it was not necessary, or not enough, and nothing more.
Grade = Literal["none", "contradictory", "pend-like", "general", "specific"]
GRADES: tuple[Grade, ...] = get_args(Grade)


@dataclass(frozen=True)
class _Rules:
    codes: dict[str, Grade]
    general: re.Pattern[str]


@cache
def _rules() -> _Rules:
    raw: Any = tomllib.loads((suites() / "rules" / "denial_reasons.toml").read_text("utf-8"))["grades"]
    kinds: dict[Grade, str] = {"contradictory": "contradictory", "pend-like": "pend_like", "general": "general"}
    codes = {code: grade for grade, key in kinds.items() for code in raw[key]}
    return _Rules(codes, re.compile("|".join(f"(?:{each})" for each in raw["general_texts"])))


def grade(reasons: Iterable[Reason]) -> Grade:
    """The best grade of all the reasons of one denial."""
    return max((_graded(each) for each in reasons), key=GRADES.index, default="none")


def _graded(reason: Reason) -> Grade:
    """By its code and by its words: the better of the two, but words do not mend a code that contradicts."""
    coded: Grade = "none"
    if reason.code:
        coded = _rules().codes.get(reason.code.upper(), "specific") if reason.system == REASON_SYSTEM else "specific"
    if coded in ("contradictory", "pend-like"):
        return coded
    return max(coded, _worded(reason.text), key=GRADES.index)


def _worded(text: str) -> Grade:
    said = specific(text)
    if not said:
        return "none"
    return "general" if all(_rules().general.fullmatch(each) for each in said) else "specific"


def contrary_reasons(one: Iterable[Reason], other: Iterable[Reason]) -> str:
    """The codes of two tellings of one denial that have none in common, or that the second has lost its reason.

    "" where they agree, or either tells no code of X12 886. A claim adjustment code beside one of X12 886 is no
    contradiction: they are two lists.
    """
    one, other = tuple(one), tuple(other)
    if one and not other:
        return "no reason any more"
    first, second = ({each.code.upper() for each in told if each.system == REASON_SYSTEM} for told in (one, other))
    if not first or not second or first & second:
        return ""
    return f"{', '.join(sorted(first))} and {', '.join(sorted(second))}"

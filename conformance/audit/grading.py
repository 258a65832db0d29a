"""What a denial says for its reason, graded: once per distinct text, by the words that live answers are read by."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from conformance.apis.review_actions import ACTIONS
from conformance.apis.shapes import Coding
from conformance.apis.wording import NO_REASON_SYSTEMS, is_reason_code, lines_named, says_something
from conformance.audit.rows import IN_PART, ITEM, PART, WHOLE

NONE, GENERIC, SPECIFIC, UNOWED = 0, 1, 2, 3
GRADES = ("none", "generic", "specific", "unowed")
_ACTIONS = frozenset(ACTIONS)


def grade(text: str) -> tuple[int, str]:
    """The worst grade among the denied items, and a short name of the reason: its code, or that it is in words.

    NONE: nothing stands there; GENERIC: only what repeats the decision, boilerplate, a placeholder; UNOWED: no more
    than that, but no line was denied, and a code alone does not tell that less was authorized than asked.
    """
    whole_text, _, items_text = text.partition(WHOLE)
    whole = whole_text.split(PART) if whole_text else []
    items = [each.split(PART) for each in items_text.split(ITEM)] if items_text else [[]]
    denied = [item for item in items if _action(item) == "A3"] or items
    alike = len({_action(item) for item in items}) == 1
    elsewhere = {number for item in items for number in _notes(item)}
    grades = [_of_item(item, whole, alike, elsewhere - _notes(item)) for item in denied]
    worst = min(grades)
    return (UNOWED, "") if IN_PART in whole and worst[0] < SPECIFIC else worst


def _action(item: Iterable[str]) -> str:
    return next((part[2:].split(" ")[0] for part in item if part.startswith("a:")), "")


def _notes(item: Iterable[str]) -> set[str]:
    return {part[2:] for part in item if part.startswith("n:")}


def _of_item(item: list[str], whole: list[str], alike: bool, elsewhere: set[str]) -> tuple[int, str]:
    """The grade of one item; notes ``elsewhere`` are those that other items name as theirs."""
    numbers = _notes(item)
    lines = {int(part[2:]) for part in item if part.startswith("s:") and part[2:].isdigit()}
    parts = [part for part in item if part[:2] in ("c:", "t:", "d:")]
    for part in whole:
        if part.startswith("N:"):
            number, _, words = part[2:].partition(":")
            if number in numbers or (alike and number not in elsewhere) or lines & lines_named(words):
                parts.append(f"t:{words}")
        elif alike or lines & lines_named(part[2:]):
            parts.append(part)
    found = [graded for part in parts if (graded := _part(part))]
    return max(found, default=(NONE, ""))


@cache
def _part(part: str) -> tuple[int, str] | None:
    kind, said = part[0], part[2:].strip()
    if not said:
        return None
    if kind == "t":
        return (SPECIFIC, "in words") if says_something(said) else (GENERIC, "")
    system, _, code = said.rpartition("#")
    if not code:
        return None
    if kind == "d":  # what a code displays is words; the names of a decision are none
        return (SPECIFIC, "in words") if system not in NO_REASON_SYSTEMS and says_something(code) else (GENERIC, "")
    return (SPECIFIC, code) if is_reason_code(Coding(system, code), _ACTIONS) else (GENERIC, "")

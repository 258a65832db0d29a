"""What records may say of a member is told by its shape: a name in the wrong column is a name."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from conformance.audit.facts import FACTS, plain

LONGEST = 40  # characters of a shape
HEADINGS = 2  # that are known make a line one of headings
_HEADINGS = frozenset(plain(name) for fact in FACTS for name in (fact.name, *fact.names))


def shape(text: str) -> str:
    """Letters as A or a, digits as 9, signs as they are: "Jane Doe, 4/1/56" is "Aaaa Aaa, 9/9/99"."""
    cut = text if len(text) <= LONGEST else f"{text[:LONGEST]}…"
    return "".join(_sign(each) for each in cut)


def _sign(each: str) -> str:
    if each.isalpha():
        return "A" if each.isupper() else "a"
    return "9" if each.isnumeric() else each


def headings_told(headings: Sequence[str], mapped: Collection[str] = ()) -> str:
    """The headings of a log; their shapes where hardly one is known, as the first line may be a member's row."""
    known = _HEADINGS | {plain(each) for each in mapped}
    if sum(plain(each) in known for each in headings) >= HEADINGS:
        return ", ".join(headings)
    return f"{', '.join(map(shape, headings))} (shapes: its first line does not look like headings)"

"""Which exchanges ride in the page, where they stand, and how much of their bodies there is room for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import escape

from conformance.report.body import Sheet, Shown, excerpt, sheet, show
from conformance.report.text import visible

EACH = 20 * 1024  # characters of one body
ALL = 460 * 1024  # bytes of all bodies, as they stand in the page
LEAST = 4 * 1024  # with less room than this nothing more is laid out


_CASE = re.compile(r"\bcases\.[\w-]+\.([\w-]+)")


@dataclass(frozen=True)
class Wanted:
    """An exchange that a card refers to, by id, with the places to mark; ``owner`` is the card's anchor."""

    exchange: str
    places: tuple[str, ...]
    owner: str


@dataclass(frozen=True)
class Attached:
    """An exchange under one card: whole under the first that wants it, under others the marked part of its answer.

    A body is None where there was no room left for it; ``home`` is the anchor of the whole exchange.
    """

    home: str
    whole: bool
    line: Mapping[str, Any]
    request: Shown | None
    answer: Shown | None

    @property
    def marked(self) -> bool:
        """Whether the place that a finding names is marked in the answer."""
        return self.answer is not None and any(part.kind == "mark" for part in self.answer.parts)


def tells_of(place: str, line: Mapping[str, Any]) -> bool | None:
    """Whether a place names this exchange's case; None where it names none.

    Cases are named as in ``cases.prior-auth.denied, ClaimResponse.item[0]`` or ``prior-auth.submit denied``.
    """
    if found := _CASE.search(place):
        return bool(found[1] == line["case"])
    operation, _, rest = place.partition(" ")
    if operation == line["operation"] and rest:
        return bool(rest.partition(",")[0] == line["case"])
    return None


def attach(wanted: Sequence[Wanted], exchanges: Mapping[str, Mapping[str, Any]]) -> dict[tuple[str, str], Attached]:
    """The exchanges by (owner, id), in the order in which they are wanted, until the room for bodies is used up."""
    places: dict[tuple[str, str], dict[str, None]] = {}
    for each in wanted:
        places.setdefault((each.owner, each.exchange), {}).update(dict.fromkeys(each.places))
    homes: dict[str, str] = {}
    sheets: dict[str, Sheet] = {}
    attached: dict[tuple[str, str], Attached] = {}
    room = ALL
    for (owner, identifier), marks in places.items():
        line = exchanges[identifier]
        whole = identifier not in homes
        home = homes.setdefault(identifier, f"exchange-{len(homes) + 1}")
        answer: Shown | None = None
        request: Shown | None = None
        here = [place for place in marks if tells_of(place, line) is not False]
        if room >= LEAST:  # else laying out would be work for nothing
            laid_out = sheets.get(identifier) or sheet(line["body"] or "")
            sheets[identifier] = laid_out
            answer, room = _within(show(laid_out, here, min(EACH, room)) if whole else excerpt(laid_out, here), room)
        if whole and room >= LEAST:
            request, room = _within(show(sheet(line["request_body"] or ""), (), min(EACH, room)), room)
        attached[owner, identifier] = Attached(home, whole, line, request, answer)
    return attached


def _within(body: Shown, room: int) -> tuple[Shown, int]:
    """The body and the room it leaves; markup may take it a little below zero, which ends the laying out."""
    cost = sum(len(escape(visible(part.text)).encode("utf-8", "replace")) for part in body.parts)
    return body, room - cost

"""Searches that refine a parameter: by a comparator, by one of several values, by a modifier; each seen against what is
listed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from conformance.apis.formulary_searched import NAMED, PERIODS, SEVERAL, UNKNOWN_TEXT, Parameter
from conformance.apis.search_values import escaped
from conformance.apis.shapes import Placed
from conformance.flows.formulary_probes import Probe, Search

MARGIN = timedelta(days=2)  # from the ends of a period: a day may begin elsewhere at another hour
SHORTEST_PIECE = 3


def compared(kind: str, listed: Sequence[Placed], search: Search) -> Iterator[Probe]:
    """One resource with a period, searched for by days before, amid and after it with every comparator of the guide."""
    found = ((each, span) for each in listed for span in PERIODS[kind](each.resource) if _is_long(span))
    one, (start, end) = next(found, (None, ("", "")))
    if one is None:
        return
    first, last = date.fromisoformat(start), date.fromisoformat(end)
    before, amid, after = first - MARGIN, first + (last - first) / 2, last + MARGIN
    for asked, matches in (
        (f"lt{amid}", True), (f"le{amid}", True), (f"gt{amid}", True), (f"ge{amid}", True),
        (f"lt{before}", False), (f"le{before}", False), (f"gt{after}", False), (f"ge{after}", False),
        (f"sa{before}", True), (f"sa{amid}", False), (f"eb{after}", True), (f"eb{amid}", False),
    ):  # fmt: skip
        yield _sought(kind, one, ("period", asked), search, matches=matches)


def several(kind: str, listed: Sequence[Placed], search: Search) -> Iterator[Probe]:
    """The two values of a parameter that fewest of the listed resources have, asked for at once."""
    for name, parameter in SEVERAL[kind].items():
        holders = _holders(parameter, listed)
        values = sorted(holders, key=lambda value: (len(holders[value]), value))[:2]
        if len(values) == 2:
            found = search(kind, (name, ",".join(values)))
            wanted = holders[values[0]] | holders[values[1]]
            others = {
                each.id for each in found.matches if not any(parameter.holds(each.resource, value) for value in values)
            }
            missing = wanted - found.ids if found.pages == 1 else set()
            told = f"{len(missing)} of {len(wanted)} are missing, {len(others)} do not match"
            yield Probe(found.at, found.said if not found.ok else told if missing or others else "")


def named(kind: str, listed: Sequence[Placed], search: Search) -> Iterator[Probe]:
    """A plan by a piece from inside its name; a drug by whether it has a name."""
    for name, values in NAMED[kind].items():
        known = ((each, words) for each in listed for words in values(each.resource))
        if name.endswith(":missing"):
            one, _ = next(known, (None, ""))
            if one is not None:
                yield _sought(kind, one, (name, "false"), search, matches=True)
                yield _sought(kind, one, (name, "true"), search, matches=False)
            continue
        one, piece = next(((each, piece) for each, words in known if (piece := _inside(words))), (None, ""))
        if one is not None:
            yield _sought(kind, one, (name, escaped(piece)), search, matches=True)
            yield _sought(kind, one, (name, UNKNOWN_TEXT), search, matches=False)


def _sought(kind: str, one: Placed, asked: tuple[str, str], search: Search, *, matches: bool) -> Probe:
    """Whether a search finds one resource, named by its id too, exactly where it should."""
    found = search(kind, ("_id", one.id), asked)
    told = f"{kind}/{one.id} is missing" if matches else f"{kind}/{one.id} is found, and cannot match"
    return Probe(found.at, found.said if not found.ok else "" if (one.id in found.ids) is matches else told)


def _is_long(span: tuple[str, str]) -> bool:
    """Whether days before, amid and after a period are far enough from its ends."""
    try:
        return date.fromisoformat(span[1]) - date.fromisoformat(span[0]) > 3 * MARGIN
    except ValueError:
        return False


def _holders(parameter: Parameter, listed: Sequence[Placed]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for each in listed:
        for value in parameter.values(each.resource):
            found.setdefault(value, set()).add(each.id)
    return found


def _inside(words: str) -> str:
    """The longest word of a name without its first letter: no name begins with that; "" where no word is long."""
    longest = max((word for word in words.split() if word.isalnum()), key=len, default="")
    return longest[1:] if len(longest) > SHORTEST_PIECE else ""

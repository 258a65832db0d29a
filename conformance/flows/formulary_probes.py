"""One search for each of some search parameters, seen against what is listed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from conformance.apis.formulary_searched import Parameter
from conformance.apis.shapes import Placed
from conformance.flows.paging import Found

Search = Callable[..., Found]  # a resource type, and the parameters of a search for it: ("status", "active")


@dataclass(frozen=True)
class Probe:
    """A search by one parameter, and what is wrong with what it found; "" where nothing is."""

    at: str
    problem: str


def probes(kind: str, parameters: Mapping[str, Parameter], listed: Sequence[Placed], search: Search) -> Iterator[Probe]:
    """A search of a resource type by each of these parameters, for the value that fewest of what is listed have."""
    for name, parameter in parameters.items():
        if value := _rarest(parameter, listed):
            yield from _probe(kind, name, parameter, value, listed, search)


def _probe(
    kind: str, name: str, parameter: Parameter, value: str, listed: Sequence[Placed], search: Search
) -> Iterator[Probe]:
    expected = [each.id for each in listed if value in parameter.values(each.resource)]
    found = search(kind, (name, value))
    yield Probe(found.at, _problem(found, expected, parameter, value))
    if len(expected) == len(listed) or parameter.dated:  # it could as well have been passed over
        nothing = search(kind, (name, parameter.nothing))
        wrong = [each for each in nothing.matches if list(parameter.values(each.resource))]
        yield Probe(nothing.at, f"{len(wrong)} found that cannot match" if wrong else "")


def _problem(found: Found, expected: Sequence[str], parameter: Parameter, value: str) -> str:
    if not found.ok:
        return found.said
    missing = set(expected) - found.ids
    if missing and found.pages == 1:  # what gets lost between pages is judged with paging
        return f"{len(missing)} of {len(expected)} are missing"
    others = [each.id for each in found.matches if not parameter.holds(each.resource, value)]
    return f"{len(others)} found that do not match, such as {others[0]}" if others else ""


def _rarest(parameter: Parameter, listed: Sequence[Placed]) -> str:
    """The value that fewest of the listed resources have, so that others would be noticed; "" without any."""
    counts: dict[str, int] = {}
    for each in listed:
        for value in set(parameter.values(each.resource)):
            counts[value] = counts.get(value, 0) + 1
    return min(counts, key=lambda value: (counts[value], value), default="")

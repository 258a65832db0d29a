"""Reading a page of search results: what matched, what was included, where the next page is."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from conformance.apis.shapes import Placed, entries, record, records, text


@dataclass(frozen=True)
class Page:
    """One searchset Bundle: outcomes among its entries are neither matches nor included."""

    matches: tuple[Placed, ...]
    included: tuple[Placed, ...]
    next: str
    total: int | None


def no_searchset(bundle: Any) -> str:
    """What a Bundle is in place of the results of a search; "" where it is these."""
    kind = text(record(bundle).get("type"))
    return "" if kind == "searchset" else f"a Bundle of the type {kind[:40]!r} instead of 'searchset'"


def read_page(resource: Any, searched: str = "") -> Page | None:
    """A page of results; None for anything but a Bundle. An entry without a search mode is a match, but for one of
    another type than was ``searched`` for: servers should tell modes, and need not (FHIR R4, Search Entry Mode)."""
    bundle = record(resource)
    if bundle.get("resourceType") != "Bundle":
        return None
    modes = {
        f"Bundle.entry[{place}].resource": text(record(each.get("search")).get("mode"))
        for place, each in records(bundle.get("entry"))
    }
    matches: list[Placed] = []
    included: list[Placed] = []
    for placed in entries(bundle, "Bundle"):
        mode = modes.get(placed.at, "")
        if placed.type == "OperationOutcome" or mode == "outcome":
            continue
        beside = mode == "include" or (not mode and searched not in ("", placed.type))
        (included if beside else matches).append(placed)
    links = (each for _, each in records(bundle.get("link")) if each.get("relation") == "next")
    total = bundle.get("total")
    return Page(
        matches=tuple(matches),
        included=tuple(included),
        next=next((url for each in links if (url := text(each.get("url")))), ""),
        total=total if isinstance(total, int) and not isinstance(total, bool) else None,
    )


@dataclass
class Pages:
    """Pages of searches that somebody saved, counted by the type that was searched for."""

    found: dict[str, set[str]] = field(default_factory=dict)
    promised: Counter[str] = field(default_factory=Counter)
    to_go_on: set[str] = field(default_factory=set)
    last: set[str] = field(default_factory=set)

    def add(self, bundle: Any) -> None:
        """Notes one more page; anything but a searchset is none."""
        page = read_page(bundle) if record(bundle).get("type") == "searchset" else None
        if page is None:
            return
        for kind in {placed.type for placed in page.matches}:
            self.found.setdefault(kind, set()).update(each.id for each in page.matches if each.type == kind)
            self.promised[kind] = max(self.promised[kind], page.total or 0)
            (self.to_go_on if page.next else self.last).add(kind)

    def lost(self) -> frozenset[str]:
        """The types of which not every page was saved: none is the last, or fewer came than were promised."""
        short = {kind for kind, ids in self.found.items() if len(ids) < self.promised[kind]}
        return frozenset(short | (self.to_go_on - self.last))

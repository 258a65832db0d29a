"""Reading a page of search results: what matched, what was included, where the next page is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from conformance.apis.shapes import Placed, entries, record, records, text


@dataclass(frozen=True)
class Page:
    """One searchset Bundle: outcomes among its entries are neither matches nor included."""

    matches: tuple[Placed, ...]
    included: tuple[Placed, ...]
    next: str
    total: int | None


def read_page(resource: Any) -> Page | None:
    """A page of results; None for anything but a Bundle. An entry without a search mode is a match."""
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
        (included if mode == "include" else matches).append(placed)
    links = (each for _, each in records(bundle.get("link")) if each.get("relation") == "next")
    total = bundle.get("total")
    return Page(
        matches=tuple(matches),
        included=tuple(included),
        next=next((url for each in links if (url := text(each.get("url")))), ""),
        total=total if isinstance(total, int) and not isinstance(total, bool) else None,
    )

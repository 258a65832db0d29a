"""What a search found over all its pages, and what went wrong between them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from conformance.apis.searchset import Page
from conformance.apis.shapes import Placed


@dataclass(frozen=True)
class Found:
    """What a search found over all its pages.

    ``repeated`` are ids that came more than once, ``looped`` a next link that leads back, ``cut`` whether we stopped
    before the end (a formulary beyond our limit), ``total`` what the first page promised.
    """

    query: str
    status: int | None
    ok: bool
    matches: tuple[Placed, ...] = ()
    included: tuple[Placed, ...] = ()
    pages: int = 0
    total: int | None = None
    repeated: tuple[str, ...] = ()
    looped: str = ""
    cut: bool = False

    @property
    def at(self) -> str:
        return self.query

    @property
    def paging_faults(self) -> tuple[str, ...]:
        """What went wrong between the pages: repeats, losses against the promised total, links that lead back."""
        faults = {
            f"the next link of page {self.pages} leads back": bool(self.looped),
            f"{len(self.repeated)} matches came twice ({', '.join(self.repeated[:3])})": bool(self.repeated),
            f"{len(self.matches)} matches came of {self.total} promised": self.total is not None
            and not (self.cut or self.looped)
            and len(self.matches) != self.total,
        }
        return tuple(told for told, wrong in faults.items() if wrong)

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(placed.id for placed in self.matches)


def gathered(query: str, status: int | None, pages: Iterable[tuple[Page, str, bool]]) -> Found:
    matches: dict[str, Placed] = {}
    included: dict[tuple[str, str], Placed] = {}
    repeated: list[str] = []
    total: int | None = None
    number, looped, cut = 0, "", False
    for number, (page, loop, stop) in enumerate(pages, 1):
        looped, cut = loop, stop
        total = page.total if number == 1 else total
        for placed in page.matches:
            key = f"{placed.type}/{placed.id}"
            repeated += [key] if key in matches else []
            matches.setdefault(key, placed)
        for placed in page.included:
            included.setdefault((placed.type, placed.id), placed)
    return Found(
        query, status, True, tuple(matches.values()), tuple(included.values()), number, total,
        tuple(repeated), looped, cut,
    )  # fmt: skip

"""Walking over the pages of a search, what was found over all of them, and what went wrong between them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urljoin

from conformance.apis.searchset import Page
from conformance.apis.shapes import Placed
from conformance.wire.gateway import origin


@dataclass(frozen=True)
class Reach:
    """How far a search is followed: pages, matches, and bytes as they came."""

    pages: int
    matches: int
    size: int = 32 * 2**20


@dataclass(frozen=True)
class Step:
    """One page, and why the walk ends there, if it does: a next link that leads back or astray, or our own limit."""

    page: Page
    looped: str = ""
    astray: str = ""
    cut: bool = False

    @property
    def is_last(self) -> bool:
        """Whether there is no next page to ask for."""
        return not self.page.next or bool(self.looped or self.astray or self.cut)


def next_page(here: str, link: str) -> tuple[str, bool]:
    """Where a next link leads, seen from the page's own address, and whether that is an address on the same origin."""
    if not link.isprintable() or " " in link:
        return link, False
    try:
        there = urljoin(here, link)
    except ValueError:
        return link, False
    return there, origin(there) == origin(here)


def _is_address(link: str) -> bool:
    """Whether a link is a whole address on the web."""
    return link.isprintable() and " " not in link and bool(re.match(r"https?://[^/?#]", link))


@dataclass(frozen=True)
class Found:
    """What a search found over all its pages.

    ``problem`` is what makes the answer none; ``repeated`` are ids that came more than once, ``looped`` a next link
    that leads back, ``astray`` one that leads to another origin, ``cut`` whether we stopped before the end (at our own
    limit), ``total`` what the first page promised.
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
    astray: str = ""
    cut: bool = False
    problem: str = ""

    @property
    def at(self) -> str:
        return self.query

    @property
    def said(self) -> str:
        """What came in place of an answered search."""
        return self.problem or f"status {self.status}"

    @property
    def whole(self) -> bool:
        """Whether the walk came to an end of its own."""
        return not (self.cut or self.looped or self.astray)

    @property
    def foreign(self) -> str:
        """Another host that the next link leads to, where we do not follow; "" where it leads to none."""
        return self.astray if _is_address(self.astray) else ""

    @property
    def paging_faults(self) -> tuple[str, ...]:
        """What went wrong between the pages: repeats, losses against the promised total, links that lead nowhere."""
        faults = {
            f"the next link of page {self.pages} leads back": bool(self.looped),
            f"the next link of page {self.pages} leads to no address here ({self.astray})": self.astray != self.foreign,
            f"{len(self.repeated)} matches came twice ({', '.join(self.repeated[:3])})": bool(self.repeated),
            f"{len(self.matches)} matches came of {self.total} promised": self.total is not None
            and (len(self.matches) != self.total if self.whole else len(self.matches) > self.total),
        }
        return tuple(told for told, wrong in faults.items() if wrong)

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(placed.id for placed in self.matches)

    def covers(self, ids: Iterable[str]) -> bool:
        """Whether all of ``ids`` were found; of a walk that did not come to its end, whether anything was."""
        return set(ids) <= self.ids if self.whole else bool(self.matches)


def gathered(query: str, status: int | None, steps: Iterable[Step]) -> Found:
    """What all pages of a search hold together."""
    matches: dict[str, Placed] = {}
    included: dict[tuple[str, str], Placed] = {}
    repeated: list[str] = []
    total: int | None = None
    number, step = 0, Step(Page((), (), "", None))
    for number, step in enumerate(steps, 1):
        total = step.page.total if number == 1 else total
        for placed in step.page.matches:
            key = f"{placed.type}/{placed.id}"
            repeated += [key] if key in matches else []
            matches.setdefault(key, placed)
        for placed in step.page.included:
            included.setdefault((placed.type, placed.id), placed)
    return Found(
        query, status, True, tuple(matches.values()), tuple(included.values()), number, total,
        tuple(repeated), step.looped, step.astray, step.cut,
    )  # fmt: skip

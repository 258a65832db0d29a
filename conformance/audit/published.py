"""Published figures as values: what a payer printed, to the last digit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

SIDES = ("standard", "expedited")  # of items and services; "drugs" is a side of its own
LISTS = ("items", "drugs")  # what may require prior authorization; each has a public list of its own, or both have one
FINER = ("service", "specialty", "plan", "reason")  # what physicians ask figures by; a drug is a service here
FIRST_YEAR = 2025  # of which CMS-0057-F has figures published
NOT_APPLICABLE = re.compile(r"(?i)n/?a|nr|not applicable|not reported|none|-|–|—")
PRINTED = re.compile(
    r"[-+]?\$?\s*(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+,\d{1,2}(?!\d)|\d+(?:\.\d+)?)"
    r"\s*(%|percent|days?|hours?|hrs?|minutes?|calendar days?)?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Number:
    """A figure as it was printed: its value; ``half`` of its last digit, where that is not the value's own."""

    value: Decimal
    printed: str
    half: Decimal | None = None

    @property
    def slack(self) -> Decimal:
        """How far the true value may lie from it: half of the last digit that was printed."""
        return Decimal(1).scaleb(int(self.value.as_tuple().exponent)) / 2 if self.half is None else self.half


def value_of(digits: str) -> Decimal:
    """What printed digits say: a comma before three digits parts thousands, before fewer it is the decimal one."""
    whole = re.fullmatch(r"(\d+),(\d{1,2})", digits)
    return Decimal(f"{whole[1]}.{whole[2]}" if whole else digits.replace(",", ""))


@dataclass
class Report:
    """One report: figures by (side, name); side "" is of both. ``none``: said to be not applicable.

    ``lists`` has the address of each of LISTS, as far as the report links to it.

    ``finer`` has the tables of each cut (of FINER, or another) in which figures are given too: reports of their own,
    in which the name of a row stands for the side; ``side`` is the one that all rows of such a table are of.
    """

    payer: str = ""
    year: int | None = None
    lists: dict[str, str] = field(default_factory=dict)
    figures: dict[tuple[str, str], Number] = field(default_factory=dict)
    none: set[tuple[str, str]] = field(default_factory=set)
    finer: dict[str, list[Report]] = field(default_factory=dict)
    side: str = ""

    def sides(self) -> list[str]:
        """The sides (of a finer cut: the rows) of which anything is said, in their order."""
        return list(dict.fromkeys(side for side, _ in (*self.figures, *self.none)))

    def get(self, side: str, name: str) -> Number | None:
        """A figure, or None where it is not stated."""
        return self.figures.get((side, name))


@dataclass
class Published:
    """What was found where the figures should be: the reports, and why nothing could be read where so.

    Of links to lists of what requires prior authorization: ``opened`` were followed to something, ``closed`` lead to
    none, with what is there instead.
    """

    source: str
    reports: list[Report] = field(default_factory=list)
    problem: str = ""
    behind_login: bool = False
    opened: set[str] = field(default_factory=set)
    closed: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """What results.json keeps of it."""
        return {
            "source": self.source,
            "problem": self.problem,
            "reports": [
                {
                    "payer": each.payer, "year": each.year,
                    "finer": {cut: sum(len(table.sides()) for table in tables) for cut, tables in each.finer.items()},
                    "list_url": each.lists.get("items", ""), "drug_list_url": each.lists.get("drugs", ""),
                    "figures": {
                        f"{side}.{name}".lstrip("."): number.printed for (side, name), number in each.figures.items()
                    },
                }
                for each in self.reports
            ],
        }  # fmt: skip


def year_due(day: date) -> int | None:
    """The last calendar year of which figures must be posted on a day; None before the first, by 2026-03-31."""
    year = day.year - 1 if day >= due_day(day.year - 1) else day.year - 2
    return year if year >= FIRST_YEAR else None


def due_day(year: int) -> date:
    """By when the figures of a calendar year must be posted."""
    return date(year + 1, 3, 31)


def stated(report: Report) -> Iterator[tuple[str, bool]]:
    """Each of the figures that the rules ask for, and whether the report states it (or that there was none)."""
    yield "how many standard requests were approved", _has(report, "standard", "approved")
    yield "how many standard requests were denied", _has(report, "standard", "denied")
    yield "how many were approved after appeal", _has(report, "standard", "approved_after_appeal")
    extended = any(
        _has(report, side, name) for side in ("", *SIDES) for name in ("extended_approved", "approved_after_extension")
    )
    yield "how many were extended and approved", extended
    yield "how many expedited requests were approved", _has(report, "expedited", "approved")
    yield "how many expedited requests were denied", _has(report, "expedited", "denied")
    for side in SIDES:
        for name in ("mean", "median"):
            yield f"the {name} time to decide {side} requests", _has_time(report, side, name)


def stated_of_drugs(report: Report) -> Iterator[tuple[str, bool]]:
    """Each of the figures on drugs that CMS-0062-P proposes, counts beside percentages, and whether it is stated."""
    for name in ("approved", "denied"):
        yield f"how many drug requests were {name}", _stands(report, "drugs", name)
        yield f"the share of drug requests that were {name}", _stands(report, "drugs", f"{name}_pct")
    after_appeal = ("approved_after_appeal", "denied_after_appeal")
    yield "how many appeals of drugs were decided, and how", any(_has(report, "drugs", name) for name in after_appeal)
    for name in ("mean", "median"):
        yield f"the {name} time to decide drug requests", _has_time(report, "drugs", name)


def _has_time(report: Report, side: str, name: str) -> bool:
    return any(_has(report, side, each) for each in (name, f"{name}_days", f"{name}_hours"))


def _stands(report: Report, side: str, key: str) -> bool:
    return _no_requests(report, side) or (side, key) in report.figures or (side, key) in report.none


def _no_requests(report: Report, side: str) -> bool:
    total = report.get(side, "total")
    return total is not None and total.value == 0


def _has(report: Report, side: str, name: str) -> bool:
    return _stands(report, side, name) or _stands(report, side, f"{name}_pct")

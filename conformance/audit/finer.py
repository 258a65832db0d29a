"""Published figures in finer cuts: whether their rows agree with the whole, and which cells could tell of a person."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from conformance.audit.consistency import Difference, arithmetic
from conformance.audit.cuts import SMALL
from conformance.audit.facts import DECISIONS
from conformance.audit.published import SIDES, Number, Report

# A request is of one plan, month, line, channel and delegate; it may ask for several services, and be denied for
# several reasons: those rows may sum to more than all.
_DISJOINT = frozenset({"plan", "month", "line", "channel", "delegate"})
_ALL = re.compile(
    r"(?i)\W*(?:(?:grand |overall )?totals?|overall|all(?: (?:services|plans|specialties|reasons|requests|months))?)\W*"
)
_SUM = re.compile(r"(?i)total|\b(?:all|overall|combined|aggregate|enterprise|statewide)\b")  # or what may be one
_REST = re.compile(r"(?i)\b(?:(?:all )?others?|remaining|merged)\b")


def differences(report: Report, alone: bool) -> tuple[int, list[Difference]]:
    """How many figures of the finer cuts of a report could be checked against others, and those that do not agree.

    Where a report is not ``alone``, its cuts may be of the others too.
    """
    checked, wrong = 0, []
    for cut, table in _tables(report):
        # Of what was asked in a month much is decided in the next.
        rows, found = arithmetic(table, table.sides() if cut != "month" else (), of_decided=True)
        sums = [each for name in (*DECISIONS, "total") for each in _against_total(cut, table, name)]
        sums += _against_all(cut, table, report) if alone else ()
        checked += rows + len(sums)
        wrong += [*found, *(each for each in sums if each is not None)]
    return checked, wrong


def small(report: Report) -> list[str]:
    """The cells of 1 to 10 of the finer cuts of a report; those of plans may be the public figures themselves."""
    return [
        f"{row}: {number.printed} {name}"
        for cut, table in _tables(report)
        for (row, name), number in table.figures.items()
        if cut != "plan" and name in (*DECISIONS, "total") and number.value in range(1, SMALL + 1)
    ]


def _tables(report: Report) -> Iterator[tuple[str, Report]]:
    return ((cut, table) for cut, tables in report.finer.items() for table in tables)


def _against_total(cut: str, table: Report, name: str) -> Iterator[Difference | None]:
    """A column against its row for all: no other says more, and together they make it where they are told to."""
    total = next((row for row in table.sides() if _ALL.fullmatch(row)), None)
    whole = table.get(total, name) if total is not None else None
    if whole is None:
        return
    rows = [row for row in table.sides() if row != total]
    stated = {row: number for row in rows if (number := table.get(row, name))}
    for row, number in stated.items():
        yield _at_most(f"by {cut}, {row}: {name}", number.value, whole)
    together = sum((number.value for number in stated.values()), Decimal(0))
    if cut in _DISJOINT:
        yield _at_most(f"by {cut}, all rows: {name}", together, whole)
    if len(stated) == len(rows) and any(map(_REST.search, rows)):
        figure = f"by {cut}, all rows: {name}"
        yield None if together >= whole.value else Difference(figure, f"at least {whole.printed}", f"{together}")


def _against_all(cut: str, table: Report, report: Report) -> Iterator[Difference | None]:
    """All rows against the requests of the whole report, where it says how many of every side there were."""
    totals = [report.get(side, "total") for side in ((table.side,) if table.side else (*SIDES, "drugs"))]
    if cut not in _DISJOINT or None in totals or any(map(_SUM.search, table.sides())):
        return
    whole = sum((each.value for each in totals if each), Decimal(0))
    rows = [_decisions(table, row) for row in table.sides()]
    together = sum(rows, Decimal(0))
    if together and 2 * max(rows) != together:  # one that is as much as all others is their sum, whatever its name
        yield _at_most(f"by {cut}, all rows", together, Number(whole, f"{whole:,}"))


def _decisions(table: Report, row: str) -> Decimal:
    """How many requests a row is of: as it says, else those that were decided."""
    total = table.get(row, "total")
    return total.value if total else sum((n.value for each in DECISIONS if (n := table.get(row, each))), Decimal(0))


def _at_most(figure: str, said: Decimal, whole: Number) -> Difference | None:
    return None if said <= whole.value else Difference(figure, f"at most {whole.printed}", f"{said}")

"""Published figures as populations: there, in agreement with each other and with the decisions they count."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Any

from conformance.audit import consistency, finer
from conformance.audit.population import Population
from conformance.audit.published import (
    FINER,
    SIDES,
    Published,
    Report,
    due_day,
    stated,
    stated_of_drugs,
    year_due,
)
from conformance.errors import Finding

Computed = Callable[[int | None], dict[str, Any] | None]  # the figures of a year by the decisions, where there are some

_LISTS = {"items": ("items and services", "--list-url"), "drugs": ("drugs", "--drug-list-url")}


def completeness(published: Published, as_of: date | None) -> Population:
    """Every figure the rules ask for, stated for the last year that was due, where anybody can see it."""
    if published.behind_login:
        told = Finding("", f"{published.problem}: not for all to see", published.source)
        return Population(1, 1, 1, (told,))
    if published.problem:
        return _unread(published)
    found, judged = [], 0
    for report, where in _reports(published):
        missing, asked = _missing(stated(report), where)
        found += missing
        owed = year_due(as_of) if as_of else None
        if report.year is None:
            found.append(Finding("", "not stated: of which year", where))
        elif owed and report.year < owed:
            found.append(Finding("", f"of {report.year}; those of {owed} were due by {due_day(owed)}", where))
        judged += asked + 1
    return Population(judged, judged, len(found), tuple(found), lacking="published figures")


def listed(published: Published, of: str) -> Population:
    """A list (of LISTS) of what requires prior authorization, linked to; a link that was followed leads to it."""
    if published.problem:
        return _unread(published)
    linked = [(report.lists[of], where) for report, where in _reports(published) if report.lists.get(of)]
    found = [
        Finding("", f"the link to the list ({href}) {published.closed[href]}", where)
        for href, where in linked
        if href in published.closed
    ]
    what, option = _LISTS[of]
    unseen = {href for href, _ in linked} - published.opened - published.closed.keys()
    return Population(
        len(published.reports),
        len(linked),
        len(found),
        tuple(found),
        partial=f"{', '.join(sorted(unseen))}: not looked at" if unseen else "",
        lacking=f"the list of {what} that require prior authorization, or a link to it, beside the figures "
        f"(where it stands elsewhere: {option})",
    )


def agreement(published: Published, computed: Computed) -> Population:
    """Figures of items and services against each other, and against the decisions."""
    if published.problem:
        return _unread(published)
    judged, found = _disagreements(published, computed, ("", *SIDES))
    lacking = "figures that can be checked against others"
    return Population(max(judged, 1), judged, len(found), tuple(found), lacking=lacking)


def drugs(published: Published, computed: Computed) -> Population:
    """Figures on drugs: each that is proposed is there, and agrees with the others and with the decisions."""
    if published.problem:
        return _unread(published)
    judged, found = _disagreements(published, computed, ("drugs",))
    for report, where in _reports(published):
        missing, asked = _missing(stated_of_drugs(report), where)
        found += missing
        judged += asked
    return Population(judged, judged, len(found), tuple(found), lacking="published figures")


def cuts(published: Published) -> Population:
    """Figures cut by service, specialty, plan and reason: each cut is there, and its rows agree with the whole."""
    if published.problem:
        return _unread(published)
    judged, found = 0, []
    for report, where in _reports(published):
        checked, wrong = finer.differences(report, alone=len(published.reports) == 1)
        found += [Finding("", f"no figures by {cut}", where) for cut in FINER if cut not in report.finer]
        found += [_told(each, where) for each in wrong]
        judged += len(FINER) + checked
    return Population(judged, judged, len(found), tuple(found), lacking="published figures")


def small_cells(published: Published) -> list[str]:
    """The cells of 1 to 10 in finer cuts: a person could be told by them."""
    return [cell for report in published.reports for cell in finer.small(report)]


def counts(published: Published) -> Population:
    """Percentages of items and services, each with its count."""
    named = [
        (report, where, side, name)
        for report, where in _reports(published)
        for side, name in report.figures
        if name.endswith("_pct") and side in ("", *SIDES)
    ]
    bare = [
        Finding("", f"{side or 'all'}: {name.removesuffix('_pct').replace('_', ' ')} in percent only", where)
        for report, where, side, name in named
        if report.get(side, name.removesuffix("_pct")) is None
    ]
    return Population(len(named), len(named), len(bare), tuple(bare), lacking="published percentages")


def _unread(published: Published) -> Population:
    return Population(1, lacking=f"published figures that can be read ({published.source} {published.problem})")


def _reports(published: Published) -> Iterator[tuple[Report, str]]:
    """The reports, each with where it stands."""
    return ((report, report.payer or published.source) for report in published.reports)


def _missing(asked: Iterable[tuple[str, bool]], where: str) -> tuple[list[Finding], int]:
    """The figures that are not stated, and how many were looked for."""
    looked_for = list(asked)
    return [Finding("", f"not stated: {figure}", where) for figure, there in looked_for if not there], len(looked_for)


def _disagreements(published: Published, computed: Computed, sides: tuple[str, ...]) -> tuple[int, list[Finding]]:
    """How many figures of these sides could be checked, and those that disagree.

    Of several reports none is held to the decisions: which of them are whose is not known.
    """
    judged, found = 0, []
    for report, where in _reports(published):
        checks = [consistency.arithmetic(report, [side for side in sides if side])]
        mine = computed(report.year) if len(published.reports) == 1 else None
        if mine is not None:
            checks.append(consistency.agreement(report, mine, sides))
        for checked, wrong in checks:
            judged += checked
            found += [_told(each, where) for each in wrong]
    return judged, found


def _told(difference: consistency.Difference, where: str) -> Finding:
    return Finding("", f"{difference.figure}: {difference.found} is printed; {difference.expected}", where)

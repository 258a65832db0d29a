"""What scenarios ask of the records: populations, counted, with the first findings and what the records do not show."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any

from conformance import clock
from conformance.audit import due, grading, metrics, posted, timed
from conformance.audit.decisions import Understood
from conformance.audit.engine import Engine
from conformance.audit.facts import DRUGS
from conformance.audit.payer import Payer
from conformance.audit.population import Population
from conformance.audit.published import Published
from conformance.audit.table import Said
from conformance.audit.timed import LISTED, UNTIMED, Late, Timed
from conformance.errors import Finding
from conformance.limits import limits

_MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
ANY_DAY = clock.Stamp("", _MOMENT, _MOMENT)  # for what does not depend on the day


@dataclass
class Records:
    """The records of one payer; everything is worked out at its first asking."""

    engine: Engine
    said: Said
    understood: Understood
    payer: Payer
    published: Published | None = None
    identify: bool = False
    reasons_since: date | None = None
    as_of: date | None = None
    asked: frozenset[str] | None = None  # the requirements that scenarios will ask for; None: any
    timings: dict[str, Timed] = field(default_factory=dict)
    reasons: dict[str, Mapping[str, int]] = field(default_factory=dict)

    @cached_property
    def started(self) -> Any:
        """Every decision with the start and end of its clock."""
        return timed.started(self.engine, self.understood.table, self.payer)

    @cached_property
    def _judged(self) -> dict[str, Timed]:
        """The requirements that have clocks, judged in one go."""
        named = {limit.requirement for limit in (*self.payer.clocks, *limits())}
        asked = {name: self._kinds(name) for name in sorted(named) if self.asked is None or name in self.asked}
        return timed.judge(self.engine, self.started, self.payer, due.receipts(self.engine, self.started), asked)

    @cached_property
    def _rejected(self) -> Mapping[int, Sequence[int]]:
        """The lines that could not be read, by the number of their source."""
        lines = self.said.rejected.lines
        return {place: lines.get(str(each.path.absolute()), ()) for place, each in enumerate(self.said.sources)}

    def clocked(self, requirement: str) -> Timed:
        """The decisions of one requirement against its clocks."""
        self.timings[requirement] = self._judged[requirement]
        return self.timings[requirement]

    def _kinds(self, requirement: str) -> frozenset[tuple[str, str]]:
        """The kinds of request that the clocks of a requirement are about, whenever they are in force."""
        found = set()
        for limit in {each for each in (*self.payer.clocks, *limits()) if each.requirement == requirement}:
            if limit.standing != "contract" and self.payer.target.payer_type not in limit.payers:
                continue
            for kind in ("item", *DRUGS):
                asked = self.payer.asked(kind, "standard", ANY_DAY)
                fits = limit.scope in ("both", asked.scope) and asked.request in limit.requests
                if fits and (asked.scope == "items" or not limit.drugs or asked.drug in limit.drugs):
                    urgencies = ("standard", "expedited") if limit.urgency == "any" else (limit.urgency,)
                    found |= {(kind, urgency) for urgency in urgencies}
        return frozenset(found)

    def timed(self, requirement: str) -> Population:
        """The decisions of a requirement, judged by its clocks."""
        found = self.clocked(requirement)
        wrong = found["late"] + found["overdue"]
        gaps = {why: found[name] for name, why in UNTIMED.items() if found[name]}
        if found["undated"]:
            gaps["known only to stand when the resource was made, after the time was up"] = found["undated"]
        if found["unbound"] and (period := self.payer.unsaid_period(requirement)):
            gaps[f"received when its clock may not have been in force yet: {period} is not named"] = found["unbound"]
        unjudged = sum(gaps.values())
        said = [
            f"{number:,} with {why}" if why.startswith(("no ", "a ")) else f"{number:,} {why}"
            for why, number in gaps.items()
        ]
        if found["no_notice"]:
            said.append(
                f"{found['no_notice']:,} timed by the decision: the records do not tell when the notice went out"
            )
        if found["maybe"]:
            said.append(f"{found['maybe']:,} still open and late unless extended")
        if found["open"] and self.payer.extracted is None:
            said.append(f"{found['open']:,} still open: when the records were drawn is not said (--extracted)")
        if found["no_urgency"]:
            said.append(f"{found['no_urgency']:,} without urgency, taken as standard")
        return Population(
            size=found["judged"] + found["overdue"] + unjudged if found.clocks or unjudged else 0,
            judged=found["judged"] + found["overdue"],
            failed=wrong,
            findings=tuple(self._finding(each) for each in found.late),
            partial="; ".join(said),
            close=f"{found['close']:,} of {found['judged']:,} between the strict and the lenient reading"
            if found["close"]
            else "",
            lacking=f"times of receipt and decision that can be read ({'; '.join(said) or 'none in these records'})",
        )

    def extensions(self) -> Population:
        """Extended requests for items: each with its notice, and who asked."""
        t = self.started
        mine = t.filter(t.extended & (t.kind == "item") & t.exclusion.isnull())
        bare = ~mine.announced | ~mine.explained
        row = self._one(mine.agg(n=mine.count(), bad=bare.cast("int64").sum()))
        size, bad = row["n"] or 0, int(row["bad"] or 0)
        shown = mine.filter(bare).order_by("key", "source", "place").limit(LISTED).select(*_WHERE)
        told = "extended without a notice, or without saying why"
        return Population(
            size, size, bad,
            tuple(Finding("", told, self.at(**each)) for each in (self.engine.rows(shown) if bad else ())),
            lacking="extensions",
        )  # fmt: skip

    def denials(self, scope: str) -> Population:
        """Denied and partly denied requests, each with the grade of its reason."""
        if "reason" in self.said.absent and "reason_code" in self.said.absent:
            t = self._denied(scope)
            size = self._one(t.agg(n=t.count()))["n"]
            return Population(size, lacking="a column with the reasons of denials (reason, reason_code)")
        t = self._denied(scope)
        unsaid = t.channel.isnull().cast("int64").sum()
        counted = {row["grade"]: row for row in self.engine.rows(t.group_by("grade").agg(n=t.count(), unsaid=unsaid))}
        grades = {name: counted[number]["n"] if number in counted else 0 for number, name in enumerate(grading.GRADES)}
        self.reasons[scope] = grades
        silent = sum(int(each["unsaid"] or 0) for each in counted.values())
        failed, unowed = grades["none"] + grades["generic"], grades["unowed"]
        size = failed + grades["specific"]
        gaps = [f"{silent:,} denials do not say by which channel they went out"] if silent else []
        if unowed:
            gaps.append(
                f"{unowed:,} were modified or approved in part by a code alone: whether a reason is owed is not told"
            )
        shown = t.filter(t.grade < grading.SPECIFIC).order_by("key", "source", "place").limit(LISTED)
        rows = self.engine.rows(shown.select(*_WHERE, "grade")) if failed else []
        told = ("no reason at all", "only words that repeat the decision, or boilerplate")
        return Population(
            size, size, failed,
            tuple(Finding("", told[each.pop("grade")], self.at(**each)) for each in rows),
            partial="; ".join(gaps),
            lacking="denials",
        )  # fmt: skip

    def completeness(self) -> Population:
        """Every figure the rules ask for, stated for the year before, where anybody can see it."""
        return posted.completeness(self._published(), self.as_of)

    def listed(self, of: str) -> Population:
        """The list of the items (and services) or drugs that require prior authorization, where the figures link to."""
        return posted.listed(self._published(), of)

    def agreement(self) -> Population:
        """Published figures against each other, and against the decisions where there are some."""
        return posted.agreement(self._published(), self._computed)

    def drugs(self) -> Population:
        """Published figures on drugs: there, in agreement with each other and with the decisions."""
        return posted.drugs(self._published(), self._computed)

    def cuts(self) -> Population:
        """Published figures in finer cuts: there, and in agreement with the whole."""
        return posted.cuts(self._published())

    def small_cells(self) -> list[str]:
        """The cells of published finer cuts that are small enough to tell of a person."""
        return posted.small_cells(self._published())

    def counts(self) -> Population:
        """Percentages that are published, each with its count."""
        return posted.counts(self._published())

    def _computed(self, year: int | None) -> dict[str, Any] | None:
        return None if self.understood.table is None else metrics.computed(self, year)

    def _denied(self, scope: str) -> Any:
        t = self.started
        kind = t.kind == "item" if scope == "items" else t.kind != "item"
        mine = t.filter(t.outcome.isin(["denied", "partial"]) & t.exclusion.isnull() & kind)
        if self.reasons_since is None or scope != "items":
            return mine
        first = metrics.midnight(self.reasons_since, self.payer.target.timezones)
        return mine.filter((mine.asked_at >= first) | mine.asked_at.isnull())  # what was asked before owed no reason

    def _published(self) -> Published:
        if self.published is None:
            raise RuntimeError("no published figures were named")
        return self.published

    def _one(self, expression: Any) -> dict[str, Any]:
        return self.engine.rows(expression)[0]

    def _finding(self, late: Late) -> Finding:
        return Finding("", late.told, self.at(late.key, late.source, late.start, late.place))

    def at(self, key: str | None, source: int | None, start: int | None, place: int | None) -> str:
        """Where a decision stands: its file and line where they are known; its number only where asked."""
        number = key or "a row without a number"
        if source is None or place is None:
            return number if self.identify else "a row that --identify names"
        file = self.said.sources[source]
        line = self.said.lines.get((source, start or 0), 0) + place
        # Rows that could not be read are not among those that were counted.
        rejected = self._rejected.get(source, ())
        line += bisect_right(range(len(rejected)), line, key=lambda before: rejected[before] - before)
        where = f"{file.path.name}, {'line' if file.form == 'ndjson' else 'row'} {line}"
        return f"{where} ({number})" if self.identify else where


_WHERE = ("key", "source", "start", "place")

"""Every decision against every clock: in time, late, between the readings, open, or not to be timed; counted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from conformance.audit import due
from conformance.audit.engine import Engine
from conformance.audit.facts import DECISIONS
from conformance.audit.metrics import home
from conformance.audit.payer import Payer
from conformance.limits import Limit

LISTED = 10_000  # findings of one requirement that are told one by one
# What is kept of every decision: a million rows take their time and memory by the column.
STARTED = (
    "source", "start", "place", "key", "kind", "outcome", "exclusion", "urgency", "no_urgency", "why", "bounded",
    "told", "r_e", "p_e", "p_l", "s_e", "s_l", "e_e", "e_l", "slot", "spent", "asked_at", "decided_at", "extended",
    "explained", "announced", "grade", "reason", "appeal", "channel", "delegate", "line", "plan", "service",
    "specialty",
)  # fmt: skip
# Why a decision cannot be timed, in the order in which it is asked; keys are columns of the counts.
UNTIMED: Mapping[str, str] = {
    "no_receipt": "no time of receipt",
    "bad_receipt": "a time of receipt that is none",
    "no_end": "no time of decision or notice",
    "bad_end": "a time of decision or notice that is none",
    "before": "decided or told before it was received",
    "after": "received, decided or told after the records were drawn",
    "upgraded": "expedited later, without the time from which it was",
    "unknown": "no outcome that is known",
}


@dataclass(frozen=True)
class Late:
    """One finding: where the decision stands, and the three times."""

    key: str
    source: int | None
    start: int | None
    place: int | None
    told: str


@dataclass
class Timed:
    """The decisions of one requirement, counted.

    ``judged`` were decided and could be timed; of them ``late`` by every reading, ``close`` in time by the lenient
    reading only, ``extended`` within or past an extension. ``undated``: only known to stand when the resource was
    made, which was after the time was up. ``open`` are undecided; ``overdue`` of them are late even if extended,
    ``maybe`` unless extended. ``unbound``: received when no clock (that somebody read) was in force. ``no_notice``:
    timed by the decision, for want of the notice.
    """

    requirement: str
    clocks: tuple[Limit, ...] = ()
    counts: dict[str, int] = field(default_factory=dict)
    late: tuple[Late, ...] = ()

    def __getitem__(self, name: str) -> int:
        return self.counts.get(name, 0)


def started(engine: Engine, decisions: Any, payer: Payer) -> Any:
    """Decisions with the interval in which their clock started (``s_e``, ``s_l``) and ended (``e_e``, ``e_l``); kept.

    The clock of a request that was expedited later starts with that; everything else starts with receipt. It ends
    with the notice, else the decision. ``asked_at`` and ``decided_at`` are the middle of what was written: of a day
    without a time it is on that day in every zone.
    """
    import ibis

    t = decisions.mutate(no_urgency=decisions.urgency.isnull(), urgency=decisions.urgency.fill_null("standard"))
    upgraded = (t.urgency == "expedited") & (t.urgency_asked == "standard")
    upgraded = upgraded.fill_null(False)
    first = ibis.ifelse(upgraded, t.u_e, t.r_e)
    last = ibis.ifelse(upgraded, t.u_l, t.r_l)
    whole = ibis.ifelse(upgraded, t.u_w, t.r_w).fill_null(False)
    decided = t.outcome.isin(list(DECISIONS)).fill_null(False)
    told = t.n_e.notnull()
    size = due.grain(payer.zones)
    until = payer.extracted
    end = int(until.timestamp()) if until else None
    e_e, e_l = ibis.ifelse(told, t.n_e, t.d_e), ibis.ifelse(told, t.n_l, t.d_l)
    bounded = e_e.isnull() & ~t.d_bad & ~t.n_bad & t.m_l.notnull()
    future = _false() if end is None else ((t.r_e > end) | (t.d_e > end) | (t.n_e > end)).fill_null(False)
    before = ((t.d_l < t.r_e) | (t.n_l < t.r_e) | (t.n_l < t.d_e)).fill_null(False)
    why = ibis.cases(
        (t.exclusion.notnull(), ibis.literal("excluded")),
        (~decided & (t.outcome != "pended").fill_null(True), ibis.literal("unknown")),
        (t.r_e.isnull() & ~t.r_bad, ibis.literal("no_receipt")),
        (t.r_e.isnull(), ibis.literal("bad_receipt")),
        (before, ibis.literal("before")),
        (future, ibis.literal("after")),
        (upgraded & t.u_e.isnull(), ibis.literal("upgraded")),
        (~decided, ibis.literal("open")),
        (e_e.isnull() & (t.d_bad | t.n_bad), ibis.literal("bad_end")),
        (e_e.isnull() & ~bounded, ibis.literal("no_end")),
        else_=ibis.literal("timed"),
    )
    timely = t.mutate(
        s_e=first, s_l=last, e_e=ibis.ifelse(bounded, t.m_l, e_e), e_l=ibis.ifelse(bounded, t.m_l, e_l),
        bounded=bounded, told=told, why=why, slot=due.slot(first, last, whole, t.kind, t.urgency, size),
        spent=ibis.ifelse((why == "timed") & ~bounded, _spent(t), ibis.null("int64")),
        asked_at=_middle(t.r_e, t.r_l), decided_at=_middle(t.d_e, t.d_l),
        explained=t.extended_by.notnull(), announced=t.x_e.notnull(),
        extended=(t.extended == "yes").fill_null(False), grade=t.grade.cast("int8"),
    )  # fmt: skip
    return engine.keep("started", timely.select(*STARTED))


def _spent(t: Any) -> Any:
    """Seconds from receipt to decision; a day without a time counts from its start, and nothing is negative."""
    import ibis

    return ibis.greatest(t.d_e - t.r_e, ibis.literal(0, "int64"))


def _middle(first: Any, last: Any) -> Any:
    return ((first + last) / 2).floor().cast("int64")


def _false() -> Any:
    import ibis

    return ibis.literal(False)


def judge(
    engine: Engine,
    table: Any,
    payer: Payer,
    receipts: Iterable[due.Receipt],
    asked: Mapping[str, frozenset[tuple[str, str]]],
) -> dict[str, Timed]:
    """The decisions of every requirement against its clocks; ``asked`` are the (kind, urgency) that each can judge."""
    dues, rules = due.table(engine, payer, asked, receipts)
    asking = _pairs(engine, asked).left_join(dues.group_by("which").agg(soonest=dues.strict.min()), "which")
    beside = table.join(asking.drop("which_right"), ["kind", "urgency"])
    found = {name: Timed(name, tuple(sorted(rules[name].values(), key=lambda limit: limit.rule))) for name in asked}
    names = list(asked)
    for cell in engine.rows(_cells(_against(beside, dues, payer, rules))):
        _count(cell, found[names[cell["which"]]].counts)
    if any(each["late"] or each["overdue"] for each in found.values()):
        # No clock is over before the soonest: few decisions are looked at again.
        slow = beside.filter((beside.e_e > beside.s_e + beside.soonest) | (beside.why == "open"))
        both = _against(slow, dues, payer, rules)
        columns = ("which", "key", "source", "start", "place", "s_e", "end_e", "until", "told", "overdue")
        late = engine.keep("late", both.filter((both.state == "late") | both.overdue).select(*columns))
        for which, each in enumerate(found.values()):
            if each["late"] or each["overdue"]:
                mine = late.filter(late.which == which).order_by("key", "source", "place").limit(LISTED)
                each.late = tuple(_late(row, payer.target.timezones) for row in engine.rows(mine))
    return found


def _pairs(engine: Engine, asked: Mapping[str, frozenset[tuple[str, str]]]) -> Any:
    rows = [(which, *pair) for which, pairs in enumerate(asked.values()) for pair in sorted(pairs)]
    names = ("which", "kind", "urgency")
    columns = {name: [row[place] for row in rows] for place, name in enumerate(names)}
    return engine.table(columns, {"which": "int64", "kind": "string", "urgency": "string"}, "asked")


def _against(beside: Any, dues: Any, payer: Payer, rules: Mapping[str, Mapping[int, Limit]]) -> Any:
    """Every decision beside each requirement it falls under (``which``), with what came of it there."""
    import ibis

    both = beside.left_join(dues, ["which", "slot"])
    response = _false()
    answering = [number for each in rules.values() for number, limit in each.items() if limit.ends == "response"]
    if answering:
        response = both.rule.isin(answering) & both.p_e.notnull()
    late_x = ibis.coalesce(both.x_late_at, both.s_l + both.x_late_after)
    both = both.mutate(
        bound=both.rule.notnull(), dated=both.rule.notnull() & (both.why == "timed"), sure=late_x,
        until=ibis.ifelse(both.extended, late_x, ibis.coalesce(both.late_at, both.s_l + both.late_after)),
        strict_until=both.s_e + ibis.ifelse(both.extended, both.x_strict, both.strict),
        end_e=ibis.ifelse(response, ibis.least(both.p_e, both.e_e), both.e_e),
        end_l=ibis.ifelse(response, ibis.least(both.p_l, both.e_l), both.e_l),
    )  # fmt: skip
    over = (both.end_e > both.until).fill_null(False)
    state = ibis.cases(
        (both.dated & over & both.bounded, ibis.literal("undated")),
        (both.dated & over, ibis.literal("late")),
        (both.dated & (both.end_l > both.strict_until), ibis.literal("close")),
        (both.dated, ibis.literal("in_time")),
        else_=ibis.literal("none"),
    )
    until = int(payer.extracted.timestamp()) if payer.extracted else None
    waiting = both.bound & (both.why == "open")
    overdue = (waiting & (both.sure < until)).fill_null(False) if until is not None else _false()
    maybe = (waiting & (both.until < until)).fill_null(False) & ~overdue if until is not None else _false()
    return both.mutate(state=state, overdue=overdue, maybe=maybe)


def _cells(both: Any) -> Any:
    """How many decisions are alike in all that is counted of them: few numbers for an engine to add up."""
    cells = both.select(
        "which", "why", "state", "overdue", "maybe", "bound", "told", "extended", "announced", "no_urgency",
        strictly_late=both.dated & ~both.bounded & (both.end_e > both.strict_until),
    )  # fmt: skip
    return cells.group_by(cells.columns).agg(n=cells.count())


def _count(cell: Mapping[str, Any], counts: dict[str, int]) -> None:
    """Adds a cell to the counts of its requirement."""
    why, state = cell["why"], cell["state"]
    dated, judged = state != "none", state not in ("none", "undated")
    inside = why == "excluded"
    there = {
        "rows": True, "population": not inside, "judged": judged, "unbound": why == "timed" and not cell["bound"],
        **{name: why == name for name in ("excluded", *UNTIMED, "open")},
        **{name: state == name for name in ("late", "close", "in_time", "undated")},
        **{name: cell[name] for name in ("strictly_late", "overdue", "maybe")},
        "no_notice": judged and not cell["told"], "extended": dated and cell["extended"],
        "extended_unannounced": dated and cell["extended"] and not cell["announced"],
        "no_urgency": cell["no_urgency"] and not inside,
    }  # fmt: skip
    for name, yes in there.items():
        counts[name] = counts.get(name, 0) + (cell["n"] if yes else 0)


def _late(row: dict[str, Any], zones: Sequence[str]) -> Late:
    ended = "told" if row["told"] else "decided"
    end = "still open" if row["overdue"] else f"{ended} {moment(row['end_e'], zones)}"
    told = f"received {moment(row['s_e'], zones)}, {end}, due {moment(row['until'], zones)}"
    return Late(row["key"] or "", row["source"], row["start"], row["place"], told)


def moment(seconds: int, zones: Sequence[str]) -> str:
    """A second as the clocks show it where the payer works, with its distance from UTC."""
    return (due.EPOCH + timedelta(seconds=seconds)).astimezone(home(zones)).isoformat(" ")

"""Every decision against every clock: in time, late, between the readings, open, or not to be timed; counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from conformance.audit import due
from conformance.audit.engine import Engine
from conformance.audit.facts import DECISIONS
from conformance.audit.payer import Payer
from conformance.limits import Limit

LISTED = 10_000  # findings of one requirement that are told one by one
# What is kept of every decision: a million rows take their time and memory by the column.
STARTED = (
    "source", "start", "place", "key", "kind", "outcome", "exclusion", "urgency", "urgency_said", "why", "bounded",
    "told", "r_e", "r_l", "d_e", "d_l", "p_e", "p_l", "x_e", "s_e", "s_l", "e_e", "e_l", *due.SLOT, "spent",
    "asked_for", "extended", "extended_by", "grade", "reason", "appeal", "channel", "delegate", "line", "plan",
    "service", "specialty",
)  # fmt: skip
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Why a decision cannot be timed, in the order in which it is asked; keys are columns of the counts.
UNTIMED: Mapping[str, str] = {
    "no_receipt": "no time of receipt",
    "bad_receipt": "a time of receipt that is none",
    "no_end": "no time of decision or notice",
    "bad_end": "a time of decision or notice that is none",
    "before": "decided or told before it was received",
    "after": "received, decided or told after the records were drawn",
    "upgraded": "expedited later, without the time from which it was",
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
    """Decisions with the interval in which their clock started (``s_e``, ``s_l``, ``r_w``) and ended; kept.

    The clock of a request that was expedited later starts with that; everything else starts with receipt. It ends
    with the notice, else the decision.
    """
    import ibis

    t = decisions.mutate(urgency_said=decisions.urgency, urgency=decisions.urgency.fill_null("standard"))
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
        s_e=first, s_l=last, r_w=whole, e_e=ibis.ifelse(bounded, t.m_l, e_e), e_l=ibis.ifelse(bounded, t.m_l, e_l),
        bounded=bounded, told=told, why=why, **due.slot(first, last, whole, t.kind, t.urgency, size),
        spent=ibis.ifelse((why == "timed") & ~bounded, _spent(t), ibis.null("int64")),
        asked_for=(t.r_e / 86400).floor().cast("int64"),
    )  # fmt: skip
    return engine.keep("started", timely.select(*STARTED))


def _spent(t: Any) -> Any:
    """Seconds from receipt to decision; a day without a time counts from its start, and nothing is negative."""
    import ibis

    return ibis.greatest(t.d_e - t.r_e, ibis.literal(0, "int64"))


def _false() -> Any:
    import ibis

    return ibis.literal(False)


def judge(
    engine: Engine,
    table: Any,
    payer: Payer,
    receipts: list[dict[str, Any]],
    asked: Mapping[str, frozenset[tuple[str, str]]],
) -> dict[str, Timed]:
    """The decisions of every requirement against its clocks; ``asked`` are the (kind, urgency) that each can judge."""
    dues, rules = due.table(engine, payer, asked, receipts)
    both = _against(table, dues, payer, _pairs(engine, asked), rules)
    found = {name: Timed(name, tuple(sorted(rules[name].values(), key=lambda limit: limit.rule))) for name in asked}
    names = list(asked)
    for row in engine.rows(_counted(both)):
        counted = found[names[row.pop("which")]]
        counted.counts = {name: int(value or 0) for name, value in row.items()}
    if any(each["late"] or each["overdue"] for each in found.values()):
        columns = ("which", "key", "source", "start", "place", "s_e", "end_e", "until", "told")
        late = engine.keep("late", both.filter((both.state == "late") | both.overdue).select(*columns))
        for which, each in enumerate(found.values()):
            if each["late"] or each["overdue"]:
                mine = late.filter(late.which == which).order_by("key", "source", "place").limit(LISTED)
                each.late = tuple(_late(row) for row in engine.rows(mine))
    return found


def _pairs(engine: Engine, asked: Mapping[str, frozenset[tuple[str, str]]]) -> Any:
    rows = [(which, *pair) for which, pairs in enumerate(asked.values()) for pair in sorted(pairs)]
    names = ("which", "kind", "urgency")
    columns = {name: [row[place] for row in rows] for place, name in enumerate(names)}
    return engine.table(columns, {"which": "int64", "kind": "string", "urgency": "string"}, "asked")


def _against(table: Any, dues: Any, payer: Payer, pairs: Any, rules: Mapping[str, Mapping[int, Limit]]) -> Any:
    """Every decision beside each requirement it falls under, with what came of it there."""
    import ibis

    t = table.drop("outcome", "exclusion", "service", "specialty", "plan", "line", "delegate", "channel", "reason")
    both = t.join(pairs, ["kind", "urgency"]).left_join(dues, ["which", "slot"])
    extended = (both.extended == "yes").fill_null(False)
    response = _false()
    answering = [number for each in rules.values() for number, limit in each.items() if limit.ends == "response"]
    if answering:
        response = both.rule.isin(answering) & both.p_e.notnull()
    late_x = ibis.coalesce(both.x_late_at, both.s_l + both.x_late_after)
    both = both.mutate(
        bound=both.rule.notnull(), dated=both.rule.notnull() & (both.why == "timed"), sure=late_x,
        until=ibis.ifelse(extended, late_x, ibis.coalesce(both.late_at, both.s_l + both.late_after)),
        strict_until=both.s_e + ibis.ifelse(extended, both.x_strict, both.strict),
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


def _counted(both: Any) -> Any:

    def times(check: Any) -> Any:
        return check.fill_null(False).cast("int64").sum()

    inside = both.why.isin(["excluded", "unknown"])
    extended = both.dated & (both.extended == "yes")
    return both.group_by("which").agg(
        rows=both.count(),
        population=times(~inside),
        excluded=times(both.why == "excluded"),
        judged=times(both.dated & (both.state != "undated")),
        **{name: times(both.state == name) for name in ("late", "close", "in_time", "undated")},
        strictly_late=times(both.dated & ~both.bounded & (both.end_e > both.strict_until)),
        **{name: times(both.why == name) for name in UNTIMED},
        open=times(both.why == "open"),
        overdue=times(both.overdue),
        maybe=times(both.maybe),
        unbound=times((both.why == "timed") & ~both.bound),
        no_notice=times(both.dated & ~both.told & (both.state != "undated")),
        extended=times(extended),
        extended_unannounced=times(extended & both.x_e.isnull()),
        no_urgency=times(both.urgency_said.isnull() & ~inside),
    )


def _late(row: dict[str, Any]) -> Late:
    ended = "told" if row["told"] else "decided"
    end = f"{ended} {moment(row['end_e'])}" if row["end_e"] is not None else "still open"
    told = f"received {moment(row['s_e'])}, {end}, due {moment(row['until'])}"
    return Late(row["key"] or "", row["source"], row["start"], row["place"], told)


def moment(seconds: int) -> str:
    """A second as a time in UTC."""
    return (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")

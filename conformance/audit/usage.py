"""How many members had data sent to an app, and how many more than once: what CMS is told every year by March 31.

Counted from a log with a row for each transfer (42 CFR 422.119(f) and parallels). No member is named in what comes out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from conformance.audit import said, sources, written
from conformance.audit.engine import Engine
from conformance.audit.facts import plain
from conformance.audit.metrics import new_year
from conformance.audit.withheld import headings_told
from conformance.errors import UsageError

MEMBER = ("member", "member id", "patient", "patient id", "beneficiary", "beneficiary id", "enrollee id", "subject")
SENT = ("sent", "sent at", "time", "timestamp", "date", "transferred", "transferred at", "occurred", "access time")


def usage(engine: Engine, named: str, year: int | None, zones: Sequence[str]) -> dict[str, Any]:
    """The two figures of a log of transfers, of one year where it is named; UsageError where it cannot be counted."""
    import ibis

    found = sources.find([named])
    log = found.sources[0]
    if len(found.sources) > 1 or log.form == "ndjson":
        raise UsageError(f"--usage {named}: expected one log, .csv or .parquet, with a row for each transfer")
    rejected = engine.rejects().count  # of the records that were read before
    table = said.opened(engine, [log])
    member, sent = (_heading(table.columns, names) for names in (MEMBER, SENT))
    if member is None or (year and sent is None):
        lacking = "member" if member is None else "time (--year)"
        raise UsageError(f"--usage {named}: no column for the {lacking} among {headings_told(table.columns)}")
    rows = table.select(
        member=said.trimmed(table[member].cast("string")).nullif(""),
        sent=said.trimmed(table[sent].cast("string")).nullif("") if sent else ibis.null("string"),
    )
    rows = engine.keep("transfers", rows)
    timeless = 0
    mine = rows
    if year:
        known = written.calendar(engine, {"sent": rows.sent}, zones or ("UTC",))
        both = known.joined(rows, {"sent": "t"})
        early, late, _ = known.meaning(both, "t")
        dated = both.select(member=both.member, at=(early + late) / 2)
        timeless = _count(engine, dated.filter(dated["at"].isnull()))
        mine = dated.filter((dated["at"] >= new_year(year, zones)) & (dated["at"] < new_year(year + 1, zones)))
    members = mine.filter(mine.member.notnull()).group_by("member").agg(times=lambda each: each.count())
    return {
        "year": year,
        "source": sources.hashes([log])[0],
        "transfers": _count(engine, mine),
        "members": _count(engine, members),
        "members_more_than_once": _count(engine, members.filter(members.times > 1)),
        "transfers_without_a_member": _count(engine, mine.filter(mine.member.isnull())),
        "transfers_without_a_time": timeless,
        "lines_that_could_not_be_read": engine.rejects().count - rejected,
    }


def _heading(columns: Sequence[str], names: Sequence[str]) -> str | None:
    by_plain = {plain(each): each for each in columns}
    return next((by_plain[name] for name in names if name in by_plain), None)


def _count(engine: Engine, table: Any) -> int:
    return int(engine.rows(table.agg(n=table.count()))[0]["n"])

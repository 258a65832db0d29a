"""What an auditor needs beside the verdicts: population, sources with hashes, control totals, exclusions, a sample.

Nothing that names a member is written; a decision is told by file and row, and by its number only where asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from conformance.audit import metrics, timed
from conformance.audit.consistency import beyond
from conformance.audit.cuts import cuts
from conformance.audit.mapping import Mapped
from conformance.audit.records import Records
from conformance.audit.sources import Found
from conformance.audit.unknowns import not_understood
from conformance.audit.withheld import shape
from conformance.structures import is_resource_type

SAMPLED = 30
TOLD = 20


def collect(
    records: Records, found: Found, hashes: Callable[[], list[dict[str, Any]]], mapped: Mapped, given: Mapping[str, Any]
) -> dict[str, Any]:
    """The member ``audit`` of results.json; ``hashes`` gives those of the sources (sources.hashes)."""
    year = int(given["year"]) if given.get("year") else None
    audit: dict[str, Any] = {
        "engine": {"name": records.engine.name, "version": records.engine.version},
        "population": str(mapped.facts.get("population", "")),
        "extracted": records.payer.extracted.isoformat() if records.payer.extracted else "",
        "timezones": list(records.payer.target.timezones),
        "sources": hashes(),
        "remarks": list(found.remarks),
        **dict.fromkeys(_OF_RECORDS),
        "published": None,
    }
    if found.sources:
        audit |= _of_records(records, given, year)
        audit["remarks"] += _remarks(records, mapped)
    if records.published is not None:
        audit["published"] = records.published.as_json()
        for report, shown in zip(records.published.reports, audit["published"]["reports"], strict=True):
            shown["remarks"] = beyond(report)
            if found.sources and len(records.published.reports) > 1:
                shown["remarks"].append("one of several reports: not held to the decisions")
    return audit


def _remarks(records: Records, mapped: Mapped) -> list[str]:
    """What a reader must know of how rows became decisions."""
    said = [str(doubt)] if (doubt := mapped.facts.get("unverified")) else []
    if items := records.understood.items:
        said.append(f"a row for each item: {items:,} tell of other items of a request that has one already")
    lines = records.engine.rows(records.started.agg(n=records.started.line.nunique()))[0]["n"]
    if lines > 1 and "line" not in mapped.only:
        said.append(f"{lines:,} lines of business are judged together, by the clocks of one: name yours under [only]")
    return said


def _of_records(records: Records, given: Mapping[str, Any], year: int | None) -> dict[str, Any]:
    zones = records.payer.target.timezones
    said, understood, engine, t = records.said, records.understood, records.engine, records.started
    states: Counter[str] = Counter()
    excluded: Counter[str] = Counter()
    groups = t.group_by("why", "exclusion").agg(n=t.count(), first=t.r_e.min(), last=t.r_e.max())
    rows = engine.rows(groups)
    for row in rows:
        states[row["why"]] += row["n"]
        if row["why"] == "excluded":
            excluded[row["exclusion"]] += row["n"]
    first = min((row["first"] for row in rows if row["first"] is not None), default=None)
    last = max((row["last"] for row in rows if row["last"] is not None), default=None)
    return {
        "mapping": {
            file: {fact: list(each) for fact, each in columns.items()} for file, columns in said.mapped.items()
        },
        "absent": list(said.absent),
        "totals": {
            "decisions": understood.rows,
            "rows_for_a_decision_told_twice": understood.twice,
            "rows_without_a_number": understood.keyless,
            "lines_that_could_not_be_read": said.broken + said.rejected.count,
            "other_resources": _by_type(said.strangers),
            "left_out_by_the_mapping": said.left,
        },
        "states": {timed.UNTIMED.get(name, _STATES.get(name, name)): number for name, number in sorted(states.items())},
        "excluded": dict(sorted(excluded.items())),
        "unreadable": [*said.told[:TOLD], *said.rejected.told],
        "not_understood": not_understood(records),
        "stamps": understood.spelt,
        "received": {"first": _moment(first, zones), "last": _moment(last, zones)},
        "clocks": [_clock(each) for each in records.timings.values()],
        "reasons": {scope: dict(each) for scope, each in records.reasons.items()},
        "metrics": metrics.computed(records, year),
        "cuts": cuts(records, metrics.decided(records, year)),
        "seed": (seed := int(given.get("seed") or 1)),
        "sample": sample(records, seed),
    }


# The members that only records give; null where only published figures were checked.
_OF_RECORDS = (
    "mapping", "absent", "totals", "states", "excluded", "unreadable", "not_understood", "stamps",
    "received", "clocks", "reasons", "metrics", "cuts", "seed", "sample",
)  # fmt: skip
_STATES = {"timed": "decided and timed", "open": "still open", "excluded": "left out, by reason below"}


def _by_type(strangers: Mapping[str, int]) -> dict[str, int]:
    """Resources by type; a type that FHIR does not have is told by its shape."""
    found: Counter[str] = Counter()
    for name, number in strangers.items():
        found[name if is_resource_type(name) else shape(name)] += number
    return dict(sorted(found.items()))


def _moment(seconds: int | None, zones: Sequence[str]) -> str:
    return timed.moment(seconds, zones) if seconds is not None else ""


def _clock(each: timed.Timed) -> dict[str, Any]:
    limits = [
        {"rule": limit.rule, "text": limit.text, "cite": limit.cite, "standing": limit.standing}
        for limit in each.clocks
    ]
    return {"requirement": each.requirement, "limits": limits, "counts": each.counts}


def sample(records: Records, seed: int) -> list[dict[str, str]]:
    """A sheet of decisions to be looked up by hand, drawn by a seed: where each stands, and what was read of it."""
    t, zones = records.started, records.payer.target.timezones
    # A spread of the numbers that depends on the seed and on nothing else; every engine multiplies alike.
    drawn = t.filter(t.why == "timed").mutate(
        _draw=((t.r_e % 1000003) * (2 * seed + 1) + t.decided_at % 1000033 * 7919) % 1000033
    )
    columns = ("key", "source", "start", "place", "r_e", "e_e", "outcome", "urgency", "kind")
    rows = records.engine.rows(drawn.order_by(["_draw", "key"]).limit(SAMPLED).select(*columns))
    return [
        {
            "at": records.at(row["key"], row["source"], row["start"], row["place"]),
            "received": _moment(row["r_e"], zones), "ended": _moment(row["e_e"], zones),
            "outcome": row["outcome"] or "", "urgency": row["urgency"] or "", "kind": row["kind"] or "",
        }
        for row in rows
    ]  # fmt: skip

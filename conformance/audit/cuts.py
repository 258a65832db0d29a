"""Finer cuts of the figures, as physicians ask for: by service, specialty, plan, reason and month; no small cells."""

from __future__ import annotations

import re
from typing import Any

from conformance.audit.due import grain
from conformance.audit.facts import DECISIONS
from conformance.audit.metrics import Decided, day

SMALL = 10  # a cell of 1 to 10 could tell of a person; zero tells of nobody
CUTS = ("service", "specialty", "plan", "reason", "channel", "delegate", "line")
MOST = 200  # rows; the smallest beyond them are merged too
UNSAID, MERGED = "not said", "others, merged"


def cuts(records: Decided, t: Any) -> dict[str, list[dict[str, Any]]]:
    """Approved, partly approved and denied by service, specialty, plan, reason, channel, delegate, line and month.

    Of the decisions in ``t`` (metrics.decided, metrics.reported).

    Rows with a cell of 1 to 10 are merged with others until none is left. What says nothing is a row of its own, so
    that the rows of every cut sum to the figures of all, and a difference to those gives no cell away either.
    """
    found = {}
    for name in CUTS:
        counted = _by(records, t.filter(t.outcome != "approved") if name == "reason" else t, name)
        rows = [row for row in counted if row["value"] != UNSAID]
        if len(rows) > 1 and _holds_categories(name, rows):
            found[name] = merged(counted)
    if "line" in found and any(row["value"].endswith(MERGED) for row in found.get("plan", ())):
        del found["line"]  # plans are of one line each: what is known of a line would tell of a plan that was merged
    if months := _by_month(records, t):
        found["month"] = merged(months, by_name=True)
    return found


_CODE = re.compile(r"(?=.*\d)([A-Z\d]{3,7}|\d{11}|\d{4,5}-\d{3,4}-\d{1,2})", re.IGNORECASE)  # CPT, HCPCS, NDC …


def _holds_categories(name: str, rows: list[dict[str, Any]]) -> bool:
    """Whether the words of a column may be printed: those of names or numbers have hardly two decisions each."""
    several = bool(sum(row["total"] for row in rows) > SMALL * len(rows))
    return several or (name == "service" and all(_CODE.fullmatch(row["value"]) for row in rows if row["total"] > SMALL))


def _by(records: Decided, t: Any, value: str) -> list[dict[str, Any]]:
    """Counts of outcomes by every value of a column; what says nothing is one of them."""
    alike = t.group_by(value, "outcome").agg(n=t.count())
    found: dict[str, dict[str, Any]] = {}
    for row in records.engine.rows(alike):
        named = UNSAID if row[value] in (None, "") else str(row[value])
        counts = found.setdefault(named, {"value": named, **dict.fromkeys((*DECISIONS, "total"), 0)})
        counts[row["outcome"]] += row["n"]
        counts["total"] += row["n"]
    return list(found.values())


def _by_month(records: Decided, t: Any) -> list[dict[str, Any]]:
    """Counts by the month of receipt, where the payer works."""
    seconds, zones = grain(records.payer.zones), records.payer.target.timezones
    months: dict[str, list[dict[str, Any]]] = {}
    for row in _by(records, t.mutate(asked=(t.asked_at / seconds).floor().cast("int64")), "asked"):
        asked = row["value"]
        month = asked if asked == UNSAID else f"{day(int(asked) * seconds, zones):%Y-%m}"
        months.setdefault(month, []).append(row)
    return [{"value": month, **_sum(rows)} for month, rows in months.items()]


def merged(rows: list[dict[str, Any]], by_name: bool = False) -> list[dict[str, Any]]:
    """Rows of counts without any cell of 1 to 10: the smallest are merged until it is so; empty where that is all."""
    order = sorted(rows, key=lambda row: (-row["total"], row["value"]))
    told = [row for row in order if not _small(row)]
    kept, rest = told[:MOST], [*told[MOST:], *(row for row in order if _small(row))]
    while rest and _small(_sum(rest)) and kept:
        rest.append(kept.pop())
    if rest and _small(_sum(rest)):
        return []
    shown = sorted(kept, key=lambda row: row["value"]) if by_name else kept
    if rest:
        shown = [*shown, {**_sum(rest), "value": f"{len(rest)} {MERGED}"}]
    return shown


def _small(row: dict[str, Any]) -> bool:
    return any(0 < row[name] <= SMALL for name in DECISIONS)


def _sum(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {name: sum(row[name] for row in rows) for name in (*DECISIONS, "total")}

"""The figures that a payer must publish, computed from its decisions; exact, with every reading named.

Two documents of CMS count differently. MCPAR (the form for managed care): approved is fully approved, denied is denied
in whole or part, and what an appeal overturned is a share of all standard requests. The public template, as it is
used: a partial approval is an approval, and appeals are a share of the requests that were appealed.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any, Protocol

from conformance.audit.engine import Engine
from conformance.audit.facts import DECISIONS


class Decided(Protocol):
    """Records as far as figures are made of them."""

    engine: Engine

    @property
    def started(self) -> Any:
        """Every decision, with the start and end of its clock."""


DAY, HOUR = 86400, 3600
WITHIN = (
    ("at once (within a minute)", 60),
    ("24 hours", DAY),
    ("48 hours", 2 * DAY),
    ("72 hours", 3 * DAY),
    ("7 days", 7 * DAY),
)
PERCENTILES = (0.5, 0.9, 0.95, 0.99)
METHOD = (
    "Times run from receipt to the decision on the last item, over decided requests that nothing leaves out. A day "
    "without a time counts from its start. Median and percentiles are exact, interpolated between neighbours. Requests "
    "still open, and those whose times are missing or impossible, are left out of the times."
)


def computed(records: Decided, year: int | None = None) -> dict[str, Any]:
    """Counts and times of items by urgency and of drugs, and the nine figures in both readings."""
    import ibis

    t = decided(records, year)
    part = ibis.cases((t.kind != "item", "drugs"), (t.urgency == "expedited", "expedited"), else_="standard")
    counted = {row.pop("part"): row for row in records.engine.rows(_counted(t.mutate(part=part)))}
    counts = {name: _plain(counted.get(name, {})) for name in ("standard", "expedited", "drugs")}
    return {
        "year": year,
        "method": METHOD,
        "counts": counts,
        "figures": {reading: figures(counts, reading) for reading in ("mcpar", "template")},
    }


def decided(records: Decided, year: int | None) -> Any:
    """Decided requests that nothing excludes; of one year where it is named, by the day of decision."""
    t = records.started
    mine = t.filter(t.outcome.isin(list(DECISIONS)) & t.exclusion.isnull())
    if year is None:
        return mine
    first, after = (_new_year(each) for each in (year, year + 1))
    at = mine.mutate(_at=mine.d_e.fill_null(mine.r_e))
    return at.filter((at["_at"] >= first) & (at["_at"] < after)).drop("_at")


def _new_year(year: int) -> int:
    return (date(year, 1, 1) - _FIRST).days * DAY


def _counted(t: Any) -> Any:
    def times(check: Any) -> Any:
        return check.fill_null(False).cast("int64").sum()

    return t.group_by("part").agg(
        total=t.count(),
        **{name: times(t.outcome == name) for name in DECISIONS},
        appealed=times(t.appeal.isin(["approved", "denied", "pending"])),
        approved_after_appeal=times(t.appeal == "approved"),
        denied_after_appeal=times(t.appeal == "denied"),
        extended=times(t.extended == "yes"),
        extended_approved=times((t.extended == "yes") & (t.outcome == "approved")),
        extended_partial=times((t.extended == "yes") & (t.outcome == "partial")),
        timed=t.spent.count(),
        mean=t.spent.mean(),
        **{f"p{round(share * 100)}": t.spent.quantile(share) for share in PERCENTILES},
        **{f"within_{limit}": times(t.spent <= limit) for _, limit in WITHIN},
    )


_TIMES = ("mean", *(f"p{round(share * 100)}" for share in PERCENTILES))
_COUNTS = (
    "total", *DECISIONS, "appealed", "approved_after_appeal", "denied_after_appeal", "extended", "extended_approved",
    "extended_partial", "timed", *(f"within_{limit}" for _, limit in WITHIN),
)  # fmt: skip


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Counts as whole numbers; times to thousandths of a second, None where there were none."""
    spent = {name: row.get(name) for name in _TIMES}
    return {name: int(row.get(name) or 0) for name in _COUNTS} | {
        name: None if value is None else round(float(value), 3) for name, value in spent.items()
    }


def figures(counts: dict[str, dict[str, Any]], reading: str) -> dict[str, Any]:
    """The public figures by one reading: shares in percent to two decimals, times in days and hours; None of none."""
    standard, expedited = counts["standard"], counts["expedited"]
    everything = standard["total"] + expedited["total"]
    extended = standard["extended_approved"] + expedited["extended_approved"]
    if reading == "template":
        extended += standard["extended_partial"] + expedited["extended_partial"]
    appeals_of = standard["total"] if reading == "mcpar" else standard["appealed"]
    return {
        "standard": {
            **_side(standard, reading),
            "approved_after_appeal": standard["approved_after_appeal"],
            "appeals": standard["appealed"],
            "approved_after_appeal_pct": percent(standard["approved_after_appeal"], appeals_of),
            "mean_days": _in(standard["mean"], DAY),
            "median_days": _in(standard["p50"], DAY),
        },
        "expedited": {
            **_side(expedited, reading),
            "mean_hours": _in(expedited["mean"], HOUR),
            "median_hours": _in(expedited["p50"], HOUR),
        },
        "extended_approved": extended,
        "extended_approved_pct": percent(extended, everything),
    }


def _side(row: dict[str, Any], reading: str) -> dict[str, Any]:
    approved, denied = row["approved"], row["denied"]
    if reading == "template":
        approved += row["partial"]
    else:
        denied += row["partial"]
    return {
        "total": row["total"],
        "approved": approved,
        "approved_pct": percent(approved, row["total"]),
        "denied": denied,
        "denied_pct": percent(denied, row["total"]),
    }


def percent(part: int, whole: int) -> float | None:
    """A share in percent to two decimals; None of nothing."""
    return round(100 * part / whole, 2) if whole else None


def _in(seconds: float | None, unit: int) -> float | None:
    return None if seconds is None else round(seconds / unit, 2)


# -- finer cuts --------------------------------------------------------------------------------------------------------

_FIRST = date(1970, 1, 1)
SMALL = 10  # a cell of 1 to 10 could tell of a person; zero tells of nobody
CUTS = ("service", "specialty", "plan", "reason", "channel", "delegate", "line")
MOST = 200
UNSAID, MERGED = "not said", "others, merged"


def cuts(records: Decided, year: int | None = None) -> dict[str, list[dict[str, Any]]]:
    """Approved, partly approved and denied by service, specialty, plan, reason, channel, delegate, line and month.

    Rows with a cell of 1 to 10 are merged with others until none is left. What says nothing is a row of its own, so
    that the rows of every cut sum to the figures of all, and a difference to those gives no cell away either.
    """
    counted = _by(records, decided(records, year))
    found = {}
    for name in CUTS:
        rows = [row for row in counted[name] if row["value"] != UNSAID]
        if len(rows) > 1 and _holds_categories(name, rows):
            found[name] = merged(counted[name])[:MOST]
    if "line" in found and any(row["value"].endswith(MERGED) for row in found.get("plan", ())):
        del found["line"]  # plans are of one line each: what is known of a line would tell of a plan that was merged
    if months := _by_month(counted["asked_for"]):
        found["month"] = merged(months, by_name=True)
    return found


_CODE = re.compile(r"(?=.*\d)([A-Z\d]{3,7}|\d{11}|\d{4,5}-\d{3,4}-\d{1,2})", re.IGNORECASE)  # CPT, HCPCS, NDC …


def _holds_categories(name: str, rows: list[dict[str, Any]]) -> bool:
    """Whether the words of a column may be printed: those of names or numbers have hardly two decisions each."""
    several = bool(sum(row["total"] for row in rows) > SMALL * len(rows))
    return several or (name == "service" and all(_CODE.fullmatch(row["value"]) for row in rows if row["total"] > SMALL))


def _by(records: Decided, t: Any) -> dict[str, list[dict[str, Any]]]:
    """Counts of outcomes by every value of every cut, and by day of receipt."""
    import ibis

    parts = []
    for name in (*CUTS, "asked_for"):
        mine = t.filter(t.outcome != "approved") if name == "reason" else t
        value = mine[name].cast("string").nullif("").fill_null(UNSAID)
        named = mine.select(value=value, outcome=mine.outcome)
        parts.append(
            named.group_by("value").agg(
                **{each: (named.outcome == each).cast("int64").sum() for each in DECISIONS}, total=named.count()
            ).mutate(cut=ibis.literal(name))
        )  # fmt: skip
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in (*CUTS, "asked_for")}
    for row in records.engine.rows(ibis.union(*parts)):
        found[row.pop("cut")].append(row)
    return found


def _by_month(days: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Counts by day of receipt (UTC, days since 1970) as counts by month."""
    months: dict[str, list[dict[str, Any]]] = {}
    for row in days:
        day = row["value"]
        month = day if day == UNSAID else (_FIRST + timedelta(days=int(day))).strftime("%Y-%m")
        months.setdefault(month, []).append(row)
    return [{"value": month, **_sum(rows)} for month, rows in months.items()]


def merged(rows: list[dict[str, Any]], by_name: bool = False) -> list[dict[str, Any]]:
    """Rows of counts without any cell of 1 to 10: the smallest are merged until it is so; empty where that is all."""
    order = sorted(rows, key=lambda row: (-row["total"], row["value"]))
    kept = [row for row in order if not _small(row)]
    rest = [row for row in order if _small(row)]
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

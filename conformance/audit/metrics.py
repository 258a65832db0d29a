"""The figures that a payer must publish, computed from its decisions; exact, with every reading named.

Two documents of CMS count differently. MCPAR (the form for managed care): approved is fully approved, denied is denied
in whole or part, and what an appeal overturned is a share of all standard requests. The public template, as it is
used: a partial approval is an approval, and appeals are a share of the requests that were appealed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from conformance.audit.due import EPOCH
from conformance.audit.engine import Engine
from conformance.audit.facts import DECISIONS, DRUGS
from conformance.audit.payer import Payer


class Decided(Protocol):
    """Records as far as figures are made of them."""

    engine: Engine
    payer: Payer

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
PARTS = ("standard", "expedited", "drugs", "other drugs")
PERCENTILES = (0.5, 0.9, 0.95, 0.99)
METHOD = (
    "Times run from receipt to the decision on the last item, over decided requests that nothing leaves out. A day "
    "without a time counts from its start. Median and percentiles are exact, interpolated between neighbours. Requests "
    "still open, and those whose times are missing or impossible, are left out of the times. Of a year are the "
    "decisions made on its days, where the payer works."
)


def computed(records: Decided, year: int | None = None) -> dict[str, Any]:
    """Counts and times of items by urgency and of drugs, the nine figures and those of drugs, in both readings."""
    import ibis

    t = decided(records, year)
    part = ibis.cases(
        (t.kind.isin(_unreported(records.payer)), "other drugs"),
        (t.kind != "item", "drugs"), (t.urgency == "expedited", "expedited"), else_="standard",
    )  # fmt: skip
    counted = {row.pop("part"): row for row in records.engine.rows(_counted(t.mutate(part=part)))}
    counts = {name: _plain(counted.get(name, {})) for name in PARTS}
    return {
        "year": year,
        "method": METHOD,
        "counts": counts,
        "figures": {reading: figures(counts, reading) for reading in ("mcpar", "template")},
    }


def _unreported(payer: Payer) -> list[str]:
    """Drugs without figures in CMS-0062-P: exceptions; of Medicare Advantage all but those of Part B."""
    return [each for each in DRUGS if each != "part-b"] if payer.target.payer_type == "ma" else ["exception"]


def decided(records: Decided, year: int | None) -> Any:
    """Decided requests that nothing excludes; of one year where it is named, by the day of decision."""
    t = records.started
    mine = t.filter(t.outcome.isin(list(DECISIONS)) & t.exclusion.isnull())
    if year is None:
        return mine
    first, after = (new_year(each, records.payer.target.timezones) for each in (year, year + 1))
    at = mine.decided_at.fill_null(mine.asked_at)
    return mine.filter((at >= first) & (at < after))


def reported(records: Decided, year: int | None) -> Any:
    """Those of the decided requests that the published figures are of."""
    t = decided(records, year)
    return t.filter(~t.kind.isin(_unreported(records.payer)))


def new_year(year: int, zones: Sequence[str]) -> int:
    """The second at which a year begins, where the payer works."""
    return midnight(date(year, 1, 1), zones)


def midnight(of: date, zones: Sequence[str]) -> int:
    """The second at which a day begins, where the payer works: in the first zone that is named."""
    return int(datetime(of.year, of.month, of.day, tzinfo=home(zones)).timestamp())


def day(second: int, zones: Sequence[str]) -> date:
    """The day of a second, where the payer works."""
    return (EPOCH + timedelta(seconds=second)).astimezone(home(zones)).date()


def home(zones: Sequence[str]) -> ZoneInfo:
    """Where the payer works: the first zone that is named."""
    return ZoneInfo(zones[0] if zones else "UTC")


def _counted(t: Any) -> Any:
    def times(check: Any) -> Any:
        return check.fill_null(False).cast("int64").sum()

    return t.group_by("part").agg(
        total=t.count(),
        **{name: times(t.outcome == name) for name in DECISIONS},
        appealed=times(t.appeal.isin(["approved", "denied", "pending"])),
        approved_after_appeal=times(t.appeal == "approved"),
        denied_after_appeal=times(t.appeal == "denied"),
        extended=times(t.extended),
        extended_approved=times(t.extended & (t.outcome == "approved")),
        extended_partial=times(t.extended & (t.outcome == "partial")),
        timed=t.spent.count(),
        mean=t.spent.mean(),
        percentiles=t.spent.quantile(PERCENTILES),
        **{f"within_{limit}": times(t.spent <= limit) for _, limit in WITHIN},
    )


_COUNTS = (
    "total", *DECISIONS, "appealed", "approved_after_appeal", "denied_after_appeal", "extended", "extended_approved",
    "extended_partial", "timed", *(f"within_{limit}" for _, limit in WITHIN),
)  # fmt: skip


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    """Counts as whole numbers; times to thousandths of a second, None where there were none."""
    spent = {"mean": row.get("mean")}
    for place, share in enumerate(PERCENTILES):
        spent[f"p{round(share * 100)}"] = (row.get("percentiles") or [None] * len(PERCENTILES))[place]
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
        "drugs": {
            **_side(counts["drugs"], reading),
            "appeals": counts["drugs"]["appealed"],
            "approved_after_appeal": counts["drugs"]["approved_after_appeal"],
            "denied_after_appeal": counts["drugs"]["denied_after_appeal"],
            "mean_hours": _in(counts["drugs"]["mean"], HOUR),
            "median_hours": _in(counts["drugs"]["p50"], HOUR),
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

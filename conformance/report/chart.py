"""The numbers behind the page's drawings: shares of a bar, places on a time axis, all in percent of the width."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil, floor, log10
from typing import Any

from conformance.verdict import ORDER

LEAST_SHARE = 2.0  # percent: one failure among a hundred must still be seen
MOST_DOTS = 120
# From what was met to what was not looked at; the eye reads a bar from the left.
BAR_ORDER = ("pass", "attested", "advisory", "waived", "not-tested", "error", "fail", "not-applicable")
assert set(BAR_ORDER) == set(ORDER)


@dataclass(frozen=True)
class Segment:
    """One verdict's share of a bar."""

    verdict: str
    count: int
    x: float
    width: float


def bar(tally: Mapping[str, int]) -> tuple[Segment, ...]:
    """The segments of one bar; a verdict that occurs is never narrower than two percent."""
    counts = [(verdict, tally.get(verdict, 0)) for verdict in BAR_ORDER if tally.get(verdict, 0) > 0]
    total = sum(count for _, count in counts)
    widths = [max(LEAST_SHARE, 100 * count / total) for _, count in counts]
    scale = 100 / sum(widths) if widths else 1
    segments: list[Segment] = []
    x = 0.0
    for (verdict, count), width in zip(counts, widths, strict=True):
        segments.append(Segment(verdict, count, round(x, 2), round(width * scale, 2)))
        x += width * scale
    return tuple(segments)


@dataclass(frozen=True)
class Strip:
    """The samples of one operation on their own axis from 0 to ``end`` seconds; places in percent."""

    dots: tuple[float, ...]
    over: tuple[float, ...]
    limit: float | None
    ticks: tuple[tuple[float, str], ...]
    end: float


def strip(entry: Mapping[str, Any]) -> Strip:
    """One latency entry of results.json as a strip; of many samples an even choice, the slowest always among them."""
    seconds: list[float] = sorted(entry["seconds"])
    limit: float | None = entry["limit"]
    step = _step(max([*seconds[-1:], limit or 0.0, 0.001]) * 1.08)
    end = step * ceil(max([*seconds[-1:], limit or 0.0, 0.001]) * 1.08 / step)
    chosen = _chosen(seconds)
    return Strip(
        dots=tuple(_place(each, end) for each in chosen if limit is None or each <= limit),
        over=tuple(_place(each, end) for each in chosen if limit is not None and each > limit),
        limit=None if limit is None else _place(limit, end),
        ticks=tuple((_place(step * n, end), seconds_in_words(step * n)) for n in range(floor(end / step + 1e-9) + 1)),
        end=end,
    )


def _place(seconds: float, end: float) -> float:
    """Percent of the width, with two percent left free on either side for dots and labels."""
    return round(2 + 96 * seconds / end, 2)


def _chosen(seconds: Sequence[float]) -> Sequence[float]:
    if len(seconds) <= MOST_DOTS:
        return seconds
    last = len(seconds) - 1
    return [seconds[round(n * last / (MOST_DOTS - 1))] for n in range(MOST_DOTS)]


def _step(span: float) -> float:
    """A round step (1, 2 or 5 times a power of ten) that divides ``span`` into two to five parts."""
    power = 10.0 ** floor(log10(span / 4))
    return next(power * factor for factor in (1, 2, 5, 10) if span / (power * factor) <= 5)


def seconds_in_words(seconds: float) -> str:
    """``0``, ``240 ms``, ``1.5 s``, ``16 s``."""
    if seconds == 0:
        return "0"
    if seconds < 0.9995:
        return f"{seconds * 1000:.3g} ms" if seconds < 0.01 else f"{seconds * 1000:.0f} ms"
    return f"{seconds:.2f}".rstrip("0").rstrip(".") + " s" if seconds < 100 else f"{seconds:,.0f} s"


@dataclass(frozen=True)
class Course:
    """One request against one clock on an axis of their own: places in percent; ``late``: it ended beyond the limit."""

    ended: float
    due: float
    late: bool


def course(received: str, due: str, ended: str) -> Course:
    """A clock of a timeline (ISO 8601 stamps; ``ended`` is empty while the request is pended) as a course."""
    start = datetime.fromisoformat(received)
    last = datetime.fromisoformat(due)
    end = datetime.fromisoformat(ended) if ended else last
    span = max((last - start).total_seconds(), (end - start).total_seconds(), 1.0) * 1.08
    return Course(
        round(min(100, max(1.0, 100 * (end - start).total_seconds() / span)), 2),
        round(100 * (last - start).total_seconds() / span, 2),
        end > last,
    )

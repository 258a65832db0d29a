"""Whom an audit is about and by which clocks: from a target file, an audit.toml, or the command's options."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from conformance import clock
from conformance.clocks import limits_of
from conformance.limits import Asked, Limit
from conformance.target import Target

_DRUGS = {"part-b": "part-b", "part-d": "part-d", "covered-outpatient": "covered-outpatient", "bundled": "bundled",
          "other-drug": "other"}  # fmt: skip
_PERIODS = {"rating-period": "rating_period_start", "plan-year": "plan_year_start"}  # a clock's -> the target's key


@dataclass(frozen=True)
class Payer:
    """One line of business: the target, its clocks, and the instant up to which its records reach (None: not said)."""

    target: Target
    clocks: tuple[Limit, ...]
    extracted: datetime | None = None

    @property
    def zones(self) -> tuple[str, ...]:
        """Where days begin and end; anywhere on earth where nobody says, so that nobody is late by our guess."""
        return self.target.timezones or clock.ANYWHERE

    def asked(self, kind: str, urgency: str, received: clock.Stamp) -> Asked:
        """A request of this kind as the clocks see it."""
        target = self.target
        periods = {name: getattr(target, key) for name, key in _PERIODS.items()}
        exception = kind == "exception"
        return Asked(
            target.payer_type,
            received,
            urgency="expedited" if urgency == "expedited" else "standard",
            scope="items" if kind == "item" else "drugs",
            drug="part-d" if exception and target.part_d else _DRUGS.get(kind, ""),
            request="exception" if exception else "authorization",
            part_d=target.part_d,
            periods={name: start for name, start in periods.items() if start},
            zones=target.timezones,
        )

    def unsaid_period(self, requirement: str) -> str:
        """The key that says from when the clocks of a requirement bind, where the target does not name it; else ""."""
        mine = (each for each in self.clocks if each.requirement == requirement)
        needed = {_PERIODS[each.counted_from] for each in mine if each.counted_from and self._bound_by(each)}
        return next((key for key in sorted(needed) if not getattr(self.target, key)), "")

    def _bound_by(self, limit: Limit) -> bool:
        return limit.decides and self.target.payer_type in limit.payers


def payer(target: Target, extracted: Any) -> Payer:
    """The payer of an audit; ``extracted`` is a date (its end counts) or a time."""
    return Payer(target, limits_of(target), _instant(extracted, target))


def _instant(extracted: Any, target: Target) -> datetime | None:
    if extracted is None:
        return None
    read = clock.stamp(extracted, target.timezones or ("UTC",))
    return clock.instant(read.latest) if read else None


def facts_of(mapped: Mapping[str, Any]) -> dict[str, Any]:
    """What an audit.toml says of the payer, as a Target takes it."""
    kept: dict[str, Any] = {
        key: mapped[key] for key in ("payer_type", "part_d", "rating_period_start", "plan_year_start") if key in mapped
    }
    for key in ("timezones", "holidays"):
        if key in mapped:
            kept[key] = tuple(mapped[key])
    return kept

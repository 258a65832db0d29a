"""What payers decide on drugs under the clocks of each kind of payer: in the last second, and a second late.

Decisions on drugs that are no Part B drugs of a Medicare Advantage plan; those are among record_cases.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from random import Random
from typing import Any

from conformance.sandbox.record_cases import HOUR, Case, Facts, decided_within, reasoned

# What an audit is told of each payer beside its type.
PAYERS: Mapping[str, Mapping[str, Any]] = {
    "ma": {"part_d": True},
    "medicaid-ffs": {},
    "medicaid-mco": {"rating_period_start": date(2026, 1, 1)},
    "chip-ffs": {},
    "qhp-ffe": {},
}
_WITHOUT_REASON: Facts = {"reason_code": "", "reason": ""}
_SECOND = timedelta(seconds=1)


def _timed(name: str, kind: str, urgency: str, hours: int, *breaks: str) -> tuple[Case, Case]:
    """A decision in the last second of its clock, and one a second later, which breaks these requirements."""

    def after(spent: timedelta) -> Callable[[Random], Facts]:
        return lambda random: _told_at_once(random, spent, kind=kind, urgency=urgency)

    return (
        Case(f"{name}_in_time", 1, "in_time", after(hours * HOUR), log=True),
        Case(f"late_{name}", 1, "late", after(hours * HOUR + _SECOND), breaks, log=True),
    )


def _told_at_once(random: Random, spent: timedelta, **more: Any) -> Facts:
    """A decision told as soon as it was made, which is ``spent`` after its receipt."""
    facts = decided_within(random, spent, spent, **{"service": "", **more})
    return {**facts, "notified": facts["decided"]}


def _denied(name: str, said: Mapping[str, str] | None, *breaks: str) -> Case:
    def build(random: Random) -> Facts:
        reason = reasoned(random) if said is None else said
        return _told_at_once(random, HOUR, kind="other-drug", outcome="denied", **reason)

    return Case(name, 1, "in_time", build, breaks, log=True)


_DECISION = "drug-decisions.medicaid-decision"
_REASON = "drug-decisions.denial-reason"
CASES: Mapping[str, tuple[Case, ...]] = {
    "ma": (
        *_timed("part_d_drug", "part-d", "standard", 72, "drug-decisions.part-d-standard"),
        *_timed("expedited_part_d_drug", "part-d", "expedited", 24, "drug-decisions.part-d-expedited"),
    ),
    "medicaid-ffs": _timed(
        "outpatient_drug", "covered-outpatient", "standard", 24, "drug-decisions.medicaid-response", _DECISION
    ),
    "medicaid-mco": _timed("drug_of_managed_care", "other-drug", "standard", 24, _DECISION),
    "chip-ffs": (
        *_timed("childrens_drug", "other-drug", "standard", 24, "drug-decisions.chip-decision"),
        _denied("denied_drug_with_a_reason", None),
        _denied("denied_drug_without_a_reason", _WITHOUT_REASON, _REASON),
        _denied("denied_drug_with_boilerplate", {"reason_code": "", "reason": "Not approved."}, _REASON),
    ),
    "qhp-ffe": (
        *_timed("issuers_drug", "other-drug", "standard", 72, "drug-decisions.issuer-decision"),
        *_timed("expedited_issuers_drug", "other-drug", "expedited", 24, "drug-decisions.issuer-decision"),
        *_timed("exception", "exception", "standard", 72, "drug-decisions.issuer-exception"),
        *_timed("expedited_exception", "exception", "expedited", 24, "drug-decisions.issuer-exception"),
    ),
}

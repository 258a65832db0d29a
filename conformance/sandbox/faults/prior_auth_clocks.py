"""Faults of decision times: authorizations on file that were decided too late."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from conformance.sandbox.frame import Fault, Seed, Variant


def late(identifier: str, days: int) -> Callable[[Seed], Seed]:
    """Moves the decision of an authorization on file to so many days after its receipt."""

    def change(seed: Seed) -> Seed:
        record = seed.authorizations[identifier]
        decided = datetime.fromisoformat(record["received"]) + timedelta(days=days)
        items = [{**item, "issued": decided.date().isoformat()} for item in record["items"]]
        late = {**record, "decided": decided.isoformat().replace("+00:00", "Z"), "items": items}
        return replace(seed, authorizations={**seed.authorizations, identifier: late})

    return change


def _drug_denied_silently(seed: Seed) -> Seed:
    silent = {**seed.services["J1745"], "reason": None}
    return replace(seed, services={**seed.services, "J1745": silent})


VARIANTS: tuple[Variant, ...] = (
    Variant(
        "denies_drugs_without_a_reason",
        "A drug is denied without a reason: the rule about reasons leaves drugs out.",
        seed=_drug_denied_silently,
    ),
)
FAULTS: tuple[Fault, ...] = (
    Fault(
        "decides_after_eight_days",
        "A standard request was decided more than eight days after it came.",
        ("prior-auth.decision-time-standard",),
        seed=late("KNOWN-STD", 12),
    ),
    Fault(
        "decides_urgent_after_five_days",
        "An expedited request was decided five days after it came.",
        ("prior-auth.decision-time-expedited", "prior-auth.contract-decision-time"),
        seed=late("KNOWN-EXP", 5),
    ),
    Fault(
        "decides_urgent_after_three_days",
        "An expedited request was decided on the third day: in time by the rule, late by the contract.",
        ("prior-auth.contract-decision-time",),
        seed=late("KNOWN-EXP", 3),
    ),
    Fault(
        "decides_a_drug_after_five_days",
        "A request for a Part B drug was decided five days after it came.",
        ("drug-decisions.part-b",),
        seed=late("KNOWN-DRUG", 5),
    ),
)

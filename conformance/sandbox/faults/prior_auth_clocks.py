"""Faults of decision times: authorizations on file that were decided too late."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import reduce

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


def _all(*changes: Callable[[Seed], Seed]) -> Callable[[Seed], Seed]:
    return lambda seed: reduce(lambda changed, change: change(changed), changes, seed)


# The clocks of items bind these as they bind Medicare Advantage, each by its own paragraph.
LIKE_MEDICARE: Mapping[str, str] = {
    "medicaid-ffs": "A state's Medicaid agency",
    "medicaid-mco": "A Medicaid managed care plan",
    "chip-ffs": "A state's CHIP agency",
    "chip-mco": "A CHIP managed care entity",
}
PROPOSED_FOR: Mapping[str, tuple[str, str]] = {
    "medicaid-ffs": (LIKE_MEDICARE["medicaid-ffs"], "drug-decisions.medicaid-decision"),
    "medicaid-mco": (LIKE_MEDICARE["medicaid-mco"], "drug-decisions.medicaid-decision"),
    "chip-ffs": (LIKE_MEDICARE["chip-ffs"], "drug-decisions.chip-decision"),
    "chip-mco": (LIKE_MEDICARE["chip-mco"], "drug-decisions.medicaid-decision"),
    "qhp-ffe": ("An issuer of QHPs", "drug-decisions.issuer-decision"),
}
VARIANTS: tuple[Variant, ...] = (
    Variant(
        "denies_drugs_without_a_reason",
        "A drug is denied without a reason: the rule about reasons leaves drugs out.",
        seed=_drug_denied_silently,
    ),
    Variant(
        "issuer_decides_after_twelve_days",
        "An issuer of QHPs decides a standard request on the twelfth day: no clock of items binds it.",
        seed=late("KNOWN-STD", 12),
        payer="qhp-ffe",
    ),
    Variant(
        "issuer_decides_a_drug_in_the_last_hours",
        "An issuer of QHPs decides on a drug on the third day: within the 72 hours that are proposed for issuers.",
        seed=late("KNOWN-DRUG", 2),
        payer="qhp-ffe",
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
    *(
        Fault(
            f"decides_late_as_{payer.replace('-', '_')}",
            f"{who} decided a standard request on the twelfth day, an expedited one on the fifth.",
            (
                "prior-auth.decision-time-standard",
                "prior-auth.decision-time-expedited",
                "prior-auth.contract-decision-time",
            ),
            seed=_all(late("KNOWN-STD", 12), late("KNOWN-EXP", 5)),
            payer=payer,
        )
        for payer, who in LIKE_MEDICARE.items()
    ),
    *(
        Fault(
            f"decides_a_drug_late_as_{payer.replace('-', '_')}",
            f"{who} decided a request for a drug on the fifth day, when hours are proposed.",
            (requirement,),
            seed=late("KNOWN-DRUG", 5),
            payer=payer,
        )
        for payer, (who, requirement) in PROPOSED_FOR.items()
    ),
)

"""What the drugs files of an issuer hold: counted, and held against the FHIR formulary of the same plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from conformance.apis.drug_files import FLAGS, DrugsRead, Offer
from conformance.apis.formulary import Item
from conformance.apis.one_drug import plain_tier


@dataclass(frozen=True)
class Compared:
    """One drug on one plan, as the file and as the FHIR formulary tell it; ``problem`` is how they differ."""

    at: str
    problem: str


def limits_counted(read: Iterable[DrugsRead]) -> dict[str, Any]:
    """What drugs files hold: drugs, listings of a drug for a plan, those under each limit, those silent about it."""
    files = tuple(read)
    told: Counter[tuple[bool | None, ...]] = sum((each.limits for each in files), Counter())

    def count(place: int, wanted: bool | None) -> int:
        return sum(number for limits, number in told.items() if limits[place] is wanted)

    return {
        "drugs": sum(each.drugs for each in files),
        "listings": sum(each.listings for each in files),
        **{flag: count(place, True) for place, flag in enumerate(FLAGS)},
        "silent": {flag: count(place, None) for place, flag in enumerate(FLAGS)},
    }


def difference(offer: Offer, item: Item) -> str:
    """How a file and an item differ: a limit asserted here and denied there, another tier; "" for nothing."""
    said = zip(item.limits.items(), offer.limits, strict=True)
    wrong = [limit for (limit, here), there in said if {here, there} == {True, False}]
    tiers = [each.code for each in item.tier if each.code]
    if tiers and offer.tier and plain_tier(offer.tier) not in map(plain_tier, tiers):
        wrong.append(f"tier ({offer.tier} in the file, {tiers[0]} in FHIR)")
    return f"not the same: {', '.join(wrong)}" if wrong else ""

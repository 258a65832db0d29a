"""What the drugs files of an issuer hold, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from conformance.apis.drug_files import FLAGS, DrugsRead


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

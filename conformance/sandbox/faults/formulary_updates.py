"""When a formulary tells of a change of the drug list: in time, and days after it was due."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import date, timedelta

from conformance.sandbox.faults import formulary_changes as changes
from conformance.sandbox.faults.formulary import LIMITED
from conformance.sandbox.formulary_rows import extension_url
from conformance.sandbox.frame import Fault, Resource, Seed, Variant

PERIOD = extension_url("AvailabilityPeriod")
BEGUN = 200  # days ago that the periods of fixtures/sandbox/formulary.json began
AGO = 6  # days ago that the change took effect, as fixtures/sandbox/target.toml has it
SATURDAY = 5
CHANGED_TODAY = "1020065"  # a drug whose change takes effect today
OVER = timedelta(days=6)  # later, when a business day is over even where a weekend and holidays come between


def told_from(days: int, drug: str = LIMITED, *, working: bool = False, announced: bool = False) -> changes.SeedChange:
    """A drug that has a limit is listed with it so many days from now: until then as it was before, without.

    ``working``: from the first working day since, if that is later. ``announced``: what is listed with a period that
    is still to come is active all the same, so that nothing but the clock changes the list.
    """

    def change(seed: Seed) -> Seed:
        items = dict(seed.formulary_items)
        for own, each in seed.formulary_items.items():
            if each["subject"]["reference"] == f"MedicationKnowledge/drug-{drug}":
                before, since = copy.deepcopy(each), copy.deepcopy(each)
                today = _began(each) + timedelta(BEGUN)
                begins = today + timedelta(days)
                while working and begins.weekday() >= SATURDAY:
                    begins += timedelta(1)
                before["id"] += "-before"
                changes.unlimited("QuantityLimit", "QuantityLimitDetail")(before)
                _during(before, str(_began(each)), str(begins - timedelta(1)), in_force=announced or begins > today)
                _during(since, str(begins), "", in_force=announced or begins <= today)
                items |= {before["id"]: before, own: since}
        return replace(seed, formulary_items=items)

    return change


def _began(item: Resource) -> date:
    return next(date.fromisoformat(each["valuePeriod"]["start"]) for each in item["extension"] if each["url"] == PERIOD)


def _during(item: Resource, start: str, end: str, *, in_force: bool) -> None:
    changes.saying("AvailabilityPeriod", "valuePeriod", {"start": start, **({"end": end} if end else {})})(item)
    status = "active" if in_force else "retired" if end else "draft"
    changes.saying("AvailabilityStatus", "valueCode", status)(item)


FAULTS: tuple[Fault, ...] = (
    *(
        Fault(
            f"tells_a_change_late_as_{payer.replace('-', '_')}",
            "A drug that has been under a quantity limit for six days is listed without it for two days more.",
            ("formulary.drug-list-updates",),
            seed=told_from(2),
            payer=payer,
        )
        for payer in ("medicaid-ffs", "chip-ffs")
    ),
    Fault(
        "tells_todays_change_in_a_fortnight",
        "A drug that is under a quantity limit since today is listed without it for two weeks.",
        ("formulary.drug-list-updates",),
        seed=told_from(14, CHANGED_TODAY, announced=True),
        later=OVER,
        payer="medicaid-ffs",
    ),
)
VARIANTS: tuple[Variant, ...] = (
    Variant(
        "tells_a_change_the_next_business_day",
        "A change of the drug list is listed on the business day after it took effect.",
        seed=told_from(1 - AGO, working=True),
        payer="medicaid-ffs",
    ),
    Variant(
        "tells_todays_change_tomorrow",
        "A change of the drug list is listed from the business day after today on.",
        seed=told_from(1, CHANGED_TODAY, working=True, announced=True),
        later=OVER,
        payer="medicaid-ffs",
    ),
)

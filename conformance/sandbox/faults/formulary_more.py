"""What else can be wrong with a formulary: items that contradict each other, searches by what is asked for seldom."""

from __future__ import annotations

import copy
from dataclasses import replace

from conformance.sandbox.faults import formulary_changes as changes
from conformance.sandbox.frame import Fault, Resource, Seed, Variant

TWINNED = "item-harbor-617312"  # of a drug that no tester declares


def twin(own: str, change: changes.Change) -> changes.SeedChange:
    """A second item beside one, changed."""

    def added(seed: Seed) -> Seed:
        second: Resource = copy.deepcopy(seed.formulary_items[own])
        second["id"] += "-again"
        change(second)
        return replace(seed, formulary_items={**seed.formulary_items, second["id"]: second})

    return added


VARIANTS: tuple[Variant, ...] = ()
FAULTS: tuple[Fault, ...] = (
    Fault(
        "contradicts_itself",
        "A drug has two items in one formulary: by one of them it needs prior authorization, by the other not.",
        ("usdf.one-answer",),
        seed=twin(TWINNED, changes.saying("PriorAuthorization", "valueBoolean", True)),
    ),
)

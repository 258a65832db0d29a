"""Extensions against what their definitions say of one place: which value each has, and how often it stands there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from conformance.apis.shapes import JsonObject


@dataclass(frozen=True)
class Shape:
    """What may stand in one place: the values of each extension, by name; which may be repeated, which are needed."""

    values: Mapping[str, Collection[str]]
    repeated: Collection[str] = ()
    needed: Collection[str] = ()


def shape_faults(listed: Sequence[tuple[str, JsonObject]], shape: Shape) -> Iterator[str]:
    """How extensions in one place, with their names, differ from their definitions; those of other names do not."""
    often = Counter(name for name, _ in listed)
    yield from (
        f"{name} {often[name]} times in one place"
        for name in shape.values
        if often[name] > 1 and name not in shape.repeated
    )
    yield from (f"no {name}" for name in shape.needed if not often[name])
    for name, each in listed:
        given = {key for key in each if key.startswith("value")}
        yield from (f"{name} with {key}" for key in sorted(given - set(shape.values.get(name, given))))

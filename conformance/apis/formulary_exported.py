"""What came of a formulary's bulk export, gathered resource by resource, so that hundreds of thousands take no room."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from sys import intern

from conformance import clock
from conformance.apis.formulary import kind_of, read_item
from conformance.apis.shapes import JsonObject, place, text

KEPT = 20  # resources that do not belong there; the rest are counted
DRUG = "MedicationKnowledge/"


@dataclass
class Exported:
    """What the files of one export hold: when each resource ("Type/id") was last updated as written, the formulary of
    each item, and what is no part of a formulary."""

    updated: dict[str, str] = field(default_factory=dict)
    formulary_of: dict[str, str] = field(default_factory=dict)
    strays: list[str] = field(default_factory=list)
    stray: int = 0

    def take(self, resource: JsonObject) -> None:
        """One more resource."""
        kind = text(resource.get("resourceType"))
        key, _, updated = place(resource)
        self.updated[key] = intern(updated)
        item = read_item(resource)
        if item is not None and item.is_listing:
            self.formulary_of[key] = item.formulary
        elif kind not in ("MedicationKnowledge", "Location", "OperationOutcome") and not kind_of(resource):
            self.stray += 1
            self.strays += [key] if self.stray <= KEPT else []

    @property
    def types(self) -> frozenset[str]:
        """The types of what came, but for what tells of the export itself."""
        return frozenset(key.partition("/")[0] for key in self.updated) - {"OperationOutcome"}

    def items_beyond(self, formularies: Collection[str]) -> tuple[str, ...]:
        """The items of other formularies than these."""
        return tuple(key for key, own in self.formulary_of.items() if own and own not in formularies)

    def drugs_until(self, moment: datetime) -> tuple[str, ...]:
        """The drugs that were last updated no later than a moment."""
        return tuple(key for key in _changed(self.updated, moment, later=False) if key.startswith(DRUG))


def newer(updated: dict[str, str], moment: datetime) -> tuple[str, ...]:
    """Of resources ("Type/id") with the time of their last update as written, those updated after a moment."""
    return tuple(_changed(updated, moment, later=True))


def _changed(updated: dict[str, str], moment: datetime, *, later: bool) -> Iterator[str]:
    for key, written in updated.items():
        stamp = clock.stamp(written)
        if stamp is not None and (stamp.earliest > moment if later else stamp.latest <= moment):
            yield key


def first_update(updated: dict[str, str]) -> datetime | None:
    """When the first of the drugs was last updated; None where none says when."""
    stamps = (clock.stamp(written) for key, written in updated.items() if key.startswith(DRUG))
    return min((each.latest for each in stamps if each), default=None)

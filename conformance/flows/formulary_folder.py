"""A folder that stands for a formulary: read once, line by line, into small values that every scenario shares."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TypeVar

from conformance.apis.formulary import (
    Drug,
    Formulary,
    Item,
    Location,
    Plan,
    has_own_tier,
    kind_of,
    read_drug,
    read_formulary,
    read_item,
    read_location,
    read_plan,
    read_terms,
    with_formularies,
)
from conformance.apis.formulary_plans import by_number, with_named
from conformance.apis.raw import resource_problem
from conformance.apis.searchset import Pages
from conformance.wire.files import Folder, Placed

T = TypeVar("T")
CONDENSED = {"extension": read_terms, "text": lambda _narrative: None}
LOOKED_AT = 200  # resources of a type whose structure is looked at closely, whatever their shape


@dataclass(frozen=True, slots=True)
class Raw:
    """An answer, or a resource of a folder, and why it is no FHIR; "" where it is."""

    at: str
    problem: str


@dataclass
class Look:
    """How many resources of a type there are, and of how many the structure was looked at closely."""

    all: int = 0
    closely: int = 0


@dataclass(frozen=True)
class Handed:
    """What a folder holds of a formulary. ``kinds`` says what "Type/id" leads to: "plan", "formulary", "" or a type.

    ``asides`` are problems that may not be the payer's: see ``Folder``. ``partial`` are the types of which it may hold
    only a part ("": any): files that are not there, pages that were not saved. ``tiered`` counts the drugs that say
    their tier themselves.
    """

    plans: tuple[Plan, ...]
    formularies: tuple[Formulary, ...]
    items: tuple[Item, ...]
    drugs: tuple[Drug, ...]
    locations: tuple[Location, ...]
    kinds: Mapping[str, str]
    raw: tuple[Raw, ...]
    looks: Mapping[str, Look]
    asides: tuple[Raw, ...] = ()
    partial: frozenset[str] = frozenset()
    tiered: int = 0

    def may_lack(self, key: str) -> bool:
        """Whether "Type/id" is not there, and may only not have been handed over."""
        return key not in self.kinds and not self.partial.isdisjoint((key.partition("/")[0], ""))


@dataclass
class _Reading:
    """A folder while it is read."""

    items: list[Item] = field(default_factory=list)
    drugs: list[Drug] = field(default_factory=list)
    locations: list[Location] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    formularies: list[tuple[str | None, Formulary]] = field(default_factory=list)
    raw: list[Raw] = field(default_factory=list)
    kinds: dict[str, str] = field(default_factory=dict)
    tiered: int = 0
    file: str = ""  # that is being read, and the digests of what it has shown so far, by type and id
    shown: dict[str, dict[str, int]] = field(default_factory=dict)
    before: dict[str, set[str]] = field(default_factory=dict)  # the ids that files before it showed, by type
    looks: dict[str, Look] = field(default_factory=dict)
    shapes: dict[int, bool] = field(default_factory=dict)  # whether resources of that shape are as they should be
    urns: dict[str, str] = field(default_factory=dict)  # "Type/id" of what a Bundle gives a name of its own


def read_folder(folder: Folder, types: tuple[str, ...]) -> Handed:
    """What the folder holds of these resource types.

    The structure is looked at closely in the first 200 of each type, in every resource that is built unlike all before
    it, and in every one that is built like one that was found wrong.
    """
    reading = _Reading()
    pages = Pages()
    with _uncollected():
        for placed in folder.walk(CONDENSED):
            if placed.type == "Bundle":
                pages.add(placed.resource)
            elif placed.type in types:
                _look(placed, reading)
                _name(placed, reading)
                if _is_new(placed, reading):
                    _keep(placed, reading)
    if reading.urns:
        _follow_urns(reading)
    known = by_number(each for _, each in reading.formularies)
    items, plans = with_formularies(tuple(reading.items), known), with_named(tuple(reading.plans), known)
    named = {item.formulary for item in items} | {key for plan in plans for key in plan.formularies}
    wanted = {item.drug for item in reading.items}
    covered = {key for plan in reading.plans for key in plan.areas}
    asides = folder.asides
    unread = [Raw(each.at, each.message) for each in folder.problems if each not in asides]
    return Handed(
        plans=plans,
        formularies=tuple(
            each for kind, each in reading.formularies if kind or f"InsurancePlan/{each.id}" in named
        ),
        items=items,
        drugs=tuple(each for each in reading.drugs if each.claimed or f"MedicationKnowledge/{each.id}" in wanted),
        locations=tuple(each for each in reading.locations if each.claimed or f"Location/{each.id}" in covered),
        kinds=reading.kinds,
        raw=(*unread, *reading.raw),
        looks=reading.looks,
        asides=tuple(Raw(each.at, each.message) for each in folder.problems if each in asides),
        partial=folder.partial | pages.lost() | (set(types) - reading.looks.keys()),
        tiered=reading.tiered,
    )  # fmt: skip


@contextmanager
def _uncollected() -> Iterator[None]:
    """Keeps Python from looking for circles among hundreds of thousands of plain values, which have none: it takes a
    fifth of the time, again and again. What was read meanwhile stays out of later rounds."""
    usual = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if usual:
            gc.enable()


def _look(placed: Placed, reading: _Reading) -> None:
    look = reading.looks.get(placed.type)
    if look is None:
        look = reading.looks[placed.type] = Look()
    look.all += 1
    if look.closely < LOOKED_AT or not reading.shapes.get(placed.shape):
        look.closely += 1
        problem = resource_problem(placed.whole())
        reading.shapes[placed.shape] = not problem and reading.shapes.get(placed.shape, True)
        reading.raw.append(Raw(placed.at, problem))


def _name(placed: Placed, reading: _Reading) -> None:
    """Notes what a Bundle calls a resource by a URN, and calls one without an id by that."""
    if placed.full_url.startswith("urn:"):
        own = placed.resource.setdefault("id", placed.full_url.rpartition(":")[2])
        reading.urns[placed.full_url] = f"{placed.type}/{own}"


def _follow_urns(reading: _Reading) -> None:
    """Puts the names by type and id in the place of the URNs that resources of a Bundle refer to each other by."""
    known = reading.urns
    reading.items = [
        item._replace(formulary=known.get(item.formulary, item.formulary), drug=known.get(item.drug, item.drug))
        for item in reading.items
    ]
    reading.plans = [
        replace(
            plan,
            formularies=tuple(known.get(key, key) for key in plan.formularies),
            areas=tuple(known.get(key, key) for key in plan.areas),
        )
        for plan in reading.plans
    ]


def _is_new(placed: Placed, reading: _Reading) -> bool:
    """Whether no resource before it was the same; two of one id in a file are told, if they differ.

    Exports of two plans may both hold a drug, each as it was when it was made: the first is taken.
    """
    own = placed.resource.get("id")
    if not isinstance(own, str):
        return True
    if placed.file != reading.file:
        _next_file(placed.file, reading)
    here = reading.shown.setdefault(placed.type, {})
    first = here.get(own)
    if first is None:
        here[own] = placed.digest
        return own not in reading.before.get(placed.type, ())
    if first != placed.digest:
        told = f"{placed.type}/{own} stands before it already, and is another"
        reading.raw.append(Raw(placed.at, told))
    return first != placed.digest


def _next_file(file: str, reading: _Reading) -> None:
    for kind, shown in reading.shown.items():
        reading.before.setdefault(kind, set()).update(shown)
    reading.file, reading.shown = file, {}


def _keep(placed: Placed, reading: _Reading) -> None:
    resource, at = placed.resource, placed.at
    if placed.type == "Basic":
        if (item := read_item(resource, at)) and item.is_listing:
            reading.items.append(item)
        return
    key = f"{placed.type}/{resource.get('id')}"
    if placed.type == "MedicationKnowledge":
        _append(reading.drugs, read_drug(resource, at))
        reading.tiered += has_own_tier(resource)
        reading.kinds[key] = placed.type
    elif placed.type == "Location":
        _append(reading.locations, read_location(resource, at))
        reading.kinds[key] = placed.type
    else:
        kind = kind_of(resource)
        reading.kinds[key] = kind or ""
        if kind == "plan":
            _append(reading.plans, read_plan(resource, at))
        elif formulary := read_formulary(resource, at):
            reading.formularies.append((kind, formulary))


def _append(values: list[T], value: T | None) -> None:
    if value is not None:
        values.append(value)

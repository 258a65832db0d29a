"""What is read of FHIR's resources, as typed structures: whatever else a line holds is passed over unread."""

from __future__ import annotations

import msgspec


class Coding(msgspec.Struct, gc=False):
    """A code."""

    system: str | None = None
    code: str | None = None
    display: str | None = None


class Concept(msgspec.Struct, gc=False):
    """Codes and words."""

    coding: list[Coding] = []
    text: str | None = None


class Part(msgspec.Struct, gc=False):
    """An extension inside one."""

    url: str = ""
    valueString: str | None = None
    valueCode: str | None = None
    valueCodeableConcept: Concept | None = None


class Extension(msgspec.Struct, gc=False):
    """An extension."""

    url: str = ""
    valueDate: str | None = None
    valueDateTime: str | None = None
    valueCodeableConcept: Concept | None = None
    extension: list[Part] = []


class Adjudication(msgspec.Struct, gc=False):
    """What was decided of a line."""

    reason: Concept | None = None
    extension: list[Extension] = []


class Item(msgspec.Struct, gc=False):
    """A line of a request or of its answer."""

    sequence: int | None = None
    itemSequence: int | list[int] | None = None
    noteNumber: list[int] = []
    productOrService: Concept | None = None
    extension: list[Extension] = []
    adjudication: list[Adjudication] = []


class Identifier(msgspec.Struct, gc=False):
    """A number."""

    value: str | None = None


class Reference(msgspec.Struct, gc=False):
    """What is referred to, by address or number."""

    reference: str | None = None
    identifier: Identifier | None = None


class Note(msgspec.Struct, gc=False):
    """A numbered note."""

    number: int | None = None
    text: str | None = None


class Period(msgspec.Struct, gc=False):
    """Where a time begins."""

    start: str | None = None


class Info(msgspec.Struct, gc=False):
    """Supporting information with its time."""

    category: Concept | None = None
    timingDate: str | None = None
    timingPeriod: Period | None = None


class Meta(msgspec.Struct, gc=False):
    """When a resource was last changed."""

    lastUpdated: str | None = None


class Entry(msgspec.Struct, gc=False):
    """An entry of a Bundle."""

    fullUrl: str | None = None
    resource: Resource | None = None


class Resource(msgspec.Struct, gc=False):
    """What is read of a resource, whichever it is."""

    resourceType: str
    id: str | None = None
    identifier: list[Identifier] = []
    use: str | None = None
    status: str | None = None
    created: str | None = None
    outcome: str | None = None
    disposition: str | None = None
    request: Reference | None = None
    claim: Reference | None = None
    priority: Concept | None = None
    meta: Meta | None = None
    supportingInfo: list[Info] = []
    extension: list[Extension] = []
    item: list[Item] = []
    addItem: list[Item] = []
    adjudication: list[Adjudication] = []
    processNote: list[Note] = []
    contained: list[Resource] = []
    entry: list[Entry] = []

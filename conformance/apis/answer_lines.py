"""The lines of a ClaimResponse as read: items, added items, notes, and what is said of the whole request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from conformance.apis.review_actions import Action, Adjudication, Reason, ReviewAction, actions_beside, adjudications
from conformance.apis.shapes import (
    Coding,
    JsonObject,
    Period,
    codings,
    extension,
    extensions,
    period,
    record,
    records,
    text,
    whole,
    wholes,
)

ISSUE_DATE = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-itemPreAuthIssueDate"
PREAUTH_PERIOD = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-itemPreAuthPeriod"


@dataclass(frozen=True)
class Note:
    """A processNote; items name it by its number."""

    at: str
    number: int | None
    text: str


@dataclass(frozen=True)
class Line:
    """What an item and an added item have in common, as read, before anything is looked for elsewhere."""

    at: str
    adjudications: tuple[Adjudication, ...] = ()
    sequences: tuple[int, ...] = ()
    note_numbers: tuple[int, ...] = ()
    beside: tuple[ReviewAction, ...] = ()
    raw: JsonObject = field(default_factory=dict, repr=False, hash=False)

    @property
    def sequence(self) -> int | None:
        """The request's item it answers; of several, the first."""
        return next(iter(self.sequences), None)

    @property
    def review_actions(self) -> tuple[ReviewAction, ...]:
        """Those of all its adjudications, then those that stand at the line itself."""
        own = tuple(each for adjudication in self.adjudications for each in adjudication.review_actions)
        return own + self.beside

    @property
    def actions(self) -> tuple[Action, ...]:
        """Its decisions, each once, in order; one is usual."""
        return tuple(dict.fromkeys(each.action for each in self.review_actions if each.action))

    @property
    def categories(self) -> tuple[tuple[Coding, ...], ...]:
        """The category of each adjudication."""
        return tuple(each.categories for each in self.adjudications)

    @property
    def action_codings(self) -> tuple[Coding, ...]:
        """The codes of its decisions, as written."""
        return tuple(code for each in self.review_actions for code in each.codings)

    @property
    def number(self) -> str:
        """The authorization number its decision carries."""
        return next((each.number for each in self.review_actions if each.number), "")

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """The reasons its adjudications and its decisions give."""
        given = (
            (*each.reasons, *(why for one in each.review_actions for why in one.reasons)) for each in self.adjudications
        )
        beside = (one.reasons for one in self.beside)
        return tuple(reason for reasons in (*given, *beside) for reason in reasons)


@dataclass(frozen=True)
class Whole:
    """What an answer says of the whole request, and the notes that may be meant for its items."""

    line: Line
    notes: tuple[Note, ...] = ()
    disposition: str = ""
    period: Period | None = None
    number: str = ""


@dataclass(frozen=True)
class AddItem:
    """A line the payer added: it answers for the request's items ``sequences``, or is new where these are not there."""

    at: str
    sequences: tuple[int, ...]
    action: Action | None
    actions: tuple[Action, ...]
    review_actions: tuple[ReviewAction, ...]
    number: str
    issued: str
    period: Period | None
    services: tuple[Coding, ...]
    quantity: JsonObject | None = field(hash=False)
    detail: bool
    categories: tuple[tuple[Coding, ...], ...] = ()


def read_lines(value: Any, at: str) -> tuple[Line, ...]:
    """The items (itemSequence is a number) or added items (itemSequence is a list) of a ClaimResponse."""
    return tuple(
        Line(
            at=f"{at}[{place}]",
            adjudications=adjudications(raw.get("adjudication"), f"{at}[{place}]"),
            sequences=wholes(raw.get("itemSequence")),
            note_numbers=wholes(raw.get("noteNumber")),
            beside=actions_beside(raw, f"{at}[{place}]"),
            raw=raw,
        )
        for place, raw in records(value)
    )


def read_notes(value: Any, at: str) -> tuple[Note, ...]:
    """The processNotes of a ClaimResponse that have a text."""
    return tuple(
        Note(f"{at}.processNote[{place}]", whole(raw.get("number")), said)
        for place, raw in records(value)
        if (said := text(raw.get("text")))
    )


def read_add_item(line: Line) -> AddItem:
    """An added item; ``detail`` says whether it tells which service is authorized."""
    concept = record(line.raw.get("productOrService"))
    services = codings(concept)
    return AddItem(
        at=line.at,
        sequences=line.sequences,
        action=next(iter(line.actions), None),
        actions=line.actions,
        review_actions=line.review_actions,
        number=line.number,
        issued=issued(line),
        period=period_of(line),
        services=services,
        quantity=record(line.raw.get("quantity")) or None,
        detail=bool(services or text(concept.get("text"))),
        categories=line.categories,
    )


def issued(line: Line) -> str:
    """The day on which a line was decided, as written."""
    found = extension(line.raw, ISSUE_DATE)
    return text(found.get("valueDate")) or text(found.get("valueDateTime"))


def period_of(line: Line) -> Period | None:
    """The period that a line states itself; an added item may state it as the time of its service."""
    found = (
        period(each.get("valuePeriod"), f"{at}.valuePeriod")
        for at, each in extensions(line.raw, PREAUTH_PERIOD, line.at)
    )
    day = text(line.raw.get("servicedDate"))
    serviced = period(line.raw.get("servicedPeriod"), f"{line.at}.servicedPeriod")
    return next(
        (each for each in found if each), serviced or (Period(day, day, f"{line.at}.servicedDate") if day else None)
    )

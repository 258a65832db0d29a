"""The lines of a prior authorization's answer: its items, the items a payer added, the notes linked to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from conformance.apis.review_actions import (
    Action,
    Adjudication,
    Reason,
    ReviewAction,
    adjudications,
    says_something,
    text_reasons,
)
from conformance.apis.shapes import (
    Coding,
    Identifier,
    JsonObject,
    Period,
    codings,
    extension,
    extensions,
    identifiers,
    period,
    record,
    records,
    text,
    whole,
    wholes,
)

ISSUE_DATE = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-itemPreAuthIssueDate"
PREAUTH_PERIOD = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-itemPreAuthPeriod"
TRACE_NUMBER = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-itemTraceNumber"
PREVIOUS_NUMBER = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-authorizationNumber"
REFERENCE_NUMBER = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-administrationReferenceNumber"
AUTHORIZED_DETAIL = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-itemAuthorizedDetail"
DISCHARGE_DATE = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-dischargeDate"


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
    raw: JsonObject = field(default_factory=dict, repr=False, hash=False)

    @property
    def sequence(self) -> int | None:
        """The request's item it answers; of several, the first."""
        return next(iter(self.sequences), None)

    @property
    def review_actions(self) -> tuple[ReviewAction, ...]:
        """Those of all its adjudications."""
        return tuple(each for adjudication in self.adjudications for each in adjudication.review_actions)

    @property
    def actions(self) -> tuple[Action, ...]:
        """Its decisions, each once, in order; one is usual."""
        return tuple(dict.fromkeys(each.action for each in self.review_actions if each.action))

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
        return tuple(reason for reasons in given for reason in reasons)


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
    action_codings: tuple[Coding, ...]
    number: str
    issued: str
    period: Period | None
    services: tuple[Coding, ...]
    quantity: JsonObject | None = field(hash=False)
    detail: bool


@dataclass(frozen=True)
class Item:
    """One item of an answer and what was decided about it.

    ``action`` is the first of ``actions``; the own ones count, else those of the whole request, else those of the
    added item. ``period`` is its own; ``validity`` the one in force: its own, the added item's, or the whole
    request's. ``circumstance`` holds the texts that may tell when or under which circumstance the authorization ends.
    """

    at: str
    sequence: int | None = None
    action: Action | None = None
    actions: tuple[Action, ...] = ()
    action_codings: tuple[Coding, ...] = ()
    categories: tuple[tuple[Coding, ...], ...] = ()
    reasons: tuple[Reason, ...] = ()
    number: str = ""
    previous_number: str = ""
    reference_number: str = ""
    traces: tuple[Identifier, ...] = ()
    issued: str = ""
    period: Period | None = None
    validity: Period | None = None
    circumstance: tuple[str, ...] = ()
    authorized_detail: bool = False
    add_item: AddItem | None = None

    @property
    def until(self) -> str:
        """The day or time at which the authorization ends, as written; "" where none is given."""
        return self.validity.end if self.validity else ""


def read_lines(value: Any, at: str) -> tuple[Line, ...]:
    """The items (itemSequence is a number) or added items (itemSequence is a list) of a ClaimResponse."""
    return tuple(
        Line(
            at=f"{at}[{place}]",
            adjudications=adjudications(raw.get("adjudication"), f"{at}[{place}]"),
            sequences=wholes(raw.get("itemSequence")),
            note_numbers=wholes(raw.get("noteNumber")),
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


def read_items(lines: Sequence[Line], added: Sequence[Line], whole: Whole) -> tuple[Item, ...]:
    """The items of an answer, each with what the added items, the notes and the whole request say about it."""
    pairs = tuple((line, _answering(line, added)) for line in lines)
    decisions = {_decider(line, addition, whole).actions for line, addition in pairs}
    # Notes that no line names: where every item is decided alike they can only mean all of them.
    named = {number for line in (*lines, *added) for number in line.note_numbers}
    loose = tuple(note for note in whole.notes if note.number not in named) if len(decisions) == 1 else ()
    return tuple(_item(line, addition, whole, loose) for line, addition in pairs)


def read_whole(added: Sequence[Line], whole: Whole) -> Item | None:
    """The whole request as one item, where an answer without items decides it; else None."""
    if not whole.line.review_actions:
        return None
    items = read_items((Line(at=whole.line.at),), added, whole)
    return next(iter(items), None)


def _answering(line: Line, added: Sequence[Line]) -> Line | None:
    """The added item that answers for a line: it refers to the line's sequence."""
    return next((each for each in added if line.sequence is not None and line.sequence in each.sequences), None)


def _decider(line: Line, addition: Line | None, whole: Whole) -> Line:
    """The line that decides an item: itself, else the whole request, else the added item."""
    asked = (line, whole.line, *((addition,) if addition else ()))
    return next((each for each in asked if each.actions), line)


def _item(line: Line, addition: Line | None, whole: Whole, loose: Sequence[Note]) -> Item:
    decider = _decider(line, addition, whole)
    beside = addition or Line(at=line.at)
    add_item = read_add_item(addition) if addition else None
    linked = tuple(note for note in whole.notes if note.number in (*line.note_numbers, *beside.note_numbers))
    own = _period(line)
    return Item(
        at=line.at,
        sequence=line.sequence,
        action=next(iter(decider.actions), None),
        actions=decider.actions,
        action_codings=decider.action_codings,
        categories=tuple(each.categories for each in line.adjudications),
        reasons=(*line.reasons, *beside.reasons, *whole.line.reasons, *_told(linked, loose, whole)),
        number=line.number or beside.number or whole.line.number or whole.number,
        previous_number=text(extension(line.raw, PREVIOUS_NUMBER).get("valueString")),
        reference_number=text(extension(line.raw, REFERENCE_NUMBER).get("valueString")),
        traces=tuple(
            found
            for _, each in extensions(line.raw, TRACE_NUMBER)
            for found in identifiers(each.get("valueIdentifier"))
        ),
        issued=_issued(line) or _issued(beside),
        period=own,
        validity=_in_force(own, _period(beside), whole.period),
        circumstance=tuple(_circumstances(line, (*linked, *loose), whole)),
        authorized_detail=bool(extension(line.raw, AUTHORIZED_DETAIL)),
        add_item=add_item,
    )


def _in_force(*periods: Period | None) -> Period | None:
    """The first period that ends, else the first there is: one that only starts says nothing of the end."""
    given = [each for each in periods if each]
    return next((each for each in given if each.end), next(iter(given), None))


def _told(linked: Sequence[Note], loose: Sequence[Note], whole: Whole) -> Iterator[Reason]:
    """Reasons in words, outside of the adjudication."""
    for note in linked:
        yield from text_reasons(note.text, "itemNote", f"{note.at}.text")
    for note in loose:
        yield from text_reasons(note.text, "processNote", f"{note.at}.text")
    yield from text_reasons(whole.disposition, "disposition", f"{whole.line.at}.disposition")


def _circumstances(line: Line, notes: Sequence[Note], whole: Whole) -> Iterator[str]:
    yield from (said for said in (*(note.text for note in notes), whole.disposition) if says_something(said))
    if discharge := text(extension(line.raw, DISCHARGE_DATE).get("valueDate")):
        yield f"discharge {discharge}"


def read_add_item(line: Line) -> AddItem:
    """An added item; ``detail`` says whether it tells which service is authorized."""
    concept = record(line.raw.get("productOrService"))
    services = codings(concept)
    return AddItem(
        at=line.at,
        sequences=line.sequences,
        action=next(iter(line.actions), None),
        actions=line.actions,
        action_codings=line.action_codings,
        number=line.number,
        issued=_issued(line),
        period=_period(line),
        services=services,
        quantity=record(line.raw.get("quantity")) or None,
        detail=bool(services or text(concept.get("text"))),
    )


def _issued(line: Line) -> str:
    found = extension(line.raw, ISSUE_DATE)
    return text(found.get("valueDate")) or text(found.get("valueDateTime"))


def _period(line: Line) -> Period | None:
    found = (
        period(each.get("valuePeriod"), f"{at}.valuePeriod")
        for at, each in extensions(line.raw, PREAUTH_PERIOD, line.at)
    )
    return next((each for each in found if each), None)

"""The items of a prior authorization's answer, each with what was decided about it, wherever the answer says so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from conformance.apis.answer_lines import AddItem, Line, Note, Whole, issued, period_of, read_add_item
from conformance.apis.review_actions import Action, Reason, ReviewAction, text_reasons
from conformance.apis.shapes import Coding, Identifier, Period, extension, extensions, identifiers, record, text
from conformance.apis.wording import lines_named, tells_end

TRACE_NUMBER = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-itemTraceNumber"
PREVIOUS_NUMBER = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-authorizationNumber"
REFERENCE_NUMBER = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-administrationReferenceNumber"
AUTHORIZED_DETAIL = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-itemAuthorizedDetail"
DISCHARGE_DATE = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-dischargeDate"


@dataclass(frozen=True)
class Item:
    """One item of an answer and what was decided about it.

    ``action`` is the first of ``actions``; the own ones count, else those of the whole request, else those of the
    added item. ``period`` is its own; ``validity`` the one in force: its own, the added item's, or the whole
    request's. ``circumstance`` holds the texts that may tell when or under which circumstance the authorization ends,
    ``amount`` how much is authorized.
    ``unplaced`` are reasons said of an answer whose items are decided differently: nothing here says that they are
    meant for this item.
    """

    at: str
    sequence: int | None = None
    action: Action | None = None
    actions: tuple[Action, ...] = ()
    action_codings: tuple[Coding, ...] = ()
    review_actions: tuple[ReviewAction, ...] = ()
    categories: tuple[tuple[Coding, ...], ...] = ()
    reasons: tuple[Reason, ...] = ()
    unplaced: tuple[Reason, ...] = ()
    number: str = ""
    previous_number: str = ""
    reference_number: str = ""
    traces: tuple[Identifier, ...] = ()
    issued: str = ""
    period: Period | None = None
    validity: Period | None = None
    circumstance: tuple[str, ...] = ()
    amount: str = ""
    authorized_detail: bool = False
    add_item: AddItem | None = None

    @property
    def until(self) -> str:
        """The day or time at which the authorization ends, as written; "" where none is given."""
        return self.validity.end if self.validity else ""


def read_items(lines: Sequence[Line], added: Sequence[Line], whole: Whole) -> tuple[Item, ...]:
    """The items of an answer, each with what the added items, the notes and the whole request say about it."""
    pairs = tuple((line, _answering(line, added)) for line in lines)
    alike = len({_decider(line, addition, whole).actions for line, addition in pairs}) == 1
    # Notes that no line names: where every item is decided alike they can only mean all of them.
    named = {number for line in (*lines, *added) for number in line.note_numbers}
    loose = tuple(note for note in whole.notes if note.number not in named)
    return tuple(_item(line, addition, whole, loose, alike) for line, addition in pairs)


def read_added(lines: Sequence[Line], added: Sequence[Line], whole: Whole) -> tuple[Item, ...]:
    """What only added items decide, as items: one for each number that no item has."""
    answered = {line.sequence for line in lines}
    alone = [
        replace(line, sequences=(number,), raw={**line.raw})
        for line in added
        for number in line.sequences
        if line.actions and number not in answered
    ]
    decisions = {line.actions for line in alone} | {
        _decider(line, _answering(line, added), whole).actions for line in lines
    }
    return tuple(_item(line, line, whole, (), len(decisions) == 1) for line in alone)


def read_whole(added: Sequence[Line], whole: Whole) -> Item | None:
    """The whole request as one item, where an answer without items decides it; else None."""
    if not whole.line.review_actions:
        return None
    [item] = read_items((Line(at=whole.line.at),), added, whole)
    return replace(item, categories=whole.line.categories)


def _answering(line: Line, added: Sequence[Line]) -> Line | None:
    """The added item that answers for a line: it refers to the line's sequence."""
    return next((each for each in added if line.sequence is not None and line.sequence in each.sequences), None)


def _decider(line: Line, addition: Line | None, whole: Whole) -> Line:
    """The line that decides an item: itself, else the whole request, else the added item."""
    asked = (line, whole.line, *((addition,) if addition else ()))
    return next((each for each in asked if each.actions), line)


def _item(line: Line, addition: Line | None, whole: Whole, loose: Sequence[Note], alike: bool) -> Item:
    decider = _decider(line, addition, whole)
    beside = addition if addition and addition is not line else Line(at=line.at)
    add_item = read_add_item(addition) if addition else None
    linked = tuple(note for note in whole.notes if note.number in (*line.note_numbers, *beside.note_numbers))
    placed, unplaced = _of_the_whole(line, whole, loose, alike)
    own = period_of(line)
    return Item(
        at=line.at,
        sequence=line.sequence,
        action=next(iter(decider.actions), None),
        actions=decider.actions,
        action_codings=decider.action_codings,
        review_actions=decider.review_actions,
        categories=line.categories,
        reasons=(*line.reasons, *beside.reasons, *_noted(linked), *placed),
        unplaced=unplaced,
        number=line.number or beside.number or whole.line.number or whole.number,
        previous_number=text(extension(line.raw, PREVIOUS_NUMBER).get("valueString")),
        reference_number=text(extension(line.raw, REFERENCE_NUMBER).get("valueString")),
        traces=tuple(
            found
            for _, each in extensions(line.raw, TRACE_NUMBER)
            for found in identifiers(each.get("valueIdentifier"))
        ),
        issued=issued(line) or issued(beside),
        period=own,
        validity=_in_force(own, period_of(beside), whole.period),
        circumstance=tuple(_circumstances((line, beside), linked, loose if alike else (), whole)),
        amount=_amount((line, beside)),
        authorized_detail=bool(extension(line.raw, AUTHORIZED_DETAIL)),
        add_item=add_item,
    )


def _in_force(*periods: Period | None) -> Period | None:
    """The first period that ends, else the first there is: one that only starts says nothing of the end."""
    given = [each for each in periods if each]
    return next((each for each in given if each.end), next(iter(given), None))


def _noted(linked: Sequence[Note]) -> Iterator[Reason]:
    for note in linked:
        yield from text_reasons(note.text, "itemNote", f"{note.at}.text")


def _of_the_whole(
    line: Line, whole: Whole, loose: Sequence[Note], alike: bool
) -> tuple[tuple[Reason, ...], tuple[Reason, ...]]:
    """The reasons said of the whole request: those that are this item's too, and those of which nothing says so.

    Where the items are decided differently, only a text that names the item is meant for it.
    """
    said = [*whole.line.reasons]
    for note in loose:
        said += text_reasons(note.text, "processNote", f"{note.at}.text")
    said += text_reasons(whole.disposition, "disposition", f"{whole.line.at}.disposition")
    mine = tuple(each for each in said if alike or line.sequence in lines_named(each.text))
    return mine, tuple(each for each in said if each not in mine)


def _circumstances(lines: Sequence[Line], linked: Sequence[Note], loose: Sequence[Note], whole: Whole) -> Iterator[str]:
    """What is linked to the item, said beside its decision, or said of all, counts if it speaks of an end.

    So does the day of discharge.
    """
    notes = (note.text for note in (*linked, *loose))
    beside = (reason.text for line in (*lines, whole.line) for reason in line.reasons)
    yield from (said for said in (*notes, *beside, whole.disposition) if tells_end(said))
    for line in lines:
        if discharge := text(extension(line.raw, DISCHARGE_DATE).get("valueDate")):
            yield f"discharge {discharge}"


def _amount(lines: Sequence[Line]) -> str:
    """How much is authorized, with its unit where it has one: what is used up has ended."""
    for line in lines:
        quantity = record(extension(extension(line.raw, AUTHORIZED_DETAIL), "quantity").get("valueQuantity"))
        if isinstance(quantity.get("value"), int | float):
            return f"{quantity['value']} {text(quantity.get('unit')) or text(quantity.get('code'))}".strip()
    return ""

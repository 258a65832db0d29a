"""Reading the answers of $submit and $inquire: what was decided about each item, until when, and why.

What an item does not say itself is looked for where the guide and FHIR let it stand: at the whole request, at the
added item that answers for it, in the notes linked to it, in the disposition.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from conformance.apis.answer_errors import AnswerError, read_errors
from conformance.apis.answer_lines import AddItem, Line, Note, Whole, read_add_item, read_lines, read_notes
from conformance.apis.authorization_lines import Item, read_added, read_items, read_whole
from conformance.apis.review_actions import Action, ReviewAction, actions_beside, adjudications
from conformance.apis.shapes import (
    Coding,
    Identifier,
    JsonObject,
    Period,
    Person,
    Placed,
    entries,
    extension,
    identifiers,
    is_type,
    period,
    person,
    record,
    records,
    reference_key,
    reference_text,
    resolve,
    text,
)
from conformance.guides import Guide

DATA_ABSENT_REASON = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"


@dataclass(frozen=True)
class RequestReference:
    """How an answer names the request: by reference, by identifier, or by saying why it cannot."""

    at: str
    reference: str = ""
    identifiers: tuple[Identifier, ...] = ()
    absent: bool = False

    @property
    def given(self) -> bool:
        """Whether it names the request at all, or says why not."""
        return bool(self.reference or self.identifiers or self.absent)


@dataclass(frozen=True)
class Answer:
    """One ClaimResponse and the Bundle it came in (an empty dict where it came bare).

    ``request_identifiers`` are the values by which it names the request, and those of the Claim it refers to where
    that came along. ``items`` are the items that are there, ``added`` what only added items decide; ``denied``,
    ``approved`` and so on know both, and an answer that only decides the whole request: it counts as one item without
    a sequence.
    """

    at: str
    guide: Guide
    bundle: JsonObject = field(repr=False, hash=False)
    claim_response: JsonObject = field(repr=False, hash=False)
    entries: tuple[Placed, ...] = field(repr=False, hash=False)
    status: str = ""
    use: str = ""
    outcome: str = ""
    disposition: str = ""
    created: str = ""
    insurer: str = ""
    identifiers: tuple[Identifier, ...] = ()
    patient: Person = field(default_factory=lambda: Person(""))
    request: RequestReference = field(default_factory=lambda: RequestReference(""))
    request_identifiers: frozenset[str] = frozenset()
    preauth_period: Period | None = None
    items: tuple[Item, ...] = ()
    added: tuple[Item, ...] = ()
    add_items: tuple[AddItem, ...] = ()
    header_action: ReviewAction | None = None
    whole: Item | None = None
    errors: tuple[AnswerError, ...] = ()
    notes: tuple[Note, ...] = ()
    communication_requests: tuple[str, ...] = ()

    @property
    def decided(self) -> tuple[Item, ...]:
        """The items and what only added items decide, or the whole request as one where nothing else is decided."""
        return (*self.items, *self.added) or ((self.whole,) if self.whole else ())

    @property
    def under_review(self) -> bool:
        """Whether nothing of it is decided, and the answer says so: pended throughout, queued, or more is asked for."""
        if not any(item.actions for item in self.decided):
            return self.outcome == "queued" or bool(self.communication_requests)
        return all(item.actions == ("pended",) for item in self.decided)

    def _with(self, action: Action) -> tuple[Item, ...]:
        return tuple(item for item in self.decided if action in item.actions)

    @property
    def approved(self) -> tuple[Item, ...]:
        """Items that were approved."""
        return self._with("approved")

    @property
    def denied(self) -> tuple[Item, ...]:
        """Items that were denied."""
        return self._with("denied")

    @property
    def pended(self) -> tuple[Item, ...]:
        """Items that are said to be under review."""
        return self._with("pended")

    @property
    def modified(self) -> tuple[Item, ...]:
        """Items that were approved otherwise than asked for: changed (A6) or in part (A2)."""
        return self._with("modified")

    @property
    def told(self) -> str:
        """What is decided, item by item, for a finding; "" where there is no item."""
        return ", ".join(f"item {item.sequence}: {item.action or 'no decision'}" for item in self.decided)

    @property
    def undecided(self) -> tuple[Item, ...]:
        """Items without any review action; none in an answer that reports an error instead, or asks for information.

        The rule knows three answers: approved, denied, more information is needed (42 CFR 422.122(b)(4)(i)).
        """
        if self.outcome == "error" or self.communication_requests:
            return ()
        return tuple(item for item in self.decided if not item.actions)

    @property
    def numbers(self) -> tuple[str, ...]:
        """Every number the authorization goes by: of each item, its own, the payer's reference, the previous one."""
        found = ((item.number, item.reference_number, item.previous_number) for item in self.decided)
        return tuple(dict.fromkeys(number for numbers in found for number in numbers if number))

    @property
    def number(self) -> str:
        """The first number that it gives an authorization; a payer's reference is none. Empty without one."""
        return next(
            (each.number or each.previous_number for each in self.decided if each.number or each.previous_number), ""
        )

    @property
    def error_codes(self) -> tuple[Coding, ...]:
        """The codes of all errors."""
        return tuple(code for error in self.errors for code in error.codes)


def returned(operation: str, guide: Guide) -> tuple[str, ...]:
    """What an operation may answer with: $submit a bare Bundle; how $inquire answers is for its form to judge."""
    if operation == "prior-auth.submit":
        return ("Bundle",)
    return ("Bundle", "Parameters", *(("OperationOutcome",) if guide["inquiry_outcome"] else ()))


def read_answer(resource: Any, guide: Guide) -> Answer | None:
    """The answer to $submit; None where there is no ClaimResponse. Of several, the first."""
    return next(_answers(resource, guide), None)


def read_answers(resource: Any, guide: Guide) -> tuple[Answer, ...]:
    """Every ClaimResponse of an answer, in order; one is what the guide allows of $submit."""
    return tuple(_answers(resource, guide))


def read_inquiry(resource: Any, guide: Guide) -> tuple[Answer, ...] | None:
    """The answers to $inquire, in order; none found is empty, None is no answer to an inquiry at all.

    Read in either form (a Bundle, or Parameters holding Bundles), whichever the version asks for: see
    ``inquiry_form``. Where the version lets an OperationOutcome stand for an answer, it tells of none.
    """
    if is_type(resource, "OperationOutcome") and guide["inquiry_outcome"]:
        return ()
    return None if inquiry_form(resource) is None else tuple(_answers(resource, guide))


def inquiry_form(resource: Any) -> str | None:
    """ "bundle" or "parameters", as the guide's cell ``inquiry_form`` names them; None for anything else."""
    return {"Bundle": "bundle", "Parameters": "parameters"}.get(text(record(resource).get("resourceType")))


def parameter_names(resource: Any) -> tuple[str, ...]:
    """The names of the parameters that hold Bundles, to compare with the guide's cell ``inquiry_parameters``."""
    held = ((each, record(each.get("resource"))) for _, each in records(record(resource).get("parameter")))
    return tuple(text(each.get("name")) for each, inside in held if inside.get("resourceType") == "Bundle")


def _answers(resource: Any, guide: Guide) -> Iterator[Answer]:
    for at, bundle, placed, others in _claim_responses(resource):
        yield _answer(at, bundle, placed, others, guide)


def _claim_responses(resource: Any) -> Iterator[tuple[str, JsonObject, Placed, tuple[Placed, ...]]]:
    raw = record(resource)
    match raw.get("resourceType"):
        case "ClaimResponse":
            yield "ClaimResponse", {}, Placed("ClaimResponse", raw), ()
        case "Bundle":
            yield from _in_bundle(raw, "Bundle")
        case "Parameters":
            for place, parameter in records(raw.get("parameter")):
                held, at = record(parameter.get("resource")), f"Parameters.parameter[{place}].resource"
                if held.get("resourceType") == "ClaimResponse":
                    yield at, {}, Placed(at, held), ()
                elif held.get("resourceType") == "Bundle":
                    yield from _in_bundle(held, at)


def _in_bundle(
    bundle: JsonObject, at: str, deeper: bool = True
) -> Iterator[tuple[str, JsonObject, Placed, tuple[Placed, ...]]]:
    others = entries(bundle, at)
    for placed in others:
        if placed.type == "ClaimResponse":
            yield placed.at, bundle, placed, others
        elif placed.type == "Bundle" and deeper:  # a notification or a search answers with whole Bundles
            yield from _in_bundle(placed.resource, placed.at, deeper=False)


def _answer(at: str, bundle: JsonObject, placed: Placed, others: tuple[Placed, ...], guide: Guide) -> Answer:
    raw = placed.resource
    disposition = text(raw.get("disposition"))
    errors, error_notes = read_errors(raw.get("error"), at)
    notes = read_notes(raw.get("processNote"), at)
    whole = Whole(
        line=Line(at=at, adjudications=adjudications(raw.get("adjudication"), at), beside=actions_beside(raw, at)),
        notes=tuple(note for note in notes if note.number not in error_notes),
        disposition=disposition,
        period=period(raw.get("preAuthPeriod"), f"{at}.preAuthPeriod"),
        number=text(raw.get("preAuthRef")),
    )
    added = read_lines(raw.get("addItem"), f"{at}.addItem")
    lines = read_lines(raw.get("item"), f"{at}.item")
    items, alone = read_items(lines, added, whole), read_added(lines, added, whole)
    return Answer(
        at=at,
        guide=guide,
        bundle=bundle,
        claim_response=raw,
        entries=others,
        status=text(raw.get("status")),
        use=text(raw.get("use")),
        outcome=text(raw.get("outcome")),
        disposition=disposition,
        created=text(raw.get("created")),
        insurer=_named(raw.get("insurer")),
        identifiers=identifiers(raw.get("identifier")),
        patient=person(raw.get("patient"), f"{at}.patient", placed, others),
        request=_request(raw.get("request"), f"{at}.request"),
        request_identifiers=_request_identifiers(raw.get("request"), placed, others),
        preauth_period=whole.period,
        items=items,
        added=alone,
        add_items=tuple(read_add_item(line) for line in added),
        header_action=next(iter(whole.line.review_actions), None),
        whole=None if items or alone else read_whole(added, whole),
        errors=errors,
        notes=notes,
        communication_requests=tuple(
            key for _, each in records(raw.get("communicationRequest")) if (key := reference_key(each))
        ),
    )


def _named(reference: Any) -> str:
    """A reference as written, or the identifier or name it gives instead."""
    raw = record(reference)
    by_identifier = next((each.key for each in identifiers(raw.get("identifier"))), "")
    return reference_text(raw) or by_identifier or text(raw.get("display"))


def _request(value: Any, at: str) -> RequestReference:
    raw = record(value)
    absent = bool(extension(raw, DATA_ABSENT_REASON))
    return RequestReference(at, reference_text(raw), identifiers(raw.get("identifier")), absent)


def _request_identifiers(value: Any, placed: Placed, others: tuple[Placed, ...]) -> frozenset[str]:
    claim = resolve(value, placed, others)
    known = identifiers(record(value).get("identifier"))
    known += identifiers(claim.resource.get("identifier")) if claim and claim.type == "Claim" else ()
    return frozenset(each.value for each in known)

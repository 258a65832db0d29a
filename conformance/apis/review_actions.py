"""What was decided about one line of a prior authorization, and for which reason.

The decision is an X12 306 code in the extension ``reviewAction`` of an adjudication. The reason of a denial lawfully
stands in any of several places: the rule asks for a specific reason, not for a code (42 CFR 422.122(b)(4)(ii)).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from conformance.apis.shapes import Coding, coding, codings, extensions, record, records, text
from conformance.apis.wording import ACTION_SYSTEM, ACTION_VALUE_SET, NO_REASON_SYSTEMS, is_reason_code, says_something

Action = Literal["approved", "denied", "pended", "modified", "cancelled", "contact", "no-action"]
Found = Literal["reasonCode", "adjudication.reason", "itemNote", "processNote", "disposition"]

REVIEW_ACTION = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-reviewAction"
REVIEW_ACTION_CODE = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-reviewActionCode"
SUBMITTED = Coding("http://terminology.hl7.org/CodeSystem/adjudication", "submitted")

# X12 306. A certification in part grants less than was asked for, as a modification does.
ACTIONS: Mapping[str, Action] = {
    "A1": "approved",
    "A2": "modified",
    "A3": "denied",
    "A4": "pended",
    "A6": "modified",
    "C": "cancelled",
    "CT": "contact",
    "NA": "no-action",
}

# Payers shorten the URL of this sub-extension, and the profile's slice is called "code".
_ACTION_URLS = frozenset({REVIEW_ACTION_CODE, "extension-reviewActionCode", "reviewActionCode", "code"})

_ACTION_CODES = frozenset(ACTIONS)


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason: a code, a text, or both, and where it stands."""

    system: str
    code: str
    text: str
    found: Found
    at: str

    @property
    def loose(self) -> bool:
        """Whether it is words said of the whole answer: a person must read what they are about."""
        return self.found in ("processNote", "disposition")


@dataclass(frozen=True, slots=True)
class ReviewAction:
    """One ``reviewAction`` extension; ``action`` is None where its code is none of X12 306.

    ``as_profiled``: it stands in an adjudication (not ``beside`` it), and its code is a CodeableConcept under the
    guide's own URL. ``unusable``: codes and words that stand where a reason does, and are none.
    ``coded``: there is an extension for its code, whatever that holds; one without may bear a number or a reason alone.
    """

    at: str
    action: Action | None
    codings: tuple[Coding, ...]
    number: str
    reasons: tuple[Reason, ...]
    as_profiled: bool = True
    coded: bool = True
    beside: bool = False
    unusable: tuple[str, ...] = ()

    @property
    def told(self) -> str:
        """Its codes as they were written, and what is odd about their place or form."""
        codes = ", ".join(f"{each.system or 'no system'}|{each.code}" for each in self.codings) or "no code"
        odd = "" if self.as_profiled else " in another form than the guide's"
        return f"{codes} outside of an adjudication" if self.beside else f"{codes}{odd}"


@dataclass(frozen=True, slots=True)
class Adjudication:
    """One adjudication: its categories, its review actions (one is usual), the reasons it gives itself."""

    at: str
    categories: tuple[Coding, ...]
    review_actions: tuple[ReviewAction, ...]
    reasons: tuple[Reason, ...]


def action_of(codes: tuple[Coding, ...]) -> Action | None:
    """The action that codes mean: by X12's own system (or its value set) where one is so coded, else by the code."""
    own = [each for each in codes if each.system in (ACTION_SYSTEM, ACTION_VALUE_SET)]
    meant = (ACTIONS.get(each.code.upper()) for each in (own or codes))
    return next((action for action in meant if action), None)


def adjudications(value: Any, at: str) -> tuple[Adjudication, ...]:
    """The adjudications of an item, an added item or a whole request."""
    return tuple(_adjudication(raw, f"{at}.adjudication[{place}]") for place, raw in records(value))


def _adjudication(raw: Mapping[str, Any], at: str) -> Adjudication:
    return Adjudication(
        at=at,
        categories=codings(raw.get("category")),
        review_actions=tuple(_review_action(each, where) for where, each in extensions(raw, REVIEW_ACTION, at)),
        reasons=reasons_of(raw.get("reason"), "adjudication.reason", f"{at}.reason"),
    )


def actions_beside(element: Mapping[str, Any], at: str) -> tuple[ReviewAction, ...]:
    """The review actions that stand at a line itself, where older reference implementations put them."""
    return tuple(
        replace(_review_action(each, where), as_profiled=False, beside=True)
        for where, each in extensions(element, REVIEW_ACTION, at)
    )


def _review_action(raw: Mapping[str, Any], at: str) -> ReviewAction:
    codes: tuple[Coding, ...] = ()
    reasons: tuple[Reason, ...] = ()
    unusable: tuple[str, ...] = ()
    number, as_profiled, coded = "", True, False
    for place, part in records(raw.get("extension")):
        url = text(part.get("url"))
        if url in _ACTION_URLS:
            coded = True
            codes += _coded(part)
            as_profiled &= url == REVIEW_ACTION_CODE and bool(codings(part.get("valueCodeableConcept")))
        elif url == "reasonCode":
            where = f"{at}.extension[{place}]"
            given = reasons_of(part.get("valueCodeableConcept"), "reasonCode", f"{where}.valueCodeableConcept")
            given += tuple(_plain_reasons(part, where))
            reasons += given
            unusable += () if given else _written(part)
        elif url == "number":
            number = number or text(part.get("valueString"))
    return ReviewAction(at, action_of(codes), codes, number, reasons, as_profiled, coded, unusable=unusable)


def _coded(part: Mapping[str, Any]) -> tuple[Coding, ...]:
    """The codes of an extension that should hold a CodeableConcept; a Coding or a bare code is read as well."""
    found = codings(part.get("valueCodeableConcept"))
    single = coding(part.get("valueCoding"))
    bare = Coding(code=text(part.get("valueCode")) or text(part.get("valueString")))
    return found + tuple(each for each in (single, bare) if each.code)


def _written(part: Mapping[str, Any]) -> tuple[str, ...]:
    """What an extension for a reason holds, as a person reads it."""
    concept = record(part.get("valueCodeableConcept"))
    codes = (*codings(concept), coding(part.get("valueCoding")))
    words = (*(f"{each.code} {each.display}".strip() for each in codes), text(concept.get("text")))
    return tuple(each for each in (*words, text(part.get("valueString"))) if each)


def _plain_reasons(part: Mapping[str, Any], at: str) -> Iterator[Reason]:
    """Reasons in an extension of another type than the guide's: the rule asks for a reason, whatever its form."""
    single = coding(part.get("valueCoding"))
    if _is_code(single):
        yield Reason(single.system, single.code, single.display, "reasonCode", f"{at}.valueCoding")
    yield from text_reasons(part.get("valueString"), "reasonCode", f"{at}.valueString")


def reasons_of(concept: Any, found: Found, at: str) -> tuple[Reason, ...]:
    """The reasons of a CodeableConcept: one per code that is one, else its text if that tells anything."""
    words = text(record(concept).get("text"))
    codes = codings(concept)
    coded = tuple(Reason(each.system, each.code, each.display or words, found, at) for each in codes if _is_code(each))
    if coded:
        return coded
    displayed = (each.display for each in codes if each.system not in NO_REASON_SYSTEMS)
    return tuple(reason for said in (words, *displayed) for reason in text_reasons(said, found, at))[:1]


def text_reasons(value: Any, found: Found, at: str) -> tuple[Reason, ...]:
    """A text as a reason, if it tells more than the decision."""
    said = text(value)
    return (Reason("", "", said, found, at),) if says_something(said) else ()


def _is_code(each: Coding) -> bool:
    return is_reason_code(each, _ACTION_CODES)

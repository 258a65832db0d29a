"""The business errors of a prior authorization's answer: X12 codes, and what in the request is meant."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from conformance.apis.shapes import Coding, codings, extension, extensions, records, text, whole
from conformance.apis.x12 import of_x12

ERROR_ELEMENT = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-errorElement"
ERROR_PATH = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-errorPath"
ERROR_FOLLOWUP = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-errorFollowupAction"
REJECT_REASONS = "901"
_ITEM = re.compile(r"\bitem\[(\d{1,6})\]")


@dataclass(frozen=True)
class AnswerError:
    """One business error of an answer: X12 901 codes, what to do about it (889), and what in the request is meant.

    ``sequence`` is the item of the request that it names, ``index`` that item's place where the path names it by that.
    """

    at: str
    codes: tuple[Coding, ...]
    followup: tuple[Coding, ...] = ()
    element: str = ""
    path: str = ""
    sequence: int | None = None
    index: int | None = None

    @property
    def in_x12(self) -> bool:
        """Whether one of its codes is of X12 901."""
        return any(of_x12(each.system, REJECT_REASONS) for each in self.codes)


def read_errors(value: Any, at: str) -> tuple[tuple[AnswerError, ...], frozenset[int]]:
    """The errors, and the numbers of the notes that belong to them."""
    errors: list[AnswerError] = []
    notes: set[int] = set()
    for place, raw in records(value):
        where = f"{at}.error[{place}]"
        element, note = _error_element(raw)
        notes |= {note} if note is not None else set()
        path = text(extension(raw, ERROR_PATH).get("valueString"))
        index = _ITEM.search(path)
        errors.append(
            AnswerError(
                at=where,
                codes=codings(raw.get("code")),
                followup=tuple(
                    code
                    for _, each in extensions(raw, ERROR_FOLLOWUP)
                    for code in codings(each.get("valueCodeableConcept"))
                ),
                element=element,
                path=path,
                sequence=whole(raw.get("itemSequence")),
                index=int(index[1]) if index else None,
            )
        )
    return tuple(errors), frozenset(notes)


def _error_element(raw: Mapping[str, Any]) -> tuple[str, int | None]:
    """The X12 place that is in error, plain (2.0.1) or in parts (2.2), and the note that explains it."""
    found = extension(raw, ERROR_ELEMENT)
    note = extension(found, "processNote").get("valuePositiveInt")
    element = text(found.get("valueString")) or text(extension(found, "error").get("valueString"))
    return element, note if isinstance(note, int) else None

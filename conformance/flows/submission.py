"""What a submission, and a known authorization, came to: the values that prior-authorization scenarios judge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from conformance.apis.authorization_lines import Item
from conformance.apis.prior_auth import Answer
from conformance.apis.shapes import Coding
from conformance.target import Known


@dataclass(frozen=True)
class CaseItem:
    """An item of an answer, and the case it answers."""

    case: str
    item: Item

    @property
    def at(self) -> str:
        return f"cases.prior-auth.{self.case}, {self.item.at}"

    def says(self, code: str) -> bool:
        """Whether the review action is this X12 306 code."""
        return any(each.code == code for each in self.item.action_codings)

    @staticmethod
    def is_category(codings: Iterable[Coding], wanted: Coding) -> bool:
        """Whether one of the codings is the wanted one, whatever it displays."""
        return any((each.system, each.code) == (wanted.system, wanted.code) for each in codings)


@dataclass(frozen=True)
class Submission:
    """A request and the answer to it: ``deciding`` is the answer that decided, the first one where none did later."""

    case: str
    request: Mapping[str, Any]
    first: Answer
    deciding: Answer
    at: str

    @property
    def failed(self) -> bool:
        """Whether the request was not processed: a business error, no decision."""
        return self.deciding.outcome == "error"

    @property
    def items(self) -> tuple[CaseItem, ...]:
        """The items of the deciding answer, or the whole request as one."""
        return tuple(CaseItem(self.case, item) for item in self.deciding.decided)

    @property
    def told(self) -> str:
        """What was decided, for a finding."""
        decided = ", ".join(f"item {item.sequence}: {item.action or 'no decision'}" for item in self.deciding.decided)
        return decided or f"no item and no decision (outcome {self.deciding.outcome or 'missing'})"


@dataclass(frozen=True)
class Decided:
    """A known authorization as the inquiry tells it, beside what the target file says of it."""

    known: Known
    answer: Answer

    @property
    def at(self) -> str:
        return f"known.prior-auth {self.known.identifier!r}"


def same_request(answer: Answer, submission: Submission) -> bool:
    """Whether an inquiry's answer tells of this submission: an identifier, a number or a trace in common."""
    claim = submission.request["entry"][0]["resource"]
    sent = {str(each.get("value")) for each in claim.get("identifier", []) if isinstance(each, dict)}
    deciding = submission.deciding
    return bool(
        sent & {each.value for each in (*answer.request.identifiers, *answer.identifiers)}
        or {each.value for each in answer.identifiers} & {each.value for each in deciding.identifiers}
        or _numbers(answer) & _numbers(deciding)
        or _traces(answer) & _traces(deciding)
    )


def _numbers(answer: Answer) -> set[str]:
    numbers = (number for item in answer.decided for number in (item.number, item.reference_number))
    return {number for number in numbers if number}


def _traces(answer: Answer) -> set[str]:
    return {trace.key for item in answer.decided for trace in item.traces}

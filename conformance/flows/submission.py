"""What a submission, and a known authorization, came to: the values that prior-authorization scenarios judge."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from conformance.apis.authorization_lines import Item
from conformance.apis.drugs import drug_lines, lines
from conformance.apis.echo import unprocessed
from conformance.apis.prior_auth import Answer
from conformance.apis.reason_grades import Grade, grade
from conformance.apis.review_actions import Reason, ReviewAction
from conformance.apis.same_member import claim_of
from conformance.apis.shapes import Coding, codings, identifiers, record, records, text, whole
from conformance.apis.wording import names_any
from conformance.exchange import Exchange, ended
from conformance.target import Known


@dataclass(frozen=True)
class CaseItem:
    """An item of an answer, and what it answers: a case, the inquiry about one, a known authorization.

    ``names`` are the names of the service that the item was asked for: a text may name the item by them.
    ``categories`` are those of the adjudications that the guide profiles, the added item's where it profiles these.
    """

    told: str
    item: Item
    names: frozenset[str] = frozenset()
    categories: tuple[tuple[Coding, ...], ...] = ()
    is_drug: bool = False

    @property
    def at(self) -> str:
        return f"{self.told}, {self.item.at}"

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """The item's reasons, and those said of the whole answer that name its service."""
        return (*self.item.reasons, *(each for each in self.item.unplaced if names_any(each.text, self.names)))

    @property
    def unusable(self) -> str:
        """What stands where its reasons do, and is none; "" where nothing stands there."""
        written = (each for action in self.item.review_actions for each in action.unusable)
        return ", ".join(f"“{each}”, which is no reason" for each in dict.fromkeys(written))

    @property
    def grade(self) -> Grade:
        """How specific its reasons are."""
        return grade(self.reasons)

    @property
    def only_loose(self) -> bool:
        """Whether all its reasons are words said of the whole answer."""
        return bool(self.reasons) and all(each.loose for each in self.reasons)

    def says(self, code: str) -> bool:
        """Whether the review action is this X12 306 code."""
        return any(each.code == code for each in self.item.action_codings)

    @property
    def as_profiled(self) -> bool:
        """Whether its review actions stand where and as the guide has them."""
        return all(each.as_profiled for each in self.item.review_actions)

    @staticmethod
    def is_category(codings: Iterable[Coding], wanted: Coding) -> bool:
        """Whether one of the codings is the wanted one, whatever it displays."""
        return any((each.system, each.code) == (wanted.system, wanted.code) for each in codings)


@dataclass(frozen=True)
class Told:
    """One ClaimResponse, where it was told, and the request that it answers."""

    at: str
    request: Mapping[str, Any]
    answer: Answer
    inquiry: bool = False
    is_drug: bool = False

    def items(self) -> Iterator[CaseItem]:
        """Its items, each with the names of the service it was asked for."""
        names, drugs = _services(self.request), drug_lines(self.request)
        for item in self.answer.decided:
            added = item.add_item.categories if item.add_item and self.answer.guide["add_item"] else ()
            own = item.categories if item not in self.answer.added else ()
            is_drug = self.is_drug or item.sequence in drugs
            yield CaseItem(self.at, item, names.get(item.sequence, frozenset()), (*own, *added), is_drug)

    @property
    def adjudicated(self) -> tuple[CaseItem, ...]:
        """Those whose adjudications the guide's version profiles: items, and from 2.1 on added ones and the whole."""
        guide, answer = self.answer.guide, self.answer
        profiled = [*answer.items, *(answer.added if guide["add_item"] else ())]
        profiled += [answer.whole] if answer.whole and guide["whole_request_action"] else []
        return tuple(each for each in self.items() if each.item in profiled)

    @property
    def review_actions(self) -> tuple[ReviewAction, ...]:
        """Every coded review action: of what is decided, and of added items where the guide's version profiles them."""
        added = self.answer.add_items if self.answer.guide["add_item"] else ()
        found = [each for item in self.answer.decided for each in item.review_actions]
        found += [each for line in added for each in line.review_actions]
        return tuple({each.at: each for each in found if each.coded}.values())


@dataclass(frozen=True)
class Submission:
    """A request and the answer to it: ``deciding`` is the answer that decided, the first one where none did later.

    ``all`` are all ClaimResponses of the first answer; one is what the guide allows. It was ``sent`` and ``answered``
    then; the deciding answer was ``seen`` then, and had not come yet at ``pended_at``. ``drug_kind`` is what its case
    states. ``followed``: it was pended, and its end was waited for after the run. ``asked_more``: an answer that is no
    longer at hand asked for more information.
    """

    case: str
    request: Mapping[str, Any]
    first: Answer
    deciding: Answer
    at: str
    all: tuple[Answer, ...] = ()
    sent: datetime | None = None
    answered: datetime | None = None
    seen: datetime | None = None
    pended_at: datetime | None = None
    drug_kind: str = ""
    followed: bool = False
    asked_more: bool = False

    @property
    def asks_more(self) -> bool:
        """Whether any answer to it asked for more information."""
        return self.asked_more or any(each.communication_requests for each in (self.first, self.deciding))

    @property
    def failed(self) -> bool:
        """Whether the request was not processed: a business error, no decision."""
        return self.deciding.outcome == "error"

    @property
    def unprocessed(self) -> frozenset[int]:
        """The items that came to a business error of their own."""
        return unprocessed(self.request, self.deciding)

    @property
    def only_drugs(self) -> bool:
        """Whether it asks for nothing but drugs."""
        drugs = drug_lines(self.request)
        return bool(self.drug_kind) or (bool(drugs) and drugs == lines(self.request))

    def tell(self, answer: Answer, at: str = "") -> Told:
        """What an answer tells of this request."""
        return Told(at or self.at, self.request, answer, is_drug=self.only_drugs)

    @property
    def items(self) -> tuple[CaseItem, ...]:
        """The items of the deciding answer, or the whole request as one."""
        return tuple(self.tell(self.deciding).items())

    @property
    def told(self) -> str:
        """What was decided, for a finding."""
        return self.deciding.told or f"no item and no decision (outcome {self.deciding.outcome or 'missing'})"


@dataclass(frozen=True)
class Decided:
    """A known authorization as the inquiry tells it, beside what the target file says of it."""

    known: Known
    answer: Answer

    @property
    def at(self) -> str:
        return f"known.prior-auth {self.known.identifier!r}"


DENIED = ("where", "item", "grade", "codes", "reasons", "found in")


def row_of(denied: CaseItem) -> tuple[str, ...]:
    """One line of the table of denials, in the order of DENIED."""
    reasons = denied.reasons
    return (
        denied.told,
        "" if denied.item.sequence is None else str(denied.item.sequence),
        denied.grade,
        ", ".join(dict.fromkeys(each.code for each in reasons if each.code)),
        "; ".join(dict.fromkeys(each.text for each in reasons if each.text)),
        ", ".join(dict.fromkeys(each.found for each in reasons)),
    )


def decided(told: Iterable[Told], actions: Iterable[str], drugs: bool | None = None) -> tuple[CaseItem, ...]:
    """The items about which one of ``actions`` was decided; ``drugs``: only drugs, or none of them."""
    wanted = set(actions)
    items = (item for each in told for item in each.items() if wanted & set(item.item.actions))
    return tuple(item for item in items if drugs is None or item.is_drug is drugs)


def later(submission: Submission, answer: Answer, asked: Exchange) -> Submission:
    """The submission after an inquiry told this answer about it."""
    told = replace(submission, deciding=answer, asked_more=submission.asks_more)
    return replace(told, pended_at=asked.started) if undecided(answer) else replace(told, seen=ended(asked))


def undecided(answer: Answer) -> bool:
    """Whether any of it is still to be decided."""
    return bool(answer.pended) or answer.under_review


def same_request(answer: Answer, submission: Submission) -> bool:
    """Whether an inquiry's answer tells of this submission.

    It has an identifier, a number or a trace in common, is the same resource, or names the same request. That nothing
    was found, in a ClaimResponse that repeats the inquiry's identifier, tells of no submission.
    """
    if not answer.decided and (answer.outcome == "error" or answer.errors):
        return False
    claim = claim_of(submission.request)
    sent = {each.value for each in identifiers(claim.resource.get("identifier"))}
    if sent & _identifiers(answer) or any(_same(answer, each) for each in (submission.first, submission.deciding)):
        return True
    # A tester's own bodies may share one fullUrl: the reference alone counts where nothing else is told.
    return not _identifiers(answer) and bool(claim.full_url) and answer.request.reference == claim.full_url


def _same(one: Answer, other: Answer) -> bool:
    return any(kind(one) & kind(other) for kind in (_identifiers, _numbers, _traces, _places))


def _identifiers(answer: Answer) -> set[str]:
    return {each.value for each in answer.identifiers} | answer.request_identifiers


def _places(answer: Answer) -> set[str]:
    """How the ClaimResponse is known as a resource: a bare id may be anybody's."""
    here = next((each.full_url for each in answer.entries if each.resource is answer.claim_response), "")
    return {here} if here else set()


def known_by(answer: Answer) -> frozenset[str]:
    """Every number, identifier and trace of the authorization that an answer is about."""
    traces = {trace.value for item in answer.decided for trace in item.traces}
    own = {text(answer.claim_response.get(name)) for name in ("preAuthRef", "id")} - {""}
    return frozenset({*answer.numbers, *_identifiers(answer), *traces, *_places(answer), *own})


def holds(answer: Answer, identifier: str) -> bool:
    """Whether an answer is about the authorization of this number, identifier or trace."""
    return identifier in known_by(answer)


def numbers_of(answer: Answer) -> tuple[str, ...]:
    """What the payer knows an authorization by: numbers that it issued, none of ours."""
    return tuple(sorted({*answer.numbers, *_places(answer)}))


def _numbers(answer: Answer) -> set[str]:
    numbers = (number for item in answer.decided for number in (item.number, item.reference_number))
    return {number for number in numbers if number}


def _traces(answer: Answer) -> set[str]:
    return {trace.key for item in answer.decided for trace in item.traces}


def _services(request: Mapping[str, Any]) -> dict[int | None, frozenset[str]]:
    """The names of each item's service: its codes, what they display, its text."""
    found: dict[int | None, frozenset[str]] = {}
    for _, item in records(claim_of(request).resource.get("item")):
        concept = record(item.get("productOrService"))
        names = [text(concept.get("text")), *(name for each in codings(concept) for name in (each.code, each.display))]
        found[whole(item.get("sequence"))] = frozenset(name for name in names if name)
    return found

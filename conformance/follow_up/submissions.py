"""Prior authorization requests that were pended: inquired about, judged once they are decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from conformance.apis.prior_auth import Answer
from conformance.clocks import Clocks, timelines
from conformance.errors import NotTested
from conformance.exchange import Exchange, ended
from conformance.flows.decisions import Decisions
from conformance.flows.histories import History
from conformance.flows.prior_auth import SETTLED, PriorAuth
from conformance.flows.prior_auth_requests import INQUIRE, Requests
from conformance.flows.recording import HEARD, Recording
from conformance.flows.submission import Submission, holds, undecided
from conformance.follow_up.kind import Kind, Stand, own_case
from conformance.follow_up.ledger import Entry
from conformance.limits import ANTICIPATED
from conformance.run import Subject
from conformance.seen import denial_rows
from conformance.target import Claim

SUBMISSION = "prior-auth.submission"


def numbers(entry: Entry) -> tuple[str, ...]:
    """Whatever the request of an entry is known by: the identifier it was sent with, and what the payer issued."""
    return (entry.identifier, *entry.numbers)


def stands(subject: Subject, claim: Claim, entry: Entry, told: Exchange, answers: Iterable[Answer]) -> Stand:
    """How a request stands by the answers that an exchange tells of it; NotTested where none is about it."""
    mine = [each for each in answers if any(holds(each, number) for number in numbers(entry))]
    if not mine:
        raise NotTested("an inquiry does not find the request")
    answer = min(mine, key=undecided)
    entry = replace(entry, asks_more=entry.asks_more or any(each.communication_requests for each in mine))
    _recall(subject.recording, claim, entry, answer, told)
    timed = Clocks(subject.target).timed(_histories(subject, claim))
    late = any(each.late and each.limit.standing not in ANTICIPATED for each in timed)
    if undecided(answer):
        entry = replace(entry, pended_at=told.started or entry.asked)
    return Stand(entry, undecided(answer), late)


def _ask(recording: Recording, claim: Claim, entry: Entry) -> Exchange:
    return Requests(recording, claim).ask(entry.name, f"{entry.name}:follow-up")


def _stand(subject: Subject, claim: Claim, entry: Entry, asked: Exchange) -> Stand:
    return stands(subject, claim, entry, asked, Requests(subject.recording, claim).found(asked))


def _seen(subject: Subject, claim: Claim) -> Mapping[str, Any]:
    histories = _histories(subject, claim)
    return {
        "timelines": timelines(Clocks(subject.target), histories, claim.label),
        "decisions": denial_rows(subject, claim),
    }


def _histories(subject: Subject, claim: Claim) -> tuple[History, ...]:
    return Decisions(PriorAuth(subject.recording, claim)).histories()


def _recall(recording: Recording, claim: Claim, entry: Entry, answer: Answer, asked: Exchange) -> None:
    """Puts the submission of an entry down as done, as the inquiry of today tells it."""
    requests = Requests(recording, claim)
    submission = Submission(
        entry.name, requests.request(entry.name), answer, answer, f"cases.prior-auth.{entry.name}", (answer,),
        sent=entry.sent, answered=entry.answered, seen=None if undecided(answer) else ended(asked),
        pended_at=asked.started if undecided(answer) else entry.pended_at,
        drug_kind=str(requests.case(entry.name).facts.get("drug_kind", "")), followed=True,
        asked_more=entry.asks_more,
    )  # fmt: skip
    recording.recall((claim, SETTLED, entry.name), submission, [asked])
    recording.recall((claim, "inquire", entry.name), asked, [asked])


KIND = Kind(own_case, _ask, _stand, (INQUIRE, HEARD), _seen)

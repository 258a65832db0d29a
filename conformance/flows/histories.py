"""When requests came in, were decided and told: what the decision clocks are judged by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from conformance.apis.drugs import billed
from conformance.apis.prior_auth import Answer
from conformance.apis.urgency import Urgency, read_urgency
from conformance.clock import Stamp
from conformance.flows.submission import Decided, Submission, undecided

Written = str | date | datetime  # a stamp as somebody wrote it


@dataclass(frozen=True)
class History:
    """What is known of one request's time.

    ``received`` is a stamp as written, or the moments around our own sending of it; ``notified`` and ``decided`` are
    what the tester states, ``issued`` the issue dates of the answer, ``seen`` when we first saw the answer that
    decides, ``pended_at`` when it was last seen without a decision, ``answered`` when any answer came. ``pended``: some
    of it was still undecided when last looked at.
    ``asks_more``: the payer asked for more information, which may lawfully have put the decision off.
    """

    at: str
    source: Literal["submission", "known"]
    received: Written | Stamp
    urgency: Urgency
    scope: Literal["items", "drugs"] = "items"
    drug: str = ""
    notified: Written | None = None
    decided: Written | None = None
    issued: tuple[str, ...] = ()
    seen: datetime | None = None
    pended_at: datetime | None = None
    answered: datetime | None = None
    pended: bool = False
    asks_more: bool = False
    extended: bool = False


def of_known(decided: Decided) -> History:
    """What the target file and the inquiry tell of an authorization that exists already."""
    known, answer = decided.known, decided.answer
    return History(
        decided.at,
        "known",
        known.received,
        Urgency(known.urgency),
        "drugs" if known.drug_kind else "items",
        known.drug_kind,
        notified=known.notified,
        decided=known.decided,
        issued=_issued(answer),
        pended=bool(answer.pended) and known.notified is None and known.decided is None,
        asks_more=_asks_more(answer),
        extended=known.extended,
    )


def of_submission(
    submission: Submission, urgency: str, payer_type: str | None, *, extended: bool = False
) -> History | None:
    """What a run saw of a request of its own; None where nobody knows when it was sent.

    ``urgency`` and ``extended`` are its case's.
    """
    if submission.sent is None or submission.answered is None:
        return None
    deciding, kind = submission.deciding, submission.drug_kind
    if submission.only_drugs and not kind and payer_type == "ma" and billed(submission.request):
        kind = "part-b"  # a drug of the medical benefit of Medicare Advantage is a Part B drug
    text = submission.sent.isoformat(timespec="seconds")
    return History(
        submission.at,
        "submission",
        Stamp(text, submission.sent, submission.answered),
        read_urgency(submission.request, urgency),
        "drugs" if submission.only_drugs else "items",
        kind,
        issued=_issued(deciding),
        seen=submission.seen or submission.answered,
        pended_at=submission.pended_at or submission.sent,
        answered=submission.answered,
        pended=undecided(deciding),
        asks_more=submission.asks_more,
        extended=extended,
    )


def _issued(answer: Answer) -> tuple[str, ...]:
    return tuple(item.issued for item in answer.decided if item.issued)


def _asks_more(answer: Answer) -> bool:
    return bool(answer.communication_requests)

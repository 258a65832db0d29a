"""After a run: what still waits for its end is noted in the ledger."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from conformance.clock import now
from conformance.exchange import ended
from conformance.flows.submission import numbers_of
from conformance.follow_up.exports import EXPORTS, incomplete
from conformance.follow_up.ledger import Entry, Ledger
from conformance.follow_up.submissions import SUBMISSION, pended
from conformance.run import Run, Subject
from conformance.target import Claim


def note_pended(run: Run, subject: Subject, target: str, ledger: Path) -> int:
    """Notes every request of a run that is not answered for good yet; gives their number."""
    entries = [each for claim in run.target.claim_list() for each in _entries(run, subject, target, claim)]
    if entries:
        Ledger(ledger).add(entries)
    return len(entries)


def _entries(run: Run, subject: Subject, target: str, claim: Claim) -> Iterator[Entry]:
    if run.out is None:
        return
    waiting = partial(
        Entry, target=target, run=subject.recording.run_id, report=str(run.out.resolve()), api=claim.api, ig=claim.ig,
        version=claim.version, asked=now(), not_before=now(),
    )  # fmt: skip
    for each in pended(subject.recording, claim) if claim.ig == "pas" else ():
        if each.sent and each.answered:
            yield waiting(
                kind=SUBMISSION, name=each.case, numbers=numbers_of(each.deciding), sent=each.sent,
                answered=each.answered, pended_at=each.pended_at or each.sent, asks_more=each.asks_more,
            )  # fmt: skip
    for job in incomplete(subject.recording, claim) if claim.api in EXPORTS else ():
        sent, answered = job.kick_off.started, ended(job.kick_off)
        if sent and answered:
            yield waiting(
                kind=EXPORTS[claim.api], name=job.kick_off.case, numbers=(job.status_url,), sent=sent,
                answered=answered, pended_at=job.pended_at or sent,
            )  # fmt: skip

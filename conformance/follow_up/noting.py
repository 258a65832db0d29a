"""After a run: what is still pended is noted in the ledger."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from conformance.clock import now
from conformance.errors import NotTested
from conformance.flows.prior_auth import PriorAuth
from conformance.flows.submission import Submission, numbers_of, undecided
from conformance.follow_up.ledger import Entry, Ledger
from conformance.run import Run, Subject
from conformance.target import Claim

SUBMISSION = "prior-auth.submission"


def note_pended(run: Run, subject: Subject, target: str, ledger: Path) -> int:
    """Notes every submission of a run that is not decided yet; gives their number."""
    found = [
        _entry(run, subject, target, claim, each)
        for claim in run.target.claim_list()
        if claim.ig == "pas"
        for each in _pended(PriorAuth(subject.recording, claim))
    ]
    entries = [each for each in found if each]
    if entries:
        Ledger(ledger).add(entries)
    return len(entries)


def _pended(prior_auth: PriorAuth) -> list[Submission]:
    found: list[Submission] = []
    for case in prior_auth.submitted():
        with suppress(NotTested):
            submission = prior_auth.submission(case)
            found += [submission] if undecided(submission.deciding) and not submission.failed else []
    return found


def _entry(run: Run, subject: Subject, target: str, claim: Claim, submission: Submission) -> Entry | None:
    sent, answered = submission.sent, submission.answered
    if sent is None or answered is None or run.out is None:
        return None
    return Entry(
        target=target,
        run=subject.recording.run_id,
        report=str(run.out.resolve()),
        kind=SUBMISSION,
        api=claim.api,
        ig=claim.ig,
        version=claim.version,
        name=submission.case,
        numbers=numbers_of(submission.deciding),
        sent=sent,
        answered=answered,
        pended_at=submission.pended_at or sent,
        asked=now(),
        not_before=now(),
        asks_more=submission.asks_more,
    )

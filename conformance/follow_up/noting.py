"""During a run: what waits for its end is noted in the ledger, and struck out where the run sees the end itself.

It is noted as it is learnt, so that a run that is killed leaves it to be followed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Hashable
from contextlib import suppress
from functools import cache, partial
from pathlib import Path

from conformance.clock import now
from conformance.errors import UsageError
from conformance.exchange import ended
from conformance.flows.bulk import EXPORT, STARTED, WHOLE
from conformance.flows.declared import Awaited
from conformance.flows.exported import Export, Started
from conformance.flows.prior_auth import FIRST_ANSWER, SETTLED
from conformance.flows.submission import Submission, numbers_of, undecided
from conformance.follow_up.changes import CHANGE
from conformance.follow_up.exports import EXPORTS
from conformance.follow_up.ledger import Entry, Ledger
from conformance.follow_up.submissions import SUBMISSION
from conformance.run import Subject
from conformance.target import Claim

Known = Callable[..., Entry]  # an entry of which the run, its target and its claim are known


class Noting:
    """What one run leaves waiting, kept in the ledger as it stands; ``target`` and ``report`` are the run's.

    A ledger that cannot be written takes nothing from the run.
    """

    def __init__(self, subject: Subject, ledger: Path, target: str, report: Path) -> None:
        self._recording = subject.recording
        self._ledger = cache(lambda: Ledger(ledger))  # made where something waits
        self._entry = partial(Entry, target=target, run=self._recording.run_id, report=str(report.resolve()))
        self._noted: set[tuple[Claim, str]] = set()
        self._recording.watch(self._learn)

    def finish(self) -> int:
        """The number of all that waits."""
        return len(self._noted)

    def _learn(self, key: Hashable, value: object) -> None:
        """Notes or strikes out a case that was answered, and an export; notes a change that is not due."""
        match key, value:
            case (Claim() as claim, str(act), str()), Submission() if act in (FIRST_ANSWER, SETTLED):
                waits = undecided(value.deciding) and not value.failed
                self._put(claim, _of_submission(value, self._known(claim)), waits=waits)
            case (Claim() as claim, str(act), str(name)), Started() | Export() if (
                act in (STARTED, EXPORT) and name == WHOLE and claim.api in EXPORTS
            ):
                waits = bool(value.job.status_url and value.job.unfinished)
                self._put(claim, _of_export(claim, value, self._known(claim)), waits=waits)
            case (Claim() as claim, str(), str()), Awaited():
                self._put(claim, _of_change(value, self._known(claim)), waits=True)

    def _known(self, claim: Claim) -> Known:
        return partial(self._entry, api=claim.api, ig=claim.ig, version=claim.version, asked=now(), not_before=now())

    def _put(self, claim: Claim, entry: Entry | None, *, waits: bool) -> None:
        if entry is None:
            return
        place = (claim, entry.name)
        with suppress(OSError, sqlite3.Error, UsageError):
            if waits:
                self._ledger().add([entry])
                self._noted.add(place)
            elif place in self._noted:
                self._ledger().strike(entry)
                self._noted.remove(place)


def _of_submission(submission: Submission, known: Known) -> Entry | None:
    """What is noted of a submission; None of one that nobody knows the time of."""
    if submission.sent is None or submission.answered is None:
        return None
    return known(
        kind=SUBMISSION, name=submission.case, numbers=numbers_of(submission.deciding), sent=submission.sent,
        answered=submission.answered, pended_at=submission.pended_at or submission.sent,
        asks_more=submission.asks_more,
    )  # fmt: skip


def _of_export(claim: Claim, export: Started | Export, known: Known) -> Entry | None:
    """What is noted of an export: where its status is asked for, and its Group."""
    job = export.job
    sent, answered = job.kick_off.started, ended(job.kick_off)
    if sent is None or answered is None:
        return None
    return known(
        kind=EXPORTS[claim.api], name=job.kick_off.case, numbers=(job.status_url, export.group), sent=sent,
        answered=answered, pended_at=job.pended_at or sent,
    )  # fmt: skip


def _of_change(change: Awaited, known: Known) -> Entry:
    """What is noted of a change of a drug list: when it is to be looked at."""
    return known(
        kind=CHANGE, name=change.case, numbers=(), sent=now(), answered=now(), pended_at=now(), not_before=change.due
    )

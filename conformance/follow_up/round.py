"""One round: everything that waits is asked about once, where it is due, and judged where it has come to its end.

An entry is dealt with from its question to its line in the record before the next is looked at: nothing is kept, so a
thousand take no more memory than one, and a kill costs at most the entry in hand.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

from conformance import clock
from conformance.errors import NotTested, Unjudgeable, UsageError
from conformance.exchange import Exchange
from conformance.flows.recording import Options, Recording
from conformance.follow_up import changes, exports, submissions
from conformance.follow_up.again import judge_again, rules
from conformance.follow_up.changes import CHANGE
from conformance.follow_up.kind import Kind, Stand
from conformance.follow_up.ledger import Entry, Ledger
from conformance.follow_up.submissions import SUBMISSION
from conformance.journal import Journal
from conformance.opening import patience
from conformance.redaction import Redactor
from conformance.report.followed import append_lines, is_held
from conformance.report.record import header_of
from conformance.run import Run, Subject, told
from conformance.target import Claim, Target
from conformance.verdict import ScenarioVerdict
from conformance.wire import gateway
from conformance.wire.payer import Wire

Ask = Callable[[Entry, Claim], Subject]
KINDS: Mapping[str, Kind] = {
    SUBMISSION: submissions.KIND, CHANGE: changes.KIND, **dict.fromkeys(exports.EXPORTS.values(), exports.KIND)
}  # fmt: skip
SKEW = timedelta(hours=1)  # where our clock and the payer's differ by more, one of them jumped: nothing is judged


@dataclass
class Told:
    """What a round came to: what waited, was asked about, notified, decided, ended and judged, and what stood in the
    way."""

    waiting: int = 0
    asked: int = 0
    notified: int = 0
    decided: int = 0
    ended: int = 0  # given up
    verdicts: list[tuple[Entry, ScenarioVerdict]] = field(default_factory=list)
    troubles: dict[str, int] = field(default_factory=dict)
    reports: dict[str, str] = field(default_factory=dict)  # folder -> run

    def trouble(self, why: str) -> None:
        self.troubles[why] = self.troubles.get(why, 0) + 1


class Round:
    """Asks a payer about the requests that it has not answered for good."""

    def __init__(self, run: Run, ledger: Ledger, target: str) -> None:
        self.run = run
        self._ledger = ledger
        self._target = target
        self._claims = {(each.api, each.ig, each.version): each for each in run.target.claim_list()}
        self._wire: Wire | None = None
        self.told = Told()

    def poll(self, every: timedelta) -> Told:
        """Inquires about everything that is due: not asked for ``every``, and not to be left alone any longer."""
        with self.asking() as ask:
            for entry in self.counted():
                if entry.is_due(clock.now(), every):
                    self.inquire(entry, ask)
        return self.told

    def counted(self) -> Iterator[Entry]:
        """Everything that waits, each counted as it is given; what a run that is still at work has noted is its own."""
        for entry in self._ledger.waiting(self._target):
            self.told.waiting += 1
            if is_at_work(entry):
                self.told.trouble("its run is still at work")
                continue
            self.told.reports[entry.report] = entry.run
            yield entry

    def claims(self) -> tuple[Claim, ...]:
        """The claims of the target at which something waits."""
        return tuple(claim for claim in self._claims.values() if any(self.waiting(claim)))

    def waiting(self, claim: Claim) -> Iterator[Entry]:
        """The requests that wait at a claim, can still be named, and may be told of by a notification."""
        here = (claim.api, claim.ig, claim.version)
        for entry in self._ledger.waiting(self._target):
            known = (entry.api, entry.ig, entry.version) == here and self._view(entry)
            if known and entry.kind == SUBMISSION and not is_at_work(entry):
                yield entry

    def entries(self, ids: Iterable[int]) -> Iterator[Entry]:
        """Those of some entries that still wait."""
        return (entry for each in ids if (entry := self._ledger.entry(each)))

    def wire(self) -> Wire:
        """The connections of this round, while it asks."""
        if self._wire is None:
            raise RuntimeError("the round is not asking")
        return self._wire

    def inquire(self, entry: Entry, ask: Ask) -> None:
        """Asks the payer about one entry, and judges what has come to its end."""
        claim = self._claims.get((entry.api, entry.ig, entry.version))
        if claim is None or self._view(entry) is None:
            self.told.trouble(f"the target file has no {entry.label}, or no cases.{entry.api}.{entry.name}, any more")
            return
        kind, subject = KINDS[entry.kind], ask(entry, claim)
        self.told.asked += 1
        moment, asked = clock.now(), kind.ask(subject.recording, claim, entry)
        entry = replace(entry, asked=moment, not_before=_left_alone(asked, moment))
        if trouble := trouble_with(asked):
            self.told.trouble(trouble)
            self._ledger.put(entry)
            return
        if kind.gone(asked):
            self._count_gone(entry, asked)
            return
        try:
            self.judge(claim, subject, kind.stand(subject, claim, entry, asked))
        except (NotTested, Unjudgeable) as reason:
            self.told.trouble(reason.message)
            self._ledger.put(entry)

    def _count_gone(self, entry: Entry, asked: Exchange) -> None:
        """Notes that the payer knows of no such act; after some such answers it is given up."""
        entry = replace(entry, gone=entry.gone + 1)
        given_up = entry.gone >= rules().gone
        self.told.trouble(f"what waited is not there any more (status {asked.status})" + ": given up" * given_up)
        self._ledger.put(replace(entry, state="over", told="gone") if given_up else entry)
        self.told.ended += given_up

    def judge(self, claim: Claim, subject: Subject, stand: Stand) -> None:
        """Judges an act as it stands, if it has come to its end or is late."""
        entry = stand.entry
        if stand.told:
            self.told.trouble(stand.told)
        if stand.open and not stand.late:
            self._ledger.put(entry)
            return
        for operation in KINDS[entry.kind].operations:
            for exchange in subject.recording.exchanges(operation, claim):
                subject.journal.add(replace(exchange, body=b"", headers={}) if exchange.heard else exchange)
        verdicts = list(judge_again(self.run, subject, claim, entry.kind))
        self._write(entry, claim, subject, verdicts)
        self.told.verdicts += [(entry, each) for each in verdicts]
        self.told.decided += not stand.open
        worst = next((each.verdict for each in verdicts if each.verdict == "fail"), "decided")
        self._ledger.put(replace(entry, state="waiting" if stand.open else "judged", told=worst))

    def _view(self, entry: Entry) -> Target | None:
        """The target as an entry sees it; None where it cannot be named any more, or is of a later version's kind."""
        kind = KINDS.get(entry.kind)
        return kind.view(self.run.target, entry) if kind else None

    def _write(self, entry: Entry, claim: Claim, subject: Subject, verdicts: list[ScenarioVerdict]) -> None:
        """Adds what was seen and judged to the record of the run, where that is still there."""
        record = Path(entry.report)
        if not is_record_of(record, entry.run):
            self.told.trouble(f"{entry.report} holds no record of the run any more: its findings are told here only")
            return
        key, text = f"{entry.label} {entry.name}", subject.journal.redactor.text
        moment = clock.now().isoformat(timespec="seconds")
        append_lines(record / "exchanges.jsonl", subject.journal.lines.values())
        rows = KINDS[entry.kind].seen(subject, claim)
        seen = {"kind": "followed-seen", "entry": key, "at": moment, **rows}
        lines = [{"kind": "followed", "entry": key, "at": moment, **told(each, text)} for each in verdicts]
        append_lines(record / "verdicts.jsonl", [*lines, seen])

    @contextmanager
    def asking(self) -> Iterator[Ask]:
        """A function that opens a subject for an entry; all of them share the connections."""
        target, current = self.run.target, list[Subject]()

        def note(exchange: Exchange) -> None:
            for subject in current:
                subject.recording.note(exchange)

        redactor = Redactor(target.secrets, [member.facts for member in target.members.values()])
        wire = Wire(target, journal=note, limits=patience(), prefix=f"f{secrets.token_hex(3)}-")

        def opened(entry: Entry, _claim: Claim) -> Subject:
            own = self._view(entry)
            if own is None:
                raise RuntimeError("the target has no such entry")
            recording = Recording(own, wire, self.run.guides, entry.run, Options())
            current[:] = [Subject(entry.name, own, Journal(redactor), wire, recording)]
            self.run.subjects = {"": current[0]}
            return current[0]

        self._wire = wire
        try:
            yield opened
        finally:
            self._wire = None
            wire.close()


def is_record_of(folder: Path, run: str) -> bool:
    """Whether a folder holds the record of this run, and not of a later one."""
    try:
        return bool(header_of(folder).get("run") == run)
    except (OSError, UsageError):
        return False


def is_at_work(entry: Entry) -> bool:
    """Whether the run that an entry comes from is still writing its record."""
    report = Path(entry.report)
    return is_held(report / "verdicts.jsonl") and is_record_of(report, entry.run)


def _left_alone(asked: Exchange, now: datetime) -> datetime:
    """Until when the payer asks not to be asked again."""
    wait = gateway.retry_after(asked.headers, now)
    return now + max(timedelta(seconds=wait or 0), rules().least)


def trouble_with(asked: Exchange) -> str:
    """Why an exchange says nothing of the request, or "": no answer, or a clock that jumped."""
    if asked.failure:
        return asked.failure.message
    try:
        theirs = parsedate_to_datetime(asked.headers.get("date", ""))
    except (TypeError, ValueError):
        return ""
    ours = asked.started
    if ours is None or theirs.tzinfo is None or abs(theirs - ours) <= SKEW:
        return ""
    return f"our clock and the payer's differ by {abs(theirs - ours)}: nothing is judged until they agree"

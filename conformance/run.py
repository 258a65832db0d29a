"""What one pytest session knows: the catalogue, whom it examines, what is planned, and the record it writes."""

from __future__ import annotations

import json
import platform
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, TextIO

import conformance
from conformance import clock
from conformance.catalogue import Catalogue, Requirement, Standing, reaches, standing
from conformance.flows.recording import Options, Recording
from conformance.guides import Guide
from conformance.journal import Journal
from conformance.links import links
from conformance.opening import patience
from conformance.redaction import Redactor
from conformance.report.followed import hold
from conformance.target import MAIN_GUIDES, Claim, Target
from conformance.verdict import ScenarioVerdict
from conformance.wire.payer import Limits, Wire


@dataclass(frozen=True)
class Selection:
    """What the tester asked for; empty means everything."""

    suites: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    include: frozenset[str] = frozenset()
    as_of: date | None = None


@dataclass
class Subject:
    """One payer under examination: in a run there is one, in a proof one per fault."""

    name: str
    target: Target
    journal: Journal
    wire: Wire
    recording: Recording

    @classmethod
    def open(
        cls,
        target: Target,
        guides: Mapping[tuple[str, str], Guide],
        options: Options,
        *,
        name: str = "",
        journal_path: Path | None = None,
        journal: bool = True,
        limits: Limits | None = None,
    ) -> Subject:
        """A subject with its own client and an empty recording; without ``journal`` nothing is kept of it."""
        redactor = Redactor(target.secrets, [member.facts for member in target.members.values()])
        headers = {name for api in target.apis.values() for name in api.headers}
        book = Journal(redactor, journal_path, headers)
        recordings: list[Recording] = []

        def note(exchange: Any) -> None:
            if journal:
                book.add(exchange)
            for recording in recordings:
                recording.note(exchange)

        wire = Wire(target, journal=note, limits=limits or patience())
        recordings.append(Recording(target, wire, guides, f"pc-{secrets.token_hex(4)}", options))
        return cls(name, target, book, wire, recordings[0])

    def close(self) -> None:
        self.recording.close()
        self.wire.close()
        self.journal.close()


@dataclass
class Run:
    """The session's knowledge; ``subjects`` is filled before collection."""

    catalogue: Catalogue
    guides: Mapping[tuple[str, str], Guide]
    selection: Selection
    options: Options
    target: Target
    out: Path | None = None
    subjects: dict[str, Subject] = field(default_factory=dict)
    planned: dict[str, list[str]] = field(default_factory=dict)  # requirement id -> scenario ids
    shown_options: Mapping[str, Any] = field(default_factory=dict)
    ledger: Path | None = None  # where what is still pended is noted
    named: str = ""  # the target as the tester named it
    _record: TextIO | None = None
    _writing: threading.Lock = field(default_factory=threading.Lock)

    @property
    def as_of(self) -> date:
        return self.selection.as_of or self.target.as_of or clock.now().date()

    def claims(self, requirement: Requirement) -> tuple[Claim, ...]:
        """Where a scenario of this requirement runs."""
        listed = [claim for api in self.target.apis.values() for claim in api.claim_list()]
        return reaches(requirement, listed, MAIN_GUIDES)

    def standing(self, requirement: Requirement) -> Standing:
        return standing(requirement, self.target, self.as_of, self.selection.include)

    def level(self, requirement: Requirement, claim: Claim) -> str:
        """The level of a requirement at a claim: a guide may ask more in one version than in another."""
        here = (row for row in requirement.guide if row.ig == claim.ig and row.holds(claim.version))
        return next((row.level for row in here), requirement.level)

    def wanted(self, requirement: Requirement, suite: str) -> bool:
        """Whether the tester asked for this scenario."""
        chosen = self.selection
        if chosen.suites and suite not in chosen.suites:
            return False
        if chosen.requirements and requirement.id not in chosen.requirements:
            return False
        state = self.standing(requirement).state
        return state not in ("proposed", "advocacy") or state in chosen.include

    def start(self) -> None:
        """Writes the header: everything that is planned, before the first request."""
        if self.out is None:
            return
        self._record = (self.out / "verdicts.jsonl").open("w", encoding="utf-8")
        hold(self._record)
        self._write({"kind": "header", **self.header()})

    def header(self) -> dict[str, Any]:
        """The header line: who is examined, how, and every planned scenario."""
        target = self.target
        return {
            "schema": 1,
            "harness": {
                "name": "payer-conformance",
                "version": conformance.__version__,
                "catalogue_sha256": self.catalogue.sha256,
                "python": platform.python_version(),
            },
            "target": {
                "name": target.name,
                "base_urls": sorted({claim.base_url for api in target.apis.values() for claim in api.claim_list()}),
                "payer_type": target.payer_type,
                "part_d": target.part_d,
                "guides": self._claimed(),
                "environment": target.environment,
                "representative": target.representative,
                "timezones": list(target.timezones),
                "sha256": target.sha256,
            },
            "options": dict(self.shown_options),
            "as_of": self.as_of.isoformat(),
            "started": clock.now().isoformat(timespec="seconds"),
            "scope": {
                "apis": sorted(target.apis),
                "suites": list(self.selection.suites),
                "missing": self._missing(),
                "not_built": [api for api in self._missing() if api not in MAIN_GUIDES],
            },
            "clock": {"offset_seconds": clock.offset()},
            "run": next((each.recording.run_id for each in self.subjects.values()), ""),
            "acknowledged": {
                key: {"reason": self._text(each.reason), "until": each.until.isoformat()}
                for key, each in target.acknowledged.items()
            },
            "attested": {
                key: {
                    "by": self._text(each.by),
                    "document": self._text(each.document),
                    "sha256": each.sha256,
                    "until": each.until.isoformat(),
                }
                for key, each in target.attested.items()
            },
            "requirements": [self._row(each) for each in self.catalogue.requirements.values() if self._in_scope(each)],
        }

    def say(self, verdict: ScenarioVerdict) -> None:
        """Writes one verdict, redacted."""
        self._write({"kind": "verdict", **told(verdict, self._text)})

    def _text(self, text: str) -> str:
        """A text as it may be written."""
        return next(iter(self.subjects.values())).journal.redactor.text(text)

    def finish(self, *, interrupted: bool, more: Mapping[str, Any]) -> None:
        """Writes the footer; a record without one was cut short."""
        footer = {"kind": "footer", "finished": clock.now().isoformat(timespec="seconds"), "interrupted": interrupted}
        self._write({**footer, **more}, last=True)
        for subject in self.subjects.values():
            subject.close()

    def _write(self, line: Mapping[str, Any], *, last: bool = False) -> None:
        with self._writing:
            if self._record is None:
                return
            self._record.write(json.dumps(line, ensure_ascii=False) + "\n")
            self._record.flush()
            if last:  # a lane that is still at work comes too late
                self._record.close()
                self._record = None

    def _missing(self) -> list[str]:
        """The APIs that law in force demands and the target does not name."""
        return [api for api in self.catalogue.required_apis(self.target, self.as_of) if api not in self.target.apis]

    def _claimed(self) -> dict[str, list[str]]:
        versions: dict[str, set[str]] = {}
        for api in self.target.apis.values():
            for claim in api.claim_list():
                versions.setdefault(claim.ig, set()).add(claim.version)
        return {ig: sorted(each) for ig, each in sorted(versions.items())}

    def _in_scope(self, requirement: Requirement) -> bool:
        if requirement.id in self.planned:
            return True
        if self.selection.suites or self.selection.requirements:
            return False
        state = self.standing(requirement).state
        return (requirement.api in self.target.apis or self._belongs(requirement)) and (
            state in self.selection.include or state not in ("not-applicable", "proposed", "advocacy")
        )

    def _belongs(self, requirement: Requirement) -> bool:
        """Whether a row of law is about a part of an API that is examined, and the part is not named."""
        whole = self.catalogue.part_of.get(requirement.api)
        return requirement.kind == "law" and whole in self.target.apis and requirement.api not in self.target.apis

    def _row(self, requirement: Requirement) -> dict[str, Any]:
        stands = self.standing(requirement)
        unnamed = f"the target names no [apis.{requirement.api}]" if self._belongs(requirement) else ""
        return {
            "id": requirement.id,
            "api": requirement.api,
            "kind": requirement.kind,
            "standing": stands.state,
            "since": stands.since.isoformat() if stands.since else None,
            "level": stands.level or requirement.level,
            "status": {
                "state": requirement.status.state,
                "as_of": requirement.status.as_of.isoformat() if requirement.status.as_of else None,
                "confidence": requirement.status.confidence,
            },
            "cites": list(stands.cites),
            "links": links(requirement, stands.cites, self.claims(requirement)),
            "text": requirement.text,
            "rule": requirement.rule,
            "scope": requirement.scope,
            "shown": requirement.shown,
            "untested": requirement.untested or unnamed,
            "exposes": requirement.exposes,
            "note": stands.note,
            "planned": sorted(self.planned.get(requirement.id, [])),
        }


def told(verdict: ScenarioVerdict, text: Callable[[str], str]) -> dict[str, Any]:
    """A verdict as a line of the record, its texts redacted by ``text``."""
    line = {"requirement": verdict.requirement, **verdict.as_json()}
    line["message"] = text(line["message"])
    for finding in [*line["findings"], *line["advice"]]:
        finding.update({key: text(value) for key, value in finding.items()})
    return line

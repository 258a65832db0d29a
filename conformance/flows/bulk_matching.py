"""Matching members in bulk, act by act: all that are declared, one alone, nobody, and one by two coverages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from conformance.apis.bulk_manifest import ACCEPTED
from conformance.apis.match_groups import groups_of
from conformance.apis.shapes import JsonObject
from conformance.errors import NotTested
from conformance.flows.bulk_coverages import Covered, coverages, covered
from conformance.flows.bulk_files import ReadFile
from conformance.flows.bulk_job import Job
from conformance.flows.bulk_match import Matching, bundles, inline, is_match, sent_of
from conformance.flows.bulk_requests import Requests
from conformance.flows.recording import Recording, answered
from conformance.flows.target_cases import case_of, cases_of
from conformance.target import Case, Claim

KICK_OFF, MANIFEST, FILES = "bulk.kick-off", "bulk.manifest", "bulk.files"
OF_MATCH = {"payer-to-payer": "payer-to-payer.bulk-match", "provider-access": "provider-access.member-match"}


class BulkMatching:
    """The matches of many members at one endpoint; every act is recorded."""

    def __init__(self, recording: Recording, claim: Claim) -> None:
        self._recording = recording
        self.claim = claim
        self.guide = recording.guide(claim)
        self._asks = Requests(recording, claim)

    @property
    def _cases(self) -> Mapping[str, Case]:
        return cases_of(self._recording.target, self.claim.api)

    def _case(self, name: str) -> Case:
        return case_of(self._recording.target, self.claim.api, name)

    @property
    def patience(self) -> float | None:
        """Seconds that a job of this endpoint is waited for, where the target says so."""
        waits = self._cases.get("bulk") or self._cases.get("one-match") or self._cases.get("attributed")
        return waits.settles.total_seconds() if waits and waits.settles else None

    def matching(self, only: str = "") -> Matching:
        """The bulk match of every declared case that is about a match, or of one case alone."""
        return self._recording.act((self.claim, "matching", only), lambda: self._matching(only))

    def matched(self) -> Matching:
        """The same, as far as its job was carried through; NotTested, because of the job's rows, where it was not."""
        return self.carried(self.matching())

    def placed(self) -> Matching:
        """The same, where its Groups tell whom they hold; NotTested where they do not."""
        found = self.matched()
        if found.untold:
            key = found.untold[0].member.key
            if self.claim.api == "payer-to-payer" and self.guide["submitted_patient_required"]:
                raise NotTested("the Groups do not tell whom they hold", because="pdex.submitted-patients")
            raise NotTested("the Groups do not tell whom they hold", change=f"members.{key}.patient_id")
        return found

    def nobody_matched(self) -> Matching:
        """The bulk match of a member whom the payer does not know, and of nobody else."""
        self.matched()
        self._case("no-match")
        return self.carried(self.matching("no-match"))

    def twice_covered(self) -> tuple[Covered, ...]:
        """One member matched by two coverages in one request, with what the Groups say of each; NotTested where the
        member has only one number to be known by."""
        self.matched()
        case = self._case("one-match")
        return self._recording.act((self.claim, "twice covered"), lambda: self._twice_covered(case))

    def _twice_covered(self, case: Case) -> tuple[Covered, ...]:
        run_id = f"{self._recording.run_id}-{self.claim.version}"
        parameters = coverages(self._recording.target, case, run_id)
        return covered(self.carried(self._match(parameters, [("one-match", case)] * 2, "two coverages")))

    def carried(self, found: Matching) -> Matching:
        """A match whose job and files are whole; NotTested, because of their rows, where they are not."""
        if not found.groups:
            complete(found.job, self.claim)
        all_read(found.files, "match")
        return found

    def _matching(self, only: str) -> Matching:
        cases = [(name, case) for name, case in self._cases.items() if name == only or (not only and is_match(name))]
        if not cases:
            raise NotTested("needs a member to match", change=f"cases.{self.claim.api}.one-match")
        target, run_id = self._recording.target, f"{self._recording.run_id}-{self.claim.version}"
        parameters = bundles(target, cases, run_id, provider=self.claim.api == "provider-access")
        return self._match(parameters, cases, only or "match")

    def _match(self, parameters: Sequence[JsonObject], cases: Sequence[tuple[str, Case]], name: str) -> Matching:
        operation = OF_MATCH[self.claim.api]
        body = {"resourceType": "Parameters", "parameter": list(parameters)}
        kick_off = self._asks.send(operation, self._asks.path(operation), name, body=body)
        sent = sent_of(self._recording.target, parameters, cases)
        kept: list[tuple[str, Any]] = []
        job = self._asks.followed(kick_off, self.patience)
        files = self._asks.read(job, lambda resource, at, _raw: kept.append((at, resource)))
        if job.manifest is None and job.polls and "Parameters" in self.guide["match_answers"]:
            kept += inline(job)
        return Matching(job, sent, groups_of(kept), files)


def complete(job: Job, claim: Claim) -> None:
    """NotTested, because of the job's rows, or Unjudgeable where a job did not come to its manifest."""
    last = job.polls[-1] if job.polls else job.kick_off
    answered(last, MANIFEST if job.polls else KICK_OFF)
    if job.unfinished:
        waited = last.status == ACCEPTED
        raise NotTested(job.unfinished, change=f"cases.{claim.api}.bulk.settles" if waited else "")
    if job.manifest is None:
        raise NotTested(job.broken, because=MANIFEST if job.polls else KICK_OFF)


def all_read(files: Iterable[ReadFile], of: str) -> None:
    """NotTested where a file is broken, because of the row that judges files, or was not read for our own reasons."""
    read = tuple(files)
    if any(file.faults for file in read):
        raise NotTested(f"a file of the {of} is broken", because=FILES)
    if unread := next((file.unread for file in read if file.unread), ""):
        raise NotTested(unread)

"""One export of a Group: what was asked for, and all that came of it."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.apis.harvest import Harvest
from conformance.flows.bulk_files import ReadFile
from conformance.flows.bulk_job import Job


@dataclass(frozen=True)
class Started:
    """An export that was asked for: of which Group, and its job before anything more is known of it."""

    group: str
    job: Job


@dataclass(frozen=True)
class Export:
    """One export: the Group's id, its job, its files, and what came of the Group's members ("Patient/id"); ``untold``:
    the Group holds, or may hold, members whom it does not refer to."""

    group: str
    job: Job
    untold: bool
    files: tuple[ReadFile, ...]
    harvest: Harvest

    @property
    def at(self) -> str:
        return self.job.at

    @property
    def refused(self) -> bool:
        """Whether the payer itself refused to begin it."""
        return self.job.kick_off.refused

"""The bulk export of a formulary, where a payer offers one: in files, everything that its API lists.

Source: US Drug Formulary 2.0.1, Bulk Data (a draft): GET [base]/InsurancePlan/$export. The rest is Bulk Data Access.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

from conformance.apis.bulk_manifest import ACCEPTED
from conformance.apis.shapes import JsonObject, text
from conformance.errors import NotApplicable, NotTested
from conformance.flows.bulk_files import ReadFile
from conformance.flows.bulk_job import Job
from conformance.flows.bulk_requests import Requests
from conformance.flows.formulary import Formulary
from conformance.flows.formulary_probes import Probe
from conformance.flows.recording import Recording, answered
from conformance.target import Claim

PATIENCE = 60.0  # seconds: other scenarios of this endpoint wait


@dataclass(frozen=True)
class Export:
    """One export: its job, its files, and what they hold ("Type/id")."""

    job: Job
    files: tuple[ReadFile, ...]
    keys: frozenset[str]

    @property
    def broken(self) -> str:
        """What the payer did wrong on the way to whole files; "" for nothing."""
        faults = self.job.manifest.faults if self.job.manifest else (self.job.broken,)
        in_files = (f"{file.at}: {fault}" for file in self.files for fault in file.faults)
        return next(chain(faults, in_files), "")


class FormularyExport:
    """What is exported of one formulary, beside what its API lists."""

    def __init__(self, recording: Recording, claim: Claim) -> None:
        self._recording = recording
        self._claim = claim
        self._formulary = Formulary(recording, claim)
        self._asks = Requests(recording, claim, "formulary")

    def offered(self) -> Export:
        """The export; NotApplicable where none is offered, NotTested where we did not see all of it."""
        self._recording.endpoint(self._claim)
        found = self._recording.act((self._claim, "export"), self._export)
        kick_off = found.job.kick_off
        if kick_off.status != ACCEPTED:
            answered(kick_off, "")
            raise NotApplicable(f"no export in bulk is offered: its kick-off is answered with status {kick_off.status}")
        unread = found.job.unfinished or next((file.unread for file in found.files if file.unread), "")
        if unread and not found.broken:
            raise NotTested(unread)
        return found

    def compared(self) -> tuple[Probe, ...]:
        """Everything that the API lists of plans, formularies, items and drugs, and whether it was exported."""
        listed, exported = self._formulary, self.offered().keys
        keys = (
            *(f"InsurancePlan/{each.id}" for each in listed.plans),
            *(f"InsurancePlan/{each.id}" for each in listed.formularies),
            *(f"Basic/{each.id}" for each in listed.items),
            *(f"MedicationKnowledge/{each.id}" for each in listed.drugs),
        )
        return tuple(Probe(key, "" if key in exported else "not in any file") for key in keys)

    def _export(self) -> Export:
        kick_off = self._asks.send("formulary.export", self._asks.path("formulary.export"), "bulk", method="GET")
        job = self._asks.followed(kick_off, PATIENCE)
        keys: set[str] = set()

        def take(resource: JsonObject, _at: str, _line: bytes) -> None:
            keys.add(f"{text(resource.get('resourceType'))}/{text(resource.get('id'))}")

        files = self._asks.read(job, take)
        return Export(job, files, frozenset(keys))

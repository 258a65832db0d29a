"""The bulk exports of a formulary, where a payer offers them: in files, everything that its API lists, or a part of it.

Source: US Drug Formulary 2.0.1, Bulk Data (a draft): GET [base]/InsurancePlan/$export and
[base]/InsurancePlan/[id]/$export, with _since. The rest is Bulk Data Access.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from urllib.parse import urlencode

from conformance.apis.bulk_manifest import ACCEPTED
from conformance.apis.formulary_exported import DRUG, Exported, first_update, newer
from conformance.errors import NotApplicable, NotTested, Unjudgeable
from conformance.flows.bulk_files import ReadFile
from conformance.flows.bulk_job import Job
from conformance.flows.bulk_requests import Requests
from conformance.flows.discovery import Discovery
from conformance.flows.formulary import Formulary
from conformance.flows.formulary_probes import Probe
from conformance.flows.recording import Recording, answered_or_refused
from conformance.target import Claim
from conformance.wire.gateway import REFUSED

PATIENCE = 60.0  # seconds: other scenarios of this endpoint wait
WHOLE, ONE = "formulary.export", "formulary.export-one"
_ALL: Mapping[str, str] = {}


@dataclass(frozen=True)
class Export:
    """One export: its job, its files, and what they hold."""

    job: Job
    files: tuple[ReadFile, ...]
    held: Exported

    @property
    def at(self) -> str:
        return self.job.at

    @property
    def broken(self) -> str:
        """What the payer did wrong on the way to whole files; "" for nothing."""
        faults = self.job.manifest.faults if self.job.manifest else (self.job.broken,)
        in_files = (f"{file.at}: {fault}" for file in self.files for fault in file.wrong)
        return next(chain(faults, in_files), "")

    @property
    def refused(self) -> bool:
        """Whether the payer said no to what was asked for."""
        return 400 <= (self.job.kick_off.status or 0) < 500


@dataclass(frozen=True)
class Part:
    """The export of one plan or formulary: all that belongs to it ("Type/id"), and the formularies it is about."""

    at: str
    export: Export
    own: frozenset[str]
    formularies: frozenset[str]

    @property
    def missing(self) -> tuple[str, ...]:
        """What belongs to it, and is in no file."""
        return tuple(sorted(self.own - self.export.held.updated.keys()))

    @property
    def foreign(self) -> tuple[str, ...]:
        """The items that came, and are of another formulary."""
        return self.export.held.items_beyond(self.formularies)


class FormularyExport:
    """What is exported of one formulary, beside what its API lists."""

    def __init__(self, recording: Recording, claim: Claim) -> None:
        self._recording = recording
        self._claim = claim
        self._formulary = Formulary(recording, claim)
        self._asks = Requests(recording, claim, "formulary")

    def offered(self) -> Export:
        """The export of everything; NotApplicable where none is offered, NotTested where we did not see all of it."""
        found = self._exported("bulk", self._asks.path(WHOLE))
        status = found.job.kick_off.status
        if status in REFUSED or (status != ACCEPTED and not self._is_declared()):
            raise NotApplicable(f"no export in bulk is offered: its kick-off is answered with status {status}")
        return found

    def compared(self) -> tuple[Probe, ...]:
        """Everything that the API lists, and whether it was exported."""
        exported = self.offered().held.updated
        return tuple(Probe(key, "" if key in exported else "not in any file") for key in self._listed())

    def parts(self) -> tuple[Part, ...]:
        """The export of one plan, and of one of its formularies; NotApplicable where nothing is exported at all."""
        listed = self._formulary
        sizes = Counter(item.formulary for item in listed.items)
        plans = [plan for plan in listed.plans if any(map(sizes.get, plan.formularies))]
        if not plans:
            raise NotTested("needs a plan with a formulary that has items", because="usdf.plan-required")
        plan = min(plans, key=lambda each: sum(sizes[key] for key in each.formularies))
        own = frozenset(plan.formularies)
        one = min(filter(sizes.get, own), key=lambda key: sizes[key])
        of_plan = {f"InsurancePlan/{plan.id}", *plan.areas}
        return (
            self._part(f"InsurancePlan/{plan.id}", own, of_plan),
            self._part(one, frozenset({one}), set()),
        )

    def since(self) -> tuple[datetime, tuple[str, ...], Export]:
        """A moment, what the API lists as updated after it, and the export of what changed since; NotApplicable where
        all of it was last updated at one time."""
        self.offered()
        updated = self._listed()
        first = first_update(updated)
        moment = first + timedelta(seconds=1) if first else None
        if moment is None or not (wanted := newer(updated, moment)):
            raise NotApplicable("nothing that is listed was updated later than the drugs")
        asked = {"_since": moment.strftime("%Y-%m-%dT%H:%M:%SZ")}
        return moment, wanted, self._exported("since", self._asks.path(WHOLE), asked)

    def of_plans_alone(self) -> Export:
        """The export of InsurancePlans and of no other type."""
        self.offered()
        return self._exported("typed", self._asks.path(WHOLE), {"_type": "InsurancePlan"})

    def _is_declared(self) -> bool:
        """Whether the CapabilityStatement has the operation on plans themselves."""
        with suppress(NotTested, Unjudgeable):
            return ("InsurancePlan", "export") in Discovery(self._recording, self._claim).capabilities().operations
        return False

    def _part(self, key: str, formularies: frozenset[str], more: set[str]) -> Part:
        path = self._asks.path(ONE).replace("{id}", key.partition("/")[2])
        export = self._exported(key, path)
        if export.job.kick_off.status != ACCEPTED:
            self.offered()
        items = [item for item in self._formulary.items if item.formulary in formularies]
        listed = self._listed()
        drugs = {item.drug for item in items if item.drug.startswith(DRUG)}
        own = {*more, *formularies, *drugs, *(f"Basic/{item.id}" for item in items)}
        return Part(path, export, frozenset(own & listed.keys()), formularies)

    def _listed(self) -> dict[str, str]:
        """Everything that the API lists ("Type/id"), and when it says that it was last updated."""
        listed = self._formulary
        updated = {f"InsurancePlan/{each.id}": each.last_updated for each in listed.plans}
        updated |= {f"InsurancePlan/{each.id}": each.last_updated for each in listed.formularies}
        updated |= {f"Basic/{each.id}": each.last_updated for each in listed.items}
        updated |= {f"MedicationKnowledge/{each.id}": each.last_updated for each in listed.drugs}
        return updated | {f"Location/{each.id}": each.last_updated for each in listed.locations}

    def _exported(self, case: str, path: str, asked: Mapping[str, str] = _ALL) -> Export:
        """An export as far as the payer brought it; NotTested where it is we who did not see all of it."""
        self._recording.endpoint(self._claim)
        query = f"?{urlencode(asked, safe=':,')}" if asked else ""
        found = self._recording.act((self._claim, "export", case), lambda: self._run(case, path + query))
        answered_or_refused(found.job.kick_off, "")
        unread = found.job.unfinished or next((file.unread for file in found.files if file.unread), "")
        if unread and not found.broken:
            raise NotTested(unread)
        return found

    def _run(self, case: str, path: str) -> Export:
        kick_off = self._asks.send(WHOLE, path, case, method="GET")
        job = self._asks.followed(kick_off, PATIENCE)
        held = Exported()
        files = self._asks.read(job, lambda resource, _at, _line: held.take(resource))
        return Export(job, files, held)

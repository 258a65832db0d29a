"""The requests of a bulk exchange: at the payer with our credentials, at any other host with nothing of ours."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

from conformance.apis.shapes import JsonObject
from conformance.exchange import Exchange
from conformance.flows.bulk_addresses import trouble
from conformance.flows.bulk_files import Fetch, Reader, ReadFile, Take
from conformance.flows.bulk_job import Job, run
from conformance.flows.recording import Recording
from conformance.target import Claim
from conformance.wire.gateway import REFUSED, origin
from conformance.wire.request import NONE, OWN, Request

ASYNC = {"prefer": "respond-async", "accept": "application/fhir+json"}
FHIR_JSON = {"content-type": "application/fhir+json"}
FILE_SECONDS = 1800.0
STATUS = "bulk.status"


class Requests:
    """What is sent to one bulk endpoint; ``room`` is the first word of its operations in the guide's table, ``other``:
    sent as the target's second client."""

    def __init__(self, recording: Recording, claim: Claim, room: str = "bulk", *, other: bool = False) -> None:
        self._recording = recording
        self.claim = claim
        self._room = room
        self._other = other
        self.guide = recording.guide(claim)
        self._api = recording.api(claim)

    def kick_off(self, group: str, name: str, more: Mapping[str, str], token: str = OWN) -> Exchange:
        """Asks for the export of a Group, with further parameters."""
        path = self.path("bulk.export").replace("{id}", group)
        if self.claim.ig == "bulk":
            query = urlencode(dict(more), safe=":,")
            return self.send("bulk.export", f"{path}?{query}" if query else path, name, method="GET", token=token)
        kind = self.guide["export_type" if self.claim.api == "payer-to-payer" else "provider_export_type"]
        types = {"_since": "valueInstant", "_until": "valueInstant"}
        parameters = [{"name": "exportType", "valueCanonical": kind}]
        parameters += [{"name": key, types.get(key, "valueString"): value} for key, value in more.items()]
        body = {"resourceType": "Parameters", "parameter": parameters}
        return self.send("bulk.export", path, name, body=body, token=token)

    def standard_kick_off(self, group: str) -> Exchange:
        """Asks for the export of a Group as Bulk Data Access has it."""
        path = self.path("bulk.group-export").replace("{id}", group)
        return self.send("bulk.group-export", path, "standard", method="GET")

    def followed(self, kick_off: Exchange, patience: float | None) -> Job:
        """The job of a kick-off, as far as it comes within ``patience`` seconds; None: the usual."""
        named = kick_off.headers.get("content-location", "")
        if "://" in named and (wrong := trouble(named, self.claim.base_url)):
            return Job(kick_off, broken=f"Content-Location names {wrong}")
        job = run(
            kick_off, self.claim.base_url, lambda url: self.get(f"{self._room}.status", url, kick_off.case), patience
        )
        away = origin(job.status_url) != origin(self.claim.base_url)
        if away and job.broken and job.polls and job.polls[-1].status in REFUSED:
            return replace(job, broken="", unfinished="its status is at another origin, where our token does not go")
        return job

    def read(self, job: Job, take: Take) -> tuple[ReadFile, ...]:
        """The files of a complete job, each read once and taken away again."""
        if job.manifest is None:
            return ()
        with tempfile.TemporaryDirectory(prefix="conformance-export-") as folder:
            reader = Reader(self.claim.base_url, self.fetch(job.kick_off.case), Path(folder), take)
            return reader.read(job.manifest, job.status_url)

    def fetch(self, case: str) -> Fetch:
        """What fetches the files of a case into a file."""

        def fetch(url: str, token: str, file: Path, most: int, headers: dict[str, str]) -> Exchange:
            said = {"accept": "application/fhir+ndjson", **headers}
            request = Request(
                f"{self._room}.file", "GET", url, case=case, claim=self.claim.label, headers=said, token=token,
                into=file, most=most, seconds=FILE_SECONDS,
            )  # fmt: skip
            return self._at_home_or_away(request)

        return fetch

    def _at_home_or_away(self, request: Request) -> Exchange:
        """To another origin than the payer's nothing of ours goes: no token, no header of the target."""
        if origin(request.path) == origin(self.claim.base_url):
            return self._recording.send(self.claim, request, other=self._other)
        self._recording.allow(self.claim, request.operation)
        away = replace(self._api, headers={}, auth=replace(self._api.auth, name="", type="none"))
        there = "://".join(str(each) for each in origin(request.path)[:2])
        return self._recording.wire.send(f"{there}:{origin(request.path)[2]}", away, replace(request, token=NONE))

    def get(self, operation: str, url: str, case: str, token: str = OWN) -> Exchange:
        request = Request(
            operation,
            "GET",
            url,
            case=case,
            claim=self.claim.label,
            headers={"accept": "application/json"},
            token=token,
        )
        return self._at_home_or_away(request)

    def path(self, operation: str) -> str:
        """Where an operation lies below the base URL."""
        verb = operation.partition(".")[2]
        return str(self._api.paths.get(verb) or self.guide.operations[operation]["path"])

    def send(
        self,
        operation: str,
        path: str,
        case: str,
        *,
        method: str = "",
        body: JsonObject | None = None,
        token: str = OWN,
    ) -> Exchange:
        """One request; operations and exports are asked to be done later (Prefer: respond-async)."""
        said = ASYNC if operation not in ("bulk.groups", "bulk.cancel") else {"accept": "application/fhir+json"}
        request = Request(
            operation, method or ("POST" if body else "GET"), path, case=case, claim=self.claim.label,
            body=json.dumps(body).encode() if body else b"", headers={**said, **(FHIR_JSON if body else {})},
            token=token,
        )  # fmt: skip
        if "://" in path:
            return self._at_home_or_away(request)
        return self._recording.send(self.claim, request, other=self._other)

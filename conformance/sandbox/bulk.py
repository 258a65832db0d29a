"""Bulk exchange: jobs, their status and their files (Bulk Data 1.0.0 and 2.0.0, PDex 2.1.0 and 2.2.0)."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from conformance.sandbox import consent, exchange, groups, people, trust
from conformance.sandbox.frame import Answer, Call, Resource
from conformance.sandbox.outcome import refusal
from conformance.sandbox.shape import objects, one_object, text
from conformance.sandbox.store import Payer

NDJSON = "application/fhir+ndjson"
PROVENANCE = "http://hl7.org/fhir/us/davinci-pdex/StructureDefinition/pdex-provenance"
ROLES = "http://hl7.org/fhir/us/core/CodeSystem/us-core-provenance-participant-type"
PARAMETERS = ("exportType", "patient", "_since", "_until", "_type", "_outputFormat")
SCOPE = "system/Group.r"


@dataclass
class Job:
    """One job: whose it is, what was asked, its files (type, lines), when they are ready, how often it was asked."""

    id: str
    owner: str
    request: str
    time: str
    files: list[tuple[str, bytes, int]]
    ready: datetime
    asked: int = 0
    errors: list[Resource] = field(default_factory=list)


def match(call: Call, payer: Payer) -> Answer:
    """A bulk match: 202; its job gives Group files, or in 2.1.0 a file with one Parameters."""
    if "respond-async" not in call.headers.get("prefer", ""):
        return refusal(400, "required", "The operation is asynchronous: Prefer: respond-async is missing.")
    found = groups.match(call, payer)
    if isinstance(found, Answer):
        return found
    resources = {group.code: groups.resource(group, payer) for group in found}
    if call.version == "pdex=2.1.0":
        parameters = [{"name": groups.PARAMETERS[code], "resource": each} for code, each in resources.items()]
        return _accepted(call, payer, [{"resourceType": "Parameters", "parameter": parameters}])
    return _accepted(call, payer, list(resources.values()))


def export(call: Call, payer: Payer) -> Answer:
    """The export of one Group: 202, or why not; at a base of PDex by the guide's operation, or the standard's alone."""
    of_guide = call.version.startswith("pdex=") and call.operation == "bulk.export"
    standard_alone = bool(payer.policies.exchange.get("standard_export"))
    if call.version.startswith("pdex=") and of_guide is standard_alone:
        return refusal(404, "not-found", "There is no such operation.")
    group = groups.visible(call, payer).get(call.path.split("/")[1])
    if group is None or group.code in (groups.NO_MATCH, groups.CONSTRAINED):
        return refusal(403, "forbidden", "Only Groups of the client itself are exported.")
    asked = _asked(call)
    unknown = [name for name in asked if name not in PARAMETERS]
    if unknown and not (payer.policies.exchange.get("ignores_filters") and unknown == ["_typeFilter"]):
        return refusal(400, "not-supported", f"The parameter {unknown[0]} is not supported.")
    if of_guide and "exportType" not in asked:
        return refusal(400, "required", "The parameter exportType is missing.")
    try:
        kept = [each for each in _records(call, payer, group) if _wanted(each, asked, payer)]
    except (ValueError, TypeError):
        return refusal(400, "invalid", "_since or _until is no instant.")
    if "_since" in asked:
        kept += [_news(member, payer) for member in payer.policies.exchange.get("news_of", ())]
    if call.version.startswith("pdex=") and kept and _has_provenance(asked, payer):
        kept.append(_provenance(kept, payer))
    kept += [_error(member, payer) for member in payer.policies.exchange.get("errors_of", ())]
    return _accepted(call, payer, kept)


def status(call: Call, payer: Payer) -> Answer:
    """202 while the job goes on, then its manifest; 404 where there is none (any more)."""
    job, refused = _job(call, payer)
    if job is None:
        return refused
    job.asked += 1
    if payer.clock.now() < job.ready:
        return Answer(202, None, {"x-progress": "waiting for the night", "retry-after": "3600"})
    if job.asked <= int(payer.policies.exchange.get("polls", 1)):
        return Answer(202, None, {"x-progress": "in progress", "retry-after": "0"})
    if payer.policies.exchange.get("answers_in_place") and job.files and job.files[0][0] == "Parameters":
        return Answer(200, json.loads(job.files[0][1]))
    places = f"{payer.base_url}/bulk-files/{job.id}"
    listed = [
        {"type": kind, "url": f"{places}/{number}", "count": count} for number, (kind, _, count) in enumerate(job.files)
    ]
    manifest = {
        "transactionTime": job.time,
        "request": job.request,
        "requiresAccessToken": not payer.policies.exchange.get("files_open", False),
        "output": [each for each in listed if each["type"] != "OperationOutcome"],
        "error": [each for each in listed if each["type"] == "OperationOutcome"],
    }
    return Answer(200, json.dumps(manifest).encode(), {}, "application/json")


def cancel(call: Call, payer: Payer) -> Answer:
    """202; the job and its files are gone."""
    job, refused = _job(call, payer)
    if job is None:
        return refused
    if not payer.policies.exchange.get("keeps_jobs"):
        with payer.overlay.lock:
            payer.overlay.jobs.pop(job.id, None)
    return Answer(202)


def file(call: Call, payer: Payer) -> Answer:
    """One file of a job, packed where the client takes it so; parts of it by Range."""
    job, refused = _job(call, payer, file=True)
    number = call.path.split("/")[2]
    if job is None:
        return refused
    if not number.isdigit() or int(number) >= len(job.files):
        return refusal(404, "not-found", "There is no such file.")
    body = job.files[int(number)][1]
    if "gzip" in call.headers.get("accept-encoding", ""):
        return Answer(200, gzip.compress(body, 1), {"content-encoding": "gzip"}, NDJSON)
    return Answer(200, body, {"accept-ranges": "none"}, NDJSON)


def _job(call: Call, payer: Payer, *, file: bool = False) -> tuple[Job | None, Answer]:
    """The job that a URL names, for the client that kicked it off; where files are open, for whoever has the URL."""
    job: Job | None = payer.overlay.jobs.get(call.path.split("/")[1])
    rules = payer.policies.exchange
    if not (file and rules.get("files_open")) and not rules.get("jobs_leak"):
        refused = trust.authorize(call, payer, SCOPE)
        if refused:
            return None, refused
        grant = trust.granted(call, payer)
        if job and (grant.client if grant else "") != job.owner and not rules.get("jobs_for_all"):
            job = None
    return job, refusal(404, "not-found", "There is no such job.")


def _accepted(call: Call, payer: Payer, resources: list[Resource]) -> Answer:
    grant = trust.granted(call, payer)
    by_type: dict[str, list[Resource]] = {}
    for each in resources:
        by_type.setdefault(each["resourceType"], []).append(each)
    files = [(kind, lines(found), len(found)) for kind, found in by_type.items()]
    url = f"{payer.base_url}/{call.path}"
    takes = timedelta(hours=payer.policies.exchange.get("export_hours", 0) if call.operation == "bulk.export" else 0)
    ready = payer.clock.now() + takes
    job = Job(payer.new_id(), grant.client if grant else "", url, payer.clock.stamp(), files, ready)
    with payer.overlay.lock:
        payer.overlay.jobs[job.id] = job
    return Answer(202, None, {"content-location": f"{payer.base_url}/bulk-status/{job.id}"})


def lines(resources: list[Resource]) -> bytes:
    """Resources as NDJSON."""
    return b"".join(json.dumps(each).encode() + b"\n" for each in resources)


def _asked(call: Call) -> dict[str, str]:
    """The parameters of an export, from the query or from the body."""
    if call.method == "GET":
        return dict(call.query)
    found = objects(one_object(json.loads(call.body or b"{}")).get("parameter"))
    return {
        text(each.get("name")): next((str(value) for key, value in each.items() if key.startswith("value")), "")
        for each in found
    }


def _records(call: Call, payer: Payer, group: groups.Group) -> Iterator[Resource]:
    """What goes out of a Group: each member's records, where the member's choice still holds."""
    seen: set[tuple[str, str]] = set()
    for listed in group.members:
        if not _still_agreed(payer, group, listed):
            continue
        person = payer.seed.members[listed.member]
        own = [people.patient(person), people.coverage(person), people.organization()]
        for each in [*own, *exchange.held(listed.member, payer)]:
            key = (each["resourceType"], each["id"])
            if key not in seen and _goes_out(call, payer, each):
                seen.add(key)
                yield each


def _news(member: str, payer: Payer) -> Resource:
    """A record of a member that is new."""
    return {
        "resourceType": "Condition",
        "id": f"news-of-{member}",
        "meta": {"lastUpdated": payer.clock.stamp()},
        "category": [{"text": "Problem"}],
        "subject": {"reference": f"Patient/{member}"},
        "code": {"text": "Hypertension"},
    }


def _error(member: str, payer: Payer) -> Resource:
    """What went wrong with a member's data."""
    return {
        "resourceType": "OperationOutcome",
        "id": f"error-of-{member}",
        "contained": [people.patient(payer.seed.members[member])],
        "issue": [{"severity": "warning", "code": "incomplete", "details": {"text": "A document could not be read."}}],
    }


def _still_agreed(payer: Payer, group: groups.Group, listed: groups.Listed) -> bool:
    rules = payer.policies.exchange
    if listed.consent is not None and rules.get("consent_checked_at_export", True):
        return not consent.objection(listed.consent, payer.clock.now())
    return group.code == groups.MATCH or groups.may_share(payer, listed.member)


def _goes_out(call: Call, payer: Payer, resource: Mapping[str, Any]) -> bool:
    """Whether a record is in the scope of this exchange: no authorization that ended long ago; in 2.1.0, five years."""
    rules, now = payer.policies.exchange, payer.clock.now()
    if resource["resourceType"] == "ExplanationOfBenefit" and resource.get("use") == "preauthorization":
        last_year = (now - timedelta(days=365)).date().isoformat()
        ends = [period.get("end", "9999") for period in resource.get("preAuthRefPeriod", [])] or ["9999"]
        return max(ends) >= last_year or resource["meta"]["lastUpdated"] >= last_year or bool(rules.get("sends_past"))
    if call.version != "pdex=2.1.0" or "/pdex-provider/" in call.base_url or rules.get("sends_older"):
        return True
    return _served(resource) >= (now - timedelta(days=5 * 365 + 1)).date().isoformat()


def _served(resource: Mapping[str, Any]) -> str:
    period = resource.get("billablePeriod") or resource.get("period") or {}
    dated = resource["resourceType"] in ("ExplanationOfBenefit", "Encounter")
    return str(period.get("end", "9999")) if dated else "9999"


def _wanted(resource: Mapping[str, Any], asked: Mapping[str, str], payer: Payer) -> bool:
    rules = payer.policies.exchange
    if not _is_type(asked, resource["resourceType"]) and not rules.get("ignores_types"):
        return False
    if asked.get("_type") and rules.get("knows_no_types"):
        return False
    updated = datetime.fromisoformat(resource["meta"]["lastUpdated"])
    if "_since" in asked and rules.get("forgets_news"):
        return False
    if "_since" in asked and not rules.get("ignores_since") and updated < datetime.fromisoformat(asked["_since"]):
        return False
    until = "" if rules.get("ignores_until") else asked.get("_until", "")
    return not until or updated < datetime.fromisoformat(until)


def _is_type(asked: Mapping[str, str], kind: str) -> bool:
    return not asked.get("_type") or kind in asked["_type"].split(",")


def _has_provenance(asked: Mapping[str, str], payer: Payer) -> bool:
    return _is_type(asked, "Provenance") or bool(payer.policies.exchange.get("provenance_always"))


def _provenance(resources: list[Resource], payer: Payer) -> Resource:
    """That this payer transmits these records."""
    return {
        "resourceType": "Provenance",
        "id": payer.new_id(),
        "meta": {"lastUpdated": payer.clock.stamp(), "profile": [PROVENANCE]},
        "target": [{"reference": f"{each['resourceType']}/{each['id']}"} for each in resources],
        "recorded": payer.clock.stamp(),
        "agent": [
            {
                "type": {"coding": [{"system": ROLES, "code": "transmitter"}]},
                "who": {"reference": "Organization/model-payer"},
            }
        ],
    }

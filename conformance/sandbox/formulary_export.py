"""The formulary in bulk: a job that anyone may start where the formulary is open, its status and its files."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import datetime

from conformance.sandbox import formulary
from conformance.sandbox.bulk import NDJSON, Job, lines
from conformance.sandbox.formulary_parameters import PARAMETERS
from conformance.sandbox.formulary_rows import GUIDE
from conformance.sandbox.frame import Answer, Call, Resource
from conformance.sandbox.outcome import refusal
from conformance.sandbox.store import Payer

TYPES = ("InsurancePlan", "Basic", "MedicationKnowledge", "Location")
PARAMETERS_TAKEN = ("_since", "_type", "_outputFormat")

Rooms = Mapping[str, Mapping[str, Resource]]


def is_kick_off(path: str) -> bool:
    """Whether a path is that of an export: of everything, or of one plan or formulary."""
    steps = path.split("/")
    return steps[0] == "InsurancePlan" and steps[-1] == "$export" and len(steps) in (2, 3)


def start(call: Call, payer: Payer) -> Answer:
    """202 with the URL of the job; 404 where nothing is exported, 400 for what is not understood."""
    rules = payer.policies.formulary
    found: Rooms = {kind: dict(filter(_is_own, formulary.room(payer.seed, kind).items())) for kind in TYPES}
    _, _, own = call.path.removesuffix("/$export").partition("/")
    if rules.get("exports_nothing") or (own and (rules.get("exports_all_alone") or own not in found["InsurancePlan"])):
        return refusal(404, "not-found", f"There is no {call.path} here.")
    if "respond-async" not in call.headers.get("prefer", ""):
        return refusal(400, "required", "The operation is asynchronous: Prefer: respond-async is missing.")
    asked = {name: value for name, value in call.query if name not in rules.get("passed_over_in_exports", ())}
    if unknown := next((name for name in asked if name not in PARAMETERS_TAKEN), ""):
        return refusal(400, "not-supported", f"The parameter {unknown} is not supported.")
    try:
        since = datetime.fromisoformat(asked["_since"]) if "_since" in asked else None
    except ValueError:
        return refusal(400, "invalid", "_since is no instant.")
    left_out = {*rules.get("kept_from_exports", ()), *(rules.get("kept_from_changes", ()) if since else ())}
    part = _part(found, own) if own and not rules.get("exports_all_as_one") else found
    kept = {
        kind: [each for key, each in part[kind].items() if key not in left_out and _is_since(each, since)]
        for kind in _types(asked)
    }
    kept["Organization"] = list(rules.get("exported_besides", ()))
    files = [(kind, lines(each), len(each)) for kind, each in kept.items() if each]
    job = Job(payer.new_id(), "", f"{payer.base_url}/{call.path}", payer.clock.stamp(), files, payer.clock.now())
    with payer.overlay.lock:
        payer.overlay.jobs[job.id] = job
    return Answer(202, None, {"content-location": f"{payer.base_url}/export-status/{job.id}"})


def _types(asked: Mapping[str, str]) -> Collection[str]:
    return [kind for kind in TYPES if kind in asked["_type"].split(",")] if "_type" in asked else TYPES


def _is_own(placed: tuple[str, Resource]) -> bool:
    """Whether a resource is the formulary's: other things on the server follow other guides."""
    profiles = placed[1].get("meta", {}).get("profile", ())
    return not profiles or any(each.startswith(GUIDE) for each in profiles)


def _is_since(resource: Resource, since: datetime | None) -> bool:
    """Whether a resource was updated after a moment; one that does not say when may have been."""
    updated = resource.get("meta", {}).get("lastUpdated")
    return since is None or updated is None or datetime.fromisoformat(updated) > since


def _part(found: Rooms, own: str) -> Rooms:
    """What the guide's graphs reach from one plan, or from one formulary."""
    one = {own: found["InsurancePlan"][own]}
    lists = _named(found, one, "InsurancePlan", "formulary-coverage")
    own_lists = {f"InsurancePlan/{key}" for key in lists or one}
    items = {
        key: each
        for key, each in found["Basic"].items()
        if own_lists.intersection(PARAMETERS["Basic"]["formulary"].values(each))
    }
    return {
        "InsurancePlan": one | lists,
        "Basic": items,
        "MedicationKnowledge": _named(found, items, "Basic", "subject"),
        "Location": _named(found, one, "InsurancePlan", "coverage-area"),
    }


def _named(found: Rooms, resources: Mapping[str, Resource], kind: str, name: str) -> dict[str, Resource]:
    """What these resources refer to, by a search parameter of theirs, as far as it is there."""
    parameter = PARAMETERS[kind][name]
    keys = dict.fromkeys(key.rpartition("/")[2] for each in resources.values() for key in parameter.values(each))
    return {key: found[parameter.target][key] for key in keys if key in found[parameter.target]}


def status(call: Call, payer: Payer) -> Answer:
    """202 when it is asked for the first time, then its manifest; 404 where there is no such job."""
    job = payer.overlay.jobs.get(call.path.partition("/")[2])
    if job is None:
        return refusal(404, "not-found", "There is no such job.")
    job.asked += 1
    if job.asked == 1:
        return Answer(202, None, {"x-progress": "in progress", "retry-after": "0"})
    places = f"{payer.base_url}/export-files/{job.id}"
    manifest = {
        "transactionTime": job.time,
        "request": job.request,
        "requiresAccessToken": not payer.policies.formulary.get("anonymous"),
        "output": [
            {"type": kind, "url": f"{places}/{number}", "count": count}
            for number, (kind, _, count) in enumerate(job.files)
        ],
        "error": [],
    }
    return Answer(200, json.dumps(manifest).encode(), {}, "application/json")


def file(call: Call, payer: Payer) -> Answer:
    """One file of a job."""
    _, own, number = f"{call.path}//".split("/")[:3]
    job = payer.overlay.jobs.get(own)
    if job is None or not number.isdigit() or int(number) >= len(job.files):
        return refusal(404, "not-found", "There is no such file.")
    return Answer(200, job.files[int(number)][1], {}, NDJSON)

"""The formulary in bulk: a job that anyone may start where the formulary is open, its status and its files."""

from __future__ import annotations

import json

from conformance.sandbox import formulary
from conformance.sandbox.bulk import NDJSON, Job, lines
from conformance.sandbox.frame import Answer, Call
from conformance.sandbox.outcome import refusal
from conformance.sandbox.store import Payer

KICK_OFF = "InsurancePlan/$export"
TYPES = ("InsurancePlan", "Basic", "MedicationKnowledge", "Location")


def start(call: Call, payer: Payer) -> Answer:
    """202 with the URL of the job; 404 where nothing is exported."""
    rules = payer.policies.formulary
    if rules.get("exports_nothing"):
        return refusal(404, "not-found", f"There is no {call.path} here.")
    if "respond-async" not in call.headers.get("prefer", ""):
        return refusal(400, "required", "The operation is asynchronous: Prefer: respond-async is missing.")
    kept = rules.get("kept_from_exports", ())
    found = {
        kind: [each for own, each in formulary.room(payer.seed, kind).items() if own not in kept] for kind in TYPES
    }
    files = [(kind, lines(each), len(each)) for kind, each in found.items() if each]
    job = Job(payer.new_id(), "", f"{payer.base_url}/{call.path}", payer.clock.stamp(), files, payer.clock.now())
    with payer.overlay.lock:
        payer.overlay.jobs[job.id] = job
    return Answer(202, None, {"content-location": f"{payer.base_url}/export-status/{job.id}"})


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

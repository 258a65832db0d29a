"""Lawful habits of servers in the field: how their bundles, links, references and files may look."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from conformance.sandbox.faults import bulk_edits, changes
from conformance.sandbox.frame import Answer, Bend, Call, Fault, Resource, Variant

EVERYTHING, SEARCH, FILE = "payer-to-payer.everything", "payer-to-payer.search", "bulk.file"
SHOWN = "patient-access.search"
INTERNAL = "http://fhir.internal.example:8080/fhir"  # where the server stands behind its gateway
PAGE = 2  # entries


def _written(change: Callable[[str], str]) -> changes.Change:
    """``change`` done to the text of a resource."""
    return lambda _call, answer: answer.carrying(json.loads(change(json.dumps(answer.resource()))))


def _versioned(text: str) -> str:
    return re.sub(r'"reference": "(Patient/[A-Za-z0-9.-]+)"', r'"reference": "\1/_history/3"', text)


def _internal(text: str) -> str:
    text = text.replace('"reference": "', f'"reference": "{INTERNAL}/')
    return re.sub(r'"fullUrl": "https?://[^"]*/([A-Za-z]+/[^"/]+)"', rf'"fullUrl": "{INTERNAL}/\1"', text)


def _with_urns(bundle: Resource) -> None:
    for number, entry in enumerate(bundle.get("entry", ())):
        entry["fullUrl"] = f"urn:uuid:00000000-0000-4000-8000-{number:012d}"


def _with_outcome(bundle: Resource) -> None:
    issue = {"severity": "information", "code": "informational", "diagnostics": "Records of 2019 are in an archive."}
    outcome = {"resourceType": "OperationOutcome", "issue": [issue]}
    bundle.setdefault("entry", []).append({"resource": outcome, "search": {"mode": "outcome"}})


def _paged_at_the_root(call: Call, answer: Answer) -> Answer:
    """Two pages, the second by a handle of the server's own at its base URL, as HAPI FHIR pages."""
    bundle = answer.resource()
    if any(name == "_getpages" for name, _ in call.query):
        bundle["entry"] = bundle["entry"][PAGE:]
        return answer.carrying(bundle)
    bundle["entry"] = bundle["entry"][:PAGE]
    handle = f"{call.base_url}/{call.path}?_getpages=2f6d&_getpagesoffset={PAGE}&_bundletype=searchset"
    bundle["link"].append({"relation": "next", "url": handle})
    return answer.carrying(bundle)


def _ending_in_crlf(_call: Call, body: bytes) -> bytes:
    return body.replace(b"\n", b"\r\n") + b"\r\n"


FAULTS: tuple[Fault, ...] = ()
VARIANTS: tuple[Variant, ...] = (
    Variant(
        "refers_to_versions",
        "References to patients name a version.",
        bend=Bend(EVERYTHING, _written(_versioned), changes.succeeded),
    ),
    Variant(
        "exports_references_to_versions",
        "References to patients in files name a version.",
        bend=Bend(FILE, bulk_edits.text(lambda _, body: _versioned(body.decode()).encode()), changes.succeeded),
    ),
    Variant(
        "shows_where_it_stands",
        "References and full URLs are those of the server behind the gateway.",
        bend=Bend(EVERYTHING, _written(_internal), changes.succeeded),
    ),
    Variant(
        "shows_members_where_it_stands",
        "References and full URLs that a member sees are those of the server behind the gateway.",
        bend=Bend(SHOWN, _written(_internal), changes.succeeded),
    ),
    Variant(
        "names_entries_by_uuid",
        "Entries have full URLs of the form urn:uuid.",
        bend=Bend(EVERYTHING, changes.resource(_with_urns), changes.succeeded),
    ),
    Variant(
        "searches_with_a_word_beside",
        "Beside what a search finds there is an OperationOutcome for information.",
        bend=Bend(SEARCH, changes.resource(_with_outcome), changes.succeeded),
    ),
    Variant(
        "everything_with_a_word_beside",
        "Beside a member's data there is an OperationOutcome for information.",
        bend=Bend(EVERYTHING, changes.resource(_with_outcome), changes.succeeded),
    ),
    Variant(
        "everything_behind_a_handle",
        "The second page of a member's data is behind a handle in the query.",
        bend=Bend(EVERYTHING, _paged_at_the_root, changes.succeeded),
    ),
    Variant(
        "ends_lines_in_crlf",
        "Lines of files end in CR and LF, the last is empty.",
        bend=Bend(FILE, bulk_edits.text(_ending_in_crlf), changes.succeeded),
    ),
)

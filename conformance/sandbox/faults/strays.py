"""Faults by which somebody else's records come where nobody looks first, or exports lead astray."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

from conformance.sandbox import people
from conformance.sandbox.faults import bulk_edits, changes
from conformance.sandbox.frame import Answer, Bend, Call, Fault, Resource, Seed, Variant

FIRST, SECOND = "first", "second"
EXPORT, STATUS = "bulk.export", "bulk.status"
STRANGERS = (
    "payer-to-payer.only-the-matched-member",
    "pdex.everything-members",
    "pdex.only-the-members",
    "pdex.provider-members",
)


def _document(of: str) -> Resource:
    """A document about the first member with a finding about a member."""
    return {
        "resourceType": "Bundle",
        "id": f"summary-of-{of}",
        "meta": {"lastUpdated": people.UPDATED},
        "identifier": {"system": "https://payer.example.org/documents", "value": f"summary-of-{of}"},
        "type": "document",
        "timestamp": people.UPDATED,
        "entry": [
            {
                "fullUrl": "urn:uuid:0f9c2c1e-3f0a-4a58-9a2f-6a4d6cf0a001",
                "resource": {
                    "resourceType": "Composition",
                    "id": "summary",
                    "status": "final",
                    "type": {"text": "Summary"},
                    "subject": {"reference": f"Patient/{FIRST}"},
                    "date": "2026-01-05",
                    "author": [{"reference": "Organization/model-payer"}],
                    "title": "Summary",
                },
            },
            {
                "fullUrl": "urn:uuid:0f9c2c1e-3f0a-4a58-9a2f-6a4d6cf0a002",
                "resource": {
                    "resourceType": "Condition",
                    "id": "of-the-summary",
                    "subject": {"reference": f"Patient/{of}"},
                    "code": {"text": "Hypertension"},
                },
            },
        ],
    }


def _scan(of: str) -> Resource:
    """A scanned page that is a member's."""
    return {
        "resourceType": "Binary",
        "id": f"scan-of-{of}",
        "meta": {"lastUpdated": people.UPDATED},
        "contentType": "text/plain",
        "securityContext": {"reference": f"Patient/{of}"},
        "data": "SHlwZXJ0ZW5zaW9u",
    }


def _holding(*more: Resource) -> Callable[[Seed], Seed]:
    """The first member's records with these among them."""
    return lambda seed: replace(seed, records={**seed.records, FIRST: (*seed.records[FIRST], *more)})


def _at_once(call: Call, _answer: Answer) -> Answer:
    """A manifest in place of a refusal."""
    url = f"{call.base_url}/{call.path}"
    listed = [{"type": "Patient", "url": f"{call.base_url}/bulk-files/1"}]
    manifest = {"transactionTime": people.UPDATED, "request": url, "requiresAccessToken": False, "output": listed,
                "error": []}  # fmt: skip
    return Answer(200, json.dumps(manifest).encode(), media_type="application/json")


def _forbidden(_call: Call, answer: Answer) -> bool:
    return answer.status == 403


def _explains(_call: Call, _answer: Answer) -> Answer:
    return Answer(200, b'{"error": "login_required"}', media_type="application/json")


FAULTS: tuple[Fault, ...] = (
    Fault(
        "forgets_its_tls",
        "The status URL of an export is one without TLS.",
        ("bulk.kick-off",),
        bend=Bend(EXPORT, bulk_edits.without_tls, bulk_edits.accepted),
    ),
    Fault(
        "lists_files_without_tls",
        "The manifest names files at addresses without TLS.",
        ("bulk.files",),
        bend=Bend(STATUS, bulk_edits.files(bulk_edits.lies_without_tls), bulk_edits.is_manifest),
    ),
    Fault(
        "hides_a_neighbour_in_a_document",
        "The first member's data hold a document in which a finding is about the second member.",
        (*STRANGERS, "provider-access.opt-out"),
        seed=_holding(_document(SECOND)),
    ),
    Fault(
        "gives_a_neighbours_scan",
        "The first member's data hold a scanned page of the second member.",
        (*STRANGERS, "provider-access.opt-out"),
        seed=_holding(_scan(SECOND)),
    ),
    Fault(
        "sends_news_of_a_neighbour",
        "An export of what was updated since a moment holds a record of the second member, who opted out.",
        (*STRANGERS[2:], "provider-access.opt-out"),
        policies=changes.rule("exchange", news_of=(SECOND,)),
    ),
    Fault(
        "tells_errors_of_a_neighbour",
        "What went wrong with an export is told with the Patient of the second member, who opted out.",
        (*STRANGERS[2:], "provider-access.opt-out"),
        policies=changes.rule("exchange", errors_of=(SECOND,)),
    ),
    Fault(
        "keeps_news_to_itself",
        "An export of what was updated since a moment holds nothing.",
        ("bulk.since",),
        policies=changes.rule("exchange", forgets_news=True),
    ),
    Fault(
        "exports_foreign_groups_at_once",
        "The export of another's Group is answered at once, with its files.",
        ("bulk.own-exports", "bulk.own-groups", "provider-access.attribution"),
        bend=Bend(EXPORT, _at_once, _forbidden),
    ),
)
VARIANTS: tuple[Variant, ...] = (
    Variant(
        "sends_documents_and_scans",
        "The first member's data hold a document and a scanned page of the member's own.",
        seed=_holding(_document(FIRST), _scan(FIRST)),
    ),
    Variant(
        "sends_its_provenance_with_any_type",
        "An export of some types holds the Provenance of the exchange too.",
        policies=changes.rule("exchange", provenance_always=True),
    ),
    Variant(
        "sends_news",
        "An export of what was updated since a moment holds a record of the first member's.",
        policies=changes.rule("exchange", news_of=(FIRST,)),
    ),
    Variant(
        "tells_errors",
        "What went wrong with an export of the first member's data is told in a file of its own.",
        policies=changes.rule("exchange", errors_of=(FIRST,)),
    ),
    Variant(
        "explains_itself_with_200",
        "Who begins an export without a token is told so in JSON, with status 200.",
        bend=Bend(EXPORT, _explains, changes.unauthorized),
    ),
)

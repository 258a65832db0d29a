"""Documents of plain JSON in another form than they are to have: configurations, manifests, the answer with a token."""

from __future__ import annotations

from dataclasses import replace

from conformance.sandbox.faults import bulk_edits, changes
from conformance.sandbox.faults.discovery import SMART, TOKEN, UDAP
from conformance.sandbox.frame import Answer, Bend, Call, Fault, Resource, Variant

STATUS = "bulk.status"
MANIFEST = ("bulk.manifest",)


def _counts_in_words(listed: Resource) -> None:
    listed["count"] = str(listed["count"])


def _as_a_page(_call: Call, answer: Answer) -> Answer:
    return replace(answer, media_type="text/html")


def _as_fhir(_call: Call, answer: Answer) -> Answer:
    return replace(answer, media_type="application/fhir+json; charset=utf-8")


def _granted(call: Call, answer: Answer) -> bool:
    """Holds for a token of another system."""
    return answer.status == 200 and b"client_credentials" in call.body


FAULTS: tuple[Fault, ...] = (
    Fault(
        "calls_a_manifest_a_page",
        "The manifest of a job comes as text/html.",
        MANIFEST,
        bend=Bend(STATUS, _as_a_page, bulk_edits.is_manifest),
    ),
    Fault(
        "counts_in_words",
        "The manifest of a job gives the numbers of resources as texts.",
        MANIFEST,
        bend=Bend(STATUS, bulk_edits.files(_counts_in_words), bulk_edits.is_manifest),
    ),
    Fault(
        "forgets_what_was_asked",
        "The manifest of a job says what was asked for by a path alone.",
        MANIFEST,
        bend=Bend(
            STATUS, changes.plain_json(lambda found: found.update(request="Group/$export")), bulk_edits.is_manifest
        ),
    ),
    Fault(
        "numbers_its_token_endpoint",
        "The SMART configuration has a number for a token endpoint.",
        ("smart.configuration",),
        bend=Bend(SMART, changes.plain_json(lambda found: found.update(token_endpoint=8443)), changes.succeeded),
    ),
    Fault(
        "writes_scopes_as_one_text",
        "The UDAP metadata have one text where scopes are to be listed.",
        ("udap.metadata",),
        bend=Bend(
            UDAP,
            changes.plain_json(lambda found: found.update(scopes_supported="system/*.rs")),
            changes.succeeded,
        ),
    ),
    Fault(
        "grants_a_number_for_a_scope",
        "The answer with a token has a number for a scope.",
        ("smart.token-answer",),
        bend=Bend(TOKEN, changes.plain_json(lambda found: found.update(scope=1)), _granted),
    ),
)
VARIANTS: tuple[Variant, ...] = (
    Variant(
        "calls_a_manifest_fhir",
        "The manifest of a job comes as FHIR JSON.",
        bend=Bend(STATUS, _as_fhir, bulk_edits.is_manifest),
    ),
)

"""What can be wrong with a formulary's export in bulk, and what may lawfully differ."""

from __future__ import annotations

from dataclasses import replace

from conformance.sandbox.faults import changes
from conformance.sandbox.frame import Answer, Bend, Call, Fault, Variant
from conformance.sandbox.outcome import refusal

BULK = ("usdf.bulk-export", "usdf.bulk-part", "usdf.bulk-since", "usdf.bulk-types")
ORGANIZATION = {
    "resourceType": "Organization",
    "id": "organization-1",
    "meta": {"lastUpdated": "2026-01-01T00:00:00Z"},
    "name": "Harbor Health",
}


def cut_off(_call: Call, answer: Answer) -> Answer:
    """The file breaks off in the middle of a line."""
    assert isinstance(answer.body, bytes)
    return replace(answer, body=answer.body[:-40])


def of_items(_call: Call, answer: Answer) -> bool:
    return isinstance(answer.body, bytes) and b'"Basic"' in answer.body[:4096]


def to_unsupported(_call: Call, _answer: Answer) -> Answer:
    return refusal(400, "not-supported", "The parameter _type is not supported.")


def by_type(call: Call, _answer: Answer) -> bool:
    return any(name == "_type" for name, _ in call.query)


FAULTS: tuple[Fault, ...] = (
    Fault(
        "leaves_a_drug_out_of_its_export",
        "A drug that the API lists is in no file of the export.",
        ("usdf.bulk-export", "usdf.bulk-part"),
        policies=changes.rule("formulary", kept_from_exports=frozenset({"drug-314076"})),
    ),
    Fault(
        "leaves_an_area_out_of_its_export",
        "The area of a plan is in no file of the export.",
        ("usdf.bulk-export", "usdf.bulk-part"),
        policies=changes.rule("formulary", kept_from_exports=frozenset({"area-connecticut", "area-albany"})),
    ),
    Fault(
        "cuts_a_file_of_its_export",
        "The file of the items breaks off.",
        ("usdf.bulk-export", "usdf.bulk-part", "usdf.bulk-since"),
        bend=Bend("formulary.file", cut_off, of_items),
    ),
    Fault(
        "loses_the_job_of_its_export",
        "The status of an export that was begun is not found.",
        BULK,
        bend=Bend("formulary.status", changes.to_not_found),
    ),
    Fault(
        "refuses_the_export_that_it_declares",
        "The CapabilityStatement has the export, and its kick-off is not found.",
        ("usdf.bulk-export", "usdf.bulk-part", "usdf.bulk-since"),
        bend=Bend("formulary.export", changes.to_not_found),
    ),
    Fault(
        "exports_no_plan_alone",
        "All plans are exported in bulk, and none by itself.",
        ("usdf.bulk-part",),
        policies=changes.rule("formulary", exports_all_alone=True),
    ),
    Fault(
        "exports_every_plan_as_one",
        "The export of one plan holds the items of all.",
        ("usdf.bulk-part",),
        policies=changes.rule("formulary", exports_all_as_one=True),
    ),
    Fault(
        "exports_more_than_its_formulary",
        "An export of the formulary holds organizations too.",
        ("usdf.bulk-only", "usdf.bulk-types"),
        policies=changes.rule("formulary", exported_besides=(ORGANIZATION,)),
    ),
    Fault(
        "passes_over_since_in_its_export",
        "An export of what changed since a moment holds drugs that did not.",
        ("usdf.bulk-since",),
        policies=changes.rule("formulary", passed_over_in_exports=("_since",)),
    ),
    Fault(
        "loses_a_change_in_its_export",
        "An export of what changed since a moment lacks an item that did.",
        ("usdf.bulk-since",),
        policies=changes.rule("formulary", kept_from_changes=("item-harbor-314076",)),
    ),
    Fault(
        "passes_over_types_in_its_export",
        "An export of plans alone holds items and drugs too.",
        ("usdf.bulk-types",),
        policies=changes.rule("formulary", passed_over_in_exports=("_type",)),
    ),
)
VARIANTS: tuple[Variant, ...] = (
    Variant(
        "formulary_without_export",
        "The formulary is not exported in bulk: the guide leaves that to the payer.",
        policies=changes.rule("formulary", exports_nothing=True),
    ),
    Variant(
        "export_that_takes_no_types",
        "An export of some types alone is refused: Bulk Data leaves the parameter to the payer.",
        bend=Bend("formulary.export", to_unsupported, by_type),
    ),
)

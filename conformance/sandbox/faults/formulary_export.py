"""What can be wrong with a formulary's export in bulk, and what may lawfully differ."""

from __future__ import annotations

from dataclasses import replace

from conformance.sandbox.faults import changes
from conformance.sandbox.frame import Answer, Bend, Call, Fault, Variant

BREAKS = ("usdf.bulk-export",)


def cut_off(_call: Call, answer: Answer) -> Answer:
    """The file breaks off in the middle of a line."""
    assert isinstance(answer.body, bytes)
    return replace(answer, body=answer.body[:-40])


def of_items(_call: Call, answer: Answer) -> bool:
    return isinstance(answer.body, bytes) and b'"Basic"' in answer.body[:4096]


FAULTS: tuple[Fault, ...] = (
    Fault(
        "leaves_a_drug_out_of_its_export",
        "A drug that the API lists is in no file of the export.",
        BREAKS,
        policies=changes.rule("formulary", kept_from_exports=frozenset({"drug-314076"})),
    ),
    Fault(
        "cuts_a_file_of_its_export",
        "The file of the items breaks off.",
        BREAKS,
        bend=Bend("formulary.file", cut_off, of_items),
    ),
    Fault(
        "loses_the_job_of_its_export",
        "The status of an export that was begun is not found.",
        BREAKS,
        bend=Bend("formulary.status", changes.to_not_found),
    ),
)
VARIANTS: tuple[Variant, ...] = (
    Variant(
        "formulary_without_export",
        "The formulary is not exported in bulk: the guide leaves that to the payer.",
        policies=changes.rule("formulary", exports_nothing=True),
    ),
)

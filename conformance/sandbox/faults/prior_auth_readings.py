"""Lawful variants of the prior-authorization API that a hasty reader would fail."""

from __future__ import annotations

from conformance.sandbox.faults import prior_auth_answers as answers
from conformance.sandbox.faults import prior_auth_edits as edits
from conformance.sandbox.faults.prior_auth_rules import NO_CODE, PENDED, inquire, rule, submit
from conformance.sandbox.frame import Answer, Call, Variant
from conformance.sandbox.outcome import refusal

EXPEDITED = "74177"  # the service code of the expedited case, as in fixtures/sandbox/services.toml
DENIED = "15830"
SETTLING = "29881"
NOT_HERE = refusal(404, "not-found", "This service is not handled here.")
OLDEST = ("pas=2.0.1",)


def _pended_in_the_oldest(call: Call, answer: Answer) -> bool:
    return edits.asking_for(PENDED)(call, answer) and call.version == OLDEST[0]


def _settled_before(call: Call, answer: Answer) -> bool:
    """An inquiry was answered about something whose number was told when it was submitted."""
    return edits.about_a_submission(call, answer) and SETTLING not in edits.codes_asked(call)


VARIANTS: tuple[Variant, ...] = (
    Variant(
        "reason_names_the_service",
        "Reasons stand in the disposition, which names each item by its service.",
        policies=rule(reason_in="service"),
        advises=NO_CODE,
    ),
    Variant(
        "end_by_disposition",
        "Approvals hold until something happens, as the disposition says.",
        policies=rule(validity="disposition"),
    ),
    Variant(
        "own_patient_under_another_number",
        "The payer answers with its own Patient: a number of its own, and the maiden name first.",
        policies=rule(patient="maiden"),
    ),
    Variant(
        "answers_with_its_own_insurer",
        "The insurer is the payer's own record, which reads as it was sent.",
        bend=submit(answers.with_the_payers_own_insurer),
    ),
    Variant(
        "refuses_one_service",
        "One of the declared requests is answered 404: that service is handled elsewhere.",
        bend=submit(edits.answering(NOT_HERE), edits.asking_for(EXPEDITED)),
    ),
    Variant(
        "decides_the_whole_request",
        "What is decided about a single item is told of the whole request.",
        bend=submit(edits.editing(answers.decide_the_whole)),
    ),
    Variant(
        "denies_in_an_added_item",
        "A denied item is told by an added item alone.",
        bend=submit(edits.editing(answers.decide_in_added_items), edits.asking_for(DENIED)),
    ),
    Variant(
        "answers_an_item_in_two_lines",
        "The first item of a request is answered in two lines.",
        bend=submit(edits.editing(answers.split_the_first_item)),
        advises=("pas.must-support-seen",),
    ),
    Variant(
        "queues_without_items",
        "A pended request has the outcome queued and no items yet, which 2.0.1 allows.",
        bend=submit(edits.editing(answers.queue), _pended_in_the_oldest),
        versions=OLDEST,
    ),
    Variant(
        "files_a_moment_later",
        "What was answered can be inquired about a moment later.",
        policies=rule(files_after=0.6),
    ),
    Variant(
        "finds_several",
        "An inquiry first tells another authorization of the member.",
        bend=inquire(answers.telling_another_first),
    ),
    Variant(
        "is_known_by_its_id",
        "An inquiry tells the answer under its id, without repeating numbers and identifiers.",
        bend=inquire(edits.editing(answers.know_by_id_alone), _settled_before),
    ),
)

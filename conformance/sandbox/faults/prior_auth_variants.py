"""Lawful variants of the prior-authorization API: differences that the law and the guide leave room for."""

from __future__ import annotations

from dataclasses import replace

from conformance.sandbox.faults import prior_auth_edits as edits
from conformance.sandbox.faults.prior_auth_rules import NEWEST, NO_CODE, PENDED, inquire, rule, submit
from conformance.sandbox.frame import Answer, Call, Resource, Seed, Variant
from conformance.sandbox.outcome import refusal

NOT_FOUND = refusal(404, "not-found", "Nothing is found here.")
LOGIN = Answer(302, None, {"location": "https://login.payer.example.org/sign-in"})


def _typed(media_type: str) -> edits.Change:
    return lambda _call, answer: replace(answer, media_type=media_type)


def _created(_call: Call, answer: Answer) -> Answer:
    return replace(answer, status=201)


def _with_an_unknown_extension(response: Resource) -> None:
    own = {"url": "https://payer.example.org/extensions/work-queue", "valueString": "orthopedics-2"}
    response["extension"] = [*response.get("extension", ()), own]


def _named_as_in_the_example(body: Resource) -> None:
    for parameter in body.get("parameter", ()):
        parameter["name"] = "responseBundle"


def _pended_first(seed: Seed) -> Seed:
    decided = ("approved", "denied", "modified")
    services = {
        code: {**rule, "decision": "pended", "then": rule["decision"], "settles": "PT0S"}
        if rule["decision"] in decided
        else rule
        for code, rule in seed.services.items()
    }
    return replace(seed, services=services)


VARIANTS: tuple[Variant, ...] = (
    Variant("reason_in_text", "Reasons are words.", policies=rule(reason_in="text"), advises=NO_CODE),
    Variant("reason_in_a_note", "Reasons are notes to items.", policies=rule(reason_in="note"), advises=NO_CODE),
    Variant(
        "reason_in_disposition",
        "Reasons stand in the disposition.",
        policies=rule(reason_in="disposition"),
        advises=NO_CODE,
    ),
    Variant(
        "reason_in_adjudication",
        "Reasons stand in adjudication.reason.",
        policies=rule(reason_in="adjudication"),
        advises=NO_CODE,
    ),
    Variant(
        "end_by_circumstance",
        "Approvals hold until something happens, as a note to the item says.",
        policies=rule(validity="circumstance"),
    ),
    Variant("end_at_the_header", "Only the whole answer has a period.", policies=rule(validity="header")),
    Variant(
        "end_far_away",
        "Approvals end on 9999-12-31, and are shown to members with an end of their own.",
        policies=rule(validity="far"),
        advises=("patient-access.same-story",),
    ),
    Variant("own_patient_resource", "The payer answers with its own Patient.", policies=rule(patient="own")),
    Variant(
        "not_found_instead_of_forbidden",
        "An inquiry without a token finds nothing there.",
        bend=inquire(edits.answering(NOT_FOUND), edits.closed),
    ),
    Variant(
        "not_found_instead_of_forbidden_on_submit",
        "A submission without a token finds nothing there.",
        bend=submit(edits.answering(NOT_FOUND), edits.closed),
    ),
    Variant(
        "login_redirect",
        "An inquiry without a token is sent to a login page.",
        bend=inquire(edits.answering(LOGIN), edits.closed),
    ),
    Variant(
        "login_redirect_on_submit",
        "A submission without a token is sent to a login page.",
        bend=submit(edits.answering(LOGIN), edits.closed),
    ),
    Variant(
        "queues_what_is_pended",
        "A pended request has the outcome queued, which 2.0.1 allows.",
        bend=submit(
            edits.editing(lambda response: response.update(outcome="queued")),
            lambda call, answer: edits.asking_for(PENDED)(call, answer) and call.version == "pas=2.0.1",
        ),
        versions=("pas=2.0.1",),
    ),
    Variant(
        "names_the_parameter_as_the_example_does",
        "The Parameters of an inquiry are called responseBundle, as in the guide's example.",
        bend=inquire(edits.editing_body(_named_as_in_the_example)),
        versions=NEWEST,
    ),
    Variant(
        "knows_no_request",
        "Which request is answered has a data-absent-reason.",
        bend=submit(edits.editing(edits.withhold_the_request)),
        versions=NEWEST,
    ),
    Variant(
        "pended_first",
        "Whatever is decided at once elsewhere is pended here, and decided by the time anybody inquires.",
        seed=_pended_first,
    ),
    Variant("answers_created", "Submissions are answered 201.", bend=submit(_created)),
    Variant(
        "unknown_extensions",
        "Answers carry an extension of the payer's own.",
        bend=submit(edits.editing(_with_an_unknown_extension)),
    ),
    Variant(
        "adds_media_type_parameters",
        "The media type has parameters.",
        bend=submit(_typed("application/fhir+json; charset=utf-8; fhirVersion=4.0")),
    ),
)

"""Faults and variants where one guide version leaves room, and the other does not; and what only looks wrong."""

from __future__ import annotations

from conformance.sandbox.faults import prior_auth_edits as edits
from conformance.sandbox.faults.prior_auth_rules import NEWEST, inquire, rule, submit
from conformance.sandbox.frame import Answer, Call, Fault, Resource, Variant

OLDEST = ("pas=2.0.1",)


def _outcome(text: str) -> Resource:
    return {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "error", "code": "invalid", "details": {"text": text}}],
    }


TWICE = Answer(
    400,
    {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [
            {"fullUrl": f"urn:uuid:4f0c8a3e-5f0b-4a57-9f6e-0c1d2e3f4a5{number}", "resource": _outcome(text)}
            for number, text in enumerate(("The Bundle is not a valid request.", "Nothing was filed."))
        ],
    },
)
EMPTY = Answer(400, {"resourceType": "OperationOutcome"})
NOTHING_FOUND = Answer(200, _outcome("Nothing is on file that matches."))


def _refused_by(version: str) -> edits.When:
    return lambda call, answer: edits.refused(call, answer) and call.version == version


def _found_nothing(call: Call, answer: Answer) -> bool:
    if not edits.served(call, answer) or call.version != OLDEST[0]:
        return False
    return all(entry["resource"]["resourceType"] != "ClaimResponse" for entry in answer.resource().get("entry", ()))


FAULTS: tuple[Fault, ...] = (
    Fault(
        "refuses_with_an_empty_outcome",
        "An invalid request is refused with an OperationOutcome that has no issue.",
        ("pas.error-outcome",),
        bend=submit(edits.answering(EMPTY), edits.refused),
    ),
    Fault(
        "refuses_with_two_outcomes",
        "An invalid request is refused with two OperationOutcomes, where 2.2 knows a single one.",
        ("pas.error-outcome",),
        bend=submit(edits.answering(TWICE), _refused_by(NEWEST[0])),
        versions=NEWEST,
    ),
)
VARIANTS: tuple[Variant, ...] = (
    Variant(
        "refuses_with_outcomes",
        "An invalid request is refused with two OperationOutcomes, as 2.0.1 allows.",
        bend=submit(edits.answering(TWICE), _refused_by(OLDEST[0])),
        versions=OLDEST,
    ),
    Variant(
        "says_that_nothing_is_found",
        "An inquiry that finds nothing is answered 200 with an OperationOutcome, as 2.0.1 allows.",
        bend=inquire(edits.answering(NOTHING_FOUND), _found_nothing),
        versions=OLDEST,
    ),
    Variant(
        "shakes_hands_about_nothing",
        "A handshake does not name its topic, which the backport guide leaves open.",
        policies=rule(handshake_topic=False),
    ),
    Variant(
        "hides_what_is_others",
        "Who changes or deletes another's subscription is told that all is well, and nothing happens.",
        policies=rule(owners_only="quietly"),
    ),
)

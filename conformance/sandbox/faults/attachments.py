"""Faults and variants of attachments (CDex)."""

from __future__ import annotations

from collections.abc import Callable

from conformance.sandbox.faults import changes
from conformance.sandbox.faults import prior_auth_edits as edits
from conformance.sandbox.faults.prior_auth_rules import rule
from conformance.sandbox.frame import Answer, Bend, Call, Fault, Resource, Variant
from conformance.sandbox.outcome import refusal

ATTACH = "prior-auth.submit-attachment"
CLOSED = refusal(422, "not-supported", "No attachments are taken.")
UNKNOWN = refusal(404, "not-found", "There is no such authorization.")


def _answering(answer: Answer, when: Callable[[Call, Answer], bool]) -> Bend:
    return Bend(ATTACH, lambda _call, _answer: answer, when)


def _posted(call: Call, answer: Answer) -> bool:
    return call.method == "POST" and answer.status not in (401, 403)


def _with_answers(call: Call, answer: Answer) -> bool:
    return _posted(call, answer) and b"QuestionnaireResponse" in call.body


def _with_a_document(call: Call, answer: Answer) -> bool:
    return _posted(call, answer) and b"QuestionnaireResponse" not in call.body


def _of_nobody(_call: Call, answer: Answer) -> bool:
    """The document belongs to nothing on file."""
    return answer.status == 200 and isinstance(answer.body, dict)


def _lacking(_call: Call, answer: Answer) -> bool:
    return answer.status == 400


def _undeclared(statement: Resource) -> None:
    del statement["rest"][0]["operation"]


def _on_claims(statement: Resource) -> None:
    server = statement["rest"][0]
    server["resource"][0]["operation"] += server.pop("operation")


FAULTS: tuple[Fault, ...] = (
    Fault(
        "takes_no_attachments",
        "A document that was asked for is refused, whether it is sent or where it lies is told.",
        ("cdex.attachment-taken",),
        bend=_answering(CLOSED, _with_a_document),
    ),
    Fault(
        "takes_no_answers_to_its_questionnaire",
        "The response to the questionnaire that was asked for is refused: documents alone are taken.",
        ("cdex.questionnaire-response-taken",),
        bend=_answering(CLOSED, _with_answers),
    ),
    Fault(
        "takes_attachments_by_any_method",
        "Attachments are taken by GET and PUT as well.",
        ("cdex.post-only",),
        bend=_answering(Answer(200), lambda _call, answer: answer.status == 405),
    ),
    Fault(
        "keeps_strange_attachments_silently",
        "A document that belongs to no request is taken without a word.",
        ("cdex.unassociated-told",),
        bend=_answering(Answer(200), _of_nobody),
    ),
    Fault(
        "refuses_attachments_silently",
        "An attachment that lacks something is refused without a word.",
        ("cdex.refusal-explained",),
        bend=_answering(Answer(400), _lacking),
    ),
    Fault(
        "keeps_the_attachment_operation_secret",
        "The capability statement does not list submit-attachment.",
        ("cdex.declares-operation",),
        bend=Bend("discovery.metadata", changes.resource(_undeclared), edits.at_prior_auth),
    ),
)
VARIANTS: tuple[Variant, ...] = (
    Variant(
        "takes_documents_by_address",
        "Documents are taken by their address only.",
        policies=rule(document_forms=("url",)),
    ),
    Variant(
        "refuses_strange_attachments",
        "A document that belongs to no request is refused, and the refusal says why.",
        bend=_answering(UNKNOWN, _of_nobody),
    ),
    Variant(
        "takes_attachments_that_lack_something",
        "Attachments that lack something are taken.",
        bend=_answering(Answer(200), _lacking),
    ),
    Variant(
        "confirms_attachments",
        "Attachments are taken with a word of thanks, and worked on later.",
        bend=_answering(
            Answer(202, refusal(202, "informational", "Received.").body),
            lambda _call, answer: answer.status == 200 and answer.body is None,
        ),
    ),
    Variant(
        "thanks_for_answers",
        "The response to a questionnaire is taken with an OperationOutcome, and read by people.",
        bend=_answering(
            Answer(201, refusal(201, "informational", "Received.").body),
            lambda call, answer: _with_answers(call, answer) and answer.status == 200,
        ),
    ),
    Variant(
        "declares_attachments_on_claims",
        "The capability statement lists submit-attachment with the operations on Claim.",
        bend=Bend("discovery.metadata", changes.resource(_on_claims), edits.at_prior_auth),
    ),
)

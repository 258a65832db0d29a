"""Attachments: what was asked for, sent under the number that the payer gave."""

from conformance import expect, only_if, requirement
from conformance.apis.raw import body_of
from conformance.apis.refusal import says_why


@requirement("cdex.attachment-taken")
def test_a_document_that_was_asked_for_is_taken(attachments):
    sent = attachments.sent()

    expect(sent.taken, "the document taken", at=sent.at, got=sent.told)


@requirement("cdex.questionnaire-response-taken")
def test_the_response_to_a_questionnaire_that_was_asked_for_is_taken(attachments):
    sent = attachments.answered()

    expect(sent.taken, "the response taken", at=sent.at, got=sent.told)


@requirement("cdex.post-only")
def test_another_method_than_post_is_an_error(attachments):
    expect.each(
        attachments.by_other_methods(),
        lambda answer: (answer.status or 0) >= 400,
        "an error",
        got=lambda answer: f"status {answer.status}",
        at=lambda answer: answer.method,
    )


@requirement("cdex.unassociated-told")
def test_a_document_of_no_request_is_told_what_becomes_of_it(attachments):
    answer = attachments.of_nobody()

    expect(says_why(body_of(answer)), "an OperationOutcome", got=f"status {answer.status} without one")


@requirement("cdex.refusal-explained")
def test_a_refused_attachment_comes_back_with_an_outcome(attachments):
    refused = [answer for answer in attachments.broken() if (answer.status or 0) >= 400]

    expect.each(
        only_if(refused, "an API that refuses attachments that lack something"),
        lambda answer: says_why(body_of(answer)),
        "an OperationOutcome",
        got=lambda answer: f"status {answer.status} without one",
        at=lambda answer: answer.case,
    )


@requirement("cdex.declares-operation")
def test_the_capability_statement_lists_the_operation(attachments, discovery):
    capabilities = discovery.capabilities()

    declared = capabilities.declares("Claim", **attachments.guide.declaration("prior-auth.submit-attachment"))
    expect(declared, "the operation submit-attachment in the CapabilityStatement")

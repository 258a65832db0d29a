"""Each operation's raw answer, judged once: one broken answer fails one requirement, not forty."""

from conformance import advise, expect, need, requirement
from conformance.apis.discovery import Capabilities
from conformance.apis.prior_auth import inquiry_form, parameter_names, read_answer, returned
from conformance.apis.raw import blames_the_request, body_of, raw_problem
from conformance.apis.refusal import holds_data


@requirement("prior-auth.answers-are-fhir")
def test_every_answer_is_fhir(prior_auth):
    answers = prior_auth.raw_answers()

    def problem(answer):
        return raw_problem(answer, returned(answer.operation, prior_auth.guide), may_refuse=True)

    expect.each(
        answers,
        lambda answer: not problem(answer),
        "a FHIR R4 answer in JSON",
        got=problem,
        at=lambda answer: f"{answer.operation} {answer.case}",
    )


@requirement("prior-auth.exchange")
def test_requests_are_taken(prior_auth):
    answers = prior_auth.raw_submissions()
    taken = [answer for answer in answers if 200 <= (answer.status or 0) < 300]
    blamed = [answer for answer in answers if blames_the_request(answer)]
    need(len(blamed) < len(answers), "a request that the payer does not call invalid", change="cases.prior-auth")

    expect(
        taken,
        "at least one of the declared requests taken",
        got=", ".join(f"{answer.case}: status {answer.status}" for answer in answers),
    )
    told = [read_answer(body_of(each), prior_auth.guide) for each in taken if not raw_problem(each, ("Bundle",))]
    need(told, "an answer that is a FHIR Bundle", because="prior-auth.answers-are-fhir")
    expect(any(told), "at least one ClaimResponse", got=f"none in {len(told)} answers")


@requirement("pas.declares-operations")
def test_the_capability_statement_lists_both_operations(prior_auth, discovery):
    capabilities: Capabilities = discovery.capabilities()

    expect.each(
        ("prior-auth.submit", "prior-auth.inquire"),
        lambda operation: capabilities.declares("Claim", **prior_auth.guide.declaration(operation)),
        "the operation on Claim in the CapabilityStatement",
        at=lambda operation: operation,
    )


@requirement("pas.inquiry-response-form")
def test_an_inquiry_is_answered_in_the_form_of_its_version(prior_auth):
    answered = need(prior_auth.inquired(), "an answered inquiry")

    form = prior_auth.guide["inquiry_form"]
    expect(inquiry_form(answered) == form, f"an inquiry answered as {form}", got=answered.get("resourceType"))
    names, named = prior_auth.guide["inquiry_parameters"], parameter_names(answered)
    expect(set(named) <= set(names), f"Bundles in parameters called {' or '.join(names)}", got=", ".join(named))


@requirement("prior-auth.no-token-no-data")
def test_without_a_token_no_data_is_given(prior_auth):
    answers = prior_auth.without_token()

    expect.each(
        answers,
        lambda answer: not holds_data(body_of(answer)),
        "no data without a token",
        got=lambda answer: f"status {answer.status} with data",
        at=lambda answer: answer.operation,
    )
    read = [answer.operation for answer in answers if answer.status in (400, 422)]
    advise(not read, "a request without a token turned away before it is read", got=", ".join(read))

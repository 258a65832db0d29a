"""Requests broken in every way we know: each is turned away with one reason, and breaks nothing."""

from conformance import advise, expect, need, only_if, requirement
from conformance.apis.raw import explained, outcome_count

BESIDE = True  # nothing of it is asked about elsewhere


@requirement("pas.error-outcome")
def test_a_refused_request_carries_one_outcome(prior_auth):
    refused = [answer for answer in prior_auth.invalid() if 400 <= answer.status < 500]

    expect.each(
        only_if(refused, "an API that refuses invalid requests"),
        lambda answer: explained(answer, prior_auth.guide),
        "an OperationOutcome, and one alone where the version says so",
        got=lambda answer: f"status {answer.status} with {outcome_count(answer)} OperationOutcomes",
        at=lambda answer: answer.case,
    )
    need(prior_auth.usual(), "a valid request that is answered")


@requirement("pas.status-semantics")
def test_an_invalid_request_is_neither_a_crash_nor_approved(prior_auth):
    answers = prior_auth.invalid()

    expect.each(
        answers,
        lambda answer: answer.status < 500 and not prior_auth.approves_nonsense(answer),
        "a 4xx, or a business error",
        got=lambda answer: f"status {answer.status}" + (", approved" if prior_auth.approves(answer) else ""),
        at=lambda answer: answer.case,
    )
    lenient = [answer.case for answer in answers if prior_auth.approves(answer)]
    advise(not lenient, "no approval of a request that is invalid", got=", ".join(lenient))
    need(prior_auth.usual(), "a valid request that is answered")


@requirement("pas.invalid-refused")
def test_an_invalid_request_is_refused(prior_auth):
    answers = [answer for answer in prior_auth.invalid() if answer.status < 500]

    expect.each(
        need(answers, "an answer to an invalid request", because="pas.status-semantics"),
        lambda answer: 400 <= answer.status < 500,
        "a 4xx",
        got=lambda answer: f"status {answer.status}",
        at=lambda answer: answer.case,
    )
    need(prior_auth.usual(), "a valid request that is answered")

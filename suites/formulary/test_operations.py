"""The raw answers of searches and reads, and what anonymous access asks for."""

from conformance import expect, need, only_if, requirement
from conformance.apis.raw import raw_problem


@requirement("formulary.answers-are-fhir")
def test_everything_listed_is_fhir(formulary):
    expect.each(
        formulary.raw(),
        lambda each: not each.problem,
        "FHIR R4 in JSON",
        got=lambda each: each.problem,
    )


@requirement("formulary.anonymous-asks-nothing")
def test_anonymous_access_asks_nothing_personal(formulary):
    answer = formulary.anonymous()
    only_if(answer.status not in (401, 403, 404) and not 300 <= answer.status < 400, "offers of anonymous access")

    readable = answer.status >= 400 or not raw_problem(answer, ("Bundle",))
    need(readable, "an answer that can be read", because="formulary.answers-are-fhir")

    expect(
        answer.status < 400,
        "formularies without any information about the person who asks",
        at=answer.url,
        got=f"status {answer.status}",
    )

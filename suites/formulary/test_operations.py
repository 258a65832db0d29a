"""The raw answers of searches and reads, and what anonymous access asks for."""

from conformance import expect, only_if, requirement
from conformance.apis.formulary_found import refuses_strangers


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
    only_if(not refuses_strangers(answer), "offers of anonymous access")

    expect(
        answer.status < 400,
        "formularies without any information about the person who asks",
        at=answer.url,
        got=f"status {answer.status}",
    )

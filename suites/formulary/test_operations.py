"""The raw answers of searches and reads, and what anonymous access asks for."""

from conformance import advise, expect, need, only_if, requirement
from conformance.apis.formulary_found import refuses_strangers

MOST_ADVISED = 20


@requirement("formulary.answers-are-fhir")
def test_everything_listed_is_fhir(formulary):
    for each in formulary.asides()[:MOST_ADVISED]:
        advise(False, "files that can be read, whole", at=each.at, got=each.problem)
    expect.each(
        need(formulary.raw(), "a resource that can be read", change="apis.formulary.files"),
        lambda each: not each.problem,
        "FHIR R4 in JSON",
        got=lambda each: each.problem,
    )


@requirement("formulary.anonymous-asks-nothing")
def test_anonymous_access_asks_nothing_personal(formulary_access):
    answer = formulary_access.anonymous()
    only_if(not refuses_strangers(answer), "offers of anonymous access")

    expect(
        answer.status < 400,
        "formularies without any information about the person who asks",
        at=answer.url,
        got=f"status {answer.status}",
    )

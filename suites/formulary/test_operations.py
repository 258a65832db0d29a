"""The raw answers of searches and reads."""

from conformance import advise, expect, need, requirement

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

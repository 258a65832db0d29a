"""The raw answers of searches and reads, and what anonymous access asks for."""

from conformance import expect, requirement
from conformance.apis.raw import body_of, raw_problem
from conformance.errors import NotApplicable


@requirement("formulary.answers-are-fhir")
def test_every_listing_is_fhir(formulary):
    answers = formulary.problems() if formulary.is_folder else formulary.raw_answers()

    def problem(answer):
        return answer.message if formulary.is_folder else raw_problem(answer, ("Bundle",))

    expect.each(
        answers,
        lambda answer: not problem(answer),
        "FHIR R4 resources in JSON",
        got=problem,
        at=lambda answer: answer.at if formulary.is_folder else f"{answer.operation} {answer.url}",
    )


@requirement("formulary.anonymous-asks-nothing")
def test_anonymous_access_asks_nothing_personal(formulary):
    answer = formulary.anonymous()
    if answer.status in (401, 403, 404) or 300 <= answer.status < 400:
        raise NotApplicable(f"no anonymous access is offered (status {answer.status}), which is lawful")

    expect(
        answer.status < 400 and (body_of(answer) or {}).get("resourceType") == "Bundle",
        "formularies without any information about the person who asks",
        got=f"status {answer.status}",
    )

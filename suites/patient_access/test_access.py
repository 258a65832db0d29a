"""What a member's token opens, and what it does not."""

from conformance import expect, need, requirement
from conformance.apis.carin import claim_faults
from conformance.apis.mapped import mapping_faults
from conformance.apis.raw import body_of, raw_problem, resource_problem
from conformance.apis.refusal import holds_data


@requirement("patient-access.api")
def test_a_members_token_opens_the_members_data(patient_access):
    answers = patient_access.opened()

    expect.each(
        answers.items(),
        lambda each: each[1].status == 200 and (each[0] != "Patient" or patient_access.is_the_member()),
        "the member's own",
        at=lambda each: each[0],
        got=lambda each: "another than the member" if each[1].status == 200 else f"status {each[1].status}",
    )


@requirement("patient-access.answers-are-fhir")
def test_every_answer_is_fhir(patient_access):
    answers = patient_access.exchanges()

    expect.each(
        answers,
        lambda each: not raw_problem(each, ("Bundle", "Patient"), may_refuse=True),
        "FHIR JSON of the right type",
        at=lambda each: each.url,
        got=lambda each: raw_problem(each, ("Bundle", "Patient"), may_refuse=True),
    )


@requirement("patient-access.mapped-patient")
def test_the_members_patient_has_what_its_profile_requires(patient_access):
    shown = body_of(patient_access.opened()["Patient"])
    need(holds_data(shown), "the member's Patient", because="patient-access.api")

    faults = mapping_faults(shown)
    expect(not faults, "all that US Core requires of a Patient", at=f"Patient/{patient_access.patient()}",
           got="; ".join(faults))  # fmt: skip


@requirement("patient-access.claims-readable")
def test_claims_are_of_a_carin_type_and_sound(patient_access):
    claims = patient_access.claims()

    expect.each(
        claims,
        lambda each: not (claim_faults(each) or resource_problem(each)),
        "an ExplanationOfBenefit of a CARIN type, with all that such a claim has",
        at=lambda each: f"ExplanationOfBenefit/{each.get('id', '')}",
        got=lambda each: "; ".join(claim_faults(each)) or resource_problem(each),
    )


@requirement("patient-access.no-token-no-data")
def test_without_a_token_nothing_is_shown(patient_access):
    answer = patient_access.without_token()

    expect(not holds_data(body_of(answer)), "no data", at=answer.url, got=f"status {answer.status} with data")


@requirement("patient-access.own-data-only")
def test_a_members_token_opens_nobody_elses_data(patient_access):
    probes = patient_access.probes()

    expect.each(
        probes,
        lambda each: not each.found,
        "nothing of another member",
        at=lambda each: each.way,
        got=lambda each: ", ".join(each.found[:3]),
    )
    own = any(holds_data(body_of(each)) for each in patient_access.opened().values())
    need(own, "a token that opens the member's own data", because="patient-access.api")

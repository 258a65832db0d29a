"""Drugs have clocks of their own: today's, and those that are proposed."""

from conformance import advise, expect, need, only_if, requirement


@requirement("drug-decisions.part-b")
def test_recorded_part_b_drugs_were_decided_in_time(records):
    timed = only_if(records.timed("drug-decisions.part-b"), "records of Part B drugs")

    expect.counted(need(timed.judgeable, timed.lacking), "a decision within the clock in force at receipt")
    advise(not timed.partial, "records that show all of it", got=timed.partial)


@requirement("drug-decisions.part-d-standard")
def test_recorded_part_d_drugs_were_decided_in_time(records):
    timed = only_if(records.timed("drug-decisions.part-d-standard"), "records of standard Part D requests")

    expect.counted(need(timed.judgeable, timed.lacking), "a decision within the clock in force at receipt")
    advise(not timed.partial, "records that show all of it", got=timed.partial)


@requirement("drug-decisions.part-d-expedited")
def test_recorded_expedited_part_d_drugs_were_decided_in_time(records):
    timed = only_if(records.timed("drug-decisions.part-d-expedited"), "records of expedited Part D requests")

    expect.counted(need(timed.judgeable, timed.lacking), "a decision within the clock in force at receipt")
    advise(not timed.partial, "records that show all of it", got=timed.partial)


@requirement("drug-decisions.medicaid-response")
def test_recorded_requests_for_outpatient_drugs_were_answered_in_time(records):
    timed = only_if(records.timed("drug-decisions.medicaid-response"), "records of covered outpatient drugs")

    expect.counted(need(timed.judgeable, timed.lacking), "an answer within the clock in force at receipt")
    advise(not timed.partial, "records that show all of it", got=timed.partial)


@requirement("drug-decisions.issuer-exception")
def test_recorded_exceptions_to_the_formulary_were_decided_in_time(records):
    timed = only_if(records.timed("drug-decisions.issuer-exception"), "records of exceptions to a formulary")

    expect.counted(need(timed.judgeable, timed.lacking), "a decision within the clock in force at receipt")


@requirement("drug-decisions.issuer-decision")
def test_recorded_drugs_were_decided_as_proposed_for_issuers(records):
    timed = only_if(records.timed("drug-decisions.issuer-decision"), "records of drugs")

    expect.counted(need(timed.judgeable, timed.lacking), "a decision within 72 hours, 24 where expedited")


@requirement("drug-decisions.chip-decision")
def test_recorded_drugs_were_decided_as_proposed_for_chip(records):
    timed = only_if(records.timed("drug-decisions.chip-decision"), "records of drugs")

    expect.counted(need(timed.judgeable, timed.lacking), "a decision within 24 hours")


@requirement("drug-decisions.medicaid-decision")
def test_recorded_drugs_were_decided_as_proposed_for_medicaid(records):
    timed = only_if(records.timed("drug-decisions.medicaid-decision"), "records of drugs")

    expect.counted(need(timed.judgeable, timed.lacking), "a decision within the proposed clock")


@requirement("drug-decisions.denial-reason")
def test_every_recorded_denial_of_a_drug_gave_a_specific_reason(records):
    denials = only_if(records.denials("drugs"), "records of denials of drugs")

    expect.counted(need(denials.judgeable, denials.lacking), "a specific reason for the denial")

"""How long it took: the answer, and the decision."""

from conformance import advise, expect, need, requirement


@requirement("prior-auth.response-time", last=True)
def test_submissions_are_answered_in_time(prior_auth, latency):
    prior_auth.submissions()
    limit = latency.limit("prior-auth.submit")

    expect.each(
        need(latency.samples("prior-auth.submit"), "an answered submission"),
        lambda answer: answer.seconds <= limit,
        f"an answer within {limit:g} s",
        got=lambda answer: f"{answer.seconds:.1f} s",
        at=lambda answer: f"{answer.operation} {answer.case}",
    )


@requirement("prior-auth.decision-time-standard")
def test_standard_requests_are_decided_in_time(decisions, clocks):
    timed = clocks.judge(decisions.histories(), "prior-auth.decision-time-standard")

    expect.each(
        timed,
        lambda each: not each.late,
        f"a decision within {timed[0].limit.text}",
        got=lambda each: each.told,
    )
    advise(not any(each.close for each in timed), "decisions in time by the strictest reading too")


@requirement("prior-auth.decision-time-expedited")
def test_expedited_requests_are_decided_in_time(decisions, clocks):
    timed = clocks.judge(decisions.histories(), "prior-auth.decision-time-expedited")

    expect.each(
        timed,
        lambda each: not each.late,
        f"a decision within {timed[0].limit.text}",
        got=lambda each: each.told,
    )
    advise(not any(each.close for each in timed), "decisions in time by the strictest reading too")


@requirement("drug-decisions.part-b")
def test_part_b_drugs_are_decided_in_time(decisions, clocks):
    timed = clocks.judge(decisions.histories(), "drug-decisions.part-b")

    expect.each(
        timed,
        lambda each: not each.late,
        "a decision within 72 hours, 24 where expedited",
        got=lambda each: each.told,
    )
    advise(not any(each.close for each in timed), "decisions in time by the strictest reading too")


@requirement("drug-decisions.issuer-decision")
def test_issuers_decide_drugs_in_time(decisions, clocks):
    timed = clocks.judge(decisions.histories(), "drug-decisions.issuer-decision")

    expect.each(
        timed,
        lambda each: not each.late,
        "a decision within 72 hours, 24 where expedited",
        got=lambda each: each.told,
    )


@requirement("drug-decisions.chip-decision")
def test_chip_decides_drugs_in_a_day(decisions, clocks):
    timed = clocks.judge(decisions.histories(), "drug-decisions.chip-decision")

    expect.each(timed, lambda each: not each.late, "a decision within 24 hours", got=lambda each: each.told)


@requirement("drug-decisions.medicaid-decision")
def test_medicaid_decides_drugs_in_a_day(decisions, clocks):
    timed = clocks.judge(decisions.histories(), "drug-decisions.medicaid-decision")

    expect.each(timed, lambda each: not each.late, "a decision within 24 hours", got=lambda each: each.told)


@requirement("prior-auth.contract-decision-time")
def test_requests_are_decided_as_the_contract_demands(decisions, clocks):
    timed = clocks.judge(decisions.histories(), "prior-auth.contract-decision-time")

    expect.each(
        timed,
        lambda each: not each.late,
        "a decision within the time that the contract gives",
        got=lambda each: each.told,
    )


@requirement("prior-auth.decision-in-two-days")
def test_requests_are_decided_as_fast_as_physicians_ask(decisions, clocks):
    timed = clocks.judge(decisions.histories(), "prior-auth.decision-in-two-days")

    expect.each(
        timed,
        lambda each: not each.late,
        "a decision within 48 hours, 24 where urgent",
        got=lambda each: each.told,
    )


@requirement("prior-auth.real-time")
def test_requests_are_decided_in_real_time(decisions, clocks):
    own = [each for each in decisions.histories() if each.source == "submission"]
    timed = clocks.judge(need(own, "a request that was taken", change="cases.prior-auth"), "prior-auth.real-time")

    expect.each(
        timed,
        lambda each: not each.late,
        f"a decision within {timed[0].limit.text}",
        got=lambda each: each.told,
    )

"""How long it took: the answer, and the decision."""

from conformance import advise, expect, need, requirement


@requirement("prior-auth.response-time")
def test_submissions_are_answered_in_time(prior_auth, latency):
    prior_auth.submissions()
    limit = latency.limit("prior-auth.submit")

    expect.each(
        need(latency.samples("prior-auth.submit"), "an answered submission"),
        lambda answer: answer.seconds <= limit,
        f"an answer within {limit:g} s",
        got=lambda answer: f"{answer.seconds:.1f} s",
        at=lambda answer: f"cases.prior-auth.{answer.case}",
    )


@requirement("prior-auth.decision-time-standard")
def test_standard_requests_are_decided_in_time(prior_auth, clocks):
    timed = clocks.judge(prior_auth.known("standard"), "prior-auth.decision-time-standard")

    expect.each(
        timed,
        lambda each: not each.late,
        f"a decision within {timed[0].limit.text}",
        got=lambda each: each.told,
    )
    advise(not any(each.close for each in timed), "decisions in time by the strictest reading too")


@requirement("prior-auth.decision-time-expedited")
def test_expedited_requests_are_decided_in_time(prior_auth, clocks):
    timed = clocks.judge(prior_auth.known("expedited"), "prior-auth.decision-time-expedited")

    expect.each(
        timed,
        lambda each: not each.late,
        f"a decision within {timed[0].limit.text}",
        got=lambda each: each.told,
    )
    advise(not any(each.close for each in timed), "decisions in time by the strictest reading too")

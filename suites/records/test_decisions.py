"""A year of decisions: in time by the clock in force at receipt, and every denial with its reason."""

from conformance import advise, expect, need, only_if, requirement


@requirement("prior-auth.decision-time-standard")
def test_recorded_standard_requests_were_decided_in_time(records):
    timed = only_if(records.timed("prior-auth.decision-time-standard"), "records of standard requests")

    expect.counted(need(timed.judgeable, timed.lacking), "a decision within the clock in force at receipt")
    advise(not timed.partial, "records that show all of it", got=timed.partial)
    advise(not timed.close, "decisions in time by the strictest reading too", got=timed.close)


@requirement("prior-auth.decision-time-expedited")
def test_recorded_expedited_requests_were_decided_in_time(records):
    timed = only_if(records.timed("prior-auth.decision-time-expedited"), "records of expedited requests")

    expect.counted(need(timed.judgeable, timed.lacking), "a decision within the clock in force at receipt")
    advise(not timed.partial, "records that show all of it", got=timed.partial)
    advise(not timed.close, "decisions in time by the strictest reading too", got=timed.close)


@requirement("prior-auth.decision-extension")
def test_recorded_extensions_were_announced_and_asked_for(records):
    extended = only_if(records.extensions(), "records of extended requests")

    expect.counted(need(extended.judgeable, extended.lacking), "an extension with its notice, and who asked for it")


@requirement("prior-auth.denial-reason-any-channel")
def test_every_recorded_denial_gave_a_specific_reason(records):
    denials = only_if(records.denials("items"), "records of denials of items and services")

    expect.counted(need(denials.judgeable, denials.lacking), "a specific reason for the denial")
    advise(not denials.partial, "records that show all of it", got=denials.partial)

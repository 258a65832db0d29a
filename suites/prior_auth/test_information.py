"""More information: how it is asked for in an answer, and which questionnaire is meant."""

from conformance import expect, only_if, requirement


@requirement("pas.information-request")
def test_a_request_for_information_says_what_is_wanted(information):
    asked = information.asked()

    expect.each(
        only_if(asked, "answers that ask for more information"),
        lambda each: not each.faults,
        "an active request in the codes of the profile, about items of the Claim",
        got=lambda each: "; ".join(each.faults),
    )


@requirement("pas.questionnaire-trace")
def test_a_questionnaire_is_to_be_had_for_the_trace_number(information):
    asked = only_if(information.by_questionnaire(), "answers that ask for a questionnaire (LOINC 102089-0)")

    expect.each(asked, lambda each: each.traces, "a trace number beside the request")
    expect.each(
        asked,
        information.questionnaires,
        "a questionnaire that the documentation service gives for the trace number",
        got=lambda each: f"none for {', '.join(each.traces)}",
    )

"""Requests that nobody could approve, and a request sent again."""

from conformance import expect, need, only_if, requirement


@requirement("pas.unknown-member")
def test_nothing_is_approved_for_somebody_unknown(probes):
    probe = probes.about_nobody()

    expect(not probe.granted, "no approval for somebody who is not on file", at=probe.at, got=probe.told)


@requirement("pas.ended-coverage")
def test_nothing_is_approved_under_an_ended_coverage(probes):
    probe = probes.under_ended_coverage()

    expect(not probe.granted, "no approval under a coverage that has ended", at=probe.at, got=probe.told)


@requirement("pas.wrong-payer")
def test_nothing_is_approved_in_the_name_of_another_payer(probes):
    probe = probes.for_another_payer()

    expect(not probe.granted, "no approval of a request to another payer", at=probe.at, got=probe.told)


@requirement("pas.unknown-service")
def test_no_code_that_does_not_exist_is_approved(probes):
    probe = probes.for_no_service()

    expect(not probe.granted, "no approval of a code that does not exist", at=probe.at, got=probe.told)


@requirement("pas.repeated-request")
def test_a_repeated_request_leads_to_no_second_authorization(probes):
    first, again = probes.again()
    known = {*first.first.numbers, *first.deciding.numbers}

    need(all(again.granted), "numbers to tell authorizations by", because="pas.authorization-number")
    new = [number for number in again.granted if number not in known]
    expect(not new, "the authorization that was given already, or none", at=again.at, got=f"{len(new)} new numbers")


@requirement("pas.error-code")
def test_business_errors_are_coded_in_x12(probes):
    expect.each(
        only_if(probes.errors(), "business errors"),
        lambda error: error.in_x12,
        "a code of X12 901",
        got=lambda error: ", ".join(f"{each.system}|{each.code}" for each in error.codes),
        at=lambda error: error.at,
    )

"""The right data: what the payer holds of the matched member, and nobody else's."""

from conformance import expect, need, requirement


@requirement("payer-to-payer.matched-data")
def test_the_declared_kinds_of_data_are_returned(exchange):
    holds = exchange.holds()
    given = exchange.everything().types

    expect.each(holds, lambda kind: kind in given, "data of this kind", at=lambda kind: kind)


@requirement("payer-to-payer.right-member")
def test_the_matched_member_is_the_one_asked_for(exchange):
    patient = need(exchange.matched_patient(), "the matched member's Patient", because="payer-to-payer.matched-data")

    expect(
        exchange.is_asked_for(patient),
        "the family name and birth date that were asked for",
        at=patient.at,
        got="another person",
    )


@requirement("payer-to-payer.only-the-matched-member")
def test_nobody_elses_records_are_among_them(exchange):
    everything = exchange.everything()
    member = f"Patient/{exchange.patient()}"
    strangers = {entry.at for entry in everything.strangers(member)}

    expect.each(
        need(everything.entries, "a record", because="payer-to-payer.matched-data"),
        lambda entry: entry.at not in strangers,
        "records of the matched member only",
        got=lambda entry: f"{entry.type} about {', '.join(entry.subjects)}",
    )

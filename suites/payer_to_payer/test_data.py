"""The right data: what the payer holds of the matched member, and nobody else's."""

from conformance import advise, expect, need, requirement
from conformance.apis.subjects import told

MOST_ADVISED = 20


@requirement("payer-to-payer.matched-data")
def test_the_declared_kinds_of_data_are_returned(exchange):
    holds = exchange.holds()
    everything = exchange.everything()
    given, lost = everything.types, everything.lost

    advise(not lost, "next pages at the payer's own origin, where our credentials go", at=everything.at, got=lost)
    expect.each(holds, lambda kind: kind in given, "data of this kind", at=lambda kind: kind,
                got=lambda _: f"a next page at another origin ({lost})" if lost else None)  # fmt: skip


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

    for entry in everything.unplaced(member)[:MOST_ADVISED]:
        advise(False, "a record that says it is the member's", at=entry.at, got=", ".join(map(told, entry.subjects)))
    expect.each(
        need(everything.entries, "a record", because="payer-to-payer.matched-data"),
        lambda entry: entry.at not in strangers,
        "records of the matched member only",
        got=lambda entry: f"{entry.type} about {', '.join(map(told, entry.subjects))}",
    )

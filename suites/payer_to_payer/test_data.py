"""The right data: what the payer holds of the matched member, and nobody else's."""

from conformance import advise, expect, need, requirement
from conformance.apis.subjects import told

MOST_ADVISED = 20


@requirement("payer-to-payer.matched-data")
def test_the_declared_kinds_of_data_are_returned(exchange):
    holds = exchange.holds()
    given = exchange.harvest()

    advise(not (given.lost or given.looped), "pages that can be followed to their end", at="Bundle",
           got=given.lost or given.looped)  # fmt: skip
    need(
        not given.lost or set(holds) <= set(given.types), "all pages: " + given.lost,
        change="apis.payer-to-payer.base_url",
    )  # fmt: skip
    expect.each(holds, lambda kind: kind in given.types, "data of this kind", at=lambda kind: kind)


@requirement("payer-to-payer.five-years")
def test_data_of_almost_five_years_are_returned(exchange):
    oldest = exchange.oldest()
    given = exchange.harvest()
    need(not given.lost, "all pages: " + given.lost, change="apis.payer-to-payer.base_url")

    expect.each(
        oldest,
        lambda each: given.oldest.get(each.type, "9999")[:10] <= each.date,
        "a record from this day or before",
        got=lambda each: f"{each.date} declared, {given.oldest.get(each.type, 'nothing')} the oldest that came",
    )


@requirement("payer-to-payer.unstructured-documents")
def test_the_documents_of_an_authorization_are_passed_on(exchange):
    lost = exchange.harvest().lost
    need(not lost, "all pages: " + lost, change="apis.payer-to-payer.base_url")

    expect.each(
        exchange.documented(),
        lambda each: each.documents,
        "the authorization with a document that it refers to",
        got=lambda each: "no document" if each.came else "no such authorization",
    )


@requirement("payer-to-payer.right-member")
def test_the_matched_member_is_the_one_asked_for(exchange, member_match):
    expect(not member_match.is_anothers_number("one-match"), "the member's own number", at="MemberIdentifier",
           got="another member's")  # fmt: skip
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


@requirement("payer-to-payer.unmatched-members")
def test_nothing_is_given_of_a_member_whom_nobody_matched(exchange):
    expect.each(
        exchange.unmatched(),
        lambda each: not each.found,
        "nothing of a member who was not matched",
        at=lambda each: each.way,
        got=lambda each: ", ".join(each.found[:3]),
    )


@requirement("payer-to-payer.own-matches")
def test_what_one_client_matched_is_not_given_to_another(exchange):
    expect.each(
        exchange.to_another_client(),
        lambda each: not each.found,
        "nothing for a client that did not match the member",
        at=lambda each: each.way,
        got=lambda each: ", ".join(each.found[:3]),
    )


@requirement("payer-to-payer.response-time")
def test_the_data_are_there_within_a_business_day(responses):
    timed = responses.judge()

    expect.each(
        timed,
        lambda each: not each.late,
        f"the data within {timed[0].limit.text}",
        got=lambda each: each.told,
    )
    advise(not any(each.close for each in timed), "data in time by the strictest reading too")

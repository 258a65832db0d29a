"""Bulk payer-to-payer exchange: whom the old payer matched, and what it sent of them."""

from conformance import advise, expect, need, requirement
from conformance.apis.match_groups import is_preserved
from conformance.apis.raw import outcome_count

CLAIM = "ExplanationOfBenefit?use=claim"
MOST_ADVISED = 20


@requirement("pdex.match-buckets")
def test_each_member_is_in_the_group_where_it_belongs(bulk_match):
    matching = bulk_match.placed()

    expect.each(
        matching.sent,
        lambda each: not matching.misplaced(each),
        "the member once in its Group, and in no other",
        got=matching.misplaced,
    )


@requirement("pdex.match-groups")
def test_the_groups_say_what_they_are(bulk_match):
    groups = need(bulk_match.matched().groups, "a Group", because="pdex.match-buckets")

    expect.each(
        groups,
        lambda group: group.code and group.type == "person" and group.actual,
        "a Group of actual persons with a result as its code",
        got=lambda group: f"code {group.code or 'missing'}, type {group.type or 'missing'}",
    )
    expect(bulk_match.matched().group("match"), "the Group of the matched members", got="no such Group")


@requirement("pdex.submitted-patients")
def test_each_member_contains_the_patient_that_was_submitted(bulk_match):
    matching = bulk_match.matched()
    found = [(each, group, matching.found(each, group)) for each in matching.sent for group in matching.groups]
    members = [each for group in matching.groups for each in group.members]

    expect.each(
        need(members, "a member", because="pdex.match-buckets"), lambda each: each.submitted, "a contained Patient"
    )
    expect.each(
        need([each for each in found if each[2]], "a member", because="pdex.match-buckets"),
        lambda each: is_preserved(each[0].patient, each[2].submitted),
        "the Patient as it was submitted",
        at=lambda each: each[2].at,
        got=lambda each: "another Patient" if each[2].submitted else "no contained Patient",
    )


@requirement("pdex.empty-match")
def test_the_group_of_the_matched_is_there_where_nobody_is_matched(bulk_match):
    matching = bulk_match.nobody_matched()

    expect(
        matching.group("match"), "the Group of the matched members, empty", at="match of nobody", got="no such Group"
    )


@requirement("pdex.several-coverages")
def test_a_member_who_is_sent_with_two_coverages_is_told_by_coverage(bulk_match):
    expect.each(
        bulk_match.twice_covered(),
        lambda each: each.preserved,
        "the Coverage as it was submitted, contained and referred to by a member",
        got=lambda _: "no such Coverage",
    )


@requirement("pdex.only-the-members")
def test_nobody_elses_records_are_exported(bulk):
    found = bulk.findings("strangers")

    for each in bulk.export().harvest.unplaced.first[:MOST_ADVISED]:
        advise(False, "a record that says it is a member's", at=each.at, got=each.what)
    expect.each(
        found,
        lambda each: each is None,
        "records of the Group's members only",
        at=lambda each: each.at,
        got=lambda each: f"{each.type} about {each.what}",
    )


@requirement("pdex.no-amounts")
def test_no_claim_has_an_amount(bulk):
    found, given = bulk.findings("amounts"), bulk.export().harvest
    need(any(found) or given.types[CLAIM], "a claim", because="payer-to-payer.matched-data")

    for each in given.worded.first[:MOST_ADVISED]:
        advise(False, "claims whose texts speak of no sums", at=each.at, got=each.what)
    expect.each(
        found,
        lambda each: each is None,
        "no amounts in claims",
        at=lambda each: each.at,
        got=lambda each: each.what,
    )


@requirement("pdex.mapped-records")
def test_every_record_has_what_its_profile_requires(bulk):
    expect.each(
        bulk.findings("unmapped"),
        lambda each: each is None,
        "all that the profile for such a record requires",
        at=lambda each: each.at,
        got=lambda each: each.what,
    )


@requirement("pdex.past-authorizations")
def test_authorizations_that_ended_long_ago_are_not_sent(bulk):
    sent = need(bulk.whole().harvest.authorizations, "an authorization", because="payer-to-payer.matched-data")

    expect.each(sent, lambda each: not bulk.is_past(each), "an authorization of this year or the last",
                got=lambda each: f"one that ended {each.ends}")  # fmt: skip


@requirement("pdex.authorizations")
def test_authorizations_that_matter_are_sent(exchange):
    expect.each(
        exchange.documented("authorizations"), lambda each: each.came, "the authorization", got=lambda _: "nothing"
    )


@requirement("pdex.authorization-documents")
def test_authorizations_come_with_their_documents(exchange):
    declared = exchange.documented()

    expect.each(
        need(
            [each for each in declared if each.came],
            "an authorization",
            because="payer-to-payer.unstructured-documents",
        ),
        lambda each: each.documents,
        "a document that it refers to",
        got=lambda _: "no document",
    )


@requirement("pdex.provenance")
def test_a_provenance_names_the_payer_as_transmitter(bulk):
    harvest = bulk.whole().harvest

    expect(harvest.transmitted.total, "a Provenance with a transmitter and its targets", at="export", got="none")


@requirement("pdex.five-years-only")
def test_nothing_older_than_five_years_is_sent(bulk):
    expect.each(
        bulk.findings("too_old"),
        lambda each: each is None,
        "services of the last five years",
        at=lambda each: each.at,
        got=lambda each: f"{each.type} of {each.what}",
    )


@requirement("pdex.consent-at-export")
def test_a_consent_that_has_ended_is_no_longer_acted_on(bulk):
    found = bulk.after_consent()

    expect(
        found is None or not found[1].harvest.of_members[found[0]],
        "nothing of a member whose consent has ended",
        at="cases.payer-to-payer.consent-ends",
        got=f"{found[1].harvest.of_members[found[0]]} records" if found else None,
    )


@requirement("pdex.type-filter")
def test_a_type_filter_is_not_passed_over(bulk):
    asked = bulk.filtered()

    expect(
        outcome_count(asked.job.kick_off) == 1 if asked.refused else not asked.harvest.types["Encounter"],
        "the filter applied, or a refusal with an OperationOutcome",
        at=asked.at,
        got=f"status {asked.job.kick_off.status}, {asked.harvest.types['Encounter']} encounters that it leaves out",
    )

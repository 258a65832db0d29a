"""Provider Access: the data of attributed members who did not opt out, and of nobody else."""

from conformance import advise, expect, need, only_if, requirement
from conformance.apis.bulk_manifest import is_given

CLAIM = "ExplanationOfBenefit?use=claim"
MOST_ADVISED = 20


@requirement("provider-access.standards")
def test_the_provider_access_api_speaks_fhir_r4_and_exports_groups(discovery, bulk):
    capabilities = discovery.capabilities()
    begun = [answer.status for answer in bulk.kick_offs()]

    expect(capabilities.fhir_version == "4.0.1", "fhirVersion 4.0.1", at="CapabilityStatement",
           got=capabilities.fhir_version)  # fmt: skip
    expect(202 in begun, "202 to the export of a Group, the guide's or the standard's", at="export", got=begun)


@requirement("provider-access.data")
def test_the_declared_data_since_2016_are_given(bulk, provider_access):
    given = bulk.whole().harvest

    expect.each(provider_access.holds(), lambda kind: kind in given.types, "data of this kind", at=lambda kind: kind)
    expect.each(
        provider_access.oldest(),
        lambda each: given.oldest.get(each.type, "9999")[:10] <= each.date,
        "a record from this day or before",
        got=lambda each: f"{each.date} declared, {given.oldest.get(each.type, 'nothing')} the oldest that came",
    )


@requirement("provider-access.response-time")
def test_the_data_are_there_within_a_business_day(responses):
    timed = responses.judge()

    expect.each(
        timed,
        lambda each: not each.late,
        f"the data within {timed[0].limit.text}",
        got=lambda each: each.told,
    )
    advise(not any(each.close for each in timed), "data in time by the strictest reading too")


@requirement("provider-access.attribution")
def test_members_of_other_providers_are_not_given(groups):
    expect.each(
        groups.foreign(),
        lambda answer: answer.status != 202 and not is_given(answer),
        "a refusal",
        at=lambda answer: answer.operation,
        got=lambda answer: f"status {answer.status}",
    )


@requirement("provider-access.opt-out")
def test_who_opted_out_is_left_out_until_they_opt_in_again(provider_access):
    expect.each(
        provider_access.opted_out(),
        lambda each: each.came == each.due,
        "the member's choice kept",
        got=lambda each: "data of the member" if each.came else "no data of the member",
    )


@requirement("pdex.provider-amounts")
def test_no_claim_has_an_amount(bulk, provider_access):
    only_if(not provider_access.amounts_agreed, "an agreement with the provider lets amounts be sent")
    found, given = bulk.findings("amounts"), bulk.export().harvest
    need(any(found) or given.types[CLAIM], "a claim", because="provider-access.data")

    for each in given.worded.first[:MOST_ADVISED]:
        advise(False, "claims whose texts speak of no sums", at=each.at, got=each.what)
    expect.each(
        found,
        lambda each: each is None,
        "no amounts in claims",
        at=lambda each: each.at,
        got=lambda each: each.what,
    )


@requirement("pdex.provider-members")
def test_nobody_elses_records_are_given(bulk):
    expect.each(
        bulk.findings("strangers"),
        lambda each: each is None,
        "records of the Group's members only",
        at=lambda each: each.at,
        got=lambda each: f"{each.type} about {each.what}",
    )


@requirement("pdex.provider-mapped-records")
def test_every_record_has_what_its_profile_requires(bulk):
    expect.each(
        bulk.findings("unmapped"),
        lambda each: each is None,
        "all that the profile for such a record requires",
        at=lambda each: each.at,
        got=lambda each: each.what,
    )


@requirement("pdex.provider-match")
def test_each_member_asked_for_is_in_the_group_where_it_belongs(bulk_match):
    matching = bulk_match.placed()

    expect.each(
        matching.sent,
        lambda each: not matching.misplaced(each),
        "the member once in its Group, and in no other",
        got=matching.misplaced,
    )

"""The right member, or none: $member-match and its refusals."""

from conformance import expect, need, requirement
from conformance.apis.raw import body_of, raw_problem
from conformance.apis.refusal import holds_data


@requirement("payer-to-payer.answers-are-fhir")
def test_every_answer_is_fhir(exchange):
    answers = exchange.raw_answers()

    def problem(answer):
        return raw_problem(
            answer, ("Bundle", "Parameters", "Patient"), may_refuse=answer.operation.endswith("member-match")
        )

    expect.each(
        answers,
        lambda answer: not problem(answer),
        "a FHIR R4 answer in JSON",
        got=problem,
        at=lambda answer: f"{answer.operation} {answer.case}",
    )


@requirement("payer-to-payer.one-match")
def test_a_member_who_is_known_is_matched(member_match):
    answer = member_match.match("one-match")

    expect(
        answer.status == 200 and answer.match and answer.match.is_single,
        "200 with Parameters, one MemberIdentifier and no second MemberId",
        at=answer.at,
        got=answer.told,
    )


@requirement("payer-to-payer.member-identifier")
def test_the_member_identifier_is_of_the_versions_type(member_match):
    answer = member_match.match("one-match")
    found = need(answer.match and answer.match.identifiers, "a match", because="payer-to-payer.one-match")
    wanted = (member_match.guide["member_identifier_system"], member_match.guide["member_identifier_code"])

    expect.each(
        found,
        lambda each: each.value and wanted in {(code.system, code.code) for code in each.type_codings},
        f"a value and the type {wanted[0]}#{wanted[1]}",
        got=lambda each: ", ".join(f"{code.system}#{code.code}" for code in each.type_codings) or "no type",
    )


@requirement("payer-to-payer.member-id")
def test_the_match_refers_to_the_patient(member_match):
    answer = member_match.match("one-match")
    match = need(answer.match, "a match", because="payer-to-payer.one-match")

    expect(match.member.startswith("Patient/"), "MemberId, a reference to a Patient", at=answer.at, got=match.member_id)


@requirement("payer-to-payer.no-match")
def test_nobody_is_matched_where_nobody_is_known(member_match):
    answer = member_match.match("no-match")

    expect(answer.status == 422, "422", at=answer.at, got=answer.told)


@requirement("payer-to-payer.several-matches")
def test_nobody_is_matched_where_several_could_be(member_match):
    answer = member_match.match("several-matches")

    expect(answer.status == 422, "422", at=answer.at, got=answer.told)


@requirement("payer-to-payer.near-miss")
def test_a_near_miss_is_nobody(member_match):
    expect.each(
        member_match.near_misses(),
        lambda answer: answer.status == 422 and not answer.names_somebody,
        "422 without a member's identifier or reference",
        got=lambda answer: answer.told,
    )


@requirement("payer-to-payer.coverage-to-link")
def test_a_coverage_to_link_may_be_minimal_or_full(member_match):
    expect.each(
        member_match.linked(),
        lambda answer: answer.status == 200 and answer.match and answer.match.identifiers,
        "a match",
        at=lambda answer: answer.exchange.case,
        got=lambda answer: answer.told,
    )


@requirement("payer-to-payer.probing", last=True)
def test_guessing_is_hindered(member_match):
    need(member_match.match("one-match").match, "a member who is matched", because="payer-to-payer.one-match")
    tried = member_match.probed()

    expect(
        tried.hindered,
        "a refusal to go on, or ever slower answers",
        at="cases.payer-to-payer.probing",
        got=f"{len(tried.answers)} wrong guesses answered alike",
    )


@requirement("payer-to-payer.consent-refused")
def test_a_consent_that_cannot_be_complied_with_is_refused(member_match):
    expect.each(
        member_match.consents(),
        lambda answer: answer.status == 422 and not answer.names_somebody,
        "422 without a member's identifier or reference",
        got=lambda answer: answer.told,
    )


@requirement("payer-to-payer.consent-required")
def test_nobody_is_matched_without_a_consent(member_match):
    answer = member_match.match("consent-absent")

    expect(
        answer.refused and not answer.names_somebody,
        "a refusal without a member's identifier or reference",
        at=answer.at,
        got=answer.told,
    )


@requirement("payer-to-payer.refusal-outcome")
def test_a_refusal_says_why(member_match):
    expect.each(
        member_match.refusals(),
        lambda answer: answer.outcomes,
        "an OperationOutcome",
        got=lambda answer: answer.told,
    )
    need(member_match.match("one-match").match, "a member who is matched", because="payer-to-payer.one-match")


@requirement("payer-to-payer.refusal-reveals-nothing")
def test_a_refusal_names_no_member(member_match):
    expect.each(
        member_match.refusals(),
        lambda answer: not member_match.revealed(answer),
        "nothing that identifies a member",
        got=lambda answer: f"{len(member_match.revealed(answer))} identifying values of members",
    )
    need(member_match.match("one-match").match, "a member who is matched", because="payer-to-payer.one-match")


@requirement("payer-to-payer.no-token-no-data")
def test_without_a_token_no_data_is_given(exchange):
    expect.each(
        exchange.without_token(),
        lambda answer: not holds_data(body_of(answer)),
        "no data without a token",
        at=lambda answer: answer.operation,
        got=lambda answer: f"status {answer.status} with data",
    )


@requirement("payer-to-payer.bound-token")
def test_a_token_is_worth_nothing_without_the_certificate_it_came_with(exchange):
    expect.each(
        exchange.bound(),
        lambda answer: not holds_data(body_of(answer)),
        "no data without the client certificate that the token came with",
        at=lambda answer: answer.operation,
        got=lambda answer: f"status {answer.status} with data",
    )

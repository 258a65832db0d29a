"""The authorization server: what it publishes, the token it gives, the assertions it refuses."""

from conformance import expect, need, only_if, requirement
from conformance.apis.discovery_faults import document_faults, required_keys, smart_faults
from conformance.apis.raw import body_of
from conformance.apis.refusal import holds_data


@requirement("smart.configuration")
def test_the_smart_configuration_holds_the_required_keys(discovery):
    answer = discovery.smart_exchange()
    expect(answer.status == 200, "a SMART configuration", at=answer.url, got=f"status {answer.status}")

    smart, guide = discovery.smart_document(), discovery.guide
    needed = required_keys(smart, guide) if smart else ()
    inside = smart_faults(smart, needed, guide["url_keys"]) if smart else ("no JSON object",)
    faults = "; ".join((*document_faults(answer.media_type), *inside))
    expect(not faults, "JSON with the required keys, lists in lists, absolute URLs", at=answer.url, got=faults)


@requirement("smart.code-challenge")
def test_code_challenges_are_s256_and_never_plain(discovery):
    methods = need(discovery.smart().code_challenge_methods, "code challenge methods", because="smart.configuration")

    expect("S256" in methods and "plain" not in methods, "S256 and not plain", got=", ".join(methods))


@requirement("smart.asymmetric-client")
def test_asymmetric_clients_can_sign_with_a_named_algorithm(discovery):
    smart, guide = discovery.smart(), discovery.guide
    only_if(guide["asymmetric_capability"] in smart.capabilities, "servers that offer asymmetric clients")

    expect(
        guide["asymmetric_method"] in smart.token_auth_methods, guide["asymmetric_method"], got=smart.token_auth_methods
    )
    expect(set(guide["asymmetric_algorithms"]) & set(smart.signing_algorithms), "RS384 or ES384",
           got=", ".join(smart.signing_algorithms))  # fmt: skip


@requirement("smart.token-answer")
def test_the_token_answer_says_what_it_grants(trust):
    answer = trust.token()

    expect.each(
        {"access_token": str, "token_type": str, "expires_in": (int, float), "scope": str}.items(),
        lambda each: answer.members.get(each[0]) and isinstance(answer.members[each[0]], each[1]),
        "the member in the token answer",
        at=lambda each: each[0],
        got=lambda _: answer.told,
    )
    expect(str(answer.members["token_type"]).lower() == "bearer", "token_type bearer", got=answer.members["token_type"])


@requirement("smart.token-lifetime")
def test_tokens_last_five_minutes_at_most(trust):
    lasts = need(trust.token().members.get("expires_in"), "a stated lifetime", because="smart.token-answer")

    expect(isinstance(lasts, int) and lasts <= 300, "at most 300 seconds", got=lasts)


@requirement("smart.assertion-replay")
def test_an_assertion_is_refused_the_second_time(trust):
    answer = trust.replayed()

    expect(not answer.granted, "a replayed assertion refused", got=answer.told)


@requirement("smart.assertion-signature")
def test_an_assertion_signed_by_a_stranger_is_refused(trust):
    answer = trust.foreign()

    expect(not answer.granted, "an assertion with a foreign signature refused", got=answer.told)


@requirement("smart.scope-enforced")
def test_a_token_opens_only_what_its_scope_names(trust):
    answer = trust.beyond_its_scope()

    expect(not holds_data(body_of(answer)), "no data beyond the token's scope", got=f"status {answer.status} with data")


@requirement("smart.assertion-expiry")
def test_an_expired_assertion_is_refused(trust):
    answer = trust.forged("expired")

    expect(not answer.granted, "an assertion refused that expired ten minutes ago", got=answer.told)


@requirement("smart.assertion-audience")
def test_an_assertion_for_another_server_is_refused(trust):
    answer = trust.forged("another audience")

    expect(not answer.granted, "an assertion refused that is meant for another token endpoint", got=answer.told)


@requirement("smart.assertion-client")
def test_an_assertion_of_an_unknown_client_is_refused(trust):
    answer = trust.forged("another client")

    expect(not answer.granted, "an assertion refused whose client nobody registered", got=answer.told)


@requirement("smart.assertion-unsigned")
def test_an_unsigned_assertion_is_refused(trust):
    answer = trust.forged("unsigned")

    expect(not answer.granted, "an assertion refused that nobody signed (alg none)", got=answer.told)


@requirement("smart.clock-skew")
def test_a_clock_that_is_five_seconds_ahead_is_borne_with(trust):
    answer = trust.ahead()

    expect(answer.granted, "a token for a client whose clock is five seconds ahead", got=answer.told)


@requirement("smart.expired-token", last=True)
def test_a_token_that_has_expired_opens_nothing(trust):
    answer = trust.expired()

    expect(not holds_data(body_of(answer)), "no data for a token that expired minutes ago", at=answer.url,
           got=f"status {answer.status} with data")  # fmt: skip


@requirement("smart.forged-token")
def test_a_token_that_nobody_issued_opens_nothing(trust):
    answers = trust.made_up()

    expect.each(
        answers,
        lambda each: not holds_data(body_of(each)),
        "no data for a token that nobody issued",
        at=lambda each: each.url,
        got=lambda each: f"status {each.status} with data",
    )

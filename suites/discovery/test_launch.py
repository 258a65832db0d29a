"""How a member's app gets its token: the member's consent, a code, and the verifier that shows whose it is."""

from conformance import expect, need, requirement


@requirement("smart.launch")
def test_an_app_that_a_member_agrees_to_gets_a_token_for_the_member(launch):
    found = launch.launched()

    expect(found.said.get("state") == found.state, "our state", at=found.url, got="another, or none")
    expect.each(
        ("access_token", "token_type", "scope", "patient"),
        lambda key: found.token.get(key),
        "the member in the token answer",
        at=lambda key: key,
        got=lambda _: found.told,
    )


@requirement("smart.code-verifier")
def test_a_code_is_worth_nothing_without_its_verifier(launch):
    found = launch.without_verifier()
    need(found.answer, "a code", because="smart.launch")

    expect(not found.token.get("access_token"), "a code with a foreign verifier refused", at=found.url, got=found.told)

"""Whom the formulary is shown: strangers, a member with a token of the member's own, a client of another scope."""

from conformance import advise, expect, need, only_if, requirement
from conformance.apis.drug_files import fine, why
from conformance.apis.formulary_found import refuses_strangers
from conformance.apis.raw import body_of
from conformance.apis.refusal import holds_data


@requirement("formulary.anonymous-asks-nothing")
def test_anonymous_access_asks_nothing_personal(formulary_access):
    answer = formulary_access.anonymous()
    only_if(not refuses_strangers(answer), "offers of anonymous access")

    expect(
        answer.status < 400,
        "formularies without any information about the person who asks",
        at=answer.url,
        got=f"status {answer.status}",
    )


@requirement("usdf.scope")
def test_a_token_of_another_scope_opens_no_items(formulary_access, formulary):
    need(formulary.items, "a formulary item", because="formulary.answers-are-fhir")
    answer = formulary_access.beyond_its_scope()

    expect(not holds_data(body_of(answer)), "no items to a token of another scope", at=answer.url,
           got=f"status {answer.status} with data")  # fmt: skip
    advise(answer.status == 403, "403", at=answer.url, got=f"status {answer.status}")


@requirement("usdf.member-plan")
def test_a_member_is_shown_the_own_plan_and_no_other(formulary_access):
    own, other = formulary_access.own_plan(), formulary_access.other_plan()
    shown, hidden = formulary_access.found_by_member(own), formulary_access.found_by_member(other)
    answer = formulary_access.read_by_member(other)

    expect(shown.covers({own.id}), "the member's own plan", at=shown.at, got=f"{shown.said}, without it")
    expect(hidden.ok and other.id not in hidden.ids, "200, and no plan of others", at=hidden.at,
           got=f"{hidden.said}, {len(hidden.matches)} found")  # fmt: skip
    expect(answer.status == 400, "400", at=answer.url, got=f"status {answer.status}")


@requirement("usdf.member-drugs")
def test_a_member_finds_the_items_and_drugs_of_the_own_plan(formulary_access):
    expect.each(formulary_access.own_items(), fine, "the item and its drug, shown to the member", got=why)

"""Payer-to-payer and trust scenarios where one bend is not enough: one scenario alone, own target files, own bends."""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from conformance import clock, paths
from conformance.expect import REQUIREMENT
from conformance.flows.bulk import Bulk
from conformance.flows.discovery import Discovery
from conformance.flows.member_matching import MemberMatching
from conformance.flows.payer_to_payer import PayerToPayer
from conformance.flows.provider_access import ProviderAccess
from conformance.flows.recording import Options
from conformance.flows.trust import Trust
from conformance.judging import Outcome, judged
from conformance.opening import guides, open_target
from conformance.run import Subject
from conformance.sandbox import app, seed
from conformance.sandbox.faults import bent, changes, exchange_edits
from conformance.sandbox.frame import Answer, Bend, Call
from conformance.sandbox.outcome import refusal
from conformance.sandbox.serve import Running, serve
from conformance.wire.payer import Limits

EVERYTHING, SEARCH = "payer-to-payer.everything", "payer-to-payer.search"
VIEWS: dict[str, tuple[str, str, Callable[..., Any]]] = {
    "exchange": ("payer-to-payer", "hrex", PayerToPayer),
    "member_match": ("payer-to-payer", "hrex", MemberMatching),
    "bulk": ("provider-access", "pdex", Bulk),
    "provider_access": ("provider-access", "pdex", ProviderAccess),
    "discovery": ("payer-to-payer", "hrex", Discovery),
    "trust": ("prior-auth", "smart", Trust),
}
Judge = Callable[..., Outcome]


def scenario(requirement: str) -> Callable[..., None]:
    for suite in ("payer_to_payer", "provider_access", "discovery"):
        for path in sorted((paths.suites() / suite).glob("test_*.py")):
            spec = importlib.util.spec_from_file_location(f"judged_{path.stem}", path)
            assert spec
            assert spec.loader
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            for each in vars(module).values():
                if getattr(each, REQUIREMENT, "") == requirement:
                    return each
    raise LookupError(requirement)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serve(directory=tmp_path_factory.mktemp("judged"), tls=False) as payer:
        yield payer


@pytest.fixture
def of(running: Running) -> Judge:
    """What one scenario alone says of the model payer with some bends, at some target file."""

    def judging(
        requirement: str,
        *,
        names: Sequence[str] = (),
        bends: Sequence[Bend] = (),
        edit: tuple[tuple[str, str], ...] = (),
    ) -> Outcome:
        known, policies, named = bent(seed.load(running.clock.today()), running.policies, names)
        running.mount(app.build(known, running.clock, policies, (*named, *bends)))
        file = running.target_file.parent / "judged.toml"
        text = running.target_file.read_text("utf-8")
        for old, new in edit:
            assert old in text
            text = text.replace(old, new)
        file.write_text(text, "utf-8")
        given = {"guide": ["pas=2.2.1", "hrex=1.2.0", "usdf=2.1.0"]}
        target = open_target(str(file), given, guides(), today=clock.now().date())
        options = Options(intrusive=True)
        subject = Subject.open(target, guides(), options, limits=Limits(pause_seconds=0.01))
        asked = scenario(requirement)
        try:
            wanted = [VIEWS[each] for each in inspect.signature(asked).parameters]
            api, ig, _ = wanted[0]
            claim = next(each for each in target.apis[api].claim_list() if each.ig == ig)
            with judged(asked.__name__, requirement, "shall") as outcome:
                asked(*(view(subject.recording, claim) for _, _, view in wanted))
        finally:
            subject.close()
        return outcome

    return judging


def _refused(status: int) -> Bend:
    return Bend(EVERYTHING, lambda _call, _answer: refusal(status, "not-supported", "No."))


def _not_searched(call: Call, answer: Answer) -> bool:
    return "/" not in call.path and call.path != "Patient"


@pytest.mark.parametrize("status", [400, 403, 404, 405, 501])
def test_without_everything_and_searches_nothing_is_judged_of_the_data(of: Judge, status: int) -> None:
    bends = (_refused(status), Bend(SEARCH, changes.to_not_found, _not_searched))

    data = of("payer-to-payer.matched-data", bends=bends).verdict
    assert (data.verdict, data.change) == ("not-tested", "apis.payer-to-payer.paths.everything")
    assert of("payer-to-payer.answers-are-fhir", bends=bends).verdict.verdict == "pass"
    assert of("payer-to-payer.matched-data", bends=(_refused(status),)).verdict.verdict == "pass"


def test_what_is_missing_among_the_searches_is_missing(of: Judge) -> None:
    verdict = of("payer-to-payer.matched-data", bends=(_refused(404),), names=("withholds_the_claims",)).verdict

    assert verdict.verdict == "fail"
    assert [each.at for each in verdict.findings] == ["ExplanationOfBenefit?use=claim", "ExplanationOfBenefit"]


def test_a_second_page_that_is_refused_is_a_broken_answer(of: Judge) -> None:
    second = Bend(EVERYTHING, changes.to_not_found, lambda call, _answer: bool(call.query))
    paged = Bend(EVERYTHING, exchange_edits.paged("?page=2"), changes.succeeded)

    assert of("payer-to-payer.answers-are-fhir", bends=(paged, second)).verdict.verdict == "fail"
    data = of("payer-to-payer.matched-data", bends=(paged, second)).verdict
    assert (data.verdict, data.because) == ("not-tested", "payer-to-payer.answers-are-fhir")


def test_a_match_that_is_forbidden_is_judged_even_alone(of: Judge) -> None:
    assert of("payer-to-payer.no-match", names=("forbids_instead_of_refusing",)).verdict.verdict == "fail"


def test_a_client_that_may_not_match_is_the_testers_matter(of: Judge) -> None:
    narrow = ('scope = "system/*.rs system/Claim.crs system/Subscription.crud"', 'scope = "system/Claim.crs"')

    verdict = of("payer-to-payer.no-match", edit=(narrow,)).verdict
    assert (verdict.verdict, verdict.actor) == ("error", "your file")


@pytest.mark.parametrize("requirement", ["smart.token-answer", "smart.assertion-signature", "smart.assertion-replay",
                                         "smart.token-lifetime", "smart.scope-enforced"])  # fmt: skip
def test_a_wrong_client_id_is_the_testers_matter(of: Judge, requirement: str) -> None:
    verdict = of(requirement, edit=(('client_id = "conformance-client"', 'client_id = "nobody"'),)).verdict

    assert (verdict.verdict, verdict.actor) == ("error", "your file")


@pytest.mark.parametrize("name", ["refuses_narrow_scopes", "widens_narrow_scopes"])
def test_a_scope_that_cannot_be_narrowed_is_lawful(of: Judge, name: str) -> None:
    assert of("smart.scope-enforced", names=(name,)).verdict.verdict == "not-applicable"


def test_plain_http_is_for_tests(running: Running, of: Judge) -> None:
    assert of("discovery.tls-version").verdict.verdict == "not-applicable"
    production = ('environment = "test"', 'environment = "production"')
    assert of("discovery.tls-version", edit=(production,)).verdict.verdict == "not-applicable", "on this machine"
    away = (f"{running.base_url}/hrex", "http://payer.example/hrex")
    verdict = of("discovery.tls-version", edit=(production, away)).verdict
    assert verdict.verdict == "fail"
    assert verdict.findings[0].actual == "no TLS: plain http"


@pytest.mark.parametrize(
    ("name", "requirement", "advised"),
    [
        ("holds_an_earlier_payers_record", "payer-to-payer.only-the-matched-member", "https://earlier.example.org"),
        ("holds_a_letter_about_nobody", "payer-to-payer.only-the-matched-member", "nothing"),
        ("everything_in_pages", "payer-to-payer.matched-data", ""),
    ],
)
def test_what_nobody_can_place_is_advised(of: Judge, name: str, requirement: str, advised: str) -> None:
    verdict = of(requirement, names=(name,)).verdict

    assert verdict.verdict == "pass"
    assert [each.actual.startswith(advised) for each in verdict.advice] == ([True] if advised else [])


@pytest.mark.parametrize(
    "listing",
    [
        lambda group: group.pop("member"),
        lambda group: group.update(member=[{"entity": {"identifier": {"value": "A-1"}}}]),
    ],
    ids=["no members", "members by their numbers"],
)
def test_nobody_is_a_stranger_to_a_group_that_names_nobody(of: Judge, listing: Callable[[Any], object]) -> None:
    untold = Bend("bulk.groups", changes.resource(listing), changes.succeeded)

    verdict = of("pdex.provider-members", bends=(untold,)).verdict
    assert (verdict.verdict, verdict.message) == ("not-tested", "the Group does not tell by reference whom it holds")


def test_amounts_may_be_agreed_with_a_provider(of: Judge) -> None:
    agreed = ('group = "panel-riverbend"', 'group = "panel-riverbend"\namounts_agreed = true')

    assert of("pdex.provider-amounts", names=("sends_what_was_paid",)).verdict.verdict == "fail"
    assert of("pdex.provider-amounts", names=("sends_what_was_paid",), edit=(agreed,)).verdict.verdict == (
        "not-applicable"
    )


def test_words_about_sums_are_advice(of: Judge) -> None:
    verdict = of("pdex.provider-amounts", names=("notes_speak_of_sums",)).verdict

    assert verdict.verdict == "pass"
    assert {each.actual for each in verdict.advice} == {"ExplanationOfBenefit.processNote[0].text"}


def test_a_second_client_of_our_own_organization_may_share_our_matches(of: Judge) -> None:
    own = ('npi = "1999999919"', 'npi = "1397205844"')

    verdict = of("payer-to-payer.own-matches", names=("shares_matches_among_clients",), edit=(own,)).verdict
    assert (verdict.verdict, verdict.change) == ("not-tested", "other_requester.npi")

"""Each fault breaks exactly what it names, each variant nothing, in every version where it exists."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from datetime import date

import pytest
from pas_judge import broken
from pas_requests import CASES, VERSIONS, Desk, request

from conformance import paths
from conformance.sandbox import discovery, seed
from conformance.sandbox.faults import (
    prior_auth,
    prior_auth_probes,
    prior_auth_requests,
    prior_auth_rules,
    prior_auth_subscriptions,
)
from conformance.sandbox.frame import Answer, Call, Fault, Variant
from conformance.sandbox.store import Overlay, Payer

ELSEWHERE = ("prior-auth.response-time", "prior-auth.standards", "pas.declares-operations")  # judged further below
# What pas_judge does not send or look at: proven by the kill matrix alone.
UNSEEN = {
    "approves_what_it_modifies", "leaves_units_out", "codes_units_in_ucum", "describes_the_insurer_twice",
    "approves_less_than_nothing", "crashes_on_one_invalid_request",
    *(
        change.name
        for module in (prior_auth_probes, prior_auth_requests, prior_auth_subscriptions)
        for change in (*module.FAULTS, *module.VARIANTS)
    ),
}  # fmt: skip
BESIDE = {"pas.extension-values"}  # a form of extensions that pas_judge does not look at
SEEN = [fault for fault in prior_auth.FAULTS if fault.breaks[0] not in ELSEWHERE and fault.name not in UNSEEN]

LAWFUL = [variant for variant in prior_auth.VARIANTS if variant.name not in UNSEEN]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_clean_payer_breaks_nothing(version: str) -> None:
    assert broken(Desk(), version) == set()


def in_turn(changes: Sequence[Fault | Variant]) -> list[tuple[Fault | Variant, str]]:
    """Each change with a version it is looked at in: one and the other in turn, both where it is of some versions."""
    turns = enumerate(changes)
    return [(each, v) for n, each in turns for v in (VERSIONS if each.versions else VERSIONS[n % len(VERSIONS) :][:1])]


@pytest.mark.parametrize(("fault", "version"), in_turn(SEEN), ids=lambda one: getattr(one, "name", one))
def test_a_fault_breaks_what_it_names_and_nothing_else(fault: Fault, version: str) -> None:
    here = not fault.versions or f"pas={version}" in fault.versions

    assert broken(Desk(fault.name), version) == (set(fault.breaks) - BESIDE if here else set())


@pytest.mark.parametrize(("variant", "version"), in_turn(LAWFUL), ids=lambda one: getattr(one, "name", one))
def test_a_variant_breaks_nothing_but_what_it_may_be_advised_of(variant: Variant, version: str) -> None:
    # Which elements a whole run shows cannot be seen in one answer, nor what members are shown.
    here = {each for each in variant.advises if not each.startswith("patient-access.")}
    assert broken(Desk(variant.name), version) == here - {"pas.must-support-seen"}


def test_only_the_expedited_case_waits() -> None:
    fault = next(one for one in prior_auth.FAULTS if one.name == "answers_after_16_seconds")
    assert fault.bend
    answer = Answer(200, {"resourceType": "Bundle"})
    calls = {case: Desk()._call("submit", request(*codes), "2.2.1", {}) for case, codes in CASES.items()}

    assert fault.bend.delay == 16.0
    assert [case for case, call in calls.items() if fault.bend.when(call, answer)] == ["expedited"]
    assert not fault.bend.when(calls["expedited"], Answer(401, {"resourceType": "OperationOutcome"}))


@pytest.mark.parametrize("name", ["declares_fhir_r5", "declares_no_inquire"])
def test_what_is_declared_is_bent_at_this_api_alone(name: str) -> None:
    bend = next(one.bend for one in prior_auth.FAULTS if one.name == name)
    assert bend
    payer = Payer(seed.load(date.today()), Overlay(), seed.policies(), Desk().clock, "https://payer.test/x")
    for version in ("pas=2.0.1", "pas=2.2.1", "usdf=2.1.0", "hrex=1.2.0"):
        call = Call("discovery.metadata", version, "GET", "metadata")
        answer = discovery.metadata(call, payer)
        bent = bend.change(call, answer) if bend.when(call, answer) else answer
        statement = bent.resource()
        differs = {key for key in statement if statement[key] != answer.resource()[key]}
        changed = {"declares_fhir_r5": {"fhirVersion"}, "declares_no_inquire": {"rest"}}[name]
        assert differs == (changed if version.startswith("pas=") else set())
    operations = discovery.metadata(Call("", "pas=2.2.1", "GET", ""), payer).resource()["rest"][0]["resource"]
    assert {one["name"] for kind in operations for one in kind.get("operation", ())} == {"submit", "inquire"}


def test_the_codes_of_the_cases_are_those_of_the_services() -> None:
    services = tomllib.loads((paths.fixtures() / "sandbox" / "services.toml").read_text("utf-8"))["services"]
    by_case: dict[str, list[str]] = {}
    for code, rule in services.items():
        by_case.setdefault(rule.get("case", ""), []).append(code)

    assert {case: tuple(codes) for case, codes in by_case.items() if case in CASES} == CASES
    assert by_case["approved"] == [prior_auth.APPROVED]
    assert by_case["pended"] == [prior_auth_rules.PENDED]
    assert services[prior_auth.MIXED_DENIED]["decision"] == "denied"
    assert prior_auth.MIXED_DENIED in by_case["mixed"]


def test_every_text_is_a_sentence_and_every_name_is_used_once() -> None:
    named = [*prior_auth.FAULTS, *prior_auth.VARIANTS]

    assert len({one.name for one in named}) == len(named)
    assert all(one.text.endswith(".") for one in named)
    assert all(sum(bool(part) for part in (one.bend, one.seed, one.policies)) == 1 for one in named)

"""Catalogue, scenarios, faults and seed hold together: nothing observed without a row, no row without a proof."""

from __future__ import annotations

import ast
from collections import Counter
from datetime import date
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from conformance import paths
from conformance.catalogue import EXAMINED_AT, Requirement, load
from conformance.guides import load as load_guides
from conformance.links import links
from conformance.opening import versions_known
from conformance.run import MAIN_GUIDES
from conformance.sandbox import seed
from conformance.sandbox.app import VERSIONS
from conformance.sandbox.faults import bent, faults, variants
from conformance.sandbox.frame import Fault, Variant
from conformance.target import Claim

ROWS = load([paths.suites() / "requirements"]).requirements
GUIDES = load_guides(paths.suites() / "guides")
FAULTS, VARIANTS = faults(), variants()

# Of the clocks of drugs, those that an authorization on file shows as well as a record does.
DRUGS_BY_BOTH = {f"drug-decisions.{who}" for who in ("part-b", "issuer-decision", "chip-decision", "medicaid-decision")}
NAMED_FAULTS = (
    "denies_without_a_reason", "decides_after_eight_days", "matches_two_members",
    "hides_a_declared_prior_authorization", "answers_after_16_seconds",
)  # fmt: skip
NAMED_VARIANTS = (
    "reason_in_text", "reason_in_a_note", "end_by_circumstance", "not_found_instead_of_forbidden", "pended_first",
    "unknown_extensions",
)  # fmt: skip
LEAST_OBSERVED = 45


@cache
def scenarios() -> tuple[tuple[str, str], ...]:
    """("prior_auth.test_x", the requirement it names), for each scenario."""
    found = []
    for path in sorted(paths.suites().glob("*/test_*.py")):
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef):
                named = [
                    each.args[0].value
                    for each in node.decorator_list
                    if isinstance(each, ast.Call) and isinstance(each.args[0], ast.Constant)
                ]
                found += [(f"{path.parent.name}.{node.name}", str(name)) for name in named]
    return tuple(found)


@cache
def observed() -> frozenset[str]:
    return frozenset(requirement for _, requirement in scenarios())


@cache
def live() -> frozenset[str]:
    """What a run against an API observes; tests/audit holds the same of decision records."""
    return frozenset(requirement for name, requirement in scenarios() if not of_records(name))


def of_records(scenario: str) -> bool:
    return scenario.startswith(f"{paths.RECORDS}.")


def versions_of(row: Requirement) -> set[str]:
    """The claims ("pas=2.2.1") at which a scenario of this row runs, of those the suites know."""
    if row.kind == "law":
        main = MAIN_GUIDES.get(EXAMINED_AT.get(row.api, row.api), ())
        return {guide.label for guide in GUIDES.values() if guide.ig in main}
    return {
        guide.label
        for guide in GUIDES.values()
        for each in row.guide
        if each.ig == guide.ig and each.holds(guide.version)
    }


# -- rows and scenarios ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ROWS)
def test_every_row_has_a_scenario_or_a_reason_for_none(name):
    assert (name in observed()) != bool(ROWS[name].untested)


@pytest.mark.parametrize(("scenario", "requirement"), scenarios())
def test_every_scenario_has_a_row_that_is_shown_live(scenario, requirement):
    assert requirement in ROWS
    by_both = requirement.startswith("prior-auth.decision-time") or requirement in DRUGS_BY_BOTH
    assert (ROWS[requirement].shown == "live") != of_records(scenario) or by_both


def test_scenarios_have_names_of_their_own():
    assert not [name for name, times in Counter(name for name, _ in scenarios()).items() if times > 1]


def test_enough_is_observed():
    assert len(observed()) >= LEAST_OBSERVED
    assert len({name for name in observed() if ROWS[name].kind == "law"}) >= 15


@pytest.mark.parametrize("name", sorted(live() & set(ROWS)))
def test_what_is_observed_reaches_some_version(name):
    assert versions_of(ROWS[name])


def test_a_row_of_law_and_its_guide_twin_are_two_scenarios():
    for kind in (False, True):
        judged = Counter(requirement for name, requirement in scenarios() if of_records(name) is kind)
        assert set(judged.values()) == {1}


@pytest.mark.parametrize("name", ROWS)
def test_where_a_rule_can_be_read_is_a_link(name):
    row = ROWS[name]
    claims = [Claim(row.api, guide.ig, guide.version, "") for guide in GUIDES.values()]
    found = links(row, [law.cite for law in row.law], claims)

    assert found or row.status.state != "final"
    for each in found:
        address = urlsplit(each)
        assert (address.scheme, address.hostname) in {
            ("https", "www.ecfr.gov"), ("https", "hl7.org"), ("https", "github.com"),
        }  # fmt: skip
        assert "//" not in address.path
        assert not set(each) & set("{} ")


# -- faults ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(name for name in live() & set(ROWS) if ROWS[name].level == "shall"))
def test_every_shall_that_is_observed_has_a_fault_in_each_version(name):
    breaking = [fault for fault in FAULTS.values() if name in fault.breaks]

    assert breaking, "nothing shows that this scenario can fail"
    everywhere = any(not fault.versions for fault in breaking)
    assert everywhere or {version for fault in breaking for version in fault.versions} >= versions_of(ROWS[name])


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_every_fault_breaks_rows_that_are_observed(fault: Fault):
    assert fault.breaks
    assert set(fault.breaks) <= live()
    assert fault.text.endswith(".")
    assert sum(each is not None for each in (fault.bend, fault.seed, fault.policies)) == 1


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_every_variant_changes_one_thing(variant: Variant):
    assert variant.text.endswith(".")
    assert sum(each is not None for each in (variant.bend, variant.seed, variant.policies)) == 1
    assert set(variant.advises) <= observed()


@pytest.mark.parametrize("change", [*FAULTS.values(), *VARIANTS.values()], ids=lambda change: change.name)
def test_bends_and_versions_are_those_the_payer_serves(change: Fault | Variant):
    served = {f"{ig}={version}" for ig, versions in VERSIONS.items() for version in versions}

    assert set(change.versions) <= served
    if change.bend is not None:
        known = {operation for guide in GUIDES.values() for operation in guide.operations}
        assert change.bend.operation in known


@cache
def clean(_which: str):
    """What the clean payer knows, and its rules: once for the changes, once to see that they leave it as it was."""
    return seed.load(date(2027, 2, 1)), seed.policies()


@pytest.mark.parametrize("change", [*FAULTS.values(), *VARIANTS.values()], ids=lambda change: change.name)
def test_every_change_of_seed_or_rules_changes_something(change: Fault | Variant):
    clean_seed, clean_policies = clean("changed")
    bent_seed, bent_policies, bends = bent(clean_seed, clean_policies, [change.name])

    changed = (bent_seed != clean_seed, bent_policies != clean_policies, bool(bends))
    assert changed == (change.seed is not None, change.policies is not None, change.bend is not None)
    assert (clean_seed, clean_policies) == clean("never touched"), "the seed is frozen"


@pytest.mark.parametrize("name", NAMED_FAULTS)
def test_the_promised_faults_are_there(name):
    assert name in FAULTS


@pytest.mark.parametrize("name", NAMED_VARIANTS)
def test_the_promised_variants_are_there(name):
    assert name in VARIANTS


def test_no_fault_and_variant_share_a_name():
    assert not set(FAULTS) & set(VARIANTS)


def test_a_promised_fault_breaks_what_it_says():
    assert FAULTS["denies_without_a_reason"].breaks == ("prior-auth.denial-reason",)
    assert FAULTS["decides_after_eight_days"].breaks == ("prior-auth.decision-time-standard",)
    assert FAULTS["matches_two_members"].breaks == ("payer-to-payer.several-matches",)
    assert FAULTS["hides_a_declared_prior_authorization"].breaks == ("formulary.prior-authorization-flag",)
    assert FAULTS["answers_after_16_seconds"].breaks == ("prior-auth.response-time",)


# -- what the model payer knows ----------------------------------------------------------------------------------------


def test_the_seed_is_as_rich_as_promised():
    known = seed.load(date(2027, 2, 1))

    assert len(known.members) >= 6
    plans = [each for each in known.insurance_plans.values() if each["id"].startswith("plan-")]
    assert len(plans) >= 2
    assert {f"plan-{member['plan']}" for member in known.members.values()} == {each["id"] for each in plans}
    assert len(known.drugs) >= 40
    assert len(known.formulary_items) >= 80
    assert len(known.authorizations) >= 30
    assert len({each["member"] for each in known.authorizations.values()}) >= 3


def test_the_suites_and_the_payer_know_the_same_versions():
    served = {ig: set(versions) for ig, versions in VERSIONS.items()}
    known: dict[str, set[str]] = {}
    for guides_of_api in versions_known(GUIDES).values():
        for ig, versions in guides_of_api.items():
            known.setdefault(ig, set()).update(versions)

    assert {ig: known[ig] for ig in served} == served
    assert {ig for igs in MAIN_GUIDES.values() for ig in igs} == set(served)


def test_the_suites_lie_where_the_package_looks():
    assert {path.parent for path in Path(paths.suites()).glob("*/test_*.py")} == {
        paths.suites() / name
        for name in (
            "discovery",
            "prior_auth",
            "formulary",
            "payer_to_payer",
            "coverage_discovery",
            "patient_access",
            "records",
            "provider_access",
            "bulk",
        )
    }

"""Catalogue, scenarios, faults and seed hold together: nothing observed without a row, no row without a proof.

A rule is one test, which names all that break it.
"""

from __future__ import annotations

import ast
from collections import Counter
from datetime import date
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

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
CHANGES: dict[str, Fault | Variant] = {**FAULTS, **VARIANTS}

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


def test_every_row_has_a_scenario_or_a_reason_for_none():
    assert [name for name, row in ROWS.items() if (name in observed()) == bool(row.untested)] == []


def test_every_scenario_has_a_row_and_is_of_the_kind_that_shows_it():
    def by_both(requirement: str) -> bool:
        return requirement.startswith("prior-auth.decision-time") or requirement in DRUGS_BY_BOTH

    assert [each for each in scenarios() if each[1] not in ROWS] == []
    others = [(scenario, name) for scenario, name in scenarios() if not by_both(name)]
    assert [each for each in others if (ROWS[each[1]].shown == "live") == of_records(each[0])] == []


def test_scenarios_have_names_of_their_own():
    assert not [name for name, times in Counter(name for name, _ in scenarios()).items() if times > 1]


def test_enough_is_observed():
    assert len(observed()) >= LEAST_OBSERVED
    assert len({name for name in observed() if ROWS[name].kind == "law"}) >= 15


def test_what_is_observed_reaches_some_version():
    assert [name for name in live() if not versions_of(ROWS[name])] == []


def test_a_row_of_law_and_its_guide_twin_are_two_scenarios():
    for kind in (False, True):
        judged = Counter(requirement for name, requirement in scenarios() if of_records(name) is kind)
        assert set(judged.values()) == {1}


def links_of(row: Requirement) -> list[str]:
    """Where a row's rule can be read, at any version."""
    claims = [Claim(row.api, guide.ig, guide.version, "") for guide in GUIDES.values()]
    return list(links(row, [law.cite for law in row.law], claims))


def is_whole(address: str) -> bool:
    """Whether a link leads to a publisher of rules, with nothing left to fill in."""
    parts = urlsplit(address)
    known = parts.scheme == "https" and parts.hostname in ("www.ecfr.gov", "hl7.org", "github.com")
    return known and "//" not in parts.path and not set(address) & set("{} ")


def test_where_a_rule_can_be_read_is_a_link():
    found = {name: links_of(row) for name, row in ROWS.items()}

    assert [name for name, row in ROWS.items() if row.status.state == "final" and not found[name]] == []
    assert {each for addresses in found.values() for each in addresses if not is_whole(each)} == set()


# -- faults ------------------------------------------------------------------------------------------------------------


def unproven_at(name: str) -> set[str]:
    """The versions at which nothing shows that the scenario of a row can fail."""
    breaking = [fault for fault in FAULTS.values() if name in fault.breaks]
    if any(not fault.versions for fault in breaking):
        return set()
    return versions_of(ROWS[name]) - {version for fault in breaking for version in fault.versions}


def test_every_shall_that_is_observed_has_a_fault_in_each_version():
    shalls = [name for name in live() if ROWS[name].level == "shall"]
    assert {name: versions for name in shalls if (versions := unproven_at(name))} == {}


def test_every_fault_breaks_rows_that_are_observed():
    assert [name for name, fault in FAULTS.items() if not fault.breaks or not set(fault.breaks) <= live()] == []


def test_every_variant_may_be_advised_of_rows_that_are_observed():
    assert [name for name, variant in VARIANTS.items() if not set(variant.advises) <= observed()] == []


def test_every_change_is_one_and_is_told_in_a_sentence():
    def kinds(change: Fault | Variant) -> int:
        return sum(each is not None for each in (change.bend, change.seed, change.policies))

    assert [name for name, change in CHANGES.items() if not change.text.endswith(".")] == []
    assert [name for name, change in CHANGES.items() if kinds(change) != 1] == []


def test_bends_and_versions_are_those_the_payer_serves():
    served = {f"{ig}={version}" for ig, versions in VERSIONS.items() for version in versions}
    known = {operation for guide in GUIDES.values() for operation in guide.operations}
    bends = {name: change.bend.operation for name, change in CHANGES.items() if change.bend}

    assert [name for name, change in CHANGES.items() if not set(change.versions) <= served] == []
    assert {name: operation for name, operation in bends.items() if operation not in known} == {}


def test_every_change_of_seed_or_rules_changes_something():
    clean_seed, clean_policies = seed.load(date(2027, 2, 1)), seed.policies()

    def changes_what_it_says(change: Fault | Variant) -> bool:
        bent_seed, bent_policies, bends = bent(clean_seed, clean_policies, [change.name])
        changed = (bent_seed != clean_seed, bent_policies != clean_policies, bool(bends))
        return changed == (change.seed is not None, change.policies is not None, change.bend is not None)

    assert [name for name, change in CHANGES.items() if not changes_what_it_says(change)] == []
    assert (clean_seed, clean_policies) == (seed.load(date(2027, 2, 1)), seed.policies()), "the seed is frozen"


def test_the_promised_faults_and_variants_are_there():
    assert set(NAMED_FAULTS) <= set(FAULTS)
    assert set(NAMED_VARIANTS) <= set(VARIANTS)


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

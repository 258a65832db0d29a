"""Each fault of the formulary breaks the requirements it names and no other; a lawful variant breaks none."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import payer_client as pc
import pytest
from formulary_client import Reading

from conformance import paths
from conformance.sandbox.faults import bent, faults
from conformance.sandbox.faults.formulary import AUTHORIZED, COVERED, FAULTS, LIMITED, STEPPED, VARIANTS
from conformance.sandbox.frame import Fault, Policies, Seed, Variant
from conformance.sandbox.serve import serve

# This judge reads types as they must be: what leaves them out is proven by the kill matrix alone.
SEEN = [fault for fault in FAULTS if fault.name != "forgets_the_formularys_type"]

VERSIONS = ("usdf=2.0.1", "usdf=2.1.0")
DECLARED = json.loads((paths.fixtures() / "sandbox" / "formulary.json").read_text("utf-8"))["declared"]


Broken = Callable[..., set[str]]


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broken]:
    """Says what a payer bent in some ways breaks, seen by a caller with a token."""
    with (
        serve(directory=tmp_path_factory.mktemp("formulary"), tls=False) as running,
        pc.connected(running) as client,
    ):

        def seen(*names: str, version: str = VERSIONS[-1]) -> set[str]:
            running.become(names)
            return Reading(client, running.bases[version], pc.token(running, client), DECLARED).broken()

        yield seen


# What these faults break as well, and what is looked for by the suites alone.
BESIDE = {
    "formulary.drug-list-updates", "qhp.same-as-fhir", "usdf.bulk-export", "usdf.bulk-since",
    "usdf.include-formulary", "usdf.same-in-discovery", "usdf.search-comparators", "usdf.search-exact-name",
    "usdf.search-modifiers", "usdf.search-several-values",
}  # fmt: skip


@pytest.mark.parametrize("version", VERSIONS)
def test_the_clean_payer_breaks_nothing(broken: Broken, version: str) -> None:
    assert broken(version=version) == set()


@pytest.mark.parametrize("fault", SEEN, ids=lambda fault: fault.name)
def test_a_fault_breaks_what_it_names_and_nothing_else(broken: Broken, fault: Fault) -> None:
    assert broken(fault.name) == set(fault.breaks) - BESIDE


@pytest.mark.parametrize(
    "name", ["forgets_a_tier", "ignores_the_tier", "loses_a_page_entry", "declares_no_instantiates"]
)
def test_a_fault_of_each_kind_breaks_the_older_version_too(broken: Broken, name: str) -> None:
    assert broken(name, version=VERSIONS[0]) == set(faults()[name].breaks) - BESIDE


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_a_variant_breaks_nothing(broken: Broken, variant: Variant) -> None:
    assert broken(variant.name) <= set(variant.advises)


def test_the_declared_drugs_of_the_faults_are_those_of_the_fixture() -> None:
    needs = {case["drug"]: case["needs"] for case in DECLARED}

    assert needs[AUTHORIZED] == ["prior-authorization"]
    assert needs[STEPPED] == ["step-therapy"]
    assert needs[LIMITED] == ["quantity-limit"]
    assert needs[COVERED] == []


def test_several_ignored_parameters_are_ignored_together() -> None:
    _seed, policies, _bends = bent(Seed(), Policies(), ["ignores_the_tier", "ignores_include"])

    assert policies.formulary["ignored"] == {"Basic?drug-tier", "Basic?_include"}


def test_each_fault_has_one_kind_of_change() -> None:
    for change in (*FAULTS, *VARIANTS):
        assert sum(1 for kind in (change.seed, change.policies, change.bend) if kind is not None) == 1, change.name
    assert {fault.name for fault in FAULTS} <= set(faults())

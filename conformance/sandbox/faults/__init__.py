"""Ways to bend the model payer: faults, each breaking the requirements it names, and lawful variants."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from conformance.errors import UsageError
from conformance.sandbox.faults import (
    attachments,
    bulk,
    claim_amounts,
    claims_shown,
    coverage_discovery,
    coverage_more,
    coverage_parts,
    discovery,
    documentation,
    documents,
    drug_files,
    exchange,
    exchange_more,
    formulary,
    formulary_access,
    formulary_export,
    formulary_items,
    formulary_more,
    formulary_profiles,
    formulary_updates,
    formulary_versions,
    patient_access,
    prior_auth,
    prior_auth_agreement,
    prior_auth_clocks,
    prior_auth_elements,
    prior_auth_information,
    prior_auth_lawful,
    prior_auth_profiles,
    prior_auth_reasons,
    records_sent,
    server_habits,
    strays,
)
from conformance.sandbox.frame import Bend, Fault, Policies, Seed, Variant

T = TypeVar("T", Fault, Variant)  # Python 3.11 has no type parameters of functions
ROOMS = (
    discovery,
    prior_auth,
    prior_auth_agreement,
    prior_auth_clocks,
    prior_auth_elements,
    prior_auth_information,
    attachments,
    prior_auth_lawful,
    prior_auth_profiles,
    prior_auth_reasons,
    formulary,
    formulary_access,
    formulary_export,
    formulary_items,
    formulary_more,
    formulary_profiles,
    formulary_updates,
    formulary_versions,
    drug_files,
    exchange,
    coverage_discovery,
    coverage_more,
    coverage_parts,
    documentation,
    patient_access,
    claims_shown,
    bulk,
    claim_amounts,
    server_habits,
    exchange_more,
    strays,
    records_sent,
    documents,
)


def faults() -> Mapping[str, Fault]:
    """Every fault by its name."""
    return _by_name(fault for room in ROOMS for fault in room.FAULTS)


def variants() -> Mapping[str, Variant]:
    """Every lawful variant by its name."""
    return _by_name(variant for room in ROOMS for variant in room.VARIANTS)


def bent(seed: Seed, policies: Policies, names: Iterable[str]) -> tuple[Seed, Policies, tuple[Bend, ...]]:
    """Seed, policies and bends after the named faults and variants, in their order; UsageError for an unknown name."""
    bends: list[Bend] = []
    for change in named(names):
        seed = change.seed(seed) if change.seed else seed
        policies = change.policies(policies) if change.policies else policies
        bends += [change.bend] if change.bend else []
    return seed, policies, tuple(bends)


def payer_of(names: Iterable[str]) -> str:
    """The payer type under which the named faults and variants show; "" for the usual one, UsageError for several."""
    payers = {change.payer for change in named(names)} - {""}
    if len(payers) > 1:
        raise UsageError(f"the model payer cannot be {' and '.join(sorted(payers))} at once, where these faults show")
    return "".join(payers)


def named(names: Iterable[str]) -> list[Fault | Variant]:
    """The faults and variants of these names; UsageError for an unknown one."""
    known: dict[str, Fault | Variant] = {**variants(), **faults()}
    listed = list(names)
    if unknown := [name for name in listed if name not in known]:
        raise UsageError(f"the model payer knows no fault or variant called {unknown[0]!r}")
    return [known[name] for name in listed]


def _by_name(found: Iterable[T]) -> dict[str, T]:
    named: dict[str, T] = {}
    for one in found:
        if one.name in named:
            raise ValueError(f"two of the model payer's faults or variants are called {one.name}")
        named[one.name] = one
    return named

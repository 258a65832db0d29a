"""What can be wrong with the versions of a formulary's resources, and what may lawfully differ."""

from __future__ import annotations

from conformance.sandbox.faults import changes
from conformance.sandbox.faults import formulary_changes as formulary
from conformance.sandbox.frame import Bend, Fault, Resource, Seed, Variant

ROOMS = ("insurance_plans", "formulary_items", "drugs", "locations")


def unversioned(seed: Seed) -> Seed:
    """No resource tells its version."""
    for room in ROOMS:
        seed = formulary.every(room, formulary.dropped("meta", "versionId"))(seed)
    return seed


def other_version(resource: Resource) -> None:
    """Another version than was asked for."""
    resource["meta"]["versionId"] = "2"


FAULTS: tuple[Fault, ...] = (
    Fault(
        "cannot_read_its_versions",
        "The version that a resource tells is not found.",
        ("usdf.versions",),
        bend=Bend("formulary.vread", changes.to_not_found),
    ),
    Fault(
        "gives_another_version",
        "A read of one version gives another.",
        ("usdf.versions",),
        bend=formulary.answering("formulary.vread", other_version, formulary.of_the_formulary),
    ),
    Fault(
        "lists_no_versions",
        "The history of a resource is not found.",
        ("usdf.versions",),
        bend=Bend("formulary.history", changes.to_not_found),
    ),
)
VARIANTS: tuple[Variant, ...] = (
    Variant("formulary_without_versions", "Resources do not tell which version they are.", seed=unversioned),
)

"""What records lack of the profiles that PDex maps them to; US Core's own packages say what every profile requires."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from shared_data import DATA, needs_data

from conformance.apis.mapped import US_CORE, mapping_faults
from conformance.apis.shown_authorization import PROFILE
from conformance.structures import type_of

VERSIONS = ("3.1.1", "6.1.0", "7.0.0")
ABSENT = {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]}
PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "identifier": [{"system": "urn:x", "value": "1"}],
    "name": [{"text": "Ann"}],
    "gender": "female",
}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, ()),
        ({"gender": None}, ("no gender",)),
        ({"gender": None, "_gender": ABSENT}, ()),
        ({"identifier": [*PATIENT["identifier"], {"system": "urn:y"}]}, ("no value in identifier[1]",)),
        ({"identifier": [{"system": "urn:y", "_value": ABSENT}]}, ()),
        ({"identifier": [ABSENT], "name": [ABSENT]}, ()),
    ],
)
def test_what_every_profile_of_a_type_requires_is_there_or_says_why_not(
    change: dict[str, Any], told: tuple[str, ...]
) -> None:
    patient = {key: value for key, value in {**PATIENT, **change}.items() if value is not None}
    assert mapping_faults(patient) == told


def test_authorizations_name_their_profile_and_claims_their_type() -> None:
    authorization = {"resourceType": "ExplanationOfBenefit", "use": "preauthorization"}
    stamped = {**authorization, "meta": {"lastUpdated": "2027-01-04T09:00:00Z"}}
    assert mapping_faults(stamped) == (f"not of the profile {PROFILE}",)
    assert mapping_faults(authorization) == (), "meta is optional as a whole"
    assert mapping_faults({**authorization, "meta": {"profile": [f"{PROFILE}|2.2.0"]}}) == ()
    assert "no profile of a CARIN type" in mapping_faults({**authorization, "use": "claim"})
    assert mapping_faults({"resourceType": "Goal"}) == mapping_faults({}) == ()


@needs_data
def test_no_more_is_asked_for_than_every_profile_of_every_version_requires() -> None:
    required: dict[str, list[set[str]]] = {kind: [] for kind in US_CORE}
    for version in VERSIONS:
        for profile in _profiles(DATA / "packages" / f"hl7.fhir.us.core-{version}.tgz"):
            if profile["type"] in required:
                required[profile["type"]].append(_required(profile))

    for kind, sets in required.items():
        assert len(sets) >= len(VERSIONS)
        beyond = {path for path in set.intersection(*sets) if not _is_of_fhir(kind, path)}
        assert set(US_CORE[kind]) == beyond - {"telecom.system", "telecom.value"}, kind  # a contact is no number


def _profiles(package: Path) -> list[dict[str, Any]]:
    with tarfile.open(package) as opened:
        names = [name for name in opened.getnames() if "StructureDefinition-us-core-" in name and name.endswith("json")]
        found = [json.load(opened.extractfile(name)) for name in names]  # type: ignore[arg-type]
    return [each for each in found if each["kind"] == "resource"]


def _required(profile: dict[str, Any]) -> set[str]:
    """The paths of elements that have to be there, slices apart."""
    elements = profile["snapshot"]["element"]
    return {each["path"].partition(".")[2] for each in elements if each["min"] and ":" not in each["id"]} - {""}


def _is_of_fhir(kind: str, path: str) -> bool:
    """Whether FHIR itself requires an element, or it is none of the names that are looked for here."""
    known = type_of(kind)
    for name in path.split("."):
        element = known.elements.get(name) if known else None
        if element is None:
            return True
        known = None if element.primitive else type_of(element.type)
    return element.required

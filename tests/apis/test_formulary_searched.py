"""What a formulary's resources are searched by: values, and whether a resource holds them."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.apis.formulary_searched import PARAMETERS

PLAN: dict[str, Any] = {
    "resourceType": "InsurancePlan",
    "id": "p",
    "meta": {"lastUpdated": "2026-05-01T10:00:00Z"},
    "identifier": [{"system": "s", "value": "1"}],
    "status": "active",
    "name": "Harbor, East",
    "alias": ["Haven"],
    "period": {"start": "2026-01-01"},
    "coverage": [{"type": {"coding": [{"system": "a", "code": "DRUGPOL"}]}}],
    "coverageArea": [{"reference": "https://x.example/Location/ct"}],
}


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("_id", ["p"]),
        ("_lastUpdated", ["ge2026-05-01T10:00:00Z"]),
        ("identifier", ["s|1"]),
        ("status", ["active"]),
        ("name", ["Harbor", "Haven"]),
        ("period", ["ge2026-01-01"]),
        ("coverage-type", ["a|DRUGPOL"]),
        ("coverage-area", ["Location/ct"]),
        ("formulary-coverage", []),
    ],
)
def test_the_values_of_a_plan(name: str, values: list[str]) -> None:
    parameter = PARAMETERS["InsurancePlan"][name]
    assert list(parameter.values(PLAN)) == values
    assert all(parameter.holds(PLAN, value) for value in values)
    assert not list(parameter.values({}))


@pytest.mark.parametrize(
    ("name", "value", "holds"),
    [
        ("name", "harb", True),
        ("name", "East", False),
        ("identifier", "s|2", False),
        ("coverage-type", "DRUGPOL", True),  # of whatever system
        ("coverage-type", "POL", False),
        ("_lastUpdated", "ge2026-05-01T10:00:01Z", False),
        ("_lastUpdated", "ge2026-04-30T00:00:00Z", True),
        ("period", "ge2026-02-01", False),
        ("status", "retired", False),
    ],
)
def test_whether_a_plan_holds_a_value(name: str, value: str, holds: bool) -> None:
    assert PARAMETERS["InsurancePlan"][name].holds(PLAN, value) is holds

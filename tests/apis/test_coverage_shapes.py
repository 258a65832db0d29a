"""The parts of coverage information in suites/guides/crd.toml, against the definitions of the guide."""

from __future__ import annotations

from typing import Any

import pytest
from api_examples import GUIDES, example
from shared_data import needs_data

from conformance.apis.coverage_information import ONCE

SLICE = "Extension.extension:"


def shapes(version: str) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Of each part "detail:code": how often it may stand there, "1..*", and its values."""
    definition = example(f"crd-{version}/StructureDefinition-ext-coverage-information.json")
    elements = definition["differential"]["element"]
    parts = [each for each in elements if each["id"].startswith(SLICE) and "." not in _name(each)]
    types = {_name(each).removesuffix(".value[x]"): each.get("type", ()) for each in elements if "[x]" in each["id"]}
    return {
        _name(each): (f"{each['min']}..{each['max']}", tuple(sorted(_value(one) for one in types[_name(each)])))
        for each in parts
    }


def _name(element: dict[str, Any]) -> str:
    return element["id"].removeprefix(SLICE).replace(".extension:", ":")


def _value(kind: dict[str, Any]) -> str:
    return f"value{kind['code'][0].upper()}{kind['code'][1:]}"


@needs_data
@pytest.mark.parametrize("version", ["2.0.1", "2.2.1"])
def test_the_parts_are_those_of_the_definition(version: str) -> None:
    guide, official = GUIDES["crd", version], shapes(version)
    values = {**guide["information_values"], **guide["information_newer"]}
    values |= {f"detail:{name}": each for name, each in guide["detail_values"].items()}

    assert {name: values.get(name) for name in official} == {name: kinds for name, (_, kinds) in official.items()}
    repeated = {name for name, (times, _) in official.items() if times.endswith("*")}
    assert repeated == {*guide["information_repeated"]}
    needed = {name for name, (times, _) in official.items() if times.startswith("1")}
    assert needed == {*ONCE, *(f"detail:{name}" for name in guide["detail_needed"])}

"""Which elements that the guide marks must support an answer holds (suites/rules/must_support.toml)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from conformance.apis.shapes import JsonObject, record, records, text
from conformance.guides import satisfies
from conformance.paths import suites

EXTENSIONS = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/"


@cache
def elements(version: str) -> tuple[str, ...]:
    """The elements marked must support in the answers of a guide version: "ClaimResponse.item.noteNumber"."""
    rows = tomllib.loads((suites() / "rules" / "must_support.toml").read_text("utf-8"))["elements"]
    return tuple(path for row in rows if satisfies(version, row["versions"]) for path in row["paths"])


def held(resource: Any, wanted: Iterable[str]) -> frozenset[str]:
    """Those of the wanted elements that stand, with a value, anywhere in what came: in entries, parameters, Bundles."""
    found: dict[str, list[JsonObject]] = {}
    for each in _resources(resource):
        found.setdefault(text(each["resourceType"]), []).append(each)
    split = ((path, path.split(".")) for path in wanted)
    return frozenset(path for path, (kind, *steps) in split if _stands(found.get(kind), steps))


def _resources(value: Any) -> Iterator[JsonObject]:
    """The resource, and those in its entries and parameters; contained ones are of the resource that holds them."""
    raw = record(value)
    if text(raw.get("resourceType")):
        yield raw
    for _, each in (*records(raw.get("entry")), *records(raw.get("parameter"))):
        yield from _resources(each.get("resource"))


def _stands(node: Any, steps: list[str]) -> bool:
    """Whether a value stands at the end of these steps; of a list, in any of its elements."""
    if isinstance(node, list):
        return any(_stands(each, steps) for each in node)
    if not steps:
        return node is not None and node not in ("", {})
    here, rest = record(node), steps[1:]
    if steps[0].startswith("extension-"):
        named = [each for _, each in records(here.get("extension")) if each.get("url") == EXTENSIONS + steps[0]]
        return any(_stands(each, rest) for each in named)
    name = steps[0].removesuffix("[x]")
    if name != steps[0]:
        return any(_stands(value, rest) for key, value in here.items() if key.startswith(name))
    return _stands(here.get(name), rest)

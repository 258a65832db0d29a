"""The guide's extensions of an answer against their definitions: what value each has, and how often it stands in one
place (suites/rules/pas_extensions.toml)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from conformance.apis.extension_shapes import Shape, shape_faults
from conformance.apis.prior_auth import Answer
from conformance.apis.shapes import JsonObject, objects, records, text
from conformance.paths import suites


@dataclass(frozen=True)
class _Guide:
    base: str
    anywhere: Shape
    parts: Mapping[str, Shape]


@cache
def _guide() -> _Guide:
    raw: Any = tomllib.loads((suites() / "rules" / "pas_extensions.toml").read_text("utf-8"))
    without_value: dict[str, list[str]] = {name: [] for name in raw["parts"]}
    anywhere = _shape({**raw, "values": {**raw["values"], **without_value}})
    return _Guide(raw["base"], anywhere, {name: _shape(row) for name, row in raw["parts"].items()})


def _shape(row: Mapping[str, Any]) -> Shape:
    return Shape(row["values"], row.get("repeated", ()), row.get("needed", ()))


def misshapen(answer: Answer) -> tuple[str, ...]:
    """How the guide's extensions in a ClaimResponse, and in what it asks for, differ from their definitions: another
    kind of value, twice where once is allowed, without a part. Other extensions, and one without any value, are not
    judged.
    """
    asking = [each.resource for each in answer.entries if each.type == "CommunicationRequest"]
    return tuple(dict.fromkeys(fault for each in (answer.claim_response, *asking) for fault in _of_all(each)))


def _of_all(resource: JsonObject) -> Iterator[str]:
    guide = _guide()
    for element in objects(resource):
        ours = [
            (url.removeprefix(guide.base), each)
            for _, each in records(element.get("extension"))
            if (url := text(each.get("url"))).startswith(guide.base)
        ]
        yield from shape_faults(ours, guide.anywhere)
        for name, each in ours:
            if name in guide.parts:
                parts = [(text(part.get("url")), part) for _, part in records(each.get("extension"))]
                yield from (f"{name}: {fault}" for fault in shape_faults(parts, guide.parts[name]))

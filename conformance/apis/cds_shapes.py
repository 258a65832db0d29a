"""The objects of CDS Hooks against what it says of their members (suites/rules/cds_hooks.toml)."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from conformance.apis.shapes import text
from conformance.paths import suites

PLAIN = {"text": str, "flag": bool, "object": dict}
NEEDED, MANY = "!", "[]"


@cache
def _objects() -> Mapping[str, Mapping[str, Any]]:
    return tomllib.loads((suites() / "rules" / "cds_hooks.toml").read_text("utf-8"))


def object_faults(value: Any, kind: str, at: str = "") -> Iterator[str]:
    """What is not as CDS Hooks has it in an object of a kind ("card"), and in those that it holds.

    A member that is null counts as absent.
    """
    if not isinstance(value, dict):
        yield f"{at or kind} is no object"
        return
    for written, holds in _objects()[kind].items():
        name = written.removesuffix(NEEDED)
        where = f"{at}.{name}".removeprefix(".")
        given = value.get(name)
        if given is None or (isinstance(given, str) and not text(given)):
            yield from [f"no {where}"] if written != name else []
        else:
            yield from _member(given, holds, where)


def _member(value: Any, holds: Any, at: str) -> Iterator[str]:
    if isinstance(holds, tuple | list):
        yield from [] if value in holds else [f"{at} {value}"]
    elif holds.endswith(MANY):
        if not isinstance(value, list):
            yield f"{at} is no list"
            return
        for place, each in enumerate(value):
            yield from _member(each, holds.removesuffix(MANY), f"{at}[{place}]")
    elif holds == "texts":
        good = isinstance(value, dict) and all(isinstance(each, str | None) for each in value.values())
        yield from [] if good else [f"{at} is no object of texts"]
    elif holds in PLAIN:
        yield from [] if isinstance(value, PLAIN[holds]) else [f"{at} is no {holds}"]
    else:
        yield from object_faults(value, holds, at)

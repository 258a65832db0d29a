"""JSON Schema for what is no FHIR: the tables of suites/schemas, and what they find wrong, with its path."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from conformance import paths

LONGEST = 160  # characters of a message


@cache
def errors_of(name: str) -> Callable[[Any], Iterator[tuple[tuple[str | int, ...], str]]]:
    """What the schema of that name finds wrong with a value: each fault's path in it, and why."""
    from jsonschema import Draft202012Validator, FormatChecker

    schema = json.loads((paths.suites() / "schemas" / f"{name}.json").read_text("utf-8"))
    # Formats that need another library would decide where it happens to be installed: the schemas say them as patterns.
    validator = Draft202012Validator(schema, format_checker=FormatChecker(["date"]))

    def errors(value: Any) -> Iterator[tuple[tuple[str | int, ...], str]]:
        for error in validator.iter_errors(value):
            yield tuple(error.absolute_path), error.message[:LONGEST]

    return errors

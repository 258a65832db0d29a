"""JSON Schema for what is no FHIR: the tables of suites/schemas, and what they find wrong, with its path."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
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
    formats = FormatChecker(["date"])
    formats.checks("ISO 8601 date", raises=ValueError)(_is_day)
    validator = Draft202012Validator(schema, format_checker=formats)

    def errors(value: Any) -> Iterator[tuple[tuple[str | int, ...], str]]:
        for error in validator.iter_errors(value):
            yield tuple(error.absolute_path), error.message[:LONGEST]

    return errors


def _is_day(written: object) -> bool:
    """Whether a text is a day in a form of ISO 8601, with a time or without one; ValueError where it is none."""
    return not isinstance(written, str) or bool(datetime.fromisoformat(written))

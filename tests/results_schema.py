"""results.json against its schema, with the formats (date-time, uri) that jsonschema leaves to other libraries."""

from __future__ import annotations

import json
from datetime import datetime
from urllib.parse import urlsplit

from jsonschema import Draft202012Validator, FormatChecker

from conformance.paths import reports

FORMATS = FormatChecker()


@FORMATS.checks("date-time", ValueError)
def _is_an_instant(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


@FORMATS.checks("uri", ValueError)
def _is_absolute(value: object) -> bool:
    return not isinstance(value, str) or (bool(urlsplit(value).scheme) and not any(map(str.isspace, value)))


def results_schema() -> Draft202012Validator:
    """The validator of results.json."""
    content = json.loads((reports() / "results.schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(content)
    return Draft202012Validator(content, format_checker=FORMATS)

"""Changes of answers and rules that several faults and variants are made of."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.sandbox.frame import Answer, Call, Policies
from conformance.sandbox.outcome import refusal

Change = Callable[[Call, Answer], Answer]

PAGE = b"<!DOCTYPE html><html><head><title>Member portal</title></head><body><h1>Welcome</h1></body></html>"


def succeeded(_call: Call, answer: Answer) -> bool:
    """Holds for 200."""
    return answer.status == 200


def unauthorized(_call: Call, answer: Answer) -> bool:
    """Holds for 401."""
    return answer.status == 401


def to_html(_call: Call, _answer: Answer) -> Answer:
    """A web page instead of a resource."""
    return Answer(200, PAGE, media_type="text/html")


def to_not_found(_call: Call, _answer: Answer) -> Answer:
    """404 with an OperationOutcome."""
    return refusal(404, "not-found", "Nothing is served at this path.")


def to_server_error(_call: Call, _answer: Answer) -> Answer:
    """500 with an OperationOutcome."""
    return refusal(500, "exception", "The job failed.")


def to_fhir_r5(_call: Call, answer: Answer) -> Answer:
    """A capability statement of another FHIR release."""
    return answer.carrying({**answer.resource(), "fhirVersion": "5.0.0"})


def with_media_type_parameters(_call: Call, answer: Answer) -> Answer:
    """The same resource under a media type with parameters."""
    return replace(answer, media_type="application/fhir+json;charset=UTF-8;fhirVersion=4.0")


def resource(change: Callable[[dict[str, Any]], object]) -> Change:
    """``change`` done to a copy of the answer's resource."""

    def changed(_call: Call, answer: Answer) -> Answer:
        copy = answer.resource()
        change(copy)
        return answer.carrying(copy)

    return changed


def plain_json(change: Callable[[dict[str, Any]], object]) -> Change:
    """``change`` done to the JSON object of an answer that is no resource."""

    def changed(_call: Call, answer: Answer) -> Answer:
        assert isinstance(answer.body, bytes)
        body = json.loads(answer.body)
        change(body)
        return replace(answer, body=json.dumps(body).encode())

    return changed


def rule(room: str, **values: Any) -> Callable[[Policies], Policies]:
    """Policies with other values in one room."""
    return lambda policies: policies.changed(room, **values)

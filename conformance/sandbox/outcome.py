"""Refusals: an answer with one OperationOutcome in it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conformance.sandbox.frame import Answer


def refusal(
    status: int, code: str, text: str, *, expression: str = "", headers: Mapping[str, str] | None = None
) -> Answer:
    """An answer with exactly one OperationOutcome of one issue; ``code`` is from FHIR's issue-type code system."""
    issue: dict[str, Any] = {"severity": "error", "code": code, "details": {"text": text}}
    if expression:
        issue["expression"] = [expression]
    return Answer(status, {"resourceType": "OperationOutcome", "issue": [issue]}, headers or {})

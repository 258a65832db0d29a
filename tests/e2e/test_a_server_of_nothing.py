"""A FHIR server that has none of what the guides ask for: it passes for what it shows, and for nothing it lacks."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command import NEWEST, examine
from leaking import answered, received

from conformance.sandbox.serve import Running

STATEMENT = {
    "resourceType": "CapabilityStatement", "status": "active", "date": "2026-01-01", "kind": "instance",
    "fhirVersion": "4.0.1", "format": ["json"], "implementation": {"description": "A plain FHIR server"},
    "rest": [{"mode": "server", "resource": [{"type": "Patient", "interaction": [{"code": "read"}]}]}],
}  # fmt: skip
NO_OPERATION = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "not-supported"}]}
NOT_FOUND = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "not-found"}]}
FOUND_NOTHING = {"resourceType": "Bundle", "type": "searchset", "total": 0}
# What such servers do show: that they speak FHIR R4, ask nobody who they are, and have not what they do not have.
SPOKEN = {
    "discovery.capability-statement", "prior-auth.standards", "formulary.standards", "payer-to-payer.standards",
    "prior-auth.answers-are-fhir", "formulary.answers-are-fhir", "payer-to-payer.answers-are-fhir",
    "patient-access.answers-are-fhir", "formulary.anonymous-asks-nothing",
}  # fmt: skip
Said = tuple[int, dict[str, Any]]


def without_operations(method: str, path: str) -> Said:
    """As HAPI answers: 400 to an operation that it does not have, an empty searchset to a search."""
    if method == "POST" or "$" in path:
        return 400, NO_OPERATION
    searched = path.rpartition("/")[2].isalpha() and path.rpartition("/")[2][:1].isupper()
    return (200, FOUND_NOTHING) if searched else (404, NOT_FOUND)


def always_empty(_method: str, _path: str) -> Said:
    """All is well, and nothing is there."""
    return 200, FOUND_NOTHING


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        (without_operations, SPOKEN | {"usdf.unknown-resource"}),
        (always_empty, SPOKEN | {"qhp.files-are-json", "dtr.package-answer", "dtr.package-parameters"}),
    ],
)
def test_nothing_passes_that_nobody_saw(
    payer: Running, tmp_path: Path, said: Callable[[str, str], Said], shown: set[str]
) -> None:
    inner = payer.stage.current

    async def plain(scope: Any, receive: Any, send: Any) -> None:
        if "/auth/" in scope["path"]:  # tokens are to be had, and what is smart.… is judged of them
            await inner(scope, receive, send)
            return
        await received(receive)
        of_itself = scope["path"].endswith("/metadata")
        status, answer = (200, STATEMENT) if of_itself else said(scope["method"], scope["path"])
        await answered(send, status, [(b"content-type", b"application/fhir+json")], json.dumps(answer).encode())

    payer.mount(plain)

    ran = examine(payer.target_file, tmp_path / "out", *NEWEST, "--intrusive")

    assert ran.of("error") == set()
    assert {each for each in ran.of("pass") if not each.startswith("smart.")} == shown
    assert ran.code == 1

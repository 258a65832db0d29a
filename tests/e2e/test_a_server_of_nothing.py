"""A FHIR server that has none of what the guides ask for: it passes for what it shows, and for nothing it lacks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

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
# What such a server does show: that it speaks FHIR R4, asks nobody who they are, and has not what it says it has not.
SHOWN = {
    "discovery.capability-statement", "prior-auth.standards", "formulary.standards", "payer-to-payer.standards",
    "prior-auth.answers-are-fhir", "formulary.answers-are-fhir", "payer-to-payer.answers-are-fhir",
    "patient-access.answers-are-fhir", "formulary.anonymous-asks-nothing", "usdf.unknown-resource",
}  # fmt: skip


def test_nothing_passes_that_nobody_saw(payer: Running, tmp_path: Path) -> None:
    inner = payer.stage.current

    async def plain(scope: Any, receive: Any, send: Any) -> None:
        if "/auth/" in scope["path"]:  # tokens are to be had, and what is smart.… is judged of them
            await inner(scope, receive, send)
            return
        await received(receive)
        status, said = _answer(scope["method"], scope["path"])
        await answered(send, status, [(b"content-type", b"application/fhir+json")], json.dumps(said).encode())

    payer.mount(plain)

    ran = examine(payer.target_file, tmp_path / "out", *NEWEST, "--intrusive")

    assert ran.of("error") == set()
    assert {each for each in ran.of("pass") if not each.startswith("smart.")} == SHOWN
    assert ran.code == 1


def _answer(method: str, path: str) -> tuple[int, dict[str, Any]]:
    """As HAPI answers: 400 to an operation that it does not have, an empty searchset to a search."""
    if path.endswith("/metadata"):
        return 200, STATEMENT
    if method == "POST" or "$" in path:
        return 400, NO_OPERATION
    searched = path.rpartition("/")[2].isalpha() and path.rpartition("/")[2][:1].isupper()
    return (200, FOUND_NOTHING) if searched else (404, NOT_FOUND)

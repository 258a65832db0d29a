"""What other payers' exports say in their own way: headings that are cut short, and clocks that may not bind yet."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from opened_records import records_of

from conformance.audit.mapping import Mapped, columns_of

STANDARD = "prior-auth.decision-time-standard"


@pytest.mark.parametrize(
    ("heading", "fact"),
    [
        ("Referral #", "key"), ("Line #", "item"), ("Recv Date Time", "received"), ("Disp Dt/Tm", "decided"),
        ("Ltr Mail Dt", "notified"), ("Date Oral Notification Provided", "notified_orally"),
        ("Final Disposition", "outcome"), ("Urgent? (Y/N)", "urgency"),
    ],
)  # fmt: skip
def test_headings_are_known_however_they_are_cut_short(heading: str, fact: str) -> None:
    others = {"key": "id", "received": "received", "outcome": "outcome"}
    headings = [heading, *(name for known, name in others.items() if known != fact)]
    assert columns_of(headings, Mapped(), "log.csv")[fact] == (heading,)


def test_a_clock_that_may_not_bind_yet_is_told_and_never_passed_over(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("id,received,decided,outcome\n1,2026-03-02,2026-03-20,approved\n", "utf-8")
    unsaid = {"payer_type": "medicaid-mco", "timezones": ["America/Chicago"]}
    with records_of([log], tmp_path / "unsaid", unsaid) as records:
        found = records.timed(STANDARD)
        assert (found.size, found.judged, found.judgeable) == (1, 0, None)
        assert "rating_period_start is not named" in found.lacking
    for start, late in ((date(2026, 1, 1), 1), (date(2026, 7, 1), 0)):
        with records_of([log], tmp_path / str(start), unsaid | {"rating_period_start": start}) as records:
            found = records.timed(STANDARD)
            assert (found.size, found.failed) == (late, late), start  # of a period that began later none is asked


def test_what_is_modified_by_a_code_alone_owes_no_reason(tmp_path: Path) -> None:
    """Whether less was authorized than asked is not told; a denied line owes its reason, whatever the others are."""
    lines = [_answer("modified", "A6"), _answer("in-part", "A2"), _answer("denied", "A3"), _answer("both", "A6", "A3")]
    file = tmp_path / "ClaimResponse.ndjson"
    file.write_text("\n".join(map(json.dumps, lines)) + "\n", "utf-8")
    with records_of([file], tmp_path, {"payer_type": "ma", "timezones": ["America/Chicago"]}) as records:
        denials = records.denials("items")
        assert (denials.size, denials.failed) == (2, 2)
        assert {each.at.rpartition("(")[2] for each in denials.findings} == {"denied)", "both)"}
        assert "2 were modified or approved in part by a code alone" in denials.partial
        assert records.reasons["items"]["unowed"] == 2


def _answer(name: str, *codes: str) -> dict[str, Any]:
    action = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-reviewAction"
    said = [[{"url": f"{action}Code", "valueCodeableConcept": {"coding": [{"code": code}]}}] for code in codes]
    items = [
        {"itemSequence": place, "adjudication": [{"extension": [{"url": action, "extension": each}]}]}
        for place, each in enumerate(said, 1)
    ]
    return {"resourceType": "ClaimResponse", "id": name, "use": "preauthorization", "item": items}

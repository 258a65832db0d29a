"""An answer is read beside its own request, wherever that stands, and what only puts a decision off is none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from opened_records import records_of

from conformance.audit import lines
from conformance.audit.rows import COLUMNS

PAS = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition"
STANDARD = "prior-auth.decision-time-standard"
FACTS = {"payer_type": "ma", "timezones": ["America/Chicago"], "extracted": "2027-01-31"}
Resource = dict[str, Any]


def claim(name: str | None, day: str, number: str) -> Resource:
    stamp = {"category": {"coding": [{"code": "clmrecvddate"}]}, "timingDate": day}
    named = {"id": name} if name else {}
    return {"resourceType": "Claim", "identifier": [{"value": number}], "supportingInfo": [stamp], **named}


def answer(name: str, request: Resource | None, code: str = "A1", day: str = "2026-03-09") -> Resource:
    action = {"url": f"{PAS}/extension-reviewActionCode", "valueCodeableConcept": {"coding": [{"code": code}]}}
    item = {
        "itemSequence": 1,
        "extension": [{"url": f"{PAS}/extension-itemPreAuthIssueDate", "valueDate": day}] if code != "A4" else [],
        "adjudication": [{"extension": [{"url": f"{PAS}/extension-reviewAction", "extension": [action]}]}],
    }
    found: Resource = {"resourceType": "ClaimResponse", "id": name, "use": "preauthorization", "item": [item]}
    return found | ({"request": request} if request else {})


def bundle(*entries: tuple[str, Resource]) -> Resource:
    held = [{"fullUrl": address, "resource": resource} for address, resource in entries]
    return {"resourceType": "Bundle", "type": "collection", "entry": held}


def read(resource: Resource) -> list[dict[str, str | None]]:
    flat = lines.flattened(json.dumps(resource).encode())
    return [each for row in flat if (each := dict(zip(COLUMNS, row, strict=True)))["role"] in ("answer", "paired")]


URN = "urn:uuid:2c1d2f6a-0f4c-4a6e-8c39-1d9a6f0f2a11"


@pytest.mark.parametrize(
    "resource",
    [
        bundle((URN, claim(None, "2026-03-01", "T1")), ("urn:uuid:b", answer("R", {"reference": URN}))),
        bundle((URN, claim("C1", "2026-03-01", "T1")), ("urn:uuid:b", answer("R", {"reference": "Claim/C1"}))),
        bundle((URN, claim(None, "2026-03-01", "T1")), ("urn:uuid:b", answer("R", {"identifier": {"value": "T1"}}))),
        bundle((URN, claim(None, "2026-03-01", "T1")), ("urn:uuid:b", answer("R", None))),
        answer("R", {"reference": "#c"}) | {"contained": [claim("c", "2026-03-01", "T1")]},
        bundle(("", bundle((URN, claim("C1", "2026-03-01", "T1")), ("", answer("R", {"reference": "Claim/C1"}))))),
    ],
    ids=["by address", "by id", "by number", "the only one", "contained", "in a Bundle of Bundles"],
)
def test_an_answer_is_read_with_the_request_it_names(resource: Resource) -> None:
    [row] = read(resource)

    assert (row["role"], row["received"], row["key"]) == ("paired", "2026-03-01", "R")


def test_an_answer_without_a_name_among_two_requests_is_paired_with_neither() -> None:
    both = bundle(("", claim("C1", "2026-03-01", "T1")), ("", claim("C2", "2026-01-01", "T2")), ("", answer("R", None)))

    [row] = read(both)

    assert (row["role"], row["received"]) == ("answer", None)


def test_names_that_mean_something_only_in_their_bundle_are_not_mixed(tmp_path: Path) -> None:
    """Requests called "1" everywhere: taken for one, the first would have waited since January."""
    late = bundle(("", claim("1", "2026-01-05", "T1")), ("", answer("R1", {"reference": "Claim/1"}, day="2026-01-20")))
    soon = bundle(("", claim("1", "2026-03-05", "T2")), ("", answer("R2", {"reference": "Claim/1"}, day="2026-03-09")))

    assert counted(tmp_path, late, soon) == {"judged": 2, "late": 1, "no_receipt": 0, "overdue": 0, "rows": 2}


def test_requests_that_share_a_name_outside_bundles_tell_no_receipt(tmp_path: Path) -> None:
    loose = (claim("1", "2026-01-05", "T1"), claim("1", "2026-03-05", "T2"), answer("R2", {"reference": "Claim/1"}))

    assert counted(tmp_path, *loose) == {"judged": 0, "late": 0, "no_receipt": 1, "overdue": 0, "rows": 1}


def test_an_answer_that_put_the_decision_off_is_not_open_any_more(tmp_path: Path) -> None:
    asked = [claim(f"C{n}", "2026-03-05", f"T{n}") for n in (1, 2)]
    pended = [answer(f"P{n}", {"reference": f"Claim/C{n}"}, "A4") for n in (1, 2)]
    decided = answer("R1", {"reference": "Claim/C1"})

    assert counted(tmp_path, *asked, *pended, decided) == {
        "judged": 1, "late": 0, "no_receipt": 0, "overdue": 1, "rows": 2,
    }  # fmt: skip


def test_a_request_in_a_bundle_may_be_decided_by_an_answer_on_its_own(tmp_path: Path) -> None:
    asked = [claim(f"C{n}", "2026-03-05", f"T{n}") for n in (1, 2)]
    pended = [answer(f"P{n}", {"reference": f"Claim/C{n}"}, "A4") for n in (1, 2)]
    bundles = [bundle(("", each), ("", waiting)) for each, waiting in zip(asked, pended, strict=True)]

    assert counted(tmp_path, *bundles, answer("R1", {"reference": "Claim/C1"})) == {
        "judged": 1, "late": 0, "no_receipt": 0, "overdue": 1, "rows": 2,
    }  # fmt: skip


def test_a_document_and_a_list_of_resources_are_read_as_lines_are(tmp_path: Path) -> None:
    (tmp_path / "records").mkdir()
    pair = [claim("C1", "2026-01-05", "T1"), answer("R1", {"reference": "Claim/C1"}, day="2026-01-20")]
    other = bundle(("", claim("1", "2026-03-05", "T2")), ("", answer("R2", {"reference": "Claim/1"})))
    (tmp_path / "records/pair.json").write_text(json.dumps(pair, indent=1))
    (tmp_path / "records/bundle.json").write_text(json.dumps(other, indent=1))

    assert _counts(tmp_path / "records", tmp_path) == {
        "judged": 2, "late": 1, "no_receipt": 0, "overdue": 0, "rows": 2,
    }  # fmt: skip


def counted(folder: Path, *resources: Resource) -> dict[str, int]:
    file = folder / "records.ndjson"
    file.write_text("".join(f"{json.dumps(each)}\n" for each in resources))
    return _counts(file, folder)


def _counts(named: Path, folder: Path) -> dict[str, int]:
    with records_of([named], folder, FACTS) as records:
        found = records.clocked(STANDARD)
        return {"rows": records.understood.rows} | {
            name: found[name] for name in ("judged", "late", "overdue", "no_receipt")
        }

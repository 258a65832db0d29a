"""What came of a formulary's export: what is no part of it, what is of another, what is older than asked for."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from conformance.apis.formulary import DRUG_POLICY, FORMULARY_ITEM
from conformance.apis.formulary_exported import Exported, first_update, newer
from conformance.apis.formulary_profiles import FORMULARY_REFERENCE
from conformance.apis.shapes import JsonObject

OLD, NEW = "2026-01-05T09:00:00Z", "2026-03-01T09:00:00-05:00"
MARCH = datetime(2026, 3, 1, 13, 59, tzinfo=UTC)


def resource(kind: str, own: str, updated: str = OLD, **more: object) -> JsonObject:
    return {"resourceType": kind, "id": own, "meta": {"lastUpdated": updated}, **more}


def item(own: str, formulary: str) -> JsonObject:
    named = {"url": FORMULARY_REFERENCE, "valueReference": {"reference": f"InsurancePlan/{formulary}"}}
    coded = {"coding": [{"system": FORMULARY_ITEM.system, "code": FORMULARY_ITEM.code}]}
    return resource("Basic", own, NEW, extension=[named], code=coded)


def exported(*resources: JsonObject) -> Exported:
    held = Exported()
    for each in resources:
        held.take(each)
    return held


FORMULARY = resource("InsurancePlan", "f", type=[{"coding": [{"system": DRUG_POLICY.system, "code": "DRUGPOL"}]}])


@pytest.mark.parametrize(
    ("one", "is_stray"),
    [
        (FORMULARY, False),
        (item("i", "f"), False),
        (resource("MedicationKnowledge", "d"), False),
        (resource("Location", "l"), False),
        (resource("OperationOutcome", "o"), False),
        (resource("Organization", "o"), True),
        (resource("InsurancePlan", "medical", type=[{"text": "A medical plan"}]), True),
        (resource("Basic", "b", code={"text": "Something else"}), True),
    ],
)
def test_what_is_no_part_of_a_formulary_is_told(one: JsonObject, is_stray: bool) -> None:
    held = exported(one)

    assert bool(held.stray) is is_stray
    assert held.strays == ([f"{one['resourceType']}/{one['id']}"] if is_stray else [])


def test_items_of_other_formularies_are_told() -> None:
    held = exported(item("a", "f"), item("b", "g"))

    assert held.items_beyond({"InsurancePlan/f"}) == ("Basic/b",)
    assert held.types == {"Basic"}


def test_what_changed_is_told_from_what_did_not() -> None:
    old, new = resource("MedicationKnowledge", "old"), resource("MedicationKnowledge", "new", NEW)
    held = exported(FORMULARY, old, new, resource("MedicationKnowledge", "silent", ""))

    assert newer(held.updated, MARCH) == ("MedicationKnowledge/new",)
    assert held.drugs_until(MARCH) == ("MedicationKnowledge/old",)
    assert first_update(held.updated) == datetime(2026, 1, 5, 9, tzinfo=UTC)
    assert first_update({"Basic/1": OLD}) is None

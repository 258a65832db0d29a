"""Which resources are built alike: two of one shape break the same rules of FHIR's structure."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.apis.alike import outline, shape

ITEM: dict[str, Any] = {
    "resourceType": "Basic",
    "id": "b1",
    "meta": {"lastUpdated": "2026-01-01T00:00:00Z"},
    "code": {"coding": [{"system": "http://x.example/codes", "code": "123", "display": "Words of any kind"}]},
    "subject": {"reference": "MedicationKnowledge/1"},
}


@pytest.mark.parametrize(
    "like",
    [
        {"id": "another-id.2"},
        {"meta": {"lastUpdated": "2026-02-03T04:05:06+05:00"}},
        {"code": {"coding": [{"system": "http://x.example/others", "code": "9", "display": "Other words"}]}},
        {"code": {"coding": [ITEM["code"]["coding"][0], ITEM["code"]["coding"][0]]}},
        {"subject": {"reference": "https://x.example/MedicationKnowledge/2"}},
    ],
)
def test_what_is_alike(like: dict[str, Any]) -> None:
    assert shape(ITEM | like) == shape(ITEM)


@pytest.mark.parametrize(
    "unlike",
    [
        {"id": "no id"},
        {"id": ""},
        {"id": 1},
        {"id": None},
        {"meta": {"lastUpdated": "2026-02-30T04:05:06Z"}},
        {"meta": {"lastUpdated": "2026-02-03"}},
        {"meta": {"lastUpdated": "yesterday"}},
        {"code": {"coding": []}},
        {"code": {"coding": [{"system": "http://x.example/codes", "code": 123, "display": "Words"}]}},
        {"code": {"coding": [{"system": "http://x.example/codes", "code": " 123", "display": "Words"}]}},
        {"code": {"coding": [{"system": "http://x.example/codes", "code": "1  2", "display": "Words"}]}},
        {"code": {"coding": [{"system": "http://x.example/codes", "code": "123", "display": ""}]}},
        {"subject": {"reference": "Patient/1"}},
        {"subject": {"reference": "MedicationKnowledge/1", "type": "MedicationKnowledge"}},
        {"extension": [{"url": "http://x.example/a"}]},
    ],
)
def test_what_is_not(unlike: dict[str, Any]) -> None:
    assert shape(ITEM | unlike) != shape(ITEM)


def test_codes_of_a_fixed_list_and_numbers_are_told_apart() -> None:
    assert shape({"status": "active"}) != shape({"status": "banana"})
    assert shape({"start": "2026-05-04", "end": "2026-05-06"}) != shape({"start": "2026-05-04", "end": "2026-05-03"})
    assert shape({"url": "http://x.example/a"}) != shape({"url": "http://x.example/b"})
    assert len({shape({"value": value}) for value in (1, -1, 0, 1.5, 1.0, True, None, 2**31, "1")}) == 9


def test_an_outline_is_blind_to_what_texts_say_and_sees_names_and_types() -> None:
    coding = ITEM["code"]["coding"][0]

    assert outline(ITEM) == outline(ITEM | {"id": "", "code": {"coding": [{**coding, "code": "x"}, coding]}})
    for unlike in (
        {"id": 1},
        {"id": None},
        {"status": "active"},
        {"subject": {"display": "a drug"}},
        {"code": {"coding": [coding, {"system": "http://x.example/codes"}]}},
        {"code": {"coding": []}},
        {"code": {"coding": coding}},
    ):
        assert outline(ITEM | unlike) != outline(ITEM), unlike

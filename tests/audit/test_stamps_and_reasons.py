"""Stamps and reasons of records are read as the live scenarios read them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from conformance import clock
from conformance.audit import grading, written
from conformance.audit.engines import opened
from conformance.audit.rows import PART, WHOLE

ZONES = ("America/New_York", "America/Los_Angeles")
Read = Callable[[str], tuple[int, int] | None]


@pytest.fixture(scope="module")
def read() -> Iterator[Callable[[str], tuple[int, int] | None]]:
    """A stamp as a log's column has it: its earliest and latest second, None where it is no time."""
    with opened("duckdb") as engine:

        def one(text: str) -> tuple[int, int] | None:
            table = engine.table({"decided": [text]}, {"decided": "string"}, "stamps")
            known = written.calendar(engine, {"decided": table.decided}, ZONES)
            both = known.joined(table, {"decided": "d"})
            early, late, _ = known.meaning(both, "d")
            [row] = engine.rows(both.select(early=early, late=late))
            assert bool(known.unread) is (row["early"] is None)
            return None if row["early"] is None else (row["early"], row["late"])

        yield one


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-08T02:30:00", "2026-11-01T01:15:59", "2026-11-01T01:15:59-04:00", "2026-07-04", "2026-07",
        "2026-12-31T23:59:59Z", "2026-02-28T10:00:00.250+05:30", "2026-02-28T10:00",
    ],
)  # fmt: skip
def test_iso_stamps_mean_what_the_clock_says(read: Read, text: str) -> None:
    expected = clock.stamp(text, ZONES)
    assert expected
    ends = (expected.earliest, expected.latest)

    assert read(text) == tuple(int(clock.instant(each).timestamp() // 1) for each in ends)


@pytest.mark.parametrize(
    ("text", "same_as"),
    [
        ("3/1/2026", "2026-03-01"), ("03/01/2026 2:05 PM", "2026-03-01T14:05:00"),
        ("3/1/2026 12:00 AM", "2026-03-01T00:00:00"),
        ("2026/03/01", "2026-03-01"), ("20260301", "2026-03-01"), ("01-Mar-2026", "2026-03-01"),
        ("2026-03-01 14:05:00", "2026-03-01T14:05:00"), ("3/1/26 14:05", "2026-03-01T14:05:00"),
        ("2026-03-01 14:05:00.000 -0500", "2026-03-01T14:05:00-05:00"),
        ("2026-03-01 14:05:00 UTC", "2026-03-01T14:05:00Z"), ("2026-07-01 14:05 EDT", "2026-07-01T14:05:00-04:00"),
        ("3/1/2026 2:05:00 PM CST", "2026-03-01T14:05:00-06:00"), ("01-MAR-26", "2026-03-01"),
        ("01-MAR-2026 02.05.00.000000 PM", "2026-03-01T14:05:00"), ("Mar  1 2026  2:05PM", "2026-03-01T14:05:00"),
        ("March 1, 2026", "2026-03-01"), ("46082", "2026-03-01"), ("46082.586805555555", "2026-03-01T14:05:00"),
        ("1772373900", "2026-03-01T14:05:00Z"), ("1772373900000", "2026-03-01T14:05:00Z"),
    ],
)  # fmt: skip
def test_other_spellings_are_read_too(read: Read, text: str, same_as: str) -> None:
    assert read(text) == read(same_as) is not None


@pytest.mark.parametrize(
    "text",
    [
        "soon",
        "13/45/2026",
        "03-01-26",
        "12345",
        "12-Foo-2026",
        "EST",
        "2026-02-30",
        "2026-03-01T25:00",
        "2026-03-01T10:00 PM",
        "0",
        "$5.00",
        "2026-03-01T10:61:00",
    ],
)
def test_what_is_no_time_is_none(read: Read, text: str) -> None:
    assert read(text) is None


def whole(*parts: str) -> str:
    return f"{WHOLE}{PART.join(('a:A3', 's:1', *parts))}"


@pytest.mark.parametrize(
    ("text", "grade"),
    [
        (whole(), grading.NONE),
        (whole("t:Denied."), grading.GENERIC),
        (whole("c:https://codesystem.x12.org/005010/306#A3"), grading.GENERIC),
        (whole("c:https://codesystem.x12.org/external/886#0F"), grading.SPECIFIC),
        (whole("t:The MRI criterion of six weeks is not met."), grading.SPECIFIC),
        (f"N:1:Six weeks of therapy are missing.{WHOLE}a:A3{PART}s:1{PART}n:1", grading.SPECIFIC),
        # A note that one item names as its own is no other item's reason.
        (f"N:1:Therapy notes are missing.{WHOLE}a:A3{PART}s:1{PART}n:1\x1ea:A3{PART}s:2", grading.NONE),
        (f"N:1:Therapy notes are missing.{WHOLE}a:A3{PART}s:1\x1ea:A3{PART}s:2", grading.SPECIFIC),
        # A note of the whole request does not say for which of two items decided differently it is meant …
        (f"t:Therapy notes are missing.{WHOLE}a:A1{PART}s:1\x1ea:A3{PART}s:2", grading.NONE),
        # … unless it names the item; and every denied item needs its own.
        (f"t:Item 2: therapy notes are missing.{WHOLE}a:A1{PART}s:1\x1ea:A3{PART}s:2", grading.SPECIFIC),
        (f"{WHOLE}a:A3{PART}s:1{PART}t:No therapy notes.\x1ea:A3{PART}s:2", grading.NONE),
    ],
)
def test_reasons_are_graded_by_the_worst_denied_item(text: str, grade: int) -> None:
    assert grading.grade(text)[0] == grade

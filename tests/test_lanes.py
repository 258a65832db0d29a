"""Lanes: one thing after another in each, all of them at once, and what a piece came to is told where it is asked."""

from __future__ import annotations

import threading
import time

import pytest

from conformance.lanes import Lanes

SOON = 5.0


def test_the_pieces_of_a_lane_are_done_in_order_and_never_two_at_once() -> None:
    lanes: Lanes[int] = Lanes()
    began: list[int] = []
    at_work: list[int] = []

    def piece(number: int) -> int:
        at_work.append(number)
        began.append(number)
        time.sleep(0.001)
        assert at_work == [number]
        at_work.remove(number)
        return number * number

    lanes.start(("a", number, lambda number=number: piece(number)) for number in range(20))

    assert [lanes.result(number) for number in reversed(range(20))] == [number**2 for number in reversed(range(20))]
    assert began == list(range(20))


def test_lanes_are_at_work_at_the_same_time() -> None:
    lanes: Lanes[int] = Lanes()
    both = threading.Barrier(2)

    lanes.start((lane, lane, lambda: both.wait(SOON)) for lane in "ab")

    assert {lanes.result("a"), lanes.result("b")} == {0, 1}


@pytest.mark.parametrize("raised", [ValueError("x"), SystemExit(3)])
def test_what_a_piece_raises_is_raised_where_it_is_asked_and_the_lane_goes_on(raised: BaseException) -> None:
    lanes: Lanes[str] = Lanes()

    def bad() -> str:
        raise raised

    lanes.start([("a", "bad", bad), ("a", "good", lambda: "done")])

    with pytest.raises(type(raised)) as seen:
        lanes.result("bad")
    assert seen.value is raised
    assert lanes.result("good") == "done"
    assert "bad" in lanes
    assert "other" not in lanes


def test_a_lane_that_is_stopped_begins_nothing_more() -> None:
    lanes: Lanes[None] = Lanes()
    begun, go_on, second = threading.Event(), threading.Event(), threading.Event()

    def first() -> None:
        begun.set()
        assert go_on.wait(SOON)

    lanes.start([("a", 1, first), ("a", 2, second.set)])
    assert begun.wait(SOON)
    lanes.stop()
    go_on.set()

    assert lanes.result(1) is None
    assert not second.wait(0.1)

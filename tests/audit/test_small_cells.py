"""No cell of 1 to 10 stands in a finer cut, nor follows from what does stand there and the figures of all."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from opened_records import records_of

from conformance.audit.cuts import MERGED, SMALL, cuts, merged
from conformance.audit.facts import DECISIONS
from conformance.audit.metrics import computed, decided
from conformance.sandbox.record_cases import CASES
from conformance.sandbox.record_forms import CsvLog

Row = dict[str, Any]
CELL = st.one_of(st.just(0), st.integers(1, 12), st.integers(11, 400))


def row(value: str, approved: int, partial: int, denied: int) -> Row:
    return {"value": value, "approved": approved, "partial": partial, "denied": denied,
            "total": approved + partial + denied}  # fmt: skip


TABLES = st.lists(st.tuples(CELL, CELL, CELL).filter(any), min_size=2, max_size=7).map(
    lambda cells: [row(f"v{number}", *each) for number, each in enumerate(cells)]
)


def follows(known: list[tuple[list[int], int]], place: int) -> Fraction | None:
    """The value of one unknown where linear equations (coefficients, sum) leave no choice; else None."""
    rows = [[Fraction(each) for each in (*coefficients, total)] for coefficients, total in known]
    width = len(known[0][0])
    order = [*(each for each in range(width) if each != place), place]  # the wanted one is solved for last
    done = 0
    for column in order:
        pivot = next((each for each in range(done, len(rows)) if rows[each][column]), None)
        if pivot is None:
            continue
        rows[done], rows[pivot] = rows[pivot], rows[done]
        rows[done] = [each / rows[done][column] for each in rows[done]]
        for other in range(len(rows)):
            if other != done and rows[other][column]:
                factor = rows[other][column]
                rows[other] = [a - factor * b for a, b in zip(rows[other], rows[done], strict=True)]
        done += 1
    for each in rows:
        if each[place] == 1 and not any(each[other] for other in range(width) if other != place):
            return each[-1]
    return None


def told(rows: list[Row], shown: list[Row]) -> list[tuple[list[int], int]]:
    """What a reader knows: each cell that is shown, the sums of those that are merged, and of all."""
    places = {(each["value"], name): place for place, (each, name) in enumerate(
        (each, name) for each in rows for name in DECISIONS)}  # fmt: skip
    named = {each["value"] for each in shown}
    known = []

    def knows(cells: list[tuple[str, str]], total: int) -> None:
        known.append(([int(place in {places[cell] for cell in cells}) for place in range(len(places))], total))

    for name in DECISIONS:
        knows([(each["value"], name) for each in rows], sum(each[name] for each in rows))
    for each in shown:
        group = [each["value"]] if each["value"] in {r["value"] for r in rows} else [
            r["value"] for r in rows if r["value"] not in named
        ]  # fmt: skip
        for name in DECISIONS:
            knows([(value, name) for value in group], each[name])
        knows([(value, name) for value in group for name in DECISIONS], each["total"])
    return known


@settings(max_examples=60, deadline=None)
@given(TABLES)
def test_no_small_cell_follows_from_what_is_shown(rows: list[Row]) -> None:
    shown = merged(rows)

    assert not any(0 < each[name] <= SMALL for each in shown for name in DECISIONS)
    known = told(rows, shown)
    for place, (each, name) in enumerate((each, name) for each in rows for name in DECISIONS):
        if 0 < each[name] <= SMALL:
            assert follows(known, place) is None, f"{each['value']}, {name} is {each[name]}"
    if shown:
        for name in (*DECISIONS, "total"):
            assert sum(each[name] for each in shown) == sum(each[name] for each in rows)


def test_of_many_rows_the_smallest_are_merged_and_none_is_left_out() -> None:
    rows = [row(f"v{number}", 20 + number, 0, 30) for number in range(250)]
    shown = merged(rows)

    assert [each["value"] for each in shown[-2:]] == ["v50", f"50 {MERGED}"]
    assert sum(each["total"] for each in shown) == sum(each["total"] for each in rows)


def test_the_algebra_finds_what_a_difference_gives_away() -> None:
    rows = [row("a", 50, 0, 40), row("b", 60, 0, 3)]

    assert follows(told(rows, rows[:1]), 5) == 3
    assert follows(told(rows, []), 5) is None


def test_the_rows_of_every_cut_sum_to_the_figures_of_all(tmp_path: Path) -> None:
    random = Random(4)
    with CsvLog(tmp_path) as writer:
        for number in range(150):
            facts = CASES["denied_with_a_reason" if number % 3 else "approved_in_time"].build(random)
            # Three without a specialty; a plan and a month with few, of a line that has nothing else.
            few = {"plan": "H9999", "line": "Other"} if number < 5 else {"plan": f"H{number % 2}", "line": "MA"}
            unsaid = {"specialty": "" if number < 3 else f"S{number % 2}"}
            writer.write(f"{number}", {**facts, **few, **unsaid}, 1)

    with records_of([tmp_path / "log.csv"], tmp_path, {"payer_type": "ma"}) as records:
        found, counts = cuts(records, decided(records, None)), computed(records)["counts"]

    for name in ("specialty", "plan", "month", "service", "channel"):
        for outcome in DECISIONS:
            assert sum(each[outcome] for each in found[name]) == sum(each[outcome] for each in counts.values()), name
    assert any(each["value"].endswith(MERGED) for each in found["specialty"])
    assert "line" not in found, "H9999 is all of the other line"

"""Searches that refine a parameter, over lists as payers may have them: what is asked, and what is found wrong."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from conformance.apis.shapes import Placed
from conformance.flows.formulary_refined import compared, named, several
from conformance.flows.paging import Found

PLAN = {
    "resourceType": "InsurancePlan", "id": "p", "name": "Harbor Gold", "identifier": [{"value": "1"}],
    "period": {"start": "2026-01-01", "end": "2026-12-31"},
}  # fmt: skip


class Server:
    """Finds some ids whatever is asked, and notes what was."""

    def __init__(self, *ids: str, **also: str) -> None:
        self.asked: list[tuple[str, str]] = []
        self._found = [Placed("", {**PLAN, "id": own, "identifier": [{"value": also.get(own, "1")}]}) for own in ids]

    def search(self, kind: str, *params: tuple[str, str]) -> Found:
        self.asked.append(params[-1])
        return Found(f"{kind}?{params[-1]}", 200, ok=True, matches=tuple(self._found), pages=1)


def listed(*resources: dict[str, Any]) -> list[Placed]:
    return [Placed("", each) for each in resources]


def problems(probes: Iterable[Any]) -> list[str]:
    return [each.problem for each in probes if each.problem]


def test_every_comparator_is_asked_on_both_sides_of_the_period() -> None:
    server = Server("p")
    found = problems(compared("InsurancePlan", listed(PLAN), server.search))

    assert {value[:2] for _, value in server.asked} == {"lt", "le", "gt", "ge", "sa", "eb"}
    assert ("period", "lt2025-12-30") in server.asked
    assert ("period", "gt2027-01-02") in server.asked
    assert len(found) == len(server.asked) / 2, "a server that finds it always is wrong in half of them"


@pytest.mark.parametrize(
    "period",
    [{}, {"start": "2026-01-01"}, {"start": "2026-01-01", "end": "2026-01-03"}, {"start": "2026", "end": "2027"}],
)
def test_a_period_that_tells_too_little_is_not_searched_by(period: dict[str, str]) -> None:
    assert not list(compared("InsurancePlan", listed({**PLAN, "period": period}), Server().search))


def test_of_two_values_both_are_wanted_and_nothing_else() -> None:
    plans = [
        {**PLAN, "id": own, "identifier": [{"value": value}]} for own, value in (("a", "1"), ("b", "2"), ("c", "3"))
    ]
    whole = Server("a", "b", a="1", b="2")

    assert problems(several("InsurancePlan", listed(*plans), whole.search)) == []
    assert whole.asked == [("identifier", "1,2")]
    first = problems(several("InsurancePlan", listed(*plans), Server("a", a="1").search))
    other = problems(several("InsurancePlan", listed(*plans), Server("a", "b", "c", a="1", b="2", c="3").search))
    assert first == ["1 of 2 are missing, 0 do not match"]
    assert other == ["0 of 2 are missing, 1 do not match"]


def test_a_name_is_searched_from_inside() -> None:
    server = Server("p")

    assert len(problems(named("InsurancePlan", listed(PLAN), server.search))) == 1, "no name has the other words in it"
    assert server.asked[0] == ("name:contains", "arbor")
    assert not list(named("InsurancePlan", listed({**PLAN, "name": "A B"}), server.search))

"""Limits taken together: counted by tier, told in words, at odds."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.apis.formulary import Item, Period, read_item
from conformance.apis.formulary_limits import at_odds, counted
from conformance.apis.shapes import Coding

RETAIL, MAIL = (Coding("b", "retail"),), (Coding("b", "mail"),)
ITEM = read_item({"resourceType": "Basic", "id": "1", "subject": {"reference": "MedicationKnowledge/d"}})


def item(name: str, **said: Any) -> Item:
    assert ITEM is not None
    given = {"formulary": "InsurancePlan/F", "status": "active", "benefit_types": (RETAIL,), "tiers": (), **said}
    return ITEM._replace(at=name, **given)


def test_items_are_counted_by_tier() -> None:
    generic, special = ((Coding("t", "generic"),),), ((Coding("", "", "Special drugs"),),)
    items = [
        item("a", tiers=generic, prior_authorization=True, step_therapy=True, additional_information="Metformin first"),
        item("b", tiers=generic, prior_authorization=False, step_therapy=True),
        item("c", tiers=special, quantity_limit=True),
        item("d", quantity_detail=True),
    ]
    assert counted(items) == {
        "items": 4,
        "prior_authorization": 1,
        "step_therapy": 2,
        "quantity_limit": 2,
        "silent": {"prior_authorization": 2, "step_therapy": 2, "quantity_limit": 2},
        "steps_told": 1,
        "tiers": ["generic"],
        "by_tier": [
            {"tier": "generic", "items": 2, "prior_authorization": 1, "step_therapy": 2, "quantity_limit": 0},
            {"tier": "", "items": 1, "prior_authorization": 0, "step_therapy": 0, "quantity_limit": 1},
            {"tier": "Special drugs", "items": 1, "prior_authorization": 0, "step_therapy": 0, "quantity_limit": 1},
        ],
    }
    assert counted([])["by_tier"] == []


@pytest.mark.parametrize(
    "other",
    [
        {"prior_authorization": True},
        {"tiers": ((Coding("t", "brand"),),)},
        {"prior_authorization": True, "benefit_types": (MAIL, RETAIL)},
        {"prior_authorization": True, "period": Period("2026-06-30", "2026-12-31")},
        {"prior_authorization": True, "period": Period("", "")},
    ],
)
def test_two_answers_about_one_drug(other: dict[str, Any]) -> None:
    tier = {"tiers": ((Coding("t", "generic"),),)}
    one = item("one", **tier, prior_authorization=False, period=Period("2026-01-01", "2026-06-30"))
    [odds] = at_odds([one, item("other", **{**tier, **other})])
    assert odds.at == "one and other"
    assert odds.said.startswith("tier" if "tiers" in other else "prior-authorization")


@pytest.mark.parametrize(
    "other",
    [
        {"formulary": "InsurancePlan/G"},
        {"drug": "MedicationKnowledge/e"},
        {"status": "retired"},
        {"benefit_types": (MAIL,)},
        {"period": Period("2026-07-01", "")},
        {"prior_authorization": None, "prior_authorization_new_starts": None},
        {"prior_authorization": False},
    ],
)
def test_what_may_differ(other: dict[str, Any]) -> None:
    one = item("one", prior_authorization=False, period=Period("2026-01-01", "2026-06-30"))
    assert at_odds([one, item("other", **{"prior_authorization": True, **other})]) == ()


def test_a_drug_that_is_listed_by_the_thousand_is_compared_by_what_its_items_say() -> None:
    yes, no = item("yes", prior_authorization=True), item("no", prior_authorization=False)
    [odds] = at_odds([yes, no] * 20_000)
    assert odds.at == "yes and no"

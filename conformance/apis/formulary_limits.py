"""What a formulary's items say of limits, taken together: counted by tier, explained, and at odds with one another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations, islice
from typing import Any

from conformance.apis.formulary import Item, Plan
from conformance.apis.shapes import Coding

LIMITS = ("prior-authorization", "step-therapy", "quantity-limit")
MOST_TIERS = 40  # rows of a report


@dataclass(frozen=True)
class Odds:
    """Two items by which one drug has two answers in one formulary, for one kind of pharmacy at one time."""

    at: str
    said: str


def counted(items: Iterable[Item]) -> dict[str, Any]:
    """How many items have each limit, how many speak of it at all, and how many there are by tier."""
    listed = tuple(items)
    limits = {name: Counter(item.limits[name] for item in listed) for name in LIMITS}
    stepped = [item for item in listed if item.limits["step-therapy"]]
    return {
        "items": len(listed),
        **{_key(name): told[True] for name, told in limits.items()},
        "silent": {_key(name): told[None] for name, told in limits.items()},
        "steps_told": sum(bool(item.additional_information) for item in stepped),
        "tiers": sorted({item.tier_code.code for item in listed if item.tier_code}),
        "by_tier": list(islice(_by_tier(listed), MOST_TIERS)),
    }


def _key(limit: str) -> str:
    return limit.replace("-", "_")


def _by_tier(items: Iterable[Item]) -> Iterator[dict[str, Any]]:
    tiers: dict[str, Counter[str]] = {}
    for item in items:
        counts = tiers.setdefault(tier_name(item), Counter())
        counts["items"] += 1
        counts.update(_key(name) for name, holds in item.limits.items() if holds)
    for tier, counts in sorted(tiers.items(), key=lambda pair: (-pair[1]["items"], pair[0])):
        kinds = ("items", "prior_authorization", "step_therapy", "quantity_limit")
        yield {"tier": tier, **{kind: counts[kind] for kind in kinds}}


def tier_name(item: Item) -> str:
    """The tier of an item as a reader would name it: its code, else its words; "" without any."""
    first: Coding | None = item.tier_code or next(iter(item.tier), None)
    return (first.code or first.display) if first else ""


def costs_told(plan: Plan) -> dict[str, set[str]]:
    """The tiers that a plan tells a cost of, for each kind of pharmacy, by their codes."""
    told: dict[str, set[str]] = {}
    for cost in plan.costs:
        for pharmacy in cost.benefit_type:
            told.setdefault(pharmacy.code, set()).update(tier.code for tier in cost.tier)
    return told


def used_of(plan: Plan, items: Iterable[Item]) -> frozenset[tuple[str, str]]:
    """The pairs of tier and kind of pharmacy that the items of a plan's formularies name, by their codes."""
    own = [item for item in items if item.formulary in plan.formularies and item.is_offered and item.tier_code]
    pharmacies = ((item.tier_code, codes[0].code) for item in own for codes in item.benefit_types if codes[0].code)
    return frozenset((tier.code, pharmacy) for tier, pharmacy in pharmacies if tier)


def at_odds(items: Iterable[Item]) -> tuple[Odds, ...]:
    """The items of one drug in one formulary that contradict each other: another tier, or a limit that one asserts and
    the other denies. Items for other kinds of pharmacy, or for other times, may lawfully differ."""
    places: dict[tuple[str, str], list[Item]] = {}
    for item in items:
        if item.is_offered and item.formulary and item.drug:
            places.setdefault((item.formulary, item.drug), []).append(item)
    several = (group for group in places.values() if len(group) > 1)
    return tuple(odds for group in several for odds in _pairs(group))


def _pairs(group: Iterable[Item]) -> Iterator[Odds]:
    for one, other in combinations(group, 2):
        differs = [name for name, holds in one.limits.items() if {holds, other.limits[name]} == {True, False}]
        if tier_name(one) and tier_name(other) and tier_name(one) != tier_name(other):
            differs.append("tier")
        if differs and _meet(one, other):
            yield Odds(f"{one.at} and {other.at}", f"{', '.join(differs)} not the same for {one.drug}")


def _meet(one: Item, other: Item) -> bool:
    """Whether two items can speak of one fill: a kind of pharmacy and a time in common."""
    pharmacies = set(one.benefit_types) & set(other.benefit_types) or not (one.benefit_types and other.benefit_types)
    if one.period is None or other.period is None:
        return bool(pharmacies)
    first, second = sorted((one.period, other.period), key=lambda period: period.start)
    return bool(pharmacies) and (not first.end or not second.start or first.end[:10] >= second.start[:10])

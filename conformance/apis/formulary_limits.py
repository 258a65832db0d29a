"""What a formulary's items say of limits, taken together: counted by tier, explained, and at odds with one another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, islice
from typing import Any

from conformance.apis.formulary import Item, Plan, Tiers, coded
from conformance.apis.formulary_flags import flags_of, limits_of
from conformance.apis.shapes import Coding

LIMITS = ("prior-authorization", "step-therapy", "quantity-limit")
Codes = tuple[str, ...]
MOST_TIERS = 40  # rows of a report
MOST_PAIRS = 100_000  # of different items of one drug in one formulary


@dataclass(frozen=True)
class Odds:
    """Two items by which one drug has two answers in one formulary, for one kind of pharmacy at one time."""

    at: str
    said: str


def counted(items: Iterable[Item]) -> dict[str, Any]:
    """How many items have each limit, how many speak of it at all, and how many there are by tier."""
    listed = tuple(items)
    alike = Counter((item.tiers, flags_of(item)) for item in listed)
    told: Counter[tuple[str, bool | None]] = Counter()
    tiers: dict[str, Counter[str]] = {}
    for (concepts, flags), number in alike.items():
        counts = tiers.setdefault(_named(concepts), Counter())
        counts["items"] += number
        for limit, holds in limits_of(*flags).items():
            told[limit, holds] += number
            counts[limit] += number if holds else 0
    stepped = [item for item in listed if item.step_therapy or item.step_therapy_new_starts]
    return {
        "items": len(listed),
        **{_key(limit): told[limit, True] for limit in LIMITS},
        "silent": {_key(limit): told[limit, None] for limit in LIMITS},
        "steps_told": sum(bool(item.additional_information) for item in stepped if item.limits["step-therapy"]),
        "tiers": sorted({code.code for concepts, _ in alike if (code := coded(concepts))}),
        "by_tier": list(islice(_by_tier(tiers), MOST_TIERS)),
    }


def _key(limit: str) -> str:
    return limit.replace("-", "_")


def _by_tier(tiers: Mapping[str, Counter[str]]) -> Iterator[dict[str, Any]]:
    for tier, counts in sorted(tiers.items(), key=lambda pair: (-pair[1]["items"], pair[0])):
        yield {"tier": tier, **{_key(kind): counts[kind] for kind in ("items", *LIMITS)}}


def tier_name(item: Item) -> str:
    """The tier of an item as a reader would name it: its code, else its words; "" without any."""
    return _named(item.tiers)


def _named(tiers: Tiers) -> str:
    first = coded(tiers) or next(iter(next(iter(tiers), ())), None)
    return (first.code or first.display) if first else ""


def costs_told(plan: Plan) -> dict[str, set[str]]:
    """The tiers that a plan tells a cost of, for each kind of pharmacy, by their codes."""
    told: dict[str, set[str]] = {}
    for cost in plan.costs:
        for pharmacy in cost.benefit_type:
            told.setdefault(pharmacy.code, set()).update(tier.code for tier in cost.tier)
    return told


def used_of(items: Iterable[Item]) -> dict[str, set[tuple[Codes, Codes]]]:
    """The pairs of tier and kind of pharmacy that the items of each formulary name, by all codes that each has."""
    alike = {(item.formulary, item.tiers, item.benefit_types) for item in items if item.is_offered}
    used: dict[str, set[tuple[Codes, Codes]]] = {}
    for formulary, tiers, pharmacies in alike:
        tier = _codes(next(iter(tiers), ()))
        pairs = {(tier, codes) for each in pharmacies if (codes := _codes(each))}
        used.setdefault(formulary, set()).update(pairs if tier else ())
    return used


def _codes(concept: Iterable[Coding]) -> Codes:
    return tuple(each.code for each in concept if each.code)


def at_odds(items: Iterable[Item]) -> tuple[Odds, ...]:
    """The items of one drug in one formulary that contradict each other: another tier, or a limit that one asserts and
    the other denies. Items for other kinds of pharmacy, or for other times, may lawfully differ."""
    places: dict[tuple[str, str], list[Item]] = {}
    for item in items:
        if item.is_offered and item.formulary and item.drug:
            places.setdefault((item.formulary, item.drug), []).append(item)
    several = (group for group in places.values() if len(group) > 1)
    return tuple(odds for group in several for odds in _pairs(group))


def _pairs(group: Sequence[Item]) -> Iterator[Odds]:
    """Items that say the same count once, so that even a drug that is listed by the thousand has few pairs."""
    told = {(item.tiers, flags_of(item), item.benefit_types, item.period): item for item in reversed(group)}
    for one, other in islice(combinations(reversed(told.values()), 2), MOST_PAIRS):
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

"""Whether published figures agree with themselves, and with the decisions they count; every difference in words.

A percentage may differ from its fraction by half of its last printed digit. Where CMS's own documents count
differently, a figure is right if it is right by one of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from conformance.audit.published import SIDES, Number, Report

WITHIN_7_DAYS_FROM = 2026  # the first year of which the clock of seven days was in force
_ROUNDING = Decimal("0.1")  # shares that are rounded one by one may sum to a little more than all


@dataclass(frozen=True)
class Difference:
    """One thing that does not agree: the figure, what it should be, what is printed."""

    figure: str
    expected: str
    found: str


def arithmetic(report: Report, sides: Sequence[str] = SIDES, of_decided: bool = False) -> tuple[int, list[Difference]]:
    """How many figures could be checked against others of the same report, and those that do not agree.

    ``of_decided``: shares may be of what was decided, too, of which some was only asked for.
    """
    checked, wrong = 0, []
    for side in sides:
        for found in _side(report, side, of_decided):
            checked += 1
            if found is not None:
                wrong.append(found)
    return checked, wrong


def _side(report: Report, side: str, of_decided: bool) -> Iterator[Difference | None]:
    def get(name: str) -> Number | None:
        return report.get(side, name)

    total, decided = get("total"), None
    if of_decided and (one := get("approved")) and (other := get("denied")):
        decided = Number(one.value + other.value, f"{one.value + other.value}")
    for name in ("approved", "denied"):
        yield from _share(f"{side}: {name}", get(name), [total, decided], get(f"{name}_pct"))
    if get("after_appeal_of") or get("appeals"):  # of how many is not told elsewhere: CMS's documents differ
        appealed = [get("after_appeal_of"), get("appeals"), get("denied"), total]
        yield from _share(
            f"{side}: approved after appeal", get("approved_after_appeal"), appealed, get("approved_after_appeal_pct")
        )
    approved, denied = get("approved"), get("denied")
    if approved and denied and total:
        both = approved.value + denied.value
        yield (
            None
            if both <= total.value
            else Difference(f"{side}: approved and denied", f"at most {total.printed} together", f"{both}")
        )
    if (one := get("approved_pct")) and (other := get("denied_pct")):
        together = one.value + other.value
        yield (
            None
            if together <= 100 + _ROUNDING + one.slack + other.slack
            else Difference(f"{side}: approved and denied", "at most 100 % together", f"{together} %")
        )
    for name in ("approved", "denied"):
        whole = get(name)
        for part_name in (f"{name}_within_7d", f"{name}_after_extension"):
            part = get(part_name)
            if part and whole:
                words = part_name.replace("_", " ").replace("7d", "7 days")
                yield (
                    None
                    if part.value <= whole.value
                    else Difference(f"{side}: {words}", f"at most {whole.printed}", part.printed)
                )
    overturned, upheld, appeals = get("approved_after_appeal"), get("denied_after_appeal"), get("appeals")
    if overturned and appeals:
        least = overturned.value + (upheld.value if upheld else 0)
        yield None if least <= appeals.value else Difference(f"{side}: appeals", f"at least {least}", appeals.printed)


def _share(
    figure: str, part: Number | None, wholes: list[Number | None], printed: Number | None
) -> Iterator[Difference | None]:
    """A percentage against its fraction, of the first whole by which it is right; nothing where one is not stated."""
    known = [whole for whole in wholes if whole is not None and whole.value]
    if part is None or printed is None or not known:
        return
    shares = [100 * part.value / whole.value for whole in known]
    if any(abs(share - printed.value) <= printed.slack for share in shares):
        yield None
    else:
        yield Difference(figure, f"{shares[0]:.2f} % ({part.value} of {known[0].value})", printed.printed)


def beyond(report: Report) -> list[str]:
    """What the figures say of the clocks: how many took longer than seven days, and whether that clock ran then."""
    said = []
    total, approved, denied = (
        report.get("standard", name) for name in ("total", "approved_within_7d", "denied_within_7d")
    )
    year = report.year
    clock = "" if year is None or year >= WITHIN_7_DAYS_FROM else ", before that clock was in force"
    if total and approved and denied:
        late = total.value - approved.value - denied.value
        said.append(f"{late:,} standard decisions took longer than 7 days{clock}")
    for side, name, most, unit in (("standard", "median_days", 7, "days"), ("expedited", "median_hours", 72, "hours")):
        median = report.get(side, name)
        if median and median.value > most:
            said.append(
                f"a median of {median.printed} {unit}: more than half of the {side} requests "
                f"took longer than {most} {unit}{clock}"
            )
    return said


def agreement(
    report: Report, computed: dict[str, Any], sides: Sequence[str] = ("", *SIDES)
) -> tuple[int, list[Difference]]:
    """How many published figures the decisions can check, and those that they contradict in both readings."""
    checked, wrong = 0, []
    readings = computed["figures"]
    for (side, name), printed in report.figures.items():
        if side not in sides:
            continue
        mine = [_mine(readings[reading], side, name) for reading in ("mcpar", "template")]
        known = [each for each in mine if each is not None]
        if not known:
            continue
        checked += 1
        if not any(abs(Decimal(str(each)) - printed.value) <= printed.slack + _own_rounding(name) for each in known):
            figure = f"{side or 'all'}: {name.replace('_', ' ')}"
            expected = " or ".join(dict.fromkeys(str(each) for each in known))
            wrong.append(Difference(figure, f"{expected} by the decisions", printed.printed))
    return checked, wrong


def _own_rounding(name: str) -> Decimal:
    return Decimal("0.005") if name.endswith(("_pct", "_days", "_hours")) else Decimal(0)


def _mine(figures: dict[str, Any], side: str, name: str) -> float | None:
    value = figures.get(name) if not side else figures[side].get(name)
    if value is None and side:  # a mean of expedited requests may be printed in days, of standard ones in hours
        for unit, other, factor in (("_days", "_hours", 1 / 24), ("_hours", "_days", 24)):
            if name.endswith(unit):
                given = figures[side].get(name.removesuffix(unit) + other)
                value = None if given is None else round(given * factor, 3)
    return value

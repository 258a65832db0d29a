"""Rules of FHIR R4 about the parts of one value (its invariants), where the names and types alone do not tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from conformance.clock import ANYWHERE, instant, stamp

Value = Mapping[str, Any]


def broken(type_name: str, value: Value) -> str:
    """What ``value`` breaks of the rule for its type, in words that follow its path; "" where nothing."""
    rule = _RULES.get(type_name)
    return rule(value) if rule else ""


def _of_extension(extension: Value) -> str:
    """ext-1: an extension has either a value or extensions of its own."""
    valued, inner = any(name.startswith(("value", "_value")) for name in extension), "extension" in extension
    if valued != inner:
        return ""
    return f"has {'both a value and' if inner else 'neither a value nor'} extensions of its own"


def _of_period(period: Value) -> str:
    """per-1: a period does not end before it begins, wherever a day without a time of day may be."""
    begin, end = period.get("start"), period.get("end")
    if not (isinstance(begin, str) and isinstance(end, str)):
        return ""
    zones = ANYWHERE if ("T" in begin) != ("T" in end) else ("UTC",)
    first, last = stamp(begin, zones), stamp(end, zones)
    backward = first and last and instant(first.earliest) > instant(last.latest)
    return f"ends ({end}) before it begins ({begin})" if backward else ""


def _together(element: str, needed: str) -> Callable[[Value], str]:
    """The rule that one element does not come without another."""

    def rule(value: Value) -> str:
        alone = element in value and needed not in value and f"_{needed}" not in value
        return f"has a {element} without a {needed}" if alone else ""

    return rule


def _of_questionnaire(form: Value) -> str:
    """que-2: no two items of a questionnaire share a linkId."""
    links, holders = Counter[str](), [form]
    while holders:
        listed = holders.pop().get("item")
        items = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
        links.update(each["linkId"] for each in items if isinstance(each.get("linkId"), str))
        holders += items
    twice = next((link for link, often in links.items() if often > 1), None)
    return "" if twice is None else f"has two items with the linkId {twice}"


_OF_QUANTITY = _together("code", "system")  # qty-3
_RULES: Mapping[str, Callable[[Value], str]] = {
    "Extension": _of_extension,
    "Period": _of_period,
    "Questionnaire": _of_questionnaire,
    "Attachment": _together("data", "contentType"),  # att-1
    "ContactPoint": _together("value", "system"),  # cpt-2
    **dict.fromkeys(
        ("Quantity", "Age", "Count", "Distance", "Duration", "MoneyQuantity", "SimpleQuantity"), _OF_QUANTITY
    ),
}

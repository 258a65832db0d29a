"""Amounts of money in a claim, found by their elements: the CARIN Basis profiles are open and let them pass.

What a provider was paid and what a member owes stand in ``total``, ``payment``, ``item.net``, ``item.unitPrice``,
``adjudication.amount`` and ``benefitBalance`` (CARIN BB 2.1.0; PDex 2.1.0 and 2.2.0, payer-to-payer and provider
access). An authorization (``use`` preauthorization) may say what was asked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from conformance.apis.shapes import JsonObject

MONEY = frozenset({"amount", "net", "unitPrice", "allowedMoney", "usedMoney", "valueMoney"})
CURRENCIES = "urn:iso:std:iso:4217"  # the system of a Quantity that is money
CLAIMS = frozenset({"claim", "predetermination"})


def amounts(resource: JsonObject) -> tuple[str, ...]:
    """The paths of every amount of money in an ExplanationOfBenefit that is a claim."""
    if resource.get("resourceType") != "ExplanationOfBenefit" or resource.get("use") not in CLAIMS:
        return ()
    return tuple(_money(resource, "ExplanationOfBenefit"))


def _is_money(name: str, node: JsonObject) -> bool:
    return name in MONEY or "currency" in node or node.get("system") == CURRENCIES


def _money(node: Any, at: str) -> Iterator[str]:
    if isinstance(node, list):
        for place, each in enumerate(node):
            yield from _money(each, f"{at}[{place}]")
    elif isinstance(node, dict):
        for name, each in node.items():
            here = f"{at}.{name}"
            if isinstance(each, dict) and "value" in each and _is_money(name, each):
                yield here
            else:
                yield from _money(each, here)

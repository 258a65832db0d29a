"""Amounts of money in claims, found by their elements: the CARIN Basis profiles are open and let them pass.

What a provider was paid and what a member owes stand in ``total``, ``payment``, ``item.net``, ``item.unitPrice``,
``adjudication.amount`` and ``benefitBalance`` (CARIN BB 2.1.0; PDex 2.1.0 and 2.2.0, payer-to-payer and provider
access), but a payer may put them elsewhere: money is money wherever it stands. An authorization (``use``
preauthorization) may say what was asked for, and a Coverage what its plan lets members pay in general.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from conformance.apis.shapes import JsonObject, codings, text

MONEY = frozenset(
    {
        "adjustment", "allowedMoney", "amount", "net", "paymentAmount", "totalGross", "totalNet", "unitPrice",
        "usedMoney", "valueMoney",
    }
)  # fmt: skip
CURRENCIES = "urn:iso:std:iso:4217"  # the system of a Quantity that is money
DOLLARS = frozenset({"USD", "US$", "$"})
OF_USE = frozenset({"ExplanationOfBenefit", "ClaimResponse", "Claim"})  # of a claim, unless they are of something else
REMITTANCES = frozenset({"PaymentReconciliation", "PaymentNotice", "Invoice"})
# Categories of an adjudication that are sums of money by their definition (C4BBAdjudication, HL7 adjudication); a
# co-insurance may be a percentage.
SUMS = frozenset(
    {
        "benefit", "copay", "deductible", "discount", "drugcost", "eligible", "memberliability", "noncovered",
        "paidbypatient", "paidbypatientcash", "paidbypatienthealthaccount", "paidbypatientother", "paidtopatient",
        "paidtoprovider", "priorpayerpaid", "submitted",
    }
)  # fmt: skip
ADJUDICATIONS = frozenset(
    {
        "http://terminology.hl7.org/CodeSystem/adjudication",
        "http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBAdjudication",
    }
)
WORDED = re.compile(r"(?:\$|US\$|USD) ?\d|\d ?USD\b")
WORDS = frozenset({"text", "display", "valueString", "allowedString", "usedString", "disposition"})


def amounts(resource: JsonObject) -> tuple[str, ...]:
    """The paths of every amount of money in a record of a claim or of its payment."""
    return tuple(_money(resource, text(resource.get("resourceType")))) if _is_of_a_claim(resource) else ()


def worded_amounts(resource: JsonObject) -> tuple[str, ...]:
    """The paths of the texts in such a record that speak of a sum: what they mean only a person can tell."""
    return tuple(_worded(resource, text(resource.get("resourceType")))) if _is_of_a_claim(resource) else ()


def _is_of_a_claim(resource: JsonObject) -> bool:
    kind = text(resource.get("resourceType"))
    return kind in REMITTANCES or (kind in OF_USE and resource.get("use") != "preauthorization")


def _money(node: Any, at: str) -> Iterator[str]:
    if isinstance(node, list):
        for place, each in enumerate(node):
            yield from _money(each, f"{at}[{place}]")
    elif isinstance(node, dict) and node.get("resourceType") != "Coverage":
        if "value" in node and _is_sum(node):
            yield f"{at}.value"
        for name, each in node.items():
            here = f"{at}.{name}"
            if isinstance(each, dict) and "value" in each and (name in MONEY or _is_currency(each)):
                yield here
            else:
                yield from _money(each, here)


def _is_currency(node: JsonObject) -> bool:
    named = text(node.get("code")) in DOLLARS or text(node.get("unit")) in DOLLARS
    return named or "currency" in node or node.get("system") == CURRENCIES


def _is_sum(adjudication: JsonObject) -> bool:
    found = codings(adjudication.get("category"))
    return any(each.code in SUMS and each.system in ADJUDICATIONS for each in found)


def _worded(node: Any, at: str) -> Iterator[str]:
    if isinstance(node, list):
        for place, each in enumerate(node):
            yield from _worded(each, f"{at}[{place}]")
    elif isinstance(node, dict):
        for name, each in node.items():
            if name in WORDS and isinstance(each, str):
                yield from (f"{at}.{name}",) if WORDED.search(each) else ()
            else:
                yield from _worded(each, f"{at}.{name}")

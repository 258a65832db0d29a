"""The Subscriptions that are sent: to results of pended requests, by the R5 backport guide for R4."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from conformance.apis.notifications import TOPIC

BACKPORT = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition"


def subscription(endpoint: str, criterion: str, content: str, end: datetime) -> dict[str, Any]:
    """A Subscription by rest-hook to what ``criterion`` ("identifier=1234567893") lets through, until ``end``."""
    body = {
        "resourceType": "Subscription",
        "meta": {"profile": [f"{BACKPORT}/backport-subscription"]},
        "status": "requested",
        "end": end.isoformat(timespec="seconds"),
        "reason": "Results of pended prior authorization requests.",
        "criteria": TOPIC,
        "_criteria": {"extension": [{"url": f"{BACKPORT}/backport-filter-criteria", "valueString": criterion}]},
        "channel": {"type": "rest-hook", "endpoint": endpoint, "payload": "application/fhir+json"},
    }
    return with_content(body, content)


def with_content(body: dict[str, Any], content: str) -> dict[str, Any]:
    """The same Subscription to notifications that hold this: id-only, or full-resource."""
    extension = {"url": f"{BACKPORT}/backport-payload-content", "valueCode": content}
    return {**body, "channel": {**body["channel"], "_payload": {"extension": [extension]}}}

"""Reading what a payer posts to a subscription's endpoint (R4 Subscriptions, by the R5 backport guide)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from conformance.apis.echo import content_faults
from conformance.apis.prior_auth import Answer, read_answers
from conformance.apis.raw import resource_problem
from conformance.apis.response_bundles import bundle_faults
from conformance.apis.shapes import JsonObject, Placed, entries, record, records, reference_text, text
from conformance.guides import Guide

TOPIC = "http://hl7.org/fhir/us/davinci-pas/SubscriptionTopic/PASSubscriptionTopic"
HANDSHAKE, EVENT = "handshake", "event-notification"
QUIET = (HANDSHAKE, "heartbeat", "query-status")  # notifications that nothing has happened


@dataclass(frozen=True)
class Notification:
    """One notification: its kind, what it is about, and the answers it brings.

    ``focus`` are the references of its events; ``answers`` the ClaimResponses in it, ``whole`` whether each came in a
    response Bundle of its own.
    """

    bundle: JsonObject = field(repr=False, hash=False)
    kind: str
    topic: str
    subscription: str
    focus: tuple[str, ...]
    answers: tuple[Answer, ...]
    whole: bool

    @property
    def names_something(self) -> bool:
        """Whether it tells what it is about: by reference, or by bringing it along."""
        return bool(self.focus or self.answers)


def read_notification(resource: Any, guide: Guide) -> Notification | None:
    """A notification; None where a resource is none: a Bundle of type history that begins with its status."""
    bundle = record(resource)
    listed = entries(bundle)
    if bundle.get("resourceType") != "Bundle" or bundle.get("type") != "history" or not listed:
        return None
    status = _status(listed[0])
    if status is None:
        return None
    answers = read_answers(bundle, guide)
    events = [*_events(status)]
    return Notification(
        bundle=bundle,
        kind=text(status.get("type")),
        topic=text(status.get("topic")).partition("|")[0],
        subscription=reference_text(status.get("subscription")),
        focus=tuple(each for event in events if (each := reference_text(event.get("focus")))),
        answers=answers,
        whole=bool(answers) and not any(each.type == "ClaimResponse" for each in listed),
    )


def content_lacking(notification: Notification, guide: Guide) -> tuple[str, ...]:
    """What a notification lacks of the content that its version has: all of it, what FHIR asks for, and of a response
    Bundle what its profile does. More than ids may come where only ids are due.
    """
    full, first = guide["subscription_content"] == "full-resource", guide["response_claim_response_first"]
    found = [] if (notification.whole if full else notification.names_something) else ["nothing of it"]
    found += [problem] if (problem := resource_problem(dict(notification.bundle))) else []
    for answer in notification.answers if full and notification.whole else ():
        found += (*bundle_faults(answer.bundle, first=first), *content_faults(answer))
    return tuple(dict.fromkeys(found))


def _status(placed: Placed) -> JsonObject | None:
    """The status of a subscription as plain elements: from Parameters (R4), or as a resource of its own (later)."""
    if placed.type == "SubscriptionStatus":
        return placed.resource
    return _plain(placed.resource.get("parameter")) if placed.type == "Parameters" else None


def _events(status: JsonObject) -> Iterator[JsonObject]:
    for name in ("notification-event", "notificationEvent"):
        listed = status.get(name)
        yield from (each for _, each in records(listed if isinstance(listed, list) else [listed]))


def _plain(parameters: Any) -> dict[str, Any]:
    """Parameters by their names: a value, or for parts a list of what they hold."""
    found: dict[str, Any] = {}
    for _, each in records(parameters):
        name = text(each.get("name"))
        if "part" in each:
            found.setdefault(name, []).append(_plain(each["part"]))
        else:
            found.setdefault(name, next((value for key, value in each.items() if key.startswith("value")), None))
    return found

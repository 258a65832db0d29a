"""Faults and variants in the subscriptions of the prior-authorization API, and in what they bring."""

from __future__ import annotations

import json
from dataclasses import replace

from conformance.sandbox.faults import prior_auth_edits as edits
from conformance.sandbox.faults.prior_auth_rules import NEWEST, rule
from conformance.sandbox.frame import Answer, Bend, Call, Fault, Resource, Variant
from conformance.sandbox.outcome import refusal

NOT_SERVED = refusal(404, "not-supported", "There are no subscriptions here.")
NOT_DELETED = refusal(405, "not-supported", "Subscriptions end by themselves.")
OFF = Answer(201, {"resourceType": "Subscription", "id": "off", "status": "off"})
OLDEST = ("pas=2.0.1",)


def _made(call: Call, answer: Answer) -> bool:
    return call.method == "POST" and answer.status == 201


def _deleted(call: Call, answer: Answer) -> bool:
    return call.method == "DELETE" and answer.status == 204


def _not_ones_own(call: Call, answer: Answer) -> bool:
    return (
        call.method == "POST" and b"is not the identifier of the system that asks" in json.dumps(answer.body).encode()
    )


def _without_a_body(_call: Call, answer: Answer) -> Answer:
    return replace(answer, body=None)


def _without_subscriptions(statement: Resource) -> None:
    rest = statement["rest"][0]
    rest["resource"] = [one for one in rest["resource"] if one["type"] != "Subscription"]


def _without_delete(statement: Resource) -> None:
    for one in statement["rest"][0]["resource"]:
        if one["type"] == "Subscription":
            one["interaction"] = [each for each in one["interaction"] if each["code"] != "delete"]


FAULTS: tuple[Fault, ...] = (
    Fault(
        "declares_no_subscriptions",
        "The CapabilityStatement does not list Subscription.",
        ("pas.declares-subscriptions",),
        bend=Bend("discovery.metadata", edits.editing_body(_without_subscriptions), edits.at_prior_auth),
    ),
    Fault(
        "declares_no_deletion",
        "The CapabilityStatement lists Subscription without delete.",
        ("pas.declares-subscriptions",),
        bend=Bend("discovery.metadata", edits.editing_body(_without_delete), edits.at_prior_auth),
    ),
    Fault(
        "makes_no_subscriptions",
        "A subscription is answered 404.",
        ("pas.subscription-created",),
        bend=Bend("prior-auth.subscribe", edits.answering(NOT_SERVED), _made),
    ),
    Fault(
        "never_shakes_hands",
        "A new subscription is active without a handshake.",
        ("pas.subscription-handshake",),
        policies=rule(handshakes=False),
    ),
    Fault(
        "ignores_changes_of_subscriptions",
        "A change of a subscription is answered as done, and nothing changes.",
        ("pas.subscription-changed",),
        policies=rule(changes=False),
    ),
    Fault(
        "keeps_deleted_subscriptions",
        "A deletion is answered as done, and the subscription goes on.",
        ("pas.subscription-changed",),
        policies=rule(deletes=False),
    ),
    Fault(
        "deletes_no_subscriptions",
        "A subscription cannot be deleted by who made it.",
        ("pas.subscription-changed",),
        bend=Bend("prior-auth.subscribe", edits.answering(NOT_DELETED), _deleted),
    ),
    Fault(
        "takes_websockets",
        "A subscription by websocket is made.",
        ("pas.subscription-rest-hook-only",),
        policies=rule(channels=("rest-hook", "websocket")),
        versions=NEWEST,
    ),
    Fault(
        "takes_subscriptions_to_ids",
        "A subscription to ids alone is made.",
        ("pas.subscription-full-resource-only",),
        policies=rule(contents=("full-resource", "id-only")),
        versions=NEWEST,
    ),
    Fault(
        "lets_anybody_change_subscriptions",
        "A subscription can be changed and deleted by another system.",
        ("pas.subscription-owner-only",),
        policies=rule(owners_only=False),
    ),
    Fault(
        "takes_subscriptions_to_others_results",
        "A system can subscribe to the results of requests that another sends.",
        ("pas.subscription-own-results",),
        policies=rule(own_results_only=False),
    ),
    Fault(
        "notifies_nobody",
        "What is decided about a pended request is not notified.",
        ("pas.notification",),
        policies=rule(notifies="none"),
    ),
    Fault(
        "notifies_ids_alone",
        "A notification holds the id of the response alone.",
        ("pas.notification-content",),
        policies=rule(notifies="ids"),
        versions=NEWEST,
    ),
    Fault(
        "notifies_without_an_outcome",
        "The ClaimResponse in a notification has no outcome.",
        ("pas.notification-content",),
        policies=rule(notifies="no-outcome"),
        versions=NEWEST,
    ),
    Fault(
        "makes_subscriptions_of_a_status_of_its_own",
        "The Subscription that comes back is in a status that FHIR does not know.",
        ("pas.subscription-created",),
        bend=Bend("prior-auth.subscribe", edits.editing_body(lambda made: made.update(status="live")), _made),
    ),
    Fault(
        "notifies_without_reasons",
        "A notification leaves out the reason of a denial, which an inquiry tells.",
        ("pas.notification-agrees",),
        policies=rule(notifies="no-reasons"),
        versions=NEWEST,
    ),
    Fault(
        "notifies_about_another_member",
        "A notification tells of the right request, and of a patient who is somebody else.",
        ("pas.notification-member",),
        policies=rule(notifies="another-member"),
        versions=NEWEST,
    ),
    Fault(
        "notifies_of_nothing",
        "A notification does not say what it is about.",
        ("pas.notification-content",),
        policies=rule(notifies="nothing"),
    ),
)
VARIANTS: tuple[Variant, ...] = (
    Variant(
        "turns_subscriptions_off",
        "A deleted subscription is off, and can be read still.",
        policies=rule(deletes="off"),
    ),
    Variant(
        "names_a_subscription_in_its_location",
        "A new subscription is answered by its Location alone.",
        bend=Bend("prior-auth.subscribe", _without_a_body, _made),
    ),
    Variant(
        "takes_others_subscriptions_and_turns_them_off",
        "A subscription to another system's results is made, and off from the start.",
        bend=Bend("prior-auth.subscribe", lambda *_: OFF, _not_ones_own),
    ),
    Variant(
        "filters_as_the_example_does",
        "The filter of a subscription is called orgIdentifier, as in the guide's example.",
        policies=rule(filters=("orgIdentifier", "identifier")),
    ),
    Variant(
        "notifies_in_full",
        "A notification brings the response along, where both sides agree.",
        policies=rule(notifies="full"),
    ),
)

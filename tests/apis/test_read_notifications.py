"""Reading notifications: the official example, the forms of the guides, and what is none."""

from __future__ import annotations

from typing import Any

import pytest
from api_examples import PAS_201, PAS_221, bundle, claim_response, example, item, patient, review_action
from shared_data import needs_data

from conformance.apis.notifications import EVENT, HANDSHAKE, TOPIC, content_lacking, read_notification

A1 = review_action("A1")


def posted(*parameters: Any, more: Any = (), kind: str = "history") -> Any:
    status = {"resourceType": "Parameters", "parameter": [{"name": "topic", "valueCanonical": TOPIC}, *parameters]}
    return {"resourceType": "Bundle", "type": kind, "entry": [{"resource": status}, *more]}


def event(*parts: Any) -> Any:
    return {"name": "notification-event", "part": [{"name": "event-number", "valueString": "1"}, *parts]}


FOCUS = {"name": "focus", "valueReference": {"reference": "ClaimResponse/17"}}
TYPE = {"name": "type", "valueCode": EVENT}


@needs_data
def test_the_official_example_brings_the_whole_response():
    found = read_notification(example("pas-2.2.1/Bundle-PASSubscriptionNotification.json"), PAS_221)
    assert found is not None

    assert (found.kind, found.topic, found.subscription) == (EVENT, TOPIC, "Subscription/PASSubscriptionExample")
    assert found.focus == ("http://example.org/Bundle/ReferralAuthorizationResponseBundleExample",)
    assert found.whole
    assert content_lacking(found, PAS_221) == ()
    assert [each.action for answer in found.answers for each in answer.items] == ["approved"]


def test_a_handshake_is_about_its_topic_alone():
    found = read_notification(posted({"name": "type", "valueCode": HANDSHAKE}), PAS_221)
    assert found is not None

    assert (found.kind, found.topic, found.focus, found.answers) == (HANDSHAKE, TOPIC, (), ())
    assert not found.names_something


def test_ids_alone_name_something_and_are_not_whole():
    found = read_notification(posted(TYPE, event(FOCUS)), PAS_201)
    assert found is not None

    assert found.focus == ("ClaimResponse/17",)
    assert found.names_something
    assert not found.whole


def test_a_response_without_its_bundle_is_not_whole():
    response = {"resource": claim_response(item(1, A1))}
    bare = read_notification(posted(TYPE, event(FOCUS), more=[response]), PAS_221)
    inside = read_notification(
        posted(TYPE, event(FOCUS), more=[{"resource": bundle(claim_response(item(1, A1)), patient())}]), PAS_221
    )
    assert bare is not None
    assert inside is not None

    assert (len(bare.answers), bare.whole) == (1, False)
    assert (len(inside.answers), inside.whole) == (1, True)


def test_a_status_of_its_own_is_read_too():
    status = {
        "resourceType": "SubscriptionStatus",
        "type": EVENT,
        "topic": f"{TOPIC}|2.2.1",
        "notificationEvent": [{"eventNumber": 1, "focus": {"reference": "ClaimResponse/17"}}],
    }
    found = read_notification({"resourceType": "Bundle", "type": "history", "entry": [{"resource": status}]}, PAS_221)
    assert found is not None

    assert (found.kind, found.topic, found.focus) == (EVENT, TOPIC, ("ClaimResponse/17",))


def test_ids_are_the_content_of_the_oldest_version_alone():
    found = read_notification(posted(TYPE, event(FOCUS)), PAS_201)
    assert found is not None

    assert content_lacking(found, PAS_201) == ()
    assert content_lacking(found, PAS_221) == ("nothing of it",)


@pytest.mark.parametrize(
    ("element", "value", "told"),
    [
        ("outcome", "queued", "outcome 'queued', not one of complete, error, partial"),
        ("use", "claim", "use 'claim' instead of preauthorization"),
        ("created", 7, "Bundle.entry[1].resource.entry[0].resource.created: "),
    ],
)
def test_a_response_that_is_brought_along_is_as_its_profile_has_it(element, value, told):
    response = {**claim_response(item(1, A1)), element: value}
    found = read_notification(posted(TYPE, event(FOCUS), more=[{"resource": bundle(response)}]), PAS_221)
    assert found is not None

    assert any(each.startswith(told) for each in content_lacking(found, PAS_221))


@pytest.mark.parametrize(
    "what",
    [
        None,
        [],
        {},
        {"resourceType": "Bundle"},
        {"resourceType": "Bundle", "type": "history", "entry": "x"},
        {"resourceType": "Bundle", "type": "history", "entry": [{"resource": {"resourceType": "Patient"}}]},
        posted(TYPE, kind="collection"),
    ],
)
def test_what_is_no_notification_is_none(what):
    assert read_notification(what, PAS_221) is None


@pytest.mark.parametrize(
    "parameters",
    [
        "x",
        [1, None],
        [{"name": 3}],
        [{"name": "type"}],
        [{"name": "notification-event", "part": "x"}],
        [{"part": [{}]}],
    ],
)
def test_a_status_that_makes_no_sense_says_nothing(parameters):
    status = {"resourceType": "Parameters", "parameter": parameters}
    found = read_notification({"resourceType": "Bundle", "type": "history", "entry": [{"resource": status}]}, PAS_221)
    assert found is not None

    assert (found.kind, found.focus, found.answers) == ("", (), ())

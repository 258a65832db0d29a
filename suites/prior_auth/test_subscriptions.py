"""Subscriptions to what is pended: their life, whose they are, and the notifications that they bring."""

from conformance import expect, need, requirement
from conformance.apis.echo import told_otherwise
from conformance.apis.notifications import TOPIC, content_lacking
from conformance.apis.same_member import someone_else

BESIDE = True  # what is notified is a request of its own


@requirement("pas.declares-subscriptions")
def test_the_capability_statement_lists_subscriptions(discovery):
    declared = discovery.capabilities().interactions

    expect.each(
        ("create", "update", "delete"),
        lambda code: ("Subscription", code) in declared,
        "the interaction on Subscription in the CapabilityStatement",
        at=lambda code: f"Subscription {code}",
    )


@requirement("pas.subscription-created")
def test_a_subscription_is_made(subscriptions):
    made = subscriptions.made()

    expect(made.taken, "a subscription to results of pended requests made", got=made.told)
    expect(made.ident, "the id of the new subscription, in the answer or its Location")
    expect(not made.problem, "a Subscription as FHIR has it", got=made.problem)


@requirement("pas.subscription-handshake")
def test_a_new_subscription_is_tried_at_its_endpoint(subscriptions):
    handshake = subscriptions.handshake()

    expect(handshake, "a handshake at the endpoint", got="none")
    expect(
        handshake.topic in ("", TOPIC), "a handshake about no other topic than the subscription", got=handshake.topic
    )


@requirement("pas.subscription-changed")
def test_a_subscription_can_be_changed_and_deleted(subscriptions):
    expect.each(
        (subscriptions.changed(), subscriptions.deleted()),
        lambda touched: touched.done,
        "the subscription changed, or deleted, by who made it",
        got=lambda touched: f"status {touched.answer.status}, and it is not",
    )


@requirement("pas.subscription-rest-hook-only")
def test_another_channel_is_refused(subscriptions):
    made = subscriptions.by_websocket()

    expect(made.refused, "a subscription by websocket refused", got=made.told)


@requirement("pas.subscription-full-resource-only")
def test_another_content_is_refused(subscriptions):
    made = subscriptions.by_id_only()

    expect(made.refused, "a subscription to ids alone refused", got=made.told)


@requirement("pas.subscription-owner-only")
def test_nobody_else_changes_or_deletes_a_subscription(subscriptions):
    expect.each(
        subscriptions.touched_by_another(),
        lambda touched: not touched.done,
        "another system turned away",
        got=lambda touched: f"status {touched.answer.status}, and it had its way",
    )


@requirement("pas.subscription-own-results")
def test_nobody_subscribes_to_the_results_of_others(subscriptions):
    made = subscriptions.made_by_another()

    expect(made.refused, "a subscription of another system's to our results refused", got=made.told)


@requirement("pas.notification")
def test_a_decision_about_a_pended_request_is_notified(subscriptions):
    notified = subscriptions.notified()

    expect(notified.about, "a notification of the decision", at=notified.at, got=f"{notified.received} about others")


@requirement("pas.notification-content")
def test_a_notification_carries_what_its_version_says(subscriptions):
    notified = subscriptions.notified()
    about = need(notified.about, "a notification", because="pas.notification")

    expect.each(
        about,
        lambda each: not content_lacking(each, subscriptions.guide),
        f"the content {subscriptions.content}, as FHIR and the profile of responses have it",
        got=lambda each: "; ".join(content_lacking(each, subscriptions.guide)),
    )


@requirement("pas.notification-member")
def test_a_notification_is_about_the_member_of_its_request(subscriptions):
    notified = subscriptions.notified()

    expect.each(
        need(notified.answers, "a notification that brings an answer", because="pas.notification-content"),
        lambda each: not someone_else(notified.submission.request, each),
        "an answer about the member of the request",
        got=lambda each: someone_else(notified.submission.request, each),
        at=lambda each: each.at,
    )


@requirement("pas.notification-agrees")
def test_a_notification_brings_what_an_inquiry_tells(subscriptions):
    pairs = need(subscriptions.told_again(), "a notification that brings an answer", because="pas.notification-content")
    told = [(brought, again) for brought, again in pairs if again]

    expect.each(
        need(told, "an inquiry that finds what was notified", because="pas.inquiry-any-service"),
        lambda pair: not told_otherwise(*pair),
        "the same decision for the same reason",
        got=lambda pair: "; ".join(told_otherwise(*pair)),
        at=lambda pair: pair[0].at,
    )

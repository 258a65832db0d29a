"""Faults of the prior-authorization API; its lawful variants stand beside it.

A rule or a fact is changed where submission and inquiry must go on telling the same story, an answer is bent where
only that answer is wrong: so that each fault breaks what it names and nothing beside.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from conformance.sandbox.faults import prior_auth_edits as edits
from conformance.sandbox.faults.prior_auth_more import FAULTS as MORE_FAULTS
from conformance.sandbox.faults.prior_auth_probes import FAULTS as PROBE_FAULTS
from conformance.sandbox.faults.prior_auth_probes import VARIANTS as PROBE_DIFFERENCES
from conformance.sandbox.faults.prior_auth_readings import VARIANTS as READINGS
from conformance.sandbox.faults.prior_auth_requests import FAULTS as REQUEST_FAULTS
from conformance.sandbox.faults.prior_auth_requests import VARIANTS as REQUEST_DIFFERENCES
from conformance.sandbox.faults.prior_auth_rules import NEWEST, PENDED, inquire, rule, submit
from conformance.sandbox.faults.prior_auth_subscriptions import FAULTS as SUBSCRIPTION_FAULTS
from conformance.sandbox.faults.prior_auth_subscriptions import VARIANTS as SUBSCRIPTION_DIFFERENCES
from conformance.sandbox.faults.prior_auth_variants import VARIANTS as DIFFERENCES
from conformance.sandbox.frame import Answer, Bend, Fault, Resource, Seed, Variant
from conformance.sandbox.outcome import refusal

APPROVED = "72148"  # the service codes of the cases, as in fixtures/sandbox/services.toml
EXPEDITED = "74177"  # what no altered request asks for: each would be waited for
MIXED_DENIED = "E1399"
HTML = Answer(
    200, b"<!doctype html><title>Prior authorization</title><p>Your request was received.</p>", {}, "text/html"
)
NO_OPERATION = refusal(404, "not-supported", "There is no such operation here.")
NO_OUTCOME = Answer(400, b"Bad request\n", {}, "text/plain")


def _metadata(edit: Callable[[Resource], None]) -> Bend:
    return Bend("discovery.metadata", edits.editing_body(edit), edits.at_prior_auth)


def _service(change: Mapping[str, Any], *codes: str) -> Callable[[Seed], Seed]:
    """Changes what is decided about some services."""
    return lambda seed: replace(
        seed, services={**seed.services, **{code: {**seed.services[code], **change} for code in codes}}
    )


def _without_reasons(seed: Seed) -> Seed:
    def silent(one: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**one, "reason": None} if one["decision"] == "denied" else one

    # What is on file already keeps its reasons: the member's own API tells them as well.
    return replace(seed, services={code: silent(one) for code, one in seed.services.items()})


def _no_inquire(statement: Resource) -> None:
    for resource in statement["rest"][0]["resource"]:
        if resource["type"] == "Claim":
            resource["operation"] = [one for one in resource["operation"] if one["name"] != "inquire"]


VARIANTS: tuple[Variant, ...] = (
    *DIFFERENCES,
    *READINGS,
    *REQUEST_DIFFERENCES,
    *SUBSCRIPTION_DIFFERENCES,
    *PROBE_DIFFERENCES,
)
FAULTS: tuple[Fault, ...] = (
    Fault(
        "takes_no_requests",
        "There is no $submit: requests are answered 404.",
        ("prior-auth.exchange",),
        bend=submit(edits.answering(NO_OPERATION)),
    ),
    Fault(
        "does_not_know_submit",
        "There is no $submit: requests are answered 400, as HAPI does, and not supported.",
        ("prior-auth.exchange",),
        bend=submit(edits.answering(replace(NO_OPERATION, status=400))),
    ),
    Fault(
        "answers_with_html",
        "A submission is answered with a web page.",
        ("prior-auth.answers-are-fhir",),
        bend=submit(edits.answering(HTML)),
    ),
    Fault(
        "truncates_its_json",
        "The answer to a submission breaks off.",
        ("prior-auth.answers-are-fhir",),
        bend=submit(edits.truncated),
    ),
    Fault(
        "answers_with_a_server_error",
        "Well-formed submissions are answered 500.",
        ("prior-auth.answers-are-fhir", "prior-auth.exchange"),
        bend=submit(edits.crash),
    ),
    Fault(
        "leaves_out_the_claim_response_type",
        "ClaimResponse.type, which FHIR itself requires, is missing.",
        ("prior-auth.answers-are-fhir",),
        bend=submit(edits.editing(lambda response: response.pop("type"))),
    ),
    Fault(
        "declares_fhir_r5",
        "The prior-authorization endpoint declares FHIR 5.0.0.",
        ("prior-auth.standards",),
        bend=_metadata(lambda statement: statement.update(fhirVersion="5.0.0")),
    ),
    Fault(
        "leaves_an_item_undecided",
        "The second item of a request for two has no review action.",
        ("prior-auth.decision",),
        seed=_service({"decision": "undecided"}, MIXED_DENIED),
    ),
    Fault(
        "pends_without_saying_so",
        "A request under review is answered without any review action.",
        ("prior-auth.pended",),
        seed=_service({"decision": "undecided"}, PENDED),
    ),
    Fault(
        "denies_without_a_reason",
        "Denials state no reason.",
        ("prior-auth.denial-reason",),
        seed=_without_reasons,
    ),
    Fault(
        "denies_one_item_without_a_reason",
        "The denied item of a request for two states no reason.",
        ("prior-auth.denial-reason",),
        seed=_service({"reason": None}, MIXED_DENIED),
    ),
    Fault(
        "approves_without_an_end",
        "Approvals say from when they hold, but not until when.",
        ("prior-auth.approval-validity",),
        policies=rule(validity="open"),
    ),
    Fault(
        "answers_after_16_seconds",
        "One submission is answered after sixteen seconds.",
        ("prior-auth.response-time",),
        bend=Bend("prior-auth.submit", when=edits.asking_for(EXPEDITED), delay=16.0),
    ),
    Fault(
        "answers_about_another_member",
        "The answer's patient is another member.",
        ("prior-auth.right-member",),
        bend=submit(edits.about_another_member),
    ),
    Fault(
        "inverts_the_period",
        "Authorizations start after they end.",
        ("prior-auth.periods-in-order", "prior-auth.answers-are-fhir"),
        bend=submit(edits.editing(edits.invert_periods)),
    ),
    Fault(
        "codes_no_reason",
        "Denials state their reason in words only.",
        ("pas.denial-reason-code",),
        policies=rule(reason_in="text"),
    ),
    Fault(
        "puts_the_claim_response_last",
        "The response Bundle begins with another resource.",
        ("pas.response-bundle",),
        bend=submit(edits.editing_body(edits.claim_response_last)),
    ),
    Fault(
        "forgets_the_bundle_identifier",
        "The response Bundle has no identifier.",
        ("pas.response-identifier",),
        bend=submit(edits.editing_body(lambda body: body.pop("identifier", None))),
        versions=NEWEST,
    ),
    Fault(
        "answers_with_outcome_queued",
        "The outcome is a code that the version's value set leaves out.",
        ("pas.claim-response-content",),
        bend=submit(edits.editing(lambda one: one.update(outcome="queued")), edits.of_version(NEWEST[0])),
        versions=NEWEST,
    ),
    Fault(
        "answers_with_use_claim",
        "The answer is said to be about a claim.",
        ("pas.claim-response-content",),
        bend=submit(edits.editing(lambda response: response.update(use="claim"))),
    ),
    Fault(
        "forgets_the_request_reference",
        "The answer does not say which request it answers.",
        ("pas.request-reference",),
        bend=submit(edits.editing(lambda response: response.pop("request", None))),
        versions=NEWEST,
    ),
    Fault(
        "renumbers_the_items",
        "Items are numbered by the payer's own lines.",
        ("pas.item-sequence-echo",),
        policies=rule(item_numbers="own"),
    ),
    Fault(
        "adjudicates_as_benefit",
        "Adjudications are of another category than the profile fixes.",
        ("pas.item-adjudication",),
        bend=submit(edits.editing(edits.categorize_as_benefit)),
    ),
    Fault(
        "codes_actions_in_the_value_set_url",
        "Review actions name a value set as their code system.",
        ("pas.review-action-code",),
        bend=submit(edits.editing(edits.code_in_the_value_set)),
    ),
    Fault(
        "repeats_the_insurer",
        "The insurer stands in the response Bundle twice.",
        ("pas.instances-once",),
        bend=submit(edits.editing_body(edits.repeat_the_insurer)),
    ),
    Fault(
        "renames_the_echoed_requestor",
        "The requestor comes back as it was sent, under another id and full URL.",
        ("pas.echoed-resources",),
        bend=submit(edits.editing_body(edits.rename_the_requestor)),
    ),
    Fault(
        "modifies_without_detail",
        "A modified item has no added item that says what is authorized.",
        ("pas.modified-add-item",),
        bend=submit(edits.editing(lambda response: response.pop("addItem", None))),
        versions=NEWEST,
    ),
    Fault(
        "approves_without_a_number",
        "Approvals carry no authorization number.",
        ("pas.authorization-number",),
        bend=submit(edits.editing(edits.drop_numbers)),
    ),
    Fault(
        "swaps_the_inquiry_form",
        "An inquiry is answered in the form of another version.",
        ("pas.inquiry-response-form",),
        bend=inquire(edits.swap_the_form, edits.with_one_bundle),
    ),
    Fault(
        "tells_another_story",
        "An inquiry tells another decision than the submission was answered with.",
        ("pas.inquiry-agrees",),
        bend=inquire(edits.editing(edits.turn_decisions), edits.about_a_case),
    ),
    Fault(
        "forgets_what_was_submitted",
        "An inquiry about a request just submitted finds nothing.",
        ("pas.inquiry-finds",),
        bend=inquire(edits.editing_body(edits.forget), edits.about_a_case),
    ),
    Fault(
        "refuses_without_an_outcome",
        "An invalid request is refused without an OperationOutcome.",
        ("pas.error-outcome",),
        bend=submit(edits.answering(NO_OUTCOME), edits.refused),
    ),
    Fault(
        "crashes_on_invalid_requests",
        "An invalid request is answered 500.",
        ("pas.status-semantics",),
        bend=submit(edits.crash, edits.refused),
    ),
    Fault(
        "accepts_invalid_requests",
        "An invalid request is answered 200 with a business error.",
        ("pas.invalid-refused",),
        bend=submit(edits.business_error, edits.refused),
    ),
    Fault(
        "declares_no_inquire",
        "The CapabilityStatement does not list the operation inquire.",
        ("pas.declares-operations",),
        bend=_metadata(_no_inquire),
    ),
    Fault(
        "answers_without_a_token",
        "Submissions and inquiries are answered without a token.",
        ("prior-auth.no-token-no-data",),
        policies=rule(open=True),
    ),
    *MORE_FAULTS,
    *REQUEST_FAULTS,
    *SUBSCRIPTION_FAULTS,
    *PROBE_FAULTS,
)

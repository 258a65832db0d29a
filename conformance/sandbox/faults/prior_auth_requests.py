"""Faults and variants in what the prior-authorization API takes: unusual requests, updates, inquiries of every form."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from conformance.sandbox.faults import prior_auth_answers as answers
from conformance.sandbox.faults import prior_auth_edits as edits
from conformance.sandbox.faults.prior_auth_rules import NEWEST, inquire, rule, submit
from conformance.sandbox.frame import Answer, Call, Fault, Resource, Variant
from conformance.sandbox.outcome import refusal

REFUSED = refusal(400, "invalid", "The request cannot be processed.")
NOTHING = refusal(404, "not-found", "Nothing is found.")
CHANGED = "extension-infoChanged"
NUMBER = "extension-authorizationNumber"
Test = Callable[[Resource], bool]


def _asking(test: Test, also: edits.When = edits.served) -> edits.When:
    """A well-formed request was answered, and something holds of its Bundle."""
    return lambda call, answer: also(call, answer) and test(call.json())


def _holds(kind: str) -> Test:
    return lambda body: any(entry["resource"]["resourceType"] == kind for entry in body["entry"])


def _claim(body: Resource) -> Resource:
    return next(entry["resource"] for entry in body["entry"] if entry["resource"]["resourceType"] == "Claim")


def _by_uuid(body: Resource) -> bool:
    return any(entry["fullUrl"].startswith("urn:uuid:") for entry in body["entry"])


def _priced(body: Resource) -> bool:
    return any("unitPrice" in item for item in _claim(body)["item"])


def _undiagnosed(body: Resource) -> bool:
    return "diagnosis" not in _claim(body)


def _extended(body: Resource) -> bool:
    return any(not one["url"].startswith("http://hl7.org/") for one in _claim(body).get("extension", ()))


def _with_a_dashed_zip_code(body: Resource) -> bool:
    codes = [
        address.get("postalCode", "")
        for entry in body["entry"]
        for address in entry["resource"].get("address", ())
        if entry["resource"]["resourceType"] == "Patient"
    ]
    return any(re.fullmatch(r"\d{5}-\d{4}", code) for code in codes)


def _an_update(body: Resource) -> bool:
    return any(_marked(item, CHANGED) for item in _claim(body)["item"])


def _by_number(body: Resource) -> bool:
    return any(_marked(item, NUMBER) for item in _claim(body).get("item", ()))


def _about_any_service(body: Resource) -> bool:
    concepts = [item["productOrService"] for item in _claim(body).get("item", ())]
    return any(one["code"] == "not-applicable" for concept in concepts for one in concept["coding"])


def _marked(item: Resource, name: str) -> bool:
    return any(one["url"].endswith(name) for one in item.get("extension", ()))


def _drop_cancelled(response: Resource) -> None:
    response["item"] = [item for item in response["item"] if "C" not in _codes(item)]


def _codes(item: Resource) -> set[str]:
    parts = [part for action in edits.actions({"item": [item]}) for part in action["extension"]]
    return {part["valueCodeableConcept"]["coding"][0]["code"] for part in parts if part["url"] == edits.ACTION_CODE}


def _warn(_call: Call, answer: Answer) -> Answer:
    """Beside the response stands a warning for technical staff (PAS, spec-40)."""
    body: dict[str, Any] = answer.resource()
    text = {"text": "Two elements of the request were not looked at."}
    outcome = {"resourceType": "OperationOutcome", "id": "warning", "issue": [
        {"severity": "warning", "code": "informational", "details": text}
    ]}  # fmt: skip
    body["entry"].append({"fullUrl": "urn:uuid:7f1f9e0a-58e2-4cf4-9f0c-1d0c8f6a9a52", "resource": outcome})
    return answer.carrying(body)


def _finding_nothing(call: Call, answer: Answer) -> bool:
    return edits.about_a_submission(call, answer) and not any(edits.responses(answer.resource()))


FAULTS: tuple[Fault, ...] = (
    Fault(
        "refuses_observations",
        "A request with an Observation as supporting information is refused.",
        ("pas.request-content",),
        bend=submit(edits.answering(REFUSED), _asking(_holds("Observation"))),
    ),
    Fault(
        "refuses_uuids",
        "A request whose entries go by urn:uuid is refused.",
        ("pas.uuid-full-urls",),
        bend=submit(edits.answering(REFUSED), _asking(_by_uuid)),
    ),
    Fault(
        "refuses_documents",
        "A request with a DocumentReference is refused.",
        ("pas.documents-taken",),
        bend=submit(edits.answering(REFUSED), _asking(_holds("DocumentReference"))),
    ),
    Fault(
        "rejects_unit_prices",
        "An item with a unit price leads to a business error.",
        ("pas.must-support-taken",),
        bend=submit(edits.business_error, _asking(_priced)),
    ),
    Fault(
        "demands_a_diagnosis",
        "A request without a diagnosis is refused.",
        ("pas.minimal-request-taken",),
        bend=submit(edits.answering(REFUSED), _asking(_undiagnosed, edits.of_version(NEWEST[0]))),
        versions=NEWEST,
    ),
    Fault(
        "refuses_unknown_extensions",
        "A Claim with an extension of no guide is refused.",
        ("pas.unsupported-elements-ignored",),
        bend=submit(edits.answering(REFUSED), _asking(_extended)),
    ),
    Fault(
        "refuses_dashed_zip_codes",
        "A ZIP code of nine digits is refused for its dash.",
        ("pas.zip-plus-four",),
        bend=submit(edits.answering(REFUSED), _asking(_with_a_dashed_zip_code, edits.of_version(NEWEST[0]))),
        versions=NEWEST,
    ),
    Fault(
        "takes_no_service_for_a_service",
        "An inquiry about no service in particular is searched for a service of that name.",
        ("pas.inquiry-any-service", "pas.inquiry-by-member", "pas.third-party-inquiry", "pas.inquiry-current"),
        bend=inquire(
            edits.editing_body(edits.forget),
            _asking(lambda body: _about_any_service(body) and not _by_number(body), edits.about_a_submission),
        ),
    ),
    Fault(
        "ignores_authorization_numbers",
        "An inquiry by an authorization number finds nothing.",
        ("pas.inquiry-by-number", "pas.replaced-number"),
        bend=inquire(edits.editing_body(edits.forget), _asking(_by_number, edits.about_a_submission)),
    ),
    Fault(
        "answers_authorization_numbers_with_404",
        "An inquiry by an authorization number is answered 404.",
        ("pas.inquiry-by-number", "pas.replaced-number"),
        bend=inquire(edits.answering(NOTHING), _asking(_by_number, edits.about_a_submission)),
    ),
    Fault(
        "finds_nothing_by_member",
        "An inquiry without a number finds nothing.",
        ("pas.inquiry-by-member", "pas.third-party-inquiry"),
        policies=rule(finds_by_member=False),
    ),
    Fault(
        "hides_from_other_systems",
        "Only the system that submitted a request finds it.",
        ("pas.third-party-inquiry",),
        policies=rule(other_systems="none"),
    ),
    Fault(
        "shows_all_to_other_systems",
        "Another system finds a request by its number, whoever the provider is.",
        ("pas.third-party-match",),
        policies=rule(other_systems="all"),
    ),
    Fault(
        "finds_numbers_of_every_member",
        "A number is found, whichever member is asked about.",
        ("pas.inquiry-other-member", "pas.third-party-match"),
        policies=rule(any_member=True),
    ),
    Fault(
        "inquiry_names_no_claim",
        "The answer to an inquiry does not say which Claim it is about.",
        ("pas.inquiry-request-reference",),
        bend=inquire(edits.editing(lambda response: response.pop("request", None)), edits.of_version(NEWEST[0])),
        versions=NEWEST,
    ),
    Fault(
        "refuses_updates",
        "An update of a request is refused as invalid.",
        ("pas.update-taken",),
        bend=submit(edits.answering(REFUSED), _asking(_an_update, edits.of_version(NEWEST[0]))),
        versions=NEWEST,
    ),
    Fault(
        "approves_what_is_cancelled",
        "Items go on being approved when they are cancelled.",
        ("pas.cancelled-items", "pas.request-cancelled"),
        policies=rule(cancels=False),
    ),
    Fault(
        "forgets_added_items",
        "Items that an update adds are neither answered nor told of afterwards.",
        ("pas.inquiry-current",),
        policies=rule(takes_additions=False),
    ),
    Fault(
        "keeps_what_an_update_replaced",
        "A search for an old number finds the authorization as it was beside the one that replaced it.",
        ("pas.replaced-number",),
        policies=rule(replaces=False),
    ),
    Fault(
        "inquiry_leaves_cancelled_items_out",
        "An inquiry does not tell what was cancelled.",
        ("pas.inquiry-current", "pas.replaced-number"),
        bend=inquire(edits.editing(_drop_cancelled), edits.about_a_submission),
    ),
)
VARIANTS: tuple[Variant, ...] = (
    Variant(
        "rejects_bare_requests",
        "A request without a diagnosis is answered with a business error.",
        bend=submit(edits.business_error, _asking(_undiagnosed)),
    ),
    Variant(
        "rejects_updates",
        "An update is answered with a business error: a new request is to be made.",
        bend=submit(edits.business_error, _asking(_an_update)),
    ),
    Variant(
        "answers_404_where_nothing_is_found",
        "An inquiry that finds nothing is answered 404.",
        bend=inquire(edits.answering(NOTHING), _finding_nothing),
    ),
    Variant(
        "codes_units_in_x12",
        "The quantity of an added item is coded in X12 673.",
        bend=submit(edits.editing(answers.code_units_in_x12), edits.of_version(NEWEST[0])),
        versions=NEWEST,
    ),
    Variant("warns_beside_the_answer", "Beside the response stands a warning for technical staff.", bend=submit(_warn)),
)

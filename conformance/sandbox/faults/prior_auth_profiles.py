"""Faults and variants of what the guide's profiles demand of one answer, or of one resource in it, among many."""

from __future__ import annotations

from collections.abc import Callable

from conformance.sandbox.faults import prior_auth_edits as edits
from conformance.sandbox.faults.prior_auth_readings import DENIED
from conformance.sandbox.faults.prior_auth_rules import NEWEST, inquire, submit
from conformance.sandbox.frame import Fault, Resource, Variant

BUNDLE = ("pas.response-bundle",)
PARTIES = ("pas.parties-content",)
SERVICE = ("pas.authorized-service-code",)
SUBMITTED = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/adjudication", "code": "submitted"}]}


def _tell_nothing(body: Resource) -> None:
    body["entry"] = [one for one in body["entry"] if one["resource"]["resourceType"] != "ClaimResponse"]


def _send_the_url_alone(body: Resource) -> None:
    for bundle in edits.bundles(body):
        bundle["entry"].append({"fullUrl": "https://payer.example.org/fhir/Practitioner/reviewer"})


def _adjudicate_as_benefit(response: Resource) -> None:
    for item in response.get("item", ()):
        item["adjudication"][-1]["category"]["coding"][0]["code"] = "benefit"


def _code_added_actions_otherwise(response: Resource) -> None:
    for line in response.get("addItem", ()):
        for coding in _action_codings(line):
            coding["system"] = edits.ACTIONS_VALUE_SET


def _action_codings(line: Resource) -> list[Resource]:
    actions = [one for each in line["adjudication"] for one in each.get("extension", ())]
    codes = [part for one in actions for part in one["extension"] if part["url"] == edits.ACTION_CODE]
    return [coding for code in codes for coding in code["valueCodeableConcept"]["coding"]]


def _repeat_the_number(response: Resource) -> None:
    """Says the number of an authorization once more, beside the decision."""
    for item in response.get("item", ()):
        number = {"url": edits.REVIEW_ACTION, "extension": [{"url": "number", "valueString": "AGAIN-1"}]}
        item["adjudication"].append({"extension": [number], "category": SUBMITTED})


def _editing(kind: str, edit: Callable[[Resource], object]) -> edits.Change:
    """Edits every resource of a type."""

    def change(body: Resource) -> None:
        for bundle in edits.bundles(body):
            for entry in bundle["entry"]:
                if entry["resource"]["resourceType"] == kind:
                    edit(entry["resource"])

    return edits.editing_body(change)


def _ask_in_words(asks: Resource) -> None:
    for payload in asks["payload"]:
        for one in payload.get("extension", ()):
            if one.pop("valueCodeableConcept", None):
                one["valueString"] = "the findings"


def _name_services_in_words(response: Resource) -> None:
    for item in response.get("item", ()):
        for one in item.get("extension", ()):
            for part in one.get("extension", ()):
                if part["url"] == "productOrServiceCode":
                    part["valueCodeableConcept"] = {"text": "what was asked for"}


def _name_added_services_in_words(response: Resource) -> None:
    for line in response.get("addItem", ()):
        line["productOrService"] = {"text": "half of what was asked for"}


def _add_words_and_codes(response: Resource) -> None:
    """Says beside the code, in words and in a code of the payer's own, which service is added."""
    for line in response.get("addItem", ()):
        service = line["productOrService"]
        service["text"] = "as agreed"
        service["coding"].insert(0, {"system": "https://payer.example.org/services", "code": "S-7"})


def _say_no_gender(patient: Resource) -> None:
    del patient["gender"]
    reason = {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}
    patient["_gender"] = {"extension": [reason]}


FAULTS: tuple[Fault, ...] = (
    Fault(
        "answers_one_request_with_nobody_alone",
        "The answer to one of the requests brings member and organizations, and no ClaimResponse.",
        BUNDLE,
        bend=submit(edits.editing_body(_tell_nothing), edits.asking_for(DENIED)),
    ),
    Fault(
        "inquiry_sends_a_url_alone",
        "The Bundle of an inquiry has an entry without a resource.",
        BUNDLE,
        bend=inquire(edits.editing_body(_send_the_url_alone)),
    ),
    Fault(
        "one_inquiry_names_no_claim",
        "The answer to one inquiry among many does not say which Claim it is about.",
        ("pas.inquiry-request-reference",),
        bend=inquire(edits.editing(lambda response: response.pop("request", None)), edits.asking_for(DENIED)),
        versions=NEWEST,
    ),
    Fault(
        "inquiry_adjudicates_as_benefit",
        "Adjudications are of another category than the profile fixes where they are inquired about.",
        ("pas.item-adjudication",),
        bend=inquire(edits.editing(_adjudicate_as_benefit)),
    ),
    Fault(
        "codes_added_actions_in_the_value_set",
        "The decisions of added items are coded in the address of the value set.",
        ("pas.review-action-code",),
        bend=submit(edits.editing(_code_added_actions_otherwise)),
        versions=NEWEST,
    ),
    Fault(
        "asks_for_information_in_words",
        "The extensions of a request for information hold words, where the guide has codes.",
        ("pas.extension-values",),
        bend=submit(_editing("CommunicationRequest", _ask_in_words), edits.of_version(NEWEST[0])),
        versions=NEWEST,
    ),
    Fault(
        "authorizes_in_words",
        "Items say in words which service is authorized.",
        SERVICE,
        bend=submit(edits.editing(_name_services_in_words)),
    ),
    Fault(
        "inquiry_adds_services_in_words",
        "Added items say in words which service is authorized, where they are inquired about.",
        SERVICE,
        bend=inquire(edits.editing(_name_added_services_in_words)),
        versions=NEWEST,
    ),
    Fault(
        "answers_about_a_member_without_a_name",
        "The member comes back without the name.",
        PARTIES,
        bend=submit(_editing("Patient", lambda patient: patient.pop("name", None))),
    ),
    Fault(
        "inquiry_identifies_the_member_in_no_system",
        "The numbers of the member are of no system where a decision is inquired about.",
        PARTIES,
        bend=inquire(_editing("Patient", lambda patient: patient["identifier"][0].pop("system", None))),
    ),
    Fault(
        "brings_organizations_of_no_standing",
        "Nothing says whether the organizations of an answer are active.",
        PARTIES,
        bend=submit(_editing("Organization", lambda one: one.pop("active", None))),
    ),
)
VARIANTS: tuple[Variant, ...] = (
    Variant(
        "adds_services_in_words_and_codes",
        "Added items name their service in words and a code of the payer's own as well.",
        bend=submit(edits.editing(_add_words_and_codes)),
        versions=NEWEST,
    ),
    Variant(
        "numbers_beside_the_decision",
        "A second adjudication says the number once more, and decides nothing.",
        bend=submit(edits.editing(_repeat_the_number)),
    ),
    Variant(
        "gender_is_not_known",
        "Of the member's gender it is said that it is not known.",
        bend=submit(_editing("Patient", _say_no_gender)),
    ),
)

"""Attachments (CDex 2.1.0): what a pended request waits for, taken under the number that it was given."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from conformance.sandbox import subscriptions
from conformance.sandbox.frame import Answer, Call, Resource
from conformance.sandbox.outcome import refusal
from conformance.sandbox.prior_auth_extras import ACNS, control_number
from conformance.sandbox.shape import objects, one_object, text
from conformance.sandbox.store import Payer

NEEDED = ("TrackingId", "AttachTo", "MemberId", "Attachment")
SENDERS = ("OrganizationId", "ProviderId")
TAKEN = "What is taken: a DocumentReference with its document or its address, or a completed QuestionnaireResponse."
HELD = "The attachments belong to no authorization on file, and are held for one to come."


def submit(call: Call, payer: Payer) -> Answer:
    """$submit-attachment: 200 where a request waited for it; 200 and a word of it where none did; else a refusal."""
    if call.method != "POST":
        return refusal(405, "not-supported", "Attachments are posted.", headers={"allow": "POST"})
    try:
        body = one_object(call.json())
    except (ValueError, RecursionError):
        body = {}
    given = {text(each.get("name")): each for each in objects(body.get("parameter"))}
    if lacking := _lacking(body, given):
        return refusal(400, "required", f"The body is {lacking}.")
    if given["AttachTo"].get("valueCode") != "preauthorization":
        return refusal(422, "not-supported", "Attachments to claims are sent elsewhere.")
    rules = payer.policies.prior_auth
    documents = [one_object(part.get("resource")) for part in _contents(body)]
    if not any(_readable(each, rules) or _answered(each) for each in documents):
        return refusal(422, "not-supported", TAKEN)
    number = one_object(given["TrackingId"].get("valueIdentifier"))
    with payer.overlay.lock:
        record = next((each for each in payer.overlay.submissions.values() if _is(each, number, given, payer)), None)
        if record is None:
            issue = {"severity": "information", "code": "informational", "details": {"text": HELD}}
            return Answer(200, {"resourceType": "OperationOutcome", "issue": [issue]})
        if not any(_wanted(each, record) for each in documents):
            return refusal(422, "business-rule", "Something else was asked for.")
        now = _settle(record, payer)
    if tell := payer.overlay.tellers.get(record["id"]):
        subscriptions.announce(payer, now, tell)
    return Answer(200)


def _lacking(body: Resource, given: Mapping[str, Any]) -> str:
    """What is wrong with a body that the operation cannot do anything with; "" for any other."""
    if body.get("resourceType") != "Parameters":
        return "no Parameters"
    missing = [name for name in NEEDED if name not in given]
    missing += [] if any(name in given for name in SENDERS) or missing else ["who sends it"]
    return f"without {', '.join(missing)}" if missing else ""


def _contents(body: Resource) -> list[Resource]:
    attachments = [each for each in objects(body["parameter"]) if each.get("name") == "Attachment"]
    return [part for each in attachments for part in objects(each.get("part")) if part.get("name") == "Content"]


def _readable(document: Resource, rules: Mapping[str, Any]) -> bool:
    held = [one_object(each.get("attachment")) for each in objects(document.get("content"))]
    forms = rules.get("document_forms", ("data", "url"))
    return document.get("resourceType") == "DocumentReference" and any(form in each for each in held for form in forms)


def _answered(response: Resource) -> bool:
    """Whether it is a response to a questionnaire, with all that our questionnaires require."""
    required = (each for each in objects(response.get("item")) if each.get("linkId") == "1")
    complete = response.get("status") in ("completed", "amended") and any(each.get("answer") for each in required)
    return response.get("resourceType") == "QuestionnaireResponse" and complete


def _wanted(document: Resource, record: Mapping[str, Any]) -> bool:
    """Whether it is what a record waits for: the response to its questionnaire, or a document."""
    asked = {item["asks"].get("questionnaire", "") for item in record["items"] if "asks" in item}
    form = text(document.get("questionnaire")).partition("|")[0].rpartition("/")[2]
    return form in asked if document.get("resourceType") == "QuestionnaireResponse" else "" in asked


def _is(record: Mapping[str, Any], number: Resource, given: Mapping[str, Any], payer: Payer) -> bool:
    """Whether a record is known by this number, and is of the member that the attachment names."""
    known = (number.get("system"), number.get("value")) == (ACNS, control_number(record))
    member = payer.seed.members.get(record["member"], {})
    return known and one_object(given["MemberId"].get("valueIdentifier")).get("value") == member["identifier"]["value"]


def _settle(record: Mapping[str, Any], payer: Payer) -> str:
    """Decides now what waited for documents or answers; the stamp of that."""
    now = payer.clock.stamp()
    for item in record["items"]:
        if item["decision"] == "pended" and "asks" in item:
            item["settles_at"] = min(now, item["settles_at"], key=datetime.fromisoformat)
    return now

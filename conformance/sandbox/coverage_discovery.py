"""Coverage discovery (CRD 2.0.1 and 2.2.1): a CDS Hooks service that says of each order what it needs."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping
from typing import Any

from conformance.sandbox import cds_client, people
from conformance.sandbox.drug_files import limited
from conformance.sandbox.formulary_rows import RXNORM
from conformance.sandbox.frame import Answer, Call, Resource
from conformance.sandbox.outcome import refusal
from conformance.sandbox.shape import objects, one_object, text
from conformance.sandbox.store import Payer

ORDER_SIGN_ID = "order-sign-crd"
EXTENSION = "http://hl7.org/fhir/us/davinci-crd/StructureDefinition/ext-coverage-information"
TEMP = "http://hl7.org/fhir/us/davinci-crd/CodeSystem/temp"
TOPICS = {"crd=2.0.1": TEMP, "crd=2.2.1": "http://terminology.hl7.org/CodeSystem/cdshooks-card-type"}
NEWER = ("crd=2.2.1",)
CODED = ("code", "codeCodeableConcept", "medicationCodeableConcept")
OPTION = {
    "code": "coverage-info",
    "type": "boolean",
    "name": "Coverage information",
    "description": "Whether an order is covered, needs prior authorization, and which documents it takes.",
    "default": True,
}


FETCHED = {
    "patient": "Patient/{{context.patientId}}",
    "coverage": "Coverage?patient={{context.patientId}}&status=active",
}
FETCHED_IN_FULL = {
    **FETCHED,
    "coverage": "Coverage?patient={{context.patientId}}&status=active&_include=Coverage:payor",
    "practitioner": "{{context.userId}}",
}


def services(call: Call, payer: Payer) -> Answer:
    """GET cds-services: the one service there is."""
    extension: dict[str, Any] = {"davinci-crd.configuration-options": [OPTION]}
    if call.version in NEWER:
        extension["davinci-crd.version"] = ["2.2"]
    service = {
        "hook": "order-sign",
        "id": ORDER_SIGN_ID,
        "title": "Coverage requirements of orders",
        "description": "Says what an order needs before it is carried out.",
        "prefetch": FETCHED_IN_FULL if payer.policies.coverage.get("fetched_in_full") else FETCHED,
        "extension": extension,
    }
    return _json({"services": [service]})


def order_sign(call: Call, payer: Payer) -> Answer:
    """POST cds-services/{id}: coverage information for each draft order, and a card where there is more to read."""
    if (refused := cds_client.refused(call, payer)) is not None:
        return refused
    try:
        asked = call.json()
    except ValueError:
        asked = None
    if not isinstance(asked, dict) or asked.get("hook") != "order-sign":
        return refusal(400, "invalid", "The body is no call of order-sign.")
    drafts = one_object(one_object(asked.get("context")).get("draftOrders"))
    orders = [one_object(entry.get("resource")) for entry in objects(drafts.get("entry"))]
    coverage = _coverage(asked)
    if not orders or not coverage:
        return refusal(400, "required", "An order and one coverage are needed.")
    if payer.policies.coverage.get("fetched_in_full") and not _in_full(one_object(asked.get("prefetch"))):
        return refusal(412, "required", "Who asks, or whose coverage it is, was not fetched.")
    known = _is_member(coverage, payer)
    cards = [card for order in orders if known for card in _cards(call.version, _rule(order, payer), order)]
    actions = [_action(call.version, order, coverage, known, payer) for order in orders]
    return _json({"cards": cards, "systemActions": actions})


def _action(version: str, order: Resource, coverage: Resource, known: bool, payer: Payer) -> Resource:
    said = _said(version, _rule(order, payer), payer) if known else _stranger(version)
    code = json.dumps([order.get(name) for name in CODED])
    parts: list[Resource] = [
        {"url": "coverage", "valueReference": {"reference": f"Coverage/{text(coverage.get('id'))}"}},
        *said,
        {"url": "date", "valueDate": payer.clock.today().isoformat()},
        {"url": "coverage-assertion-id", "valueString": "CA-" + hashlib.sha256(code.encode()).hexdigest()[:12]},
    ]
    extension = [*objects(order.get("extension")), {"url": EXTENSION, "extension": parts}]
    return {"type": "update", "description": "Adds coverage information", "resource": {**order, "extension": extension}}


def _said(version: str, rule: Mapping[str, Any], payer: Payer) -> list[Resource]:
    """What is said of a member's order by its rule."""
    needed = rule.get("authorization") == "needed"
    said: list[Resource] = [
        {"url": "covered", "valueCode": "covered"},
        {"url": "pa-needed", "valueCode": "auth-needed" if needed else "no-auth"},
    ]
    if rule.get("documentation"):
        why = {"text": f"The authorization is decided on {rule['documentation']} documents."}
        said += [
            {"url": "doc-needed", "valueCode": rule["documentation"]},
            {"url": "doc-purpose", "valueCode": "withpa"},
            {"url": "reason", "valueCodeableConcept": why},
        ]
        if rule.get("questionnaire"):
            said.append({"url": "questionnaire", "valueCanonical": canonical(version, rule["questionnaire"], payer)})
    return said


def canonical(version: str, name: str, payer: Payer) -> str:
    """The canonical of a questionnaire with its version, the same for CRD and DTR of one generation."""
    return f"{payer.issuer_url}/Questionnaire/{name}|{'.'.join(version.rpartition('=')[2].split('.')[:2])}"


def _stranger(version: str) -> list[Resource]:
    concept: Resource = {"text": "No member of this plan is known by this coverage."}
    if version in NEWER:
        concept["coding"] = [{"system": TEMP, "code": "no-member-found"}]
    return [{"url": "covered", "valueCode": "not-covered"}, {"url": "reason", "valueCodeableConcept": concept}]


def _cards(version: str, rule: Mapping[str, Any], order: Resource) -> list[Resource]:
    if not rule.get("policy"):
        return []
    topic = {"system": TOPICS[version], "code": "guideline"}
    card: Resource = {
        "uuid": str(uuid.uuid5(uuid.NAMESPACE_URL, rule["policy"])),
        "summary": "There is a coverage policy for this order",
        "indicator": "info",
        "source": {"label": people.PAYER_NAME, "topic": topic},
        "links": [{"label": "Coverage policy", "url": rule["policy"], "type": "absolute"}],
        "extension": {
            "davinci-crd.associated-resource": [{"reference": f"{order.get('resourceType')}/{order.get('id')}"}]
        },
    }
    return [card]


def _rule(order: Resource, payer: Payer) -> Mapping[str, Any]:
    for name in CODED:
        for coding in objects(one_object(order.get(name)).get("coding")):
            if (code := text(coding.get("code"))) in payer.seed.coverage_rules:
                return payer.seed.coverage_rules[code]
            if text(coding.get("system")) == RXNORM and _limited_drug(code, payer):
                return {"authorization": "needed"}
    return {}


def _limited_drug(code: str, payer: Payer) -> bool:
    """Whether the formulary asks for prior authorization of a drug, on any plan."""
    items = payer.seed.formulary_items.values()
    own = [
        item for item in items if one_object(item.get("subject")).get("reference") == f"MedicationKnowledge/drug-{code}"
    ]
    return any(limited(item, "PriorAuthorization") for item in own)


def _in_full(fetched: Resource) -> bool:
    """Whether the payer came along with the coverage, and who asks."""
    entries = objects(one_object(fetched.get("coverage")).get("entry"))
    kinds = {one_object(entry.get("resource")).get("resourceType") for entry in entries}
    return "Organization" in kinds and one_object(fetched.get("practitioner")).get("resourceType") == "Practitioner"


def _coverage(asked: Resource) -> Resource:
    """The one coverage that was fetched beforehand; empty where there is none, or more than one."""
    fetched = one_object(asked.get("prefetch")).get("coverage")
    bundle = one_object(fetched)
    found = [one_object(entry.get("resource")) for entry in objects(bundle.get("entry"))] or [bundle]
    found = [each for each in found if each.get("resourceType") == "Coverage"]
    return found[0] if len(found) == 1 else {}


def _is_member(coverage: Resource, payer: Payer) -> bool:
    numbers = {text(each.get("value")) for each in objects(coverage.get("identifier"))}
    numbers.add(text(coverage.get("subscriberId")))
    return any(
        {member["identifier"]["value"], member["subscriber_id"]} & numbers for member in payer.seed.members.values()
    )


def _json(body: Mapping[str, Any]) -> Answer:
    return Answer(200, json.dumps(body).encode(), {}, "application/json")

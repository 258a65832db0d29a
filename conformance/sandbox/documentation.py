"""Documentation (DTR 2.0.1 and 2.2.0): questionnaire packages, literal and small."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from conformance.sandbox.coverage_discovery import CODED, canonical
from conformance.sandbox.frame import Answer, Call, Resource
from conformance.sandbox.outcome import refusal
from conformance.sandbox.prior_auth_extras import questionnaire_for
from conformance.sandbox.shape import objects, one_object, text
from conformance.sandbox.store import Payer

CQF_LIBRARY = "http://hl7.org/fhir/StructureDefinition/cqf-library"
INITIAL = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-initialExpression"
PACKAGE = {"dtr=2.0.1": "PackageBundle", "dtr=2.2.0": "packagebundle"}
OUTCOME = {"dtr=2.0.1": "operationOutcome", "dtr=2.2.0": "outcome"}
DRAFTED = ("dtr=2.2.0",)  # a package holds a draft of the answer


def package(call: Call, payer: Payer) -> Answer:
    """Questionnaire/$questionnaire-package: a package for each questionnaire asked for, or for what the orders need."""
    try:
        asked = call.json()
    except ValueError:
        asked = None
    if not isinstance(asked, dict) or asked.get("resourceType") != "Parameters":
        return refusal(400, "invalid", "The body is no Parameters.")
    given = objects(asked.get("parameter"))
    if not any(each.get("name") == "coverage" for each in given):
        return refusal(400, "required", "The parameter coverage is missing.")
    named = {
        text(each.get("valueCanonical")).partition("|")[0] for each in given if each.get("name") == "questionnaire"
    }
    orders = [one_object(each.get("resource")) for each in given if each.get("name") == "order"]
    rules = payer.seed.coverage_rules.values()
    forms = {rule["questionnaire"] for rule in rules if rule.get("questionnaire") and _url(call, rule, payer) in named}
    contexts = [text(each.get("valueString")) for each in given if each.get("name") == "context"]
    forms |= {form for context in contexts if (form := questionnaire_for(context, payer))}
    forms |= {rule["questionnaire"] for order in orders if (rule := _rule(order, payer)).get("questionnaire")}
    parameters = [
        {"name": PACKAGE[call.version], "resource": _bundle(call.version, form, payer)} for form in sorted(forms)
    ]
    held = {_url(call, rule, payer) for rule in rules if rule.get("questionnaire")}
    if missing := sorted(named - held):
        parameters.append(_told(call.version, "warning", "not-found", f"There is no {', '.join(missing)}."))
    none = _told(call.version, "information", "informational", "No documents are asked for this order.")
    return Answer(200, {"resourceType": "Parameters", "parameter": parameters or [none]})


def _url(call: Call, rule: Mapping[str, Any], payer: Payer) -> str:
    return canonical(call.version, rule["questionnaire"], payer).partition("|")[0]


def _rule(order: Resource, payer: Payer) -> Mapping[str, Any]:
    codes = [
        text(coding.get("code")) for name in CODED for coding in objects(one_object(order.get(name)).get("coding"))
    ]
    return next((payer.seed.coverage_rules[code] for code in codes if code in payer.seed.coverage_rules), {})


def _told(version: str, severity: str, code: str, said: str) -> Resource:
    issue = {"severity": severity, "code": code, "details": {"text": said}}
    return {"name": OUTCOME[version], "resource": {"resourceType": "OperationOutcome", "issue": [issue]}}


def _bundle(version: str, form: str, payer: Payer) -> Resource:
    url, _, number = canonical(version, form, payer).partition("|")
    library = f"{payer.issuer_url}/Library/{form}"
    resources = [_questionnaire(url, number, form, library), _library(library, number, form)]
    if version in DRAFTED:
        resources.insert(1, _draft(f"{url}|{number}", form))
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": payer.clock.stamp(),
        "entry": [
            {"fullUrl": f"{payer.base_url}/{each['resourceType']}/{each['id']}", "resource": each} for each in resources
        ],
    }


def _questionnaire(url: str, number: str, form: str, library: str) -> Resource:
    expression = {"language": "text/cql-identifier", "expression": "Diagnosis"}
    return {
        "resourceType": "Questionnaire",
        "id": form,
        "extension": [{"url": CQF_LIBRARY, "valueCanonical": f"{library}|{number}"}],
        "url": url,
        "version": number,
        "title": f"Documents for {form.replace('-', ' ')}",
        "status": "active",
        "subjectType": ["Patient"],
        "item": [
            {
                "extension": [{"url": INITIAL, "valueExpression": expression}],
                "linkId": "1",
                "text": "Which diagnosis is it ordered for?",
                "type": "string",
                "required": True,
            },
            {"linkId": "2", "text": "What was tried before?", "type": "text"},
        ],
    }


def _draft(form_canonical: str, form: str) -> Resource:
    return {
        "resourceType": "QuestionnaireResponse",
        "id": f"draft-{form}",
        "questionnaire": form_canonical,
        "status": "in-progress",
        "subject": {"reference": "Patient/pc-member"},
        "item": [{"linkId": "1"}, {"linkId": "2"}],
    }


def _library(url: str, number: str, form: str) -> Resource:
    logic = 'define "Diagnosis": First([Condition])'
    kind = {"system": "http://terminology.hl7.org/CodeSystem/library-type", "code": "logic-library"}
    return {
        "resourceType": "Library",
        "id": form,
        "url": url,
        "version": number,
        "name": form.replace("-", "_"),
        "status": "active",
        "type": {"coding": [kind]},
        "content": [
            {"contentType": "text/cql", "data": base64.b64encode(logic.encode()).decode()},
            {"contentType": "application/elm+json", "data": base64.b64encode(b'{"library":{}}').decode()},
        ],
    }

"""What the payer says of itself: capability statements, SMART configuration, Da Vinci endpoint configuration."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from conformance.sandbox import people, subscriptions, trust, udap
from conformance.sandbox.exchange import RECORDS
from conformance.sandbox.frame import Answer, Call, Resource
from conformance.sandbox.outcome import refusal
from conformance.sandbox.store import Payer

PAS = "http://hl7.org/fhir/us/davinci-pas"
HREX = "http://hl7.org/fhir/us/davinci-hrex"
USDF = "http://hl7.org/fhir/us/davinci-drug-formulary"
GROUP_EXPORT = "https://payer.example.org/fhir/OperationDefinition/group-export"  # the guide's own is not at hand
PDEX = "http://hl7.org/fhir/us/davinci-pdex"
CDEX = "http://hl7.org/fhir/us/davinci-cdex"
DTR = "http://hl7.org/fhir/us/davinci-dtr"
CORE = "http://hl7.org/fhir/SearchParameter"
RELEASED = "2026-11-01"
GUIDES = {
    "pas": f"{PAS}/ImplementationGuide/hl7.fhir.us.davinci-pas",
    "hrex": f"{HREX}/ImplementationGuide/hl7.fhir.us.davinci-hrex",
    "pdex": f"{PDEX}/ImplementationGuide/hl7.fhir.us.davinci-pdex",
    "usdf": f"{USDF}/ImplementationGuide/hl7.fhir.us.davinci-drug-formulary",
    "dtr": f"{DTR}/ImplementationGuide/hl7.fhir.us.davinci-dtr",
}


def metadata(call: Call, payer: Payer) -> Answer:
    """The CapabilityStatement of this base."""
    ig, _, version = call.version.partition("=")
    statement: Resource = {
        "resourceType": "CapabilityStatement",
        "id": f"model-payer-{ig}-{version.replace('.', '-')}",
        "name": "ModelPayer",
        "title": f"{people.PAYER_NAME} ({call.version})",
        "status": "active",
        "experimental": True,
        "date": RELEASED,
        "publisher": people.PAYER_NAME,
        "kind": "instance",
        "software": {"name": "Model payer"},
        "implementation": {"description": "A payer that keeps the rules, to try suites on.", "url": payer.base_url},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json", "json"],
        **({"implementationGuide": [f"{GUIDES[ig]}|{version}"]} if ig in GUIDES else {}),
        "rest": [{"mode": "server", "security": _security(ig, payer), "resource": RESOURCES[ig]()}],
    }
    if ig == "pas":
        attach = {"name": "submit-attachment", "definition": f"{CDEX}/OperationDefinition/submit-attachment"}
        statement["rest"][0]["operation"] = [attach]
    if ig == "usdf":
        statement["instantiates"] = [f"{USDF}/CapabilityStatement/usdf-server"]
        if not payer.policies.formulary.get("exports_nothing"):
            # The guide defines no operation for it: this one is the payer's own.
            export = {"name": "export", "definition": f"{payer.base_url}/OperationDefinition/plan-export"}
            statement["rest"][0]["resource"][0]["operation"] = [export]
    return Answer(200, statement)


def smart_configuration(_call: Call, payer: Payer) -> Answer:
    """The SMART configuration of a server for other systems and for members' apps."""
    clients = [*payer.policies.trust.get("clients", {}).values(), *payer.policies.trust.get("apps", {}).values()]
    return _json(
        {
            "issuer": payer.issuer_url,
            "authorization_endpoint": f"{payer.issuer_url}/auth/authorize",
            "token_endpoint": f"{payer.issuer_url}/auth/token",
            "grant_types_supported": ["authorization_code", "client_credentials"],
            "response_types_supported": ["code"],
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": list(trust.ALGORITHMS),
            "scopes_supported": sorted({scope for client in clients for scope in client["scopes"]}),
            "code_challenge_methods_supported": ["S256"],
            "capabilities": [
                "launch-standalone",
                "client-public",
                "client-confidential-asymmetric",
                "context-standalone-patient",
                "permission-patient",
                "permission-offline",
                "permission-v2",
            ],
        }
    )


def davinci_configuration(call: Call, payer: Payer) -> Answer:
    """The endpoints by HRex's endpoint codes: bare until 1.1.0, with the guide's version from 1.2.0 on."""
    if call.version not in DAVINCI_KEYS:
        return refusal(404, "not-found", "The Da Vinci configuration lies at the payer exchange base.")
    endpoints = {key: f"{payer.issuer_url}/{path}" for key, path in DAVINCI_KEYS[call.version].items()}
    return _json({"identifier": people.PAYER_ID, "endpoints": endpoints})


def _security(ig: str, payer: Payer) -> Resource:
    if ig == "usdf" and payer.policies.formulary.get("anonymous"):
        return {"description": "Anyone may read without a token."}
    service = {"system": "http://terminology.hl7.org/CodeSystem/restful-security-service", "code": "SMART-on-FHIR"}
    return {"service": [{"coding": [service]}]}


def _prior_auth() -> list[Resource]:
    return [
        {
            "type": "Claim",
            "operation": [
                {"name": "submit", "definition": f"{PAS}/OperationDefinition/Claim-submit"},
                {"name": "inquire", "definition": f"{PAS}/OperationDefinition/Claim-inquiry"},
            ],
        },
        {
            "extension": [
                {
                    "url": f"{subscriptions.BACKPORT}/capabilitystatement-subscriptiontopic-canonical",
                    "valueCanonical": subscriptions.TOPIC,
                }
            ],
            "type": "Subscription",
            "interaction": [{"code": code} for code in ("create", "read", "update", "delete")],
        },
    ]


def _documentation() -> list[Resource]:
    operation = {
        "name": "questionnaire-package",
        "definition": f"{DTR}/OperationDefinition/questionnaire-package",
    }
    return [{"type": "Questionnaire", "operation": [operation]}]


def _exchange() -> list[Resource]:
    return [
        {
            "type": "Patient",
            "interaction": [{"code": "read"}, {"code": "search-type"}],
            "searchParam": [
                {"name": "_id", "type": "token", "definition": f"{CORE}/Resource-id"},
                {"name": "identifier", "type": "token", "definition": f"{CORE}/Patient-identifier"},
            ],
            "operation": [
                {"name": "member-match", "definition": f"{HREX}/OperationDefinition/member-match"},
                {"name": "everything", "definition": "http://hl7.org/fhir/OperationDefinition/Patient-everything"},
            ],
        },
        *(_by_patient(kind) for kind in RECORDS),
    ]


def _groups() -> list[Resource]:
    operation = {"name": "export", "definition": GROUP_EXPORT}
    return [{"type": "Group", "interaction": [{"code": "read"}, {"code": "search-type"}], "operation": [operation]}]


def _by_patient(kind: str) -> Resource:
    parameter = {"name": "patient", "type": "reference"}
    return {"type": kind, "interaction": [{"code": "search-type"}], "searchParam": [parameter]}


def _formulary() -> list[Resource]:
    return [
        {
            "type": kind,
            "supportedProfile": [f"{USDF}/StructureDefinition/{profile}" for profile in profiles],
            "interaction": [{"code": "read"}, {"code": "search-type"}],
            # FHIR knows no empty lists
            **({"searchInclude": [f"{kind}:{name}" for name in includes]} if includes else {}),
            "searchParam": [
                {"name": name, "type": sort, "definition": _definition(kind, name, own)}
                for name, sort, own in parameters
            ],
        }
        for kind, profiles, includes, parameters in FORMULARY
    ]


def _definition(kind: str, name: str, own: bool) -> str:
    if name in ("_id", "_lastUpdated") and not own:
        return f"{CORE}/Resource-{name[1:]}"
    return f"{USDF if own else CORE.removesuffix('/SearchParameter')}/SearchParameter/{kind}-{name.strip('_').lower()}"


def _json(body: Mapping[str, Any]) -> Answer:
    return Answer(200, json.dumps(body).encode(), {}, "application/json")


# resource type, profiles, what _include brings, (search parameter, its type, whether the guide defines it)
FORMULARY: tuple[tuple[str, tuple[str, ...], tuple[str, ...], tuple[tuple[str, str, bool], ...]], ...] = (
    (
        "InsurancePlan",
        ("usdf-PayerInsurancePlan", "usdf-Formulary"),
        ("formulary-coverage",),
        (
            ("_id", "token", False),
            ("_lastUpdated", "date", True),
            ("identifier", "token", True),
            ("status", "token", True),
            ("period", "date", True),
            ("type", "token", True),
            ("name", "string", True),
            ("coverage-type", "token", True),
            ("formulary-coverage", "reference", True),
            ("coverage-area", "reference", True),
        ),
    ),
    (
        "Basic",
        ("usdf-FormularyItem",),
        ("subject", "formulary"),
        (
            ("_id", "token", False),
            ("_lastUpdated", "date", True),
            ("code", "token", True),
            ("subject", "reference", True),
            ("status", "token", True),
            ("period", "date", True),
            ("formulary", "reference", True),
            ("pharmacy-benefit-type", "token", True),
            ("drug-tier", "token", True),
        ),
    ),
    (
        "MedicationKnowledge",
        ("usdf-FormularyDrug",),
        (),
        (
            ("_id", "token", False),
            ("_lastUpdated", "date", True),
            ("status", "token", False),
            ("code", "token", False),
            ("drug-name", "string", True),
            ("doseform", "token", False),
        ),
    ),
    (
        "Location",
        ("usdf-InsurancePlanLocation",),
        (),
        (
            ("_id", "token", False),
            ("_lastUpdated", "date", False),
            ("address", "string", False),
            ("address-city", "string", False),
            ("address-state", "string", False),
            ("address-postalcode", "string", False),
        ),
    ),
)
DAVINCI_KEYS: Mapping[str, Mapping[str, str]] = {
    "hrex=1.0.0": {
        "davinci_pas_submission_endpoint": "pas/2.0.1",
        "davinci_pdex_payer_endpoint": "hrex/1.0.0",
    },
    "hrex=1.1.0": {
        "davinci_pas_submission_endpoint": "pas/2.0.1",
        "davinci_pdex_payer_endpoint": "hrex/1.1.0",
    },
    "hrex=1.2.0": {
        "davinci_pas_submission_endpoint#2.0": "pas/2.0.1",
        "davinci_pas_submission_endpoint#2.2": "pas/2.2.1",
        "davinci_pdex_payer_endpoint#2.0": "hrex/1.0.0",
        "davinci_pdex_payer_endpoint#2.2": "hrex/1.2.0",
    },
}
RESOURCES: Mapping[str, Callable[[], list[Resource]]] = {
    "pas": _prior_auth,
    "hrex": _exchange,
    "pdex": _exchange,
    "dtr": _documentation,
    "bulk": _groups,
    "usdf": _formulary,
}
PATHS: Mapping[str, tuple[str, Callable[[Call, Payer], Answer]]] = {
    "metadata": ("discovery.metadata", metadata),
    ".well-known/smart-configuration": ("discovery.smart-configuration", smart_configuration),
    ".well-known/udap": ("discovery.udap", udap.metadata),
    ".well-known/davinci-configuration": ("discovery.davinci-configuration", davinci_configuration),
}

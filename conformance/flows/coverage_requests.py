"""The orders that a payer is asked about, and what CDS Hooks and DTR requests hold around them."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from conformance import clock
from conformance.apis.cds_hooks import ORDER_SIGN, Service
from conformance.cases import fill, template
from conformance.guides import Guide
from conformance.target import DEFAULT_MEMBER, Case, Target

BASE = "https://payer-conformance.example/fhir"
DEFAULT_ORDER = "ServiceRequest"
TOKEN = re.compile(r"\{\{\s*context\.(\w+)\s*\}\}")
WITH_PAYER = {"Coverage:payor", "Coverage:payor:Organization", "Coverage:*", "*"}
SEARCH_BASIS = ("Patient", "Coverage", "Organization", "Practitioner")
USUAL_PREFETCH = {"patient": "Patient/{{context.patientId}}", "coverage": "Coverage?patient={{context.patientId}}"}


def resources(target: Target, case: Case, sent: str) -> dict[str, dict[str, Any]]:
    """The resources of a request by type: the order, and the member, coverage, payer and requester around it."""
    made = _filled(target, case, sent, (*SEARCH_BASIS, str(case.facts.get("order", DEFAULT_ORDER))))
    order_of(made)["id"] = str(uuid.uuid5(uuid.NAMESPACE_URL, sent))
    return made


def parties(target: Target, case: Case, sent: str) -> dict[str, dict[str, Any]]:
    """The member, coverage, payer and requester of a case of any API, without an order."""
    return _filled(target, case, sent, SEARCH_BASIS)


def order_of(made: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """The order among the resources of a request."""
    return next(each for kind, each in made.items() if kind not in SEARCH_BASIS)


def case_key(case: Case) -> str:
    """The key of target.toml under which a service stands."""
    return case.name if case.name.startswith("pa_list") else f"cases.{case.api}.{case.name}"


def order_sign(guide: Guide, service: Service, made: Mapping[str, dict[str, Any]], instance: str) -> bytes:
    """The body of an order-sign call for one order, with what the service wants fetched beforehand."""
    order = order_of(made)
    body: dict[str, Any] = {
        "hook": ORDER_SIGN,
        "hookInstance": instance,
        "context": {
            **_context(made),
            "draftOrders": {"resourceType": "Bundle", "type": "collection", "entry": [_placed(order)]},
        },
        "prefetch": prefetched(service.prefetch or USUAL_PREFETCH, made),
    }
    if guide["requested_version"]:
        body["extension"] = {"davinci-crd.requestedVersion": guide["requested_version"]}
    return json.dumps(body).encode()


def extended(body: bytes) -> bytes:
    """The same call with elements that no guide knows: beside the hook, in its context, and on the order."""
    call = json.loads(body)
    call["x-payer-conformance"] = True
    call["context"]["x-payer-conformance"] = ["unknown"]
    call.setdefault("extension", {})["org.example.unknown"] = {"anything": 1}
    order = call["context"]["draftOrders"]["entry"][0]["resource"]
    order["extension"] = [{"url": f"{BASE}/StructureDefinition/unknown", "valueString": "unknown"}]
    return json.dumps(call).encode()


def prefetched(wanted: Mapping[str, str], made: Mapping[str, dict[str, Any]]) -> dict[str, Any]:
    """What each prefetch template asks for: a resource for a read, a searchset for a search (empty: we have none).

    Templates name what is in the call's context (CDS Hooks, Prefetch tokens); the payer comes along where it is asked
    for with the coverage (CRD: ``_include=Coverage:payor``).
    """
    found: dict[str, Any] = {}
    for key, query in wanted.items():
        path, sign, asked = _told(query, _context(made)).partition("?")
        kind = path.partition("/")[0]
        if not sign:
            found[key] = made.get(kind) if kind in SEARCH_BASIS else None
            continue
        matches = [_entry(made[kind])] if kind in SEARCH_BASIS and kind in made else []
        included = [_entry(made["Organization"], "include")] if matches and WITH_PAYER & _includes(asked) else []
        found[key] = {"resourceType": "Bundle", "type": "searchset", "total": len(matches)}
        if matches:  # FHIR knows no empty lists
            found[key]["entry"] = [*matches, *included]
    return found


def package_request(made: Mapping[str, dict[str, Any]], canonicals: tuple[str, ...], context: str) -> bytes:
    """The body of $questionnaire-package: the coverage, the order if there is one, and what was told of it."""
    coverage = {**made["Coverage"], "contained": [made["Organization"]], "payor": [{"reference": "#payer"}]}
    parameters: list[dict[str, Any]] = [
        {"name": "coverage", "resource": coverage},
        *({"name": "order", "resource": each} for kind, each in made.items() if kind not in SEARCH_BASIS),
        *({"name": "questionnaire", "valueCanonical": each} for each in canonicals),
        *([{"name": "context", "valueString": context}] if context else []),
    ]
    return json.dumps({"resourceType": "Parameters", "parameter": parameters}).encode()


def _filled(target: Target, case: Case, sent: str, kinds: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    facts, change = _facts(target, case, sent), case_key(case)
    return {kind: fill(template("crd-resources")[kind], facts, change) for kind in kinds}


def _context(made: Mapping[str, dict[str, Any]]) -> dict[str, str]:
    """Whom a call is about and who makes it, as its context says."""
    return {"userId": f"Practitioner/{made['Practitioner']['id']}", "patientId": made["Patient"]["id"]}


def _told(text: str, context: Mapping[str, str]) -> str:
    """A prefetch template with its tokens filled in, those of the context alone."""
    return TOKEN.sub(lambda found: context.get(found[1], found[0]), text)


def _includes(asked: str) -> set[str]:
    return {value for name, value in parse_qsl(asked) if name.partition(":")[0] == "_include"}


def _placed(resource: Mapping[str, Any]) -> dict[str, Any]:
    return {"fullUrl": f"{BASE}/{resource['resourceType']}/{resource['id']}", "resource": resource}


def _entry(resource: Mapping[str, Any], mode: str = "match") -> dict[str, Any]:
    return {**_placed(resource), "search": {"mode": mode}}


def _facts(target: Target, case: Case, sent: str) -> dict[str, Any]:
    member = target.members.get(str(case.facts.get("member", DEFAULT_MEMBER)))
    asking = target.requester.get("practitioner") or target.requester
    return {
        **case.facts,
        "member": {**member.facts, "relationship": member.relationship} if member else {},
        "payer": dict(target.payer),
        "asking": dict(asking),
        "request": {"id": sent, "date": clock.now().date().isoformat()},
    }

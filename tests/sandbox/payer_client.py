"""A plain client of the model payer for its tests: signs assertions, gets tokens, sends requests, builds matches."""

from __future__ import annotations

import json
import ssl
import time
import tomllib
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from functools import lru_cache
from typing import Any

import httpx
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey

from conformance.sandbox.serve import Running

JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALL_SCOPES = "system/*.rs system/Claim.crs system/Subscription.crud"
REQUESTER = {"system": "http://hl7.org/fhir/sid/us-npi", "value": "1397205844"}
OTHER_PAYER = {"system": "http://hl7.org/fhir/sid/us-npi", "value": "9876543210"}


@contextmanager
def connected(running: Running) -> Iterator[httpx.Client]:
    """A client that trusts the payer's authority."""
    trusted = ssl.create_default_context(cafile=str(running.ca_file)) if running.ca_file else True
    with httpx.Client(verify=trusted, timeout=10) as client:
        yield client


def sign(
    claims: Mapping[str, Any], key: ECKey | RSAKey, algorithm: str = "ES384", header: Mapping[str, Any] | None = None
) -> str:
    """A compact JWS over the claims."""
    full = {"alg": algorithm, "typ": "JWT", **(header or {})}
    return jws.serialize_compact(full, json.dumps(claims), key, algorithms=[algorithm])


def own_key(running: Running) -> ECKey:
    """The private key of the registered client."""
    return ECKey.import_key(running.client_key_file.read_bytes())


def claims(running: Running, **changes: Any) -> dict[str, Any]:
    """The claims of a good assertion, with changes; a claim that is changed to None is left out."""
    good = {
        "iss": running.client_id,
        "sub": running.client_id,
        "aud": running.token_url,
        "exp": int(time.time() + running.clock.offset) + 240,
        "jti": str(uuid.uuid4()),
    }
    return {name: value for name, value in {**good, **changes}.items() if value is not None}


def ask_token(
    running: Running, client: httpx.Client, assertion: str = "", scope: str = ALL_SCOPES, **changes: str
) -> httpx.Response:
    """Asks for a token, with a good assertion where none is given."""
    form = {
        "grant_type": "client_credentials",
        "scope": scope,
        "client_assertion_type": JWT_BEARER,
        "client_assertion": assertion or sign(claims(running), own_key(running)),
        **changes,
    }
    return client.post(running.token_url, data={name: value for name, value in form.items() if value})


def token(running: Running, client: httpx.Client, scope: str = ALL_SCOPES) -> dict[str, str]:
    """The header that carries a fresh token."""
    answer = ask_token(running, client, scope=scope)
    assert answer.status_code == 200, answer.text
    return {"authorization": f"Bearer {answer.json()['access_token']}"}


def target(running: Running) -> dict[str, Any]:
    """The running payer's target file, read."""
    return deepcopy(_read(running.target_file.read_text("utf-8")))


@lru_cache(maxsize=4)
def _read(text: str) -> dict[str, Any]:
    """A target file's values: reading TOML takes longer than the exchanges that need them."""
    return tomllib.loads(text)


def match_request(
    running: Running, member: Mapping[str, Any], *, consent: Mapping[str, Any] | None = None, consented: bool = True
) -> dict[str, Any]:
    """A member match request about ``member`` (a table of the target file), with changes of its consent."""
    payer = target(running)["payer"]
    number = {"system": member["identifier_system"], "value": member.get("member_id")}
    number["type"] = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MB"}]}
    numbers = [number] if member.get("member_id") else []
    patient = {
        "resourceType": "Patient",
        "id": "1",
        "identifier": numbers,
        "name": [{"family": member["family"], "given": member["given"]}],
        "gender": member["gender"],
        "birthDate": member["birth_date"],
    }
    coverage = {
        "resourceType": "Coverage",
        "id": "2",
        "identifier": numbers,
        "status": "active",
        "subscriberId": member["subscriber_id"],
        "beneficiary": {"reference": "Patient/1"},
        "payor": [{"identifier": payer["identifier"], "display": payer["name"]}],
    }
    for resource in (patient, coverage):
        if not numbers:
            resource.pop("identifier")
    parameters = [{"name": "MemberPatient", "resource": patient}, {"name": "CoverageToMatch", "resource": coverage}]
    if consented:
        parameters.append({"name": "Consent", "resource": {**_consent(running), **(consent or {})}})
    return {"resourceType": "Parameters", "parameter": parameters}


def period(running: Running, start: int, end: int) -> dict[str, str]:
    """A period from ``start`` to ``end`` days after the payer's today."""
    today = running.clock.today().toordinal()
    return {
        name: running.clock.today().fromordinal(today + days).isoformat()
        for name, days in (("start", start), ("end", end))
    }


def provision(running: Running, **changes: Any) -> dict[str, Any]:
    """A consent's provision from this payer to another, with changes."""
    payer = target(running)["payer"]
    performer = {"system": "http://terminology.hl7.org/CodeSystem/provenance-participant-type", "code": "performer"}
    recipient = {"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP"}
    return {
        "type": "permit",
        "period": period(running, -1, 30),
        "actor": [
            {"role": {"coding": [performer]}, "reference": {"identifier": payer["identifier"]}},
            {"role": {"coding": [recipient]}, "reference": {"identifier": REQUESTER}},
        ],
        "action": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentaction", "code": "disclose"}]}],
        **changes,
    }


def _consent(running: Running) -> dict[str, Any]:
    scope = {"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}
    category = {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "IDSCL"}
    return {
        "resourceType": "Consent",
        "status": "active",
        "scope": {"coding": [scope]},
        "category": [{"coding": [category]}],
        "patient": {"reference": "Patient/1"},
        "performer": [{"reference": "Patient/1"}],
        "sourceReference": {"reference": "http://example.org/DocumentReference/consent"},
        "policy": [{"uri": "http://hl7.org/fhir/us/davinci-hrex/StructureDefinition-hrex-consent.html#regular"}],
        "provision": provision(running),
    }

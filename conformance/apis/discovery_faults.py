"""What an endpoint's own words lack; one short sentence per fault."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from conformance.apis.discovery import Davinci, Smart, read_capabilities
from conformance.guides import Guide


def capability_faults(resource: Any) -> tuple[str, ...]:
    """A CapabilityStatement (FHIR R4): status, date, kind, fhirVersion, json among its formats, a server side."""
    found = read_capabilities(resource)
    if found is None:
        return ("no CapabilityStatement",)
    faults = {
        "no status": not found.status,
        "no date": not found.date,
        "no kind": not found.kind,
        "no fhirVersion": not found.fhir_version,
        "no json among its formats": not found.speaks_json,
        "no server side (rest.mode server)": "server" not in found.modes,
    }
    return _told(faults)


def required_keys(smart: Smart, guide: Guide) -> tuple[str, ...]:
    """The keys a SMART configuration must have: more of them where apps are launched or OpenID Connect is offered."""
    launch = guide["launch_keys"] if smart.launches else ()
    sign_in = guide["sign_in_keys"] if smart.signs_in else ()
    return (*guide["required_keys"], *launch, *sign_in)


def smart_faults(smart: Smart, required: Sequence[str], absolute: Sequence[str]) -> tuple[str, ...]:
    """A SMART configuration: the required keys are there, lists are lists, the URLs among its keys absolute."""
    missing = [f"no {key}" for key in required if key not in smart.keys]
    lone = [f"{key} is no list of strings" for key in smart.misshapen]
    relative = [
        f"{key} is not an absolute URL"
        for key in absolute
        if key in smart.keys and not is_absolute(smart.urls.get(key, ""))
    ]
    return (*missing, *lone, *relative)


def document_faults(media_type: str) -> tuple[str, ...]:
    """A configuration document: it comes as JSON and says so."""
    return () if "json" in media_type else (f"content type {media_type or 'missing'} instead of application/json",)


def may_go_without_tls(base_url: str, environment: str) -> bool:
    """Whether plain http is nobody's loss: on one machine, or in an environment that is only a test."""
    host = urlsplit(base_url).hostname or ""
    if environment == "test" or host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def davinci_faults(found: Davinci | None) -> tuple[str, ...]:
    """A Da Vinci configuration (HRex endpoint discovery): who the payer is, and at least one endpoint, absolute."""
    if found is None:
        return ("no JSON object",)
    faults = {
        "no identifier": not found.identifier.value,
        "no endpoints": not found.endpoints,
        "an endpoint that is no absolute URL": not all(map(is_absolute, found.endpoints.values())),
    }
    return _told(faults)


def is_absolute(url: str) -> bool:
    """Whether a text is an http or https URL with a host."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def _told(faults: dict[str, bool]) -> tuple[str, ...]:
    return tuple(told for told, wrong in faults.items() if wrong)

"""Reading a prior-authorization request: what is wrong with it, and what it asks for.

What must be there is what the guide's request profiles demand of the version called (PAS Request Bundle, PAS Claim,
PAS Claim Update, PAS Inquiry Request Bundle, PAS Claim Inquiry); nothing that a profile leaves optional is missed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from conformance.sandbox.frame import Answer, Call, Resource

PAS = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition"
NPI = "http://hl7.org/fhir/sid/us-npi"
DEEPEST = 100  # objects and arrays in each other; a real request needs about fifteen

CLAIM_LISTS = ("identifier", "extension", "related", "careTeam", "supportingInfo", "diagnosis", "insurance", "item")
CLAIM_OBJECTS = ("type", "patient", "insurer", "provider", "priority")
ITEM_LISTS = ("extension", "modifierExtension", "modifier")
ITEM_OBJECTS = ("category", "productOrService", "quantity", "servicedPeriod", "locationCodeableConcept")
CLAIM_REQUIRED = (*CLAIM_OBJECTS, "status", "use", "created", "insurance")
TEXTS = ("resourceType", "id", "url", "system", "reference", "display", "family", "birthDate", "subscriberId")
PARTIES = {
    "patient": ("Patient",),
    "insurer": ("Organization",),
    "provider": ("Organization", "PractitionerRole", "Practitioner"),
}


class Invalid(Exception):
    """A request that no profile allows: issue type, our words, FHIRPath of the element."""

    def __init__(self, code: str, text: str, expression: str, status: int = 400) -> None:
        self.status = status
        self.code = code
        self.text = text
        self.expression = expression
        super().__init__(text)

    def answer(self) -> Answer:
        """The refusal, with exactly one OperationOutcome."""
        issue: dict[str, Any] = {"severity": "error", "code": self.code, "details": {"text": self.text}}
        if self.expression:
            issue["expression"] = [self.expression]
        return Answer(self.status, {"resourceType": "OperationOutcome", "issue": [issue]})


@dataclass(frozen=True)
class Entry:
    """One resource of a request with the URL it is known by there, and its place among the entries."""

    full_url: str
    resource: Resource
    place: int


@dataclass(frozen=True)
class Asked:
    """A valid request: its Bundle, its Claim, the parties the Claim names."""

    bundle: Resource
    claim: Resource
    entries: tuple[Entry, ...]
    patient: Entry
    insurer: Entry
    provider: Entry
    coverage: Entry

    def find(self, reference: Any) -> Entry | None:
        """The entry that a Reference points to, or None."""
        return _find(reference, self.entries)

    def trace_values(self) -> tuple[str, ...]:
        """The values of the Claim's own identifiers."""
        return tuple(str(one["value"]) for one in self.claim.get("identifier", ()) if one.get("value"))

    def provider_ids(self) -> frozenset[str]:
        """Every NPI of the requesting, ordering or rendering providers that the request carries."""
        kinds = ("Organization", "Practitioner", "PractitionerRole")
        found = [entry.resource for entry in self.entries if entry.resource["resourceType"] in kinds]
        return frozenset(npi for one in found if one is not self.insurer.resource for npi in npis(one))


def read(call: Call, *, inquiry: bool) -> Asked:
    """The request in ``call``; Invalid with the first thing that its profiles do not allow."""
    if "json" not in call.headers.get("content-type", "application/fhir+json").lower():
        raise Invalid("not-supported", "Only JSON is read here.", "", 415)
    bundle = _body(call)
    entries = _entries(bundle)
    newer = version(call) >= (2, 1)
    claim = _claim(entries, newer=newer)
    at = f"Bundle.entry[{claim.place}].resource"
    _check_claim(claim.resource, at, inquiry=inquiry, newer=newer)
    parties = {name: _party(claim.resource, name, kinds, entries, at) for name, kinds in PARTIES.items()}
    coverage = _find(claim.resource["insurance"][0].get("coverage"), entries)
    if coverage is None or coverage.resource["resourceType"] != "Coverage":
        raise Invalid("not-found", "The coverage is not in the Bundle.", f"{at}.insurance[0].coverage")
    return Asked(bundle, claim.resource, entries, coverage=coverage, **parties)


def version(call: Call) -> tuple[int, ...]:
    """The guide version called, as numbers: "pas=2.2.1" is (2, 2, 1)."""
    return tuple(int(part) for part in call.version.partition("=")[2].split("."))


def npis(resource: Mapping[str, Any]) -> tuple[str, ...]:
    """The NPIs of a provider."""
    return tuple(
        str(one["value"])
        for one in objects(resource.get("identifier"))
        if one.get("system") == NPI and one.get("value")
    )


def extension(element: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The first extension of the guide called ``name``, or an empty one."""
    return next(iter(extensions(element, name)), {})


def extensions(element: Mapping[str, Any], name: str) -> tuple[Mapping[str, Any], ...]:
    """The extensions of the guide called ``name`` ("extension-itemTraceNumber"), modifiers among them."""
    found = (*objects(element.get("extension")), *objects(element.get("modifierExtension")))
    return tuple(one for one in found if one.get("url") == f"{PAS}/{name}")


def codes(concept: Any) -> tuple[str, ...]:
    """The codes of a CodeableConcept."""
    codings = concept.get("coding") if isinstance(concept, dict) else None
    return tuple(str(coding["code"]) for coding in objects(codings) if coding.get("code"))


def objects(value: Any) -> tuple[dict[str, Any], ...]:
    """The objects of a list; nothing where it is none."""
    return tuple(one for one in value if isinstance(one, dict)) if isinstance(value, list) else ()


def _body(call: Call) -> Resource:
    try:
        body = json.loads(call.body, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise Invalid("structure", "The body is not JSON.", "") from None
    if not isinstance(body, dict) or body.get("resourceType") != "Bundle":
        raise Invalid("structure", "The body is not a Bundle.", "")
    _check_json(body, "Bundle", 0)
    if body.get("type") != "collection":
        raise Invalid("value", "The Bundle is not a collection.", "Bundle.type")
    for name, kind in (("identifier", dict), ("timestamp", str), ("entry", list)):
        if not isinstance(body.get(name), kind):
            raise Invalid("required", f"The Bundle lacks {name}.", f"Bundle.{name}")
    return body


def _no_number(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _check_json(value: Any, at: str, depth: int) -> None:
    """FHIR's JSON has no empty object, array or string; null stands only beside an extension of a list's entry.

    Elements that are text in every type that has them are text.
    """
    if depth > DEEPEST:
        raise Invalid("too-costly", "The body is nested too deeply.", "")
    if value in ({}, [], ""):
        raise Invalid("structure", "An element is empty.", at)
    if isinstance(value, dict):
        for name, inner in value.items():
            if inner is None or (name in TEXTS and not isinstance(inner, str)):
                raise Invalid("structure", "An element is not of its type.", f"{at}.{name}")
            _check_json(inner, f"{at}.{name}", depth + 1)
    if isinstance(value, list):
        for index, inner in enumerate(value):
            _check_json(inner, f"{at}[{index}]", depth + 1)


def _entries(bundle: Resource) -> tuple[Entry, ...]:
    found: list[Entry] = []
    for place, entry in enumerate(bundle["entry"]):
        at = f"Bundle.entry[{place}]"
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(resource, dict) or not isinstance(resource.get("resourceType"), str):
            raise Invalid("required", "An entry has no resource.", f"{at}.resource")
        if not isinstance(entry.get("fullUrl"), str):
            raise Invalid("required", "An entry has no fullUrl.", f"{at}.fullUrl")
        if any(entry["fullUrl"] == other.full_url for other in found):
            raise Invalid("invariant", "Two entries have one fullUrl.", f"{at}.fullUrl")
        found.append(Entry(entry["fullUrl"], resource, place))
    return tuple(found)


def _claim(entries: tuple[Entry, ...], *, newer: bool) -> Entry:
    """The Claim that asks: the first entry from 2.1 on (ClaimFirst; a prior Claim may follow), else the only one."""
    claims = [entry for entry in entries if entry.resource["resourceType"] == "Claim"]
    if not claims:
        raise Invalid("required", "The Bundle has no Claim.", "Bundle.entry")
    if newer and claims[0].place != 0:
        raise Invalid("invariant", "The first entry is not the Claim.", "Bundle.entry[0]")
    if len(claims) > (2 if newer else 1):
        raise Invalid("invariant", "The Bundle has too many Claims.", f"Bundle.entry[{claims[-1].place}]")
    return claims[0]


def _check_claim(claim: Resource, at: str, *, inquiry: bool, newer: bool) -> None:
    _check_shape(claim, CLAIM_LISTS, CLAIM_OBJECTS, at)
    needed = list(CLAIM_REQUIRED)
    if newer or not inquiry:
        needed.append("identifier")
    if not (newer and inquiry):
        needed.append("item")
    for name in needed:
        if name not in claim:
            raise Invalid("required", f"The Claim lacks {name}.", f"{at}.{name}")
    for name, value in (("status", "active"), ("use", "preauthorization")):
        if claim[name] != value:
            raise Invalid("value", f"The Claim's {name} is not {value}.", f"{at}.{name}")
    for index, identifier in enumerate(claim.get("identifier", ()) if newer else ()):
        if not identifier.get("system") or not identifier.get("value"):
            raise Invalid("required", "An identifier lacks system or value.", f"{at}.identifier[{index}]")
    if len(claim.get("identifier", ())) > (2 if newer and not inquiry else 1):
        raise Invalid("invariant", "The Claim has too many identifiers.", f"{at}.identifier")
    seen: set[int] = set()
    for index, item in enumerate(claim.get("item", ())):
        _check_item(item, f"{at}.item[{index}]", seen, inquiry=inquiry, newer=newer)


def _check_item(item: Resource, at: str, seen: set[int], *, inquiry: bool, newer: bool) -> None:
    _check_shape(item, ITEM_LISTS, ITEM_OBJECTS, at)
    sequence = item.get("sequence")
    if isinstance(sequence, bool) or not isinstance(sequence, int) or sequence < 1:
        raise Invalid("required", "An item has no positive sequence number.", f"{at}.sequence")
    if sequence in seen:
        raise Invalid("invariant", "Two items have one sequence number.", f"{at}.sequence")
    seen.add(sequence)
    for name in ("productOrService",) if inquiry else ("productOrService", "category"):
        if name not in item:
            raise Invalid("required", f"An item lacks {name}.", f"{at}.{name}")
    if not inquiry and newer:
        if not any(name.startswith("location") for name in item):
            raise Invalid("required", "An item lacks its location.", f"{at}.location")
        for name in ("extension-serviceItemRequestType", "extension-certificationType"):
            if not extension(item, name):
                raise Invalid("required", f"An item lacks the extension {name}.", f"{at}.extension")
    amount = item.get("quantity", {}).get("value", 1)
    if isinstance(amount, bool) or not isinstance(amount, int | float) or amount <= 0:
        raise Invalid("value", "A quantity is not a positive number.", f"{at}.quantity.value")


def _check_shape(element: Resource, lists: tuple[str, ...], single: tuple[str, ...], at: str) -> None:
    for name in lists:
        value = element.get(name, [])
        if not isinstance(value, list) or any(not isinstance(one, dict) for one in value):
            raise Invalid("structure", f"{name} is not a list of elements.", f"{at}.{name}")
    for name in single:
        if not isinstance(element.get(name, {}), dict):
            raise Invalid("structure", f"{name} is not an element.", f"{at}.{name}")


def _party(claim: Resource, name: str, kinds: tuple[str, ...], entries: tuple[Entry, ...], at: str) -> Entry:
    found = _find(claim[name], entries)
    if found is None or found.resource["resourceType"] not in kinds:
        raise Invalid("not-found", f"The {name} is not in the Bundle.", f"{at}.{name}")
    return found


def _find(reference: Any, entries: tuple[Entry, ...]) -> Entry | None:
    """Whole URLs are compared with the fullUrls; a relative one also with type and id, where no fullUrl ends so."""
    url = reference.get("reference") if isinstance(reference, dict) else None
    if not isinstance(url, str):
        return None
    url = url.partition("/_history/")[0]
    return next(_matches(url, entries), None)


def _matches(url: str, entries: tuple[Entry, ...]) -> Iterator[Entry]:
    yield from (entry for entry in entries if entry.full_url == url)
    yield from (entry for entry in entries if entry.full_url.endswith(f"/{url}"))
    yield from (entry for entry in entries if f"{entry.resource['resourceType']}/{entry.resource.get('id')}" == url)

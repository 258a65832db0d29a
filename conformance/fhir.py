"""FHIR R4 JSON: strict reading, the structural check, and the few shapes that every API shares.

Answers are read as plain dicts and never serialised again. The structural check takes the names, types and
cardinalities from ``fhir.resources`` (see structures.py) and walks the answer itself. The library's own validator is
not asked: it refuses lawful FHIR (primitive siblings inside extensions), lets unlawful FHIR pass ("true" for a boolean,
an empty list, any code), and cannot say where in FHIR's terms.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from conformance.invariants import broken
from conformance.primitives import json_type
from conformance.primitives import wrong as wrong_primitive
from conformance.strict_json import MAX_DEPTH, NotJson, load
from conformance.structures import R4_ONLY, Element, Type, is_resource_type, type_of

MAX_PROBLEMS = 100  # findings kept of one resource

Resource = dict[str, Any]


class NotFhir(Exception):
    """The bytes are no FHIR JSON: ``reason`` says in one sentence why, and where."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def parse(body: bytes) -> Resource:
    """The one FHIR resource that ``body`` is, as a plain dict; NotFhir otherwise."""
    try:
        content = load(body)
    except NotJson as wrong:
        raise NotFhir(wrong.reason) from None
    if not isinstance(content, dict):
        raise NotFhir("the text is JSON, but not an object")
    if not isinstance(content.get("resourceType"), str) or not content["resourceType"]:
        raise NotFhir("the text is a JSON object without a resourceType")
    return content


# --- the structural check ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Problem:
    """One thing wrong at one place: ``at`` is a FHIR path (ClaimResponse.item[0].adjudication) or a file and line."""

    at: str
    message: str


def structure(resource: Resource) -> tuple[Problem, ...]:
    """Every departure from the structure of FHIR R4, with its FHIR path: the first 100.

    Judged: known resource types and elements, lists and single values, what is required, choices of type, the form of
    primitive values, codes of required bindings and types of references where the base standard fixes them, and what
    the parts of one value owe each other (invariants.py).
    """
    problems: list[Problem] = []
    name = resource.get("resourceType")
    _check_resource(resource, name if isinstance(name, str) and name else "resource", problems, 0)
    return tuple(problems[:MAX_PROBLEMS])


def structure_of(value: Any, type_name: str, at: str) -> tuple[Problem, ...]:
    """The same of a value of some data type, found at ``at``."""
    problems: list[Problem] = []
    _check(value, type_name, at, problems, 0)
    return tuple(problems[:MAX_PROBLEMS])


def _check_resource(value: Any, at: str, problems: list[Problem], depth: int) -> None:
    name = value.get("resourceType") if isinstance(value, dict) else None
    if not isinstance(value, dict):
        problems.append(Problem(at, f"is {json_type(value)}, but a resource is expected"))
    elif not isinstance(name, str) or not name:
        problems.append(Problem(at, "has no resourceType"))
    elif not is_resource_type(name):
        problems.append(Problem(f"{at}.resourceType", f"{name[:60]!r} is no resource type of FHIR R4"))
    elif not R4_ONLY.fullmatch(name):
        _check(value, name, at, problems, depth, resource=True)


def _check(value: Any, type_name: str, at: str, problems: list[Problem], depth: int, *, resource: bool = False) -> None:
    """Adds what is wrong with ``value`` as a ``type_name``."""
    if len(problems) >= MAX_PROBLEMS:
        return
    if not isinstance(value, dict) or not value or depth >= MAX_DEPTH:
        problems.append(Problem(at, _no_object(value, type_name, depth)))
        return
    known = type_of(type_name)
    assert known, type_name  # named by the tables themselves
    elements = known.elements
    for name, content in value.items():
        if len(problems) >= MAX_PROBLEMS:
            return
        element = elements.get(name)
        if element:
            _check_element(element, content, value.get(f"_{name}"), f"{at}.{name}", problems, depth + 1)
        elif name[:1] == "_" and (primitive := elements.get(name[1:])) and primitive.primitive:
            _check_sibling(primitive, content, f"{at}.{name}", problems, depth + 1)
        elif not (name == "resourceType" and resource) and name != "fhir_comments":  # comments: DSTU2, harmless
            problems.append(Problem(f"{at}.{name[:60]}", "is no element that FHIR R4 has here"))
    problems += _absent(known, value, at)
    if wrong := broken(type_name, value):
        problems.append(Problem(at, wrong))


def _absent(known: Type, value: Resource, at: str) -> Iterator[Problem]:
    """What is required and missing, and choices that were made twice."""
    for name in known.required:
        if name not in value and f"_{name}" not in value:
            yield Problem(f"{at}.{name}", "is required and missing")
    for choice, names in known.choices.items():
        made = [name for name in names if name in value or f"_{name}" in value]
        if len(made) > 1:
            yield Problem(f"{at}.{choice}[x]", f"is given more than once: {', '.join(made)}")
        elif not made and choice in known.needed:
            yield Problem(f"{at}.{choice}[x]", "is required and missing")


def _check_element(element: Element, content: Any, sibling: Any, at: str, problems: list[Problem], depth: int) -> None:
    if not element.many:
        _check_value(element, content, at, problems, depth)
    elif not isinstance(content, list):
        problems.append(Problem(at, f"is {json_type(content)}, but a list is expected"))
    elif not content:
        problems.append(Problem(at, "is an empty list, which FHIR does not allow"))
    else:
        for index, each in enumerate(content):
            if len(problems) >= MAX_PROBLEMS:
                return
            # A null in a list of primitives holds the place of a value that has extensions only.
            spared = each is None and isinstance(sibling, list) and sibling[index : index + 1] not in ([], [None])
            if not spared:
                _check_value(element, each, f"{at}[{index}]", problems, depth)


def _check_value(element: Element, value: Any, at: str, problems: list[Problem], depth: int) -> None:
    if element.type == "Resource":
        _check_resource(value, at, problems, depth)
    elif not element.primitive:
        _check(value, element.type, at, problems, depth)
        if element.targets and isinstance(value, dict):
            problems += _wrong_target(element, value, at)
    elif wrong := wrong_primitive(element.type, value):
        problems.append(Problem(at, wrong))
    elif element.codes and value not in element.codes:
        problems.append(Problem(at, f"{value[:60]!r} is not among the codes allowed here: {', '.join(element.codes)}"))


def _check_sibling(primitive: Element, content: Any, at: str, problems: list[Problem], depth: int) -> None:
    """The ids and extensions of a primitive: an object, or beside a list a list of objects and nulls."""
    if not primitive.many:
        _check(content, "Element", at, problems, depth)
    elif not isinstance(content, list):
        problems.append(Problem(at, f"is {json_type(content)}, but a list is expected"))
    else:
        for index, each in enumerate(content):
            if each is not None:
                _check(each, "Element", f"{at}[{index}]", problems, depth)


def _wrong_target(element: Element, reference: Resource, at: str) -> Iterator[Problem]:
    target, _ = reference_type_and_id(reference)
    if target and target not in element.targets and is_resource_type(target) and not R4_ONLY.fullmatch(target):
        allowed = ", ".join(element.targets)
        yield Problem(f"{at}.reference", f"refers to a {target}, but may refer to: {allowed}")


def _no_object(value: Any, type_name: str, depth: int) -> str:
    if depth >= MAX_DEPTH:
        return f"is nested more than {MAX_DEPTH} levels deep"
    return "is empty" if value == {} else f"is {json_type(value)}, but an object ({type_name}) is expected"


# --- shapes that every API shares --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Coding:
    """A code in its system; absent parts are empty."""

    system: str
    code: str
    display: str = ""


@dataclass(frozen=True)
class Period:
    """A period as it is written: FHIR dates of any precision, empty where open."""

    start: str
    end: str


_REFERENCE = re.compile(r"(?:^|/)([A-Z][A-Za-z]+)/([A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?$")


def extensions(element: Any, url: str) -> list[Resource]:
    """The extensions of an element (or of a primitive's ``_`` sibling) with that URL."""
    found = element.get("extension") if isinstance(element, dict) else None
    return [each for each in _objects(found) if each.get("url") == url]


def codings(concept: Any) -> list[Coding]:
    """The codings of a CodeableConcept; of a Coding, itself; of anything else, none."""
    if not isinstance(concept, dict):
        return []
    found = _objects(concept["coding"]) if "coding" in concept else [concept] if "code" in concept else []
    return [Coding(_text(each, "system"), _text(each, "code"), _text(each, "display")) for each in found]


def reference_type_and_id(reference: Any) -> tuple[str, str]:
    """("Patient", "1") of a Reference, or of its text, that is a relative or absolute URL; else ("", "")."""
    written = reference.get("reference") if isinstance(reference, dict) else reference
    if not isinstance(written, str) or written.startswith(("urn:", "#")) or "?" in written:
        return "", ""
    found = _REFERENCE.search(written)
    return (found[1], found[2]) if found else ("", "")


def period(element: Any) -> Period:
    """A Period's two ends; of anything else, open ones."""
    return Period(_text(element, "start"), _text(element, "end"))


def _objects(found: Any) -> Sequence[Resource]:
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _text(element: Any, name: str) -> str:
    found = element.get(name) if isinstance(element, dict) else None
    return found if isinstance(found, str) else ""

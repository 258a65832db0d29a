"""What FHIR R4 has where: the elements of every type, as ``fhir.resources`` (R4B) knows them.

For what payers exchange R4B has the same elements as R4. Reading them out of the library's classes takes seconds, so
they are kept in structures.json beside the version they were read from; where another version is installed they are
read from it, type by type. ``python -m conformance.structures`` writes the file again.
"""

from __future__ import annotations

import json
import re
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

LIBRARY = "fhir.resources"
KEPT = Path(__file__).with_name("structures.json")

# Types of R4 that R4B dropped or rebuilt: they are known, and not checked.
R4_ONLY = re.compile(
    r"MedicinalProduct(?!Definition$)\w*|Evidence(Variable)?|(Effect|Risk)EvidenceSynthesis"
    r"|Substance(NucleicAcid|Polymer|Protein|ReferenceInformation|SourceMaterial|Specification)"
)
_ABSTRACT = frozenset(("Resource", "DomainResource"))

# Where the library's list of codes is an abridged text of the element's short description, not the value set.
_ABRIDGED = frozenset(("+", "etc.", "formats", "mime", "html-template"))

# The value sets of FHIR R4 behind abridged texts that records of members and questionnaires are full of.
_OBSERVED = ["registered", "preliminary", "final", "amended", "corrected", "cancelled", "entered-in-error", "unknown"]
_ENCOUNTERED = [
    "planned",
    "arrived",
    "triaged",
    "in-progress",
    "onleave",
    "finished",
    "cancelled",
    "entered-in-error",
    "unknown",
]
_ASKED = [
    "group",
    "display",
    "boolean",
    "decimal",
    "integer",
    "date",
    "dateTime",
    "time",
    "string",
    "text",
    "url",
    "choice",
    "open-choice",
    "attachment",
    "reference",
    "quantity",
]
_IN_FULL: Mapping[tuple[str, str], list[str]] = {
    ("DetectedIssue", "status"): _OBSERVED,
    ("DiagnosticReport", "status"): [*_OBSERVED, "partial", "appended"],
    ("Encounter", "status"): _ENCOUNTERED,
    ("EncounterStatusHistory", "status"): _ENCOUNTERED,
    ("Observation", "status"): _OBSERVED,
    ("QuestionnaireItem", "type"): _ASKED,
    ("RiskAssessment", "status"): _OBSERVED,
}


@dataclass(frozen=True)
class Element:
    """One element of a type: ``type`` is a primitive ("code"), a type of the library, or "Resource" for any."""

    type: str
    primitive: bool
    many: bool
    required: bool  # of a choice: that one is made
    choice: str  # "value" of value[x]
    codes: tuple[str, ...]
    targets: tuple[str, ...]


@dataclass(frozen=True)
class Type:
    """A type's elements by their JSON names, without the ``_`` siblings; the choices of which one must be made."""

    elements: Mapping[str, Element]
    resource: bool
    required: tuple[str, ...]  # elements that no choice is made of
    choices: Mapping[str, tuple[str, ...]]  # "value": ("valueString", …)
    needed: frozenset[str]  # choices


def is_resource_type(name: str) -> bool:
    """Whether R4 or R4B has a resource type of that name."""
    if name in _ABSTRACT or R4_ONLY.fullmatch(name):
        return name not in _ABSTRACT
    found = type_of(name)
    return found is not None and found.resource


@lru_cache(2048)  # names may come from an answer
def type_of(name: str) -> Type | None:
    """The type of that name; None where there is none."""
    kept = _kept()
    rows = kept.get(name) if kept is not None else read(name)
    return _type(rows) if rows is not None else None


@cache
def _kept() -> dict[str, Any] | None:
    """The rows of all types, if they were read from the version that is installed."""
    kept: dict[str, Any] = json.loads(KEPT.read_text("utf-8"))
    return kept["types"] if kept["version"] == version(LIBRARY) else None


def _type(rows: Mapping[str, Any]) -> Type:
    elements = {
        name: Element(kind, primitive, many, required, choice, tuple(codes), tuple(targets))
        for name, (kind, primitive, many, required, choice, codes, targets) in rows["elements"].items()
    }
    choices: dict[str, tuple[str, ...]] = {}
    for name, element in elements.items():
        if element.choice:
            choices[element.choice] = (*choices.get(element.choice, ()), name)
    return Type(
        elements,
        rows["resource"],
        tuple(name for name, each in elements.items() if each.required and not each.choice),
        choices,
        frozenset(each.choice for each in elements.values() if each.required and each.choice),
    )


def read(name: str) -> dict[str, Any] | None:
    """A type's row as the library knows it, in the form of structures.json; None where it has none of that name."""
    from fhir.resources.R4B import fhirtypes

    known: Any = getattr(fhirtypes, f"{name}Type", None)
    if not hasattr(known, "_model_klass"):
        return None
    model = known.get_model_klass()
    elements = {}
    for field_name, field in model.model_fields.items():
        extra = field.json_schema_extra or {}
        if not extra.get("element_property"):
            continue
        kind, primitive, many = _kind(field.annotation)
        codes = list(extra.get("enum_values", ()))
        targets = list(extra.get("enum_reference_types", ()))
        elements[field.alias or field_name] = [
            kind,
            primitive,
            many,
            field.is_required() or bool(extra.get("element_required") or extra.get("one_of_many_required")),
            str(extra.get("one_of_many", "")),
            _IN_FULL.get((name, field_name), []) if _ABRIDGED.intersection(codes) else codes,
            targets if kind == "Reference" and "Resource" not in targets else [],
        ]
    return {"resource": bool(model.has_resource_base()), "elements": elements}


def _kind(annotation: Any, many: bool = False) -> tuple[str, bool, bool]:
    """The FHIR type that an annotation of the library stands for; whether it is primitive; whether it repeats."""
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        return getattr(annotation.__metadata__[-1], "__visit_name__", "uuid"), True, many
    if origin is list:
        return _kind(typing.get_args(annotation)[0], True)
    if origin in (typing.Union, types.UnionType):
        return _kind(next(each for each in typing.get_args(annotation) if each is not type(None)), many)
    if annotation is bool:
        return "boolean", True, many
    return str(annotation.__name__).removesuffix("Type"), False, many


def read_all() -> dict[str, Any]:
    """Every type that the installed library has, in the form of structures.json; takes seconds."""
    from fhir.resources.R4B import fhirtypes

    names = [name.removesuffix("Type") for name in dir(fhirtypes) if name.endswith("Type")]
    rows = {name: read(name) for name in sorted(names)}
    return {"version": version(LIBRARY), "types": {name: row for name, row in rows.items() if row is not None}}


def write() -> None:
    """Writes structures.json: one line for each type."""
    content = read_all()
    lines = [f"{json.dumps(name)}:{json.dumps(row, separators=(',', ':'))}" for name, row in content["types"].items()]
    KEPT.write_text(f'{{"version":"{content["version"]}","types":{{\n' + ",\n".join(lines) + "\n}}\n", "utf-8")


if __name__ == "__main__":
    write()

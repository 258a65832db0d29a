"""Reading what $questionnaire-package (DTR) gives: Bundles of a Questionnaire and what it takes to fill it in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from conformance.apis.shapes import JsonObject, Placed, codings, entries, is_type, record, records, text
from conformance.guides import Guide

CQF_LIBRARY = "http://hl7.org/fhir/StructureDefinition/cqf-library"
DRAFTED = ("questionnaire", "subject")  # what the draft of an answer says from the start (oper-18)
BOTH_FORMS = frozenset({"text/cql", "application/elm+json"})


@dataclass(frozen=True)
class Package:
    """One Bundle of a package."""

    at: str
    bundle: JsonObject
    resources: tuple[Placed, ...]

    def of_type(self, kind: str) -> tuple[Placed, ...]:
        """The resources of a type, in order."""
        return tuple(each for each in self.resources if each.type == kind)

    @property
    def questionnaire(self) -> JsonObject:
        """The first Questionnaire; empty where there is none."""
        return next((each.resource for each in self.of_type("Questionnaire")), {})


@dataclass(frozen=True)
class Packages:
    """The whole answer: its Bundles, the names of their parameters, and how many outcomes say why there is none."""

    packages: tuple[Package, ...]
    names: tuple[str, ...]
    outcomes: int

    @property
    def alone(self) -> bool:
        """Whether a Bundle came by itself, in no Parameters."""
        return bool(self.packages) and not self.names

    @property
    def canonicals(self) -> frozenset[str]:
        """The Questionnaires by their canonical, with and without version."""
        found = set()
        for package in self.packages:
            for each in package.of_type("Questionnaire"):
                url, version = text(each.resource.get("url")), text(each.resource.get("version"))
                found |= {url, f"{url}|{version}"} if url else set()
        return frozenset(found)


def read_packages(resource: Any) -> Packages | None:
    """The packages of an answer: Parameters with Bundles, or one Bundle by itself; None for anything else.

    Names of parameters are not looked at: the operation and the profile of 2.0.1 name them differently.
    """
    if is_type(resource, "Bundle"):
        return Packages((Package("Bundle", resource, entries(resource)),), (), 0)
    if not is_type(resource, "Parameters"):
        return None
    given = [(place, each) for place, each in records(resource.get("parameter"))]
    bundles = [
        (place, record(each.get("resource"))) for place, each in given if is_type(each.get("resource"), "Bundle")
    ]
    return Packages(
        packages=tuple(
            Package(f"Parameters.parameter[{place}].resource", bundle, entries(bundle, "Bundle"))
            for place, bundle in bundles
        ),
        names=tuple(text(each.get("name")) for _, each in given if is_type(each.get("resource"), "Bundle")),
        outcomes=sum(is_type(each.get("resource"), "OperationOutcome") for _, each in given),
    )


def package_faults(package: Package, guide: Guide) -> tuple[str, ...]:
    """What a package's Bundle breaks of its profile.

    Which Questionnaire the draft answers is not looked at: published examples name another one.
    """
    forms, drafts = package.of_type("Questionnaire"), package.of_type("QuestionnaireResponse")
    faults = {
        f"type {text(package.bundle.get('type')) or 'missing'}": package.bundle.get("type") != "collection",
        "no Questionnaire first": not package.resources or package.resources[0].type != "Questionnaire",
    }
    if guide["one_questionnaire"]:
        faults[f"{len(forms)} Questionnaires"] = len(forms) != 1
    if guide["draft_response"]:
        faults[f"{len(drafts)} QuestionnaireResponses"] = len(drafts) != 1
        faults |= {
            f"a draft without its {name}": any(not each.resource.get(name) for each in drafts) for name in DRAFTED
        }
    return tuple(name for name, present in faults.items() if present)


def absent_libraries(package: Package) -> tuple[str, ...]:
    """The libraries that a package's Questionnaires name and that are not in it."""
    there: set[str] = set()
    for each in package.of_type("Library"):
        url, version = text(each.resource.get("url")), text(each.resource.get("version"))
        there |= {url, f"{url}|{version}"}
    named = {
        text(extension.get("valueCanonical"))
        for each in package.of_type("Questionnaire")
        for _, extension in records(each.resource.get("extension"))
        if extension.get("url") == CQF_LIBRARY
    }
    return tuple(sorted(each for each in named if each and each not in there))


def library_forms(library: JsonObject) -> frozenset[str]:
    """The media types in which a Library carries its logic."""
    contents = [each for _, each in records(library.get("content")) if text(each.get("data"))]
    return frozenset(text(each.get("contentType")).partition(";")[0].strip().lower() for each in contents)


def is_logic(library: JsonObject) -> bool:
    """Whether a Library holds logic: the model that logic is written against (FHIR-ModelInfo) is XML alone."""
    return not any(each.code == "model-definition" for each in codings(library.get("type")))

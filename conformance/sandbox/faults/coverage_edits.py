"""Edits of coverage discovery's answers and of questionnaire packages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from conformance.sandbox.faults import changes
from conformance.sandbox.frame import Answer, Bend, Call, Resource, Seed

SERVICES, SIGN = "coverage-discovery.services", "coverage-discovery.order-sign"
PACKAGE = "documentation.questionnaire-package"
FUSION, TISSUE, AIRWAY, VISIT, INFUSION = "22551", "15830", "E0601", "99213", "J1745"  # as in coverage_rules.toml
OLD, NEW = "2.0.1", "2.2"


def about(code: str = "", version: str = "") -> Callable[[Call, Answer], bool]:
    """Holds for a good answer to a request that names a service, of versions that begin so."""

    def holds(call: Call, answer: Answer) -> bool:
        named = call.version.rpartition("=")[2].startswith(version)
        asked = not code or f'"{code}"'.encode() in call.body
        return answer.status == 200 and named and asked

    return holds


def services(edit: Callable[[dict[str, Any]], object], version: str = "") -> Bend:
    """Each service of the discovery document changed."""

    def every(body: dict[str, Any]) -> None:
        for service in body["services"]:
            edit(service)

    return Bend(SERVICES, changes.plain_json(every), about(version=version))


def answer(edit: Callable[[dict[str, Any]], object], code: str = "", version: str = "") -> Bend:
    """The answer about orders of one service changed."""
    return Bend(SIGN, changes.plain_json(edit), about(code, version))


def information(edit: Callable[[list[Resource]], object], code: str = TISSUE, version: str = "") -> Bend:
    """The parts of the coverage information about one service changed."""

    def of_orders(body: dict[str, Any]) -> None:
        for action in body["systemActions"]:
            edit(action["resource"]["extension"][-1]["extension"])

    return answer(of_orders, code, version)


def cards(edit: Callable[[dict[str, Any]], object]) -> Bend:
    """Each card changed."""

    def every(body: dict[str, Any]) -> None:
        for card in body["cards"]:
            edit(card)

    return Bend(SIGN, changes.plain_json(every), about())


def says(name: str, code: str) -> Callable[[list[Resource]], None]:
    """Another code in one part, which is added where it is not there."""

    def change(parts: list[Resource]) -> None:
        found = next((each for each in parts if each["url"] == name), None)
        if found is None:
            parts.append({"url": name, "valueCode": code})
        else:
            found["valueCode"] = code

    return change


def both(*edits: Callable[[Any], object]) -> Callable[[Any], None]:
    """Several edits, one after the other."""

    def change(part: Any) -> None:
        for each in edits:
            each(part)

    return change


def gold_card(parts: list[Resource]) -> None:
    """The reason that a provider is exempt, as both versions code it."""
    code = {"system": "http://hl7.org/fhir/us/davinci-crd/CodeSystem/temp", "code": "gold-card"}
    parts.append({"url": "reason", "valueCodeableConcept": {"coding": [code]}})


def without(name: str) -> Callable[[list[Resource]], None]:
    """One part taken out, wherever it stands."""

    def change(parts: list[Resource]) -> None:
        parts[:] = [each for each in parts if each["url"] != name]

    return change


def into_cards(body: dict[str, Any]) -> None:
    """What the system actions do, suggested on a card instead."""
    source = {
        "label": "Model Payer Health Plan",
        "topic": {"system": "http://terminology.hl7.org/CodeSystem/cdshooks-card-type", "code": "coverage-info"},
    }
    suggestion = {"label": "Note the coverage information", "actions": body.pop("systemActions")}
    body["cards"].append(
        {
            "uuid": "b6f0c1de-55a1-4d5c-8f1e-2f6a3f0c7c11",
            "summary": "Coverage information",
            "indicator": "info",
            "source": source,
            "suggestions": [suggestion],
            "selectionBehavior": "any",
        }
    )
    body["systemActions"] = []


def packages(edit: Callable[[Resource], object], version: str = "", code: str = "") -> Bend:
    """The package Bundles of an answer changed."""

    def every(resource: Resource) -> None:
        for parameter in resource["parameter"]:
            if parameter["resource"]["resourceType"] == "Bundle":
                edit(parameter["resource"])

    return Bend(PACKAGE, changes.resource(every), about(code, version))


def parameters(edit: Callable[[Resource], object], version: str = "", code: str = "") -> Bend:
    """The Parameters of an answer changed."""
    return Bend(PACKAGE, changes.resource(edit), about(code, version))


def keep_types(bundle: Resource, *kinds: str) -> None:
    """Only the entries of these types."""
    bundle["entry"] = [each for each in bundle["entry"] if each["resource"]["resourceType"] in kinds]


def another_questionnaire(bundle: Resource) -> None:
    """The same package under another canonical."""
    for entry in bundle["entry"]:
        resource = entry["resource"]
        if resource["resourceType"] == "Questionnaire":
            resource["url"] += "-old"
        if resource["resourceType"] == "QuestionnaireResponse":
            resource["questionnaire"] = resource["questionnaire"].replace("|", "-old|")


def only_cql(bundle: Resource) -> None:
    """Libraries without their ELM."""
    for entry in bundle["entry"]:
        if entry["resource"]["resourceType"] == "Library":
            entry["resource"]["content"] = entry["resource"]["content"][:1]


def renamed(name: str) -> Callable[[Resource], None]:
    """All parameters under one name."""

    def change(resource: Resource) -> None:
        for parameter in resource["parameter"]:
            parameter["name"] = name

    return change


def rule(code: str, **values: Any) -> Callable[[Seed], Seed]:
    """What a service needs, changed; None takes a value out."""

    def change(seed: Seed) -> Seed:
        changed = {key: value for key, value in {**seed.coverage_rules[code], **values}.items() if value is not None}
        return replace(seed, coverage_rules={**seed.coverage_rules, code: changed})

    return change

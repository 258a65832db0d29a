"""Reading CDS Hooks: what a service offers, and what it answers to a hook."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from conformance.apis.cds_shapes import object_faults
from conformance.apis.coverage_information import COVERAGE_INFORMATION, CoverageInformation, read_coverage_information
from conformance.apis.shapes import JsonObject, record, records, text, texts
from conformance.fhir import structure
from conformance.guides import Guide

ORDER_SIGN = "order-sign"
VERSIONS = "davinci-crd.version"
OPTIONS = "davinci-crd.configuration-options"
ACTIONS = frozenset({"create", "update", "delete"})
OPTION_TYPES = {"boolean": bool, "integer": int}


@dataclass(frozen=True)
class Service:
    """One service of a discovery document; ``versions`` and ``options`` are CRD's extensions of it."""

    at: str
    hook: str
    id: str
    description: str
    prefetch: Mapping[str, str] = field(default_factory=dict)
    versions: tuple[str, ...] = ()
    options: tuple[JsonObject, ...] = ()
    content: JsonObject = field(default_factory=dict, repr=False, hash=False)

    @property
    def callable(self) -> bool:
        """Whether its id can stand in the URL by which it is called."""
        return bool(self.id) and self.id.isascii() and self.id.isprintable() and " " not in self.id


@dataclass(frozen=True)
class Action:
    """A system action, or one of a card's suggestion; ``resource`` is empty where it has none, ``described`` says
    whether words tell what it does.
    """

    at: str
    kind: str
    resource: JsonObject
    in_card: bool
    resource_id: str = ""
    described: bool = False

    @property
    def faults(self) -> tuple[str, ...]:
        """What is wrong with what it acts on: nothing, or nothing of FHIR; coverage information is judged by itself."""
        if not self.resource:
            of_nothing = self.kind in ACTIONS and not (self.kind == "delete" and self.resource_id)
            return (f"{self.kind} of nothing",) if of_nothing else ()
        return tuple(f"{each.at}: {each.message}" for each in structure(_without_information(self.resource)))


@dataclass(frozen=True)
class Card:
    """One card, as far as its form is judged."""

    at: str
    content: JsonObject

    @property
    def links(self) -> tuple[JsonObject, ...]:
        return tuple(each for _, each in records(self.content.get("links")))


@dataclass(frozen=True)
class HookAnswer:
    """What came back for one call of a hook."""

    cards: tuple[Card, ...]
    actions: tuple[Action, ...]
    information: tuple[CoverageInformation, ...]

    def about(self, order: str) -> tuple[CoverageInformation, ...]:
        """What is said of an order ("Type/id"), wherever it is said."""
        return tuple(each for each in self.information if each.order == order)


def read_services(document: Any) -> tuple[Service, ...] | None:
    """The services of a discovery document; None where it is none."""
    listed = document.get("services") if isinstance(document, dict) else None
    if not isinstance(listed, list):
        return None
    return tuple(_service(each, f"services[{place}]") for place, each in enumerate(listed))


def service_faults(service: Service) -> tuple[str, ...]:
    """What CDS Hooks requires of a service and is not there."""
    faults = tuple(object_faults(service.content, "service"))
    return faults if service.callable or not service.id else (*faults, "an id that no URL can hold")


def option_faults(service: Service, guide: Guide) -> tuple[str, ...]:
    """What CRD requires of configuration options: complete, of a known type, with a default of it, each code once."""
    faults = []
    codes = [text(each.get("code")) for each in service.options]
    for number, each in enumerate(service.options):
        name = codes[number] or f"option {number + 1}"
        faults += [f"{name}: no {key}" for key in ("code", "type", "name", "description") if not text(each.get(key))]
        kind = OPTION_TYPES.get(text(each.get("type")))
        if text(each.get("type")) and kind is None:
            faults.append(f"{name}: type {text(each.get('type'))}")
        elif kind and (guide["option_default"] or "default" in each) and type(each.get("default")) is not kind:
            faults.append(f"{name}: no default that is {text(each.get('type'))}")
    faults += [f"{code} twice" for code in sorted({code for code in codes if code and codes.count(code) > 1})]
    return tuple(faults)


def read_answer(document: Any) -> HookAnswer | None:
    """What a hook was answered with; None where it is no answer of CDS Hooks (an object with cards)."""
    if not isinstance(document, dict) or not isinstance(document.get("cards"), list):
        return None
    cards = tuple(Card(f"cards[{place}]", each) for place, each in records(document["cards"]))
    actions = (*_system_actions(document), *(action for card in cards for action in _suggested(card)))
    information = [
        found
        for action in actions
        for found in read_coverage_information(
            action.resource, f"{action.at}.resource", in_card=action.in_card, action=action.kind
        )
    ]
    return HookAnswer(cards, actions, tuple(information))


def answer_faults(document: Any) -> tuple[str, ...]:
    """What is not as CDS Hooks has it in an answer: cards, actions, and what they act on."""
    found = read_answer(document)
    if found is None:
        return ("no object with cards",)
    faults = list(object_faults(document, "answer"))
    faults += [
        f"{each.at}: suggestions without a selectionBehavior"
        for each in found.cards
        if each.content.get("suggestions") and not text(each.content.get("selectionBehavior"))
    ]
    faults += [f"{each.at}: {fault}" for each in found.actions for fault in each.faults]
    return tuple(faults)


def topic_faults(card: Card) -> tuple[str, ...]:
    """What CRD requires of every card: who says it, and of which kind it is."""
    source = record(card.content.get("source"))
    faults = {
        "no source.label": not text(source.get("label")),
        "no source.topic": not text(record(source.get("topic")).get("code")),
    }
    return tuple(name for name, missing in faults.items() if missing)


def card_faults(answer: HookAnswer) -> tuple[str, ...]:
    """What CRD requires of cards from 2.2 on, beside what CDS Hooks does: an id each, and every suggestion in words."""
    nameless = [f"{each.at}: no uuid" for each in answer.cards if not text(each.content.get("uuid"))]
    return (
        *nameless,
        *(f"{each.at}: no description" for each in answer.actions if each.in_card and not each.described),
    )


def changes(sent: JsonObject, returned: JsonObject) -> tuple[str, ...]:
    """The elements of an order that came back different, beside its coverage information."""
    before, after = _without_information(sent), _without_information(returned)
    return tuple(name for name in sorted({*before, *after}) if before.get(name) != after.get(name))


def _service(each: Any, at: str) -> Service:
    raw = record(each)
    extension, prefetch = record(raw.get("extension")), record(raw.get("prefetch"))
    return Service(
        at=at,
        hook=text(raw.get("hook")),
        id=text(raw.get("id")),
        description=text(raw.get("description")),
        prefetch={key: value for key, value in prefetch.items() if isinstance(value, str)},
        versions=texts(extension.get(VERSIONS)),
        options=_options(extension.get(OPTIONS)),
        content=raw,
    )


def _options(value: Any) -> tuple[JsonObject, ...]:
    """The options of a service; what is no option counts as one with nothing in it."""
    if value is None:
        return ()
    return tuple(record(each) for each in value) if isinstance(value, list) else ({},)


def _system_actions(document: JsonObject) -> Iterator[Action]:
    for place, each in records(document.get("systemActions")):
        yield _action(each, f"systemActions[{place}]", in_card=False)


def _suggested(card: Card) -> Iterator[Action]:
    for number, suggestion in records(card.content.get("suggestions")):
        for place, each in records(suggestion.get("actions")):
            yield _action(each, f"{card.at}.suggestions[{number}].actions[{place}]", in_card=True)


def _action(raw: JsonObject, at: str, *, in_card: bool) -> Action:
    ident = raw.get("resourceId") or raw.get("resource")  # CDS Hooks 1 had the id of what is deleted as the resource
    return Action(
        at=at,
        kind=text(raw.get("type")),
        resource=record(raw.get("resource")),
        in_card=in_card,
        resource_id=text(ident),
        described=bool(text(raw.get("description"))),
    )


def _without_information(order: JsonObject) -> JsonObject:
    """An order without coverage information, and without what a server may put on anything: meta and narrative."""
    kept = {key: value for key, value in order.items() if key not in ("meta", "text")}
    others = [each for _, each in records(order.get("extension")) if each.get("url") != COVERAGE_INFORMATION]
    return {
        **{key: value for key, value in kept.items() if key != "extension"},
        **({"extension": others} if others else {}),
    }

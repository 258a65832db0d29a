"""Faults and variants of coverage discovery and documentation that only a careful reader sees."""

from __future__ import annotations

from typing import Any

from conformance.sandbox.faults import changes
from conformance.sandbox.faults import coverage_edits as edits
from conformance.sandbox.faults.coverage_edits import FUSION, NEW, OLD, VISIT
from conformance.sandbox.frame import Answer, Bend, Call, Fault, Resource, Variant

CRD_OLD, CRD_NEW = ("crd=2.0.1",), ("crd=2.2.1",)
ANSWER, FORM = ("crd.hook-answer",), ("crd.card-form",)
OPTIONS = "davinci-crd.configuration-options"


def _created(body: Resource) -> None:
    for action in body["systemActions"]:
        action["type"] = "create"


def _updating_nothing(body: Resource) -> None:
    body["systemActions"].append({"type": "update", "description": "Adds what is needed."})


def _suggesting(**action: Any) -> Any:
    def change(card: Resource) -> None:
        card["selectionBehavior"] = "any"
        draft = {
            "resourceType": "ServiceRequest",
            "status": "draft",
            "intent": "order",
            "subject": {"reference": "Patient/pc-member"},
        }
        card["suggestions"] = [{"label": "Order it elsewhere", "actions": [{"resource": draft, **action}]}]

    return change


def _out_of_fhir(body: Resource) -> None:
    for action in body["systemActions"]:
        action["resource"]["status"] = 7


def _unchosen(card: Resource) -> None:
    _suggesting(type="create", description="Orders the same at another place")(card)
    del card["selectionBehavior"]


def _for_charts_too(document: Resource) -> None:
    reader = {"hook": "patient-view", "id": "care-gaps", "description": "Says which screenings are due."}
    document["services"].insert(0, reader)


def _deleting(body: Resource) -> None:
    doomed = {"type": "delete", "description": "Takes the order back.", "resourceId": "ServiceRequest/old"}
    body["cards"].append(
        {
            "uuid": "0b3f1a9e-7a43-4c8b-9a54-0a0d3c7f5b11",
            "summary": "The order is there twice",
            "indicator": "warning",
            "source": {"label": "Model Payer Health Plan", "topic": {"code": "duplicate-therapy"}},
            "selectionBehavior": "any",
            "suggestions": [{"label": "Take one back", "actions": [doomed]}],
        }
    )


def _twice_named(resource: Resource) -> None:
    resource["parameter"].append({"name": "more", "resource": resource["parameter"][0]["resource"]})


def _of_a_stranger(call: Call, _answer: Answer) -> bool:
    return b"Questionnaire/nowhere" in call.body


def _wordless(resource: Resource) -> None:
    for parameter in resource["parameter"]:
        parameter["resource"].pop("issue", None)


FAULTS: tuple[Fault, ...] = (
    Fault(
        "offers_options_as_one",
        "Configuration options are one object instead of a list.",
        ("crd.configuration-options",),
        bend=edits.services(lambda service: service["extension"].update({OPTIONS: service["extension"][OPTIONS][0]})),
    ),
    Fault(
        "links_in_its_own_way",
        "The links of cards are of a type that CDS Hooks does not know.",
        ANSWER,
        bend=edits.cards(lambda card: card["links"][0].update(type="page")),
    ),
    Fault(
        "updates_nothing",
        "A system action updates, and holds no resource.",
        ANSWER,
        bend=edits.answer(_updating_nothing, VISIT),
    ),
    Fault(
        "creates_the_order_anew",
        "The order comes back to be created, not to be updated.",
        ("crd.coverage-information-place",),
        bend=edits.answer(_created, VISIT, NEW),
        versions=CRD_NEW,
    ),
    Fault(
        "shows_cards_without_an_id",
        "Cards have no uuid.",
        FORM,
        bend=edits.cards(lambda card: card.pop("uuid")),
        versions=CRD_NEW,
    ),
    Fault(
        "suggests_without_words",
        "A card suggests an action and does not put it into words.",
        FORM,
        bend=edits.cards(_suggesting(type="create")),
        versions=CRD_NEW,
    ),
    Fault(
        "links_by_one_address",
        "The links of cards are one text, not a list.",
        ANSWER,
        bend=edits.cards(lambda card: card.update(links="https://payer.example.org/policies")),
    ),
    Fault(
        "offers_no_choice_of_suggestions",
        "A card has suggestions, and does not say how many of them may be taken.",
        ANSWER,
        bend=edits.cards(_unchosen),
    ),
    Fault(
        "returns_what_is_no_order",
        "The order comes back with a number for its status.",
        ANSWER,
        bend=edits.answer(_out_of_fhir, VISIT, OLD),
        versions=CRD_OLD,
    ),
    Fault(
        "titles_its_services_by_number",
        "The title of a service is a number.",
        ("crd.services",),
        bend=edits.services(lambda service: service.update(title=7)),
    ),
    Fault(
        "names_packages_in_two_ways",
        "One package comes in the guide's parameter, another in one of the payer's own.",
        ("dtr.package-parameters",),
        bend=edits.parameters(_twice_named, code=FUSION),
    ),
    Fault(
        "warns_without_a_word",
        "Of a questionnaire that does not exist an outcome says nothing.",
        ("dtr.missing-warned",),
        bend=Bend(edits.PACKAGE, changes.resource(_wordless), _of_a_stranger),
    ),
)
VARIANTS: tuple[Variant, ...] = (
    Variant(
        "leaves_members_null",
        "Members of cards that hold nothing are null.",
        bend=edits.cards(lambda card: card.update(detail=None, suggestions=None, selectionBehavior=None)),
    ),
    Variant(
        "suggests_another_order",
        "Cards suggest another order, in words.",
        bend=edits.cards(_suggesting(type="create", description="Orders the same at another place")),
    ),
    Variant(
        "suggests_to_take_back", "A card suggests to delete an order, by its id.", bend=edits.answer(_deleting, VISIT)
    ),
    Variant(
        "offers_services_of_other_hooks",
        "The discovery document lists a service of a hook that is none of the guide's.",
        bend=Bend(edits.SERVICES, changes.plain_json(_for_charts_too), edits.about()),
    ),
    Variant(
        "offers_no_options",
        "The list of configuration options is empty.",
        bend=edits.services(lambda service: service["extension"].update({OPTIONS: []})),
    ),
)

"""Faults and lawful variants of coverage discovery (CRD)."""

from __future__ import annotations

from conformance.sandbox.faults import changes
from conformance.sandbox.faults import coverage_edits as edits
from conformance.sandbox.faults.coverage_edits import AIRWAY, FUSION, NEW, OLD, TISSUE, VISIT
from conformance.sandbox.frame import Answer, Bend, Call, Fault, Resource, Variant
from conformance.sandbox.outcome import refusal

CRD_OLD, CRD_NEW = ("crd=2.0.1",), ("crd=2.2.1",)
LIST = "prior-auth.list-of-services"
INFORMATION, CONTENT, SENSE = (f"crd.coverage-information{each}" for each in ("", "-content", "-sense"))


def _unknown(call: Call, _answer: Answer) -> bool:
    return b"x-payer-conformance" in call.body


def _rewritten(body: Resource) -> None:
    for action in body["systemActions"]:
        action["resource"]["status"] = "active"


def _described(body: Resource) -> None:
    for action in body["systemActions"]:
        action["resource"]["meta"] = {"versionId": "2"}
        action["resource"]["text"] = {"status": "generated", "div": "<div xmlns='http://www.w3.org/1999/xhtml'>x</div>"}


FAULTS: tuple[Fault, ...] = (
    Fault(
        "forgets_a_listed_service",
        "A service on the payer's list is said to need no prior authorization.",
        (LIST,),
        seed=edits.rule(TISSUE, authorization="none"),
    ),
    Fault(
        "asks_authorization_for_a_visit",
        "A service that is not on the list is said to need prior authorization.",
        (LIST,),
        seed=edits.rule(VISIT, authorization="needed"),
    ),
    Fault(
        "names_no_documents",
        "Documents are said to be needed, and nothing says which.",
        ("prior-auth.documentation-needed",),
        seed=edits.rule(AIRWAY, questionnaire=None, policy=None),
    ),
    Fault(
        "describes_no_service",
        "Services are listed without a description.",
        ("crd.services",),
        bend=edits.services(lambda service: service.pop("description")),
    ),
    Fault(
        "declares_no_guide_version",
        "Services do not say which versions of the guide they speak.",
        ("crd.version-declared",),
        bend=edits.services(lambda service: service["extension"].pop("davinci-crd.version"), NEW),
        versions=CRD_NEW,
    ),
    Fault(
        "leaves_options_unexplained",
        "A configuration option has no description.",
        ("crd.configuration-options",),
        bend=edits.services(
            lambda service: service["extension"]["davinci-crd.configuration-options"][0].pop("description")
        ),
    ),
    Fault(
        "answers_orders_with_html",
        "A signed order is answered with a web page.",
        ("crd.hook-answer",),
        bend=Bend(edits.SIGN, changes.to_html, edits.about()),
    ),
    Fault(
        "shows_cards_without_an_indicator",
        "Cards do not say how urgent they are.",
        ("crd.hook-answer",),
        bend=edits.cards(lambda card: card.pop("indicator")),
    ),
    Fault(
        "keeps_silent_about_an_order",
        "One order comes back without coverage information.",
        (INFORMATION,),
        bend=edits.answer(lambda body: body.update(systemActions=[]), VISIT),
    ),
    Fault(
        "hides_information_in_cards",
        "Coverage information is suggested on a card.",
        ("crd.coverage-information-place",),
        bend=edits.answer(edits.into_cards, version=NEW),
        versions=CRD_NEW,
    ),
    Fault(
        "forgets_the_assertion_id",
        "Coverage information of one order has no id.",
        (CONTENT,),
        bend=edits.information(edits.without("coverage-assertion-id")),
    ),
    Fault(
        "invents_a_coverage_code",
        "Coverage information of one order says yes instead of covered.",
        (CONTENT,),
        bend=edits.information(edits.says("covered", "yes")),
    ),
    Fault(
        "repeats_documentation_in_2_0",
        "Two kinds of documents are named, where the guide's version allows one.",
        (CONTENT,),
        bend=edits.information(lambda parts: parts.append({"url": "doc-needed", "valueCode": "admin"}), FUSION, OLD),
        versions=CRD_OLD,
    ),
    Fault(
        "satisfies_without_a_number",
        "An authorization is said to be satisfied, without its number.",
        (SENSE,),
        bend=edits.information(edits.says("pa-needed", "satisfied")),
    ),
    Fault(
        "leaves_open_what_it_hangs_on",
        "Coverage is conditional, and nothing says on what.",
        (SENSE,),
        bend=edits.information(edits.says("covered", "conditional"), version=NEW),
        versions=CRD_NEW,
    ),
    Fault(
        "needs_information_for_nothing",
        "Information is called for, though nothing hangs on it.",
        (SENSE,),
        bend=edits.information(edits.says("info-needed", "location"), version=OLD),
        versions=CRD_OLD,
    ),
    Fault(
        "rewrites_the_order",
        "The order comes back active.",
        ("crd.order-unaltered",),
        bend=edits.answer(_rewritten, TISSUE, NEW),
        versions=CRD_NEW,
    ),
    Fault(
        "shows_cards_without_a_topic",
        "Cards do not say what they are about.",
        ("crd.card-source",),
        bend=edits.cards(lambda card: card["source"].pop("topic")),
    ),
    Fault(
        "chokes_on_unknown_elements",
        "A call with an element that the guide does not know is refused.",
        ("crd.unknown-elements-ignored",),
        bend=Bend(edits.SIGN, lambda _call, _answer: refusal(400, "structure", "Unknown element."), _unknown),
    ),
)
VARIANTS: tuple[Variant, ...] = (
    Variant(
        "information_in_a_card",
        "Coverage information is suggested on a card, which 2.0.1 does not forbid.",
        bend=edits.answer(edits.into_cards, version=OLD),
        versions=CRD_OLD,
    ),
    Variant(
        "authorization_hangs_on_the_place",
        "Whether a listed service needs authorization hangs on where it is done, and the payer says so.",
        bend=edits.information(
            edits.both(edits.says("pa-needed", "conditional"), edits.says("info-needed", "location"))
        ),
        advises=(LIST,),
    ),
    Variant(
        "exempts_a_gold_card_provider",
        "The provider who asks is exempt from the authorization that the list asks for.",
        bend=edits.information(edits.both(edits.says("pa-needed", "no-auth"), edits.gold_card)),
        advises=(LIST,),
    ),
    Variant(
        "performer_asks_for_authorization",
        "The authorization is said to be for the performer to ask for.",
        bend=edits.information(edits.says("pa-needed", "performpa")),
    ),
    Variant(
        "authorization_is_satisfied",
        "The authorization is said to be satisfied, with its number.",
        bend=edits.information(
            edits.both(
                edits.says("pa-needed", "satisfied"),
                lambda parts: parts.append({"url": "satisfied-pa-id", "valueString": "PA-7001"}),
            )
        ),
    ),
    Variant(
        "documents_of_two_kinds",
        "Clinical and administrative documents are needed.",
        bend=edits.information(lambda parts: parts.append({"url": "doc-needed", "valueCode": "admin"}), FUSION, NEW),
        versions=CRD_NEW,
    ),
    Variant(
        "policy_instead_of_a_form",
        "One service has no questionnaire: its card leads to the policy that names the documents.",
        seed=edits.rule(AIRWAY, questionnaire=None),
    ),
    Variant(
        "forms_only_in_the_package",
        "Coverage discovery names no questionnaire; the package for the order has it.",
        bend=edits.information(edits.without("questionnaire"), ""),
    ),
    Variant(
        "describes_the_order",
        "The order comes back with a narrative and a version.",
        bend=edits.answer(_described),
    ),
    Variant(
        "wants_more_fetched",
        "The payer's Organization is to come with the coverage, and who asks; a call without them is refused.",
        policies=changes.rule("coverage", fetched_in_full=True),
    ),
    Variant(
        "services_without_options",
        "Options cannot be configured.",
        bend=edits.services(lambda service: service["extension"].pop("davinci-crd.configuration-options")),
    ),
    Variant(
        "cards_with_more",
        "Cards carry members that CDS Hooks does not know.",
        bend=edits.cards(lambda card: card.update({"x-internal": 1})),
    ),
)

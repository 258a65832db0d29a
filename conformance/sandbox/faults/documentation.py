"""Faults and lawful variants of documentation (DTR)."""

from __future__ import annotations

from typing import Any

from conformance.sandbox.faults import changes
from conformance.sandbox.faults import coverage_edits as edits
from conformance.sandbox.faults.coverage_edits import FUSION, INFUSION, NEW, OLD
from conformance.sandbox.frame import Answer, Bend, Call, Fault, Resource, Variant
from conformance.sandbox.outcome import refusal

DTR_NEW = ("dtr=2.2.0",)


def _at_documentation(call: Call, answer: Answer) -> bool:
    return call.version.startswith("dtr=") and answer.status == 200


def _silent(statement: Resource) -> None:
    statement["rest"][0]["resource"][0].pop("operation")


def _reversed(bundle: Resource) -> None:
    bundle["entry"].reverse()


def _plain_form(bundle: Resource) -> None:
    """A questionnaire that takes no library."""
    edits.keep_types(bundle, "Questionnaire", "QuestionnaireResponse")
    bundle["entry"][0]["resource"].pop("extension")


def _form_with(**more: Any) -> Any:
    """The second item of each questionnaire changed."""

    def change(bundle: Resource) -> None:
        bundle["entry"][0]["resource"]["item"][1].update(more)

    return change


def _drafted_for_nobody(bundle: Resource) -> None:
    for entry in bundle["entry"]:
        if entry["resource"]["resourceType"] == "QuestionnaireResponse":
            del entry["resource"]["subject"]


def _of_a_stranger(call: Call, _answer: Answer) -> bool:
    """A questionnaire was asked for that does not exist."""
    return b"Questionnaire/nowhere" in call.body


def _unwarned(resource: Resource) -> None:
    """Nothing but packages."""
    resource["parameter"] = [one for one in resource["parameter"] if one["resource"]["resourceType"] == "Bundle"]


FAULTS: tuple[Fault, ...] = (
    Fault(
        "gives_packages_as_html",
        "A request for a questionnaire package is answered with a web page.",
        ("dtr.package-answer",),
        bend=Bend(edits.PACKAGE, changes.to_html, edits.about()),
    ),
    Fault(
        "gives_another_questionnaire",
        "The package holds another questionnaire than coverage discovery names.",
        ("dtr.questionnaire-package",),
        bend=edits.packages(edits.another_questionnaire, code=FUSION),
    ),
    Fault(
        "names_packages_its_own_way",
        "Packages come in a parameter of another name.",
        ("dtr.package-parameters",),
        bend=edits.parameters(edits.renamed("bundle")),
    ),
    Fault(
        "puts_the_questionnaire_last",
        "A package begins with a library.",
        ("dtr.package-content",),
        bend=edits.packages(_reversed),
    ),
    Fault(
        "sends_no_draft",
        "A package holds no draft of the answer.",
        ("dtr.package-content",),
        bend=edits.packages(lambda bundle: edits.keep_types(bundle, "Questionnaire", "Library"), NEW),
        versions=DTR_NEW,
    ),
    Fault(
        "drafts_answers_of_nobody",
        "The draft of an answer does not say whom it is about.",
        ("dtr.package-content",),
        bend=edits.packages(_drafted_for_nobody, NEW),
        versions=DTR_NEW,
    ),
    Fault(
        "asks_twice_under_one_number",
        "Two items of a questionnaire share a linkId.",
        ("dtr.package-answer",),
        bend=edits.packages(_form_with(linkId="1"), code=FUSION),
    ),
    Fault(
        "asks_for_what_nobody_can_answer",
        "An item of a questionnaire is of a type that FHIR does not know.",
        ("dtr.package-answer",),
        bend=edits.packages(_form_with(type="essay"), code=FUSION),
    ),
    Fault(
        "gives_nothing_for_a_drug",
        "For one order there is neither a package nor a word why.",
        ("dtr.none-explained", "dtr.questionnaire-package"),
        bend=edits.parameters(lambda resource: resource.pop("parameter"), NEW, INFUSION),
        versions=DTR_NEW,
    ),
    Fault(
        "leaves_libraries_out",
        "A package lacks the library that its questionnaire names.",
        ("dtr.libraries-included",),
        bend=edits.packages(lambda bundle: edits.keep_types(bundle, "Questionnaire", "QuestionnaireResponse")),
    ),
    Fault(
        "sends_libraries_uncompiled",
        "Libraries carry CQL and no ELM.",
        ("dtr.library-forms",),
        bend=edits.packages(edits.only_cql),
    ),
    Fault(
        "keeps_the_package_operation_secret",
        "The capability statement does not list questionnaire-package.",
        ("dtr.declares-operation",),
        bend=Bend("discovery.metadata", changes.resource(_silent), _at_documentation),
    ),
    Fault(
        "gives_packages_to_anyone",
        "Questionnaire packages are given without a token.",
        ("dtr.no-token-no-data",),
        policies=changes.rule("coverage", open=True),
    ),
    Fault(
        "leaves_a_missing_questionnaire_out",
        "A questionnaire that was asked for by name and does not exist is left out without a word.",
        ("dtr.missing-warned",),
        bend=Bend(edits.PACKAGE, changes.resource(_unwarned), _of_a_stranger),
    ),
)
VARIANTS: tuple[Variant, ...] = (
    Variant(
        "asks_in_groups",
        "Questionnaires ask in groups, with choices.",
        bend=edits.packages(_form_with(type="group", item=[{"linkId": "2.1", "type": "open-choice"}])),
    ),
    Variant(
        "returns_packages",
        "Packages come in the parameter that the operation itself defines.",
        bend=edits.parameters(edits.renamed("return"), OLD),
        versions=("dtr=2.0.1",),
    ),
    Variant(
        "forms_without_libraries",
        "Questionnaires take no library.",
        bend=edits.packages(_plain_form),
    ),
    Variant(
        "refuses_a_missing_questionnaire",
        "Where a questionnaire that was asked for by name does not exist, the request is refused, and says why.",
        bend=Bend(edits.PACKAGE, lambda *_: refusal(404, "not-found", "No such Questionnaire."), _of_a_stranger),
    ),
)

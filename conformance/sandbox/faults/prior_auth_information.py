"""Faults and variants of what is asked for in answers: documents and questionnaires."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from conformance.sandbox.faults import prior_auth_edits as edits
from conformance.sandbox.faults.coverage_edits import PACKAGE
from conformance.sandbox.faults.prior_auth_rules import NEWEST, submit
from conformance.sandbox.frame import Answer, Bend, Call, Fault, Resource, Variant
from conformance.sandbox.outcome import refusal

DOCUMENT, QUESTIONNAIRE = "63650", "64555"  # service codes of the cases, as in fixtures/sandbox/services.toml
LINE, TRACE = f"{edits.PAS}/extension-serviceLineNumber", f"{edits.PAS}/extension-itemTraceNumber"
REQUEST, CONTEXT = ("pas.information-request",), ("pas.questionnaire-trace",)


def _asking(edit: Callable[[Resource], object], *codes: str) -> Bend:
    """Each request for more information changed, in answers about these services."""

    def every(bundle: Resource) -> None:
        for entry in bundle["entry"]:
            if entry["resource"]["resourceType"] == "CommunicationRequest":
                edit(entry["resource"])

    return submit(edits.editing_body(every), edits.asking_for(*(codes or (DOCUMENT, QUESTIONNAIRE))))


def _answering(edit: Callable[[Resource], None]) -> Bend:
    """Each answer changed that asks for a questionnaire."""
    return submit(edits.editing(edit), edits.asking_for(QUESTIONNAIRE))


def _lined(request: Resource) -> Iterator[Resource]:
    """The elements of a request that name an item."""
    for element in (request, *request["payload"]):
        if any(each["url"] == LINE for each in element.get("extension", ())):
            yield element


def _about_another_item(request: Resource) -> None:
    for element in _lined(request):
        element["extension"][0]["valuePositiveInt"] = 9


def _about_no_item(request: Resource) -> None:
    for element in _lined(request):
        element["extension"] = element["extension"][1:]
        if not element["extension"]:
            del element["extension"]


def _in_words(request: Resource) -> None:
    request["payload"][0]["contentString"] = "Please send the records of the last six weeks."


def _by_another_system(request: Resource) -> None:
    request["category"][0]["coding"][0]["system"] = "https://payer.example.org/report-types"


def _untraced(response: Resource) -> None:
    _traced(response)


def _traced(response: Resource) -> list[Resource]:
    """The trace numbers of the items, which are taken out."""
    found: list[Resource] = []
    for item in response["item"]:
        found += [each["valueIdentifier"] for each in item["extension"] if each["url"] == TRACE]
        item["extension"] = [each for each in item["extension"] if each["url"] != TRACE]
    return found


def _traced_by_another(response: Resource) -> None:
    for item in response["item"]:
        for each in item["extension"]:
            if each["url"] == TRACE:
                each["valueIdentifier"]["value"] += "-1"


def _traced_as_a_whole(response: Resource) -> None:
    response["identifier"] = [*response.get("identifier", ()), *_traced(response)]


def _by_context_alone(call: Call, _answer: Answer) -> bool:
    return b'"context"' in call.body and b'"order"' not in call.body


FAULTS: tuple[Fault, ...] = (
    Fault(
        "asks_in_a_draft",
        "The request for a document is a draft.",
        REQUEST,
        bend=_asking(lambda request: request.update(status="draft"), DOCUMENT),
    ),
    Fault(
        "asks_with_codes_of_its_own",
        "What kind of report is wanted is a code of the payer's own.",
        REQUEST,
        bend=_asking(_by_another_system, DOCUMENT),
    ),
    Fault(
        "asks_about_no_item",
        "The request for a document is about an item that the Claim does not have.",
        REQUEST,
        bend=_asking(_about_another_item, DOCUMENT),
    ),
    Fault(
        "asks_in_words",
        "Which document is wanted is said in words.",
        REQUEST,
        bend=_asking(_in_words, DOCUMENT),
        versions=NEWEST,
    ),
    Fault(
        "asks_for_two_things_at_once",
        "One request asks for two documents.",
        REQUEST,
        bend=_asking(lambda request: request["payload"].append({"contentString": "34117-2"}), DOCUMENT),
        versions=NEWEST,
    ),
    Fault(
        "asks_without_a_trace",
        "A questionnaire is wanted, and no trace number says which.",
        CONTEXT,
        bend=_answering(_untraced),
        versions=NEWEST,
    ),
    Fault(
        "asks_with_a_trace_of_nothing",
        "A questionnaire is wanted, and there is none for the trace number.",
        CONTEXT,
        bend=_answering(_traced_by_another),
        versions=NEWEST,
    ),
    Fault(
        "refuses_the_trace",
        "A questionnaire is wanted, and the documentation service refuses the trace number.",
        CONTEXT,
        bend=Bend(PACKAGE, lambda *_: refusal(404, "not-found", "There is no such context."), _by_context_alone),
        versions=NEWEST,
    ),
)
VARIANTS: tuple[Variant, ...] = (
    Variant(
        "asks_about_the_whole_request",
        "Requests for more information name no item.",
        bend=_asking(_about_no_item),
        advises=("pas.must-support-seen",),
    ),
    Variant(
        "asks_by_kind_alone",
        "A request for a document names the kind of report only.",
        bend=_asking(lambda request: request.pop("payload"), DOCUMENT),
        advises=("pas.must-support-seen",),
    ),
    Variant(
        "traces_the_answer_as_a_whole",
        "The trace number that a questionnaire is to be had for is the whole answer's.",
        bend=_answering(_traced_as_a_whole),
    ),
)

"""Faults and lawful variants of Patient Access."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from conformance.sandbox.faults import changes
from conformance.sandbox.frame import Answer, Bend, Call, Fault, Resource, Variant
from conformance.sandbox.outcome import refusal

SEARCH = "patient-access.search"
CONTENT, KEPT = "patient-access.authorization-content", "patient-access.authorization-kept"
OWN = "patient-access.own-data-only"
PDEX = "http://hl7.org/fhir/us/davinci-pdex"
NEW = ("pdex=2.2.0",)
NOT_NAMED = {
    "coding": [{"system": "http://terminology.hl7.org/CodeSystem/data-absent-reason", "code": "not-applicable"}]
}


def _good(call: Call, answer: Answer) -> bool:
    return answer.status == 200 and call.path == "ExplanationOfBenefit"


def each_of(use: str, edit: Callable[[Resource], object]) -> Bend:
    """Every shown ExplanationOfBenefit of a use changed."""

    def change(bundle: Resource) -> None:
        for entry in bundle.get("entry", ()):
            if entry["resource"].get("use") == use:
                edit(entry["resource"])

    return Bend(SEARCH, changes.resource(change), _good)


def _authorizations(edit: Callable[[Resource], object]) -> Bend:
    return each_of("preauthorization", edit)


def _items(edit: Callable[[Resource], object]) -> Bend:
    """Every line of every authorization changed."""

    def change(resource: Resource) -> None:
        for item in resource["item"]:
            edit(item)

    return _authorizations(change)


def _without_extension(name: str) -> Callable[[Resource], None]:
    def change(item: Resource) -> None:
        kept = [each for each in item.get("extension", ()) if not each["url"].endswith(name)]
        item.pop("extension", None)
        if kept:
            item["extension"] = kept

    return change


def _without_reason(item: Resource) -> None:
    item["adjudication"] = item["adjudication"][:1]


def _reason_in_a_note(resource: Resource) -> None:
    for item in resource["item"]:
        reasons = [each["reason"]["text"] for each in item["adjudication"] if "reason" in each]
        item["adjudication"] = item["adjudication"][:1]
        if reasons:
            item["noteNumber"] = [1]
            resource["processNote"] = [{"number": 1, "type": "display", "text": reasons[0]}]


def _reason_as_code(item: Resource) -> None:
    for each in item["adjudication"]:
        if "reason" in each:
            each["reason"] = {
                "coding": [{"system": "https://x12.org/codes/claim-adjustment-reason-codes", "code": "50"}]
            }


def _period_above(resource: Resource) -> None:
    for item in resource["item"]:
        for each in item.get("extension", ()):
            if each["url"].endswith("itemPreAuthPeriod"):
                resource["preAuthRefPeriod"] = [each["valuePeriod"]]
        _without_extension("itemPreAuthPeriod")(item)


def _circumstance(resource: Resource) -> None:
    resource["disposition"] = "Valid until the course of treatment that was asked for is complete."
    for item in resource["item"]:
        _without_extension("itemPreAuthPeriod")(item)


def _date_in_the_adjudication(item: Resource) -> None:
    for each in item.get("extension", ()):
        if each["url"].endswith("itemPreAuthIssueDate"):
            when = {"url": f"{PDEX}/StructureDefinition/base-ext-when-adjudicated", "valueDateTime": each["valueDate"]}
            item["adjudication"][0]["extension"].append(when)
    _without_extension("itemPreAuthIssueDate")(item)


def _under_pas(item: Resource) -> None:
    """The review action under the address that PAS gives it."""
    for adjudication in item["adjudication"]:
        for each in adjudication.get("extension", ()):
            each["url"] = each["url"].replace("davinci-pdex", "davinci-pas")
            for inside in each["extension"]:
                inside["url"] = inside["url"].replace("davinci-pdex", "davinci-pas")


def _shorter(resource: Resource) -> None:
    resource["meta"]["profile"] = [f"{PDEX}/StructureDefinition/pdex-priorauthorization|2.2.0"]


def _leaking(kind: str) -> Callable[[Any], Any]:
    return changes.rule("patient_access", leaks=(kind,))


def _institutional(item: Resource) -> None:
    item["productOrService"] = NOT_NAMED
    item["revenue"] = {"coding": [{"system": "https://www.nubc.org/CodeSystem/RevenueCodes", "code": "0120"}]}
    item["category"] = {"coding": [{"system": "https://x12.org/codes/service-type-codes", "code": "48"}]}


def _renumbered(item: Resource) -> None:
    item["sequence"] += 10


WORDS = {"A1": "Approved.", "A3": "Denied: no trial of physical therapy is on record.", "A4": "Pending."}


def _in_words(resource: Resource) -> None:
    codes = [
        part["valueCodeableConcept"]["coding"][0]["code"]
        for item in resource["item"]
        for part in item["adjudication"][0]["extension"][0]["extension"]
        if part["url"].endswith("reviewActionCode")
    ]
    if set(codes) in ({"A1"}, {"A3"}, {"A4"}):
        resource["disposition"] = WORDS[codes[0]]
        for item in resource["item"]:
            item["adjudication"] = [{"category": item["adjudication"][0]["category"]}]


def _out_of_scope(_call: Call, _answer: Answer) -> Answer:
    headers = {"www-authenticate": 'Bearer error="insufficient_scope"'}
    return Answer(403, b'{"error": "insufficient_scope"}', headers, "application/json")


def _forbidden(_call: Call, _answer: Answer) -> Answer:
    return refusal(403, "forbidden", "This is not for members.")


LEAKS: Mapping[str, str] = {
    "read": "Anybody's Patient can be read with a member's token.",
    "search": "Anybody's claims are found by their patient with a member's token.",
    "both": "A search for the claims of two members finds those of both with one member's token.",
    "chained": "A chained search finds anybody's claims with a member's token.",
    "include": "A search with _include finds anybody's claims with a member's token.",
    "revinclude": "A search with _revinclude brings anybody's claims with a member's token.",
    "everything": "Anybody's whole record can be fetched with a member's token.",
}
FAULTS: tuple[Fault, ...] = (
    Fault(
        "shows_a_denial_without_a_reason",
        "Denied authorizations are shown to the member without a reason.",
        (CONTENT,),
        bend=_items(_without_reason),
    ),
    Fault(
        "shows_approvals_without_an_end",
        "Approvals are shown without an end date.",
        (CONTENT,),
        bend=_items(_without_extension("itemPreAuthPeriod")),
    ),
    Fault(
        "shows_decisions_without_a_date",
        "Decisions are shown without their date.",
        (CONTENT,),
        bend=_items(_without_extension("itemPreAuthIssueDate")),
    ),
    Fault(
        "shows_approvals_of_nothing",
        "Approvals are shown without the service that was approved.",
        (CONTENT,),
        bend=_items(lambda item: item.update(productOrService=NOT_NAMED)),
    ),
    Fault(
        "hides_the_providers_documents",
        "What the provider sent is not shown.",
        (CONTENT,),
        bend=_authorizations(lambda resource: resource.pop("supportingInfo", None)),
    ),
    Fault(
        "shows_new_requests_late",
        "A request is shown four weeks after it was received.",
        ("patient-access.authorization-received",),
        policies=changes.rule("patient_access", shows_after_days=28),
    ),
    Fault(
        "forgets_decisions",
        "What was decided is shown as pended.",
        ("patient-access.authorization-updated", "patient-access.same-story"),
        policies=changes.rule("patient_access", stale=True),
    ),
    Fault(
        "shows_another_decision",
        "Denials are shown as pended, where an inquiry tells them.",
        ("patient-access.same-story", "patient-access.authorization-updated"),
        bend=_items(
            lambda item: (
                item["adjudication"][0]["extension"][0]["extension"][-1]["valueCodeableConcept"]["coding"][0].update(
                    code="A4"
                )
                if "reason" in item["adjudication"][-1]
                else None
            )
        ),
    ),
    Fault(
        "forgets_old_authorizations",
        "Authorizations are shown for three months only.",
        (KEPT,),
        policies=changes.rule("patient_access", keeps_days=60, keeps_active=False),
    ),
    Fault(
        "shows_claims_of_no_profile",
        "Claims do not say that they are of a CARIN type.",
        ("patient-access.claims-readable",),
        bend=each_of("claim", lambda resource: resource["meta"].pop("profile")),
        versions=NEW,
    ),
    Fault(
        "shows_claims_without_a_number",
        "Claims bear no unique claim identifier.",
        ("patient-access.claims-readable",),
        bend=each_of("claim", lambda resource: resource["identifier"][0].pop("type")),
        versions=NEW,
    ),
    Fault(
        "shows_authorizations_of_no_profile",
        "Prior authorizations do not name their profile.",
        ("patient-access.authorization-profile",),
        bend=_authorizations(lambda resource: resource["meta"].pop("profile")),
    ),
    Fault(
        "refuses_claims_to_members",
        "A member's token does not open the member's claims and authorizations.",
        ("patient-access.api",),
        bend=Bend(SEARCH, _forbidden, _good),
    ),
    Fault(
        "answers_members_with_html",
        "A member's search is answered with a web page.",
        ("patient-access.answers-are-fhir",),
        bend=Bend(
            SEARCH, changes.to_html, lambda call, answer: answer.status == 200 and call.path == "ExplanationOfBenefit"
        ),
    ),
    Fault(
        "shows_anyone_a_members_data",
        "A member's data is given without a token.",
        ("patient-access.no-token-no-data",),
        policies=changes.rule("patient_access", open=True),
    ),
    *(Fault(f"leaks_members_by_{kind}", text, (OWN,), policies=_leaking(kind)) for kind, text in LEAKS.items()),
)
VARIANTS: tuple[Variant, ...] = (
    Variant(
        "refuses_other_members_for_want_of_scope",
        "Who asks for another member's data is told that the token does not reach so far.",
        bend=Bend("patient-access.read", _out_of_scope, lambda _call, answer: answer.status == 404),
    ),
    Variant(
        "shows_authorizations_without_meta",
        "Prior authorizations have no meta, which their profile leaves optional.",
        bend=_authorizations(lambda resource: resource.pop("meta")),
    ),
    Variant(
        "shows_institutional_services",
        "Services are named by their revenue code and by what kind they are.",
        bend=_items(_institutional),
    ),
    Variant(
        "shows_decisions_in_words",
        "What was decided of an authorization is its disposition, in words.",
        bend=_authorizations(_in_words),
    ),
    Variant(
        "shows_documents_apart",
        "What the provider sent is shown as DocumentReferences that refer to their authorization.",
        policies=changes.rule("patient_access", documents_apart=True),
    ),
    Variant("numbers_lines_otherwise", "Lines bear numbers of the member's own data.", bend=_items(_renumbered)),
    Variant(
        "searches_no_coverage_by_patient",
        "Coverage is not searched by its patient, which the guide for claims does not ask for.",
        bend=Bend(SEARCH, _forbidden, lambda call, answer: answer.status == 200 and call.path == "Coverage"),
    ),
    Variant("shows_the_reason_in_a_note", "The reason of a denial is a note.", bend=_authorizations(_reason_in_a_note)),
    Variant("shows_the_reason_as_a_code", "The reason of a denial is a code alone.", bend=_items(_reason_as_code)),
    Variant("shows_the_period_above", "The period stands at the authorization.", bend=_authorizations(_period_above)),
    Variant("shows_a_circumstance", "Approvals end with a circumstance.", bend=_authorizations(_circumstance)),
    Variant(
        "dates_the_adjudication",
        "The date of a decision stands at its adjudication.",
        bend=_items(_date_in_the_adjudication),
    ),
    Variant("shows_pas_review_actions", "Decisions stand under the address of PAS.", bend=_items(_under_pas)),
    Variant("pins_the_profile", "The profile is named with its version.", bend=_authorizations(_shorter)),
    Variant(
        "keeps_authorizations_for_ever",
        "Authorizations are shown for ten years.",
        policies=changes.rule("patient_access", keeps_days=3650),
    ),
)

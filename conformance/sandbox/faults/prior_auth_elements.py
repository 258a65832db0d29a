"""Faults and variants of what answers hold: elements that never come, or come elsewhere."""

from __future__ import annotations

from conformance.sandbox.faults import prior_auth_edits as edits
from conformance.sandbox.faults.prior_auth_rules import NEWEST, inquire, rule, submit
from conformance.sandbox.frame import Fault, Resource, Variant

PAS = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition"
NPI = "http://hl7.org/fhir/sid/us-npi"
EXTENSIONS = ("pas.extension-values",)
LATER_TOLD = (
    "extension-itemPreAuthIssueDate",
    "extension-itemRequestedServiceDate",
    "extension-itemAuthorizedProvider",
)


def _tell_less(response: Resource) -> None:
    """Leaves out of items what an inquiry still tells."""
    later = {f"{PAS}/{name}" for name in LATER_TOLD}
    for item in (*response.get("item", ()), *response.get("addItem", ())):
        kept = [one for one in item.pop("extension", ()) if one["url"] not in later]
        item.update({"extension": kept} if kept else {})


def _lines(response: Resource) -> tuple[Resource, ...]:
    return (*response.get("item", ()), *response.get("addItem", ()))


def _told(response: Resource, name: str) -> list[Resource]:
    """The extensions of the lines that have this name."""
    return [one for line in _lines(response) for one in line.get("extension", ()) if one["url"] == f"{PAS}/{name}"]


def _issue_with_a_time(response: Resource) -> None:
    for one in _told(response, "extension-itemPreAuthIssueDate"):
        one["valueDateTime"] = one.pop("valueDate")


def _issue_twice(response: Resource) -> None:
    for line in _lines(response):
        line.get("extension", []).extend(_told({"item": [line]}, "extension-itemPreAuthIssueDate"))


def _hide_the_reviewer(response: Resource) -> None:
    for one in response.get("extension", ()):
        if one["url"] == f"{PAS}/extension-claimResponseReviewer":
            one["extension"] = [{"url": "reviewerNPI", "valueIdentifier": {"system": NPI, "value": "1225183941"}}]


def _drop_systems(response: Resource) -> None:
    for one in response.get("identifier", ()):
        one.pop("system", None)


def _drop_traced_values(response: Resource) -> None:
    for one in _told(response, "extension-itemTraceNumber"):
        one["valueIdentifier"].pop("value", None)


def _leave_units_out(response: Resource) -> None:
    for line in response.get("addItem", ()):
        for name in ("unit", "code"):
            line.get("quantity", {}).pop(name, None)


def _code_in_ucum(response: Resource) -> None:
    for line in response.get("addItem", ()):
        line.get("quantity", {}).update(system="http://unitsofmeasure.org", code="d")


def _tell_twice(body: Resource) -> None:
    for bundle in edits.bundles(body):
        bundle["entry"].append(bundle["entry"][0])


def _shorten_the_url(body: Resource) -> None:
    for bundle in edits.bundles(body):
        for entry in bundle["entry"]:
            if entry["resource"]["resourceType"] == "ClaimResponse":
                entry["fullUrl"] = f"ClaimResponse/{entry['resource']['id']}"


def _call_it_response(body: Resource) -> None:
    for parameter in body.get("parameter", ()):
        parameter["name"] = "response"


def _name_another_request(response: Resource) -> None:
    if "identifier" in response.get("request", {}):
        response["request"]["identifier"]["value"] = "another-request"


def _refer_to_another(response: Resource) -> None:
    response["request"] = {"reference": f"{response['request']['reference']}-before"}


def _end_when_used_up(response: Resource) -> None:
    for line in response.get("item", ()):
        if _told({"item": [line]}, "extension-itemAuthorizedDetail"):
            for one in _told({"item": [line]}, "extension-itemPreAuthPeriod"):
                one["valuePeriod"].pop("end")


def _name_its_own(response: Resource) -> None:
    response["request"] = {
        "reference": "https://payer.example.org/fhir/Claim/77/_history/2",
        "identifier": {"system": "https://payer.example.org/requests", "value": "77"},
    }


def _claim_responses_last(body: Resource) -> None:
    for bundle in edits.bundles(body):
        edits.claim_response_last(bundle)


FAULTS: tuple[Fault, ...] = (
    Fault(
        "issues_at_a_time",
        "The day of issue comes as a date and time, for which its extension has no place.",
        EXTENSIONS,
        bend=submit(edits.editing(_issue_with_a_time)),
    ),
    Fault(
        "inquiry_issues_twice",
        "An inquiry's items have two days of issue.",
        EXTENSIONS,
        bend=inquire(edits.editing(_issue_twice)),
    ),
    Fault(
        "hides_whether_a_person_reviewed",
        "The reviewer is named, but not whether it was a person.",
        EXTENSIONS,
        bend=submit(edits.editing(_hide_the_reviewer)),
        versions=NEWEST,
    ),
    Fault(
        "names_no_system_of_its_identifiers",
        "The answer's identifiers are bare values.",
        ("pas.identifier-content",),
        bend=submit(edits.editing(_drop_systems), edits.of_version("pas=2.2.1")),
        versions=NEWEST,
    ),
    Fault(
        "inquiry_traces_nothing",
        "The trace numbers of an inquiry's items have a system alone.",
        ("pas.identifier-content",),
        bend=inquire(edits.editing(_drop_traced_values), edits.of_version("pas=2.2.1")),
        versions=NEWEST,
    ),
    Fault(
        "inquiry_leaves_units_out",
        "The authorized quantity is a bare number where it is inquired about.",
        ("pas.quantity-unit",),
        bend=inquire(edits.editing(_leave_units_out)),
        versions=NEWEST,
    ),
    Fault(
        "inquiry_codes_units_in_ucum",
        "The authorized quantity is in UCUM where it is inquired about.",
        ("pas.quantity-code",),
        bend=inquire(edits.editing(_code_in_ucum)),
        versions=NEWEST,
    ),
    Fault(
        "inquiry_inverts_the_period",
        "Authorization periods start after their end where they are inquired about.",
        ("prior-auth.periods-in-order", "prior-auth.answers-are-fhir"),
        bend=inquire(edits.editing(edits.invert_periods)),
    ),
    Fault(
        "inquiry_tells_twice",
        "An inquiry's Bundle holds the same ClaimResponse twice.",
        ("pas.instances-once",),
        bend=inquire(edits.editing_body(_tell_twice)),
    ),
    Fault(
        "inquiry_puts_the_claim_response_last",
        "The Bundles of an inquiry begin with another resource.",
        ("pas.response-bundle",),
        bend=inquire(edits.editing_body(_claim_responses_last)),
        versions=NEWEST,
    ),
    Fault(
        "inquiry_shortens_the_url",
        "An inquiry's ClaimResponse stands under a relative fullUrl.",
        ("pas.response-bundle",),
        bend=inquire(edits.editing_body(_shorten_the_url)),
    ),
    Fault(
        "inquiry_invents_a_parameter",
        "An inquiry's Bundles come in a parameter that the guide does not know.",
        ("pas.inquiry-response-form",),
        bend=inquire(edits.editing_body(_call_it_response)),
        versions=NEWEST,
    ),
    Fault(
        "names_another_request",
        "The answer carries, in the sender's own system, the number of another request.",
        ("pas.request-reference",),
        bend=submit(edits.editing(_name_another_request), edits.of_version("pas=2.2.1")),
        versions=NEWEST,
    ),
    Fault(
        "refers_to_another_request",
        "What the answer refers to is another Claim of the sender's.",
        ("pas.request-reference",),
        bend=submit(edits.editing(_refer_to_another), edits.of_version("pas=2.2.1")),
        versions=NEWEST,
    ),
    Fault(
        "never_says_what_to_do",
        "No error ever comes with the follow-up action that its profile marks must support.",
        ("pas.must-support-seen",),
        policies=rule(says_what_to_do=False),
    ),
)
VARIANTS: tuple[Variant, ...] = (
    Variant(
        "approves_until_used_up",
        "An approval has a start and an amount, and no other end than that the amount is used up.",
        bend=submit(edits.editing(_end_when_used_up)),
    ),
    Variant(
        "names_the_request_by_its_own_number",
        "The answer names the request as the payer keeps it: under its own address and number, in a later version.",
        bend=submit(edits.editing(_name_its_own), edits.of_version("pas=2.2.1")),
        versions=NEWEST,
    ),
    Variant(
        "submissions_tell_less",
        "Issue dates, service dates and authorized providers are told by inquiries alone.",
        bend=submit(edits.editing(_tell_less)),
    ),
    Variant(
        "names_no_request",
        "The answer to a submission does not name the request, which 2.0.1 leaves open.",
        bend=submit(edits.editing(lambda response: response.pop("request", None)), edits.of_version("pas=2.0.1")),
        versions=("pas=2.0.1",),
    ),
)

"""Faults and variants of what answers hold: elements that never come, or come elsewhere."""

from __future__ import annotations

from conformance.sandbox.faults import prior_auth_edits as edits
from conformance.sandbox.faults.prior_auth_rules import rule, submit
from conformance.sandbox.frame import Fault, Resource, Variant

PAS = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition"
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


FAULTS: tuple[Fault, ...] = (
    Fault(
        "never_says_what_to_do",
        "No error ever comes with the follow-up action that its profile marks must support.",
        ("pas.must-support-seen",),
        policies=rule(says_what_to_do=False),
    ),
)
VARIANTS: tuple[Variant, ...] = (
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

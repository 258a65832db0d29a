"""Further faults of the exchange of members: a wrong number, one member as two, claims held back or priced."""

from __future__ import annotations

import copy

from conformance.sandbox.faults import bulk_edits, changes
from conformance.sandbox.frame import Answer, Bend, Call, Fault, Resource, Variant

MATCH, FILE = "payer-to-payer.member-match", "bulk.file"
SECOND = "second"
REFERRING = ("hrex=1.1.0", "hrex=1.2.0", "pdex=2.1.0", "pdex=2.2.0")  # where a match refers to the Patient as well


def _with_another_number(parameters: Resource) -> None:
    for each in parameters["parameter"]:
        if each["name"] == "MemberIdentifier":
            each["valueIdentifier"]["value"] = "MBR-1002"


def _refers_to_the_member(call: Call, answer: Answer) -> bool:
    return answer.status == 200 and call.version in REFERRING


def _as_two(group: Resource) -> None:
    """A Group of the matched in which the first of them is another member of the payer's as well."""
    if group["code"]["coding"][0]["code"] == "match" and group.get("member"):
        other = copy.deepcopy(group["member"][0])
        other["entity"]["reference"] = f"Patient/{SECOND}"
        group["member"].append(other)


def _priced(found: list[Resource]) -> list[Resource]:
    """Claims with what was paid where no profile has it: in an extension, and as supporting information."""
    paid = {"url": "https://payer.example.org/fhir/paid", "valueMoney": {"value": 184.2}}
    quantity = {"value": 184.2, "unit": "USD", "system": "urn:iso:std:iso:4217", "code": "USD"}
    told = {"sequence": 90, "category": {"text": "paid"}, "valueQuantity": quantity}
    return [
        {**each, "extension": [paid], "supportingInfo": [*each.get("supportingInfo", []), told]}
        if each.get("use") == "claim"
        else each
        for each in found
    ]


FAULTS: tuple[Fault, ...] = (
    Fault(
        "answers_another_members_number",
        "A match is answered with the member number of another member.",
        ("payer-to-payer.right-member",),
        bend=Bend(MATCH, changes.resource(_with_another_number), _refers_to_the_member),
        versions=REFERRING,
    ),
    Fault(
        "takes_one_member_for_two",
        "A Group of matched members holds another member for the one that was submitted.",
        ("pdex.match-buckets", "pdex.provider-match"),
        bend=Bend(FILE, bulk_edits.lines(bulk_edits.groups(_as_two)), changes.succeeded),
    ),
    Fault(
        "gives_authorizations_for_claims",
        "Of a member's ExplanationOfBenefits only the authorizations are given.",
        ("payer-to-payer.matched-data", "payer-to-payer.five-years", "provider-access.data"),
        policies=changes.rule("exchange", withholds=("claim",)),
    ),
    Fault(
        "prices_claims_elsewhere",
        "The first member's claims say what was paid in an extension and as supporting information.",
        ("pdex.no-amounts", "pdex.provider-amounts"),
        seed=bulk_edits.of_first(_priced),
    ),
)
VARIANTS: tuple[Variant, ...] = ()

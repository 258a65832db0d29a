"""Further faults of the exchange of members: a wrong number, one member as two, claims held back."""

from __future__ import annotations

import copy

from conformance.sandbox.faults import bulk_edits, changes
from conformance.sandbox.faults import exchange_edits as edits
from conformance.sandbox.frame import Answer, Bend, Call, Fault, Resource, Variant
from conformance.sandbox.outcome import refusal

MATCH, EVERYTHING, FILE = "payer-to-payer.member-match", "payer-to-payer.everything", "bulk.file"
SECOND = "second"
PAST = "prior-authorization-past-first"
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


def _at_pdex_2_2(call: Call, answer: Answer) -> bool:
    """Holds for what is given in PDex 2.2.0."""
    return answer.status == 200 and call.version == "pdex=2.2.0"


def _before_pdex_2_2(call: Call, answer: Answer) -> bool:
    """Holds for what is given where nobody demands claims among all of a member's data."""
    return answer.status == 200 and call.version != "pdex=2.2.0"


def _without_claims(bundle: Resource) -> None:
    """The data with the authorizations as the only ExplanationOfBenefits."""
    bundle["entry"] = [each for each in bundle["entry"] if each["resource"].get("use") != "claim"]
    bundle["total"] = len(bundle["entry"])


def _with_payments(bundle: Resource) -> None:
    """The data with what was paid for each claim."""
    for each in bundle["entry"]:
        if each["resource"].get("use") == "claim":
            each["resource"]["payment"] = {"amount": {"value": 184.2, "currency": "USD"}}


def _telling_of_no_claims(bundle: Resource) -> None:
    """The same, with an outcome that says so."""
    _without_claims(bundle)
    said = refusal(200, "suppressed", "Claims are given in bulk alone.").resource()
    said["issue"][0]["severity"] = "information"
    bundle["entry"].append({"resource": said, "search": {"mode": "outcome"}})


NEIGHBOURS: Resource = {
    "resourceType": "Condition",
    "id": "of-a-neighbour",
    "category": [{"text": "Problem"}],
    "subject": {"reference": f"Patient/{SECOND}"},
    "code": {"text": "Hypertension"},
}


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
        "sees_no_periods_of_items",
        "An authorization that ended long ago, by the period of its item alone, is exported.",
        ("pdex.past-authorizations",),
        seed=bulk_edits.of_first(
            lambda found: [
                {key: value for key, value in each.items() if key != "preAuthRefPeriod" or each["id"] != PAST}
                for each in found
            ]
        ),
    ),
    Fault(
        "matches_without_a_consent",
        "A match is answered though no consent came with it.",
        ("payer-to-payer.consent-required",),
        policies=changes.rule("exchange", consent_wanted=False),
        versions=("hrex=1.0.0",),
    ),
    Fault(
        "gives_members_without_a_match",
        "Whoever has a token gets the data of any member.",
        ("payer-to-payer.own-matches", "payer-to-payer.unmatched-members"),
        policies=changes.rule("exchange", gives_unmatched=True),
    ),
    Fault(
        "shares_matches_among_clients",
        "Whom one client matched is given to every client.",
        ("payer-to-payer.own-matches",),
        policies=changes.rule("exchange", matches_shared=True),
    ),
    Fault(
        "gives_authorizations_for_claims",
        "Of a member's ExplanationOfBenefits only the authorizations are given.",
        (
            "payer-to-payer.matched-data",
            "payer-to-payer.five-years",
            "pdex.everything-claims",
            "provider-access.data",
        ),
        policies=changes.rule("exchange", withholds=("claim",)),
    ),
    Fault(
        "adds_a_neighbour_to_everything",
        "All of a member's data at once hold a condition of another member; in bulk they do not.",
        ("payer-to-payer.only-the-matched-member", "pdex.everything-members"),
        bend=Bend(EVERYTHING, edits.with_records(NEIGHBOURS), changes.succeeded),
    ),
    Fault(
        "adds_amounts_to_everything",
        "All of a member's data at once say what was paid; in bulk they do not.",
        ("pdex.everything-amounts",),
        bend=Bend(EVERYTHING, changes.resource(_with_payments), edits.at_pdex),
        versions=edits.NEWER,
    ),
    Fault(
        "drops_claims_from_everything",
        "All of a member's data at once hold no claims, and nothing says so.",
        ("pdex.everything-claims",),
        bend=Bend(EVERYTHING, changes.resource(_without_claims), _at_pdex_2_2),
        versions=("pdex=2.2.0",),
    ),
)
VARIANTS: tuple[Variant, ...] = (
    Variant(
        "knows_nobody_unmatched",
        "A member who was not matched is not found.",
        bend=Bend("payer-to-payer.search", changes.to_not_found, lambda _call, answer: answer.status == 403),
    ),
    Variant(
        "tells_that_claims_come_in_bulk",
        "All of a member's data at once hold no claims, and say so.",
        bend=Bend(EVERYTHING, changes.resource(_telling_of_no_claims), _at_pdex_2_2),
        versions=("pdex=2.2.0",),
    ),
    Variant(
        "gives_only_authorizations_at_once",
        "All of a member's data at once hold authorizations and no claims, which are searched, as PDex 2.0.0 has it.",
        bend=Bend(EVERYTHING, changes.resource(_without_claims), _before_pdex_2_2),
    ),
)

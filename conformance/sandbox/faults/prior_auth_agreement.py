"""Faults and variants of inquiries: that they are answered, and which number and days of an approval they tell."""

from __future__ import annotations

from datetime import date, timedelta

from conformance.sandbox.faults import prior_auth_edits as edits
from conformance.sandbox.faults.prior_auth_rules import inquire
from conformance.sandbox.frame import Answer, Call, Fault, Resource, Variant
from conformance.sandbox.outcome import refusal

AGREES = ("pas.authorization-agrees",)
NO_OPERATION = refusal(400, "not-supported", "This server does not know how to handle POST Claim/$inquire.")
NOT_FOUND = refusal(404, "not-found", "Nothing is on file that matches.")


def _found_nothing(call: Call, answer: Answer) -> bool:
    return edits.served(call, answer) and not any(edits.responses(answer.resource()))


def _other_numbers(response: Resource) -> None:
    for part in _numbers(response):
        part["valueString"] = f"9{part['valueString']}"


def _numbers_with_dashes(response: Resource) -> None:
    for part in _numbers(response):
        part["valueString"] = "-".join(part["valueString"].lower())


def _numbers(response: Resource) -> list[Resource]:
    return [part for action in edits.actions(response) for part in action["extension"] if part["url"] == "number"]


def _other_ends(response: Resource) -> None:
    for period in _periods(response):
        period["end"] = (date.fromisoformat(period["end"]) - timedelta(days=7)).isoformat()


def _other_ends_by_a_day(response: Resource) -> None:
    for period in _periods(response):
        period["end"] = (date.fromisoformat(period["end"]) + timedelta(days=1)).isoformat()


def _other_days_of_issue(response: Resource) -> None:
    items = (*response.get("item", ()), *response.get("addItem", ()))
    for one in (one for item in items for one in item.get("extension", ()) if one["url"] == edits.ISSUED):
        one["valueDate"] = (date.fromisoformat(one["valueDate"]) - timedelta(days=1)).isoformat()


def _ends_at_night(response: Resource) -> None:
    for period in _periods(response):
        period["end"] += "T23:59:59-05:00"


def _periods(response: Resource) -> list[Resource]:
    items = (*response.get("item", ()), *response.get("addItem", ()))
    return [one["valuePeriod"] for item in items for one in item.get("extension", ()) if one["url"] == edits.PERIOD]


FAULTS = (
    Fault(
        "does_not_know_inquire",
        "There is no $inquire: inquiries are answered 400, as HAPI does, and not supported.",
        ("pas.inquiry-finds", "pas.must-support-seen"),
        bend=inquire(edits.answering(NO_OPERATION)),
    ),
    Fault(
        "inquiry_tells_another_number",
        "An inquiry gives an approval another number than the submission was answered with.",
        AGREES,
        bend=inquire(edits.editing(_other_numbers), edits.about_a_case),
    ),
    Fault(
        "inquiry_tells_another_end",
        "By an inquiry an approval ends a week earlier than the submission was told.",
        AGREES,
        bend=inquire(edits.editing(_other_ends), edits.about_a_case),
    ),
    Fault(
        "inquiry_tells_an_end_a_day_later",
        "By an inquiry an approval ends a day later than the submission was told.",
        AGREES,
        bend=inquire(edits.editing(_other_ends_by_a_day), edits.about_a_case),
    ),
    Fault(
        "inquiry_tells_another_day_of_issue",
        "By an inquiry an approval was issued the day before the submission was told.",
        AGREES,
        bend=inquire(edits.editing(_other_days_of_issue), edits.about_a_case),
    ),
)

VARIANTS = (
    Variant(
        "finds_nothing_with_404",
        "An inquiry that finds nothing is answered 404 with an OperationOutcome.",
        bend=inquire(edits.answering(NOT_FOUND), _found_nothing),
    ),
    Variant(
        "inquiry_writes_numbers_with_dashes",
        "An inquiry writes authorization numbers in small letters and with dashes.",
        bend=inquire(edits.editing(_numbers_with_dashes), edits.about_a_case),
    ),
    Variant(
        "inquiry_tells_the_hour_of_the_end",
        "An inquiry tells until which hour of its last day an authorization holds.",
        bend=inquire(edits.editing(_ends_at_night), edits.about_a_case),
    ),
)

"""Faults and variants of denial reasons: what they are worth, and whether they are told alike everywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from conformance.sandbox.faults import prior_auth_edits as edits
from conformance.sandbox.faults.prior_auth_rules import NO_CODE, inquire
from conformance.sandbox.frame import Fault, Resource, Seed, Variant

REASONS = "https://codesystem.x12.org/external/886"
ADJUSTMENTS = "https://x12.org/codes/claim-adjustment-reason-codes"
DETAIL = ("prior-auth.denial-reason-detail",)


def _denied_for(**reason: str) -> Callable[[Seed], Seed]:
    """Denies what is denied, now and on file, for another reason."""

    def change(seed: Seed) -> Seed:
        def told(one: Any) -> Any:
            return {**one, "reason": reason} if one["decision"] == "denied" else one

        records = {
            key: {**record, "items": [told(item) for item in record["items"]]}
            for key, record in seed.authorizations.items()
        }
        return replace(seed, authorizations=records, services={code: told(one) for code, one in seed.services.items()})

    return change


def _codings(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, list):
        for each in node:
            yield from _codings(each)
    elif isinstance(node, dict):
        if node.get("system") == REASONS:
            yield node
        for each in node.values():
            yield from _codings(each)


def _coded_as(system: str, code: str) -> Callable[[Resource], None]:
    def change(response: Resource) -> None:
        for coding in _codings(response):
            coding.update(system=system, code=code)

    return change


VARIANTS: tuple[Variant, ...] = (
    Variant(
        "reason_is_a_code_alone",
        "Denials state a code that says no more than that it was not necessary, without a word.",
        seed=_denied_for(code="0F"),
        advises=DETAIL,
    ),
    Variant(
        "denies_because_nothing_came",
        "Denials say that the information asked for never came (X12 0P).",
        seed=_denied_for(code="0P"),
    ),
    Variant(
        "denies_for_a_late_notification",
        "Denials say in words alone that a notification came too late.",
        seed=_denied_for(text="Notification was not received within 24 hours of admission."),
        advises=NO_CODE,
    ),
    Variant(
        "inquiry_codes_the_adjustment",
        "An inquiry gives the reason in another list of codes.",
        bend=inquire(edits.editing(_coded_as(ADJUSTMENTS, "50")), edits.about_a_submission),
        advises=NO_CODE,
    ),
)
FAULTS: tuple[Fault, ...] = (
    Fault(
        "denies_as_not_necessary",
        "Denials say that the service is not medically necessary, and nothing more.",
        DETAIL,
        seed=_denied_for(code="0F", text="Not medically necessary."),
    ),
    Fault(
        "denies_as_criteria_not_met",
        "Denials say that criteria are not met, and not which.",
        DETAIL,
        seed=_denied_for(code="0F", text="The request does not meet our medical criteria. Please see the letter."),
    ),
    Fault(
        "denies_with_a_code_of_pends",
        "Denials carry a code that says that a review is still to come.",
        DETAIL,
        seed=_denied_for(code="0V", text="The operative note of the first surgery is to be looked at."),
    ),
    Fault(
        "denies_what_needs_no_certification",
        "Denials carry a code that says that nothing needed to be certified.",
        DETAIL,
        seed=_denied_for(code="0H", text="Certification of this imaging is not required."),
    ),
    Fault(
        "tells_another_reason",
        "An inquiry gives another reason for a denial than the submission was answered with.",
        ("pas.reasons-agree", "pas.notification-agrees"),
        bend=inquire(edits.editing(_coded_as(REASONS, "12")), edits.about_a_submission),
    ),
)

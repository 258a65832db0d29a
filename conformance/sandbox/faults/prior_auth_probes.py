"""Faults of the prior-authorization API in what makes no sense there: strangers, ended coverages, repeats."""

from __future__ import annotations

from dataclasses import replace

from conformance.sandbox.faults import prior_auth_edits as edits
from conformance.sandbox.faults.prior_auth_rules import rule, submit
from conformance.sandbox.frame import Bend, Fault, Resource, Seed, Variant

NO_CODE = "ZZZZZ"  # as in fixtures/sandbox/services.toml


def _approving_no_code(seed: Seed) -> Seed:
    return replace(seed, services={**seed.services, NO_CODE: {"decision": "approved"}})


def _denying_no_code(seed: Seed) -> Seed:
    reason = {"code": "0M", "text": "No such service is a benefit of this plan."}
    return replace(seed, services={**seed.services, NO_CODE: {"decision": "denied", "reason": reason}})


def _errors_under(system: str) -> Bend:
    """Business errors whose codes are said to be of another system."""

    def change(response: Resource) -> None:
        for error in response.get("error", ()):
            error["code"]["coding"][0]["system"] = system

    return submit(edits.editing(change))


FAULTS: tuple[Fault, ...] = (
    Fault(
        "approves_for_strangers",
        "A request about somebody who is not on file is approved.",
        ("pas.unknown-member",),
        policies=rule(checks_members=False),
    ),
    Fault(
        "approves_under_ended_coverage",
        "A request under a coverage that has ended is approved.",
        ("pas.ended-coverage",),
        policies=rule(checks_coverage=False),
    ),
    Fault(
        "approves_for_other_payers",
        "A request that is addressed to another payer is approved.",
        ("pas.wrong-payer",),
        policies=rule(checks_insurer=False),
    ),
    Fault(
        "approves_codes_that_do_not_exist",
        "A code that does not exist is approved.",
        ("pas.unknown-service",),
        seed=_approving_no_code,
    ),
    Fault(
        "authorizes_repeats_anew",
        "A request that is sent again leads to a second authorization.",
        ("pas.repeated-request",),
        policies=rule(repeats="anew"),
    ),
    Fault(
        "codes_errors_of_its_own",
        "Business errors carry codes of the payer's own.",
        ("pas.error-code",),
        bend=_errors_under("https://payer.example.org/errors"),
    ),
)
VARIANTS: tuple[Variant, ...] = (
    Variant(
        "codes_errors_by_another_address",
        "Business errors name X12's table by another address of X12's.",
        bend=_errors_under("https://codesystem.x12.org/external/901"),
    ),
    Variant("denies_codes_that_do_not_exist", "A code that does not exist is denied.", seed=_denying_no_code),
)

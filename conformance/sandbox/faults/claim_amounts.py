"""Faults by which claims tell amounts where no profile has them, and lawful claims that only look as if they did."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.sandbox import people
from conformance.sandbox.faults.bulk_edits import FIRST, of_first
from conformance.sandbox.frame import Fault, Resource, Seed, Variant

NO_AMOUNTS = ("pdex.everything-amounts", "pdex.no-amounts", "pdex.provider-amounts")
CARIN = "http://hl7.org/fhir/us/carin-bb/CodeSystem"
HL7 = "http://terminology.hl7.org/CodeSystem"


def _claims(change: Callable[[Resource], Resource]) -> Callable[[Seed], Seed]:
    """The first member's claims with further elements."""
    return of_first(lambda found: [{**each, **change(each)} if each.get("use") == "claim" else each for each in found])


def _judged(*more: Resource) -> Callable[[Resource], Resource]:
    """The items of a claim with further adjudications."""
    return lambda claim: {
        "item": [{**item, "adjudication": [*item.get("adjudication", []), *more]} for item in claim["item"]]
    }


def _informed(**value: Any) -> Callable[[Resource], Resource]:
    """A claim with further supporting information."""
    told = {"sequence": 90, "category": {"text": "paid"}, **value}
    return lambda claim: {"supportingInfo": [*claim.get("supportingInfo", []), told]}


def _category(system: str, code: str) -> Resource:
    return {"coding": [{"system": system, "code": code}]}


def _balance(**values: Any) -> Resource:
    spent = {"type": {"text": "visits"}, **values}
    return {"benefitBalance": [{"category": {"text": "Physical therapy"}, "financial": [spent]}]}


def _containing_coverage(_claim: Resource) -> Resource:
    copay = {"type": {"text": "a visit"}, "valueMoney": {"value": 20, "currency": "USD"}}
    coverage = {
        "resourceType": "Coverage",
        "id": "plan",
        "status": "active",
        "beneficiary": {"reference": f"Patient/{FIRST}"},
        "payor": [{"reference": "Organization/model-payer"}],
        "costToBeneficiary": [copay],
    }
    return {"contained": [coverage], "insurance": [{"focal": True, "coverage": {"reference": "#plan"}}]}


def _with_a_remittance(found: list[Resource]) -> list[Resource]:
    answer = {
        "resourceType": "ClaimResponse",
        "id": "remittance-first",
        "meta": {"lastUpdated": people.UPDATED},
        "status": "active",
        "type": _category(f"{HL7}/claim-type", "professional"),
        "use": "claim",
        "patient": {"reference": f"Patient/{FIRST}"},
        "created": "2026-10-01",
        "insurer": {"reference": "Organization/model-payer"},
        "outcome": "complete",
        "payment": {"type": {"text": "complete"}, "amount": {"value": 184.2}},
    }
    return [*found, answer]


def _asking_for_sums(found: list[Resource]) -> list[Resource]:
    total = {"category": _category(f"{HL7}/adjudication", "submitted"), "amount": {"value": 900, "currency": "USD"}}
    return [{**each, "total": [total]} if each.get("use") == "preauthorization" else each for each in found]


FAULTS: tuple[Fault, ...] = (
    Fault(
        "prices_claims_in_extensions",
        "The first member's claims say what was paid in an extension.",
        NO_AMOUNTS,
        seed=_claims(
            lambda _: {"extension": [{"url": "https://payer.example.org/fhir/paid", "valueMoney": {"value": 184.2}}]}
        ),
    ),
    Fault(
        "prices_claims_elsewhere",
        "The first member's claims say what was paid as supporting information, in a currency.",
        NO_AMOUNTS,
        seed=_claims(_informed(valueQuantity={"value": 184.2, "system": "urn:iso:std:iso:4217", "code": "EUR"})),
    ),
    Fault(
        "measures_payments_in_dollars",
        "The first member's claims say what was paid as a quantity of dollars.",
        NO_AMOUNTS,
        seed=_claims(_informed(valueQuantity={"value": 184.2, "unit": "USD"})),
    ),
    Fault(
        "gives_sums_as_plain_values",
        "The first member's claims say what was paid as the plain value of an adjudication.",
        NO_AMOUNTS,
        seed=_claims(_judged({"category": _category(f"{CARIN}/C4BBAdjudication", "paidtoprovider"), "value": 184.2})),
    ),
    Fault(
        "tells_what_is_left_of_a_benefit",
        "The first member's claims say how much money of a benefit is used.",
        NO_AMOUNTS,
        seed=_claims(lambda _: _balance(usedMoney={"value": 184.2})),
    ),
    Fault(
        "tells_how_a_payment_was_corrected",
        "The first member's claims say by how much a payment was corrected.",
        NO_AMOUNTS,
        seed=_claims(lambda _: {"payment": {"adjustment": {"value": -12.5}}}),
    ),
    Fault(
        "sends_remittances",
        "The first member's data hold the answer to a claim with its payment.",
        NO_AMOUNTS,
        seed=of_first(_with_a_remittance),
    ),
)
VARIANTS: tuple[Variant, ...] = (
    Variant(
        "counts_units_and_visits",
        "Claims count units and visits, and name a share in per cent.",
        seed=_claims(
            lambda claim: {
                **_judged(
                    {"category": _category(f"{CARIN}/C4BBAdjudicationDiscriminator", "allowedunits"), "value": 3},
                    {"category": _category(f"{CARIN}/C4BBAdjudication", "coinsurance"), "value": 20},
                )(claim),
                **_balance(allowedUnsignedInt=20, usedUnsignedInt=3),
            }
        ),
    ),
    Variant(
        "claims_contain_their_coverage",
        "Claims contain the Coverage, which says what its plan lets members pay for a visit.",
        seed=_claims(_containing_coverage),
    ),
    Variant(
        "notes_speak_of_sums",
        "A note of a claim speaks of what the plan pays in general.",
        seed=_claims(lambda _: {"processNote": [{"text": "The plan pays once the deductible of $500 is met."}]}),
    ),
    Variant(
        "authorizations_say_what_was_asked",
        "Authorizations say what was asked for.",
        seed=of_first(_asking_for_sums),
    ),
)

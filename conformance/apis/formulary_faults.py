"""What a formulary's resources lack of what the guide's profiles demand; one short sentence per fault."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from conformance import clock
from conformance.apis.formulary import FORMULARY_ITEM, Cost, Drug, Formulary, Item, Plan, is_number
from conformance.apis.formulary_profiles import COST_KINDS
from conformance.apis.shapes import REASON, Coding

ITEM_SYSTEM, ITEM_CODE = FORMULARY_ITEM.system, FORMULARY_ITEM.code

COST_OPTIONS = "http://hl7.org/fhir/us/davinci-drug-formulary/CodeSystem/usdf-CostShareOptionCS-TEMPORARY-TRIAL-USE"
_OPTIONS = frozenset({"after-deductible", "no-charge", "no-charge-after-deductible", "charge", "deductible-waived"})
# The unit (its system and code) of each kind of cost, and what may qualify it: CopayOptionVS, CoinsuranceOptionVS.
COSTS = {
    "copay": ("urn:iso:std:iso:4217", "USD", _OPTIONS | {"before-deductible", "copay-not-applicable"}),
    "coinsurance": ("http://unitsofmeasure.org", "%", _OPTIONS | {"coinsurance-not-applicable"}),
}
STATUSES = frozenset({"draft", "active", "retired", "unknown", REASON})  # publication-status, required of items


def item_faults(item: Item) -> tuple[str, ...]:
    """usdf-FormularyItem: formulary, status, at least one benefit type, exactly one tier, its code, its drug."""
    coded = any(each.system == ITEM_SYSTEM and each.code == ITEM_CODE for each in item.codes)
    whole = item.formulary and item.drug and item.benefit_types and len(item.tiers) == 1
    if coded and whole and item.status in STATUSES:
        return ()  # nearly all of hundreds of thousands
    faults = {
        "no formulary": not (item.formulary or item.formulary_number),
        "no availability status": not item.status,
        f"availability status {item.status[:40]!r}": bool(item.status) and item.status not in STATUSES,
        "no pharmacy benefit type": not item.benefit_types,
        "no tier": not item.tiers,
        "more than one tier": len(item.tiers) > 1,
        "not coded as a formulary item": not coded,
        "no drug": not (item.drug or item.drug_number),
    }
    return _told(faults)


def drug_faults(drug: Drug) -> tuple[str, ...]:
    """usdf-FormularyDrug: an RxNorm code and a status. (Whether the code is a semantic drug only RxNorm can tell.)"""
    numbers = [code for code in drug.rxnorm if is_number(code)]
    others = ", ".join(sorted({each.system for each in drug.codes if each.system}))[:200]
    faults = {
        f"no RxNorm code{f', only codes of {others}' if others else ''}": not drug.rxnorm,
        f"{', '.join(drug.rxnorm)[:60]} in place of an RxNorm number": bool(drug.rxnorm) and not numbers,
        "no status": not drug.status,
    }
    return _told(faults)


def plan_faults(plan: Plan) -> tuple[str, ...]:
    """usdf-PayerInsurancePlan: what it must have, and drug coverages whose formulary can be followed."""
    return (*plan.lacks, *_told({"a formulary that is not named": plan.bare_coverages > 0}))


def formulary_faults(formulary: Formulary) -> tuple[str, ...]:
    """usdf-Formulary: what it must have, and type DRUGPOL."""
    return (*formulary.lacks, *_told({"type is not DRUGPOL": not formulary.is_drug_policy}))


def unsaid(listed: Plan | Formulary) -> tuple[str, ...]:
    """What a plan or formulary may lawfully leave out, and had better not."""
    return _told({"no name": not listed.name, "no period": listed.period is None})


def new_starts_faults(item: Item) -> tuple[str, ...]:
    """Details without their limit: new starts only without the limit itself, a quantity without a quantity limit."""
    if not (item.prior_authorization_new_starts or item.step_therapy_new_starts or item.quantity_detail):
        return ()
    faults = {
        "prior authorization for new starts only, without prior authorization": bool(
            item.prior_authorization_new_starts and not item.prior_authorization
        ),
        "step therapy for new starts only, without step therapy": bool(
            item.step_therapy_new_starts and not item.step_therapy
        ),
        "a quantity without a quantity limit": item.quantity_detail and not item.quantity_limit,
    }
    return _told(faults)


def outside_its_period(item: Item, moment: datetime) -> bool:
    """Whether, at that moment, an item's availability period is over or has not begun, by any reading."""
    return item.period is not None and _outside(item.period.start, item.period.end, moment)


@lru_cache(maxsize=1024)  # items share few periods
def _outside(begins: str, ends: str, moment: datetime) -> bool:
    start, end = (clock.stamp(written, clock.ANYWHERE) for written in (begins, ends))
    return bool((start and start.earliest > moment) or (end and end.latest < moment))


def cost_kind(cost: Cost) -> str:
    """What a cost is, copay or coinsurance, where the guide's system says so (with its ending or without); else ""."""
    return next((each.code for each in cost.kind if _is_of(each, COST_KINDS) and each.code in COSTS), "")


def cost_faults(cost: Cost) -> tuple[str, ...]:
    """usdf-PayerInsurancePlan: a copay is in US dollars, a coinsurance in percent, qualified by a code of the guide's.

    Of neither kind there is nothing to say. What stands too seldom or too often is told of the plan (``cost_lacks``).
    """
    if not (kind := cost_kind(cost)):
        return ()
    system, code, options = COSTS[kind]
    own = [each.code for each in cost.qualifiers if _is_of(each, COST_OPTIONS)]
    others = [each for each in own if each not in options]
    faults = {
        f"in {cost.unit.code or cost.unit.system}": not (
            cost.unit.system in ("", system) and cost.unit.code in ("", code)
        ),
        f"qualified by {', '.join(others)}": bool(others),
        "qualified by no code of the guide's": cost.qualified and not own,
    }
    return _told(faults)


def _is_of(code: Coding, system: str) -> bool:
    """Whether a code is one of a system of the guide's, with its ending or, as in the wild, without."""
    return code.system in (system, system.removesuffix("-TEMPORARY-TRIAL-USE"))


def _told(faults: dict[str, bool]) -> tuple[str, ...]:
    return tuple(told for told, wrong in faults.items() if wrong)

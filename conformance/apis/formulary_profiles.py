"""What the profiles of US Drug Formulary demand of plans, formularies and the details of quantity limits, as rows.

Source: the snapshots of usdf-PayerInsurancePlan, usdf-Formulary and usdf-QuantityLimitDetail-extension (the same in
2.0.1 and 2.1.0), and the invariants that these name: mqty-1 (an amount of money has a currency), tim-2 (a period has a
unit). What a code displays is part of the guide's patterns, and is passed over: it says nothing more.
"""

from __future__ import annotations

from conformance.apis.occurrences import Row, Slice
from conformance.apis.shapes import Coding

FORMULARY_REFERENCE = (
    "http://hl7.org/fhir/us/davinci-drug-formulary/StructureDefinition/usdf-FormularyReference-extension"
)
DRUG_POLICY = Coding("http://terminology.hl7.org/CodeSystem/v3-ActCode", "DRUGPOL")
DRUG = Coding("http://terminology.hl7.org/CodeSystem/insurance-plan-type", "drug")
# Known with their ending and, as in the wild, without.
COST_KINDS = "http://hl7.org/fhir/us/davinci-drug-formulary/CodeSystem/usdf-BenefitCostTypeCS-TEMPORARY-TRIAL-USE"
COST_KINDS_WITHOUT_SUFFIX = COST_KINDS.removesuffix("-TEMPORARY-TRIAL-USE")


def _cost(kind: str) -> Slice:
    return Slice("cost", kind, types=(Coding(COST_KINDS, kind), Coding(COST_KINDS_WITHOUT_SUFFIX, kind)))


_COVERAGE = Slice("coverage", "drug coverage", types=(DRUG_POLICY,))
_BENEFIT = Slice("benefit", "benefit of the type drug", types=(DRUG,))
_PLAN = Slice("plan", "plan of the type drug", types=(DRUG,))
_NAMED = Slice("extension", "formulary", url=FORMULARY_REFERENCE)
_TIER = (_PLAN, "specificCost", "benefit")
_COPAY, _COINSURANCE = _cost("copay"), _cost("coinsurance")

FORMULARY = (Row((), "identifier", most=None), Row((), "status"), Row((), "type"))
PLAN = (
    *FORMULARY,
    Row((), _COVERAGE, most=None),
    Row((_COVERAGE,), _NAMED, most=None),
    Row((_COVERAGE,), _BENEFIT, most=None),
    Row((), _PLAN, most=None),
    Row((_PLAN,), "specificCost", most=None),
    Row((_PLAN, "specificCost"), "benefit", most=None),
    Row(_TIER, "cost", most=None),
)
COSTS = (
    Row((*_TIER, "cost"), "qualifiers"),
    Row(_TIER, _COPAY, least=0),
    Row(_TIER, _COINSURANCE, least=0),
    Row((*_TIER, _COPAY, "value"), "value"),
    Row((*_TIER, _COPAY, "value"), "code"),
)


def _part(url: str) -> Slice:
    return Slice("extension", url, url=url)


_WORDS, _DAILY, _ROLLING, _SUPPLY = map(_part, ("Description", "MaximumDaily", "Rolling", "DaysSupply"))
_WITHIN = (_SUPPLY, "valueTiming", "repeat", "boundsDuration")
QUANTITY = (
    Row((), _WORDS, least=0),
    Row((_WORDS,), "valueString"),
    Row((), _DAILY, least=0),
    Row((_DAILY,), "valueQuantity"),
    Row((_DAILY, "valueQuantity"), "value"),
    *(
        row
        for part in (_ROLLING, _SUPPLY)
        for row in (
            Row((), part, least=0),
            Row((part,), "valueTiming"),
            Row((part, "valueTiming"), "repeat"),
            Row((part, "valueTiming", "repeat"), "count"),
            Row((part, "valueTiming", "repeat"), "period"),
            Row((part, "valueTiming", "repeat"), "periodUnit", value="d"),
        )
    ),
    Row(_WITHIN[:-1], "boundsDuration"),
    Row(_WITHIN, "value"),
    Row(_WITHIN, "system", least=0, value="http://unitsofmeasure.org"),
    Row(_WITHIN, "code", least=0, value="d"),
)

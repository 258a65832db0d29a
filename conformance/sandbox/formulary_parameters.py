"""What the formulary is searched by: every parameter that the guide's server shall support, and where its values lie.

Source: the guide's CapabilityStatement usdf-server and its SearchParameters (the same in 2.0.1 and 2.1.0).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from conformance.sandbox.formulary_rows import extension_url
from conformance.sandbox.frame import Resource
from conformance.sandbox.search import Parameter, Span, period, span


def _extensions(name: str, key: str) -> Callable[[Resource], Iterator[Any]]:
    """What a resource's extensions of one of the guide's names hold under ``key``."""
    url = extension_url(name)
    return lambda one: (each[key] for each in one.get("extension", ()) if each["url"] == url and key in each)


def _tokens(concepts: Iterable[Resource]) -> Iterator[tuple[str, str]]:
    return (
        (each.get("system", ""), each.get("code", "")) for concept in concepts for each in concept.get("coding", ())
    )


def _concepts(name: str) -> Parameter:
    values = _extensions(name, "valueCodeableConcept")
    return Parameter("token", lambda one: _tokens(values(one)))


def _references(name: str, target: str) -> Parameter:
    values = _extensions(name, "valueReference")
    return Parameter(
        "reference", lambda one: (each["reference"] for each in values(one) if "reference" in each), target
    )


def _codes(element: str, system: str) -> Parameter:
    """An element of type code, whose system the token search knows from the specification."""
    return Parameter("token", lambda one: [(system, one[element])] if element in one else [])


def _addresses(*parts: str) -> Parameter:
    def values(one: Resource) -> Iterator[str]:
        for part in parts:
            found = one.get("address", {}).get(part, ())
            yield from [found] if isinstance(found, str) else found

    return Parameter("string", values)


def _drug_names(one: Resource) -> list[str]:
    shown = [each["display"] for each in one.get("code", {}).get("coding", ()) if "display" in each]
    return [*shown, *one.get("synonym", ())]


def _covered(one: Resource) -> Iterator[str]:
    return (each["reference"] for coverage in one.get("coverage", ()) for each in _formulary_of(coverage))


def _updated(one: Resource) -> list[Span]:
    return [span(one["meta"]["lastUpdated"])] if "lastUpdated" in one.get("meta", {}) else []


_formulary_of = _extensions("FormularyReference", "valueReference")
_status_of = _extensions("AvailabilityStatus", "valueCode")
_period_of = _extensions("AvailabilityPeriod", "valuePeriod")


DRUG_STATUS = "http://terminology.hl7.org/CodeSystem/medicationknowledge-status"
PUBLICATION = "http://hl7.org/fhir/publication-status"
EVERYWHERE: Mapping[str, Parameter] = {
    "_id": Parameter("token", lambda one: [("", one["id"])]),
    "_lastUpdated": Parameter("date", _updated),
}
PARAMETERS: Mapping[str, Mapping[str, Parameter]] = {
    "InsurancePlan": {
        **EVERYWHERE,
        "identifier": Parameter(
            "token", lambda one: ((each.get("system", ""), each["value"]) for each in one.get("identifier", ()))
        ),
        "status": _codes("status", PUBLICATION),
        "period": Parameter("date", lambda one: [period(one["period"])] if "period" in one else []),
        "type": Parameter("token", lambda one: _tokens(one.get("type", ()))),
        "name": Parameter("string", lambda one: [one["name"]] if "name" in one else []),
        "coverage-type": Parameter(
            "token", lambda one: _tokens(each["type"] for each in one.get("coverage", ()) if "type" in each)
        ),
        "formulary-coverage": Parameter("reference", _covered, "InsurancePlan"),
        "coverage-area": Parameter(
            "reference", lambda one: (each["reference"] for each in one.get("coverageArea", ())), "Location"
        ),
    },
    "Basic": {
        **EVERYWHERE,
        "code": Parameter("token", lambda one: _tokens([one["code"]])),
        "subject": Parameter(
            "reference", lambda one: filter(None, [one.get("subject", {}).get("reference")]), "MedicationKnowledge"
        ),
        "status": Parameter("token", lambda one: ((PUBLICATION, each) for each in _status_of(one))),
        "period": Parameter("date", lambda one: (period(each) for each in _period_of(one))),
        "formulary": _references("FormularyReference", "InsurancePlan"),
        "pharmacy-benefit-type": _concepts("PharmacyBenefitType"),
        "drug-tier": _concepts("DrugTierID"),
    },
    "MedicationKnowledge": {
        **EVERYWHERE,
        "status": _codes("status", DRUG_STATUS),
        "code": Parameter("token", lambda one: _tokens([one.get("code", {})])),
        "drug-name": Parameter("string", _drug_names),
        "doseform": Parameter("token", lambda one: _tokens([one.get("doseForm", {})])),
    },
    "Location": {
        **EVERYWHERE,
        "address": _addresses("text", "line", "city", "district", "state", "postalCode", "country"),
        "address-city": _addresses("city"),
        "address-state": _addresses("state"),
        "address-postalcode": _addresses("postalCode"),
    },
}
INCLUDES: Mapping[str, tuple[str, ...]] = {"Basic": ("subject", "formulary"), "InsurancePlan": ("formulary-coverage",)}

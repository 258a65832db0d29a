"""What a formulary's resources are searched by: the values that a search parameter of the guide looks at.

Source: the guide's CapabilityStatement usdf-server and its SearchParameters (the same in 2.0.1 and 2.1.0).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from conformance import clock
from conformance.apis.formulary import BENEFIT_TYPE, DRUG_TIER
from conformance.apis.formulary_flags import AVAILABILITY_PERIOD, AVAILABILITY_STATUS
from conformance.apis.formulary_found import UNKNOWN
from conformance.apis.formulary_profiles import FORMULARY_REFERENCE
from conformance.apis.search_values import escaped, token
from conformance.apis.shapes import (
    JsonObject,
    codings,
    extensions,
    identifiers,
    period,
    record,
    records,
    reference_key,
    text,
    texts,
)

Values = Callable[[JsonObject], Iterable[str]]
NEVER = "lt1900-01-01"  # before any of today's plans


@dataclass(frozen=True)
class Parameter:
    """How one search parameter is probed: the values a resource has for it as they are asked for, and a value that
    nothing has. ``dated``: the resource's own value is a bound, and what lies after it matches too."""

    values: Values
    nothing: str
    dated: bool = False

    def holds(self, resource: Any, value: str) -> bool:
        """Whether a resource matches ``value``, as far as we can tell; of a bound only where it is clearly not.

        A code without a system is asked for whatever its system is (FHIR R4, token).
        """
        own = list(self.values(record(resource)))
        if self.nothing == UNKNOWN_TEXT:
            return any(_folded(each).startswith(_folded(value)) for each in own)
        if not self.dated:
            return any(each == value or each.endswith(f"|{value}") for each in own)
        asked, found = clock.stamp(value[2:]), [clock.stamp(each[2:]) for each in own]
        return not own or asked is None or any(each is None or each.latest >= asked.earliest for each in found)


UNKNOWN_TEXT = "conformancenone"


def _token(concepts: Callable[[JsonObject], Iterable[Any]]) -> Parameter:
    def values(resource: JsonObject) -> Iterable[str]:
        return (token(each.system, each.code) for one in concepts(resource) for each in codings(one) if each.code)

    return Parameter(values, UNKNOWN)


def _code(values: Values) -> Parameter:
    return Parameter(lambda resource: filter(None, values(resource)), UNKNOWN)


def _reference(kind: str, references: Callable[[JsonObject], Iterable[Any]]) -> Parameter:
    def values(resource: JsonObject) -> Iterable[str]:
        return filter(None, map(reference_key, references(resource)))

    return Parameter(values, f"{kind}/{UNKNOWN}")


def _string(values: Values) -> Parameter:
    return Parameter(
        lambda resource: (escaped(each.partition(",")[0]) for each in values(resource) if each), UNKNOWN_TEXT
    )


def _dated(values: Values) -> Parameter:
    return Parameter(lambda resource: (f"ge{each}" for each in values(resource) if each), NEVER, dated=True)


def _updated(resource: JsonObject) -> Iterable[str]:
    return (text(record(resource.get("meta")).get("lastUpdated")),)


def _of_extension(url: str, key: str) -> Callable[[JsonObject], Iterable[Any]]:
    return lambda resource: (each.get(key) for _, each in extensions(resource, url))


def _address(*parts: str) -> Parameter:
    return _string(
        lambda resource: (each for part in parts for each in texts(record(resource.get("address")).get(part)))
    )


def _identified(resource: JsonObject) -> Iterable[str]:
    return (token(each.system, each.value) for each in identifiers(resource.get("identifier")) if each.value)


def _covered(resource: JsonObject) -> Iterable[Any]:
    coverages = (each for _, each in records(resource.get("coverage")))
    return (one.get("valueReference") for each in coverages for _, one in extensions(each, FORMULARY_REFERENCE))


EVERYWHERE: Mapping[str, Parameter] = {
    "_id": _code(lambda resource: (text(resource.get("id")),)),
    "_lastUpdated": _dated(_updated),
}
PARAMETERS: Mapping[str, Mapping[str, Parameter]] = {
    "InsurancePlan": {
        **EVERYWHERE,
        "identifier": _code(_identified),
        "status": _code(lambda resource: (text(resource.get("status")),)),
        "period": _dated(lambda resource: (text(record(resource.get("period")).get("start"))[:10],)),
        "name": _string(lambda resource: (text(resource.get("name")), *texts(resource.get("alias")))),
        "coverage-type": _token(lambda resource: (each.get("type") for _, each in records(resource.get("coverage")))),
        "formulary-coverage": _reference("InsurancePlan", _covered),
        "coverage-area": _reference("Location", lambda resource: [r for _, r in records(resource.get("coverageArea"))]),
    },
    "Basic": {
        **EVERYWHERE,
        "code": _token(lambda resource: (resource.get("code"),)),
        "subject": _reference("MedicationKnowledge", lambda resource: (resource.get("subject"),)),
        "status": _code(lambda resource: map(text, _of_extension(AVAILABILITY_STATUS, "valueCode")(resource))),
        "period": _dated(
            lambda resource: (
                text(record(each).get("start"))[:10]
                for each in _of_extension(AVAILABILITY_PERIOD, "valuePeriod")(resource)
            )
        ),
        "pharmacy-benefit-type": _token(_of_extension(BENEFIT_TYPE, "valueCodeableConcept")),
    },
    "MedicationKnowledge": {**EVERYWHERE, "status": _code(lambda resource: (text(resource.get("status")),))},
    "Location": {
        **EVERYWHERE,
        "address": _address("text", "line", "city", "district", "state", "postalCode", "country"),
        "address-city": _address("city"),
        "address-state": _address("state"),
        "address-postalcode": _address("postalCode"),
    },
}


def _folded(words: str) -> str:
    return " ".join(words.casefold().split())


RECOMMENDED: Mapping[str, Mapping[str, Parameter]] = {
    "MedicationKnowledge": {"doseform": _token(lambda resource: (resource.get("doseForm"),))},
}

Span = tuple[str, str]  # the first and the last day as written


def _spans(periods: Callable[[JsonObject], Iterable[Any]]) -> Callable[[JsonObject], Iterable[Span]]:
    def values(resource: JsonObject) -> Iterable[Span]:
        return ((each.start[:10], each.end[:10]) for each in map(period, periods(resource)) if each)

    return values


PERIODS: Mapping[str, Callable[[JsonObject], Iterable[Span]]] = {
    "InsurancePlan": _spans(lambda resource: [resource.get("period")]),
    "Basic": _spans(_of_extension(AVAILABILITY_PERIOD, "valuePeriod")),
}
SEVERAL: Mapping[str, Mapping[str, Parameter]] = {  # what is searched for by one of several values
    "InsurancePlan": {"identifier": _code(_identified)},
    "Basic": {"drug-tier": _token(_of_extension(DRUG_TIER, "valueCodeableConcept"))},
    "MedicationKnowledge": {"code": _token(lambda resource: (resource.get("code"),))},
}
NAMED: Mapping[str, Mapping[str, Values]] = {  # what has a name, by the modifiers of the guide that look at it
    "InsurancePlan": {"name:contains": lambda resource: filter(None, [text(resource.get("name"))])},
    "MedicationKnowledge": {
        "drug-name:missing": lambda resource: (each.display for each in codings(resource.get("code")) if each.display)
    },
}

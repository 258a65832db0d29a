"""Which of the services that are asked for are drugs (suites/rules/drugs.toml): they have rules of their own."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from conformance.apis.same_member import claim_of
from conformance.apis.shapes import Coding, codings, entries, extension, record, records, resolve, whole
from conformance.paths import suites

REQUESTED_SERVICE = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-requestedService"


@dataclass(frozen=True)
class _Rules:
    systems: frozenset[str]
    hcpcs: frozenset[str]
    drugs: re.Pattern[str]


@cache
def _rules() -> _Rules:
    raw: Any = tomllib.loads((suites() / "rules" / "drugs.toml").read_text("utf-8"))
    hcpcs = raw["hcpcs"]
    return _Rules(frozenset(raw["systems"]), frozenset(hcpcs["systems"]), re.compile(hcpcs["drugs"]))


def is_billed_drug(code: Coding) -> bool:
    """Whether a code bills a drug of the medical benefit (HCPCS)."""
    return code.system in _rules().hcpcs and bool(_rules().drugs.fullmatch(code.code.upper()))


def is_drug(codes: Iterable[Coding]) -> bool:
    """Whether a service is a drug, by any of its codes."""
    return any(each.system in _rules().systems or is_billed_drug(each) for each in codes)


def drug_lines(request: Mapping[str, Any]) -> frozenset[int | None]:
    """The sequence numbers of the items of a request that ask for a drug: by their code, or by what they point to."""
    claim = claim_of(request)
    others = entries(request)
    found: set[int | None] = set()
    for _, item in records(claim.resource.get("item")):
        ordered = resolve(record(extension(item, REQUESTED_SERVICE).get("valueReference")), claim, others)
        if is_drug(codings(item.get("productOrService"))) or (ordered and ordered.type == "MedicationRequest"):
            found.add(whole(item.get("sequence")))
    return frozenset(found)


def lines(request: Mapping[str, Any]) -> frozenset[int | None]:
    """The sequence numbers of all items of a request."""
    return frozenset(whole(item.get("sequence")) for _, item in records(claim_of(request).resource.get("item")))


def billed(request: Mapping[str, Any]) -> bool:
    """Whether every drug of a request is billed under the medical benefit."""
    drugs = drug_lines(request)
    asked = (item for _, item in records(claim_of(request).resource.get("item")))
    items = [item for item in asked if whole(item.get("sequence")) in drugs]
    return all(any(is_billed_drug(code) for code in codings(item.get("productOrService"))) for item in items)

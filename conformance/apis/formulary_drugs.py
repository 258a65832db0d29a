"""Reading the drugs of a US Drug Formulary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from conformance.apis.shapes import (
    Coding,
    JsonObject,
    code_or_reason,
    codings,
    is_type,
    place,
    record,
    records,
    text,
    texts,
)

DRUG_PROFILE = "http://hl7.org/fhir/us/davinci-drug-formulary/StructureDefinition/usdf-FormularyDrug"
NDC = "http://hl7.org/fhir/sid/ndc"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"


@dataclass(frozen=True, slots=True)
class Drug:
    """One drug; ``rxnorm`` and ``ndc`` are its codes in these systems, ``names`` everything it is called by.

    ``searched`` are the names that the guide's search looks at, ``claimed`` is whether it claims the guide's profile.
    """

    at: str
    id: str
    last_updated: str
    status: str
    codes: tuple[Coding, ...]
    rxnorm: tuple[str, ...]
    ndc: tuple[str, ...]
    searched: tuple[str, ...]
    names: tuple[str, ...]
    claimed: bool
    dose_form: tuple[Coding, ...]

    @property
    def number(self) -> str:
        """Its first RxNorm code that can be one; "" without any."""
        return next(filter(is_number, self.rxnorm), "")


def is_number(code: str) -> bool:
    """Whether a code can be one of RxNorm's: its identifiers are numbers, without zeros before them."""
    return code.isascii() and code.isdigit() and not code.startswith("0")


def read_drug(resource: Any, at: str = "") -> Drug | None:
    """A drug; None for any resource that is no MedicationKnowledge."""
    if not is_type(resource, "MedicationKnowledge"):
        return None
    at, ident, updated = place(resource, at)
    codes = codings(resource.get("code"))
    called = (
        *(each.display for each in codes),
        *texts(resource.get("synonym")),
    )
    in_words = text(record(resource.get("code")).get("text"))
    profiles = texts(record(resource.get("meta")).get("profile"))
    return Drug(
        at=at,
        id=ident,
        last_updated=updated,
        status=code_or_reason(resource, "status"),
        codes=codes,
        rxnorm=tuple(each.code for each in codes if each.system == RXNORM and each.code),
        ndc=tuple(each.code for each in codes if each.system == NDC and each.code),
        searched=tuple(dict.fromkeys(name for name in called if name)),
        names=tuple(dict.fromkeys(name for name in (*called, in_words) if name)),
        claimed=any(each.split("|")[0] == DRUG_PROFILE for each in profiles),
        dose_form=codings(resource.get("doseForm")),
    )


def contained_drug(resource: JsonObject, reference: str) -> str:
    """What the drug goes by that an item contains ("#id"): "system|code" of its first RxNorm code, or "#id" without
    any; "" where it contains none."""
    for _, each in records(resource.get("contained")):
        if (drug := read_drug(each)) and f"#{drug.id}" == reference:
            return f"{RXNORM}|{drug.number}" if drug.number else reference
    return ""


def code_of(number: str) -> str:
    """The RxNorm code or the NDC (without hyphens) that a number ("system|value") is; "" for any other number."""
    system, _, value = number.rpartition("|")
    return value.replace("-", "") if system in (RXNORM, NDC) else ""

"""Reading the coverage-information extension of CRD, and what may not stand together in one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

from conformance.apis.extension_shapes import Shape, shape_faults
from conformance.apis.shapes import (
    JsonObject,
    codings,
    extensions,
    record,
    records,
    reference_key,
    reference_text,
    text,
)
from conformance.fhir import structure_of
from conformance.guides import Guide
from conformance.primitives import wrong

COVERAGE_INFORMATION = "http://hl7.org/fhir/us/davinci-crd/StructureDefinition/ext-coverage-information"
NEEDED = frozenset({"auth-needed", "performpa", "satisfied"})  # that prior authorization is or would be due
UNDECIDED = frozenset({"conditional", "indeterminate"})
EXEMPT = frozenset(
    {"gold-card", "auth-out-network"}
)  # no authorization for this provider, though the list asks for one
UNKNOWN_MEMBER = frozenset({"no-member-found", "no-active-coverage", "coverage-not-found"})
TELLING_DETAILS = frozenset({"policy-link", "instructions"})  # details that may name documentation
UPDATE = "update"  # of an action: the order as it was, with more
QUANTITY = "allowed-quantity"  # the detail that says how much is covered at most
ONCE = ("coverage", "covered", "date", "coverage-assertion-id")  # needed in every version


@dataclass(frozen=True)
class CoverageInformation:
    """One statement about one order: ``order`` is "Type/id" of the resource that carries it, ``in_card`` where it was,
    ``action`` what is to be done with the order.

    Codes are as written; ``parts`` are its extensions with their names, ``wordless`` the codes of each reason that is
    not put into words, ``problems`` what in it is no FHIR.
    """

    at: str
    order: str
    in_card: bool
    action: str
    covered: str
    authorization: str
    documentation: tuple[str, ...]
    purposes: tuple[str, ...]
    needed: tuple[str, ...]
    reasons: tuple[str, ...]
    has_reason: bool
    wordless: tuple[tuple[str, ...], ...]
    questionnaires: tuple[str, ...]
    details: tuple[str, ...]
    date: str
    assertion: str
    authorization_number: str
    coverage: str
    parts: tuple[tuple[str, JsonObject], ...] = field(repr=False, hash=False)
    problems: tuple[str, ...] = ()

    def names(self, coverages: Collection[str]) -> bool:
        """Whether the coverage that it is about is one of those ("Coverage/id"), or stands in the order itself."""
        key = reference_key(self.coverage)
        return key in coverages or key.startswith("#")

    def has(self, name: str) -> bool:
        """Whether a part of that name is there."""
        return any(each == name for each, _ in self.parts)

    @property
    def carrier(self) -> str:
        """What carries it, for a finding."""
        return "a card" if self.in_card else f"a system action of type {self.action or 'missing'}"

    @property
    def undecided(self) -> bool:
        """Whether it does not tell if authorization is needed: not yet, or not of anybody else than who asks."""
        if self.authorization == "no-auth" and EXEMPT & set(self.reasons):
            return True
        return self.authorization in UNDECIDED or (not self.authorization and self.covered in UNDECIDED)

    @property
    def unknown_member(self) -> bool:
        """Whether the payer says that it does not know the member, or no coverage of theirs."""
        return bool(UNKNOWN_MEMBER & set(self.reasons))

    @property
    def no_coverage(self) -> bool:
        """Whether the payer covers nothing here: not this service, or not this member."""
        return self.unknown_member or self.covered == "not-covered"

    @property
    def told(self) -> str:
        """What it says of authorization, for a finding."""
        return self.authorization or self.covered or "nothing"


def read_coverage_information(
    resource: JsonObject, at: str, *, in_card: bool, action: str = UPDATE
) -> Iterator[CoverageInformation]:
    """The statements that an order carries."""
    order = f"{text(resource.get('resourceType'))}/{text(resource.get('id'))}"
    for place, each in extensions(resource, COVERAGE_INFORMATION, at):
        yield _one(each, place, order, in_card=in_card, action=action)


def _one(extension: JsonObject, at: str, order: str, *, in_card: bool, action: str) -> CoverageInformation:
    parts = _named(extension)

    def of(name: str) -> list[JsonObject]:
        return [part for each, part in parts if each == name]

    def codes(name: str) -> tuple[str, ...]:
        return tuple(text(each.get("valueCode")) for each in of(name))

    def first(name: str, kind: str) -> str:
        return next((text(each.get(kind)) for each in of(name)), "")

    reasons = [each.get("valueCodeableConcept") for each in of("reason")]
    return CoverageInformation(
        at=at,
        order=order,
        in_card=in_card,
        action=action,
        covered=first("covered", "valueCode"),
        authorization=first("pa-needed", "valueCode"),
        documentation=codes("doc-needed"),
        purposes=codes("doc-purpose"),
        needed=codes("info-needed"),
        reasons=tuple(one.code for each in reasons for one in codings(each)),
        has_reason=bool(reasons),
        wordless=tuple(
            tuple(one.code for one in codings(each)) for each in reasons if not text(record(each).get("text"))
        ),
        questionnaires=tuple(text(each.get("valueCanonical")) for each in of("questionnaire")),
        details=tuple(_detail(each) for each in of("detail")),
        date=first("date", "valueDate"),
        assertion=first("coverage-assertion-id", "valueString"),
        authorization_number=first("satisfied-pa-id", "valueString"),
        coverage=next((reference_text(each.get("valueReference")) for each in of("coverage")), ""),
        parts=parts,
        problems=tuple(f"{each.at}: {each.message}" for each in structure_of(extension, "Extension", "extension")),
    )


def _named(extension: JsonObject) -> tuple[tuple[str, JsonObject], ...]:
    return tuple((text(each.get("url")), each) for _, each in records(extension.get("extension")))


def _detail(extension: JsonObject) -> str:
    code = next((part for name, part in _named(extension) if name == "code"), {})
    return next((each.code for each in codings(code.get("valueCodeableConcept"))), "")


def content_faults(found: CoverageInformation, guide: Guide) -> tuple[str, ...]:
    """What breaks FHIR, or the extension's definition: cardinalities, values, codes of the sets that it requires."""
    values = {**guide["information_values"], **guide["information_newer"]}
    faults = [*shape_faults(found.parts, Shape(values, guide["information_repeated"], ONCE))]
    detail = Shape(guide["detail_values"], needed=guide["detail_needed"])
    inner = [_named(part) for name, part in found.parts if name == "detail"]
    faults += [f"detail: {fault}" for each in inner for fault in shape_faults(each, detail)]
    said = {
        "covered": ((found.covered,), "covered_codes"),
        "pa-needed": ((found.authorization,), "authorization_codes"),
        "doc-needed": (found.documentation, "documentation_codes"),
        "doc-purpose": (found.purposes, "purpose_codes"),
        "info-needed": (found.needed, "information_codes"),
    }
    for name, (codes, cell) in said.items():
        strange = sorted(set(codes) - set(guide[cell])) if found.has(name) else []
        faults += [f"{name} {each or 'without a code'}" for each in strange]
    if known := set(guide["category_codes"]):
        categories = {text(part.get("valueCode")) for each in inner for name, part in each if name == "category"}
        faults += [f"category {each or 'without a code'}" for each in sorted(categories - known)]
    told: Mapping[str, bool] = {
        "coverage": bool(found.coverage),
        "coverage-assertion-id": bool(found.assertion),
        "date": not wrong("date", found.date),
        "questionnaire": all(found.questionnaires),
        "satisfied-pa-id": bool(found.authorization_number),
    }
    faults += [f"{name} without a value of its kind" for name, good in told.items() if found.has(name) and not good]
    return (*dict.fromkeys(faults), *found.problems)


def contradictions(found: CoverageInformation, guide: Guide) -> tuple[str, ...]:
    """What does not go together (invariants crd-ci-q1 to q9), as the sentences of each version have it.

    The expressions of some are mistaken (q2 and q4 of 2.0.1, q4 of 2.2.1): their sentences count.
    """
    undecided = {found.covered, found.authorization, *found.documentation}
    satisfied = found.authorization == "satisfied"
    faults = {
        "questionnaires without doc-needed": bool(found.questionnaires) and not found.documentation,
        "not covered, and yet pa-needed": found.covered == "not-covered" and bool(found.authorization),
        "satisfied without the number of an authorization": satisfied and not found.has("satisfied-pa-id"),
        "the number of a satisfied authorization without satisfied": found.has("satisfied-pa-id") and not satisfied,
        "satisfied, and yet documents for the authorization": satisfied and "withpa" in found.purposes,
    }
    if guide["conditional_names_information"]:
        faults |= {
            "conditional without the information that decides": "conditional" in undecided and not found.needed,
            "no authorization, and yet documents for it": found.authorization == "no-auth"
            and "withpa" in found.purposes,
            "other information without a reason": "OTH" in found.needed and not found.has_reason,
            "a purpose of documents without a reason": bool({*found.purposes} - {"conditional"})
            and not found.has_reason,
            "a reason of the payer's own without words": any(
                each and not {*each} & set(guide["reason_codes"]) for each in found.wordless
            ),
            "indeterminate without a reason": "indeterminate" in undecided and not found.has_reason,
        }
    else:
        faults["information needed, and yet nothing conditional"] = (
            bool(found.needed) and "conditional" not in undecided
        )
    return tuple(name for name, present in faults.items() if present)

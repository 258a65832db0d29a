"""Reading the coverage-information extension of CRD, and what may not stand together in one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from conformance.apis.shapes import JsonObject, codings, extensions, record, records, reference_text, text
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
_ONCE = ("coverage", "covered", "date", "coverage-assertion-id")  # 1..1 in every version


@dataclass(frozen=True)
class CoverageInformation:
    """One statement about one order: ``order`` is "Type/id" of the resource that carries it, ``in_card`` where it was,
    ``action`` what is to be done with the order.

    Codes are as written; ``counts`` says how often each part stands there, ``wordless`` are the codes of each reason
    that is not put into words, ``detail_parts`` what each detail is made of, ``problems`` what in it is no FHIR.
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
    detail_parts: tuple[frozenset[str], ...]
    date: str
    assertion: str
    authorization_number: str
    coverage: str
    counts: Mapping[str, int]
    problems: tuple[str, ...] = ()

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
    parts: dict[str, list[JsonObject]] = {}
    for _, each in records(extension.get("extension")):
        parts.setdefault(text(each.get("url")), []).append(each)

    def codes(name: str) -> tuple[str, ...]:
        return tuple(text(each.get("valueCode")) for each in parts.get(name, ()))

    def first(name: str, kind: str) -> str:
        return next((text(each.get(kind)) for each in parts.get(name, ())), "")

    reasons = [each.get("valueCodeableConcept") for each in parts.get("reason", ())]
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
        questionnaires=tuple(text(each.get("valueCanonical")) for each in parts.get("questionnaire", ())),
        details=tuple(_detail(each) for each in parts.get("detail", ())),
        detail_parts=tuple(
            frozenset(text(one.get("url")) for _, one in records(each.get("extension")))
            for each in parts.get("detail", ())
        ),
        date=first("date", "valueDate"),
        assertion=first("coverage-assertion-id", "valueString"),
        authorization_number=first("satisfied-pa-id", "valueString"),
        coverage=next((reference_text(each.get("valueReference")) for each in parts.get("coverage", ())), ""),
        counts=Counter({name: len(each) for name, each in parts.items()}),
        problems=tuple(f"{each.at}: {each.message}" for each in structure_of(extension, "Extension", "extension")),
    )


def _detail(extension: JsonObject) -> str:
    code = next((each for _, each in records(extension.get("extension")) if each.get("url") == "code"), {})
    return next((each.code for each in codings(code.get("valueCodeableConcept"))), "")


def content_faults(found: CoverageInformation, guide: Guide) -> tuple[str, ...]:
    """What breaks FHIR, or the extension's definition: cardinalities, and codes of the value sets that it requires."""
    faults = [f"no {name}" for name in _ONCE if not found.counts.get(name)]
    single = (*_ONCE, "pa-needed", "satisfied-pa-id", *(() if guide["documentation_repeats"] else ("doc-needed",)))
    faults += [f"{name} {found.counts[name]} times" for name in single if found.counts.get(name, 0) > 1]
    said = {
        "covered": ((found.covered,), "covered_codes"),
        "pa-needed": ((found.authorization,), "authorization_codes"),
        "doc-needed": (found.documentation, "documentation_codes"),
        "doc-purpose": (found.purposes, "purpose_codes"),
        "info-needed": (found.needed, "information_codes"),
    }
    for name, (codes, cell) in said.items():
        strange = sorted(set(codes) - set(guide[cell])) if found.counts.get(name) else []
        faults += [f"{name} {each or 'without a code'}" for each in strange]
    values: Mapping[str, bool] = {
        "coverage": bool(found.coverage),
        "coverage-assertion-id": bool(found.assertion),
        "date": not wrong("date", found.date),
        "questionnaire": all(found.questionnaires),
        "satisfied-pa-id": bool(found.authorization_number),
    }
    faults += [
        f"{name} without a value of its kind" for name, good in values.items() if found.counts.get(name) and not good
    ]
    lacking = {name for each in found.detail_parts for name in set(guide["detail_parts"]) - each}
    return (*faults, *(f"detail without its {name}" for name in sorted(lacking)), *found.problems)


def contradictions(found: CoverageInformation, guide: Guide) -> tuple[str, ...]:
    """What does not go together (invariants crd-ci-q1 to q9), as the sentences of each version have it.

    The expressions of some are mistaken (q2 and q4 of 2.0.1, q4 of 2.2.1): their sentences count.
    """
    undecided = {found.covered, found.authorization, *found.documentation}
    satisfied = found.authorization == "satisfied"
    faults = {
        "questionnaires without doc-needed": bool(found.questionnaires) and not found.documentation,
        "not covered, and yet pa-needed": found.covered == "not-covered" and bool(found.authorization),
        "satisfied without the number of an authorization": satisfied and not found.counts.get("satisfied-pa-id"),
        "the number of a satisfied authorization without satisfied": bool(found.counts.get("satisfied-pa-id"))
        and not satisfied,
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

"""Reading a prior authorization as a member is shown it: an ExplanationOfBenefit (PDex, or FHIR R4 alone).

The law names six things and no form (42 CFR 422.119(b)(1)(iv)(A) and its parallels): each is looked for wherever FHIR
has a place for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from conformance.apis.review_actions import Action, Reason, adjudications, text_reasons
from conformance.apis.shapes import (
    JsonObject,
    codings,
    extension,
    extensions,
    identifiers,
    period,
    record,
    records,
    reference_key,
    text,
    texts,
    whole,
    wholes,
)
from conformance.apis.wording import tells_end

PDEX = "http://hl7.org/fhir/us/davinci-pdex/StructureDefinition/"
PAS = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/"
CARIN = "http://hl7.org/fhir/us/carin-bb/StructureDefinition/C4BB-ExplanationOfBenefit"
PROFILE = f"{PDEX}pdex-priorauthorization"
WHEN = f"{PDEX}base-ext-when-adjudicated"
ISSUED = f"{PAS}extension-itemPreAuthIssueDate"
VALID = f"{PAS}extension-itemPreAuthPeriod"
TRACE = f"{PAS}extension-itemTraceNumber"
NUMBERS = (f"{PAS}extension-authorizationNumber", f"{PAS}extension-administrationReferenceNumber")
DRUG_SYSTEMS = frozenset({"http://hl7.org/fhir/sid/ndc", "http://www.nlm.nih.gov/research/umls/rxnorm"})
NOT_NAMED = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
GRANTED = ("approved", "modified")
DECIDED = (*GRANTED, "denied")


@dataclass(frozen=True)
class Line:
    """One service of an authorization; ``action`` is None where nothing tells what was decided about it."""

    at: str
    sequence: int | None
    named: bool
    action: Action | None
    reasons: tuple[Reason, ...]
    dated: bool
    ends: bool


@dataclass(frozen=True)
class Shown:
    """One authorization; ``names`` is every identifier, number and trace it can be known by."""

    at: str
    names: frozenset[str]
    patient: str
    profiles: tuple[str, ...]
    is_drug: bool
    lines: tuple[Line, ...]
    documents: int

    @property
    def actions(self) -> frozenset[str]:
        """What was decided, line by line."""
        return frozenset(str(line.action) for line in self.lines)

    def of(self, sequence: int | None) -> Line | None:
        """The line of that number."""
        return next((line for line in self.lines if line.sequence == sequence), None)


def is_authorization(resource: Mapping[str, Any]) -> bool:
    """Whether an ExplanationOfBenefit is about a prior authorization and not a claim."""
    return resource.get("resourceType") == "ExplanationOfBenefit" and resource.get("use") == "preauthorization"


def is_carin(resource: Mapping[str, Any]) -> bool:
    """Whether a claim says that it is of one of CARIN's types, the Basis ones included."""
    return any(each.startswith(CARIN) for each in texts(record(resource.get("meta")).get("profile")))


def read_shown(resource: JsonObject, at: str) -> Shown:
    """An authorization, as far as it can be read."""
    items = [(f"{at}.item[{place}]", each) for place, each in records(resource.get("item"))] or [(at, {})]
    lines = tuple(_line(item, place, resource, at) for place, item in items)
    kinds = {each.code for each in codings(resource.get("type"))}
    services = [each for _, item in items for each in codings(item.get("productOrService"))]
    return Shown(
        at=at,
        names=frozenset(_names(resource, [item for _, item in items])),
        patient=reference_key(resource.get("patient")),
        profiles=texts(record(resource.get("meta")).get("profile")),
        is_drug="pharmacy" in kinds or any(each.system in DRUG_SYSTEMS for each in services),
        lines=lines,
        documents=sum(1 for _, each in records(resource.get("supportingInfo")) if _is_document(each)),
    )


def content_faults(shown: Shown) -> tuple[str, ...]:
    """What the law names and nothing in the authorization tells: status, date, end, services, reason of denial."""
    faults = []
    for line in shown.lines:
        lacking = {
            "no status": line.action is None,
            "no date of the decision": line.action in DECIDED and not line.dated,
            "no end date or circumstance": line.action in GRANTED and not line.ends,
            "no service that was approved": line.action in GRANTED and not line.named,
            "no specific reason of the denial": line.action == "denied" and not line.reasons,
        }
        faults += [f"{line.at}: {name}" for name, present in lacking.items() if present]
    return tuple(faults)


def _line(item: JsonObject, at: str, whole_: JsonObject, top: str) -> Line:
    own = adjudications(_as_pas(item.get("adjudication")), at)
    header = adjudications(_as_pas(whole_.get("adjudication")), top)
    told = own if any(each.review_actions or each.reasons for each in own) else header
    action = next((review.action for each in told for review in each.review_actions if review.action), None)
    reasons = [reason for each in told for reason in (*each.reasons, *_of_actions(each))]
    reasons += [
        reason for words, place in _words(item, whole_, top) for reason in text_reasons(words, "itemNote", place)
    ]
    return Line(
        at=at,
        sequence=whole(item.get("sequence")),
        named=_is_named(item),
        action=action or _plain_action(whole_, bool(reasons)),
        reasons=tuple(reasons),
        dated=_is_dated(item) or _is_dated(whole_),
        ends=_ends(item, whole_, top),
    )


def _of_actions(adjudication: Any) -> Iterator[Reason]:
    for review in adjudication.review_actions:
        yield from review.reasons


def _as_pas(value: Any) -> Any:
    """Adjudications with PDex's own review action under the URLs of PAS: the same extension at another address."""
    found = []
    for _, each in records(value):
        moved = [_moved(one) for _, one in records(each.get("extension"))]
        found.append({**each, "extension": moved})
    return found


def _moved(raw: JsonObject) -> JsonObject:
    url = text(raw.get("url"))
    inside = [_moved(each) for _, each in records(raw.get("extension"))]
    renamed = {**raw, "url": url.replace(PDEX, PAS) if "extension-reviewAction" in url else url}
    return {**renamed, "extension": inside} if inside else renamed


def _plain_action(resource: JsonObject, reasoned: bool) -> Action | None:
    """The decision where no review action tells it: by the words that FHIR itself has for a whole answer."""
    if resource.get("status") == "cancelled":
        return "cancelled"
    if resource.get("outcome") == "queued":
        return "pended"
    return "denied" if reasoned and resource.get("outcome") == "error" else None


def _words(item: JsonObject, resource: JsonObject, at: str) -> Iterator[tuple[str, str]]:
    """Texts that may give a reason: the disposition, and notes to this line or to none in particular."""
    yield text(resource.get("disposition")), f"{at}.disposition"
    numbers = wholes(item.get("noteNumber"))
    pointed = {each for _, one in records(resource.get("item")) for each in wholes(one.get("noteNumber"))}
    for place, note in records(resource.get("processNote")):
        number = whole(note.get("number"))
        if number in numbers or number not in pointed:
            yield text(note.get("text")), f"{at}.processNote[{place}]"


def _is_named(item: JsonObject) -> bool:
    concept = record(item.get("productOrService"))
    named = [each for each in codings(concept) if each.code and each.system != NOT_NAMED]
    return bool(named or text(concept.get("text")) or any(True for _ in records(item.get("detail"))))


def _is_dated(element: JsonObject) -> bool:
    """Whether the element, or an adjudication of it, says when it was decided."""
    if text(extension(element, ISSUED).get("valueDate")):
        return True
    return any(
        text(each.get("valueDateTime"))
        for _, adjudication in records(element.get("adjudication"))
        for _, each in extensions(adjudication, WHEN)
    )


def _ends(item: JsonObject, resource: JsonObject, at: str) -> bool:
    periods = [
        extension(item, VALID).get("valuePeriod"),
        *(each for _, each in records(resource.get("preAuthRefPeriod"))),
    ]
    if any(found.end for each in periods if (found := period(each))):
        return True
    return any(tells_end(words) for words, _ in _words(item, resource, at))


def _is_document(info: JsonObject) -> bool:
    return any(key.startswith(("valueReference", "valueAttachment")) for key in info)


def _names(resource: JsonObject, items: list[JsonObject]) -> Iterator[str]:
    yield from (each.value for each in identifiers(resource.get("identifier")))
    yield from texts(resource.get("preAuthRef"))
    for item in items:
        for url in NUMBERS:
            yield from (text(each.get("valueString")) for _, each in extensions(item, url) if each.get("valueString"))
        for _, each in extensions(item, TRACE):
            yield from (trace.value for trace in identifiers(each.get("valueIdentifier")))
        for one in adjudications(_as_pas(item.get("adjudication")), ""):
            yield from (review.number for review in one.review_actions if review.number)

"""Reading a prior authorization as a member is shown it: an ExplanationOfBenefit (PDex, or FHIR R4 alone).

The law names six things and no form (42 CFR 422.119(b)(1)(iv)(A) and its parallels): each is looked for wherever FHIR
has a place for it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from conformance.apis.drugs import is_drug
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
from conformance.apis.wording import decision_told, tells_end
from conformance.clock import Stamp, stamp

PDEX = "http://hl7.org/fhir/us/davinci-pdex/StructureDefinition/"
PAS = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/"
CARIN = "http://hl7.org/fhir/us/carin-bb/StructureDefinition/C4BB-ExplanationOfBenefit"
PROFILE = f"{PDEX}pdex-priorauthorization"
WHEN = f"{PDEX}base-ext-when-adjudicated"
ISSUED = f"{PAS}extension-itemPreAuthIssueDate"
VALID = f"{PAS}extension-itemPreAuthPeriod"
TRACE = f"{PAS}extension-itemTraceNumber"
NUMBERS = (f"{PAS}extension-authorizationNumber", f"{PAS}extension-administrationReferenceNumber")
NOT_NAMED = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
GRANTED = ("approved", "modified")
DECIDED = (*GRANTED, "denied")
DAY = timedelta(days=1)  # a date without a time of day, in another zone


@dataclass(frozen=True)
class Line:
    """One service of an authorization; ``action`` is None where nothing tells what was decided about it.

    ``until`` is the day or time at which it ends, as written, ``ends`` whether that or a circumstance is told.
    ``told``: its status is told, in words that we need not understand. ``traces`` are the numbers that follow it.
    """

    at: str
    sequence: int | None
    named: bool
    action: Action | None
    reasons: tuple[Reason, ...]
    dated: bool
    ends: bool
    told: bool = True
    traces: frozenset[str] = frozenset()
    until: str = ""

    @property
    def in_words(self) -> bool:
        """Whether its status is told in words that are not understood here."""
        return self.told and self.action is None


@dataclass(frozen=True)
class Shown:
    """One authorization; ``names`` is every identifier, number and trace it can be known by.

    ``created`` is when the resource was made, as written: for some payers when it was decided, for others not.
    """

    at: str
    names: frozenset[str]
    patient: str
    profiles: tuple[str, ...]
    names_profile: bool
    is_drug: bool
    lines: tuple[Line, ...]
    documents: int
    created: str = ""

    @property
    def actions(self) -> frozenset[str]:
        """What was decided, line by line."""
        return frozenset(str(line.action) for line in self.lines)

    def of(self, sequence: int | None, traces: Collection[str] = ()) -> Line | None:
        """The line that one of these numbers follows, else that of this sequence number."""
        traced = next((line for line in self.lines if line.traces.intersection(traces)), None)
        return traced or next((line for line in self.lines if line.sequence == sequence), None)


def is_authorization(resource: Mapping[str, Any]) -> bool:
    """Whether an ExplanationOfBenefit is about a prior authorization and not a claim."""
    return resource.get("resourceType") == "ExplanationOfBenefit" and resource.get("use") == "preauthorization"


def is_claim(resource: Mapping[str, Any]) -> bool:
    """Whether an ExplanationOfBenefit is about a claim, and no estimate of one (predetermination) either."""
    return resource.get("resourceType") == "ExplanationOfBenefit" and resource.get("use") == "claim"


def names_profile(authorization: Mapping[str, Any]) -> bool:
    """Whether an authorization names its profile, as it must where it has a ``meta``; it need not have one."""
    meta = record(authorization.get("meta"))
    return not meta or any(each.partition("|")[0] == PROFILE for each in texts(meta.get("profile")))


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
        names=names_of(resource),
        patient=reference_key(resource.get("patient")),
        profiles=texts(record(resource.get("meta")).get("profile")),
        names_profile=names_profile(resource),
        is_drug="pharmacy" in kinds or is_drug(services),
        lines=lines,
        documents=sum(1 for _, each in records(resource.get("supportingInfo")) if _is_document(each)),
        created=text(resource.get("created")),
    )


def names_of(resource: JsonObject) -> frozenset[str]:
    """Every identifier, number and trace that an authorization can be known by."""
    return frozenset(_names(resource))


def content_faults(shown: Shown, decided: Stamp | None = None) -> tuple[str, ...]:
    """What the law names and nothing in the authorization tells: status, date, end, services, reason of denial.

    ``created`` is a date of the decision for want of a better one, unless it was ``decided`` at another time.
    """
    made = stamp(shown.created)
    dated = made is not None and (decided is None or near(made, decided))
    faults = []
    for line in shown.lines:
        lacking = {
            "no status": line.action is None and not line.in_words,
            "no date of the decision": line.action in DECIDED and not (line.dated or dated),
            "no end date or circumstance": line.action in GRANTED and not line.ends,
            "no service that was approved": line.action in GRANTED and not line.named,
            "no specific reason of the denial": line.action == "denied" and not line.reasons,
        }
        faults += [f"{line.at}: {name}" for name, present in lacking.items() if present]
    return tuple(faults)


def undated(shown: Shown) -> bool:
    """Whether no better date of a decision is there than when the resource was made."""
    return any(line.action in DECIDED and not line.dated for line in shown.lines)


def near(one: Stamp, other: Stamp) -> bool:
    """Whether two stamps may be of one day, in whatever zones."""
    return one.earliest - DAY <= other.latest and other.earliest <= one.latest + DAY


def _line(item: JsonObject, at: str, whole_: JsonObject, top: str) -> Line:
    own = adjudications(_as_pas(item.get("adjudication")), at)
    header = adjudications(_as_pas(whole_.get("adjudication")), top)
    told = own if any(each.review_actions or each.reasons for each in own) else header
    action = next((review.action for each in told for review in each.review_actions if review.action), None)
    reasons = [reason for each in told for reason in (*each.reasons, *_of_actions(each))]
    reasons += [
        reason for words, place in _words(item, whole_, top) for reason in text_reasons(words, "itemNote", place)
    ]
    until = _until(item, whole_)
    return Line(
        at=at,
        sequence=whole(item.get("sequence")),
        named=_is_named(item),
        action=action or _plain_action(whole_, bool(reasons)),
        reasons=tuple(reasons),
        dated=_is_dated(item) or _is_dated(whole_),
        ends=bool(until) or any(tells_end(words) for words, _ in _words(item, whole_, top)),
        told=bool(text(whole_.get("disposition"))),
        traces=frozenset(_traces(item)),
        until=until,
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
    if told := decision_told(text(resource.get("disposition"))):
        return told
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
    """Whether a line says what it is of: an institution's by a revenue code or the kind of service."""
    for concept in (record(item.get(key)) for key in ("productOrService", "revenue", "category")):
        if text(concept.get("text")) or any(each.code and each.system != NOT_NAMED for each in codings(concept)):
            return True
    return any(True for _ in records(item.get("detail")))


def _is_dated(element: JsonObject) -> bool:
    """Whether the element, or an adjudication of it, says when it was decided."""
    if text(extension(element, ISSUED).get("valueDate")):
        return True
    return any(
        text(each.get("valueDateTime"))
        for _, adjudication in records(element.get("adjudication"))
        for _, each in extensions(adjudication, WHEN)
    )


def _until(item: JsonObject, resource: JsonObject) -> str:
    """When a line ends: by its own period, or by the period of the whole authorization."""
    periods = (
        period(extension(item, VALID).get("valuePeriod")),
        *(period(each) for _, each in records(resource.get("preAuthRefPeriod"))),
    )
    return next((found.end for found in periods if found and found.end), "")


def _is_document(info: JsonObject) -> bool:
    return any(key.startswith(("valueReference", "valueAttachment")) for key in info)


def _names(resource: JsonObject) -> Iterator[str]:
    yield from (each.value for each in identifiers(resource.get("identifier")))
    yield from texts(resource.get("preAuthRef"))
    for _, item in records(resource.get("item")):
        for url in NUMBERS:
            yield from (text(each.get("valueString")) for _, each in extensions(item, url) if each.get("valueString"))
        yield from _traces(item)
        for one in adjudications(_as_pas(item.get("adjudication")), ""):
            yield from (review.number for review in one.review_actions if review.number)


def _traces(item: JsonObject) -> Iterator[str]:
    for _, each in extensions(item, TRACE):
        yield from (trace.value for trace in identifiers(each.get("valueIdentifier")))

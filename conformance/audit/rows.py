"""One resource of FHIR as a row: a ClaimResponse (PAS), the Claim it answers, or an ExplanationOfBenefit (PDex).

PAS carries no stamp of receipt: it is looked for in supportingInfo (category clmrecvddate, CARIN's code for it).
``created`` tells when a resource was made, which may be long after the decision: it shows that a decision stood by
then, and never makes one late. This runs once for every line: only what is needed is read, into typed structures.
"""

from __future__ import annotations

from conformance.audit.resources import Coding, Concept, Extension, Item, Resource

RECEIVED = frozenset({"clmrecvddate"})
NO_DECISION = {"queued": "A4", "error": "error"}  # outcome of an answer without review actions -> what it comes to

# How everything that may be a reason is written in one text, to be graded once per distinct text (grading.py).
WHOLE, ITEM, PART = "\x1d", "\x1e", "\x1f"
_NO_MARKS = {ord(mark): " " for mark in (WHOLE, ITEM, PART)}
IN_PART = "p:"  # the whole was modified or approved in part, and no line of it denied
_REFUSED = frozenset({"A2", "A3", "A6"})
_NO_ANSWERS = frozenset({"entered-in-error", "draft"})

COLUMNS = (
    "role", "name", "other", "key", "received", "decided", "made", "outcome", "reasons", "urgency", "service",
    "service_system", "certification", "updated", "excluded",
)  # fmt: skip
# Those that hold few distinct texts.
FEW = ("role", "outcome", "reasons", "urgency", "service", "service_system", "certification", "updated", "excluded")
Row = tuple[str | None, ...]


def answer(raw: Resource, asked: Resource | None = None) -> Row:
    """The row of an answer, a ClaimResponse or an ExplanationOfBenefit; ``asked`` is its request where that is known.

    A request that it contains is known.
    """
    codes: list[str] = []
    decided: list[str] = []
    for item in raw.item:
        _decisions(item, codes, decided)
    for item in raw.addItem:
        _decisions(item, codes, decided)
    if not codes:
        _decisions(raw, codes, decided)
    if len(codes) > 1:
        codes = sorted(set(codes))
    named = raw.request or raw.claim
    name = number = None
    if named is not None:
        name = name_of(named.reference)
        number = named.identifier.value if named.identifier else None
        if raw.contained and asked is None:
            asked = next((each for each in raw.contained if each.id and f"#{each.id}" == named.reference), None)
    service = _first(raw.item[0].productOrService) if raw.item else None
    refused = not _REFUSED.isdisjoint(codes)
    own = raw.resourceType == "ExplanationOfBenefit"
    row = (
        "answer", name, number, raw.id or _number(raw), _received(raw), max(decided) if decided else None, raw.created,
        " ".join(codes) or NO_DECISION.get(raw.outcome or "", ""), _reasons(raw, codes) if refused else None,
        _urgency(raw) if own else None, service.code if service else None, service.system if service else None, None,
        raw.meta.lastUpdated if raw.meta else None, _excluded(raw),
    )  # fmt: skip
    return row if asked is None else _paired(row, request(asked))


def _paired(answered: Row, asked: Row) -> Row:
    """An answer with what its request says, named as that is named itself."""
    both, of = dict(zip(COLUMNS, answered, strict=True)), dict(zip(COLUMNS, asked, strict=True))
    both |= {"role": "paired", "name": of["name"] or of["other"], "other": of["other"]}
    both |= {fact: both[fact] or of[fact] for fact in ("received", "service", "service_system")}
    both["urgency"] = of["urgency"] or both["urgency"]
    both["certification"] = of["certification"]
    return tuple(both.values())


def name_of(reference: str | None) -> str | None:
    """What a reference or address calls a resource: its id, or the UUID of a URN."""
    return reference and reference.partition("/_history/")[0].rpartition("/")[2].rpartition(":")[2]


def request(raw: Resource) -> Row:
    """The row of a request, a Claim."""
    first = raw.item[0] if raw.item else None
    service = _first(first.productOrService) if first else None
    certified = next(
        (
            coding.code
            for each in (*(first.extension if first else ()), *raw.extension)
            if each.url.endswith("extension-certificationType") and (coding := _first(each.valueCodeableConcept))
        ),
        None,
    )
    return (
        "request", raw.id, _number(raw), None, _received(raw), None, raw.created, None, None, _urgency(raw),
        service.code if service else None, service.system if service else None, certified, None, None,
    )  # fmt: skip


def _decisions(element: Item | Resource, codes: list[str], decided: list[str]) -> None:
    """Adds the codes of an element's review actions and the stamps of their issue."""
    for adjudication in element.adjudication:
        for each in adjudication.extension:
            _decision(each, codes, decided)
    for each in element.extension:
        _decision(each, codes, decided)


_ACTION, _ISSUED, _ADJUDICATED = "extension-reviewAction", "extension-itemPreAuthIssueDate", "base-ext-when-adjudicated"
_ACTION_CODE = "reviewActionCode"


def _decision(each: Extension, codes: list[str], decided: list[str]) -> None:
    url = each.url
    if each.valueDateTime is not None:
        if url.endswith(_ADJUDICATED) and each.valueDateTime:
            decided.append(each.valueDateTime)
    elif each.valueDate is not None:
        if url.endswith(_ISSUED) and each.valueDate:
            decided.append(each.valueDate)
    elif url.endswith(_ACTION):
        for part in each.extension:
            if part.url.endswith(_ACTION_CODE) or part.url == "code":
                code = _code(part.valueCodeableConcept) or part.valueCode
                if code:
                    codes.append(code.upper())


def _received(raw: Resource) -> str | None:
    for info in raw.supportingInfo:
        if _code(info.category) in RECEIVED:
            return (info.timingPeriod.start if info.timingPeriod else None) or info.timingDate
    return None


def _urgency(raw: Resource) -> str | None:
    """X12 1338 where it stands (U, 03), else the priority; no guide binds either to a turnaround."""
    for each in raw.extension:
        if each.url.endswith("extension-levelOfServiceCode") and (code := _code(each.valueCodeableConcept)):
            return code
    return _code(raw.priority)


def _excluded(raw: Resource) -> str | None:
    """Why an answer is none on a request for authorization."""
    use = raw.use
    if use is not None and use != "preauthorization":
        return f"use {use}"
    return "entered in error" if raw.status in _NO_ANSWERS else None


def _reasons(raw: Resource, codes: list[str]) -> str:
    whole = [f"t:{raw.disposition}"] if raw.disposition else []
    if "A3" not in codes:
        whole.append(IN_PART)
    whole += [f"N:{note.number}:{note.text}" for note in raw.processNote if note.text]
    whole += _said(raw)
    return _clean(whole) + WHOLE + ITEM.join(_clean(_of_item(item)) for item in (*raw.item, *raw.addItem))


def _clean(parts: list[str]) -> str:
    text = PART.join(parts)
    if WHOLE in text or ITEM in text or text.count(PART) >= len(parts) > 0:
        return PART.join(part.translate(_NO_MARKS) for part in parts)
    return text


def _of_item(item: Item) -> list[str]:
    codes: list[str] = []
    _decisions(item, codes, [])
    numbers = item.itemSequence if item.itemSequence is not None else item.sequence
    parts = [f"a:{' '.join(codes)}"]
    parts += [f"s:{number}" for number in (numbers if isinstance(numbers, list) else [numbers])]
    parts += [f"n:{number}" for number in item.noteNumber]
    return parts + _said(item)


def _said(element: Item | Resource) -> list[str]:
    """The reasons that an element gives: codes ("c:system#code"), what they display ("d:…"), words ("t:…")."""
    parts: list[str] = []
    for adjudication in element.adjudication:
        for each in adjudication.extension:
            _reason(each, parts)
        _concept(adjudication.reason, parts)
    for each in element.extension:
        _reason(each, parts)
    return parts


def _reason(each: Extension, parts: list[str]) -> None:
    if each.url.endswith("extension-reviewAction"):
        for part in each.extension:
            if part.url == "reasonCode":
                _concept(part.valueCodeableConcept, parts)
                if part.valueString:
                    parts.append(f"t:{part.valueString}")


def _concept(concept: Concept | None, parts: list[str]) -> None:
    if concept is None:
        return
    for coding in concept.coding:
        if coding.code:
            parts.append(f"c:{coding.system or ''}#{coding.code}")
        if coding.display:
            parts.append(f"d:{coding.system or ''}#{coding.display}")
    if concept.text:
        parts.append(f"t:{concept.text}")


def _number(raw: Resource) -> str | None:
    return next((each.value for each in raw.identifier if each.value), None)


def _code(concept: Concept | None) -> str | None:
    """The first code of a concept."""
    if concept is not None:
        for each in concept.coding:
            if each.code:
                return each.code
    return None


def _first(concept: Concept | None) -> Coding | None:
    if concept is not None:
        for each in concept.coding:
            if each.code:
                return each
    return None

"""A request and its answer held side by side: the same items, the same resources, the same story when asked again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from conformance.apis.authorization_lines import Item
from conformance.apis.drugs import drug_lines
from conformance.apis.prior_auth import DATA_ABSENT_REASON, Answer
from conformance.apis.reason_grades import contrary_reasons
from conformance.apis.same_member import claim_of
from conformance.apis.shapes import Period, Placed, entries, extension, identifiers, records, whole
from conformance.clock import ANYWHERE, stamp

BARE_DAY = len("2027-01-05")
# Whom both sides keep records of.
PARTIES = frozenset({"Organization", "Coverage", "Practitioner", "PractitionerRole"})


def sequences(request: Mapping[str, Any]) -> tuple[int, ...]:
    """The sequence numbers of a request's items."""
    listed = records(claim_of(request).resource.get("item"))
    return tuple(number for _, each in listed if (number := whole(each.get("sequence"))) is not None)


def unanswered(request: Mapping[str, Any], answer: Answer) -> tuple[str, ...]:
    """The items of a request, drugs apart, that an answer does not decide: nothing is said of them, or no decision.

    A decision about the whole request answers every item, and so does an outcome still to come. An item that an error
    names was not processed, as a whole request is not that comes to one. Items under numbers of the payer's own answer
    as many as they are: how they are numbered is the guide's matter.
    """
    if answer.under_review or (answer.whole and answer.whole.actions):
        return ()
    asked = set(sequences(request))
    told = {item.sequence for item in answer.decided}
    strangers = [item for item in answer.items if item.sequence not in asked]
    excused = drug_lines(request) | unprocessed(request, answer)
    missing = sorted(asked - told - excused)[len(strangers) :]
    undecided = (f"item {item.sequence}: no decision" for item in answer.undecided if item.sequence not in excused)
    return (*undecided, *(f"item {number}: no answer" for number in missing))


def unprocessed(request: Mapping[str, Any], answer: Answer) -> frozenset[int]:
    """The sequence numbers of the request's items that an error of the answer names, and nothing decides."""
    asked = sequences(request)
    places = {each.index for each in answer.errors}
    named = {each.sequence for each in answer.errors} | {number for at, number in enumerate(asked) if at in places}
    decided = {item.sequence for item in answer.decided if item.actions}
    return frozenset(number for number in asked if number in named and number not in decided)


def misnumbered(request: Mapping[str, Any], answer: Answer) -> str:
    """How the numbers of an answer's items differ from the request's; "" where each is one of these, however often."""
    asked, told = set(sequences(request)), {item.sequence for item in answer.items}
    if told <= asked:
        return ""
    return f"items {[item.sequence for item in answer.items]} for {sorted(asked)}"


def other_request(request: Mapping[str, Any], answer: Answer) -> str:
    """Another request of the same sender's that an answer names as the one it answers; "" where there is none.

    A payer may name the Claim as it keeps it itself, under an address and a number of its own.
    """
    claim, told = claim_of(request), answer.request.reference.partition("/_history/")[0]
    base = _base(claim)
    own = {each.key: each.system for each in identifiers(claim.resource.get("identifier"))}
    if "://" in base and told.startswith(f"{base}Claim/") and told != claim.full_url:
        return told
    ours = (each for each in answer.request.identifiers if each.system and each.system in own.values())
    return next((each.key for each in ours if each.key not in own), "")


def renamed(request: Mapping[str, Any], answer: Answer) -> tuple[str, ...]:
    """The resources of an answer that are the request's own, under another fullUrl or id.

    Echoed is what carries the type and id, or the fullUrl, of a resource in the request, or the very content of one.
    A record of the payer's own about the same person or organization is no echo: parties under another base URL are
    its own, even where they read alike or have the same id by chance.
    """
    sent = {(each.type, each.id): each.full_url for each in entries(request) if each.id}
    urls = {each.full_url: (each.type, each.id) for each in entries(request)}
    contents = [(each.type, _content(each)) for each in entries(request)]
    bases = {_base(each) for each in entries(request)}
    found = []
    for placed in answer.entries:
        if placed.type in PARTIES and "://" in placed.full_url and _base(placed) not in bases:
            continue
        here = (placed.type, placed.id)
        if here in sent and placed.full_url != sent[here]:
            found.append(f"{placed.type}/{placed.id} came back as {placed.full_url or 'no fullUrl'}")
        elif placed.full_url in urls and urls[placed.full_url] != here:
            found.append(f"{placed.full_url} came back with the id {placed.id}")
        elif here not in sent and (placed.type, _content(placed)) in contents:
            found.append(f"{placed.type} came back word for word as {placed.full_url or placed.id}")
    return tuple(found)


def _base(placed: Placed) -> str:
    """The part of a fullUrl that names the server."""
    return placed.full_url.rpartition(f"{placed.type}/")[0]


def _content(placed: Placed) -> dict[str, Any]:
    return {key: value for key, value in placed.resource.items() if key not in ("id", "meta", "text")}


def echoes(request: Mapping[str, Any], answer: Answer) -> int:
    """How many resources of the request an answer repeats: by type and id, by fullUrl, or word for word."""
    sent = {(each.type, each.id) for each in entries(request)} | {each.full_url for each in entries(request)}
    contents = [(each.type, _content(each)) for each in entries(request)]
    return sum(
        (each.type, each.id) in sent or each.full_url in sent or (each.type, _content(each)) in contents
        for each in answer.entries
    )


def repeated(answer: Answer) -> tuple[str, ...]:
    """The resource instances that an answer holds more than once: by fullUrl, where there is none by type and id.

    Under two base URLs the same type and id are two resources.
    """
    known = Counter(each.full_url or f"{each.type}/{each.id}" for each in answer.entries if each.full_url or each.id)
    return tuple(key for key, number in known.items() if number > 1)


def content_faults(answer: Answer) -> tuple[str, ...]:
    """What a ClaimResponse lacks of its profile's head: status, use, outcome, patient, insurer, created."""
    outcomes = answer.guide["outcomes"]
    faults = {
        f"status {answer.status!r} instead of active": answer.status != "active",
        f"use {answer.use!r} instead of preauthorization": answer.use != "preauthorization",
        f"outcome {answer.outcome!r}, not one of {', '.join(outcomes)}": answer.outcome not in outcomes,
        "no patient": not (answer.patient.reference or answer.patient.identifiers),
        "no insurer": not answer.insurer,
        "no created": not (answer.created or extension(answer.claim_response.get("_created"), DATA_ABSENT_REASON)),
    }
    return tuple(told for told, wrong in faults.items() if wrong)


def disagreements(submitted: Answer, inquired: tuple[Answer, ...], first: Answer | None = None) -> tuple[str, ...]:
    """The items about which an inquiry tells another decision than the submission did, or nothing at all.

    Every answer about the request must tell the same; what was pended at ``first`` may still be told as it was, what
    is pended in ``submitted`` may have been decided since.
    """
    told: dict[int | None, set[str]] = {}
    for answer in inquired:
        for item in answer.decided:
            told.setdefault(item.sequence, set()).update(item.actions)
    before = {item.sequence for item in (first.pended if first else ())}
    found = []
    for item in submitted.decided if inquired else ():
        whole = item.sequence is None or None in told
        later = set().union(*told.values()) if whole else told.get(item.sequence, set())
        allowed = set(item.actions) | ({"pended"} if item.sequence in before else set())
        if not later and item.actions:
            found.append(f"item {item.sequence}: {item.action} at submission, nothing now")
        elif item.actions and item.action != "pended" and later - allowed:
            found.append(f"item {item.sequence}: {item.action} at submission, {', '.join(sorted(later))} now")
    return tuple(found)


def told_otherwise(brought: Answer, again: tuple[Answer, ...]) -> tuple[str, ...]:
    """What an inquiry tells otherwise than a notification did: another decision, or another reason for a denial."""
    denied: dict[int | None, list[Item]] = {}
    for item in (item for each in again for item in each.denied):
        denied.setdefault(item.sequence, []).append(item)
    reasons = (
        f"item {item.sequence}: {contrary}"
        for item in brought.denied
        for other in denied.get(item.sequence, ())
        if (contrary := contrary_reasons(other.reasons, item.reasons))
    )
    return (*disagreements(brought, again), *reasons)


def authorized_otherwise(one: Item, other: Item) -> str:
    """How two tellings of an approval contradict each other: numbers that have none in common, days of issue and end.

    What only one of them tells contradicts nothing. A number is the same in whatever letters and with whatever dashes.
    """
    numbers, others = _written(one), _written(other)
    found = []
    if numbers and others and not numbers & others:
        found.append(f"number {one.number or one.previous_number}, then {other.number or other.previous_number}")
    if _contradict(one.issued, other.issued):
        found.append(f"issued {one.issued}, then {other.issued}")
    if _contradict(one.until, other.until):
        found.append(f"until {one.until}, then {other.until}")
    return "; ".join(found)


def _contradict(one: str, other: str) -> bool:
    """Whether two stamps cannot mean the same: two bare days are one only if they are equal, in whatever zone."""
    first, second = stamp(one, ANYWHERE), stamp(other, ANYWHERE)
    if first is None or second is None:
        return False
    apart = first.latest < second.earliest or second.latest < first.earliest
    return apart or (len(one) == len(other) == BARE_DAY and one != other)


def _written(item: Item) -> set[str]:
    """The numbers of an authorization, by their letters and digits."""
    numbers = ("".join(filter(str.isalnum, each)).casefold() for each in (item.number, item.previous_number))
    return {each for each in numbers if each}


def over_when_issued(item: Item) -> str:
    """The end of an approval that was over before the day on which it was issued; "" of any other."""
    issued, end = stamp(item.issued, ANYWHERE), stamp(item.until, ANYWHERE)
    return item.until if issued and end and end.latest < issued.earliest else ""


def periods(answer: Answer) -> tuple[Period, ...]:
    """Every authorization period of an answer: of the items, of the added items, of the whole."""
    own = (item.period for item in answer.items)
    added = (item.period for item in answer.add_items)
    return tuple(each for each in (*own, *added, answer.preauth_period) if each is not None)


def in_order(period: Period) -> bool:
    """Whether a period may start before it ends (FHIR per-1); a bare date is read in the same zone at both ends."""
    return any(_in_order(period, zone) for zone in ANYWHERE)


def _in_order(period: Period, zone: str) -> bool:
    start, end = stamp(period.start, (zone,)), stamp(period.end, (zone,))
    return start is None or end is None or start.earliest <= end.latest

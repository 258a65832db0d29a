"""What an answer holds: an added item that authorizes something else, quantities, somebody described twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from conformance.apis.answer_lines import AddItem
from conformance.apis.authorization_lines import AUTHORIZED_DETAIL, TRACE_NUMBER, Item
from conformance.apis.prior_auth import Answer
from conformance.apis.same_member import claim_of
from conformance.apis.shapes import Placed, codings, extensions, identifiers, record, records, text, whole
from conformance.apis.x12 import of_x12

QUANTITY_UNITS = "673"
# Of whom two descriptions are two of one: beneficiary and subscriber are lawfully two Patients.
DESCRIBED = frozenset({"Organization", "Practitioner", "Location"})


@dataclass(frozen=True)
class ChangedItem:
    """An item of an answer, and the added item that authorizes something else than was asked for."""

    at: str
    item: Item
    added: AddItem

    @property
    def codes(self) -> tuple[str, ...]:
        """The X12 306 codes of the item's decision."""
        return tuple(each.code for each in self.item.action_codings)


@dataclass(frozen=True)
class Amount:
    """A quantity of an added item, and where it stands."""

    at: str
    raw: Mapping[str, Any]

    @property
    def measured(self) -> bool:
        """Whether it has a value, and a unit or a code."""
        value = self.raw.get("value")
        numeric = isinstance(value, int | float) and not isinstance(value, bool)
        return numeric and bool(text(self.raw.get("unit")) or text(self.raw.get("code")))

    @property
    def coded(self) -> str:
        """Its code with its system, "" where it has none."""
        code = text(self.raw.get("code"))
        return f"{text(self.raw.get('system'))}|{code}" if code else ""

    @property
    def in_x12(self) -> bool:
        """Whether its code is one of X12 673, under whatever address of X12's: no example of the guide has one."""
        return of_x12(text(self.raw.get("system")), QUANTITY_UNITS)


def changed_items(request: Mapping[str, Any], answer: Answer) -> tuple[ChangedItem, ...]:
    """The items of which an added item, under their number, authorizes another service or another amount."""
    asked = {whole(each.get("sequence")): each for _, each in records(claim_of(request).resource.get("item"))}
    items = {item.sequence: item for item in answer.items}
    return tuple(
        ChangedItem(added.at, items[number], added)
        for added in answer.add_items
        for number in added.sequences
        if number in asked and number in items and _differs(asked[number], added)
    )


def amounts(answer: Answer) -> tuple[Amount, ...]:
    """The quantities of an answer's added items.

    The quantity of an item's authorizedItemDetail has the same data type, but the guide's own example of it has neither
    unit nor code: it is not judged.
    """
    return tuple(Amount(f"{each.at}.quantity", each.quantity) for each in answer.add_items if each.quantity)


def uncoded_services(request: Mapping[str, Any], answer: Answer) -> tuple[str, ...]:
    """The places where an answer says in words alone which service is authorized; none where the request did so too.

    A concept without words and codes may say by an extension why it is absent.
    """
    asked = [each.get("productOrService") for _, each in records(claim_of(request).resource.get("item"))]
    if not all(map(_coded, asked)):
        return ()
    told = authorized_services(answer)
    return tuple(at for at, concept in told if text(record(concept).get("text")) and not _coded(concept))


def authorized_services(answer: Answer) -> list[tuple[str, Any]]:
    """Where an answer says which service is authorized, and what it says; a denied added item authorizes nothing."""
    response, guide = answer.claim_response, answer.guide
    told = [
        (f"item[{place}], {at.removeprefix('.')}.productOrServiceCode", part.get("valueCodeableConcept"))
        for place, item in records(response.get("item"))
        for at, detail in extensions(item, AUTHORIZED_DETAIL)
        for _, part in extensions(detail, "productOrServiceCode")
    ]
    added = zip(records(response.get("addItem")), answer.add_items, strict=True) if guide["add_item"] else ()
    return told + [
        (f"addItem[{place}].productOrService", each.get("productOrService"))
        for (place, each), line in added
        if set(line.actions) != {"denied"}
    ]


def _coded(concept: Any) -> bool:
    return any(each.code for each in codings(concept))


def bundle_identifier(answer: Answer) -> str:
    """The identifier of an answer's Bundle; "" where it has none."""
    identifier = record(answer.bundle.get("identifier"))
    return f"{text(identifier.get('system'))}|{text(identifier.get('value'))}" if text(identifier.get("value")) else ""


def shared_identifiers(answers: Iterable[Answer]) -> tuple[str, ...]:
    """The identifiers that several of the answers' Bundles have."""
    often = Counter(bundle_identifier(each) for each in answers)
    return tuple(each for each, number in often.items() if each and number > 1)


def incomplete_identifiers(answer: Answer) -> tuple[str, ...]:
    """The ClaimResponse's identifiers and its items' trace numbers without a system or a value, with their places."""
    response = answer.claim_response
    told = [(f"identifier[{place}]", each) for place, each in records(response.get("identifier"))]
    for name in ("item", "addItem"):
        for place, line in records(response.get(name)):
            for at, trace in extensions(line, TRACE_NUMBER, f"{name}[{place}]"):
                told += [(at, trace["valueIdentifier"])] if isinstance(trace.get("valueIdentifier"), dict) else []
    return tuple(
        f"{at} without {part}"
        for at, each in told
        for part in ("system", "value")
        if not text(each.get(part)) and f"_{part}" not in each
    )


def described_twice(answer: Answer) -> tuple[str, ...]:
    """The organizations, practitioners and locations of which an answer holds two resources with one identifier."""
    seen: dict[tuple[str, str], Placed] = {}
    found = []
    for placed in answer.entries:
        for key in _known_by(placed):
            other = seen.setdefault(key, placed)
            if other is not placed and (other.full_url, other.id) != (placed.full_url, placed.id):
                found.append(
                    f"{placed.type} {key[1]} as {other.full_url or other.id} and {placed.full_url or placed.id}"
                )
    return tuple(dict.fromkeys(found))


def _known_by(placed: Placed) -> Iterator[tuple[str, str]]:
    if placed.type in DESCRIBED:
        yield from ((placed.type, each.key) for each in identifiers(placed.resource.get("identifier")))


def _differs(asked: Mapping[str, Any], added: AddItem) -> bool:
    """Whether service or amount are not those that were asked for; what one side leaves out does not differ."""
    wanted = {each.code for each in codings(asked.get("productOrService")) if each.code}
    given = {each.code for each in added.services if each.code}
    if wanted and given and not wanted & given:
        return True
    amount, authorized = record(asked.get("quantity")).get("value"), (added.quantity or {}).get("value")
    return amount is not None and authorized is not None and amount != authorized

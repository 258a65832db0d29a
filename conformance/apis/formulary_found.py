"""What a search or a read of a formulary gave, seen against what was asked for; every function takes any resource."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from conformance.apis.formulary import DRUG_POLICY, Drug, Item, read_drug, read_item
from conformance.apis.shapes import JsonObject, codings_of_all, is_type, record, records, reference_key, text
from conformance.exchange import Exchange
from conformance.fhir import NotFhir, parse
from conformance.primitives import wrong

# Codes of OperationOutcome.issue by which a caller is asked for credentials, or refused for want of them.
ASKS = "required"  # the issue that asks for something more (of the person, where everything else was asked right)
SHORTEST_WORD = 4
UNKNOWN = "conformance-none"  # the id of a formulary, and the code of a tier, that no payer has


def formulary_of(resource: Any) -> str:
    """The formulary ("InsurancePlan/id") of an item; "" for anything else."""
    item = read_item(resource)
    return item.formulary if item else ""


def drug_of(resource: Any) -> str:
    """The drug ("MedicationKnowledge/id") of an item; "" for anything else."""
    item = read_item(resource)
    return item.drug if item else ""


def tiers_of(resource: Any) -> frozenset[str]:
    """The codes of an item's tier."""
    item = read_item(resource)
    return frozenset(code.code for codes in item.tiers for code in codes) if item else frozenset()


def is_like(resource: Any, one: Item) -> bool:
    """Whether an item has the formulary, the tier and the status of another."""
    item = read_item(resource)
    tier = one.tier_code.code if one.tier_code else ""
    alike = item is not None and (item.formulary, item.status) == (one.formulary, one.status)
    return alike and tier in tiers_of(resource)


def rxnorm_of(resource: Any) -> tuple[str, ...]:
    """A drug's RxNorm codes."""
    drug = read_drug(resource)
    return drug.rxnorm if drug else ()


def is_called(resource: Any, word: str) -> bool:
    """Whether any name of a drug holds a word, whatever the case and accents."""
    drug = read_drug(resource)
    return drug is not None and any(_folded(word) in _folded(name) for name in drug.names)


def is_named(resource: Any, name: str) -> bool:
    """Whether a drug has exactly this name among those that are searched."""
    drug = read_drug(resource)
    return drug is not None and name in drug.searched


def plain_name(drug: Drug) -> str:
    """A name of a drug, of several words where it has one, without the signs that mean something in a search."""
    plain = [name for name in drug.searched if not set(name) & set(",|$\\")]
    words = [name for name in plain if all(name.split()[place].isalnum() for place in (0, -1))]
    return max(words, key=lambda name: (len(name.split()), name), default="")


def is_drug_policy(resource: Any) -> bool:
    """Whether an InsurancePlan has the type by which formularies are searched."""
    types = codings_of_all(record(resource).get("type"))
    return is_type(resource, "InsurancePlan") and any(each.code == DRUG_POLICY.code for each in types)


def telling_word(drug: Drug, drugs: Iterable[Drug]) -> str:
    """The word of a drug's names that fewest of ``drugs`` share, of letters and digits only; "" without any."""
    words = {word for name in drug.searched for word in _words(name)}
    known = [word for word in words if len(word) >= SHORTEST_WORD and not word.isdigit()] or list(words)
    shared = dict.fromkeys(known, 0)
    for each in drugs:
        for word in {word for name in each.searched for word in _words(name)} & shared.keys():
            shared[word] += 1
    return min(known, key=lambda word: (shared[word], -len(word), word), default="")


def same_content(listed: JsonObject, read: JsonObject | None) -> bool:
    """Whether a read gives what a search gave under the id, apart from the narrative, the servers that references name,
    and what was changed in between (the read then says another version or time)."""
    if read is None or (read.get("resourceType"), read.get("id")) != (listed.get("resourceType"), listed.get("id")):
        return False
    before, after = record(listed.get("meta")), record(read.get("meta"))
    changed = any(before.get(key) != after.get(key) for key in ("versionId", "lastUpdated") if key in before)
    return changed or _plain(listed) == _plain(read)


def same_version(listed: JsonObject, read: JsonObject | None) -> bool:
    """Whether a read of a version gives that version, as a search gave it."""
    return read is not None and version_of(read) == version_of(listed) and same_content(listed, read)


def version_of(resource: JsonObject) -> str:
    """The version that a resource tells, where it can be asked for by its id and that; else ""."""
    told, own = text(record(resource.get("meta")).get("versionId")), text(resource.get("id"))
    return "" if wrong("id", told) or wrong("id", own) else told


def holds_version(history: JsonObject | None, told: str) -> bool:
    """Whether the history of a resource lists a version."""
    listed = (record(each.get("resource")) for _, each in records(record(history).get("entry")))
    return is_type(history, "Bundle") and any(version_of(each) == told for each in listed)


def refuses_strangers(exchange: Exchange) -> bool:
    """Whether an answer without credentials gives no data and asks nothing of the person, or fails.

    However a closed server says no, it is closed: only an OperationOutcome that asks for something is a question.
    """
    status = exchange.status or 0
    if 200 <= status < 300:
        return not is_type(_resource(exchange), "Bundle")
    issues = [text(issue.get("code")) for _, issue in records(record(_resource(exchange)).get("issue"))]
    return status in (401, 403, 404) or not 400 <= status < 500 or ASKS not in issues


def _resource(exchange: Exchange) -> JsonObject | None:
    try:
        return parse(exchange.body)
    except NotFhir:
        return None


def _words(name: str) -> list[str]:
    return re.findall(r"[^\W_]+", name.casefold())


def _folded(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name)
    return "".join(letter for letter in letters if not unicodedata.combining(letter)).casefold()


def _plain(resource: JsonObject) -> JsonObject:
    return {key: _compared(value) for key, value in resource.items() if key not in ("meta", "text")}


def _compared(value: Any) -> Any:
    if isinstance(value, list):
        return [_compared(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        key: (reference_key(each) or each) if key == "reference" and isinstance(each, str) else _compared(each)
        for key, each in value.items()
    }

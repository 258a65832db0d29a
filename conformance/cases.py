"""Request bodies from templates (fixtures/cases) and a few facts.

A template is JSON that is walked, never text that is substituted, so no fact can break out of its place:

    {"$fact": "member.family"}                       the fact; without it the tester is told which key is missing
    {"$fact": "member.gender", "$optional": true}    the fact, or the element is left out
    {"$each": "items", "$do": {…}}                   one element per entry; inside, its facts are "item.…"
    {"$if": "urgent", "$do": {…}}                    the element only where the fact is true
"""

from __future__ import annotations

import copy
import json
import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from conformance.errors import NotTested, UsageError
from conformance.paths import fixtures
from conformance.target import DEFAULT_MEMBER, Case, Target

ABSENT: Any = object()
CLAIM_ENTRY = "entry.Claim"


@cache
def template(name: str) -> Any:
    """A request template of fixtures/cases by its name, without the ending."""
    return json.loads((fixtures() / "cases" / f"{name}.json").read_text("utf-8"))


@cache
def invalid_requests() -> Mapping[str, Mapping[str, Any]]:
    """The ways to break a request: name -> what to remove, set or send instead, and what may come of it.

    fixtures/cases/pas-invalid.toml says what each key means.
    """
    return tomllib.loads((fixtures() / "cases" / "pas-invalid.toml").read_text("utf-8"))


def fill(template: Any, facts: Mapping[str, Any], change: str = "") -> Any:
    """The template with its facts in place.

    A missing fact that is not optional is NotTested, naming the key of target.toml under ``change``.
    """
    filled = _fill(template, facts, change)
    return None if filled is ABSENT else filled


def _fill(node: Any, facts: Mapping[str, Any], change: str) -> Any:
    if isinstance(node, list):
        filled: list[Any] = []
        for each in node:
            if isinstance(each, dict) and "$each" in each:
                entries = _fact(facts, each["$each"])
                filled += [_fill(each["$do"], {**facts, "item": entry}, change) for entry in entries or ()]
            else:
                filled.append(_fill(each, facts, change))
        return [each for each in filled if each is not ABSENT] or ABSENT
    if not isinstance(node, dict):
        return node
    if "$fact" in node:
        value = _fact(facts, node["$fact"])
        if value is None or value == "":
            if node.get("$optional"):
                return ABSENT
            raise NotTested(f"needs the fact {node['$fact']!r}", change=_key(change, node["$fact"]))
        return copy.deepcopy(value)
    if "$if" in node:
        return _fill(node["$do"], facts, change) if _fact(facts, node["$if"]) else ABSENT
    entries = {key: _fill(value, facts, change) for key, value in node.items()}
    kept = {key: value for key, value in entries.items() if value is not ABSENT}
    return kept if kept or not node else ABSENT


def _fact(facts: Mapping[str, Any], path: str) -> Any:
    value: Any = facts
    for step in path.split("."):
        if not isinstance(value, Mapping) or step not in value:
            return None
        value = value[step]
    return value


def _key(change: str, fact: str) -> str:
    room, _, rest = fact.partition(".")
    if room in ("requester", "payer"):
        return fact
    if room == "member":
        return f"members.….{rest}"
    return ".".join(filter(None, (change, rest if room == "item" else fact)))


def request_facts(target: Target, case: Case, *, sent: str, now: str, stamp: str) -> dict[str, Any]:
    """The facts a prior-authorization request is made of.

    ``sent`` is the identifier minted for this run, case and version; ``now`` an instant, ``stamp`` its date.
    """
    given = dict(case.facts)
    member = target.members.get(given.pop("member", DEFAULT_MEMBER))
    items = given.pop("items", None) or [
        {key: given[key] for key in ("service", "quantity", "place", "service_type") if key in given}
    ]
    place = given.get("place", "11")
    return {
        **given,
        "member": {**member.facts, "relationship": member.relationship} if member else {},
        "requester": dict(target.requester),
        "payer": dict(target.payer),
        "urgent": given.get("urgency") == "expedited",
        "priority": "stat" if given.get("urgency") == "expedited" else "normal",
        "items": [_item(number, {**_ordered(given), **item}, place, sent) for number, item in enumerate(items, 1)],
        "request": {"id": sent, "created": now, "date": stamp},
    }


def _ordered(given: Mapping[str, Any]) -> dict[str, Any]:
    """What every item of a case has in common: the medication order that it is for."""
    return {"medication": given["medication"]} if "medication" in given else {}


def _item(number: int, item: Mapping[str, Any], place: str, sent: str) -> dict[str, Any]:
    return {"place": place, "service_type": "1", **item, "sequence": number, "trace": f"{sent}-{number}"}


def body_of(case: Case, name: str, facts: Mapping[str, Any], change: str) -> Any:
    """The request of a case: the tester's own body where there is one, else our template."""
    if case.body is None:
        return fill(template(name), facts, change)
    return fill(own_file(case.body), facts, change)


def own_file(path: Path) -> Any:
    """What a JSON file of the tester's own holds; UsageError where it cannot be read."""
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as wrong:
        raise UsageError(f"not a readable JSON body: {wrong}", file=str(path)) from wrong


def broken(request: Any, how: Mapping[str, Any]) -> bytes:
    """A valid request made invalid: ``send`` replaces it, ``remove`` and ``set`` change it at dotted paths.

    A request of the tester's own may have nothing there: NotTested.
    """
    if "send" in how:
        return str(how["send"]).encode()
    request = copy.deepcopy(request)
    try:
        for path in _paths(how.get("remove", ()), request):
            _parent(request, path).pop(_step(path[-1]))
        for [path], value in ((_paths(dotted, request), value) for dotted, value in how.get("set", {}).items()):
            _parent(request, path)[_step(path[-1])] = value
    except (KeyError, IndexError, TypeError, AttributeError) as missing:
        raise NotTested(f"the request has nothing that would make it {how['text']}") from missing
    return json.dumps(request).encode()


def _paths(paths: str | Sequence[str], request: Any) -> list[list[str]]:
    """Dotted paths as steps; "entry.Claim" is the entry that holds the Claim, KeyError where none does."""
    listed = [paths] if isinstance(paths, str) else list(paths)
    if any(path.startswith(CLAIM_ENTRY) for path in listed):
        kinds = [entry["resource"].get("resourceType") for entry in request["entry"]]
        if "Claim" not in kinds:
            raise KeyError("Claim")
        listed = [path.replace(CLAIM_ENTRY, f"entry.{kinds.index('Claim')}") for path in listed]
    return [path.split(".") for path in listed]


def _parent(node: Any, path: Sequence[str]) -> Any:
    for step in path[:-1]:
        node = node[_step(step)]
    return node


def _step(step: str) -> Any:
    return int(step) if step.isdigit() else step

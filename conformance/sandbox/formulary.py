"""The formulary API: search and read of plans, formularies, items, drugs and coverage areas (usdf 2.0.1 and 2.1.0).

Both guide versions have one model, so both are served the same resources.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from conformance.sandbox import trust
from conformance.sandbox.formulary_parameters import INCLUDES, PARAMETERS
from conformance.sandbox.formulary_rows import expand
from conformance.sandbox.frame import Answer, Call, Resource, Seed
from conformance.sandbox.outcome import refusal
from conformance.sandbox.search import Asked, Condition, Misasked, Query, asked, condition, cursor, opened, pointing
from conformance.sandbox.store import Payer

__all__ = ["CURSOR", "POLICY", "expand", "history", "read", "room", "search", "version"]

CURSOR = "_cursor"
FORMATS = ("json", "application/json", "application/fhir+json", "text/json")
_covered_by = PARAMETERS["InsurancePlan"]["formulary-coverage"].values
_formulary_of = PARAMETERS["Basic"]["formulary"].values
POLICY: Mapping[str, Any] = {
    "page_size": 20,
    "largest_page": 50,
    # parameters taken without notice, as "Basic?drug-tier"; with a modifier, or with a comparator: "Basic?period=sa"
    "ignored": frozenset(),
    "first_alone": frozenset(),  # parameters of which the first of several values counts, and no other
    "own_only": frozenset({"InsurancePlan"}),  # types of which a member is shown what is of the own plan
    "kept_from_members": frozenset(),  # types of which a member is shown nothing
}


@dataclass(frozen=True)
class Wish:
    """What a search asks for: conditions, a page size, what to include, and the parameters that were used."""

    conditions: tuple[Condition, ...]
    count: int
    includes: tuple[str, ...]
    used: Query


def search(call: Call, payer: Payer) -> Answer:
    """Answers ``GET Type?…`` and ``POST Type/_search``: a page of a searchset, or 400 for a query not understood.

    A page has at most ``page_size`` matches, ``_count`` up to ``largest_page``; the link to the next page is opaque.
    """
    kind = call.path.partition("/")[0]
    if kind not in PARAMETERS:
        return refusal(404, "not-found", f"There is no {kind} here.")
    try:
        query, offset = _place(call.query)
        wish = _wish(kind, query, payer, lenient="lenient" in call.headers.get("prefer", ""))
    except Misasked as error:
        return refusal(400, "invalid", str(error))
    found = [one for one in _shown(call, payer, kind).values() if all(test(one) for test in wish.conditions)]
    page = found[offset : offset + wish.count]
    here = f"{payer.base_url}/{kind}"
    link = [{"relation": "self", "url": f"{here}?{urlencode(_self(wish.used, offset))}".rstrip("?")}]
    if page and offset + wish.count < len(found):
        following = {CURSOR: cursor(query, offset + wish.count)}
        link.append({"relation": "next", "url": f"{here}?{urlencode(following)}"})
    entries = [_entry(one, "match", payer) for one in page]
    entries += [_entry(one, "include", payer) for one in _included(kind, page, wish.includes, payer.seed)]
    bundle: Resource = {"resourceType": "Bundle", "type": "searchset", "total": len(found), "link": link}
    return Answer(200, {**bundle, "entry": entries} if entries else bundle)


def read(call: Call, payer: Payer) -> Answer:
    """Answers ``GET Type/id``: the resource, or 404; 400 to a member for what is another plan's."""
    kind, _, own = call.path.partition("/")
    found = room(payer.seed, kind).get(own) if kind in PARAMETERS else None
    if found is None:
        return refusal(404, "not-found", f"There is no {call.path} here.")
    if own not in _shown(call, payer, kind):
        return refusal(400, "forbidden", f"{call.path} is not of the member's plan.")
    return Answer(200, found)


def version(call: Call, payer: Payer) -> Answer:
    """Answers ``GET Type/id/_history/version``: each resource has the version that it tells, and no other."""
    here, _, wanted = call.path.partition("/_history/")
    answer = read(replace(call, path=here), payer)
    if answer.status == 200 and answer.resource().get("meta", {}).get("versionId") != wanted:
        return refusal(404, "not-found", f"There is no {call.path} here.")
    return answer


def history(call: Call, payer: Payer) -> Answer:
    """Answers ``GET Type/id/_history``: the one version there is."""
    here = call.path.removesuffix("/_history")
    answer = read(replace(call, path=here), payer)
    if answer.status != 200:
        return answer
    done = {"request": {"method": "PUT", "url": here}, "response": {"status": "201"}}
    entry = {"fullUrl": f"{payer.base_url}/{here}", "resource": answer.resource(), **done}
    return Answer(200, {"resourceType": "Bundle", "type": "history", "total": 1, "entry": [entry]})


def room(seed: Seed, kind: str) -> Mapping[str, Resource]:
    """The resources of one type, by id."""
    rooms = {
        "InsurancePlan": seed.insurance_plans,
        "Basic": seed.formulary_items,
        "MedicationKnowledge": seed.drugs,
        "Location": seed.locations,
    }
    return rooms[kind]


def _shown(call: Call, payer: Payer, kind: str) -> Mapping[str, Resource]:
    """The resources of one type that the caller is shown: everything, but to a member's own token one plan alone."""
    rules, found = {**POLICY, **payer.policies.formulary}, room(payer.seed, kind)
    grant = trust.granted(call, payer)
    if grant is None or not grant.patient:
        return found
    if kind in rules["kept_from_members"]:
        return {}
    if kind not in rules["own_only"]:
        return found
    plan = f"plan-{payer.seed.members[grant.patient]['plan']}"
    formularies = set(_covered_by(payer.seed.insurance_plans.get(plan, {})))
    if kind == "Basic":
        return {key: each for key, each in found.items() if formularies.intersection(_formulary_of(each))}
    return {key: each for key, each in found.items() if key == plan or f"{kind}/{key}" in formularies}


def _place(query: Query) -> tuple[Query, int]:
    """The query of a page and where the page begins."""
    mark = dict(query).get(CURSOR)
    if mark is None:
        return query, 0
    if len(query) > 1:
        raise Misasked("A link to a page is followed as it is.")
    return opened(mark)


def _self(used: Query, offset: int) -> Query:
    return ((CURSOR, cursor(used, offset)),) if offset else used


def _wish(kind: str, query: Query, payer: Payer, *, lenient: bool) -> Wish:
    """A query understood; Misasked for what is not, but unknown names are passed over where the caller is lenient."""
    rules = {**POLICY, **payer.policies.formulary}
    count = rules["page_size"]
    conditions: list[Condition] = []
    includes: list[str] = []
    used: list[tuple[str, str]] = []
    for name, value in query:
        one = asked(name, value)
        if rules["ignored"].intersection((f"{kind}?{one.path}", f"{kind}?{name}", f"{kind}?{name}={value[:2]}")):
            continue
        if f"{kind}?{one.path}" in rules["first_alone"]:
            one = replace(one, value=value.partition(",")[0])
        if one.path == "_count":
            count = min(_number(value), rules["largest_page"])
        elif one.path == "_include":
            includes.append(_include(kind, one))
        elif one.path == "_format":
            _readable(value)
        elif one.path == "_total":
            _one_of(value, ("none", "estimate", "accurate"))
        elif one.name in PARAMETERS[kind]:
            conditions.append(_condition(kind, one, payer))
        elif lenient:
            continue
        else:
            raise Misasked(f"{kind} is not searched by {name!r}.")
        used.append((name, value))
    return Wish(tuple(conditions), count, tuple(includes), tuple(used))


def _condition(kind: str, one: Asked, payer: Payer) -> Condition:
    parameter = PARAMETERS[kind][one.name]
    if not one.chained:
        return condition(parameter, one.modifier, one.value, payer.base_url)
    if not parameter.target or one.modifier not in ("", parameter.target):
        raise Misasked(f"{one.name!r} cannot be followed to {one.chained!r}.")
    beyond = asked(one.chained, one.value)
    if beyond.chained or beyond.name not in PARAMETERS[parameter.target]:
        raise Misasked(f"{parameter.target} is not searched by {one.chained!r}.")
    wanted = _condition(parameter.target, beyond, payer)
    matching = {f"{parameter.target}/{own}" for own, each in room(payer.seed, parameter.target).items() if wanted(each)}
    return pointing(parameter, matching)


def _include(kind: str, one: Asked) -> str:
    """The name of the reference that ``_include=Type:name[:Target]`` follows."""
    source, _, rest = one.value.partition(":")
    name, _, target = rest.partition(":")
    followed = name in INCLUDES.get(kind, ()) and target in ("", PARAMETERS[kind][name].target)
    if one.modifier or source != kind or not followed:
        raise Misasked(f"_include={one.value} is not supported here.")
    return name


def _included(kind: str, page: Iterable[Resource], includes: Iterable[str], seed: Seed) -> Iterator[Resource]:
    """What the references of a page point to, each once and nothing that is on the page already."""
    seen = {f"{kind}/{one['id']}" for one in page}
    for name in dict.fromkeys(includes):
        parameter = PARAMETERS[kind][name]
        targets = room(seed, parameter.target)
        for one in page:
            for reference in parameter.values(one):
                own = reference.rpartition("/")[2]
                if reference not in seen and own in targets:
                    seen.add(reference)
                    yield targets[own]


def _entry(resource: Resource, mode: str, payer: Payer) -> Resource:
    url = f"{payer.base_url}/{resource['resourceType']}/{resource['id']}"
    return {"fullUrl": url, "resource": resource, "search": {"mode": mode}}


def _number(value: str) -> int:
    if not value.isdecimal():
        raise Misasked("_count is a number.")
    return int(value)


def _one_of(value: str, known: Iterable[str]) -> None:
    if value not in known:
        raise Misasked(f"{value!r} is not known here.")


def _readable(value: str) -> None:
    _one_of(value.partition(";")[0].strip().replace(" ", "+"), FORMATS)

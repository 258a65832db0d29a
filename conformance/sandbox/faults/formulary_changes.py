"""What the formulary's faults and variants do: changes of a seed, of a policy, of an answer."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from conformance.sandbox.formulary import CURSOR
from conformance.sandbox.formulary_rows import extension_url
from conformance.sandbox.frame import Answer, Bend, Call, Policies, Resource, Seed
from conformance.sandbox.outcome import refusal
from conformance.sandbox.search import cursor, opened

Change = Callable[[Resource], None]
SeedChange = Callable[[Seed], Seed]

# What stands last in every list of its type, so that only a walk over several pages misses it.
LAST = ("item-harbor-1488619", "item-summit-1488619", "drug-1546198", "formulary-summit", "area-albany")

NDC = {"system": "http://hl7.org/fhir/sid/ndc", "code": "00143971301"}


def one(room: str, own: str, change: Change) -> SeedChange:
    """Changes the resource ``own`` of a room."""
    return _changed(room, lambda _seed: [own], change)


def item(own: str, change: Change) -> SeedChange:
    """Changes one formulary item."""
    return one("formulary_items", own, change)


def every(room: str, change: Change) -> SeedChange:
    """Changes every resource of a room."""
    return _changed(room, lambda seed: list(getattr(seed, room)), change)


def items_of(drug: str, change: Change) -> SeedChange:
    """Changes the items of one drug, in every formulary."""
    return _changed("formulary_items", lambda seed: _ids_of(drug, seed), change)


def both(first: SeedChange, second: SeedChange) -> SeedChange:
    """One change after the other."""
    return lambda seed: second(first(seed))


def lost(drug: str) -> SeedChange:
    """A drug and its items are gone, and nothing points to them."""

    def change(seed: Seed) -> Seed:
        gone = _ids_of(drug, seed)
        items = {own: each for own, each in seed.formulary_items.items() if own not in gone}
        drugs = {own: each for own, each in seed.drugs.items() if own != f"drug-{drug}"}
        return replace(seed, formulary_items=items, drugs=drugs)

    return change


def without(*names: str) -> Change:
    """Takes away every extension of these names."""
    urls = {extension_url(name) for name in names}

    def change(resource: Resource) -> None:
        resource["extension"] = [each for each in resource["extension"] if each["url"] not in urls]

    return change


def saying(name: str, key: str, value: object) -> Change:
    """Puts an extension in the place of those of its name, at the end."""

    def change(resource: Resource) -> None:
        without(name)(resource)
        resource["extension"].append({"url": extension_url(name), key: value})

    return change


def unlimited(flag: str, *hanging: str) -> Change:
    """Says that a limit does not apply, and nothing of what hangs on it."""

    def change(resource: Resource) -> None:
        without(*hanging)(resource)
        saying(flag, "valueBoolean", False)(resource)

    return change


def all_of(*changes: Change) -> Change:
    """Several changes of one resource, one after the other."""

    def change(resource: Resource) -> None:
        for each in changes:
            each(resource)

    return change


def dropped(*path: str) -> Change:
    """Takes an element away; the last name of the path is its own."""

    def change(resource: Resource) -> None:
        for name in path[:-1]:
            resource = resource[name]
        del resource[path[-1]]

    return change


def recoded(systems: Mapping[str, str]) -> Change:
    """Puts the codes of some systems under others, wherever they stand."""

    def change(found: object) -> None:
        if isinstance(found, list):
            for each in found:
                change(each)
        elif isinstance(found, dict):
            if found.get("system") in systems:
                found["system"] = systems[found["system"]]
            for each in found.values():
                change(each)

    return change


def ignoring(*names: str) -> Callable[[Policies], Policies]:
    """A payer that takes some parameters ("Basic?drug-tier") without notice."""
    return lambda policies: policies.changed(
        "formulary", ignored=policies.formulary.get("ignored", frozenset()) | frozenset(names)
    )


def answering(operation: str, change: Change, when: Callable[[Call, Answer], bool] | None = None) -> Bend:
    """Changes the resource of every good answer of an operation."""

    def bent(_call: Call, answer: Answer) -> Answer:
        resource = answer.resource()
        change(resource)
        return answer.carrying(resource)

    def holds(call: Call, answer: Answer) -> bool:
        return answer.status == 200 and isinstance(answer.body, dict) and (when is None or when(call, answer))

    return Bend(operation, bent, holds)


def of_the_formulary(call: Call, _answer: Answer) -> bool:
    """An answer of a formulary base, not of another API's."""
    return call.version.startswith("usdf=")


def anonymous(call: Call, _answer: Answer) -> bool:
    """The caller shows no credentials."""
    return "authorization" not in call.headers


def unreferenced_and_named(call: Call, answer: Answer) -> bool:
    """A read of a plan or an item."""
    return unreferenced(call, answer) and not call.path.startswith("Location/")


def unreferenced(call: Call, _answer: Answer) -> bool:
    """A read of what no item points to, so that references keep resolving."""
    return call.path.startswith(("Basic/", "InsurancePlan/plan-", "Location/"))


def later_page(call: Call, _answer: Answer) -> bool:
    """A page after the first."""
    return any(name == CURSOR for name, _value in call.query)


def first_page(call: Call, answer: Answer) -> bool:
    """The page that a search begins with."""
    return not later_page(call, answer)


def html(_call: Call, _answer: Answer) -> Answer:
    """A page for people instead of a resource."""
    return Answer(200, b"<!DOCTYPE html><html><body><h1>Drug list</h1></body></html>", {}, "text/html")


def not_found(call: Call, _answer: Answer) -> Answer:
    """A refusal of a resource that there is."""
    return refusal(404, "not-found", f"There is no {call.path} here.")


def asking_who(_call: Call, _answer: Answer) -> Answer:
    """A refusal that asks the caller for a member number."""
    return refusal(400, "required", "Give your member number to see the drug list.")


def overlapping(bundle: Resource) -> None:
    """The next page begins with what this one ends with."""
    for link in bundle["link"]:
        if link["relation"] == "next":
            address, _, mark = link["url"].partition(f"{CURSOR}=")
            query, offset = opened(mark)
            link["url"] = f"{address}{CURSOR}={cursor(query, offset - 1)}"


def thinned(bundle: Resource) -> None:
    """What stands last in the lists is left out."""
    shown = [each for each in bundle.pop("entry", ()) if each["resource"]["id"] not in LAST]
    bundle.update({"entry": shown} if shown else {})


def looping(bundle: Resource) -> None:
    """The last page has the first for its next."""
    links = {link["relation"]: link["url"] for link in bundle["link"]}
    if "next" not in links:
        address, _, mark = links["self"].partition(f"{CURSOR}=")
        query, _offset = opened(mark)
        bundle["link"].append({"relation": "next", "url": f"{address}{CURSOR}={cursor(query, 0)}"})


def nowhere(resource: Resource) -> None:
    """A reference to a drug that is not there."""
    resource["subject"]["reference"] = "MedicationKnowledge/drug-unknown"


def in_ndc(drug: Resource) -> None:
    """An NDC in the place of all other codes."""
    drug["code"]["coding"] = [dict(NDC)]


def without_formulary(plan: Resource) -> None:
    """A plan whose drug coverage names no formulary."""
    for coverage in plan["coverage"]:
        coverage.pop("extension", None)


def of_release_5(statement: Resource) -> None:
    """A statement of another FHIR release."""
    statement["fhirVersion"] = "5.0.0"


def pointing_at(target: str) -> Change:
    """An item that takes something else for its drug."""

    def change(resource: Resource) -> None:
        resource["subject"]["reference"] = target

    return change


def in_no_number(drug: Resource) -> None:
    """RxNorm codes that are none."""
    for number, each in enumerate(drug["code"]["coding"]):
        each["code"] = f"NOT-AN-RXCUI-{number}"


def with_a_missing_formulary(plan: Resource) -> None:
    """A plan whose drug coverage names a formulary that is not there."""
    for coverage in plan["coverage"]:
        coverage["extension"] = [
            {
                "url": extension_url("FormularyReference"),
                "valueReference": {"reference": "InsurancePlan/formulary-none"},
            }
        ]


def without_a_second(plan: Resource) -> None:
    """A second drug coverage, which names no formulary."""
    second = {key: value for key, value in plan["coverage"][0].items() if key != "extension"}
    plan["coverage"].append(second)


def with_an_empty_extension(resource: Resource) -> None:
    """An extension with neither a value nor extensions of its own."""
    resource["extension"].append({"url": extension_url("AdditionalCoverageInformation")})


def renamed(resource: Resource) -> None:
    """Something else under the same id."""
    if "name" in resource:
        resource["name"] = f"{resource['name']} (old)"
    else:
        saying("PriorAuthorization", "valueBoolean", True)(resource)


def no_address(bundle: Resource) -> None:
    """The link to the next page is no address."""
    for link in bundle["link"]:
        if link["relation"] == "next":
            link["url"] = "urn:the-next-page"


def by_chain(call: Call, _answer: Answer) -> bool:
    """A search for the items of a drug."""
    return any(name.startswith(("subject:", "subject.")) for name, _value in call.query)


def _changed(room: str, chosen: Callable[[Seed], Iterable[str]], change: Change) -> SeedChange:
    def bend(seed: Seed) -> Seed:
        resources = dict(getattr(seed, room))
        for own in chosen(seed):
            resources[own] = copy.deepcopy(resources[own])
            change(resources[own])
        return replace(seed, **{room: resources})

    return bend


def _ids_of(drug: str, seed: Seed) -> list[str]:
    wanted = f"MedicationKnowledge/drug-{drug}"
    return [own for own, each in seed.formulary_items.items() if each["subject"]["reference"] == wanted]

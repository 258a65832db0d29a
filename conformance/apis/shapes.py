"""Reading JSON of any shape: every function here takes whatever it is given and never raises."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

JsonObject = dict[str, Any]
REASON = "(no code, but a reason)"


@dataclass(frozen=True, slots=True)
class Coding:
    """One code: its system as written, its code, what it displays."""

    system: str = ""
    code: str = ""
    display: str = ""


@dataclass(frozen=True, slots=True)
class Identifier:
    """A business identifier and what kind it is said to be."""

    system: str = ""
    value: str = ""
    types: tuple[Coding, ...] = ()

    @property
    def key(self) -> str:
        """ "system|value", as a search would name it."""
        return f"{self.system}|{self.value}"


@dataclass(frozen=True, slots=True)
class Period:
    """Start and end as written; "" where there is none."""

    start: str = ""
    end: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class Placed:
    """A resource and where it stands: in an entry of a Bundle, or contained in another resource."""

    at: str
    resource: JsonObject = field(repr=False, hash=False)
    full_url: str = ""

    @property
    def type(self) -> str:
        """Patient, ClaimResponse, …; "" where it does not say."""
        return text(self.resource.get("resourceType"))

    @property
    def id(self) -> str:
        """The logical id; "" where there is none."""
        return text(self.resource.get("id"))


@dataclass(frozen=True, slots=True)
class Person:
    """A patient that is referred to: who it is, as far as the Bundle or the reference itself tells.

    ``reference`` is as written; ``identifiers`` are those of the Patient resource, then those of the reference.
    ``found`` says whether the Patient resource was there. ``family`` and ``given`` are of the first name, ``families``
    of all of them: a maiden name may come first.
    """

    at: str
    reference: str = ""
    identifiers: tuple[Identifier, ...] = ()
    family: str = ""
    given: tuple[str, ...] = ()
    birth_date: str = ""
    found: bool = False
    families: tuple[str, ...] = ()


def record(value: Any) -> JsonObject:
    """The value if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def objects(value: Any) -> Iterator[JsonObject]:
    """Every object in a value, itself included; they may be changed on the way."""
    waiting = [value]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        elif isinstance(node, dict):
            yield node
            waiting += node.values()


def records(value: Any) -> Iterator[tuple[int, JsonObject]]:
    """The objects of a list with their places in it; nothing where the value is no list."""
    if isinstance(value, list):
        for place, each in enumerate(value):
            if isinstance(each, dict):
                yield place, each


def text(value: Any) -> str:
    """The value without surrounding white space if it is a string, else ""."""
    return value.strip() if isinstance(value, str) else ""


def code_or_reason(element: JsonObject, name: str) -> str:
    """A code; ``REASON`` where its extensions alone tell of it, such as why there is none (data-absent-reason)."""
    return text(element.get(name)) or (REASON if element.get(f"_{name}") else "")


def texts(value: Any) -> tuple[str, ...]:
    """The strings of a list that say anything; a lone string counts as a list of one."""
    each = value if isinstance(value, list) else [value]
    return tuple(kept for one in each if (kept := text(one)))


def whole(value: Any) -> int | None:
    """The value if it is a whole number, else None."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def wholes(value: Any) -> tuple[int, ...]:
    """The whole numbers of a list; a lone one counts as a list of one."""
    each = value if isinstance(value, list) else [value]
    return tuple(kept for one in each if (kept := whole(one)) is not None)


def truth(value: Any) -> bool | None:
    """The value if it is true or false, else None."""
    return value if isinstance(value, bool) else None


@lru_cache(maxsize=4096)
def _coding(system: str, code: str, display: str) -> Coding:
    """Codings repeat by the thousand in a formulary: each is made once."""
    return Coding(system.strip(), code.strip(), display.strip())


def coding(value: Any) -> Coding:
    """A Coding, as far as it can be read."""
    raw = value if isinstance(value, dict) else {}
    system, code, display = raw.get("system"), raw.get("code"), raw.get("display")
    return _coding(
        system if isinstance(system, str) else "",
        code if isinstance(code, str) else "",
        display if isinstance(display, str) else "",
    )


_NO_CODING = Coding()


def codings(concept: Any) -> tuple[Coding, ...]:
    """The codings of a CodeableConcept that say anything."""
    listed = concept.get("coding") if isinstance(concept, dict) else None
    if not isinstance(listed, list):
        return ()
    return tuple([found for each in listed if (found := coding(each)) != _NO_CODING])


def codings_of_all(concepts: Any) -> tuple[Coding, ...]:
    """The codings of a list of CodeableConcepts; a lone one counts as a list of one."""
    each = concepts if isinstance(concepts, list) else [concepts]
    return tuple(found for one in each for found in codings(one))


def identifier(value: Any) -> Identifier:
    """An Identifier, as far as it can be read."""
    raw = record(value)
    return Identifier(text(raw.get("system")), text(raw.get("value")), codings(raw.get("type")))


def identifiers(value: Any) -> tuple[Identifier, ...]:
    """The identifiers of a list (or a lone one) that have a value."""
    each = value if isinstance(value, list) else [value]
    return tuple(found for one in each if (found := identifier(one)).value)


def period(value: Any, at: str = "") -> Period | None:
    """A Period with a start or an end, else None."""
    raw = record(value)
    found = Period(text(raw.get("start")), text(raw.get("end")), at)
    return found if found.start or found.end else None


def extensions(element: Any, url: str, at: str = "") -> Iterator[tuple[str, JsonObject]]:
    """The extensions of an element with this URL, each with its path."""
    for place, each in records(record(element).get("extension")):
        if each.get("url") == url:
            yield f"{at}.extension[{place}]", each


def extension(element: Any, url: str) -> JsonObject:
    """The first extension with this URL, else an empty object."""
    return next((each for _, each in extensions(element, url)), {})


def reference_text(value: Any) -> str:
    """A Reference's literal reference as written, else ""."""
    return text(record(value).get("reference"))


def reference_key(value: Any) -> str:
    """What a Reference (or a URL) points at, as "Type/id": server, version and parameters are left out.

    "#id" and "urn:…" stay as they are; "" where nothing is referred to.
    """
    written = text(value) if isinstance(value, str) else reference_text(value)
    if not written or written.startswith(("#", "urn:")):
        return written
    if written.count("/") == 1 and "?" not in written and "#" not in written:  # "Type/id": by far the most
        return written
    path = written.partition("?")[0].partition("#")[0].partition("/_history")[0].rstrip("/")
    steps = path.split("/")
    return "/".join(steps[-2:]) if len(steps) > 1 and steps[-2][:1].isupper() else path


def logical_key(value: Any) -> str:
    """What a Reference names its target by, where it does so by an identifier ("system|value"; FHIR R4, Logical
    references); "" where it does not."""
    found = identifier(record(value).get("identifier"))
    return found.key if found.value else ""


def entries(bundle: Any, at: str = "Bundle") -> tuple[Placed, ...]:
    """The resources of a Bundle in order, each with its place and fullUrl; entries without a resource are left out."""
    found = []
    for place, entry in records(record(bundle).get("entry")):
        if isinstance(resource := entry.get("resource"), dict):
            found.append(Placed(f"{at}.entry[{place}].resource", resource, text(entry.get("fullUrl"))))
    return tuple(found)


def contained(placed: Placed) -> tuple[Placed, ...]:
    """The resources contained in a resource."""
    found = records(placed.resource.get("contained"))
    return tuple(Placed(f"{placed.at}.contained[{place}]", each) for place, each in found)


def resolve(reference: Any, holder: Placed, others: Sequence[Placed]) -> Placed | None:
    """The resource a reference of ``holder`` points at: contained in it, or among ``others``; else None.

    A relative reference is read against the holder's own fullUrl first, as FHIR has it, then by type and id alone.
    """
    written = reference_text(reference)
    if not written:
        return None
    if written.startswith("#"):
        return next((each for each in contained(holder) if each.id == written[1:]), None)
    exact = written.split("/_history")[0]
    base = holder.full_url.removesuffix(f"{holder.type}/{holder.id}") if holder.type and holder.id else ""
    wanted = (exact, base + exact) if base and "://" not in exact else (exact,)
    by_url = next((each for url in wanted for each in others if each.full_url == url), None)
    if by_url is not None or written.startswith("urn:"):
        return by_url
    key = reference_key(written)
    return next((each for each in others if f"{each.type}/{each.id}" == key), None)


def is_type(resource: Any, kind: str) -> bool:
    """Whether this is a resource of that type."""
    return isinstance(resource, dict) and resource.get("resourceType") == kind


def place(resource: JsonObject, at: str = "") -> tuple[str, str, str]:
    """Where a resource stands ("Type/id" where nothing else is said), its id, and when it was last updated."""
    ident = text(resource.get("id"))
    return at or f"{resource.get('resourceType')}/{ident}", ident, text(record(resource.get("meta")).get("lastUpdated"))


def person(reference: Any, at: str, holder: Placed, others: Sequence[Placed]) -> Person:
    """The patient that a reference names, read from the Patient resource where it is there."""
    raw = record(reference)
    found = resolve(raw, holder, others)
    patient: Mapping[str, Any] = found.resource if found is not None and found.type == "Patient" else {}
    return person_of(patient, found.at if found and patient else at, reference_text(raw), raw.get("identifier"))


def person_of(patient: Mapping[str, Any], at: str, reference: str = "", also: Any = None) -> Person:
    """A Patient resource as a Person; ``also`` is an identifier that the reference itself carries."""
    name: Mapping[str, Any] = next((each for _, each in records(patient.get("name"))), {})
    return Person(
        at=at,
        reference=reference,
        identifiers=identifiers(patient.get("identifier")) + identifiers(also),
        family=text(name.get("family")),
        given=texts(name.get("given")),
        birth_date=text(patient.get("birthDate")),
        found=bool(patient),
        families=tuple(family for _, each in records(patient.get("name")) if (family := text(each.get("family")))),
    )

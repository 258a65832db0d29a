"""Turns bodies, headers, addresses and texts into what may be written of them."""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

from conformance.redaction import places
from conformance.redaction.known import HIDDEN, Known

# Facts of a member that are words of everybody's: to replace them everywhere would blank the report.
NOT_PERSONAL = frozenset({"gender", "state", "country", "identifier_system", "group", "relationship", "plan"})
LEAST = 4  # a learned value shorter than this would blank half of every text
LEAST_NAME = 3  # a name this short is found again as it is written only
MOST_LEARNED = 20_000
_PSEUDONYM = re.compile(r"(member|person)-[1-9]\d{0,6}")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[\s-]+")


class Redactor:
    """Remembers who is who for one run; ``text`` and ``resource`` give back what may be written.

    Threads may share it.
    """

    def __init__(self, secrets: Iterable[str] = (), members: Iterable[Mapping[str, Any]] = ()) -> None:
        self._lock = threading.RLock()
        self._known = Known()
        self._people: dict[str, str] = {}  # an identifier or id -> the pseudonym of whose it is
        self._strangers = 0
        for secret in secrets:
            self.hide(secret)
        self._members = 0
        for number, facts in enumerate(members, 1):
            self._members = number
            for value in _leaves(facts, NOT_PERSONAL):
                if len(value) >= (LEAST if value.isdigit() else 2):
                    self._known.learn(value, f"member-{number}")
                    self._people.setdefault(value, f"member-{number}")

    def hide(self, secret: str) -> None:
        """From now on ``secret`` is written nowhere, nor are its lines, nor the private parts of a JSON key."""
        with self._lock:
            for line in (secret, *secret.splitlines(), *_private(secret)):
                if len(line.strip()) >= LEAST:
                    self._known.hide(line.strip())

    def credentials(self, headers: Mapping[str, str]) -> None:
        """Hides what these headers of a request open doors with."""
        for name, value in headers.items():
            if name.lower() in places.CREDENTIAL_HEADERS:
                self.hide(value.rpartition(" ")[2])

    def text(self, text: str) -> str:
        """Any text, without secrets and without what is known of members; halves of characters become visible."""
        with self._lock:
            text = self._known.replaced(text.encode("utf-8", "backslashreplace").decode("utf-8"))
            if "Patient/" not in text and "Person/" not in text:
                return text
            return places.PERSON_PATH.sub(lambda found: f"{found[1]}/{self._stranger(unquote(found[2]))}", text)

    def resource(self, node: Any) -> Any:
        """A FHIR body (or any JSON) with its personal elements replaced; shapes, codes and systems stay."""
        with self._lock:
            return self._told(self._walk(node, "", fhir=False))

    def body(self, body: bytes, media_type: str, limit: int) -> str:
        """A message body as it may be written: redacted, and cut at ``limit`` characters."""
        if not body:
            return ""
        if len(body) > 8 * limit:
            self._learn_of(body)
            return f"({len(body)} bytes, not kept)"
        if media_type == "application/x-www-form-urlencoded":
            return "&".join(f"{key}={self._field(key, value)}" for key, value in _form(body))
        try:
            content = json.loads(body)
            if not isinstance(content, dict | list):
                raise ValueError("nothing says what a bare text means")
            if _is_public(content) and places.holds_nobody(body):
                text = self.text(body.decode("utf-8", "replace"))
            else:
                text = json.dumps(self.resource(content), ensure_ascii=False)
        except (ValueError, RecursionError):
            text = self._unreadable(body)
        return text if len(text) <= limit else f"{text[:limit]}… (cut)"

    def url(self, url: str) -> str:
        """An address: query values that could name a person are hidden, search codes stay."""
        place, mark, query = url.partition("?")
        place, _, fragment = place.partition("#")
        query, _, later = query.partition("#")
        place = places.USER_IN_ADDRESS.sub(f"//{HIDDEN}@", place)
        plain = unquote(place)
        place = self.text(place) if self.text(plain) == plain else self.text(plain)
        shown = places.PAGING | (places.PUBLIC_PARAMETERS if places.PUBLIC_SEARCH.search(plain) else frozenset())
        if mark:
            given = parse_qsl(query, keep_blank_values=True)
            place += "?" + "&".join(
                f"{self.text(key)}={quote(self.text(value), safe='|:/,[]') if key in shown else HIDDEN}"
                for key, value in given
            )
        return f"{place}#{HIDDEN}" if fragment or later else place

    def headers(self, headers: Mapping[str, str], also: Iterable[str] = ()) -> dict[str, str]:
        """Headers, the values of those only that are known to be harmless; ``also`` names the target's secret ones."""
        hidden = {name.lower() for name in also}
        return {name: self._header(name.lower(), value, hidden) for name, value in headers.items()}

    def _header(self, name: str, value: str, hidden: set[str]) -> str:
        if name in hidden or not (name in places.SHOWN_HEADERS or name.startswith(places.SHOWN_HEADER_FAMILIES)):
            return HIDDEN
        if name in ("location", "content-location"):
            return self.url(value)
        return self.text(
            re.sub("<([^>]*)>", lambda found: f"<{self.url(found[1])}>", value) if name == "link" else value
        )

    # -- by structure ----------------------------------------------------------------------------------------------

    def _walk(self, node: Any, person: str, *, fhir: bool, key: str = "") -> Any:
        if isinstance(node, list):
            return [self._walk(each, person, fhir=fhir, key=key) for each in node]
        if not isinstance(node, dict):
            prose = isinstance(node, str) and not fhir and key not in places.SHOWN_PROSE and len(node.split()) > 1
            return HIDDEN if prose else node
        kind = _text_of(node, "resourceType")
        fhir = fhir or bool(kind)
        if kind in places.PEOPLE:
            person = self._person(node)
        elif _leads_to_a_person(node, key):
            return self._reference(node)
        return {name: self._element(node, kind, name, value, person, fhir) for name, value in node.items()}

    def _element(self, node: Mapping[str, Any], kind: str, key: str, value: Any, person: str, fhir: bool) -> Any:
        if kind in places.PEOPLE and key == "id":
            return person
        if key == "text" and (kind or (isinstance(value, dict) and "div" in value)):
            status = value.get("status", "empty") if isinstance(value, dict) else "empty"
            return {"status": status, "div": f"<div>{HIDDEN}</div>"}
        if key == "data" and isinstance(value, str) and (kind == "Binary" or "contentType" in node):
            return HIDDEN  # a document
        if not fhir and key.lower() in places.TOKENS and isinstance(value, str):
            self.hide(value)
            return HIDDEN
        if self._is_personal(node, kind, key, fhir):
            named = value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
            whose = person or self._stranger(named)
            return self._blank(value, whose, key, learn="xtension" not in key)
        return self._walk(value, person, fhir=fhir, key=key)

    def _is_personal(self, node: Mapping[str, Any], kind: str, key: str, fhir: bool) -> bool:
        if not fhir:
            return _is_personal_key(key) or (key == "name" and any(map(_is_personal_key, node)))
        if kind in places.PEOPLE:
            return key in places.OF_A_PERSON or key.startswith("_")
        if key in places.OF_A_KIND.get(kind, ()) or key in places.PERSONAL_VALUES:
            return True
        if not key.startswith("value") or key == "valueReference":
            return False
        # A parameter or extension that is called after a member holds one, in whatever type.
        return "member" in f"{_text_of(node, 'name')}{_text_of(node, 'url').rpartition('/')[2]}".lower()

    def _blank(self, node: Any, person: str, key: str, *, learn: bool = True) -> Any:
        """A personal element: what it holds is the person's name from now on, in any text, and not written."""
        if isinstance(node, list):
            return [self._blank(each, person, key, learn=learn) for each in node]
        if isinstance(node, dict):
            return {
                name: value if name in places.KEPT_PARTS else self._blank(value, person, name, learn=learn)
                for name, value in node.items()
            }
        if node is None or isinstance(node, bool):
            return node
        value = str(node)
        learn = learn and (key != places.LAUNCHED_FOR or bool(places.TRACEABLE.fullmatch(value)))
        if learn and key not in places.EVERYBODYS and len(value) >= LEAST and "://" not in value:
            self._learn(value, person)
        elif (
            learn and key in ("family", "given") and len(value) == LEAST_NAME and value.isalpha() and value[0].isupper()
        ):
            self._learn(value, person, exact=True)
        return self._known.name(value) or person

    def _learn_of(self, body: bytes) -> None:
        """Learns whom a body names that is not kept: a message may quote it all the same."""
        with suppress(ValueError, RecursionError), self._lock:
            content = json.loads(body)
            if not (_is_public(content) and places.holds_nobody(body)):
                self._walk(content, "", fhir=False)

    def _learn(self, value: str, person: str, *, exact: bool = False) -> None:
        if len(self._known) < MOST_LEARNED:
            self._known.learn(value, person, exact=exact)

    def _person(self, resource: Mapping[str, Any]) -> str:
        identifier, own = resource.get("identifier"), resource.get("id")
        values = [*_leaves(identifier, places.KEPT_PARTS), *([own] if isinstance(own, str) else [])]
        person = next((self._people[value] for value in values if value in self._people), "")
        person = person or self._stranger(values[0] if values else "")
        for value in values:
            self._people[value] = person
            if places.TRACEABLE.fullmatch(value):
                self._learn(value, person)
        return person

    def _reference(self, node: Mapping[str, Any]) -> dict[str, Any]:
        """A reference to a person: where it leads stays (as a pseudonym), how they are called does not."""
        found = places.PERSON_PATH.search(_text_of(node, "reference"))
        whose = found[2] if found else json.dumps(node.get("identifier"), sort_keys=True, default=str)
        person = self._stranger(whose)
        shown: dict[str, Any] = {}
        for key, value in node.items():
            if key == "display" and isinstance(value, str):
                shown[key] = self._blank(value, person, "name")
            else:
                shown[key] = self._blank(value, person, key) if key == "identifier" else value
        return shown

    def _stranger(self, key: str) -> str:
        if _PSEUDONYM.fullmatch(key) and int(key.partition("-")[2]) <= max(self._strangers, self._members):
            return key
        if key not in self._people:
            self._strangers += 1
            self._people[key] = f"person-{self._strangers}"
        return self._people[key]

    # -- by value --------------------------------------------------------------------------------------------------

    def _told(self, node: Any) -> Any:
        """The leaves and names of a walked body without what is known of anybody."""
        if isinstance(node, list):
            return [self._told(each) for each in node]
        if isinstance(node, dict):
            return {self.text(str(key)): self._told(value) for key, value in node.items()}
        if isinstance(node, str):
            return self._leaf(node)
        if node is None or isinstance(node, bool):
            return node
        return self._known.name(str(node)) or node

    def _leaf(self, text: str) -> str:
        return self.url(text) if "?" in text and places.ADDRESS.fullmatch(text) else self.text(text)

    def _field(self, key: str, value: str) -> str:
        if key.lower() in places.TOKENS:
            self.hide(value)
        return self.text(value) if key in places.SHOWN_FIELDS else HIDDEN

    def _unreadable(self, body: bytes) -> str:
        # Nothing says where names stand in what cannot be read: letters and digits go, the shape stays.
        head = body[:400].decode("utf-8", "replace")
        begun = places.BEGINNING.match(head)
        kept = begun.end() if begun else 0
        digest = hashlib.sha256(body).hexdigest()[:16]
        masked = places.LETTERS.sub("x", head[kept:])
        return f"(not JSON, {len(body)} bytes, sha256 {digest}…) {head[:kept]}{masked}"


def _leads_to_a_person(node: Mapping[str, Any], key: str) -> bool:
    """Whether this is a FHIR reference to somebody, by its path, its type or the element it stands in."""
    if "reference" not in node and "display" not in node and "identifier" not in node:
        return False
    reference = _text_of(node, "reference")
    if places.PERSON_PATH.search(reference) or _text_of(node, "type") in places.PEOPLE:
        return True
    return key in places.TO_A_PERSON and "type" not in node and not places.OTHER_PATH.search(reference)


def _is_public(content: Any) -> bool:
    return isinstance(content, dict) and _text_of(content, "resourceType") in places.PUBLIC


def _text_of(node: Mapping[str, Any], key: str) -> str:
    value = node.get(key)
    return value if isinstance(value, str) else ""


def _is_personal_key(key: str) -> bool:
    return bool(places.PERSONAL_KEY.fullmatch(_CAMEL.sub("_", key).lower()))


def _leaves(node: Any, kept: frozenset[str]) -> Iterator[str]:
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key not in kept:
                yield from _leaves(value, kept)
    elif isinstance(node, list | tuple):
        for each in node:
            yield from _leaves(each, kept)
    elif node is not None and not isinstance(node, bool) and str(node):
        yield str(node)


def _private(secret: str) -> list[str]:
    """The private members of a JSON web key."""
    try:
        key = json.loads(secret)
    except (ValueError, RecursionError):
        return []
    parts = key if isinstance(key, dict) else {}
    return [str(parts[name]) for name in ("d", "p", "q", "dp", "dq", "qi", "k") if parts.get(name)]


def _form(body: bytes) -> list[tuple[str, str]]:
    return parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)

"""What must never be written: secrets, and who the members are.

Two nets. By structure: in every FHIR body the elements that say who somebody is are replaced, headers and form fields
that carry credentials too. By value: everything that target.toml says of its members and every secret it resolved,
plus all that the first net caught, is replaced wherever it turns up, in any file, message or line of the console.
One person keeps one pseudonym for the whole run (member-1 is the first member of target.toml, person-1 a stranger).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

HIDDEN = "[redacted]"

PEOPLE = frozenset({"Patient", "RelatedPerson", "Person"})
OF_A_PERSON = frozenset(
    {"name", "identifier", "telecom", "address", "birthDate", "photo", "contact", "deceasedDateTime"}
)
OF_A_COVERAGE = frozenset({"identifier", "subscriberId", "dependent"})
PERSONAL_VALUES = frozenset({"valueHumanName", "valueAddress", "valueContactPoint"})
KEPT_LEAVES = frozenset({"system", "use", "type", "code", "url", "rank", "period", "start", "end", "resourceType"})
# Facts of a member that are words of everybody's: to replace them everywhere would blank the report.
NOT_PERSONAL = frozenset({"gender", "state", "country", "identifier_system", "group", "relationship", "plan"})
CREDENTIAL_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key", "apikey", "x-auth-token"}
)
TOKENS = frozenset({"access_token", "refresh_token", "id_token", "client_assertion", "client_secret"})
CREDENTIAL_FIELDS = TOKENS | {"assertion", "code", "password"}  # of forms, where no FHIR code stands
PLAIN_QUERY = frozenset(
    {"type", "code", "status", "formulary", "drug-tier", "pharmacy-benefit-type", "period", "coverage-type", "name",
     "formulary-coverage", "coverage-area", "drug-name", "drug-name:contains", "drug-name:exact", "doseform",
     "subject:MedicationKnowledge.code", "subject:MedicationKnowledge.drug-name", "address-state", "use"}
)  # fmt: skip
LINKS = frozenset({"location", "content-location"})
PERSON_PATH = re.compile(r"\b(Patient|RelatedPerson|Person)/([A-Za-z0-9\-.]{1,64})")
LETTERS = re.compile(r"[^\W_]")
LEAST = 4  # a learned value shorter than this would blank half of every text
MOST_LEARNED = 20_000


class Redactor:
    """Remembers who is who for one run; ``text`` and ``resource`` give back what may be written."""

    def __init__(self, secrets: Iterable[str] = (), members: Iterable[Mapping[str, Any]] = ()) -> None:
        self._names: dict[str, str] = {}
        self._people: dict[str, str] = {}
        self._pattern: re.Pattern[str] | None = None
        self._strangers = 0
        for secret in secrets:
            self.hide(secret)
        for number, facts in enumerate(members, 1):
            for value in _leaves(
                facts,
                kept=NOT_PERSONAL,
            ):
                if len(value) >= 2:
                    self._learn(value, f"member-{number}")
                    self._people.setdefault(value, f"member-{number}")

    def hide(self, secret: str) -> None:
        """From now on ``secret`` is written nowhere."""
        for line in (secret, *secret.splitlines()):
            if len(line.strip()) >= LEAST:
                self._learn(line.strip(), HIDDEN)

    def text(self, text: str) -> str:
        """Any text, without secrets and without what is known of members."""
        if self._pattern is None:
            self._pattern = _pattern(self._names)
        text = self._pattern.sub(lambda found: self._names[found.group()], text)
        return PERSON_PATH.sub(lambda found: f"{found[1]}/{self._people.get(found[2], found[2])}", text)

    def resource(self, node: Any) -> Any:
        """A FHIR body (or any JSON) with its personal elements replaced; shapes, codes and systems stay."""
        return self._walk(node, "")

    def body(self, body: bytes, media_type: str, limit: int) -> str:
        """A message body as it may be written: redacted, and cut at ``limit`` characters."""
        if not body:
            return ""
        if len(body) > 8 * limit:
            return f"({len(body)} bytes, not kept)"
        if media_type == "application/x-www-form-urlencoded":
            return "&".join(f"{key}={self._field(key, value)}" for key, value in _form(body))
        try:
            text = self.text(json.dumps(self.resource(json.loads(body)), ensure_ascii=False))
        except (ValueError, RecursionError):
            text = self._unreadable(body)
        return text if len(text) <= limit else f"{text[:limit]}… (cut)"

    def url(self, url: str) -> str:
        """A URL: query values that could name a person are hidden, search codes stay."""
        parts = urlsplit(url)
        if parts.query:
            shown = "&".join(
                f"{key}={quote(value, safe='|:/,') if key in PLAIN_QUERY or key.startswith('_') else HIDDEN}"
                for key, value in parse_qsl(parts.query, keep_blank_values=True)
            )
            url = f"{url.partition('?')[0]}?{shown}"
        return self.text(url)

    def headers(self, headers: Mapping[str, str], also: Iterable[str] = ()) -> dict[str, str]:
        """Headers without credentials; ``also`` names the target's own secret headers."""
        hidden = CREDENTIAL_HEADERS | {name.lower() for name in also}
        return {
            name: HIDDEN
            if name.lower() in hidden
            else self.url(value)
            if name.lower() in LINKS
            else self.text(value)
            for name, value in headers.items()
        }

    def _walk(self, node: Any, person: str) -> Any:
        if isinstance(node, list):
            return [self._walk(each, person) for each in node]
        if not isinstance(node, dict):
            return node
        kind = node.get("resourceType")
        if kind in PEOPLE:
            person = self._person(node)
        sensitive = OF_A_PERSON if kind in PEOPLE else OF_A_COVERAGE if kind == "Coverage" else frozenset()
        shown: dict[str, Any] = {}
        for key, value in node.items():
            if key == "text" and isinstance(value, dict):
                shown[key] = {"status": value.get("status", "empty"), "div": f"<div>{HIDDEN}</div>"}
            elif key in TOKENS and isinstance(value, str):
                self.hide(value)
                shown[key] = HIDDEN
            elif key in sensitive or key in PERSONAL_VALUES or (key == "valueIdentifier" and _is_member(node)):
                shown[key] = self._blank(
                    value, person or self._stranger(json.dumps(value, sort_keys=True, default=str))
                )
            elif key == "display" and PERSON_PATH.search(str(node.get("reference", ""))):
                shown[key] = HIDDEN
                self._learn_all([value] if isinstance(value, str) else [], person or HIDDEN)
            else:
                shown[key] = self._walk(value, person)
        return shown

    def _blank(self, node: Any, person: str) -> Any:
        if isinstance(node, list):
            return [self._blank(each, person) for each in node]
        if isinstance(node, dict):
            return {key: value if key in KEPT_LEAVES else self._blank(value, person) for key, value in node.items()}
        if isinstance(node, str):
            self._learn_all([node], person)
            return person
        return HIDDEN if isinstance(node, int | float) and not isinstance(node, bool) else node

    def _person(self, resource: Mapping[str, Any]) -> str:
        values = [value for key in ("identifier", "id") for value in _leaves({key: resource.get(key)})]
        known = next((self._people[value] for value in values if value in self._people), "")
        person = known or self._stranger(values[0] if values else "")
        for value in values:
            self._people.setdefault(value, person)
        return person

    def _stranger(self, key: str) -> str:
        if key not in self._people:
            self._strangers += 1
            self._people[key] = f"person-{self._strangers}"
        return self._people[key]

    def _learn_all(self, values: Iterable[str], person: str) -> None:
        for value in values:
            if len(value) >= LEAST and len(self._names) < MOST_LEARNED:
                self._learn(value, person)

    def _learn(self, value: str, name: str) -> None:
        if value and value not in self._names:
            self._names[value] = name
            self._pattern = None

    def _field(self, key: str, value: str) -> str:
        if key in CREDENTIAL_FIELDS:
            self.hide(value)
            return HIDDEN
        return self.text(value)

    def _unreadable(self, body: bytes) -> str:
        # Nothing says where names stand in what cannot be read: letters and digits go, the shape stays.
        head = body[:400].decode("utf-8", "replace")
        digest = hashlib.sha256(body).hexdigest()[:16]
        return f"(not JSON, {len(body)} bytes, sha256 {digest}…) {head[:16]}{LETTERS.sub('x', head[16:])}"


def _pattern(names: Mapping[str, str]) -> re.Pattern[str]:
    """Secrets wherever they stand, members' values as whole words; the longest first, lest a part be torn out."""
    longest_first = sorted(names, key=len, reverse=True)
    secrets = [re.escape(value) for value in longest_first if names[value] == HIDDEN]
    people = [re.escape(value) for value in longest_first if names[value] != HIDDEN]
    # One look around for all of them: in each alternative it costs fifty times as much.
    parts = ["|".join(secrets)] * bool(secrets) + [rf"(?<!\w)(?:{'|'.join(people)})(?!\w)"] * bool(people)
    return re.compile("|".join(parts) or r"(?!)")


def _is_member(node: Mapping[str, Any]) -> bool:
    return "member" in str(node.get("name", "")).lower()


def _leaves(node: Any, kept: frozenset[str] = KEPT_LEAVES) -> Iterator[str]:
    if isinstance(node, Mapping):
        for key, value in node.items():
            if key not in kept:
                yield from _leaves(value, kept)
    elif isinstance(node, list | tuple):
        for each in node:
            yield from _leaves(each, kept)
    elif node is not None and not isinstance(node, bool) and str(node):
        yield str(node)


def _form(body: bytes) -> list[tuple[str, str]]:
    return parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)

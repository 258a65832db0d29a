"""Reading what an endpoint says of itself: its CapabilityStatement, its SMART and its Da Vinci configuration."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from conformance.apis.shapes import (
    Coding,
    Identifier,
    JsonObject,
    codings_of_all,
    identifier,
    is_type,
    records,
    text,
    texts,
)

_LISTS = (
    "grant_types_supported", "capabilities", "code_challenge_methods_supported", "scopes_supported",
    "response_types_supported", "token_endpoint_auth_methods_supported",
    "token_endpoint_auth_signing_alg_values_supported",
)  # fmt: skip
_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Capabilities:
    """A CapabilityStatement: only what its server side says counts.

    ``operations`` are (resource type, name without "$"), type "" for the whole server; ``definitions`` maps the same
    with the operation's canonical, without its version, to that name (a guide's own statement names operations in
    prose); ``search_params`` and ``includes`` are (resource type, name), ``interactions`` (resource type, code).
    """

    at: str
    status: str
    date: str
    kind: str
    fhir_version: str
    formats: tuple[str, ...]
    instantiates: tuple[str, ...]
    implementation_guides: tuple[str, ...]
    modes: tuple[str, ...]
    resources: frozenset[str]
    operations: frozenset[tuple[str, str]]
    definitions: Mapping[tuple[str, str], str] = field(hash=False)
    search_params: frozenset[tuple[str, str]]
    includes: frozenset[tuple[str, str]]
    interactions: frozenset[tuple[str, str]]
    security: tuple[Coding, ...]

    def declares(self, resource_type: str, code: str, definition: str = "") -> bool:
        """Whether an operation is declared, on its type or on the whole server, by its code or its definition."""
        places = (resource_type, "")
        return any((place, code) in self.operations for place in places) or (
            bool(definition) and any((place, definition) in self.definitions for place in places)
        )

    def claims(self, canonical: str) -> bool:
        """Whether it instantiates a statement, in whichever version."""
        return any(each.partition("|")[0] == canonical for each in self.instantiates)

    @property
    def speaks_json(self) -> bool:
        """Whether json is among its formats, by short name or media type."""
        return any("json" in each.lower() for each in self.formats)


def read_capabilities(resource: Any) -> Capabilities | None:
    """A CapabilityStatement; None for any other resource."""
    if not is_type(resource, "CapabilityStatement"):
        return None
    servers = [each for _, each in records(resource.get("rest")) if each.get("mode") == "server"]
    on_types = [(text(each.get("type")), each) for server in servers for _, each in records(server.get("resource"))]
    rooms = [("", server) for server in servers] + on_types
    operations = [(kind, each) for kind, room in rooms for _, each in records(room.get("operation"))]
    return Capabilities(
        at="CapabilityStatement",
        status=text(resource.get("status")),
        date=text(resource.get("date")),
        kind=text(resource.get("kind")),
        fhir_version=text(resource.get("fhirVersion")),
        formats=texts(resource.get("format")),
        instantiates=texts(resource.get("instantiates")),
        implementation_guides=texts(resource.get("implementationGuide")),
        modes=tuple(text(each.get("mode")) for _, each in records(resource.get("rest"))),
        resources=frozenset(kind for kind, _ in on_types if kind),
        operations=frozenset((kind, _operation(each)) for kind, each in operations),
        definitions={
            (kind, text(each.get("definition")).partition("|")[0]): _operation(each) for kind, each in operations
        },
        search_params=frozenset(_named(rooms, "searchParam", "name")),
        includes=frozenset((kind, each) for kind, room in rooms for each in texts(room.get("searchInclude"))),
        interactions=frozenset(_named(rooms, "interaction", "code")),
        security=tuple(code for server in servers for code in _security(server)),
    )


def _operation(declared: JsonObject) -> str:
    return text(declared.get("name")).removeprefix("$")


def _named(rooms: list[tuple[str, JsonObject]], element: str, name: str) -> Iterator[tuple[str, str]]:
    for kind, room in rooms:
        for _, each in records(room.get(element)):
            if named := text(each.get(name)):
                yield kind, named


def _security(server: JsonObject) -> tuple[Coding, ...]:
    security = server.get("security")
    return codings_of_all(security.get("service")) if isinstance(security, dict) else ()


@dataclass(frozen=True)
class Smart:
    """A SMART configuration; ``keys`` are those that have a value, ``urls`` every key whose value is a string.

    ``misshapen`` are the keys that should hold a list of strings (RFC 8414) and hold something else.
    """

    at: str
    keys: frozenset[str]
    token_endpoint: str
    authorization_endpoint: str
    issuer: str
    jwks_uri: str
    grant_types: tuple[str, ...]
    capabilities: tuple[str, ...]
    code_challenge_methods: tuple[str, ...]
    token_auth_methods: tuple[str, ...]
    signing_algorithms: tuple[str, ...]
    scopes: tuple[str, ...]
    response_types: tuple[str, ...]
    urls: Mapping[str, str] = field(default_factory=lambda: _NOTHING, hash=False)
    misshapen: tuple[str, ...] = ()

    @property
    def launches(self) -> bool:
        """Whether apps can be launched here, so that people sign in."""
        return any(each.startswith("launch-") for each in self.capabilities)

    @property
    def signs_in(self) -> bool:
        """Whether OpenID Connect is offered."""
        return "sso-openid-connect" in self.capabilities


def read_smart(json: Any) -> Smart | None:
    """A .well-known/smart-configuration; None for anything but a JSON object."""
    if not isinstance(json, dict):
        return None
    return Smart(
        at=".well-known/smart-configuration",
        keys=frozenset(key for key, value in json.items() if value not in (None, "", [], {})),
        token_endpoint=text(json.get("token_endpoint")),
        authorization_endpoint=text(json.get("authorization_endpoint")),
        issuer=text(json.get("issuer")),
        jwks_uri=text(json.get("jwks_uri")),
        grant_types=_listed(json, "grant_types_supported"),
        capabilities=_listed(json, "capabilities"),
        code_challenge_methods=_listed(json, "code_challenge_methods_supported"),
        token_auth_methods=_listed(json, "token_endpoint_auth_methods_supported"),
        signing_algorithms=_listed(json, "token_endpoint_auth_signing_alg_values_supported"),
        scopes=_listed(json, "scopes_supported"),
        response_types=_listed(json, "response_types_supported"),
        urls=MappingProxyType({key: value for key, value in json.items() if isinstance(value, str)}),
        misshapen=tuple(key for key in _LISTS if json.get(key) is not None and not is_list(json[key])),
    )


def is_list(value: Any) -> bool:
    """Whether a value is a list of strings."""
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


SCOPE = re.compile(r"(?:patient|user|system)/(\*|[A-Za-z]+)\.(?:read|write|\*|[cruds]+)(?:\?.*)?")
HARMLESS = frozenset({"openid", "fhirUser", "profile", "launch", "offline_access", "online_access"})


def opens(scope: str, types: Collection[str]) -> bool:
    """Whether a granted scope (words with spaces between) may reach any of some resource types.

    A word that is no SMART scope may mean anything.
    """
    words = [word for word in scope.split() if word.partition("/")[0] not in HARMLESS]
    return any(found is None or found[1] in ("*", *types) for found in map(SCOPE.fullmatch, words))


def _listed(json: JsonObject, key: str) -> tuple[str, ...]:
    """A list of strings; a lone string is no list here: RFC 8414 has arrays."""
    value = json.get(key)
    return texts(value) if isinstance(value, list) else ()


@dataclass(frozen=True)
class Davinci:
    """A Da Vinci configuration: the payer's identifier, and its endpoints by code ("x_endpoint", "x_endpoint#2.1")."""

    at: str
    identifier: Identifier
    endpoints: Mapping[str, str] = field(hash=False)

    def endpoint(self, code: str, version: str = "") -> str:
        """The URL under a code for a version (its first two numbers), else under the bare code; "" without either."""
        short = ".".join(version.split(".")[:2])
        return self.endpoints.get(f"{code}#{short}") or self.endpoints.get(code, "")


def read_davinci(json: Any) -> Davinci | None:
    """A .well-known/davinci-configuration; None for anything but a JSON object.

    Endpoints are an object of code and URL; a list of {key, value} is read as well.
    """
    if not isinstance(json, dict):
        return None
    return Davinci(
        at=".well-known/davinci-configuration",
        identifier=identifier(json.get("identifier")),
        endpoints=MappingProxyType(dict(_endpoints(json.get("endpoints")))),
    )


def _endpoints(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        yield from ((key, url) for key, each in value.items() if (url := text(each)))
    for _, each in records(value):
        code = text(each.get("key")) or text(each.get("code"))
        if code and (url := text(each.get("value")) or text(each.get("url"))):
            yield code, url

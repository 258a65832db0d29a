"""What a schema cannot say of the APIs of a target file: names that must be known, URLs, paths."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from itertools import chain
from typing import Any
from urllib.parse import urlsplit

from conformance.errors import UsageError
from conformance.target.document import Document, dotted, is_folder, schema
from conformance.target.facts import fact_problems
from conformance.target.lines import KeyPath
from conformance.target.words import Problem, form_problems, listed, nearest, refuse, unknown

KnownGuides = Mapping[str, Mapping[str, Collection[str]]]  # API -> guide -> versions

# The guides that describe an API whole: law is examined at each of them, the first is proposed where none is claimed.
MAIN_GUIDES: Mapping[str, tuple[str, ...]] = {
    "prior-auth": ("pas",),
    "formulary": ("usdf",),
    "payer-to-payer": ("hrex", "pdex"),
    "coverage-discovery": ("crd",),
    "documentation": ("dtr",),
    "patient-access": ("pdex",),
    "drug-files": ("qhp",),
    "provider-access": ("pdex", "bulk"),
}
DISCOVERY = frozenset({"metadata", "smart-configuration", "davinci-configuration"})
OPERATIONS: Mapping[str, frozenset[str]] = {
    "prior-auth": DISCOVERY | {"submit", "inquire", "subscribe", "submit-attachment"},
    "formulary": DISCOVERY | {"search", "read", "export", "export-one"},
    "payer-to-payer": DISCOVERY | {"member-match", "everything", "search", "bulk-match", "groups", "export"},
    "provider-access": DISCOVERY | {"member-match", "groups", "export"},
    "coverage-discovery": frozenset({"services", "order-sign"}),
    "documentation": DISCOVERY | {"questionnaire-package"},
    "patient-access": DISCOVERY | {"search", "read", "everything"},
    "drug-files": frozenset(),
}
API_KEYS = ("auth", "other_auth", "paths", "headers", "files")


def check(document: Document, *, today: date, known: KnownGuides) -> tuple[str, ...]:
    """Raises the UsageError of whatever is wrong with the file, secrets apart; gives back what is only doubtful."""
    refuse(document, chain(_unknown_names(document, known), form_problems(document)))
    refuse(document, chain(_apis(document, known), _urls(document), fact_problems(document, today)))
    return tuple(_warnings(document))


def url_fault(url: str, *, base: bool = True, secret: bool = False) -> str:
    """Why ``url`` cannot be used, or nothing.

    A ``base`` URL has neither query nor fragment; only one that is ``secret`` may hold a user name and password.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return "is not a URL"
    if parts.scheme not in ("http", "https"):
        return "is not a URL that starts with https:// or http://"
    if not host or not url.isprintable() or " " in url:
        return "is not a URL of a server"
    if (parts.username or parts.password) and not secret:
        return "holds a user name or password: secrets are never written here"
    if base and (parts.query or parts.fragment):
        return "has a query or a fragment; expected a base URL, without ? and #"
    return ""


def tidy(url: str) -> str:
    """A usable URL with its scheme in lower case and without a slash at its end."""
    scheme, sign, rest = url.partition("://")
    return f"{scheme.lower()}{sign}{rest}".rstrip("/")


def without_login(url: str) -> str:
    """What may be shown of a text that should be a URL: never a user name or password in it."""
    scheme, sign, rest = url.rpartition("://")
    return f"{scheme}{sign}{rest.rpartition('@')[2]}"


def plain_http(what: str, url: str) -> tuple[str, ...]:
    """A warning where ``url`` sends unencrypted over a network."""
    parts = urlsplit(url)
    if parts.scheme == "https" or _is_loopback(parts.hostname or ""):
        return ()
    return (f"{what} is plain http: what is sent there can be read on the way",)


def api_of(guides: Mapping[str, str], known: KnownGuides) -> str:
    """The API that keeps all these guides (name -> version); UsageError where there is none."""
    for ig, version in guides.items():
        versions = {each for api in known.values() for each in api.get(ig, ())}
        if not versions:
            raise UsageError(unknown("guide", ig, {name for api in known.values() for name in api}))
        if version not in versions:
            raise UsageError(f"unknown version {version!r} of {ig}; expected {listed(sorted(versions))}")
    for api, igs in known.items():
        own = {main_guide(api, known), *MAIN_GUIDES.get(api, ())}
        if all(version in igs.get(ig, ()) for ig, version in guides.items()) and own & set(guides):
            return api
    mains = [main_guide(api, known) for api in known]
    raise UsageError(f"{listed(list(guides))}: expected exactly one of {listed(mains)}, and what goes with it")


def main_guide(api: str, known: KnownGuides) -> str:
    """The guide that an API is first of all described by."""
    return next(iter(MAIN_GUIDES.get(api, ())), "") or next(iter(known[api]))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


# -- names -------------------------------------------------------------------------------------------------------------


def _unknown_names(document: Document, known: KnownGuides) -> Iterator[Problem]:
    for room in ("apis", "cases", "known"):
        found = document.get((room,))
        for api in found if isinstance(found, dict) else ():
            if api not in known:
                yield Problem((room, api), f"[{dotted((room, api))}]: {unknown('API', api, known)}")
    apis = document.get(("apis",))
    for api, table in apis.items() if isinstance(apis, dict) else ():
        if api in known and isinstance(table, dict):
            for name in table.keys() - set(API_KEYS):
                yield from _guide_names(("apis", api, name), table[name], known[api])


def _guide_names(key: KeyPath, claimed: Any, guides: Mapping[str, Collection[str]]) -> Iterator[Problem]:
    api, name = str(key[1]), str(key[2])
    if name not in guides:
        hint = "; it belongs at the top of the file" if name in schema()["properties"] else ""
        words = unknown("guide or key", name, [*guides, *API_KEYS])
        yield Problem(key, f"[apis.{api}]: {words if not hint else f'unknown guide or key {name!r}{hint}'}")
        return
    for version in claimed if isinstance(claimed, dict) else [claimed] if isinstance(claimed, str) else ():
        at = (*key, version) if isinstance(claimed, dict) else key
        if isinstance(claimed, dict) and isinstance(claimed[version], dict):
            yield Problem(at, f'{dotted(key)}: put the version in quotes: "2.2.1" = "https://…"')
        elif version not in guides[name]:
            versions = listed(sorted(guides[name]))
            words = f"unknown version {version!r}"
            if "://" in version:
                words = 'expected a version, or { "version" = "base URL" }, found a URL'
            yield Problem(at, f"{dotted(key)}: {words}; known here: {versions}")


# -- APIs and URLs -----------------------------------------------------------------------------------------------------


def _apis(document: Document, known: KnownGuides) -> Iterator[Problem]:
    for api, table in document.get(("apis",)).items():
        key: KeyPath = ("apis", api)
        guides = {name: claimed for name, claimed in table.items() if name not in API_KEYS}
        served = [name for name, claimed in guides.items() if isinstance(claimed, dict)]
        if not guides:
            yield Problem(key, f"[apis.{api}] names no guide; expected {listed(sorted(known[api]))}")
        elif "files" in table and served:
            yield Problem((*key, "files"), f"[apis.{api}] has files and base URLs; expected one of them")
        elif "files" not in table and not served:
            main = main_guide(api, known)
            yield Problem(key, f'[apis.{api}] has no base URL; expected {main} = {{ "version" = "https://…" }}')
        if "files" in table and not is_folder(document.beside((*key, "files"))):
            yield Problem((*key, "files"), f"apis.{api}.files: there is no folder {table['files']!r}")
        for used in ("auth", "other_auth"):
            names = document.get(("auth",), {})
            if used in table and table[used] not in names:
                words = nearest(table[used], names) or f"; there is {listed([f'[auth.{name}]' for name in names])}"
                yield Problem((*key, used), f"apis.{api}.{used}: there is no [auth.{table[used]}]{words}")
        if "other_auth" in table and table["other_auth"] == table.get("auth"):
            yield Problem((*key, "other_auth"), f"apis.{api}.other_auth: is the client of auth; expected a second one")
        yield from _api_paths((*key, "paths"), table.get("paths", {}), OPERATIONS.get(api))


def _api_paths(key: KeyPath, paths: Mapping[str, str], operations: frozenset[str] | None) -> Iterator[Problem]:
    for operation, path in paths.items():
        if operations is not None and operation not in operations:
            yield Problem((*key, operation), f"{dotted(key)}: {unknown('operation', operation, operations)}")
        elif path.startswith("/") or "://" in path or ".." in path.split("/") or not path.isprintable() or " " in path:
            yield Problem((*key, operation), f"{dotted((*key, operation))}: expected a path below the base URL")


def _urls(document: Document) -> Iterator[Problem]:
    for api, table in document.get(("apis",)).items():
        for name, claimed in table.items():
            for version, url in claimed.items() if name not in API_KEYS and isinstance(claimed, dict) else ():
                if fault := url_fault(url):
                    key = ("apis", api, name, version)
                    yield Problem(key, f"{dotted(key)}: {fault}")
    for name, table in document.get(("auth",), {}).items():
        for each in ("token_url", "key_set_url", "proxy"):
            url = table.get(each, "env:")
            if not url.startswith("env:") and (fault := url_fault(url, base=False)):
                yield Problem(("auth", name, each), f"auth.{name}.{each}: {fault}")

    if (url := document.get(("callback", "url"), "")) and (fault := url_fault(url)):
        yield Problem(("callback", "url"), f"callback.url: {fault}")


def _warnings(document: Document) -> Iterator[str]:
    for api, table in document.get(("apis",)).items():
        for name, claimed in table.items():
            for url in claimed.values() if name not in API_KEYS and isinstance(claimed, dict) else ():
                yield from plain_http(f"the base URL of apis.{api}.{name}", url)
    for name, table in document.get(("auth",), {}).items():
        if url := table.get("token_url"):
            yield from plain_http(f"auth.{name}.token_url", url)
    if url := document.get(("callback", "url")):
        yield from plain_http("callback.url", url)

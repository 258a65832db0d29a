"""From target.toml, a base URL or a folder to a Target; whatever is wrong is a UsageError with file and line."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from conformance.errors import UsageError
from conformance.target.checks import (
    API_KEYS,
    MAIN_GUIDES,
    KnownGuides,
    api_of,
    check,
    main_guide,
    plain_http,
    tidy,
    url_fault,
    without_login,
)
from conformance.target.credentials import credentials, headers
from conformance.target.document import Document, is_folder, read
from conformance.target.facts import CASE_FILES, NEEDS_A_MEMBER, duration, moment
from conformance.target.folder import formulary_digest
from conformance.target.pa_list import read_list
from conformance.target.values import (
    DEFAULT_MEMBER,
    PAYER_TYPES,
    Acknowledged,
    Api,
    Attested,
    Auth,
    Callback,
    Case,
    Environment,
    Known,
    Member,
    OwnClock,
    PayerType,
    Target,
)


def load(path: Path, *, today: date, known: KnownGuides, env: Mapping[str, str] = os.environ) -> Target:
    """Reads a target file.

    ``known`` has the APIs, guides and versions there are scenarios for; ``today`` decides what has expired; ``env``
    is where ``env:NAME`` is looked up.
    """
    document = read(path)
    warnings = check(document, today=today, known=known)
    auth, secrets = _auth(document, env)
    apis, more_secrets = _apis(document, auth, env)
    return Target(
        **_plain_values(document),
        apis=apis,
        auth=auth,
        callback=Callback(**document.values["callback"]) if "callback" in document.values else None,
        members={key: _member(key, facts) for key, facts in document.get(("members",), {}).items()},
        cases=_all_cases(document),
        known={api: tuple(_known(api, row) for row in rows) for api, rows in document.get(("known",), {}).items()},
        acknowledged={
            name: Acknowledged(name, row["reason"], date.fromisoformat(row["until"]))
            for name, row in document.get(("acknowledged",), {}).items()
        },
        attested={
            name: Attested(name, row["by"], row["document"], row["sha256"].lower(), date.fromisoformat(row["until"]))
            for name, row in document.get(("attested",), {}).items()
        },
        file=path,
        sha256=document.sha256,
        secrets=tuple(dict.fromkeys((*secrets, *more_secrets))),
        warnings=warnings,
    )


def from_url(
    url: str,
    payer_type: PayerType | None = None,
    *,
    guides: Mapping[str, str],
    known: KnownGuides,
    environment: Environment = "production",
) -> Target:
    """A target that is a base URL and nothing else; ``guides`` maps each guide it claims to one version."""
    if fault := url_fault(url):
        raise UsageError(f"{without_login(url)!r}: {fault}")
    _payer_type(payer_type)
    if not guides:
        raise UsageError(f"which guide does {url} keep? say --guide NAME=VERSION, or write a target file with init")
    api = api_of(guides, known)
    main = main_guide(api, known)
    main = main if main in guides else next(ig for ig in MAIN_GUIDES[api] if ig in guides)
    base = tidy(url)
    told = "\n".join([base, payer_type or "", *sorted(f"{ig}={version}" for ig, version in guides.items())])
    return Target(
        name=base,
        payer_type=payer_type,
        # Only a plan with drug coverage has a formulary to serve.
        part_d=api == "formulary" and payer_type == "ma",
        environment=environment,
        apis={
            api: Api(
                api,
                guides={main: {guides[main]: base}},
                claims={ig: version for ig, version in guides.items() if ig != main},
            )
        },
        sha256=hashlib.sha256(told.encode("utf-8", "replace")).hexdigest(),
        warnings=plain_http("the base URL", base),
    )


def from_folder(path: Path, payer_type: PayerType | None = None, *, version: str = "2.0.1") -> Target:
    """A target that is a folder of formulary resources (.ndjson, .json), claimed to keep ``version`` of usdf."""
    _payer_type(payer_type)
    if not is_folder(path):
        raise UsageError("there is no such folder", file=str(path))
    api = Api("formulary", claims={"usdf": version}, files=path)
    return Target(
        name=path.resolve().name,
        payer_type=payer_type,
        part_d=payer_type == "ma",
        apis={"formulary": api},
        sha256=formulary_digest(path),
    )


def _payer_type(payer_type: str | None) -> None:
    if payer_type is not None and payer_type not in PAYER_TYPES:
        raise UsageError(f"no payer type {payer_type!r}: expected one of {', '.join(PAYER_TYPES)}")


def _auth(document: Document, env: Mapping[str, str]) -> tuple[dict[str, Auth], tuple[str, ...]]:
    found = {name: credentials(document, name, env) for name in document.get(("auth",), {})}
    secrets = tuple(secret for _, hidden in found.values() for secret in hidden)
    return {name: Auth(**fields) for name, (fields, _) in found.items()}, secrets


def _apis(
    document: Document, auth: Mapping[str, Auth], env: Mapping[str, str]
) -> tuple[dict[str, Api], tuple[str, ...]]:
    apis: dict[str, Api] = {}
    secrets: tuple[str, ...] = ()
    for name, table in document.get(("apis",)).items():
        sent, hidden = headers(document, name, env)
        guides = {ig: claimed for ig, claimed in table.items() if ig not in API_KEYS}
        apis[name] = Api(
            name,
            guides={
                ig: {version: tidy(url) for version, url in claimed.items()}
                for ig, claimed in guides.items()
                if isinstance(claimed, dict)
            },
            claims={ig: claimed for ig, claimed in guides.items() if isinstance(claimed, str)},
            paths=table.get("paths", {}),
            auth=auth[table["auth"]] if "auth" in table else Auth(),
            other_auth=auth[table["other_auth"]] if "other_auth" in table else None,
            headers=sent,
            files=document.beside(("apis", name, "files")) if "files" in table else None,
        )
        secrets += hidden
    return apis, secrets


def _plain_values(document: Document) -> dict[str, Any]:
    """The fields that are read from the top of the file as they stand."""
    get = document.values.get
    days = {
        name: date.fromisoformat(document.values[name])
        for name in ("rating_period_start", "plan_year_start", "as_of")
        if name in document.values
    }
    kept = (
        "name",
        "payer_type",
        "part_d",
        "environment",
        "representative",
        "requester",
        "other_requester",
        "payer",
        "max_rps",
        "at_once",
    )
    return {
        **{name: document.values[name] for name in kept if name in document.values},
        **days,
        "allow": frozenset(get("allow", ())),
        "timezones": tuple(get("timezones", ())),
        "holidays": tuple(date.fromisoformat(day) for day in get("holidays", ())),
        "clocks": tuple(_own_clock(row) for row in get("clocks", ())),
        "drugs": tuple(get("drugs", ())),
    }


def _member(key: str, facts: Mapping[str, Any]) -> Member:
    return Member(
        key, {name: fact for name, fact in facts.items() if name != "subscriber"}, facts.get("subscriber", "")
    )


def _all_cases(document: Document) -> dict[str, dict[str, Case]]:
    cases = {api: _cases(document, api) for api in document.get(("cases",), {})}
    for number, facts in enumerate(document.get(("drugs",), ()), 1):
        name = f"drugs[{number}]"
        cases.setdefault("formulary", {})[name] = Case("formulary", name, facts)
    for name, facts in _listed_services(document).items():
        cases.setdefault("coverage-discovery", {})[name] = Case("coverage-discovery", name, facts)
    return cases


def _listed_services(document: Document) -> dict[str, dict[str, Any]]:
    """The services of [[pa_list]] and of the payer's published list, each as a case of coverage discovery."""
    rows = {f"pa_list[{number}]": facts for number, facts in enumerate(document.get(("pa_list",), ()), 1)}
    if document.get(("pa_list_file",)) is not None:
        listed = read_list(document.beside(("pa_list_file",)))
        rows |= {f"pa_list_file line {line}": facts for line, facts in listed}
    return {name: {"member": DEFAULT_MEMBER, **facts} for name, facts in rows.items()}


def _cases(document: Document, api: str) -> dict[str, Case]:
    cases: dict[str, Case] = {}
    for name, table in document.get(("cases", api)).items():
        facts = {key: fact for key, fact in table.items() if key not in (*CASE_FILES, "settles")}
        if api in NEEDS_A_MEMBER and DEFAULT_MEMBER in document.get(("members",), {}):
            facts.setdefault("member", DEFAULT_MEMBER)
        cases[name] = Case(
            api,
            name,
            facts,
            settles=duration(table["settles"]) if "settles" in table else None,
            **{key: document.beside(("cases", api, name, key)) for key in CASE_FILES if key in table},
        )
    return cases


def _known(api: str, row: Mapping[str, Any]) -> Known:
    return Known(
        api,
        row["identifier"],
        moment(row["received"]),
        row["decision"],
        urgency=row.get("urgency", "standard"),
        member=row.get("member", DEFAULT_MEMBER),
        decided=moment(row["decided"]) if "decided" in row else None,
        notified=moment(row["notified"]) if "notified" in row else None,
        facts=row.get("facts", {}),
        drug_kind=row.get("drug_kind", ""),
        extended=row.get("extended", False),
    )


def _own_clock(row: Mapping[str, Any]) -> OwnClock:
    plain = {key: value for key, value in row.items() if key not in ("from", "until", "drugs")}
    begins, ends = (date.fromisoformat(row[key]) if key in row else None for key in ("from", "until"))
    return OwnClock(**plain, from_=begins, until=ends, drugs=tuple(row.get("drugs", ())))

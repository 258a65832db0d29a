"""Whether base URLs answer, and whether what they publish is what the target file claims."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from conformance.apis.cds_hooks import read_services
from conformance.apis.discovery import Capabilities
from conformance.doctor.check import Check, joined
from conformance.guides import Guide
from conformance.opening import guides
from conformance.self_description import CLOSED, SelfDescription, ask, plain, renamed, traces
from conformance.strict_json import load_or_none
from conformance.target import Api, Claim, Target
from conformance.wire.files import Folder
from conformance.wire.payer import NONE, Request, Wire

FHIR = "4.0.1"
OPERATIONS = {
    "prior-auth": (("Claim", "submit"), ("Claim", "inquire")),
    "payer-to-payer": (("Patient", "member-match"),),
    "documentation": (("Questionnaire", "questionnaire-package"),),
}


def endpoint_checks(target: Target, wire: Wire, without_tls: Mapping[str, str]) -> Iterator[Check]:
    """Each base URL asked once for each of the three documents it may publish.

    ``without_tls`` maps the servers to which there is no TLS connection to the check that says so.
    """
    for api in target.apis.values():
        claims = api.claim_list()
        if api.name == "drug-files":  # public files, no server: a run fetches them, nothing else has to be ready
            continue
        if api.name == "coverage-discovery":  # no FHIR server: CDS Hooks has a discovery document of its own
            for claim in (each for each in claims if each.base_url):
                because = without_tls.get(urlsplit(claim.base_url).netloc, "")
                yield replace(_services(wire, api, claim), because=because)
            continue
        for base_url in dict.fromkeys(claim.base_url for claim in claims if claim.base_url):
            here = [claim for claim in claims if claim.base_url == base_url]
            said = ask(wire, base_url, api)
            yield replace(_answers(said, here), because=without_tls.get(urlsplit(base_url).netloc, ""))
            if said.capabilities:
                yield from statement_notes(said.capabilities, api, here)
            if not said.metadata.failure:
                yield from _smart(said, api, here)
                yield from _davinci(said, here)


def folder_checks(target: Target) -> Iterator[Check]:
    """Each folder that stands for an endpoint read through."""
    for api in target.apis.values():
        if api.files is None or api.name == "drug-files":
            continue
        folder = Folder(api.files)
        found = Counter(placed.type for placed in folder.walk())
        counts = [f"{found[kind]} {kind}" for kind in sorted(found)]
        key = f"apis.{api.name}.files"
        if not counts:
            yield Check(key, False, f"{api.files} holds no resource that can be read", "your file", key)
            continue
        yield Check(key, True, f"{api.files}: {joined(counts)}")
        if folder.problems:
            first = plain(str(folder.problems[0]), 200)
            message = f"{len(folder.problems)} things there cannot be read as they should; the first: {first}"
            yield Check(key, True, message, "payer", "the files")


def _services(wire: Wire, api: Api, claim: Claim) -> Check:
    path = api.paths.get("services", "cds-services")
    accept = {"accept": "application/json"}
    request = Request("coverage-discovery.services", "GET", path, headers=accept, token=NONE)
    answer = wire.send(claim.base_url, api, request)
    if answer.failure:
        return Check(
            claim.label, False, f"{claim.base_url}: {answer.failure.message}", answer.failure.actor, _key(claim)
        )
    services = read_services(load_or_none(answer.body)) if answer.status == 200 else None
    if services is None:
        message = f"{claim.base_url} answers {path} with {answer.status} and no services: is it a CDS Hooks base URL?"
        return Check(claim.label, False, message, "your file", _key(claim))
    hooks = joined(dict.fromkeys(plain(each.hook) for each in services))
    return Check(claim.label, True, f"{claim.base_url} answers, with services for {hooks or 'no hook'}")


def _name(claims: Sequence[Claim]) -> str:
    return joined(claim.label for claim in claims)


def _key(claim: Claim) -> str:
    return f'apis.{claim.api}.{claim.ig}."{claim.version}"'


def _answers(said: SelfDescription, claims: Sequence[Claim]) -> Check:
    name, key, metadata = _name(claims), _key(claims[0]), said.metadata
    if metadata.failure:
        return Check(name, False, f"{said.base_url}: {metadata.failure.message}", metadata.failure.actor, key)
    if said.capabilities:
        return Check(name, True, f"{said.base_url} answers, FHIR {plain(said.capabilities.fhir_version) or 'unknown'}")
    if metadata.status in CLOSED:
        message = f"{said.base_url} answers metadata with {metadata.status}: it is not published to everybody"
        return Check(name, False, message, "payer", f"apis.{claims[0].api}.auth, or open metadata")
    found = f"{said.base_url} answers metadata with {metadata.status} and no CapabilityStatement"
    return Check(name, False, f"{found}: is it a FHIR base URL?", "your file", key)


def statement_notes(capabilities: Capabilities, api: Api, claims: Sequence[Claim]) -> Iterator[Check]:
    """What a CapabilityStatement says otherwise than the target file: FHIR, operations and their names, versions."""
    name = _name(claims)
    if capabilities.fhir_version != FHIR:
        message = f"declares FHIR {plain(capabilities.fhir_version) or 'no version'}, not {FHIR}"
        yield Check(name, True, message, "payer", _key(claims[0]))
    own = {code: path for claim in claims for code, path in renamed(capabilities, _guide(claim)).items()}
    for code, path in own.items():
        if api.paths.get(code) != path:
            message = f"declares ${code} as {path}; another path is asked"
            yield Check(name, True, message, "your file", f"apis.{api.name}.paths.{code}")
    expected = [each for each in OPERATIONS.get(api.name, ()) if each[1] not in own]
    missing = [f"{kind}/${code}" for kind, code in expected if not capabilities.declares(kind, code)]
    if missing:
        yield Check(
            name,
            True,
            f"does not declare {joined(missing)}: is it the base URL of {api.name}?",
            "your file",
            _key(claims[0]),
        )
    for trace in traces(capabilities):
        for claim in claims:
            if trace.ig == claim.ig and trace.versions and claim.version not in trace.versions:
                named = plain(joined(trace.versions))
                yield Check(
                    name, True, f"names {claim.ig} {named}; the target claims {claim.version}", "your file", _key(claim)
                )


def _guide(claim: Claim) -> Guide:
    return guides()[claim.ig, claim.version]


def _smart(said: SelfDescription, api: Api, claims: Sequence[Claim]) -> Iterator[Check]:
    name = f"{_name(claims)} SMART configuration"
    claimed = any(claim.ig == "smart" for claim in claims)
    if said.smart is None:
        if claimed or api.auth.type == "backend-services":
            message = f"there is none (status {said.smart_exchange.status})"
            yield Check(name, True, message, "payer", f"{said.base_url}/.well-known/smart-configuration")
        return
    endpoint = said.smart.token_endpoint
    if api.auth.token_url and endpoint and endpoint.rstrip("/") != api.auth.token_url.rstrip("/"):
        message = f"names the token endpoint {plain(endpoint, 200)}, the target {api.auth.token_url}"
        yield Check(name, True, message, "your file", f"auth.{api.auth.name}.token_url")
    elif (
        api.auth.algorithm and said.smart.signing_algorithms and api.auth.algorithm not in said.smart.signing_algorithms
    ):
        message = f"takes {plain(joined(said.smart.signing_algorithms))}, the key signs {api.auth.algorithm}"
        yield Check(name, True, message, "your file", f"auth.{api.auth.name}.key_file")
    else:
        yield Check(name, True, "is there")


def _davinci(said: SelfDescription, claims: Sequence[Claim]) -> Iterator[Check]:
    """The guide has asked for this document since HRex 1.1."""
    if not any(claim.ig == "hrex" and claim.version != "1.0.0" for claim in claims):
        return
    name = f"{_name(claims)} Da Vinci configuration"
    if said.davinci is None:
        message = f"there is none (status {said.davinci_exchange.status})"
        yield Check(name, True, message, "payer", f"{said.base_url}/.well-known/davinci-configuration")
    else:
        yield Check(name, True, f"is there, with {len(said.davinci.endpoints)} endpoints")

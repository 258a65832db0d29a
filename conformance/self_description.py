"""What an endpoint says of itself, asked before any run: for the doctor, and for a first target file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from conformance.apis.discovery import Capabilities, Davinci, Smart, read_capabilities, read_davinci, read_smart
from conformance.exchange import Exchange
from conformance.guides import Guide
from conformance.strict_json import load_or_none
from conformance.target import Api
from conformance.wire.payer import NONE, OWN, Request, Wire

METADATA = ("discovery.metadata", "metadata")
SMART = ("discovery.smart-configuration", ".well-known/smart-configuration")
DAVINCI = ("discovery.davinci-configuration", ".well-known/davinci-configuration")
CLOSED = (401, 403)
LONGEST = 100
NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}")

# How canonicals of a guide begin, and which API it describes; PDex builds its payer-to-payer exchange on HRex.
CANONICALS = {
    "http://hl7.org/fhir/us/davinci-pas/": ("prior-auth", "pas"),
    "http://hl7.org/fhir/us/davinci-drug-formulary/": ("formulary", "usdf"),
    "http://hl7.org/fhir/us/davinci-dtr/": ("documentation", "dtr"),
    "http://hl7.org/fhir/us/davinci-hrex/": ("payer-to-payer", "hrex"),
    "http://hl7.org/fhir/us/davinci-pdex/": ("payer-to-payer", ""),
}
FORMULARY = frozenset({"InsurancePlan", "Basic", "MedicationKnowledge"})
MOST_TYPES = 50  # a server that serves more of them serves whatever FHIR knows


@dataclass(frozen=True)
class SelfDescription:
    """The three documents of one base URL, with the exchanges they came by; None where there is no such document."""

    base_url: str
    metadata: Exchange
    smart_exchange: Exchange
    davinci_exchange: Exchange
    statement: Mapping[str, Any] | None
    capabilities: Capabilities | None
    smart: Smart | None
    davinci: Davinci | None


@dataclass(frozen=True)
class Trace:
    """A sign that an API is served: what shows it, and the guide's versions that are named, if any."""

    api: str
    ig: str
    versions: tuple[str, ...]
    shown_by: str


def ask(wire: Wire, base_url: str, api: Api) -> SelfDescription:
    """Reads what is published at a base URL, without credentials where they are not asked for."""
    metadata = _get(wire, base_url, api, *METADATA)
    if metadata.status in CLOSED and api.auth.type != "none":
        metadata = _get(wire, base_url, api, *METADATA, authorized=True)
    smart = _get(wire, base_url, api, *SMART)
    davinci = _get(wire, base_url, api, *DAVINCI)
    found = _json(metadata)
    capabilities = read_capabilities(found)
    return SelfDescription(
        base_url, metadata, smart, davinci,
        statement=found if capabilities else None,
        capabilities=capabilities,
        smart=read_smart(_json(smart)),
        davinci=read_davinci(_json(davinci)),
    )  # fmt: skip


def traces(capabilities: Capabilities) -> tuple[Trace, ...]:
    """Which APIs a CapabilityStatement speaks of, the plainest sign of each."""
    found: dict[str, Trace] = {}
    for api, ig, shown_by in _declared(capabilities):
        found.setdefault(api, Trace(api, ig, (), shown_by))
    for element in ("implementation_guides", "instantiates"):
        for canonical in getattr(capabilities, element):
            url, _, version = canonical.partition("|")
            for begins, (api, ig) in CANONICALS.items():
                if not url.startswith(begins):
                    continue
                before = found.get(api, Trace(api, ig, (), f"it names {url}"))
                named = before.versions if not (version and ig) else (*before.versions, version)
                found[api] = Trace(api, before.ig or ig, tuple(dict.fromkeys(named)), before.shown_by)
    return tuple(found.values())


def _declared(capabilities: Capabilities) -> list[tuple[str, str, str]]:
    submit, inquire = (capabilities.declares("Claim", name) for name in ("submit", "inquire"))
    found = []
    if submit or inquire:
        found.append(("prior-auth", "pas", f"it declares Claim/${'submit' if submit else 'inquire'}"))
    if capabilities.declares("Patient", "member-match"):
        found.append(("payer-to-payer", "hrex", "it declares Patient/$member-match"))
    if capabilities.declares("Questionnaire", "questionnaire-package"):
        found.append(("documentation", "dtr", "it declares Questionnaire/$questionnaire-package"))
    if capabilities.resources >= FORMULARY and len(capabilities.resources) <= MOST_TYPES:
        found.append(("formulary", "usdf", "it serves InsurancePlan, Basic and MedicationKnowledge"))
    return found


def renamed(capabilities: Capabilities, guide: Guide) -> dict[str, str]:
    """The paths of a guide's operations that are declared by their definition, but under a name of the server's own."""
    found = {}
    for operation, row in guide.operations.items():
        kind, _, code = row["path"].partition("/$")
        called = capabilities.definitions.get((kind, row.get("definition", "")), code)
        if code and called != code and NAME.fullmatch(called) and not capabilities.declares(kind, code):
            found[operation.partition(".")[2]] = f"{kind}/${called}"
    return found


def plain(text: str, longest: int = LONGEST) -> str:
    """A stranger's text on one line: nothing that moves a cursor or ends a line, and not too long."""
    clean = " ".join("".join(char if char.isprintable() else " " for char in text[: 4 * longest]).split())
    return clean if len(clean) <= longest else clean[:longest] + "…"


def _get(wire: Wire, base_url: str, api: Api, operation: str, path: str, authorized: bool = False) -> Exchange:
    own = api.paths.get(operation.partition(".")[2])
    return wire.send(base_url, api, Request(operation, "GET", own or path, token=OWN if authorized else NONE))


def _json(exchange: Exchange) -> Any:
    return load_or_none(exchange.body) if exchange.status == 200 and not exchange.failure else None

"""A first target file for a base URL: filled in with what the endpoint says of itself, questions for the rest.

What is printed is always TOML, whatever the endpoint says; what cannot be known is a comment that asks.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from conformance import clock
from conformance.apis.discovery import Smart
from conformance.errors import UsageError
from conformance.guides import version_key
from conformance.opening import guides, versions_known
from conformance.self_description import SelfDescription, Trace, ask, plain, renamed, traces
from conformance.target import PAYER_TYPES, Api, Auth, KnownGuides, Target, main_guide
from conformance.target.checks import tidy, url_fault, without_login
from conformance.wire.payer import Limits, Wire

LIMITS = Limits(total_seconds=30.0, retries=1, longest_wait=10.0)
COLUMN = 56
NAMELESS = ("", "Not provided")  # the second is what HAPI publishes where nobody named the publisher
MOST_ENDPOINTS = 20
DOCUMENTATION = "docs/target-file.md"
ATTACH = "submit-attachment"

REQUESTER = """\
# [requester]                                           # Who asks, as the payer knows it?
# npi = "1234567893"
# name = "…"
# [payer]                                               # How does the payer name itself?
# name = "…"
# identifier = { system = "http://hl7.org/fhir/sid/us-npi", value = "…" }"""

MEMBERS = """\
# [members.first]                                       # Which synthetic members does this environment know?
# member_id = "…"
# identifier_system = "…"                               # The system of member_id in the payer's identifiers?
# family = "…"
# given = ["…"]
# birth_date = 1950-01-31
# gender = "female"
# [members.second]                                      # A second one shows that the first sees nothing of it.
# member_id = "…"
# identifier_system = "…"
# family = "…"
# given = ["…"]
# birth_date = 1950-01-30
# gender = "male\""""

CASES = {
    "prior-auth": """\
# [cases.prior-auth.approved]                           # Which service is approved here at once?
# service = { system = "http://www.ama-assn.org/go/cpt", code = "…" }
# service_type = "…"                                    # Its X12 service type code?
# diagnosis = { system = "http://hl7.org/fhir/sid/icd-10-cm", code = "…" }
# [cases.prior-auth.denied]                             # Which is denied?
# service = { system = "http://www.ama-assn.org/go/cpt", code = "…" }
# [cases.prior-auth.pended]                             # Which is reviewed by a person?
# service = { system = "http://www.ama-assn.org/go/cpt", code = "…" }
# settles = "PT10M"                                     # How long until its decision?
# [[known.prior-auth]]                                  # Which authorizations exist already?
# identifier = "…"
# received = 2026-11-02T09:30:00-05:00                  # When was the request received?
# decision = "denied\"""",
    "formulary": """\
# [cases.formulary.covered]                             # Which drug is covered, by its RxNorm code?
# drug = "617310"
# needs = ["prior-authorization"]                       # What does it need? also step-therapy, quantity-limit""",
    "payer-to-payer": """\
# [cases.payer-to-payer.one-match]                      # Whom does the payer know?
# member = "first"
# holds = ["Coverage", "ExplanationOfBenefit?use=claim"]   # What does it hold of this member?
# [cases.payer-to-payer.no-match]                       # Whom does it not know? a member of [members]
# member = "second\"""",
}


def plan_target(url: str, *, payer_type: str | None = None, ca_file: str = "", known: KnownGuides | None = None) -> str:
    """The text of a target.toml for the endpoint at ``url``; UsageError where it is no URL.

    ``ca_file`` names certificates to trust beside the public ones, ``known`` the guides and versions to choose from
    (those of the suites where not given). Only GETs are sent, without credentials.
    """
    if fault := url_fault(url):
        raise UsageError(f"{without_login(url)!r}: {fault}")
    if payer_type is not None and payer_type not in PAYER_TYPES:
        raise UsageError(f"no payer type {payer_type!r}: expected one of {', '.join(PAYER_TYPES)}")
    base = tidy(url).removesuffix("/metadata")
    api = Api("unknown", auth=Auth("anonymous", ca_file=ca_file))
    with Wire(Target(base), journal=lambda _exchange: None, limits=LIMITS) as wire:
        said = ask(wire, base, api)
    known = known or versions_known(guides())
    found = [each for each in (traces(said.capabilities) if said.capabilities else ()) if each.api in known]
    parts = [
        "\n".join(_head(said, payer_type)),
        *("\n".join(_api(said, trace, known, ca_file)) for trace in found),
        *([] if found else ["\n".join(_no_api(said, known))]),
        "\n".join(_auth(said, ca_file)),
        *([] if {each.api for each in found} == {"formulary"} else [REQUESTER, MEMBERS]),
        *(CASES[each.api] for each in found if each.api in CASES),
        "\n".join(_elsewhere(said)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _head(said: SelfDescription, payer_type: str | None) -> Iterator[str]:
    yield f"# {said.base_url}, as it described itself on {clock.now().date()}."
    yield f"# Lines that ask are yours to answer: take the # away. Every key is explained in {DOCUMENTATION}."
    if said.metadata.failure:
        yield f"# Nothing could be read there: {plain(said.metadata.failure.message, 300)}."
    elif said.capabilities is None:
        yield f"# Its metadata (status {said.metadata.status}) is no CapabilityStatement: is this the base URL?"
    yield ""
    yield _line(f"name = {_quoted(_name(said))}", "Which payer, which line of business?")
    which = f"Which rules bind it? {', '.join(PAYER_TYPES)}"
    yield f'payer_type = "{payer_type}"' if payer_type else _line('# payer_type = "ma"', which)
    yield _line('# environment = "test"', "Is it a test environment? Otherwise nothing that writes is sent.")
    yield _line('# timezones = ["America/New_York"]', "Where do the members live?")


def _name(said: SelfDescription) -> str:
    statement = said.statement or {}
    for element in ("publisher", "title", "name"):
        if isinstance(value := statement.get(element), str) and plain(value) not in NAMELESS:
            return plain(value)
    return urlsplit(said.base_url).hostname or said.base_url


def _api(said: SelfDescription, trace: Trace, known: KnownGuides, ca_file: str) -> Iterator[str]:
    ig = trace.ig or main_guide(trace.api, known)
    versions = sorted(known[trace.api][ig], key=version_key)
    named = [version for version in trace.versions if version in versions]
    strange = [plain(version, 20) for version in trace.versions if version not in versions]
    yield _line(f"[apis.{trace.api}]", plain(trace.shown_by))
    if strange:
        yield f"# It names {ig} {', '.join(strange)}: there are no scenarios for that, only for {', '.join(versions)}."
    if named:
        yield _claim(ig, named, said.base_url)
    else:
        yield _line(f"# {_claim(ig, versions[-1:], said.base_url)}", f"Which version? {' or '.join(versions)}")
    if said.capabilities and (own := renamed(said.capabilities, guides()[ig, (named or versions)[-1]])):
        paths = ", ".join(f"{operation} = {_quoted(path)}" for operation, path in own.items())
        yield _line(f"paths = {{ {paths} }}", "as it names them; the guide names them otherwise")
    if said.smart and "smart" in known[trace.api]:
        newest = max(known[trace.api]["smart"], key=version_key)
        yield _line(f'# smart = "{newest}"', f"Does it claim SMART App Launch {newest}?")
    if said.capabilities and said.capabilities.declares("", ATTACH) and "cdex" in known[trace.api]:
        yield _line(f'cdex = "{max(known[trace.api]["cdex"], key=version_key)}"', "It lists $submit-attachment.")
    if ca_file:
        yield _line('auth = "anonymous"', 'Do requests need credentials? then "gateway"')
    elif said.smart:
        yield _line('# auth = "gateway"', "Do requests need credentials?")


def _claim(ig: str, versions: Sequence[str], base_url: str) -> str:
    served = ", ".join(f'"{version}" = {_quoted(base_url)}' for version in versions)
    return f"{ig} = {{ {served} }}"


def _no_api(said: SelfDescription, known: KnownGuides) -> Iterator[str]:
    yield "# Nothing here says which API is served. Which of these is it?"
    for api, igs in known.items():
        ig = main_guide(api, known)
        yield f"# [apis.{api}]"
        yield f"# {_claim(ig, [max(igs[ig], key=version_key)], said.base_url)}"
        yield '# auth = "gateway"'


def _auth(said: SelfDescription, ca_file: str) -> Iterator[str]:
    smart, failed = said.smart, said.metadata.failure
    if ca_file:
        yield '[auth.anonymous]\ntype = "none"'
        yield f"ca_file = {_quoted(ca_file)}\n"
    yield _line("# [auth.gateway]", "How is the harness registered?")
    kind, offered = _credentials(smart)
    yield _line(f"# type = {_quoted(kind)}", offered)
    endpoint = plain(smart.token_endpoint, 500) if smart else ""
    yield _line(
        f"# token_url = {_quoted(endpoint or '…')}", "as its SMART configuration says" if endpoint else "Where?"
    )
    yield _line('# client_id = "…"', "Under which name?")
    if kind == "client-secret":
        yield _line('# client_secret = "env:CLIENT_SECRET"', "In which environment variable?")
    else:
        signed = plain(", ".join(smart.signing_algorithms)) if smart and smart.signing_algorithms else "RS384, ES384"
        yield _line('# key_file = "…"', f"Where is the private key? signing with {signed}")
    scopes = plain(" ".join(smart.scopes), 200) if smart else ""
    yield _line(
        f"# scope = {_quoted(scopes or 'system/*.rs')}", "Which of the scopes that it offers?" if scopes else ""
    )
    if ca_file or (failed and failed.kind == "tls"):
        yield _line(
            f"# ca_file = {_quoted(ca_file or '…')}", "" if ca_file else "Which authority signed its certificate?"
        )


def _credentials(smart: Smart | None) -> tuple[str, str]:
    """The type of credentials that fits what the SMART configuration offers, and what that is."""
    if smart is None or not smart.token_auth_methods:
        return "backend-services", "or client-secret, bearer, token-command"
    offered = f"offered: {plain(', '.join(smart.token_auth_methods))}"
    if "client_secret_basic" in smart.token_auth_methods and "private_key_jwt" not in smart.token_auth_methods:
        return "client-secret", offered
    return "backend-services", offered


def _elsewhere(said: SelfDescription) -> Iterator[str]:
    """The endpoints that the Da Vinci configuration names: other base URLs of the same payer."""
    endpoints = dict(said.davinci.endpoints) if said.davinci else {}
    if endpoints:
        yield "# Its Da Vinci configuration names these endpoints:"
    for code, url in list(endpoints.items())[:MOST_ENDPOINTS]:
        yield f"#   {plain(code)}: {plain(url, 300)}"


def _line(text: str, comment: str) -> str:
    return f"{text:<{COLUMN}}# {comment}" if comment else text


def _quoted(text: str) -> str:
    """A TOML basic string of printable text."""
    return json.dumps(text, ensure_ascii=False)

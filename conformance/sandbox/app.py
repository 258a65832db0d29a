"""The model payer as a web application: calls in, handlers asked, bends applied, answers out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from email.utils import format_datetime
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from conformance.sandbox import (
    attachments,
    authorization,
    bulk,
    coverage_discovery,
    discovery,
    documentation,
    drug_files,
    exchange,
    formulary,
    formulary_export,
    groups,
    member_tokens,
    patient_access,
    prior_auth,
    subscriptions,
    trust,
)
from conformance.sandbox.clock import Clock
from conformance.sandbox.frame import Answer, Bend, Call, Policies, Seed
from conformance.sandbox.outcome import refusal
from conformance.sandbox.store import Overlay, Payer

Act = Callable[[Call, Payer], Answer]

VERSIONS: Mapping[str, tuple[str, ...]] = {
    "pas": ("2.0.1", "2.2.1"),
    "usdf": ("2.0.1", "2.1.0"),
    "hrex": ("1.0.0", "1.1.0", "1.2.0"),
    "pdex": ("2.0.0", "2.1.0", "2.2.0"),
    "qhp": ("1",),
    "crd": ("2.0.1", "2.2.1"),
    "dtr": ("2.0.1", "2.2.0"),
    "bulk": ("1.0.0", "2.0.0"),
}
# Further base URLs, and the guide that they keep: a guide may describe more than one API.
FURTHER: Mapping[str, str] = {"patient-access": "pdex", "pdex-provider": "pdex"}
UNSERVED = ("pdex-provider/2.0.0",)  # the guide had no Provider Access yet
FORMULARY_TYPES = ("InsurancePlan", "Basic", "MedicationKnowledge", "Location")
_BULK_MATCH = {
    "payer-to-payer.bulk-match": "Group/$bulk-member-match",
    "provider-access.member-match": "Group/$provider-member-match",
}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True)
class Deed:
    """What is done with a call: its operation, who answers it, the scope it needs ("" asks for none)."""

    operation: str
    act: Act
    scope: str = ""


def build(seed: Seed, clock: Clock, policies: Policies, bends: Sequence[Bend] = ()) -> Starlette:
    """The payer as an ASGI application with an empty overlay of its own; bends change its answers, in their order.

    ``state.payer`` is the payer, for whoever serves it.
    """
    payer = Payer(seed, Overlay(), policies, clock)

    async def api(request: Request) -> Response:
        room, version = request.path_params["ig"], request.path_params["version"]
        ig = FURTHER.get(room, room)
        if version not in VERSIONS.get(ig, ()) or f"{room}/{version}" in UNSERVED:
            return _response(_unknown(), clock)
        here = replace(payer, base_url=f"{_root(request)}/{room}/{version}", issuer_url=_root(request))
        call = await _call(request, f"{ig}={version}", here.base_url, request.path_params["path"])
        return await _done(_deed(room, call), call, here, bends)

    async def token(request: Request) -> Response:
        here = replace(payer, base_url=_root(request), issuer_url=_root(request))
        call = await _call(request, "", here.base_url, "auth/token")
        grants = {"refresh_token": member_tokens.refreshed, "authorization_code": authorization.exchanged}
        kind = dict(parse_qsl(call.body.decode("utf-8", "replace"))).get("grant_type", "")
        deed = Deed("discovery.token", grants.get(kind, trust.token))
        return await _done(deed, call, here, bends)

    async def authorize(request: Request) -> Response:
        here = replace(payer, base_url=_root(request), issuer_url=_root(request))
        call = await _call(request, "", here.base_url, "auth/authorize")
        return await _done(Deed("discovery.authorize", authorization.authorize), call, here, bends)

    async def move_clock(request: Request) -> Response:
        answer = await _moved(request, clock)
        subscriptions.announce_due(payer)
        return _response(answer, clock)

    async def unknown(_request: Request) -> Response:
        return _response(_unknown(), clock)

    application = Starlette(
        routes=[
            Route("/auth/token", token, methods=["POST"]),
            Route("/auth/authorize", authorize, methods=["GET", "POST"]),
            Route("/control/clock", move_clock, methods=["POST"]),
            Route("/{ig}/{version}/{path:path}", api, methods=METHODS),
            Route("/{path:path}", unknown, methods=METHODS),
        ]
    )
    application.state.payer = payer
    return application


async def _done(deed: Deed, call: Call, payer: Payer, bends: Sequence[Bend]) -> Response:
    call = replace(call, operation=deed.operation)
    try:
        answer = (trust.authorize(call, payer, deed.scope) if deed.scope else None) or deed.act(call, payer)
        for bend in bends:
            if bend.operation == call.operation and bend.when(call, answer):
                await asyncio.sleep(bend.delay)
                answer = bend.change(call, answer)
    except Exception as error:  # a mistake of the model payer itself: said, and never a torn connection
        answer = refusal(500, "exception", f"the model payer failed: {type(error).__name__}: {error}")
    return _response(answer, payer.clock)


def _deed(ig: str, call: Call) -> Deed:
    if ig == "qhp":
        return Deed(drug_files.OPERATIONS.get(call.path, ""), drug_files.serve)
    if call.method == "GET" and call.path in discovery.PATHS and ig != "crd":  # a CDS Hooks base is no FHIR base
        return Deed(*discovery.PATHS[call.path])
    routes = {
        "pas": _prior_auth_deed, "usdf": _formulary_deed, "hrex": _exchange_deed, "pdex": _pdex_deed,
        "crd": _coverage_deed, "dtr": _documentation_deed, "patient-access": _patient_access_deed,
        "pdex-provider": _bulk_deed, "bulk": _bulk_deed,
    }  # fmt: skip
    return routes[ig](call) or Deed("", lambda _call, _payer: _unknown())


def _prior_auth_deed(call: Call) -> Deed | None:
    if call.path.partition("/")[0] == "Subscription":
        return _subscription_deed(call)
    if call.path == "$submit-attachment":
        return Deed("prior-auth.submit-attachment", attachments.submit, "system/Claim.c")
    if call.method != "POST" or call.path not in ("Claim/$submit", "Claim/$inquire"):
        return None
    if call.path == "Claim/$submit":
        return Deed("prior-auth.submit", prior_auth.submit, "system/Claim.c")
    return Deed("prior-auth.inquire", prior_auth.inquire, "system/Claim.r")


def _subscription_deed(call: Call) -> Deed | None:
    if call.method == "POST" and call.path == "Subscription":
        return Deed("prior-auth.subscribe", subscriptions.create, "system/Subscription.c")
    if call.path.count("/") != 1 or call.method not in ("GET", "PUT", "DELETE"):
        return None
    scope = {"GET": "r", "PUT": "u", "DELETE": "d"}[call.method]
    return Deed("prior-auth.subscribe", subscriptions.change, f"system/Subscription.{scope}")


def _formulary_deed(call: Call) -> Deed | None:
    kind, _, rest = call.path.partition("/")
    if call.method == "GET" and (formulary_export.is_kick_off(call.path) or kind.startswith("export-")):
        exports = {"export-status": ("formulary.status", formulary_export.status),
                   "export-files": ("formulary.file", formulary_export.file)}  # fmt: skip
        return Deed(*exports.get(kind, ("formulary.export", formulary_export.start)), "system/InsurancePlan.s")
    if kind not in FORMULARY_TYPES:
        return None
    if (call.method == "GET" and not rest) or (call.method == "POST" and rest == "_search"):
        return Deed("formulary.search", formulary.search, f"system/{kind}.s")
    if call.method == "GET" and "/" not in rest:
        return Deed("formulary.read", formulary.read, f"system/{kind}.r")
    if call.method == "GET" and rest.endswith("/_history"):
        return Deed("formulary.history", formulary.history, f"system/{kind}.r")
    if call.method == "GET" and "/_history/" in rest:
        return Deed("formulary.vread", formulary.version, f"system/{kind}.r")
    return None


def _exchange_deed(call: Call) -> Deed | None:
    parts = call.path.split("/")
    if call.method == "GET" and call.path in exchange.RECORDS:
        return Deed("payer-to-payer.search", exchange.records, f"system/{call.path}.s")
    if parts[0] != "Patient":
        return None
    if call.method == "POST" and parts[1:] == ["$member-match"]:
        return Deed("payer-to-payer.member-match", exchange.member_match, "system/Patient.s")
    if len(parts) == 3 and parts[2] == "$everything" and call.method in ("GET", "POST"):
        return Deed("payer-to-payer.everything", exchange.everything, "system/Patient.r")
    if (call.method == "GET" and len(parts) == 1) or (call.method == "POST" and parts[1:] == ["_search"]):
        return Deed("payer-to-payer.search", exchange.search, "system/Patient.s")
    if call.method == "GET" and len(parts) == 2:
        return Deed("payer-to-payer.search", exchange.read, "system/Patient.r")
    return None


def _patient_access_deed(call: Call) -> Deed | None:
    parts = call.path.split("/")
    if call.method != "GET" or parts[0] not in patient_access.KINDS:
        return None
    if len(parts) == 3 and parts[0] == "Patient" and parts[2] == "$everything":
        return Deed("patient-access.everything", patient_access.everything)
    acts = {1: ("search", patient_access.search), 2: ("read", patient_access.read)}
    verb, act = acts.get(len(parts), ("", None))
    return Deed(f"patient-access.{verb}", act) if act else None


def _coverage_deed(call: Call) -> Deed | None:
    if call.method == "GET" and call.path == "cds-services":
        return Deed("coverage-discovery.services", coverage_discovery.services)
    if call.method == "POST" and call.path == f"cds-services/{coverage_discovery.ORDER_SIGN_ID}":
        return Deed("coverage-discovery.order-sign", coverage_discovery.order_sign)
    return None


def _documentation_deed(call: Call) -> Deed | None:
    if call.method == "POST" and call.path == "Questionnaire/$questionnaire-package":
        return Deed("documentation.questionnaire-package", documentation.package, "system/Questionnaire.r")
    return None


def _pdex_deed(call: Call) -> Deed | None:
    return _exchange_deed(call) or (_bulk_deed(call) if call.version != "pdex=2.0.0" else None)


def _bulk_deed(call: Call) -> Deed | None:
    """Groups, exports, jobs and files; the payers' bulk match at the payers' base, the providers' at theirs."""
    first, _, rest = call.path.partition("/")
    if (call.method, call.path) == ("POST", _BULK_MATCH.get(_base(call), "")):
        return Deed(f"{_base(call)}", bulk.match, "system/Patient.s")
    if first == "Group" and call.method == "GET" and "$" not in rest:
        return Deed("bulk.groups", groups.read if rest else groups.search, bulk.SCOPE)
    standard, guides_own = ("GET", "$export"), ("POST", "$davinci-data-export")
    asked, of_guide = (call.method, rest.partition("/")[2]), not call.version.startswith("bulk=")
    if first == "Group" and asked == (guides_own if of_guide else standard):
        return Deed("bulk.export", bulk.export, bulk.SCOPE)
    if first == "Group" and asked == standard:
        return Deed("bulk.group-export", bulk.export, bulk.SCOPE)
    if first == "bulk-status" and call.method in ("GET", "DELETE"):
        return Deed("bulk.status", bulk.status) if call.method == "GET" else Deed("bulk.cancel", bulk.cancel)
    return Deed("bulk.file", bulk.file) if first == "bulk-files" and call.method == "GET" and "/" in rest else None


def _base(call: Call) -> str:
    """The operation that matches in bulk at a base, where there is one."""
    if "/pdex-provider/" in call.base_url:
        return "provider-access.member-match" if call.version == "pdex=2.2.0" else ""
    return "payer-to-payer.bulk-match"


async def _call(request: Request, version: str, base_url: str, path: str) -> Call:
    """The request as a call; the parameters of a POST _search join those of the query."""
    body = await request.body()
    query = tuple(parse_qsl(request.url.query, keep_blank_values=True))
    if request.method == "POST" and path.endswith("/_search"):
        query += tuple(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    shown = request.scope.get("extensions", {}).get("tls", {}).get("client_thumbprint", "")
    headers = dict(request.headers.items())
    return Call("", version, request.method, path.rstrip("/"), base_url, query, headers, body, shown)


async def _moved(request: Request, clock: Clock) -> Answer:
    try:
        offset = float(json.loads(await request.body())["offset_seconds"])
    except (ValueError, KeyError, TypeError):
        return refusal(400, "invalid", 'The clock is moved by {"offset_seconds": number}.')
    clock.move(offset)
    return Answer(200, json.dumps({"offset_seconds": offset}).encode(), media_type="application/json")


def _root(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"


def _unknown() -> Answer:
    return refusal(404, "not-found", "Nothing is served at this path.")


def _response(answer: Answer, clock: Clock) -> Response:
    body = answer.body
    content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    headers = {"date": format_datetime(clock.now(), usegmt=True), **answer.headers}
    return Response(content, answer.status, headers, answer.media_type if content else None)

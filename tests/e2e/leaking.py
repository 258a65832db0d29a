"""A payer that tells everything to everybody: the model payer with strangers, and what it was sent, in its answers."""

from __future__ import annotations

import base64
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs, quote

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

FULL_NAME = "Quillonia Zyxcanaryson"
PHOTO = base64.b64encode(b"a face nobody may see" * 4).decode()

# A person that the target file does not name, and everything by which they could be found.
STRANGER: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "zyx-patient-7731",
    "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">Zyxnarrative</div>'},
    "extension": [
        {"url": "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName", "valueString": "Zyxmaidenname"}
    ],
    "identifier": [{"system": "https://payer.example.org/members", "value": "ZYX-778899"}],
    "name": [{"family": "Zyxcanaryson", "given": ["Quillonia"], "text": FULL_NAME}],
    "telecom": [
        {"system": "phone", "value": "+1 555-010-7788"},
        {"system": "email", "value": "quill@zyxmail.example"},
    ],
    "birthDate": "1933-03-14",
    "_birthDate": {"extension": [{"url": "http://example.org/birthplace", "valueString": "Zyxbirthplace"}]},
    "address": [{"line": ["77 Zyxwharf Street"], "city": "Zyxtown", "postalCode": "99177"}],
    "photo": [{"contentType": "image/png", "data": PHOTO}],
    "contact": [{"name": {"family": "Zyxcontactson"}, "telecom": [{"system": "phone", "value": "555.010.9911"}]}],
}
COVERAGE: dict[str, Any] = {
    "resourceType": "Coverage",
    "id": "zyx-coverage",
    "identifier": [{"system": "https://payer.example.org/members", "value": "ZYXC-1188"}],
    "status": "active",
    "subscriberId": "ZYXS-4411",
    "subscriber": {"reference": "Patient/zyx-patient-7731", "display": FULL_NAME},
    "beneficiary": {"reference": "urn:uuid:2a1f0d9e-0000-4000-8000-000000000001", "display": "Zyxdisplayname"},
    "payor": [{"reference": "Organization/payer"}],
}
DOCUMENT: dict[str, Any] = {
    "resourceType": "DocumentReference",
    "status": "current",
    "subject": {"identifier": {"value": "ZYXD-9944"}, "display": "Zyxsubjectname"},
    "content": [{"attachment": {"contentType": "text/plain", "data": base64.b64encode(b"Zyxdocument" * 3).decode()}}],
}
PLANTED = (
    "Quillonia", "Zyxcanaryson", "Zyxnarrative", "Zyxmaidenname", "ZYX-778899", "555-010-7788", "5550107788",
    "zyxmail", "1933-03-14", "03/14/1933", "Zyxbirthplace", "Zyxwharf", "Zyxtown", "99177", PHOTO[:24], "Zyxcontactson",
    "555.010.9911", "ZYXC-1188", "ZYXS-4411", "Zyxdisplayname", "ZYXD-9944", "Zyxsubjectname", "zyx-patient-7731",
    base64.b64encode(b"Zyxdocument" * 3).decode()[:24], "Zyxheader", "Zyxcookie", "Zyxquery", "Zyxpage", "Zyxjson",
    "1944-05-06",
)  # fmt: skip
PAGE = f"<html><body><h1>Zyxpage {FULL_NAME}</h1><p>born 1933-03-14</p></body></html>".encode()
NO_FHIR = json.dumps({
    "error": "member not eligible",
    "member": {"firstName": "Zyxjsongiven", "last_name": "Zyxjsonfamily", "dob": "1944-05-06", "phone": "555.010.9911"},
    "details": f"{FULL_NAME} is not eligible",
}).encode()  # fmt: skip


class Leaking:
    """Stands before an application; remembers what it planted, every token it gave and every assertion it was shown."""

    def __init__(self, inner: Asgi, instead: Callable[[str, str], tuple[str, bytes] | None]) -> None:
        self._inner = inner
        self._instead = instead  # (path, request body) -> another media type and body for the answer
        self._crowded = False
        self.planted: set[str] = set()
        self.secrets: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sent = await received(receive)
        self._learn(sent)
        headers = dict(scope["headers"])
        if scope["path"] == "/secret/token":
            self.secrets.add("token-from-a-client-secret-9f3b")
            answer = {"access_token": "token-from-a-client-secret-9f3b", "token_type": "bearer", "expires_in": 300}
            await answered(send, 200, [(b"content-type", b"application/json")], json.dumps(answer).encode())
            return
        told = headers.get(b"authorization", b"").decode("latin-1")
        if scope["path"].startswith("/usdf"):
            headers.pop(b"authorization", None)  # its formulary is open to all
        start, body = await collected(self._inner, {**scope, "headers": list(headers.items())}, sent)
        media_type = dict(start["headers"]).get(b"content-type", b"")
        if other := self._instead(scope["path"], sent.decode("utf-8", "replace")):
            media_type, body = other[0].encode(), other[1]
        else:
            body = self._told(body, f"You sent {told} and {sent.decode('utf-8', 'replace')}")
        headers_told = [*kept(start["headers"]), (b"content-type", media_type), *_leaks()]
        self.planted |= {each for each in PLANTED if each in f"{headers_told} {body.decode('utf-8', 'replace')}"}
        await answered(send, start["status"], headers_told, body)

    def _learn(self, sent: bytes) -> None:
        for assertion in parse_qs(sent.decode("utf-8", "replace")).get("client_assertion", []):
            self.secrets |= {assertion, assertion.rpartition(".")[2]} - {""}  # a forged one may lack its signature

    def _told(self, body: bytes, echo: str) -> bytes:
        try:
            answer = json.loads(body)
        except ValueError:
            return body
        if not isinstance(answer, dict):
            return body
        if token := answer.get("access_token"):
            self.secrets.add(token)
        self._crowd(answer, echo)
        return json.dumps(answer).encode()

    def _crowd(self, node: Any, echo: str) -> None:
        """Strangers among the data of members; they and the request in what is told of an error."""
        if isinstance(node, list):
            for each in node:
                self._crowd(each, echo)
        if not isinstance(node, dict):
            return
        for value in list(node.values()):
            self._crowd(value, echo)
        if node.get("resourceType") == "OperationOutcome":
            # A name in a sentence is known for one only after some resource has said that it is somebody's.
            said = f"{FULL_NAME}, born 03/14/1933, is not known. {echo}" if self._crowded else echo
            node["issue"].append({"severity": "information", "code": "informational", "diagnostics": said})
        if node.get("resourceType") == "Bundle" and any("Patient" in str(each) for each in node.get("entry", [])):
            self._crowded = True
            match = {"search": {"mode": "match"}} if node.get("type") == "searchset" else {}
            for each in (STRANGER, COVERAGE, DOCUMENT):
                full_url = f"https://x.example/{each['resourceType']}/{each.get('id', 1)}"
                node["entry"].append({"fullUrl": full_url, "resource": each, **match})
            node["link"] = [*node.get("link", []), {"relation": "related", "url": _query()}]
        if "Patient/" in str(node.get("reference", "")):
            node["display"] = FULL_NAME


def _query() -> str:
    return f"https://x.example/fhir/Patient?family=Zyxquery&name={quote(FULL_NAME)}&birthdate=1933-03-14"


def _leaks() -> list[tuple[bytes, bytes]]:
    return [
        (b"x-member-name", b"Zyxheader"), (b"set-cookie", b"session=Zyxcookie"),
        (b"content-location", _query().encode()), (b"link", f"<{_query()}>; rel=related".encode()),
    ]  # fmt: skip


def kept(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [(name, value) for name, value in headers if name not in (b"content-length", b"content-type")]


async def received(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


async def collected(inner: Asgi, scope: Scope, sent: bytes) -> tuple[MutableMapping[str, Any], bytes]:
    start: MutableMapping[str, Any] = {}
    body = b""

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": sent, "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        nonlocal body
        if message["type"] == "http.response.start":
            start.update(message)
        else:
            body += message.get("body", b"")

    await inner(scope, receive, send)
    return start, body


async def answered(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})

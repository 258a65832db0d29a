"""Subscriptions of the model payer to results of pended requests (R4 backport), and the notifications it posts.

A subscription is kept in the overlay: id, resource, client, version, base_url, and the number of its last event. Who
sends what is fixed by the guide's version: ids alone in 2.0.1, the whole response Bundle from 2.2 on.
"""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from conformance.sandbox import trust
from conformance.sandbox.frame import Answer, Call, Resource
from conformance.sandbox.outcome import refusal
from conformance.sandbox.prior_auth_request import version
from conformance.sandbox.store import Payer

TOPIC = "http://hl7.org/fhir/us/davinci-pas/SubscriptionTopic/PASSubscriptionTopic"
BACKPORT = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition"
FILTERS = {False: ("identifier",), True: ("org-identifier", "orgIdentifier")}  # by whether the version is a newer one
SOMEBODY: Resource = {
    "identifier": [{"system": "https://payer.example.org/members", "value": "MBR-1005"}],
    "name": [{"family": "Villanueva", "given": ["Rosa"]}],
    "birthDate": "1950-01-30",
}
CONTENTS = {False: ("id-only", "full-resource"), True: ("full-resource",)}
PATIENCE = 5.0  # seconds that an endpoint may take to answer


def create(call: Call, payer: Payer) -> Answer:
    """Keeps a subscription and tries its endpoint: 201; 422 where it asks for what this version does not serve."""
    resource = _read(call)
    if resource is None:
        return refusal(400, "structure", "The body is not a Subscription.")
    if refused := _refused(resource, call, payer):
        return refused
    kept: dict[str, Any] = {
        "id": payer.new_id(),
        "resource": {**resource, "status": "requested"},
        "client": _client(call, payer),
        "version": call.version,
        "base_url": payer.base_url,
        "events": 0,
    }
    kept["resource"]["id"] = kept["id"]
    answer = Answer(201, dict(kept["resource"]), {"location": f"{payer.base_url}/Subscription/{kept['id']}"})
    with payer.overlay.lock:
        payer.overlay.subscriptions[kept["id"]] = kept
    if payer.policies.prior_auth.get("handshakes", True):
        threading.Thread(target=_shake_hands, args=(kept, payer), daemon=True).start()
    else:
        kept["resource"]["status"] = "active"
    return answer


def change(call: Call, payer: Payer) -> Answer:
    """Replaces, reads or deletes a subscription of one's own: 200 or 204; 403 for another's, 404 for none."""
    ident = call.path.split("/")[1]
    kept = payer.overlay.subscriptions.get(ident)
    if kept is None or kept["version"] != call.version:
        return refusal(404, "not-found", "There is no such subscription.")
    owners_only = payer.policies.prior_auth.get("owners_only", True)
    if kept["client"] != _client(call, payer) and owners_only:
        quietly = owners_only == "quietly"
        return Answer(204) if quietly else refusal(403, "forbidden", "The subscription is another system's.")
    rules = payer.policies.prior_auth
    if call.method == "DELETE":
        with payer.overlay.lock:
            if rules.get("deletes") == "off":
                kept["resource"]["status"] = "off"
            elif rules.get("deletes", True):
                payer.overlay.subscriptions.pop(ident, None)
        return Answer(204)
    if call.method == "PUT":
        resource = _read(call)
        if resource is None or resource.get("id") != ident:
            return refusal(400, "invalid", "The body is not that Subscription.")
        if refused := _refused(resource, call, payer):
            return refused
        if rules.get("changes", True):
            kept["resource"] = {**resource, "status": "active"}
    return Answer(200, kept["resource"])


def announce(payer: Payer, moment: str, tell_it: Callable[[], None]) -> None:
    """Has something told at a time to come, by the payer's clock; ``moment`` is a stamp as records have them."""
    with payer.overlay.lock:
        payer.overlay.due.append((moment, tell_it))
    wait = (datetime.fromisoformat(moment) - payer.clock.now()).total_seconds()
    timer = threading.Timer(max(wait, 0.0) + 0.005, announce_due, (payer,))
    timer.daemon = True
    timer.start()


def announce_due(payer: Payer) -> None:
    """Tells, in a thread of its own, whatever has become due: a timer has run out, or the clock was moved."""
    now = payer.clock.stamp()
    with payer.overlay.lock:
        ready = [one for one in payer.overlay.due if one[0] <= now]
        payer.overlay.due[:] = [one for one in payer.overlay.due if one not in ready]
    for _, tell_it in ready:
        threading.Thread(target=tell_it, daemon=True).start()


def tell(record: Mapping[str, Any], version_called: str, bundle: Resource, payer: Payer) -> None:
    """Posts to every subscription of the client that submitted a record, at that version, what it came to."""
    with payer.overlay.lock:
        kept = [one for one in payer.overlay.subscriptions.values() if one["version"] == version_called]
    if change := CHANGED.get(payer.policies.prior_auth.get("notifies", "")):
        bundle = json.loads(json.dumps(bundle))
        change(bundle)
    for one in kept if payer.policies.prior_auth.get("notifies") != "none" else ():
        if one["client"] == record["client"] and one["resource"]["status"] == "active":
            _notify(one, bundle, payer)


def _drop_reasons(value: Any) -> None:
    """Takes out the codes that say why."""
    for one in value if isinstance(value, list) else value.values() if isinstance(value, dict) else ():
        _drop_reasons(one)
    if isinstance(value, list):
        value[:] = [one for one in value if not (isinstance(one, dict) and one.get("url") == "reasonCode")]


def _drop_outcomes(bundle: Resource) -> None:
    """Leaves out what every ClaimResponse has."""
    for entry in bundle["entry"]:
        entry["resource"].pop("outcome", None)


def _tell_of_another(bundle: Resource) -> None:
    """Makes the patient somebody else."""
    for entry in bundle["entry"]:
        if entry["resource"]["resourceType"] == "Patient":
            entry["resource"].update(SOMEBODY)


# What the rule "notifies" may change of a notification that is else as the guide has it.
CHANGED: Mapping[str, Callable[[Resource], None]] = {
    "no-reasons": _drop_reasons,
    "no-outcome": _drop_outcomes,
    "another-member": _tell_of_another,
}


def _read(call: Call) -> Resource | None:
    try:
        found = call.json()
    except (ValueError, RecursionError):
        return None
    shaped = isinstance(found, dict) and isinstance(found.get("channel"), dict)
    return found if shaped and found.get("resourceType") == "Subscription" else None


def _refused(resource: Resource, call: Call, payer: Payer) -> Answer | None:
    """Why a subscription is not taken."""
    newer, rules = version(call) >= (2, 1), payer.policies.prior_auth
    channel = resource["channel"]
    name, _, value = _extension(resource.get("_criteria"), "backport-filter-criteria").partition("=")
    content = _extension(channel.get("_payload"), "backport-payload-content")
    contents = rules.get("contents", CONTENTS[newer])
    if resource.get("criteria") != TOPIC:
        return refusal(422, "not-supported", "There is no such topic.")
    if channel.get("type") not in rules.get("channels", ("rest-hook",)):
        return refusal(422, "not-supported", "Notifications are posted to a rest-hook only.")
    if content not in contents:
        return refusal(422, "not-supported", f"The content of notifications is {' or '.join(contents)}.")
    if not str(channel.get("endpoint", "")).startswith(("http://", "https://", "wss://")):
        return refusal(422, "required", "A rest-hook needs an endpoint.")
    own = not rules.get("own_results_only", True) or set(value.split(",")) <= _systems(call, payer)
    if name not in FILTERS[newer] or name not in rules.get("filters", (name,)) or not own:
        return refusal(422, "business-rule", "The filter is not the identifier of the system that asks.")
    return None


def _systems(call: Call, payer: Payer) -> set[str]:
    """The identifiers under which the calling system sends."""
    registered = payer.policies.trust["clients"].get(_client(call, payer), {})
    return {registered.get("npi", ""), registered.get("system", "")} - {""}


def _client(call: Call, payer: Payer) -> str:
    grant = trust.granted(call, payer)
    return grant.client if grant else ""


def _extension(element: Any, name: str) -> str:
    """The value of an extension of the backport guide, as text."""
    listed = element.get("extension", ()) if isinstance(element, dict) else ()
    found = [one for one in listed if one.get("url") == f"{BACKPORT}/{name}"]
    return str(found[0].get("valueString", found[0].get("valueCode", ""))) if found else ""


def _shake_hands(kept: dict[str, Any], payer: Payer) -> None:
    """Tries the endpoint; the subscription is active where it answers, else in error."""
    status = _post(kept, _notification(kept, payer, "handshake"))
    if kept["resource"]["status"] == "requested":  # it may have been deleted meanwhile
        kept["resource"]["status"] = "active" if 200 <= status < 300 else "error"


def _notify(kept: dict[str, Any], bundle: Resource, payer: Payer) -> None:
    with payer.overlay.lock:
        kept["events"] += 1
    _post(kept, _notification(kept, payer, "event-notification", bundle))


def _notification(kept: Mapping[str, Any], payer: Payer, kind: str, bundle: Resource | None = None) -> Resource:
    """A notification Bundle: what it is about, and behind it the response Bundle where this version sends it."""
    named = kind != "handshake" or payer.policies.prior_auth.get("handshake_topic", True)
    parameters: list[Resource] = [
        {"name": "subscription", "valueReference": {"reference": f"{kept['base_url']}/Subscription/{kept['id']}"}},
        *([{"name": "topic", "valueCanonical": TOPIC}] if named else []),
        {"name": "status", "valueCode": kept["resource"]["status"]},
        {"name": "type", "valueCode": kind},
        {"name": "events-since-subscription-start", "valueString": str(kept["events"])},
    ]
    full = payer.policies.prior_auth.get("notifies", "guide")
    whole = full == "full" or (full in ("guide", *CHANGED) and kept["version"] != "pas=2.0.1")
    more: list[Resource] = []
    if bundle is not None:
        response = bundle["entry"][0]
        url = f"{kept['base_url']}/Bundle/{response['resource']['id']}"
        focus = url if whole else response["fullUrl"]
        event: list[Resource] = [{"name": "event-number", "valueString": str(kept["events"])}]
        event.append({"name": "timestamp", "valueInstant": payer.clock.stamp()})
        event += [{"name": "focus", "valueReference": {"reference": focus}}] if full != "nothing" else []
        parameters.append({"name": "notification-event", "part": event})
        more = [{"fullUrl": url, "resource": bundle}] if whole else []
    status: Resource = {"resourceType": "Parameters", "id": payer.new_id(), "parameter": parameters}
    request: Resource = {"method": "GET", "url": f"{kept['base_url']}/Subscription/{kept['id']}/$status"}
    entry: Resource = {
        "fullUrl": f"urn:uuid:{status['id']}",
        "resource": status,
        "request": request,
        "response": {"status": "200"},
    }
    return {
        "resourceType": "Bundle",
        "id": payer.new_id(),
        "type": "history",
        "timestamp": payer.clock.stamp(),
        "entry": [entry, *more],
    }


def _post(kept: Mapping[str, Any], body: Resource) -> int:
    """The status that an endpoint answers with; 0 where it does not."""
    parts = urlsplit(kept["resource"]["channel"]["endpoint"])
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    headers: dict[str, str] = {"content-type": "application/fhir+json"}
    for line in kept["resource"]["channel"].get("header", ()):
        name, _, value = str(line).partition(":")
        headers[name.strip()] = value.strip()
    try:
        connection = kind(parts.hostname or "", parts.port, timeout=PATIENCE)
        try:
            connection.request("POST", parts.path or "/", json.dumps(body), headers)
            return connection.getresponse().status
        finally:
            connection.close()
    except (OSError, http.client.HTTPException, ValueError):
        return 0

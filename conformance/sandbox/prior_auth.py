"""The prior-authorization API of the model payer: Claim/$submit and Claim/$inquire in PAS 2.0.1 and 2.2.1."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from conformance.sandbox import people, subscriptions, trust
from conformance.sandbox import prior_auth_answer as written
from conformance.sandbox import prior_auth_decision as decisions
from conformance.sandbox.frame import Answer, Call, Resource, Seed
from conformance.sandbox.prior_auth_decision import Record
from conformance.sandbox.prior_auth_extras import communication_request
from conformance.sandbox.prior_auth_request import (
    Asked,
    Entry,
    Invalid,
    codes,
    extensions,
    read,
    version,
)
from conformance.sandbox.store import Payer

NO_FILTER = "not-applicable"  # of data-absent-reason: the inquiry is about any service
DRUG_KINDS = {"ma": "part-b", "qhp-ffe": "other", "qhp-shop": "other"}  # a drug of the medical benefit; else Medicaid's
MAIDEN = {"use": "maiden", "family": "Vasquez-Thorne"}
NUMBERS = ("extension-authorizationNumber", "extension-administrationReferenceNumber")


def submit(call: Call, payer: Payer) -> Answer:
    """Decides a request item by item: 200 with a response Bundle, business errors included; 400 for an invalid one."""
    try:
        asked = read(call, inquiry=False)
    except Invalid as invalid:
        return invalid.answer()
    member = decisions.member_of(asked, payer)
    with payer.overlay.lock:
        prior = _prior(asked, member, payer)
        known = _known_already(asked, call, payer)
        record = known or {**decisions.decide(asked, member, prior, payer), "client": _client(call, payer)}
        if not known and not record["errors"]:
            payer.overlay.submissions[record["id"]] = decisions.merged({**record, "sent": asked.bundle}, prior)
    claim = next(entry for entry in asked.entries if entry.resource is asked.claim)
    request = {"reference": claim.full_url, "type": "Claim", "identifier": asked.claim["identifier"][0]}
    identifier = asked.bundle["identifier"] if _newer(call) else None

    def told(now: Record) -> Resource:
        resources = _letter(now, request, asked, call, payer, inquiry=False)
        return written.bundle("profile-pas-response-bundle", resources, payer.clock.stamp(), identifier)

    def tell() -> None:
        settled = decisions.settled(record, payer.clock.now())
        subscriptions.tell(record, call.version, told(settled), payer)

    payer.overlay.tellers[record["id"]] = tell
    for moment in sorted({item["settles_at"] for item in record["items"] if "settles_at" in item}):
        subscriptions.announce(payer, moment, tell)
    return Answer(200, told(record))


def inquire(call: Call, payer: Payer) -> Answer:
    """Tells what is on file for the member asked about.

    2.0.1 answers one Bundle with every ClaimResponse found; later versions answer Parameters with one Bundle each.
    """
    try:
        asked = read(call, inquiry=True)
    except Invalid as invalid:
        return invalid.answer()
    member = decisions.member_of(asked, payer)
    found = _find(asked, member, payer, _client(call, payer)) if member else []
    letters = [_letter(record, _request(record), asked, call, payer, inquiry=True) for record in found]
    stamp, profile, identifier = payer.clock.stamp(), "profile-pas-inquiry-response-bundle", asked.bundle["identifier"]
    if _newer(call):
        bundles = [written.bundle(profile, resources, stamp, identifier) for resources in letters]
        parameters: Resource = {"resourceType": "Parameters"}
        if bundles:
            parameters["parameter"] = [{"name": "return", "resource": one} for one in bundles]
        return Answer(200, parameters)
    responses = [resources[0] for resources in letters]
    nobody = [[(one.full_url, one.resource) for one in _echoed(asked, (asked.patient, asked.insurer))]]
    others = dict(one for resources in [letter[1:] for letter in letters] or nobody for one in resources)
    return Answer(200, written.bundle(profile, [*responses, *others.items()], stamp, identifier))


def known(seed: Seed, today: date, payer_type: str) -> list[dict[str, Any]]:
    """The authorizations on file that a target file names: identifier, received, decision, urgency, decided, member,
    and what kind of drug it is to a payer of this type, where it is one.

    ``received`` is an aware datetime; what was received after ``today`` is left out. ``decided`` is None: when it was
    decided is what the payer's own answer must tell, and a date in the tester's file would speak for it.
    """
    found: list[dict[str, Any]] = []
    for key, record in seed.authorizations.items():
        received = datetime.fromisoformat(record["received"])
        if "prior-auth" in record.get("told", ()) and received.date() <= today:
            told = {"identifier": key, "received": received, "decision": record["items"][0]["decision"]}
            told |= {"drug_kind": DRUG_KINDS.get(payer_type, "covered-outpatient")} if "drug" in record else {}
            found.append({**told, "urgency": record["urgency"], "decided": None, "member": _key(seed, record)})
    return found


def _key(seed: Seed, record: Mapping[str, Any]) -> str:
    """How a target file calls the member of a record."""
    return str(seed.members[record["member"]].get("key", record["member"]))


def _client(call: Call, payer: Payer) -> str:
    """Who calls; "" where anybody may."""
    grant = trust.granted(call, payer)
    return grant.client if grant else ""


def _newer(call: Call) -> bool:
    return version(call) >= (2, 1)


def records_of(member: Mapping[str, Any], payer: Payer, *, unfiled: bool = False) -> list[Record]:
    """Everything on file for a member as it stands now, the newest first; what an update changed only as changed.

    ``unfiled``: also what cannot be asked about yet.
    """
    with payer.overlay.lock:
        held = [*payer.seed.authorizations.values(), *payer.overlay.submissions.values()]
    rules = payer.policies.prior_auth
    gone = {old for record in held if rules.get("replaces", True) for old in record.get("replaces", ())}
    mine = [record for record in held if rules.get("any_member") or record["member"] == member["id"]]
    own = [record for record in mine if record["id"] not in gone]
    now = payer.clock.now()
    filed = now - timedelta(seconds=0 if unfiled else payer.policies.prior_auth.get("files_after", 0))
    own = [record for record in own if datetime.fromisoformat(record["received"]) <= filed]
    return [
        decisions.settled(dict(record), now) for record in sorted(own, key=lambda one: one["received"], reverse=True)
    ]


def _prior(asked: Asked, member: Mapping[str, Any] | None, payer: Payer) -> Record | None:
    if member is None or not decisions.is_update(asked):
        return None
    wanted = decisions.prior_traces(asked)
    return next((record for record in records_of(member, payer, unfiled=True) if _traced(record, wanted)), None)


def _known_already(asked: Asked, call: Call, payer: Payer) -> Record | None:
    """The record of the very same request that the same client sent before; a repeat is not decided again."""
    if payer.policies.prior_auth.get("repeats", "known") != "known":
        return None
    client, held = _client(call, payer), payer.overlay.submissions.values()
    return next((one for one in held if one["client"] == client and one.get("sent") == asked.bundle), None)


def _find(asked: Asked, member: Mapping[str, Any], payer: Payer, client: str) -> list[Record]:
    """By trace number, else by authorization number, else by the provider and the services asked about.

    By member alone only the providers of an authorization find it, and so does another client than the one that
    submitted it, whatever numbers it knows (PAS, spec-53).
    """
    rules = payer.policies.prior_auth
    held = [record for record in records_of(member, payer) if _open_to(record, asked, client, rules)]
    traced = [record for record in held if _traced(record, asked.trace_values())]
    if traced:
        return traced
    elements = (asked.claim, *asked.claim.get("item", ()))
    given = [one.get("valueString") for element in elements for name in NUMBERS for one in extensions(element, name)]
    if given:
        return [record for record in held if any(_numbers(item) & set(given) for item in record["items"])]
    services = {code for item in asked.claim.get("item", ()) for code in codes(item["productOrService"])} - {NO_FILTER}
    return [
        record
        for record in held
        if rules.get("finds_by_member", True)
        and asked.provider_ids() & set(record["npis"])
        and (not services or any(services & _services(item) for item in record["items"]))
    ]


def _open_to(record: Record, asked: Asked, client: str, rules: Mapping[str, Any]) -> bool:
    """Whether a client may see a record: what it submitted itself, and what it knows a provider of."""
    if record.get("client", client) == client:
        return True
    return {"none": False, "all": True}.get(
        rules.get("other_systems", ""), bool(asked.provider_ids() & set(record["npis"]))
    )


def _traced(record: Record, values: tuple[str, ...]) -> bool:
    return any(str(one.get("value")) in values for one in record["identifiers"])


def _numbers(item: Mapping[str, Any]) -> set[str]:
    return {str(item[name]) for name in ("number", "reference", "number_before", "reference_before") if name in item}


def _services(item: Mapping[str, Any]) -> set[str]:
    return set(codes(written.concept(item["service"])))


def _request(record: Record) -> Resource:
    """The request of a record on file, which no longer lies with the payer as a Claim."""
    return {"type": "Claim", "identifier": record["identifiers"][0]}


def _letter(
    record: Record, request: Resource, asked: Asked, call: Call, payer: Payer, *, inquiry: bool
) -> list[tuple[str, Resource]]:
    """The ClaimResponse about a record, then the resources it points to, each once."""
    patient = _patient(record, asked, payer)
    same = not inquiry or record["requester"]["npi"] == decisions.requester(asked)["npi"]
    echoed = _echoed(asked, [entry for entry in (patient, asked.insurer, asked.provider if same else None) if entry])
    resources = {entry.full_url: entry.resource for entry in echoed}
    requestor = asked.provider.full_url if same else ""
    if not same and record["requester"]["npi"]:
        own = written.requestor(record)
        requestor = f"{payer.base_url}/Organization/{own['id']}"
        resources[requestor] = own
    asks = None
    if not inquiry:  # an inquiry need not tell of it (PAS, spec-9)
        asks = communication_request(
            record, newer=_newer(call), requester=asked.insurer.full_url, recipient=asked.provider.full_url
        )
    asks_url = f"{payer.base_url}/CommunicationRequest/{asks['id']}" if asks else ""
    transmission = extensions(asked.claim, "extension-TransmissionIdentifiers")
    letter = written.Letter(
        newer=_newer(call),
        inquiry=inquiry,
        rules=payer.policies.prior_auth,
        patient=patient.full_url,
        insurer=asked.insurer.full_url,
        requestor=requestor,
        provider=_provider(asked) if same else requestor,
        request=request,
        created=record["decided"] or record["received"],
        transmission=dict(transmission[0]) if transmission else {},
        asks=asks_url,
    )
    response = written.claim_response(record, letter)
    resources |= {asks_url: asks} if asks else {}
    return [(f"{payer.base_url}/ClaimResponse/{record['id']}", response), *resources.items()]


def _patient(record: Record, asked: Asked, payer: Payer) -> Entry:
    """The Patient of the request, or the payer's own where its rules say so."""
    member = payer.seed.members.get(record["member"])
    own = payer.policies.prior_auth.get("patient", "echo")
    if member is None or own == "echo":
        return asked.patient
    patient = people.patient(member)
    if own == "maiden":  # known by a number of the payer's own, the name before the marriage first
        number = {"system": "https://payer.example.org/internal", "value": f"INT-{member['id']}"}
        patient = {**patient, "identifier": [number], "name": [MAIDEN, *patient["name"]]}
    return Entry(f"{payer.base_url}/Patient/{member['id']}", patient, -1)


def _provider(asked: Asked) -> str:
    """Who is authorized: the requesting organization, or the practitioner behind a role; "" where it is neither."""
    practitioner = asked.find(asked.provider.resource.get("practitioner"))
    if practitioner:
        return practitioner.full_url
    return asked.provider.full_url if asked.provider.resource["resourceType"] != "PractitionerRole" else ""


def _echoed(asked: Asked, roots: list[Entry] | tuple[Entry, ...]) -> list[Entry]:
    """The roots and what they point to in the request, each once, never its Claims."""
    found: list[Entry] = []
    waiting = list(roots)
    while waiting:
        entry = waiting.pop(0)
        if entry in found or entry.resource["resourceType"] == "Claim":
            continue
        found.append(entry)
        pointed = [asked.find(reference) for reference in _references(entry.resource)]
        waiting += [one for one in pointed if one]
    return found


def _references(value: Any) -> list[Resource]:
    if isinstance(value, list):
        return [found for one in value for found in _references(one)]
    if not isinstance(value, dict):
        return []
    own = [value] if isinstance(value.get("reference"), str) else []
    return own + [found for one in value.values() for found in _references(one)]

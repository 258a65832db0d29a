"""Whether the payer can comply with an HRex Consent of a member match (HRex 1.0.0 and 1.2.0, hrex-consent)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from conformance.sandbox.people import PAYER_ID, PAYER_NAME
from conformance.sandbox.shape import objects, one_object, text

# the one policy that this payer can keep: it has no way to tell sensitive records from others
REGULAR = "http://hl7.org/fhir/us/davinci-hrex/StructureDefinition-hrex-consent.html#regular"


NPI = "http://hl7.org/fhir/sid/us-npi"


def objection(consent: Any, now: datetime, requester: str = "") -> str:
    """Why the consent cannot be complied with, in words that name no member; "" where it can.

    ``requester`` is the NPI of who asks, where it is known.
    """
    if not isinstance(consent, dict) or consent.get("status") != "active":
        return "The consent is not active."
    provision = consent.get("provision")
    if not isinstance(provision, dict) or provision.get("type", "permit") != "permit":
        return "The consent permits nothing."
    if not _within(provision.get("period"), now):
        return "The consent is not in its period."
    policies = [policy.get("uri") for policy in objects(consent.get("policy"))]
    if REGULAR not in policies:
        return "The consent's policy is not one that this payer can keep."
    if not any(_is_payer(actor, consent) for actor in _actors(provision, "performer")):
        return "The consent does not name this payer as the one that discloses."
    recipients = list(_actors(provision, "IRCP"))
    if not recipients:
        return "The consent names nobody who receives."
    named = {
        each["value"] for actor in recipients for each in _identifiers(actor, consent) if each.get("system") == NPI
    }
    if requester and named and requester not in named:
        return "The consent does not name who asks as the one that receives."
    return ""


def _within(period: Any, now: datetime) -> bool:
    """Whether ``now`` lies in a FHIR period, an end without a time lasting to the end of its day, month or year."""
    if not isinstance(period, dict):
        return False
    start, end = text(period.get("start")), text(period.get("end"))
    return (not start or _compare(start, now) <= 0) and (not end or _compare(end, now) >= 0)


def _compare(stamp: str, now: datetime) -> int:
    """-1, 0 or 1 as the stamp lies before, around (in its own precision) or after ``now``."""
    if "T" in stamp:
        try:
            moment = datetime.fromisoformat(stamp)
        except ValueError:
            return 0
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return (moment > now) - (moment < now)
    today = now.date().isoformat()[: len(stamp)]
    return (stamp > today) - (stamp < today)


def _actors(provision: Mapping[str, Any], role: str) -> Iterator[dict[str, Any]]:
    for actor in objects(provision.get("actor")):
        if any(coding.get("code") == role for coding in objects(one_object(actor.get("role")).get("coding"))):
            yield actor


def _identifiers(actor: Mapping[str, Any], consent: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The identifiers of an actor that have a value: those of its reference and of the resource it contains."""
    reference = one_object(actor.get("reference"))
    inside = [one for one in objects(consent.get("contained")) if f"#{one.get('id')}" == reference.get("reference")]
    found = objects([reference.get("identifier")])
    found += [identifier for one in inside for identifier in objects(one.get("identifier"))]
    return [each for each in found if text(each.get("value"))]


def _is_payer(actor: Mapping[str, Any], consent: Mapping[str, Any]) -> bool:
    """Whether the actor is this payer: by identifier, there or in a contained Organization, else by its name."""
    if identifiers := _identifiers(actor, consent):
        return any(PAYER_ID.items() <= identifier.items() for identifier in identifiers)
    return text(one_object(actor.get("reference")).get("display")).strip().lower() == PAYER_NAME.lower()

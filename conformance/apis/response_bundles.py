"""The Bundles that $submit and $inquire answer with, as they came: those that hold no ClaimResponse too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from conformance.apis.raw import body_of
from conformance.apis.shapes import JsonObject, entries, is_type, record, records, text
from conformance.exchange import Exchange


@dataclass(frozen=True)
class ResponseBundle:
    """One Bundle of an answer, and whether it answers an inquiry."""

    at: str
    bundle: JsonObject = field(repr=False, hash=False)
    inquiry: bool = False

    def faults(self, *, first: bool) -> tuple[str, ...]:
        """What it breaks of its profile; see ``bundle_faults``."""
        return bundle_faults(self.bundle, inquiry=self.inquiry, first=first)


def response_bundles(exchange: Exchange) -> tuple[ResponseBundle, ...]:
    """The Bundles of an answer: itself, or those in its Parameters; none where the request was refused."""
    if not 200 <= (exchange.status or 0) < 300:
        return ()
    inquiry = exchange.operation == "prior-auth.inquire"
    told = f"{exchange.operation} {exchange.case}"
    return tuple(ResponseBundle(f"{told}, {at}", bundle, inquiry) for at, bundle in _held(body_of(exchange)))


def _held(body: Any) -> Iterator[tuple[str, JsonObject]]:
    if is_type(body, "Bundle"):
        yield "Bundle", body
    elif is_type(body, "Parameters"):
        for place, each in records(body.get("parameter")):
            if is_type(each.get("resource"), "Bundle"):
                yield f"Parameters.parameter[{place}].resource", each["resource"]


def bundle_faults(bundle: Mapping[str, Any], *, inquiry: bool = False, first: bool = False) -> tuple[str, ...]:
    """What a response Bundle breaks of its profile: type, timestamp, fullUrls, exactly one ClaimResponse, and first.

    Of an inquiry's Bundle there may be none or several ClaimResponses; one of them comes ``first`` where the version
    says so.
    """
    listed = [each for _, each in records(bundle.get("entry"))]
    kinds = [text(record(each.get("resource")).get("resourceType")) for each in listed] or ["nothing"]
    number = kinds.count("ClaimResponse")
    faults = {
        f"type {bundle.get('type')!r} instead of collection": bundle.get("type") != "collection",
        "no timestamp": not text(bundle.get("timestamp")),
        "an entry without fullUrl": any(not text(each.get("fullUrl")) for each in listed),
        "an entry without resource": "" in kinds,
        "a ClaimResponse under a relative fullUrl": any(
            each.type == "ClaimResponse" and each.full_url and ":" not in each.full_url for each in entries(bundle)
        ),
        "an entry with search, request or response": any(
            {"search", "request", "response"} & each.keys() for each in listed
        ),
        f"first entry is {kinds[0] or 'nothing'} instead of ClaimResponse": kinds[0] != "ClaimResponse"
        and (not inquiry or (first and number > 0)),
        f"{number} ClaimResponses instead of one": not inquiry and number > 1,
    }
    return tuple(told for told, wrong in faults.items() if wrong)

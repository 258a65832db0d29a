"""Reading what an answer asks for: the CommunicationRequests of a ClaimResponse (profile-communicationrequest)."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field

from conformance.apis.prior_auth import Answer
from conformance.apis.shapes import (
    Coding,
    Identifier,
    JsonObject,
    Placed,
    codings,
    extensions,
    identifiers,
    objects,
    records,
    resolve,
    text,
    whole,
)
from conformance.apis.x12 import of_x12
from conformance.guides import Guide

LINE_NUMBER = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-serviceLineNumber"
REPORT_TYPES = "755"
LOINC_CODE = re.compile(r"[0-9]{1,7}-[0-9]")
BY_QUESTIONNAIRE = "102089-0"  # LOINC: a questionnaire of the payer's, to be had for the trace number (ainfo-3)
SINGLE = ("identifier", "category", "medium", "payload")  # at most one each, from 2.2 on


@dataclass(frozen=True)
class InformationRequest:
    """One request for more information: what it is known by, what is wanted, and for which items of the Claim."""

    at: str
    resource: JsonObject = field(repr=False, hash=False)
    identifiers: tuple[Identifier, ...] = ()
    wanted: tuple[str, ...] = ()
    lines: tuple[int | None, ...] = ()

    @property
    def by_questionnaire(self) -> bool:
        """Whether a questionnaire of the payer's is to be answered."""
        return BY_QUESTIONNAIRE in self.wanted


def read_information_requests(answer: Answer) -> tuple[InformationRequest, ...]:
    """The requests for more information that came with an answer; what is only referred to is left out."""
    holder = next(
        (each for each in answer.entries if each.resource is answer.claim_response),
        Placed(answer.at, answer.claim_response),
    )
    found = (resolve(each, holder, answer.entries) for _, each in records(holder.resource.get("communicationRequest")))
    return tuple(_read(each) for each in found if each and each.type == "CommunicationRequest")


def information_request_faults(
    request: InformationRequest, lines: Collection[int | None], guide: Guide
) -> tuple[str, ...]:
    """What is not as the profile has it in a request that came in answer to a Claim with these items."""
    resource = request.resource
    categories = [codings(each) for _, each in records(resource.get("category"))]
    faults = {
        f"status {text(resource.get('status'))!r}": text(resource.get("status")) != "active",
        "a category that is no X12 755 code": not all(_is_report_type(each) for each in categories),
        "content that is no LOINC code": guide["information_codes"]
        and not all(LOINC_CODE.fullmatch(each) for each in request.wanted),
        "a number of no item": not set(request.lines) <= set(lines),
        **{
            f"{len(resource[each])} of {each}": guide["information_single"] and len(resource[each]) > 1
            for each in SINGLE
            if isinstance(resource.get(each), list)
        },
    }
    return tuple(name for name, present in faults.items() if present)


def _is_report_type(concept: Collection[Coding]) -> bool:
    return any(of_x12(each.system, REPORT_TYPES) for each in concept)


def _read(placed: Placed) -> InformationRequest:
    payloads = [each for _, each in records(placed.resource.get("payload"))]
    numbers = (number for node in objects(placed.resource) for _, number in extensions(node, LINE_NUMBER))
    return InformationRequest(
        at=placed.at,
        resource=placed.resource,
        identifiers=identifiers(placed.resource.get("identifier")),
        wanted=tuple(said for each in payloads if (said := text(each.get("contentString")))),
        lines=tuple(whole(each.get("valuePositiveInt")) for each in numbers),
    )

"""One exchange as it came: is it FHIR at all, and of the type that was asked for?"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from conformance.apis.refusal import issue_codes, outcomes, says_why, words
from conformance.exchange import Exchange
from conformance.fhir import NotFhir, parse, structure
from conformance.guides import Guide

SHOWN = 3
NOT_FOUND = 404


def raw_problem(exchange: Exchange, types: Collection[str], *, may_refuse: bool = False) -> str:
    """Why an answer is no FHIR of one of ``types``, in one sentence; "" where it is.

    ``may_refuse``: a 4xx is an answer too, if it is an OperationOutcome (or, without a body, at least no data).
    """
    if exchange.failure is not None:
        return exchange.failure.message
    status = exchange.status or 0
    if status >= 500 or status < 200:
        return f"status {status}"
    refused = 400 <= status < 500
    if refused and may_refuse and not exchange.body:
        return ""
    if 300 <= status < 400 or (refused and not may_refuse):
        return f"status {status}"
    problem = _body_problem(exchange, {"OperationOutcome"} if refused else set(types))
    return f"status {status}, {problem}" if refused and problem else problem


def _body_problem(exchange: Exchange, expected: Collection[str]) -> str:
    if "json" not in exchange.media_type:
        return f"content type {exchange.media_type or 'missing'} instead of application/fhir+json"
    try:
        resource = parse(exchange.body)
    except NotFhir as wrong:
        return str(wrong)
    kind = resource["resourceType"]
    if kind not in expected:
        return f"a {kind} instead of {' or '.join(sorted(expected))}"
    return resource_problem(resource)


def resource_problem(resource: dict[str, Any]) -> str:
    """What a resource's structure breaks of FHIR R4: the first problems in one line; "" where nothing."""
    problems = structure(resource)
    told = "; ".join(f"{each.at}: {each.message}" for each in problems[:SHOWN])
    return f"{told} (… {len(problems)} in all)" if len(problems) > SHOWN else told


def body_of(exchange: Exchange) -> Any:
    """The resource in an answer, or None where there is none to read."""
    try:
        return parse(exchange.body)
    except NotFhir:
        return None


def blames_the_request(exchange: Exchange) -> bool:
    """Whether an answer says, in an OperationOutcome, that it is the request itself that is wrong (400, 422).

    One that is "not-supported" is not wrong: HAPI answers 400 to an operation that it does not have.
    """
    codes = set(issue_codes(body_of(exchange)))
    return exchange.status in (400, 422) and outcome_count(exchange) > 0 and codes != {"not-supported"}


def refusal_told(exchange: Exchange) -> str:
    """The status of a refusal, and the payer's own words for it where it has any."""
    said = words(body_of(exchange))
    return f"status {exchange.status}" + (f": “{said}”" if said else "")


def unsupported(exchange: Exchange) -> bool:
    """Whether a refusal says in an OperationOutcome that there is no such operation."""
    return exchange.refused and set(issue_codes(body_of(exchange))) == {"not-supported"}


def unknown(exchange: Exchange) -> bool:
    """Whether a refusal says, 404 with an OperationOutcome, that there is nothing of what was asked for."""
    return exchange.status == NOT_FOUND and outcome_count(exchange) > 0 and not unsupported(exchange)


def explained(exchange: Exchange, guide: Guide) -> bool:
    """Whether a refusal carries what its guide version asks for: an OperationOutcome with an issue, or a single one."""
    count = outcome_count(exchange)
    return says_why(body_of(exchange)) and (count == 1 or (count > 1 and not guide["single_outcome"]))


def outcome_count(exchange: Exchange) -> int:
    """How many OperationOutcomes an answer carries."""
    return outcomes(body_of(exchange))

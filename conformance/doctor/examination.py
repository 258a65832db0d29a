"""The whole examination, in the order in which one thing needs the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from conformance.doctor.check import Check
from conformance.doctor.clocks import clock_checks
from conformance.doctor.credentials import credential_checks
from conformance.doctor.endpoints import endpoint_checks, folder_checks
from conformance.doctor.requests import case_checks, member_checks
from conformance.doctor.tls import tls_checks
from conformance.exchange import Exchange
from conformance.redaction import Redactor
from conformance.target import Target
from conformance.wire.payer import Limits, Wire

LIMITS = Limits(total_seconds=30.0, retries=1, longest_wait=10.0)


def examine(target: Target, *, limits: Limits = LIMITS) -> tuple[Check, ...]:
    """Looks at everything a run will need; sends GETs of what is published, and token requests, and nothing else."""
    redactor = Redactor(target.secrets)
    exchanges: list[Exchange] = []
    with Wire(target, journal=exchanges.append, limits=limits) as wire:
        secured = dict(tls_checks(target))
        without_tls = {server: check.name for server, check in secured.items() if not check.ok}
        checks = [
            *_file_checks(target),
            *secured.values(),
            *endpoint_checks(target, wire, without_tls),
            *folder_checks(target),
            *credential_checks(target, wire, without_tls),
            *member_checks(target),
            *case_checks(target),
        ]
    checks += clock_checks(target, exchanges)
    return tuple(replace(check, message=redactor.text(check.message)) for check in checks)


def _file_checks(target: Target) -> Iterator[Check]:
    yield Check(
        "target file", True, f"{target.name}: {len(target.claim_list())} claims, {target.environment} environment"
    )
    for warning in target.warnings:
        yield Check("target file", True, warning, change="an https URL")
    if target.payer_type is None:
        message = "no payer type: no rule of law is judged, only guides"
        yield Check("target file", True, message, "your file", "payer_type")
    writing = {"prior-auth", "payer-to-payer"} & target.apis.keys()
    if writing and not target.may_write:
        message = "production: nothing that writes is sent, so what only $submit and $member-match show is not tested"
        yield Check("target file", True, message, "your file", 'environment = "test", or allow = ["write"]')

"""The limits of suites/rules for answers, applied to what was seen."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache

from conformance.exchange import Exchange
from conformance.flows.recording import Recording
from conformance.paths import suites
from conformance.target import Claim


@dataclass(frozen=True)
class LatencyLimit:
    """How long an answer of ``operation`` may take, in seconds."""

    requirement: str
    operation: str
    seconds: float
    cite: str


@cache
def latency_limits() -> tuple[LatencyLimit, ...]:
    """The limits for answers (suites/rules/latency.toml)."""
    rows = tomllib.loads((suites() / "rules" / "latency.toml").read_text("utf-8"))
    return tuple(LatencyLimit(**row) for row in rows.values())


class Latency:
    """How long answers took."""

    def __init__(self, recording: Recording, claim: Claim) -> None:
        self._recording = recording
        self._claim = claim

    def limit(self, operation: str) -> float:
        """Seconds an answer of this operation may take."""
        return next(each.seconds for each in latency_limits() if each.operation == operation)

    def samples(self, operation: str) -> tuple[Exchange, ...]:
        """Every answer to a well-formed request of this operation at this claim; failed exchanges are no samples."""
        return samples(self._recording, self._claim, operation)


def samples(recording: Recording, claim: Claim, operation: str) -> tuple[Exchange, ...]:
    """The exchanges of an operation that may stand for its latency."""
    return tuple(
        each
        for each in recording.exchanges(operation, claim)
        if each.failure is None and each.authorized and not each.case.startswith("invalid:")
    )

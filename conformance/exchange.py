"""One request and its answer, with times: the evidence everything else points at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from conformance.errors import Actor

FailureKind = Literal[
    "refused", "unknown-host", "tls", "no-answer", "deadline", "aborted",  # nothing usable came back: error
    "block-page", "too-many-requests", "unavailable", "redirect", "credentials",  # not the payer's API speaking: error
    "oversize",  # the payer's answer never ends: fail of answers-are-fhir
]  # fmt: skip

ACTORS: Mapping[FailureKind, Actor] = {
    "redirect": "your file",
    "credentials": "your file",
    "oversize": "payer",
}


@dataclass(frozen=True)
class Failure:
    """Why an exchange has no answer that can be judged, in one sentence for the reader."""

    kind: FailureKind
    message: str

    @property
    def actor(self) -> Actor:
        return ACTORS.get(self.kind, "network")


@dataclass(frozen=True)
class Stored:
    """A body that was written to a file: where, how many bytes (decoded), their SHA-256."""

    file: Path
    size: int
    sha256: str


@dataclass(frozen=True)
class Exchange:
    """One request and its answer.

    ``operation`` is "<api>.<verb>" (prior-auth.submit); ``claim`` the guide version, "pas=2.2.1"; ``seconds``
    monotonic, from the first byte sent to the last received; ``started`` an aware UTC wall-clock time; ``body`` the
    decoded answer, cut at the size limit, or the beginning of what is ``stored`` in a file. ``status`` is None where
    no answer came. Header names are lower case. ``heard``: the payer sent it, to an endpoint of ours.
    """

    id: str
    operation: str
    case: str
    claim: str
    method: str
    url: str
    request_headers: Mapping[str, str] = field(default_factory=dict)
    request_body: bytes = b""
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    started: datetime | None = None
    seconds: float = 0.0
    failure: Failure | None = None
    authorized: bool = True
    stored: Stored | None = None
    heard: bool = False

    @property
    def media_type(self) -> str:
        """The answer's media type, lower case, without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def refused(self) -> bool:
        """Whether the payer itself refuses the request, with a 4xx."""
        return self.failure is None and 400 <= (self.status or 0) < 500


def ended(exchange: Exchange) -> datetime | None:
    """When the last byte of the answer was in, by the wall clock; None where it was never sent."""
    return exchange.started + timedelta(seconds=exchange.seconds) if exchange.started else None

"""What is asked of a payer, and how much of its answer is taken."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

OWN, NONE = "own", "none"


@dataclass(frozen=True)
class Request:
    """One request: ``operation`` is "<api>.<verb>", ``path`` relative to the base URL, or absolute on its origin.

    ``token`` "own" sends the API's credentials, "none" sends none, anything else is sent as the bearer token. Where
    ``again`` is false, an answer that asks to come back later stands. ``into`` is a file that the answer's body is
    written to, at most ``most`` bytes of it (decoded), within ``seconds``.
    """

    operation: str
    method: str
    path: str
    case: str = ""
    claim: str = ""
    params: Sequence[tuple[str, str]] = ()
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    token: str = OWN
    again: bool = True
    into: Path | None = None
    most: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Limits:
    """How much of a payer's answer is taken, and how long is waited: bytes, seconds, counts.

    ``pause_seconds`` is the wait before a refused request is sent again where the answer names none; it doubles.
    """

    body_bytes: int = 32 * 1024 * 1024
    total_seconds: float = 60.0
    connect_seconds: float = 10.0
    redirects: int = 3
    retries: int = 3
    longest_wait: float = 60.0
    pause_seconds: float = 1.0


USUAL = Limits()

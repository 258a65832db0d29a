"""What can go wrong, and whose fault it is.

    UsageError          the command or target.toml is wrong; nothing was sent          exit 2
    NonConformance      the payer was seen to break a requirement                      fail
    NotTested           the requirement could not be judged, and says what to change   not-tested
    Unjudgeable         network, the tester's file or ours: nobody may be blamed       error

Only the call phase of a scenario may raise NonConformance; flows and readers raise NotTested or Unjudgeable.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Actor = Literal["payer", "your file", "network", "us"]


@dataclass(frozen=True)
class Finding:
    """One thing that was not as required: what was expected, what was there, and where."""

    expected: str
    actual: str
    at: str = ""

    def __str__(self) -> str:
        where = f" at {self.at}" if self.at else ""
        return f"expected {self.expected}; got {self.actual}{where}"


class NonConformance(AssertionError):
    """The payer broke the requirement: ``findings`` (the first 50), of ``judged`` things ``failed`` were wrong."""

    def __init__(self, findings: Sequence[Finding], judged: int = 1, failed: int | None = None) -> None:
        self.findings = tuple(findings)
        self.judged = judged
        self.failed = len(self.findings) if failed is None else failed
        more = self.failed - len(self.findings)
        lines = [str(finding) for finding in self.findings[:3]]
        if self.failed > len(lines):
            lines.append(f"… {self.failed} of {self.judged} in all")
        assert more >= 0
        super().__init__("\n".join(lines))


class NotTested(Exception):
    """Nothing could be judged.

    ``change`` names the key of target.toml that would make it testable; ``because`` the requirement that already
    judges the answer this one would have needed.
    """

    def __init__(self, message: str, *, because: str = "", change: str = "") -> None:
        self.message = message
        self.because = because
        self.change = change
        super().__init__(message)


class NotApplicable(Exception):
    """The requirement does not reach this target (a folder has no searches, an http endpoint no TLS)."""


class Unjudgeable(Exception):
    """The exchange says nothing about the payer: ``actor`` is who must act before it can."""

    def __init__(self, message: str, actor: Actor = "network", *, change: str = "") -> None:
        self.message = message
        self.actor: Actor = actor
        self.change = change
        super().__init__(message)


class UsageError(Exception):
    """The command or the target file is wrong: said with file, line and what was expected; exit code 2."""

    def __init__(self, message: str, *, file: str = "", line: int | None = None) -> None:
        self.message = message
        self.file = file
        self.line = line
        where = f"{file}:{line}: " if file and line else f"{file}: " if file else ""
        super().__init__(where + message)

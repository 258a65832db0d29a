"""What a scenario over records asks of: decisions or figures, counted."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.errors import Finding

ENOUGH = 0.95  # of a population must be judgeable, or nothing is said of it: what is missing may be what was late


@dataclass(frozen=True)
class Population:
    """Decisions or figures of one requirement: how many there are, were judged, were wrong; what is left open.

    ``partial`` says in words what the records do not show; ``close`` how many were in time by the lenient reading only.
    """

    size: int
    judged: int = 0
    failed: int = 0
    findings: tuple[Finding, ...] = ()
    partial: str = ""
    close: str = ""
    lacking: str = ""

    def __bool__(self) -> bool:
        return self.size > 0

    @property
    def judgeable(self) -> Population | None:
        """Itself, where enough of it could be judged or something was found; else nothing."""
        return self if self.failed or (self.judged and self.judged >= ENOUGH * self.size) else None

"""The model payer's own clock: real time, moved by an offset, so that a pended request can be decided at once."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta


class Clock:
    """Now, as the payer believes it; ``offset`` is in seconds and can be moved while the payer runs."""

    def __init__(self, offset: float = 0.0) -> None:
        self.offset = offset

    def now(self) -> datetime:
        """The payer's time, aware, UTC."""
        return datetime.now(UTC) + timedelta(seconds=self.offset)

    def today(self) -> date:
        """The payer's date, UTC."""
        return self.now().date()

    def stamp(self) -> str:
        """The payer's time as a FHIR instant with milliseconds."""
        return self.now().isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def move(self, offset: float) -> None:
        """Sets the offset to ``offset`` seconds from real time (not added to what it was)."""
        self.offset = offset

    def monotonic(self) -> float:
        """Seconds that the offset does not move, for waits and rates."""
        return time.monotonic()

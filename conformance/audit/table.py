"""The table that all records become: its columns, and what was seen while it was read that is no decision."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from conformance.audit.engine import Rejected
from conformance.audit.facts import FACTS
from conformance.audit.sources import Source

# Facts (the reason's code and words as one text to be graded), and where each row stands.
TEXTS = tuple(fact.name for fact in FACTS if fact.name not in ("reason_code", "reason"))
SAID = (*TEXTS, "reasons", "made", "service_system", "certification", "source", "start", "place")
INTEGERS = ("source", "start", "place")
OF_FILES = ("file", "file_row_number")  # columns that an engine adds


@dataclass
class Said:
    """The table, and what was seen while reading that is no decision.

    ``mapped``: which headings of which file gave which fact; ``absent``: facts that no source has at all;
    ``superseded``: answers that only put off a decision which another answer to the same request then gave.
    """

    table: Any
    sources: tuple[Source, ...]
    lines: dict[tuple[int, int], int] = field(default_factory=dict)  # (source, start of share) -> lines before it
    rows: int = 0
    broken: int = 0
    told: list[str] = field(default_factory=list)
    strangers: Counter[str] = field(default_factory=Counter)
    mapped: dict[str, dict[str, tuple[str, ...]]] = field(default_factory=dict)
    absent: tuple[str, ...] = ()
    left: dict[str, int] = field(default_factory=dict)
    superseded: int = 0
    rejected: Rejected = field(default_factory=Rejected)

"""Records opened for a test: generated once, read by the engine that is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from conformance.audit import decisions, mapping, reading, said, sources
from conformance.audit.engines import opened
from conformance.audit.payer import facts_of, payer
from conformance.audit.records import Records
from conformance.target import Target


@contextmanager
def records_of(
    named: Sequence[Path],
    folder: Path,
    facts: dict[str, Any],
    mapped: mapping.Mapped | None = None,
    engine: str = "duckdb",
) -> Iterator[Records]:
    """The records of some files for a payer with these facts (as audit.toml says them)."""
    mapped = mapped or mapping.Mapped()
    whose = payer(Target(name="Test", **facts_of(facts)), facts.get("extracted"))
    work = folder / "work"
    work.mkdir(parents=True)
    found = sources.find([str(each) for each in named])
    with reading.begun(found.of("ndjson"), work) as lines, opened(engine) as running:
        read = said.read(running, found, mapped, lines)
        understood = decisions.understand(running, read, whose, mapped)
        yield Records(running, read, understood, whose, identify=True)

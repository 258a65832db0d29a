"""NDJSON into tables of rows: the lines of a file in shares, each read by a process of its own into a Parquet file.

Every row knows its file and line. A line that cannot be read is told with its number and why; none is dropped.
"""

from __future__ import annotations

import gc
import gzip
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from conformance.audit import lines
from conformance.audit.resources import Resource
from conformance.audit.sources import Source

SHARE = 48 * 1024 * 1024  # bytes of one share
AT_ONCE = 20_000  # rows written at once
TOLD = 50  # broken lines told one by one
LONGEST = 64 * 1024 * 1024  # bytes of one line


@dataclass(frozen=True)
class Share:
    """A part of one file: from the first line that begins at ``start`` or after, to the last that begins before
    ``end``."""

    path: str
    number: int
    start: int
    end: int | None  # None: to the end of a file that cannot be entered in the middle


@dataclass
class Read:
    """What one share held: ``lines`` in it, other resources by type, broken lines (number within the share, why)."""

    share: Share
    lines: int = 0
    rows: int = 0
    strangers: Counter[str] = field(default_factory=Counter)
    broken: int = 0
    told: list[tuple[int, str]] = field(default_factory=list)


def shares(sources: Sequence[Source]) -> list[Share]:
    """The shares of all sources; a gzip file is one."""
    found = []
    for number, source in enumerate(sources):
        if source.path.suffix.lower() == ".gz":
            found.append(Share(str(source.path), number, 0, None))
            continue
        starts = range(0, source.size, SHARE)
        found += [Share(str(source.path), number, start, min(start + SHARE, source.size)) for start in starts]
    return found


def read_all(sources: Sequence[Source], folder: Path, workers: int) -> list[Read]:
    """Reads every share into ``folder``/<n>.parquet, several at once where there is enough to read."""
    todo = shares(sources)
    names = [str(folder / f"{number}.parquet") for number in range(len(todo))]
    if workers > 1 and sum(source.size for source in sources) > SHARE:
        from concurrent.futures import ProcessPoolExecutor
        from multiprocessing import get_context

        with ProcessPoolExecutor(min(workers, len(todo)), mp_context=get_context("forkserver")) as pool:
            return list(pool.map(read, todo, names))
    return [read(share, name) for share, name in zip(todo, names, strict=True)]


def read(share: Share, name: str) -> Read:
    """One share read into a Parquet file: lines.COLUMNS, ``place`` (line within the share), ``share``."""
    import pyarrow
    from pyarrow import parquet

    schema = pyarrow.schema([
        *((column, pyarrow.string()) for column in lines.COLUMNS), ("place", pyarrow.int64()),
        ("source", pyarrow.int64()), ("start", pyarrow.int64()),
    ])  # fmt: skip
    told = Read(share)
    batch: list[tuple[Any, ...]] = []
    gc.disable()  # plain trees without circles: nothing to collect, and looking for it costs a third of the time
    try:
        with parquet.ParquetWriter(name, schema, compression="lz4") as writer:

            def write() -> None:
                columns: list[Any] = list(zip(*batch, strict=True)) or [[] for _ in schema]
                arrays = [pyarrow.array(column, each.type) for column, each in zip(columns, schema, strict=True)]
                writer.write_table(pyarrow.Table.from_arrays(arrays, schema=schema))
                batch.clear()

            for place, row in _rows(share, told):
                batch.append((*row, place, share.number, share.start))
                if len(batch) >= AT_ONCE:
                    write()
            write()
    finally:
        gc.enable()
    return told


def _rows(share: Share, told: Read) -> Iterator[tuple[int, lines.Row]]:
    import msgspec

    decode = msgspec.json.Decoder(Resource).decode
    for place, line in _lines(share):
        told.lines = place
        if line.isspace():
            continue
        try:
            resource = decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as wrong:
            _misread(told, place, line, wrong)
            continue
        if resource.resourceType not in lines.KNOWN:
            told.strangers[resource.resourceType] += 1
            continue
        for row in lines.rows(resource):
            told.rows += 1
            yield place, row


def _misread(told: Read, place: int, line: bytes, wrong: Exception) -> None:
    """Tells why a line could not be read; other resources than ours may have other types under the same names."""
    import msgspec

    try:
        resource = msgspec.json.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _tell(told, place, f"no JSON: {wrong}")
    kind = resource.get("resourceType") if isinstance(resource, dict) else None
    if not isinstance(kind, str):
        return _tell(told, place, "no resource: expected a JSON object with a resourceType")
    if kind in lines.KNOWN:
        return _tell(told, place, f"{kind} with a value of another type than FHIR's: {wrong}")
    told.strangers[kind] += 1
    return None


def _tell(told: Read, place: int, why: str) -> None:
    told.broken += 1
    if len(told.told) < TOLD:
        told.told.append((place, why))


def _lines(share: Share) -> Iterator[tuple[int, bytes]]:
    """The lines that begin in a share, numbered from 1; a byte order mark before the first is no part of it."""
    opener: Any = gzip.open if share.end is None else open
    opened: IO[bytes]
    with opener(share.path, "rb") as opened:
        position = share.start
        if share.start:
            opened.seek(share.start - 1)
            position += len(opened.readline()) - 1  # the line that began before belongs to the share before
        place = 0
        while share.end is None or position < share.end:
            line = opened.readline(LONGEST)
            if not line:
                return
            if position == 0 and line.startswith(b"\xef\xbb\xbf"):
                line = line[3:]
            place += 1
            position += len(line)
            yield place, line

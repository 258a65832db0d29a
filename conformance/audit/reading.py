"""NDJSON into tables of rows: the lines of a file in shares, each read by a process of its own into a Parquet file.

A file of one document (.json) is one line, or as many as its list has resources; one of lines is read as such.
Every row knows its file and line. A line that cannot be read is told with its number and why; none is dropped.
"""

from __future__ import annotations

import gc
import gzip
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import IO, Any

import msgspec

from conformance.audit import lines
from conformance.audit.rows import COLUMNS, FEW, Row, answer
from conformance.audit.sources import Source

SHARE = 48 * 1024 * 1024  # bytes of one share
AT_ONCE = 4_000  # rows that are held as Python's values: more of them leave the processor's cache, at twice the time
TOLD = 50  # broken lines told one by one
GROUPED = 16  # times as many are a group of rows in the file: an engine reads many small groups again and again slowly
BLOCK = 1 << 17  # bytes that are cut into lines at once: few enough to stay in the cache
BOM = b"\xef\xbb\xbf"
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
    """What one share held: ``lines`` in it, other resources by type, broken lines (number within the share, why).

    Its rows are in the Parquet ``file``.
    """

    share: Share
    file: Path
    lines: int = 0
    rows: int = 0
    strangers: Counter[str] = field(default_factory=Counter)
    broken: int = 0
    told: list[tuple[int, str]] = field(default_factory=list)


def shares(sources: Sequence[Source]) -> list[Share]:
    """The shares of all sources; a gzip file is one, and so is a document."""
    found = []
    for number, source in enumerate(sources):
        if source.path.suffix.lower() in (".gz", ".json"):
            found.append(Share(str(source.path), number, 0, None))
            continue
        starts = range(0, source.size, SHARE)
        found += [Share(str(source.path), number, start, min(start + SHARE, source.size)) for start in starts]
    return found


@contextmanager
def begun(sources: Sequence[Source], folder: Path) -> Iterator[Callable[[], list[Read]]]:
    """Begins to read every share into a Parquet file of ``folder``; what it gives waits until all are read.

    Where there is enough to read, processes of their own do it meanwhile.
    """
    todo = shares(sources)
    files = [folder / f"{number}.parquet" for number in range(len(todo))]
    workers = min(os.cpu_count() or 1, len(todo))
    if workers < 2 or sum(source.size for source in sources) <= SHARE:
        yield lambda: list(map(read, todo, files))
        return
    pool = ProcessPoolExecutor(workers, get_context("forkserver"))
    reads = pool.map(read, todo, files)

    def all_read() -> list[Read]:
        done = list(reads)
        pool.shutdown()  # they hold memory
        return done

    try:
        yield all_read
    finally:
        pool.shutdown(cancel_futures=True)


def read(share: Share, file: Path) -> Read:
    """One share read into a Parquet file: COLUMNS, ``place`` (line within the share), ``source``, ``start``."""
    import pyarrow
    from pyarrow import parquet

    schema = pyarrow.schema([
        *((column, pyarrow.string()) for column in COLUMNS), ("place", pyarrow.int64()),
        ("source", pyarrow.int64()), ("start", pyarrow.int64()),
    ])  # fmt: skip
    told = Read(share, file)
    gc.disable()  # plain trees without circles: nothing to collect, and looking for it costs a third of the time
    try:
        with parquet.ParquetWriter(
            file, schema, compression="lz4", use_dictionary=list(FEW), write_statistics=False
        ) as writer:
            held: list[Any] = []
            for rows, places in _batches(share, told):
                columns: list[Any] = [*zip(*rows, strict=True), places]
                arrays = [pyarrow.array(column, each.type) for column, each in zip(columns, schema, strict=False)]
                arrays += [pyarrow.repeat(each, len(rows)) for each in (share.number, share.start)]
                held.append(pyarrow.Table.from_arrays(arrays, schema=schema))
                if len(held) == GROUPED:
                    writer.write_table(pyarrow.concat_tables(held))
                    held = []
            if held:
                writer.write_table(pyarrow.concat_tables(held))
    finally:
        gc.enable()
    return told


def _batches(share: Share, told: Read) -> Iterator[tuple[list[Row], list[int]]]:
    """The rows of a share and the lines they stand in; this loop runs once for every line there is."""
    decode, of_answer, answers = lines.DECODER.decode, answer, lines.ANSWERS
    rows: list[Row] = []
    places: list[int] = []
    place = 0
    for block in _blocks(share):
        for line in block:
            place += 1
            if not line or line.isspace():
                continue
            try:
                resource = decode(line)
            except lines.MISREAD as wrong:
                _misread(told, place, line, wrong)
                continue
            if resource.resourceType in answers:
                rows.append(of_answer(resource))
                places.append(place)
            elif resource.resourceType in lines.KNOWN:
                more = list(lines.rows(resource))
                rows += more
                places += [place] * len(more)
            else:
                told.strangers[resource.resourceType] += 1
        if len(rows) >= AT_ONCE:
            told.rows += len(rows)
            yield rows, places
            rows, places = [], []
    told.lines = place
    told.rows += len(rows)
    if rows:
        yield rows, places


def _misread(told: Read, place: int, line: bytes, wrong: Exception) -> None:
    role, said = lines.misread(line, wrong)
    if role == lines.STRANGER:
        told.strangers[said] += 1
        return
    told.broken += 1
    if len(told.told) < TOLD:
        told.told.append((place, said))


def _blocks(share: Share) -> Iterator[list[bytes]]:
    """The lines that begin in a share, many at a time; a byte order mark before the first is no part of it."""
    opener: Any = gzip.open if share.path.lower().endswith(".gz") else open
    opened: IO[bytes]
    with opener(share.path, "rb") as opened:
        if share.path.lower().removesuffix(".gz").endswith(".json"):
            yield _documents(opened.read().removeprefix(BOM))
            return
        position = share.start
        if share.start:
            opened.seek(share.start - 1)
            position += len(opened.readline()) - 1  # the line that began before belongs to the share before
        while share.end is None or position < share.end:
            block = opened.read(BLOCK if share.end is None else min(BLOCK, share.end - position))
            if not block:
                return
            if not block.endswith(b"\n"):
                block += opened.readline(LONGEST)
            found = block.removesuffix(b"\n").split(b"\n")
            if position == 0:
                found[0] = found[0].removeprefix(BOM)
            position += len(block)
            yield found


def _documents(body: bytes) -> list[bytes]:
    """The resources of a JSON document, which may list several; its lines where it is a document by line."""
    try:
        if body.lstrip().startswith(b"["):
            return list(map(bytes, msgspec.json.decode(body, type=list[msgspec.Raw])))
        msgspec.json.decode(body, type=msgspec.Raw)
    except lines.MISREAD:
        return body.split(b"\n")
    return [body]

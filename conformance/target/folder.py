"""A folder of formulary resources that stands for an endpoint: whether it is one, and its digest."""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import IO, Any, cast

from conformance.errors import UsageError

FORMULARY = frozenset({"Basic", "InsurancePlan", "MedicationKnowledge"})
LINES = (".ndjson", ".jsonl")
ZIPPED = ".gz"
READ_AT_ONCE = 2**20  # bytes
LINES_LOOKED_AT = 100
LARGEST_BUNDLE = 64 * 1024 * 1024


def formulary_digest(folder: Path) -> str:
    """The SHA-256 over names and contents of the .json and .ndjson files; UsageError where none is of a formulary."""
    try:
        files = sorted(path for path in folder.rglob("*") if written_as(path) in (".json", *LINES) and path.is_file())
        if not any(_is_formulary(path) for path in files):
            kinds = ", ".join(sorted(FORMULARY))
            raise UsageError(f"holds no formulary: expected .json or .ndjson files of {kinds}", file=str(folder))
        digest = hashlib.sha256()
        for path in files:
            digest.update(path.relative_to(folder).as_posix().encode("utf-8", "surrogateescape") + b"\0")
            with path.open("rb") as content:
                digest.update(hashlib.file_digest(content, "sha256").digest())
    except OSError as wrong:
        raise UsageError(f"cannot be read: {wrong.strerror}", file=str(wrong.filename or folder)) from None
    return digest.hexdigest()


def written_as(path: Path) -> str:
    """The ending that says how a file is written, whether or not it was gzipped then: ".json", ".ndjson", …"""
    return Path(path.name.lower().removesuffix(ZIPPED)).suffix


def opened(path: Path) -> IO[bytes]:
    """What a file holds, to be read; unpacked where its name says that it was gzipped."""
    if path.suffix.lower() != ZIPPED:
        return path.open("rb", buffering=READ_AT_ONCE)
    return cast("IO[bytes]", gzip.open(path, "rb"))


def _is_formulary(path: Path) -> bool:
    return any(_kinds(resource) & FORMULARY for resource in _resources(path))


def _resources(path: Path) -> Iterator[Any]:
    """What the file holds, as far as it is JSON; whether it all is, is judged when it is tested."""
    texts: list[bytes] = []
    with suppress(EOFError, zlib.error, gzip.BadGzipFile), opened(path) as content:
        if written_as(path) == ".json":
            texts.append(content.read(LARGEST_BUNDLE))
            content.seek(0)  # by another name it may be NDJSON
        texts += islice((line for line in content if line.strip()), LINES_LOOKED_AT)
    for text in texts:
        try:
            yield json.loads(text)
        except (ValueError, RecursionError):
            continue


def _kinds(found: Any) -> set[str]:
    """The type of a resource; of a Bundle or a list, the types of what is in it."""
    entries = found
    if isinstance(found, dict):
        if found.get("resourceType") != "Bundle":
            return {str(found.get("resourceType"))}
        given = found.get("entry")
        entries = (
            [entry.get("resource") for entry in given if isinstance(entry, dict)] if isinstance(given, list) else []
        )
    if not isinstance(entries, list):
        return set()
    return {str(each.get("resourceType")) for each in entries if isinstance(each, dict)}

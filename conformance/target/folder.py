"""A folder of formulary resources that stands for an endpoint: whether it is one, and its digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from conformance.errors import UsageError

FORMULARY = frozenset({"Basic", "InsurancePlan", "MedicationKnowledge"})
LINES = (".ndjson", ".jsonl")
LINES_LOOKED_AT = 100
LARGEST_BUNDLE = 64 * 1024 * 1024


def formulary_digest(folder: Path) -> str:
    """The SHA-256 over names and contents of the .json and .ndjson files; UsageError where none is of a formulary."""
    try:
        files = sorted(path for path in folder.rglob("*") if path.suffix in (".json", *LINES) and path.is_file())
        if not any(_is_formulary(path) for path in files):
            kinds = ", ".join(sorted(FORMULARY))
            raise UsageError(f"holds no formulary: expected .json or .ndjson files of {kinds}", file=str(folder))
        digest = hashlib.sha256()
        for path in files:
            digest.update(path.relative_to(folder).as_posix().encode("utf-8", "surrogateescape") + b"\0")
            with path.open("rb") as opened:
                digest.update(hashlib.file_digest(opened, "sha256").digest())
    except OSError as wrong:
        raise UsageError(f"cannot be read: {wrong.strerror}", file=str(wrong.filename or folder)) from None
    return digest.hexdigest()


def _is_formulary(path: Path) -> bool:
    return any(_kinds(resource) & FORMULARY for resource in _resources(path))


def _resources(path: Path) -> Iterator[Any]:
    """What the file holds, as far as it is JSON; whether it all is, is judged when it is tested."""
    with path.open("rb") as opened:
        if path.suffix == ".json":
            texts = [opened.read()] if path.stat().st_size <= LARGEST_BUNDLE else []
        else:
            texts = list(islice((line for line in opened if line.strip()), LINES_LOOKED_AT))
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

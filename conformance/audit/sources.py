"""The files an audit reads: which there are, in which form, with their hashes, and what is wrong with them."""

from __future__ import annotations

import codecs
import gzip
import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from conformance.errors import UsageError

FORMS = {
    ".ndjson": "ndjson", ".jsonl": "ndjson", ".json": "ndjson", ".csv": "csv", ".tsv": "csv", ".txt": "csv",
    ".parquet": "parquet", ".pq": "parquet",
}  # fmt: skip
ASIDE = frozenset({"manifest.json", "truth.json", "audit.toml"})  # in a folder beside the records
DELIMITERS = (",", ";", "\t", "|")  # of equally frequent ones the first
SNIFFED = 1 << 20


@dataclass(frozen=True)
class Source:
    """One file of records: its form (ndjson, csv, parquet), its size; of delimited text encoding and delimiter."""

    path: Path
    form: str
    size: int
    encoding: str = "utf-8"
    delimiter: str = ","


@dataclass(frozen=True)
class Found:
    """All files of records, and what was seen on the way that a reader must know."""

    sources: tuple[Source, ...]
    remarks: tuple[str, ...] = ()

    def of(self, form: str) -> tuple[Source, ...]:
        """The sources of one form."""
        return tuple(each for each in self.sources if each.form == form)


def find(named: Sequence[str]) -> Found:
    """The files that the command names, folders opened; UsageError where one is missing or none holds records."""
    remarks: list[str] = []
    paths: list[Path] = []
    for name in named:
        path = Path(name)
        if path.is_dir():
            paths += _in_folder(path, remarks)
        elif path.is_file():
            paths.append(path)
        else:
            raise UsageError(f"{name}: no such file or folder")
    sources = []
    for path in dict.fromkeys(paths):
        form = _form(path)
        if form is None:
            raise UsageError(f"{path}: not records: expected .ndjson, .json, .csv, .tsv or .parquet, each also as .gz")
        size = path.stat().st_size
        if size == 0 or _unpacks_to_nothing(path):
            remarks.append(f"{path}: empty")
            continue
        sources.append(Source(path, form, size, *_written(path)) if form == "csv" else Source(path, form, size))
    if not sources:
        what = "; ".join(remarks) or "no .ndjson, .json, .csv, .tsv or .parquet file there"
        raise UsageError(f"no records to audit: {what}")
    return Found(tuple(sources), tuple(remarks))


def _form(path: Path) -> str | None:
    suffixes = [each.lower() for each in path.suffixes if each.lower() != ".gz"]
    return FORMS.get(suffixes[-1]) if suffixes else None


def _in_folder(folder: Path, remarks: list[str]) -> list[Path]:
    """The files of a folder, in order; of a bulk export, those its manifest lists, and it is told what is missing."""
    manifest = folder / "manifest.json"
    if manifest.is_file():
        listed = _listed(manifest)
        if listed is None:
            remarks.append(f"{manifest}: no bulk manifest (no output[].url): every file of the folder is read")
        else:
            there = [folder / name for name in listed if (folder / name).is_file()]
            lost = [name for name in listed if not (folder / name).is_file()]
            if lost:
                remarks.append(f"{manifest}: lists {len(lost)} files that are not there: {', '.join(lost[:5])}")
            return [path for path in there if _form(path)]
    found = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    records = [path for path in found if _form(path) and path.name not in ASIDE]
    if not records:
        remarks.append(f"{folder}: {'an empty folder' if not found else 'no file of records'}")
    return records


def _listed(manifest: Path) -> list[str] | None:
    try:
        said: Any = json.loads(manifest.read_text("utf-8-sig"))
        return [urlsplit(each["url"]).path.rpartition("/")[2] for each in said["output"]]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _unpacks_to_nothing(path: Path) -> bool:
    if path.suffix.lower() != ".gz":
        return False
    try:
        with gzip.open(path) as opened:
            return not opened.read(1)
    except (OSError, EOFError) as wrong:
        raise UsageError(f"{path}: not gzip: {wrong}") from wrong


def _written(path: Path) -> tuple[str, str]:
    """The encoding of delimited text, and what stands between the headings in its first line."""
    opener: Any = gzip.open if path.suffix.lower() == ".gz" else open
    with opener(path, "rb") as opened:
        start: bytes = opened.read(SNIFFED)
    encoding = _encoding(start)
    heading = re.sub(r'"[^"]*"', "", start.decode(encoding, "replace").partition("\n")[0])
    return encoding, max(DELIMITERS, key=heading.count)


def _encoding(start: bytes) -> str:
    """utf-8, unless the text begins otherwise or cannot be that."""
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8"


def alike(logs: Sequence[Source]) -> list[list[Source]]:
    """The logs in groups that can be read at once: of one form and encoding, with the same headings."""
    groups: dict[Any, list[Source]] = {}
    for each in logs:
        packed = each.path.suffix.lower() == ".gz"
        groups.setdefault((each.form, each.encoding, each.delimiter, packed, _headings(each)), []).append(each)
    return list(groups.values())


def _headings(log: Source) -> Any:
    """What stands in the first line of a delimited file, or the schema of a Parquet file."""
    if log.form == "parquet":
        from pyarrow import ArrowException, parquet

        try:
            return str(parquet.read_schema(log.path).remove_metadata())
        except (ArrowException, OSError) as wrong:
            raise UsageError(f"{log.path}: not Parquet: {wrong}") from wrong
    opener: Any = gzip.open if log.path.suffix.lower() == ".gz" else open
    with opener(log.path, "rb") as opened:
        return opened.readline(SNIFFED).rstrip()


def hashes(sources: Iterable[Source]) -> list[dict[str, Any]]:
    """Name, form, size and SHA-256 of every source, for the evidence."""
    rows = []
    for source in sources:
        with source.path.open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
        rows.append({"file": str(source.path), "form": source.form, "bytes": source.size, "sha256": digest})
    return rows

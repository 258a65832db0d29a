"""A folder of resources that stands for an endpoint: an export, examples, what a payer handed over.

Read are .ndjson and .jsonl files, .json files with a resource, a list of resources or a Bundle, each also gzipped
(.gz), and the manifest of a bulk export (export.json or manifest.json). Whatever cannot be read is a problem with its
file and line, and the rest goes on.
"""

from __future__ import annotations

import os
import re
import stat
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import IO, NamedTuple

from conformance.fhir import Problem, Resource
from conformance.strict_json import NotJson, load
from conformance.structures import is_resource_type
from conformance.target.folder import LINES, ZIPPED, written_as
from conformance.target.folder import opened as opened_file
from conformance.wire.lines import LONGEST_LINE, Condense, Part, Reader, bounded_lines, holds_lines, whole_part
from conformance.wire.manifest import NAMES, Manifest, Output, read_manifest

MOST_PROBLEMS = 1000
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
NOTHING: Mapping[str, Condense] = MappingProxyType({})
TYPE_IN_NAME = re.compile(r"[A-Z][A-Za-z]+")


class Placed(NamedTuple):  # made by the hundred thousand
    """A resource and where it stands: "Basic.ndjson:17", "plans.json entry[3]".

    ``resource`` may be condensed (see ``Folder.walk``); ``whole`` gives it as it came. ``full_url`` is what the others
    of its Bundle know it by.
    """

    resource: Resource
    at: str
    file: str
    type: str
    shape: int  # equal for resources that are built alike
    digest: int  # equal for resources that are the same, as they are written
    body: bytes = b""  # its line; empty where it is not condensed
    full_url: str = ""

    def whole(self) -> Resource:
        """The resource with everything that it came with."""
        resource: Resource = load(self.body) if self.body else self.resource
        return resource


@dataclass
class _File:
    """One file while it is read: the type it should hold, and how many resources it does."""

    path: Path
    at: str
    type: str = ""
    declared: bool = False  # by the manifest, not only by its name
    count: int = 0
    strangers: int = 0


class Folder:
    """All resources below ``path``, read one by one: nothing but the problems is kept."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._problems: list[Problem] = []
        self._asides: set[Problem] = set()
        self._partial: set[str] = set()
        self._walked = False
        self._manifest = Manifest()

    @property
    def made(self) -> str:
        """The transactionTime of the manifest as written: the moment whose data these are; "" without one."""
        self._once()
        return self._manifest.made

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What could not be read, or not as it should be, by file and line: the first 1000."""
        self._once()
        return tuple(self._problems)

    @property
    def asides(self) -> frozenset[Problem]:
        """Those of the problems that may come of how the folder was put together, or of our limits: files of somebody's
        own, files that were not copied or cannot be read."""
        self._once()
        return frozenset(self._asides)

    @property
    def partial(self) -> frozenset[str]:
        """The types of which the folder may not hold all that there is: files that are missing, cut off or unread; ""
        for a file of no known type."""
        self._once()
        return frozenset(self._partial)

    def _once(self) -> None:
        if not self._walked:
            for _ in self.walk():
                pass

    # --- reading -------------------------------------------------------------------------------------------------

    def walk(self, condense: Mapping[str, Condense] = NOTHING) -> Iterator[Placed]:
        """Every resource in the order of files and lines, each line read once; its parts are only to be read.

        ``condense`` says of members of a line's resource what is kept of them, once for all lines that share it.
        """
        self._problems, self._asides, self._partial = [], set(), set()
        self._manifest = Manifest()
        files = {path: _File(path, self._name(path)) for path in self._files()}
        self._declare(files)
        reader = Reader(condense)
        for file in files.values():
            yield from self._file(file, reader)
        self._counted(files)
        self._walked = True

    def _files(self) -> Iterator[Path]:
        """Regular files below the folder, in order; links are not followed, and told where they lead out."""
        for directory, directories, names in os.walk(self.path, followlinks=False):
            directories.sort()
            for name in sorted([*names, *directories]):
                path = Path(directory, name)
                if path.is_symlink() and self._leads_out(path):
                    self._aside(self._name(path), "is a link out of the folder, and is not followed")
                elif name in names and self._is_data(path):
                    yield path

    def _leads_out(self, link: Path) -> bool:
        try:
            return not link.resolve().is_relative_to(self.path.resolve())
        except (OSError, RuntimeError):  # a ring of links
            return True

    def _is_data(self, path: Path) -> bool:
        if path.name.startswith(".") or written_as(path) not in (".json", *LINES) or path.is_symlink():
            return False
        try:
            return stat.S_ISREG(path.lstat().st_mode)  # a pipe would never end
        except OSError:
            return False

    def _file(self, file: _File, reader: Reader) -> Iterator[Placed]:
        try:
            with opened_file(file.path) as opened:
                if written_as(file.path) in LINES:
                    yield from self._lines(file, opened, reader)
                else:
                    yield from self._whole(file, opened, reader)
        except EOFError:
            self._unread(file, file.at, "is cut off: the gzip file has no end")
        except (OSError, zlib.error) as wrong:
            self._unread(file, file.at, f"cannot be read: {getattr(wrong, 'strerror', None) or wrong}")
        if file.strangers and file.declared:
            what = f"{file.strangers} of {file.count} resources are no {file.type}, as the manifest has it"
            self._wrong(file.at, what)

    def _lines(self, file: _File, opened: IO[bytes], reader: Reader) -> Iterator[Placed]:
        for number, line in bounded_lines(opened, LONGEST_LINE):
            if line is None:
                self._unread(
                    file, f"{file.at}:{number}", f"is longer than {LONGEST_LINE // 2**20} MiB, and is not read"
                )
            elif not line.isspace() and line.strip() != BYTE_ORDER_MARK:
                yield from self._text(file, line, f"{file.at}:{number}", reader)

    def _whole(self, file: _File, opened: IO[bytes], reader: Reader) -> Iterator[Placed]:
        body = opened.read(LONGEST_LINE + 1)
        if len(body) > LONGEST_LINE:
            self._unread(file, file.at, f"is larger than {LONGEST_LINE // 2**20} MiB, and is not read: make it NDJSON")
        elif holds_lines(body):
            opened.seek(0)
            yield from self._lines(file, opened, reader)
        else:
            yield from self._text(file, body, file.at, reader)

    def _text(self, file: _File, body: bytes, at: str, reader: Reader) -> Iterable[Placed]:
        try:
            part = reader.read(body)
        except NotJson as wrong:
            self._of(file, at, wrong.reason)
            return ()
        if not isinstance(part.value, list):
            return self._place(file, part, at, body)
        return (
            placed
            for place, each in enumerate(part.value)
            for placed in self._place(file, whole_part(each), f"{at} [{place}]")
        )

    def _place(self, file: _File, part: Part, at: str, body: bytes = b"") -> Iterable[Placed]:
        resource = part.value
        if not isinstance(resource, dict):
            self._of(file, at, "is no JSON object, so no resource")
            return ()
        file.count += 1
        kind = resource.get("resourceType")
        if not isinstance(kind, str) or not kind:
            self._of(file, at, "has no resourceType" + (f", and is read as {file.type}" if file.type else ""))
            kind = file.type
        elif file.type and kind != file.type:
            file.strangers += 1
        if not kind:
            return ()
        placed = Placed(resource, at, file.at, kind, part.shape, part.digest, body)
        return (placed,) if kind != "Bundle" else (placed, *self._entries(file, resource, at))

    def _entries(self, file: _File, bundle: Resource, at: str) -> Iterator[Placed]:
        entries = bundle.get("entry")
        for place, entry in enumerate(entries if isinstance(entries, list) else ()):
            inner = entry.get("resource") if isinstance(entry, dict) else None
            if isinstance(inner, dict) and isinstance(inner.get("resourceType"), str):
                read = whole_part(inner)
                yield Placed(
                    inner, f"{at} entry[{place}]", file.at, inner["resourceType"], read.shape, read.digest,
                    full_url=str(entry.get("fullUrl", "")),
                )  # fmt: skip
            elif inner is not None:
                self._wrong(f"{at} entry[{place}]", "has no resourceType")

    # --- the manifest of a bulk export ---------------------------------------------------------------------------

    def _declare(self, files: dict[Path, _File]) -> None:
        """Reads the manifest, if there is one, and tells each file its type."""
        for path in (self.path / name for name in NAMES):
            if path in files and (manifest := read_manifest(path, path.name, LONGEST_LINE)):
                self._manifest = manifest
                del files[path]
                break
        if self._manifest.problem:
            self._aside(path.name, self._manifest.problem)
        for file in files.values():
            named = TYPE_IN_NAME.search(file.path.stem)
            file.type = named[0] if named and is_resource_type(named[0]) else ""
        for output in self._manifest.outputs:
            named_files = _named(output, files)
            if not named_files:
                self._partial.add(output.type)
                self._aside(output.at, f"names the file {output.name[:100]!r}, which is not in the folder")
            for file in named_files:
                if output.type:
                    file.type, file.declared = output.type, True

    def _counted(self, files: dict[Path, _File]) -> None:
        for output in self._manifest.outputs:
            named = _named(output, files)
            if len(named) == 1 and output.count is not None and output.count != named[0].count:
                self._partial.add(named[0].type)
                holds = f"{named[0].at}, which holds {named[0].count}"
                self._aside(output.at, f"counts {output.count} resources in {holds}")

    def _name(self, path: Path) -> str:
        return path.relative_to(self.path).as_posix().encode("utf-8", "replace").decode()

    def _of(self, file: _File, at: str, message: str) -> None:
        """Something wrong in a file: of an export where the manifest or its name says so, or where it is built like
        one and no manifest leaves it out (a client's own log); else of anybody."""
        exported = bool(file.type) or (written_as(file.path) in LINES and not self._manifest.outputs)
        (self._wrong if exported else self._aside)(at, message)

    def _unread(self, file: _File, at: str, message: str) -> None:
        self._partial.add(file.type)
        self._aside(at, message)

    def _aside(self, at: str, message: str) -> None:
        before = len(self._problems)
        self._wrong(at, message)
        self._asides.update(self._problems[before:])

    def _wrong(self, at: str, message: str) -> None:
        if len(self._problems) < MOST_PROBLEMS:
            self._problems.append(Problem(at, message))


def _named(output: Output, files: dict[Path, _File]) -> list[_File]:
    names = (output.name, output.name + ZIPPED)
    return [file for path, file in files.items() if output.name and path.name in names]

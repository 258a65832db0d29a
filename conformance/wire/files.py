"""A folder of resources behind the same read and search as an endpoint: an export, examples, what a payer handed over.

Read are .ndjson and .jsonl files, .json files with a resource, a list of resources or a Bundle, and the manifest of a
bulk export (export.json). Whatever cannot be read is a problem with its file and line, and the rest goes on.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from conformance.errors import NotApplicable
from conformance.fhir import Problem, Resource
from conformance.strict_json import NotJson, load, load_or_none
from conformance.structures import is_resource_type

LONGEST_LINE = 50 * 1024 * 1024  # bytes of a line, and of a .json file
MOST_PROBLEMS = 1000
MANIFEST = "export.json"
LINES = (".ndjson", ".jsonl")
TYPE_IN_NAME = re.compile(r"[A-Z][A-Za-z]+")


@dataclass(frozen=True)
class Placed:
    """A resource and where it stands: "Basic.ndjson:17", "plans.json entry[3]"."""

    resource: Resource = field(hash=False)
    at: str


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
    """All resources below ``path``, each line read once, at the first question; everything stays in memory."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._placed: dict[str, list[Placed]] = {}
        self._by_id: dict[tuple[str, str], list[Placed]] = {}
        self._problems: list[Problem] = []
        self._read = False
        self._made = ""

    @property
    def made(self) -> str:
        """The transactionTime of the manifest as written: the moment whose data these are; "" without one."""
        self._all()
        return self._made

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What could not be read, or not as it should be, by file and line: the first 1000."""
        self._all()
        return tuple(self._problems)

    def types(self) -> tuple[str, ...]:
        """The resource types found, in alphabetical order."""
        return tuple(sorted(self._all()))

    def resources(self, resource_type: str) -> Iterator[Placed]:
        """Every resource of that type, in the order of files and lines."""
        return iter(self._all().get(resource_type, ()))

    def read(self, resource_type: str, resource_id: str) -> Placed | None:
        """The resource of that type and id; None where there is none, the first where there are several."""
        self._all()
        found = self._by_id.get((resource_type, resource_id))
        return found[0] if found else None

    def search(self, resource_type: str, params: Sequence[tuple[str, str]] = ()) -> list[Resource]:
        """The resources of that type, all or those of ``_id``; a folder has no other search: NotApplicable."""
        found = list(self.resources(resource_type))
        for name, value in params:
            if name != "_id":
                raise NotApplicable(f"a folder of resources is not searched by {name}")
            wanted = set(value.split(","))
            found = [each for each in found if each.resource.get("id") in wanted]
        return [each.resource for each in found]

    # --- reading -------------------------------------------------------------------------------------------------

    def _all(self) -> dict[str, list[Placed]]:
        if not self._read:
            self._read = True
            self._read_all()
        return self._placed

    def _read_all(self) -> None:
        files = {path: _File(path, self._name(path)) for path in self._files()}
        manifest = files.pop(self.path / MANIFEST, None)
        outputs = self._manifest(manifest) if manifest else None
        if manifest and outputs is None:
            files[manifest.path] = manifest  # a resource that happens to have this name
        for file in files.values():
            named = TYPE_IN_NAME.search(file.path.stem)
            file.type = named[0] if named and is_resource_type(named[0]) else ""
        for at, output in outputs or ():
            self._declare(at, output, files)
        for file in files.values():
            self._file(file)
        for at, output in outputs or ():
            self._counted(at, output, files)

    def _files(self) -> Iterator[Path]:
        """Regular files below the folder, in order; links are not followed, and told where they lead out."""
        for directory, directories, names in os.walk(self.path, followlinks=False):
            directories.sort()
            for name in sorted([*names, *directories]):
                path = Path(directory, name)
                if path.is_symlink() and self._leads_out(path):
                    self._wrong(self._name(path), "is a link out of the folder, and is not followed")
                elif name in names and self._is_data(path):
                    yield path

    def _leads_out(self, link: Path) -> bool:
        try:
            return not link.resolve().is_relative_to(self.path.resolve())
        except (OSError, RuntimeError):  # a ring of links
            return True

    def _is_data(self, path: Path) -> bool:
        if path.name.startswith(".") or path.suffix.lower() not in (".json", *LINES) or path.is_symlink():
            return False
        try:
            return stat.S_ISREG(path.lstat().st_mode)  # a pipe would never end
        except OSError:
            return False

    def _file(self, file: _File) -> None:
        try:
            with file.path.open("rb") as opened:
                if file.path.suffix.lower() in LINES:
                    self._lines(file, opened)
                else:
                    self._whole(file, opened)
        except OSError as wrong:
            self._wrong(file.at, f"cannot be read: {wrong.strerror}")
        if file.strangers and file.declared:
            what = f"{file.strangers} of {file.count} resources are no {file.type}, as the manifest has it"
            self._wrong(file.at, what)

    def _lines(self, file: _File, opened: IO[bytes]) -> None:
        for number, line in _bounded_lines(opened):
            at = f"{file.at}:{number}"
            if line is None:
                self._wrong(at, f"is longer than {LONGEST_LINE // 2**20} MiB, and is not read")
            elif line.strip().removeprefix(b"\xef\xbb\xbf"):
                self._text(file, line, at)

    def _whole(self, file: _File, opened: IO[bytes]) -> None:
        body = opened.read(LONGEST_LINE + 1)
        if len(body) > LONGEST_LINE:
            self._wrong(file.at, f"is larger than {LONGEST_LINE // 2**20} MiB, and is not read: make it NDJSON")
        elif _holds_lines(body):
            opened.seek(0)
            self._lines(file, opened)
        else:
            self._text(file, body, file.at)

    def _text(self, file: _File, body: bytes, at: str) -> None:
        try:
            content = load(body)
        except NotJson as wrong:
            self._wrong(at, wrong.reason)
            return
        for place, each in enumerate(content) if isinstance(content, list) else [(-1, content)]:
            self._place(file, each, at if place < 0 else f"{at} [{place}]")

    def _place(self, file: _File, resource: Any, at: str) -> None:
        if not isinstance(resource, dict):
            self._wrong(at, "is no JSON object, so no resource")
            return
        file.count += 1
        kind = resource.get("resourceType")
        if not isinstance(kind, str) or not kind:
            self._wrong(at, "has no resourceType" + (f", and is read as {file.type}" if file.type else ""))
            kind = file.type
        elif file.type and kind != file.type:
            file.strangers += 1
        if kind:
            self._keep(kind, Placed(resource, at))
        entries = resource.get("entry") if kind == "Bundle" else None
        for place, entry in enumerate(entries if isinstance(entries, list) else ()):
            inner = entry.get("resource") if isinstance(entry, dict) else None
            if isinstance(inner, dict) and isinstance(inner.get("resourceType"), str):
                self._keep(inner["resourceType"], Placed(inner, f"{at} entry[{place}]"))
            elif inner is not None:
                self._wrong(f"{at} entry[{place}]", "has no resourceType")

    def _keep(self, kind: str, placed: Placed) -> None:
        self._placed.setdefault(kind, []).append(placed)
        if isinstance(resource_id := placed.resource.get("id"), str):
            self._by_id.setdefault((kind, resource_id), []).append(placed)

    # --- the manifest of a bulk export ---------------------------------------------------------------------------

    def _manifest(self, file: _File) -> list[tuple[str, dict[str, Any]]] | None:
        """The outputs that the manifest lists, with their places; None where the file is a resource."""
        try:
            with file.path.open("rb") as opened:
                content = load(opened.read(LONGEST_LINE))
        except NotJson as wrong:
            self._wrong(file.at, wrong.reason)
            return []
        except OSError as wrong:
            self._wrong(file.at, f"cannot be read: {wrong.strerror}")
            return []
        if isinstance(content, dict) and "resourceType" in content:
            return None
        outputs = content.get("output") if isinstance(content, dict) else None
        if isinstance(content, dict) and isinstance(content.get("transactionTime"), str):
            self._made = content["transactionTime"]
        if not isinstance(outputs, list):
            self._wrong(file.at, "is no manifest of a bulk export: it lists no output")
            return []
        return [(f"{file.at} output[{place}]", each) for place, each in enumerate(outputs) if isinstance(each, dict)]

    def _declare(self, at: str, output: dict[str, Any], files: dict[Path, _File]) -> None:
        named = _named(output, files)
        if not named:
            self._wrong(at, f"names the file {_file_name(output)[:100]!r}, which is not in the folder")
        for file in named:
            if isinstance(output.get("type"), str):
                file.type, file.declared = output["type"], True

    def _counted(self, at: str, output: dict[str, Any], files: dict[Path, _File]) -> None:
        named, count = _named(output, files), output.get("count")
        if len(named) == 1 and isinstance(count, int) and count != named[0].count:
            self._wrong(at, f"counts {count} resources in {named[0].at}, which holds {named[0].count}")

    def _name(self, path: Path) -> str:
        return path.relative_to(self.path).as_posix().encode("utf-8", "replace").decode()

    def _wrong(self, at: str, message: str) -> None:
        if len(self._problems) < MOST_PROBLEMS:
            self._problems.append(Problem(at, message))


def _bounded_lines(opened: IO[bytes]) -> Iterator[tuple[int, bytes | None]]:
    """Every line with its number from 1; None for one that is too long."""
    number = 0
    while line := opened.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) <= LONGEST_LINE:
            yield number, line
            continue
        while line and not line.endswith(b"\n"):
            line = opened.readline(2**20)
        yield number, None


def _holds_lines(body: bytes) -> bool:
    """Whether a .json file is NDJSON by another name: several lines, the first a whole object."""
    first, _, rest = body.strip().partition(b"\n")
    return bool(rest.strip()) and isinstance(load_or_none(first), dict)


def _file_name(output: dict[str, Any]) -> str:
    url = output.get("url")
    return url.partition("?")[0].rstrip("/").rpartition("/")[2] if isinstance(url, str) else ""


def _named(output: dict[str, Any], files: dict[Path, _File]) -> list[_File]:
    name = _file_name(output)
    return [file for path, file in files.items() if name and path.name == name]

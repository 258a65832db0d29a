"""What differs between the versions of an implementation guide: one table of cells per version (suites/guides/*.toml).

    ig = "pas"; title = "…"; api = "prior-auth"; apis = [those that may claim it, where it is not this one]
    [operations."prior-auth.submit"]           path, act = read | write | intrusive | load
    [versions."2.0.1"]                         cells: names, URLs, codes, value sets, yes or no
    [versions."2.2.1"]  extends = "2.0.1"      only the cells that changed

A cell named in a row's ``unverified`` list has no source that the harness's authors could read.
"""

from __future__ import annotations

import operator
import re
import tomllib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from conformance.errors import UsageError

ACTS = frozenset({"read", "write", "intrusive", "load"})

_OPERATORS: Mapping[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "=": operator.eq,
}
_CONSTRAINT = re.compile(r"(>=|<=|>|<|=)\s*(\S+)")
_VERSION = re.compile(r"[0-9]+(\.[0-9]+)*", re.ASCII)
_SHARED = ("title", "api", "apis", "operations")


@dataclass(frozen=True)
class Guide:
    """One version of one guide; ``guide["key"]`` gives a cell, KeyError where the table has none of that name."""

    ig: str
    version: str
    cells: Mapping[str, Any] = field(repr=False, hash=False)

    def __getitem__(self, key: str) -> Any:
        try:
            return self.cells[key]
        except KeyError:
            raise KeyError(f"{self.ig} {self.version} has no cell {key!r} (suites/guides/{self.ig}.toml)") from None

    @property
    def label(self) -> str:
        """As claims and exchanges name it: "pas=2.2.1"."""
        return f"{self.ig}={self.version}"

    @property
    def api(self) -> str:
        """The API this guide is the main guide of."""
        return str(self.cells["api"])

    @property
    def apis(self) -> tuple[str, ...]:
        """The APIs that may claim this guide: its own, unless the table lists them."""
        return tuple(self.cells["apis"])

    @property
    def operations(self) -> Mapping[str, Mapping[str, Any]]:
        """Operation ("prior-auth.submit") -> its path below the base URL, its act, and what else its row holds."""
        operations: Mapping[str, Mapping[str, Any]] = self.cells["operations"]
        return operations

    def path(self, operation: str) -> str:
        """Where an operation lies below the base URL; "{type}" and "{id}" are to be filled in."""
        return str(self.operations[operation]["path"])

    def act(self, operation: str) -> str:
        """What class of act an operation is; one that no table names counts as a write."""
        return str(self.operations.get(operation, {"act": "write"})["act"])

    def declaration(self, operation: str) -> dict[str, str]:
        """How a CapabilityStatement names an operation: its code and its definition."""
        row = self.operations[operation]
        return {"code": row["code"], "definition": row["definition"]}

    @property
    def unverified(self) -> frozenset[str]:
        """The cells without a source."""
        return frozenset(self.cells.get("unverified", ()))


def version_key(version: str) -> tuple[int, ...]:
    """A version as numbers, so that 2.10.0 comes after 2.9.1; UsageError for anything but digits and dots."""
    if not isinstance(version, str) or not _VERSION.fullmatch(version):
        raise UsageError(f"not a version: {version!r} (expected numbers and dots, such as 2.2.1)")
    return tuple(int(part) for part in version.split("."))


def satisfies(version: str, constraint: str) -> bool:
    """Whether ``version`` keeps every part of ``constraint``: ">=2.0.1", ">=2.0.1, <2.2", "=2.2.1", or "*" for all."""
    number = version_key(version)
    if constraint.strip() == "*":
        return True
    parts = list(_parts(constraint))  # the whole constraint must make sense, also behind a part that decides
    return all(compare(*_aligned(number, bound)) for compare, bound in parts)


def _parts(constraint: str) -> Iterator[tuple[Callable[..., bool], tuple[int, ...]]]:
    for part in constraint.split(","):
        matched = _CONSTRAINT.fullmatch(part.strip())
        if not matched:
            raise UsageError(f"not a version constraint: {constraint!r} (expected >= > <= < = and a version, or *)")
        yield _OPERATORS[matched[1]], version_key(matched[2])


def _aligned(left: tuple[int, ...], right: tuple[int, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    longest = max(len(left), len(right))
    return left + (0,) * (longest - len(left)), right + (0,) * (longest - len(right))


def load(directory: Path) -> Mapping[tuple[str, str], Guide]:
    """Every guide version in the tables of ``directory``, by (ig, version); UsageError names the file that is wrong."""
    guides: dict[tuple[str, str], Guide] = {}
    for path in sorted(directory.glob("*.toml")):
        for guide in _read(path):
            if (guide.ig, guide.version) in guides:
                raise UsageError(f"{guide.label} is defined twice", file=str(path))
            guides[guide.ig, guide.version] = guide
    if not guides:
        raise UsageError("no guide tables (*.toml) here", file=str(directory))
    return MappingProxyType(guides)


def _read(path: Path) -> Iterator[Guide]:
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as wrong:
        raise UsageError(f"not a readable guide table: {wrong}", file=str(path)) from wrong
    ig, versions = table.get("ig"), table.get("versions")
    unknown = set(table) - {"ig", "versions", *_SHARED}
    if not isinstance(ig, str) or not isinstance(versions, dict) or not versions or unknown:
        raise UsageError(
            f"a guide table has ig, title, api, apis, operations and versions; unknown: {sorted(unknown) or 'nothing'}",
            file=str(path),
        )
    _check_operations(table.get("operations", {}), path)
    api, operations = table.get("api", ""), table.get("operations", {})
    shared = {"title": table.get("title", ig), "api": api, "apis": table.get("apis", [api]), "operations": operations}
    for version in _in_order(versions, path):
        yield Guide(ig, version, _frozen({**shared, **_row(versions, version, path)}))


def _in_order(versions: Iterable[str], path: Path) -> list[str]:
    try:
        return sorted(versions, key=version_key)
    except UsageError as wrong:
        raise UsageError(wrong.message, file=str(path)) from None


def _check_operations(operations: Any, path: Path) -> None:
    for name, row in operations.items() if isinstance(operations, dict) else [("operations", None)]:
        if not isinstance(row, dict) or not isinstance(row.get("path"), str) or row.get("act") not in ACTS:
            raise UsageError(f"operation {name!r} needs a path and an act, one of {sorted(ACTS)}", file=str(path))


def _row(versions: Mapping[str, Any], version: str, path: Path, below: Collection[str] = ()) -> dict[str, Any]:
    """The cells of a version laid over those of the version it extends, and so on down."""
    row = versions.get(version)
    if not isinstance(row, dict):
        raise UsageError(f"no version {version!r} to extend", file=str(path))
    if version in below:
        raise UsageError(f"version {version!r} extends itself", file=str(path))
    own = {key: value for key, value in row.items() if key != "extends"}
    if "extends" not in row:
        inherited: dict[str, Any] = {}
    else:
        inherited = _row(versions, str(row["extends"]), path, (*below, version))
    doubted = {key for key in inherited.get("unverified", ()) if key not in own} | set(own.get("unverified", ()))
    cells = {**inherited, **own, "unverified": sorted(doubted)}
    if strangers := doubted - set(cells):
        raise UsageError(f"version {version!r}: unverified names no cell: {sorted(strangers)}", file=str(path))
    return cells


def _frozen(value: Any) -> Any:
    if isinstance(value, dict):
        return MappingProxyType({key: _frozen(each) for key, each in value.items()})
    return tuple(_frozen(each) for each in value) if isinstance(value, list) else value

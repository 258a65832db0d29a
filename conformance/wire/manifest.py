"""The manifest of a bulk export, as clients save it: when it was made, and which files it says there are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance.strict_json import NotJson, load

NAMES = ("export.json", "manifest.json")


@dataclass(frozen=True)
class Output:
    """One file that the manifest lists: ``name`` is the last step of its URL, ``count`` None where none is told."""

    at: str
    type: str
    name: str
    count: int | None


@dataclass(frozen=True)
class Manifest:
    """What the manifest says; ``problem`` is why it says nothing."""

    made: str = ""
    outputs: tuple[Output, ...] = ()
    problem: str = ""


def read_manifest(path: Path, at: str, longest: int) -> Manifest | None:
    """The manifest in that file; None where the file is a resource that happens to have its name."""
    try:
        with path.open("rb") as opened:
            content = load(opened.read(longest))
    except NotJson as wrong:
        return Manifest(problem=wrong.reason)
    except OSError as wrong:
        return Manifest(problem=f"cannot be read: {wrong.strerror}")
    if isinstance(content, dict) and "resourceType" in content:
        return None
    members = content if isinstance(content, dict) else {}
    made, listed = members.get("transactionTime"), members.get("output")
    problem = "" if isinstance(listed, list) else "is no manifest of a bulk export: it lists no output"
    return Manifest(
        made if isinstance(made, str) else "", tuple(_outputs(listed if isinstance(listed, list) else (), at)), problem
    )


def _outputs(listed: Iterable[Any], at: str) -> Iterable[Output]:
    for place, each in enumerate(listed):
        if isinstance(each, dict):
            kind, count, url = each.get("type"), each.get("count"), each.get("url")
            name = url.partition("?")[0].rstrip("/").rpartition("/")[2] if isinstance(url, str) else ""
            yield Output(
                f"{at} output[{place}]",
                kind if isinstance(kind, str) else "",
                name,
                count if isinstance(count, int) and not isinstance(count, bool) else None,
            )

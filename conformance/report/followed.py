"""What became of pended requests after the run, in the run's own record: lines added, and folded into its verdicts.

A line of kind "followed" is one scenario judged again over one request; of several about the same the last counts, so
what was written twice after a kill is judged once.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO

from conformance.verdict import ScenarioVerdict, from_json, worst

TELLING = ("pass", "advisory", "fail", "error")


def with_followed(verdicts: Sequence[ScenarioVerdict], lines: Iterable[Mapping[str, Any]]) -> list[ScenarioVerdict]:
    """The verdicts of a run, and what its requests came to since; a scenario is as good as the worst that it showed."""
    last = {(line["entry"], line["id"]): line for line in lines if line.get("kind") == "followed"}
    since: dict[str, list[ScenarioVerdict]] = {}
    for (_, scenario), line in last.items():
        since.setdefault(scenario, []).append(from_json(dict(line)))
    return [_together(each, since.pop(each.scenario, [])) for each in verdicts] + [
        _together(first, more) for first, *more in since.values()
    ]


def _together(first: ScenarioVerdict, more: Sequence[ScenarioVerdict]) -> ScenarioVerdict:
    telling = [each for each in (first, *more) if each.verdict in TELLING]
    if not more or not telling:
        return first
    found = worst(each.verdict for each in telling)
    word = next(each for each in telling if each.verdict == found)
    return replace(
        word,
        judged=sum(each.judged for each in telling),
        failed=sum(each.failed for each in telling),
        findings=tuple(finding for each in telling for finding in each.findings),
        advice=tuple(advice for each in telling for advice in each.advice),
        exchanges=tuple(dict.fromkeys(exchange for each in telling for exchange in each.exchanges)),
    )


def rows_since(rows: Sequence[Mapping[str, Any]], lines: Iterable[Mapping[str, Any]], name: str) -> list[Any]:
    """The rows of a table of the footer, with what was seen since in the place of what stood there."""
    last = {line["entry"]: line for line in lines if line.get("kind") == "followed-seen"}
    since = [row for line in last.values() for row in line.get(name, ())]
    place = {"timelines": ("claim", "request"), "decisions": ("claim", "case", "item")}[name]
    known = {tuple(row[key] for key in place) for row in since}
    return [*(row for row in rows if tuple(row[key] for key in place) not in known), *since]


def hold(record: TextIO) -> None:
    """Tells other processes that a run is writing this record, until it is closed or its writer killed."""
    with suppress(OSError):  # a file system without locks
        fcntl.flock(record, fcntl.LOCK_EX | fcntl.LOCK_NB)


def is_held(path: Path) -> bool:
    """Whether a run is still writing a record."""
    try:
        with path.open("rb") as record:
            fcntl.flock(record, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def append_lines(path: Path, lines: Iterable[Mapping[str, Any]]) -> None:
    """Adds lines to a record, in one write; a torn last line, of a writer that was killed, is taken off first."""
    written = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()
    if not written:
        return
    with path.open("r+b") as record:
        record.truncate(_whole_lines(record.read()))
        record.seek(0, os.SEEK_END)
        record.write(written)
        record.flush()
        os.fsync(record.fileno())


def _whole_lines(content: bytes) -> int:
    return content.rfind(b"\n") + 1

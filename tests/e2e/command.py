"""The real command in a process of its own: what it printed, how it ended, what it wrote, how much memory it took."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from results_schema import results_schema

COMMAND = str(Path(sys.executable).with_name("conformance"))
PATIENCE = 240.0  # seconds; a command that takes longer hangs
NEWEST = tuple(
    word
    for guide in ("pas=2.2.1", "usdf=2.1.0", "hrex=1.2.0", "pdex=2.2.0", "bulk=2.0.0", "crd=2.2.1", "dtr=2.2.0")
    for word in ("--guide", guide)
)


@dataclass(frozen=True)
class Ran:
    """A command that ended: ``peak`` is the most memory, in bytes, that it or a process it started took."""

    code: int
    out: str
    err: str
    folder: Path
    peak: int

    @property
    def said(self) -> str:
        return self.out + self.err

    @cached_property
    def results(self) -> dict[str, Any]:
        """results.json, valid against its schema."""
        found = json.loads((self.folder / "results.json").read_text("utf-8"))
        results_schema().validate(found)
        return dict(found)

    def row(self, requirement: str) -> dict[str, Any]:
        """What results.json says of one requirement."""
        return next(row for row in self.results["requirements"] if row["id"] == requirement)

    def verdict(self, requirement: str) -> str:
        return str(self.row(requirement)["verdict"])

    def of(self, *verdicts: str) -> set[str]:
        """The requirements in force with one of these verdicts."""
        rows = self.results["requirements"]
        return {row["id"] for row in rows if row["standing"] == "in-force" and row["verdict"] in verdicts}

    def message(self, requirement: str) -> str:
        """What the scenarios of a requirement said, each on a line of its own."""
        return "\n".join(scenario["message"] for scenario in self.row(requirement)["scenarios"])

    def lines(self, name: str) -> list[dict[str, Any]]:
        """The lines of verdicts.jsonl or exchanges.jsonl."""
        return [json.loads(line) for line in (self.folder / name).read_text("utf-8").split("\n") if line]


def conformance(*words: str, folder: Path, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Ran:
    """Runs ``conformance WORDS`` to its end; nothing it says may be a traceback."""
    with started(*words, folder=folder, env=env, cwd=cwd) as process:
        return ended(process, folder)


@contextmanager
def started(
    *words: str, folder: Path, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """The command while it runs; what it says goes to files beside ``folder``, which is made by the command."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    out, err = _said(folder)
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "CONFORMANCE_", "COV_"))}
    with out.open("wb") as to_out, err.open("wb") as to_err:
        process = subprocess.Popen(
            [COMMAND, *words], stdin=subprocess.DEVNULL, stdout=to_out, stderr=to_err, cwd=cwd or folder.parent,
            env={**kept, "TMPDIR": str(folder.parent), **(env or {})}, start_new_session=True,
        )  # fmt: skip
    try:
        yield process
    finally:
        if process.returncode is None and process.poll() is None:
            process.kill()
            process.wait()


def ended(process: subprocess.Popen[bytes], folder: Path) -> Ran:
    """Waits for the end of a command that was started with this folder."""
    hanging = threading.Timer(PATIENCE, process.send_signal, [signal.SIGKILL])
    hanging.start()
    try:
        _, status, used = os.wait4(process.pid, 0)
    finally:
        hanging.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    out, err = (path.read_text("utf-8", "replace") for path in _said(folder))
    assert "Traceback (most recent call last)" not in out + err, out + err
    kilobyte = 1 if sys.platform == "darwin" else 1024
    return Ran(process.returncode, out, err, folder, used.ru_maxrss * kilobyte)


def _said(folder: Path) -> tuple[Path, Path]:
    return folder.with_name(f"{folder.name}.stdout"), folder.with_name(f"{folder.name}.stderr")


def examine(target: Path | str, folder: Path, *options: str, env: Mapping[str, str] | None = None) -> Ran:
    """``conformance run TARGET``, its record in ``folder``."""
    return conformance("run", str(target), "--out", str(folder), *options, folder=folder, env=env)


def children(pid: int) -> list[int]:
    """The processes that a process started and that still run."""
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    pairs = (line.split() for line in listed.splitlines())
    return [int(child) for child, parent in pairs if int(parent) == pid]


def changed(target: Path, folder: Path, *changes: tuple[str, str], more: str = "") -> Path:
    """A target file like ``target`` with texts replaced, each of which must be there, and ``more`` at its end."""
    text = target.read_text("utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    text = f"{text}\n{more}\n"
    tomllib.loads(text)
    copy = folder / "target.toml"
    copy.write_text(text, "utf-8")
    return copy


def session(folder: Path, *words: str, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """A pytest session of somebody's own in ``folder``, plugins by entry point as they are installed."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST_", "CONFORMANCE_", "COV_"))}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *words], cwd=folder, env={**kept, **(env or {})},
        capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip

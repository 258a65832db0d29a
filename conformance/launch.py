"""Starts one clean pytest for a run, follows its record for the progress line, and folds it into the report."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conformance import clock, paths
from conformance.errors import UsageError
from conformance.interrupts import handling, held_back

EXIT_USAGE = 2
COLLECTING = re.compile(r"_+ ERROR collecting (\S+) _+")  # pytest's words, before what is wrong with a file ("E   …")
RECORD = (
    "verdicts.jsonl", "exchanges.jsonl", "results.json", "report.html", "junit.xml",
    "findings.csv", "sample.csv", "sign-off.html",
)  # fmt: skip


@dataclass(frozen=True)
class Job:
    """One run to start: the target as the user named it, the options, where the record goes."""

    target: str
    out: Path
    options: Mapping[str, Any] = field(default_factory=dict)
    allure: bool = True
    clock_offset: float | None = None
    ledger: Path | None = None


@dataclass(frozen=True)
class Done:
    """A run that is over: its results, its exit code; ``trouble`` is what pytest said where there are none."""

    results: dict[str, Any] | None
    exit_code: int
    trouble: str = ""


def launch(job: Job, progress: Callable[[dict[str, Any]], None] = lambda _line: None) -> Done:
    """Runs the scenarios in a pytest of their own; ``progress`` is called with every line of the record as it comes."""
    prepare(job.out)
    with tempfile.TemporaryDirectory(prefix="conformance-") as scratch:
        options = Path(scratch) / "options.json"
        options.write_text(json.dumps({**job.options, "shown": shown_options(job.options), **_noted(job)}), "utf-8")
        said = Path(scratch) / "pytest.txt"
        words = command(job, options)
        with said.open("wb") as output:

            def start() -> subprocess.Popen[bytes]:
                # A group of its own: Ctrl-C in a terminal reaches the launcher alone, which passes it on once.
                return subprocess.Popen(  # noqa: S603
                    words, env=environment(job), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                    process_group=0,
                )  # fmt: skip

            status, interrupted = _watched(start, job.out / "verdicts.jsonl", progress)
        trouble = "ERROR: interrupted before anything was sent" if interrupted else said.read_text("utf-8", "replace")
    # 2 without an interrupt: scenarios that cannot be read, which only the tester's own can be.
    wrong = status == 4 or (status == 2 and not interrupted)
    if wrong or not _has_header(job.out / "verdicts.jsonl"):
        return Done(None, EXIT_USAGE if wrong else 3, trouble)
    results = _fold(job)
    return Done(results, results["exit_code"], trouble)


def _noted(job: Job) -> dict[str, str]:
    """Where a run notes what is still pended, and under which name of the target."""
    if job.ledger is None:
        return {}
    return {"ledger": str(job.ledger), "named": str(Path(job.target).resolve())}


def pytest_trouble(said: str) -> str:
    """Why pytest could not start: the usage error in our words, else the end of what it said."""
    lines = said.splitlines()
    if usage := [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]:
        return usage[0]
    unreadable = [
        f"{found[1]}:" if (found := COLLECTING.fullmatch(line)) else line.removeprefix("E")
        for line in lines
        if COLLECTING.fullmatch(line) or line.startswith("E   ")
    ]
    if unreadable:
        return "\n".join(["these scenarios cannot be read", *unreadable])
    return "the run could not start\n" + said[-4000:]


def prepare(out: Path) -> None:
    """Makes the folder of the record and clears an older record of ours from it; other files stay."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as wrong:
        raise UsageError(f"--out {out}: {wrong.strerror}") from wrong
    for name in RECORD:
        (out / name).unlink(missing_ok=True)
    for name in ("allure-results", "allure-report"):
        _clear(out / name)


def _clear(folder: Path) -> None:
    import shutil

    if folder.is_dir() and not folder.is_symlink():
        shutil.rmtree(folder)


def command(job: Job, options: Path) -> list[str]:
    """The pytest command: our configuration and root, only our plugins."""
    suites = paths.suites()
    words = [
        sys.executable, "-m", "pytest", "--config-file", str(suites / "pytest.toml"), "--rootdir", str(suites),
        "-p", "conformance.plugin", "-q", "--no-header", "--tb=short", "--color=no",
        # All it says goes to one file, and it ends at once: nothing to capture or to collect.
        "--capture=no", "-p", "no:unraisableexception",
        "--conformance-target", job.target, "--conformance-options", str(options), "--conformance-out", str(job.out),
    ]  # fmt: skip
    if job.allure:
        words += ["-p", "allure_pytest", "--alluredir", str(job.out / "allure-results")]
    return [*words, *map(str, _folders(job))]


def _folders(job: Job) -> list[Path]:
    """The suites to collect: only those asked for, and the tester's own scenarios."""
    chosen = job.options.get("suite") or ()
    ours = paths.live_suites()
    extra = [Path(each).resolve() for each in job.options.get("scenarios", ())]
    known = {folder.name for folder in ours} | {folder.name for each in extra for folder in [each, *each.iterdir()]}
    for name in chosen:
        if name not in known:
            raise UsageError(f"--suite {name}: no such suite; there are {', '.join(f.name for f in ours)}")
    return [folder for folder in ours if not chosen or folder.name in chosen] + extra


def environment(job: Job) -> dict[str, str]:
    """The environment less what would steer a stranger's pytest; with the clock's offset where one is set."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTEST_")}
    kept["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    kept["PYTHONUTF8"] = "1"
    kept["ALLURE_NO_ANALYTICS"] = "1"
    if job.clock_offset is not None:
        kept[clock.OFFSET] = str(job.clock_offset)
    return kept


def shown_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options as results.json shows them."""
    return {key: value for key, value in options.items() if value not in (None, "", [], (), False)}


def _watched(
    start: Callable[[], subprocess.Popen[bytes]], record: Path, progress: Callable[[dict[str, Any]], None]
) -> tuple[int, bool]:
    """Starts pytest and waits for its end, passing the record's lines on: its status, and whether it was interrupted.

    An interrupt, or what else ends a process politely (as CI services do), is passed on once; a second one kills.
    """
    started: list[subprocess.Popen[bytes]] = []
    stops: list[int] = []
    passed: list[int] = []

    def stop(number: int, _frame: object) -> None:
        stops.append(number)
        pass_on()

    def pass_on() -> None:
        for process in started:
            while len(passed) < len(stops):
                passed.append(signal.SIGKILL if passed else signal.SIGINT)
                process.send_signal(passed[-1])

    with handling(stop):
        with held_back():
            process = start()
            started.append(process)
        pass_on()  # what another thread was told meanwhile: the model payer's, in ``conformance demo``
        over = threading.Event()
        reader = threading.Thread(target=_read_along, args=(record, progress, over), daemon=True)
        reader.start()
        status = process.wait()
        over.set()
        reader.join()
    return status, bool(stops)


def _read_along(record: Path, progress: Callable[[dict[str, Any]], None], over: threading.Event) -> None:
    from conformance.report.record import ready

    ready()  # while pytest starts: the pages are written as soon as it ends
    position, torn = 0, b""
    while True:
        last = over.is_set()
        if record.exists():
            with record.open("rb") as lines:  # bytes: a line may be seen half written, in the middle of a character
                lines.seek(position)
                read = lines.read()
            position += len(read)
            *whole, torn = (torn + read).split(b"\n")
            for line in whole:
                progress(json.loads(line))
        if last:
            return
        over.wait(0.1)


def _has_header(record: Path) -> bool:
    return record.exists() and b"\n" in record.read_bytes()


def _fold(job: Job) -> dict[str, Any]:
    from conformance.report.record import write_reports

    return write_reports(job.out, baseline=baseline_of(job.options.get("baseline")))


def baseline_of(path: str | None) -> dict[str, Any] | None:
    """The results of an earlier run to compare with; UsageError where the file is none."""
    if not path:
        return None
    try:
        results: dict[str, Any] = json.loads(Path(path).read_text("utf-8"))
        if not isinstance(results.get("requirements"), list):
            raise ValueError("it holds no requirements")
    except (OSError, ValueError, AttributeError) as wrong:
        raise UsageError(f"--baseline {path}: not the results.json of a run: {wrong}") from wrong
    return results

"""A run that is cut short, at whatever moment, leaves a record that can be folded and a word that says so."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from command import Ran, children, conformance, ended, started

from conformance.sandbox.serve import Running

SUITE = ("--suite", "formulary", "--guide", "usdf=2.1.0")  # a dozen requests, one after the other
STOPPED = "the run stopped before this scenario"


class Acting:
    """Stands before an application and acts once, at the first request whose number is right, before it is answered."""

    def __init__(self, inner: Any, when: Callable[[int], bool], act: Callable[[], None]) -> None:
        self._inner, self._when, self._act = inner, when, act
        self.asked = 0
        self.acted = False

    async def __call__(
        self, scope: MutableMapping[str, Any], receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Any]
    ) -> None:
        self.asked += 1
        if not self.acted and self._when(self.asked):
            self.acted = True
            self._act()
            await asyncio.sleep(0.5)  # the request is under way when it happens
        await self._inner(scope, receive, send)


@contextmanager
def running(
    payer: Running,
    folder: Path,
    when: int | Callable[[int], bool],
    act: Callable[[subprocess.Popen[bytes]], None],
) -> Iterator[subprocess.Popen[bytes]]:
    """A run that ``act`` is done to when it sends its n-th request, or the first for which ``when`` holds."""
    right = when if callable(when) else when.__eq__
    with started("run", str(payer.target_file), "--out", str(folder), *SUITE, folder=folder) as process:
        payer.mount(Acting(payer.stage.current, right, lambda: act(process)))
        yield process


def examined(process: subprocess.Popen[bytes]) -> int:
    """The pytest process of a run."""
    (pid,) = children(process.pid)
    return pid


def kill_pytest(process: subprocess.Popen[bytes]) -> None:
    os.kill(examined(process), signal.SIGKILL)


def kill_launcher(process: subprocess.Popen[bytes]) -> None:
    """Ends both, the launcher first, as a CI service does with what goes on for too long."""
    pytest_process = examined(process)
    process.kill()
    os.kill(pytest_process, signal.SIGKILL)


def kill_the_launcher_alone(process: subprocess.Popen[bytes]) -> None:
    process.kill()


def interrupt_launcher(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGINT)


def interrupt_all(process: subprocess.Popen[bytes]) -> None:
    """What Ctrl-C does in a terminal: everything in the foreground hears it."""
    os.killpg(process.pid, signal.SIGINT)


def terminate(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)


def kinds(record: Path) -> list[str]:
    """What the lines of a record are while it is written: "header", the verdicts, "footer"."""
    lines = [json.loads(line) for line in record.read_text("utf-8").split("\n")[:-1]]
    return [line.get("verdict", line["kind"]) for line in lines]


def said_before_the_end(ran: Ran) -> None:
    """What holds of every record that was cut short."""
    planned = {each for row in ran.results["requirements"] for each in (s["id"] for s in row["scenarios"])}
    verdicts = [line for line in ran.lines("verdicts.jsonl") if line["kind"] == "verdict"]
    assert ran.results["complete"] is False
    assert ran.results["verdicts"]["law"] == "inconclusive"
    unsaid = planned - {line["id"] for line in verdicts}
    assert unsaid
    for row in ran.results["requirements"]:
        for scenario in row["scenarios"]:
            if scenario["id"] in unsaid:
                assert (scenario["verdict"], scenario["message"]) == ("not-tested", STOPPED)
    assert (ran.folder / "report.html").stat().st_size > 10_000


@pytest.mark.parametrize("number", [1, 8])
class TestAfterAKill:
    def test_of_pytest_the_launcher_folds_what_is_there(self, payer: Running, tmp_path: Path, number: int) -> None:
        with running(payer, tmp_path / "out", number, kill_pytest) as process:
            ran = ended(process, tmp_path / "out")

        assert ran.code == 3
        assert "cut short" in ran.out
        said_before_the_end(ran)

    def test_of_the_launcher_the_report_folds_what_is_there(self, payer: Running, tmp_path: Path, number: int) -> None:
        with running(payer, tmp_path / "out", number, kill_launcher) as process:
            killed = ended(process, tmp_path / "out")

        assert killed.code == -signal.SIGKILL
        assert not (tmp_path / "out" / "results.json").exists()
        ran = conformance("report", str(tmp_path / "out"), folder=tmp_path / "out")
        assert ran.code == 3
        assert str(tmp_path / "out" / "report.html") in ran.out
        said_before_the_end(ran)


def test_a_run_whose_launcher_is_gone_ends_too(payer: Running, tmp_path: Path) -> None:
    record = tmp_path / "out" / "verdicts.jsonl"
    with running(payer, tmp_path / "out", 3, kill_the_launcher_alone) as process:
        process.wait()
        end = time.monotonic() + 30
        while "footer" not in (said := kinds(record)) and time.monotonic() < end:
            time.sleep(0.1)

    assert said[-1] == "footer"
    assert json.loads(record.read_text("utf-8").splitlines()[-1])["interrupted"] is True
    planned = [
        each for row in json.loads(record.read_text("utf-8").splitlines()[0])["requirements"] for each in row["planned"]
    ]
    assert len(said) - 2 < len(planned)


class TestAnInterrupt:
    @pytest.mark.parametrize(("act", "number"), [(interrupt_launcher, 2), (interrupt_all, 12), (terminate, 7)])
    def test_ends_the_run_with_what_is_known(
        self, payer: Running, tmp_path: Path, act: Callable[[subprocess.Popen[bytes]], None], number: int
    ) -> None:
        with running(payer, tmp_path / "out", number, act) as process:
            ran = ended(process, tmp_path / "out")

        assert ran.code == 3
        footer = ran.lines("verdicts.jsonl")[-1]
        assert (footer["kind"], footer["interrupted"]) == ("footer", True)
        assert "cut short" in ran.out
        said_before_the_end(ran)

    @pytest.mark.parametrize("later", [0.0, 0.6])
    def test_before_anything_is_sent_says_so(self, payer: Running, tmp_path: Path, later: float) -> None:
        out = tmp_path / "out"
        with started("run", str(payer.target_file), "--out", str(out), *SUITE, folder=out) as process:
            while not children(process.pid):
                time.sleep(0.05)
            time.sleep(later)
            process.send_signal(signal.SIGINT)
            ran = ended(process, out)

        assert ran.code == 3
        assert "interrupted" in ran.err or ran.results["complete"] is False

    def test_of_a_run_that_failed_already_ends_with_1(self, payer: Running, tmp_path: Path) -> None:
        payer.become(("hides_a_declared_prior_authorization",))
        record = tmp_path / "out" / "verdicts.jsonl"
        with running(payer, tmp_path / "out", lambda _: "fail" in kinds(record), interrupt_launcher) as process:
            ran = ended(process, tmp_path / "out")

        assert ran.results["complete"] is False
        assert ran.of("fail") == {"formulary.prior-authorization-flag"}
        assert ran.code == 1


class TestARecord:
    @pytest.fixture(scope="class")
    @classmethod
    def whole(cls, served: Running, tmp_path_factory: pytest.TempPathFactory) -> tuple[Ran, list[list[str]]]:
        """A whole run, and what its record held at each request."""
        served.become()
        seen: list[list[str]] = []
        folder = tmp_path_factory.mktemp("whole") / "out"

        def look(_number: int) -> bool:
            seen.append(kinds(folder / "verdicts.jsonl"))
            return False

        with running(served, folder, look, interrupt_launcher) as process:
            return ended(process, folder), seen

    def test_is_written_as_it_goes(self, whole: tuple[Ran, list[list[str]]]) -> None:
        ran, seen = whole

        assert ran.code == 0
        assert all(each[0] == "header" for each in seen)
        assert len({len(each) for each in seen}) > 3
        assert "\r" not in ran.out

    @pytest.fixture
    def cut(self, whole: tuple[Ran, list[list[str]]], tmp_path: Path) -> Path:
        """The record of a whole run, less its last lines, its end torn off."""
        shutil.copytree(whole[0].folder, tmp_path / "out")
        for name in ("results.json", "report.html", "junit.xml"):
            (tmp_path / "out" / name).unlink()
        for name in ("verdicts.jsonl", "exchanges.jsonl"):
            path = tmp_path / "out" / name
            lines = path.read_bytes().split(b"\n")
            path.write_bytes(b"\n".join([*lines[:6], lines[6][: len(lines[6]) // 2]]))
        return tmp_path / "out"

    def test_loses_only_the_line_that_is_torn(self, cut: Path) -> None:
        ran = conformance("report", str(cut), folder=cut)

        said_before_the_end_of = {scenario["id"] for row in ran.results["requirements"] for scenario in row["scenarios"]
                                  if scenario["message"] != STOPPED}  # fmt: skip
        assert len(said_before_the_end_of) == 5
        assert ran.code == 3

    def test_without_a_header_is_a_usage_error(self, cut: Path) -> None:
        (cut / "verdicts.jsonl").write_bytes((cut / "verdicts.jsonl").read_bytes()[:200])

        ran = conformance("report", str(cut), folder=cut)

        assert ran.code == 2
        assert str(cut) in ran.err

    def test_with_bytes_that_are_none_of_ours_is_a_usage_error(self, cut: Path) -> None:
        record = cut / "verdicts.jsonl"
        lines = record.read_bytes().split(b"\n")
        record.write_bytes(b"\n".join([*lines[:3], b"\xff\xfe nonsense", *lines[3:]]))

        ran = conformance("report", str(cut), folder=cut)

        assert ran.code == 2
        assert f"{record}:4: " in ran.err

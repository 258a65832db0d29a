"""What the harness costs beside the bare work, as ratios of one run on one machine.

    make bench            or        python tests/bench/bench.py [--rounds N]

Only ratios carry from one machine to another; run it where nothing else runs. It decides nothing: the exit code is 0
unless something could not be run.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from statistics import median

from memory import watched
from payer import Payer, served
from replay import kept_alive, replayed

CONFORMANCE = str(Path(sys.executable).with_name("conformance"))
DELAY = 0.025  # seconds that the payer takes for each answer in the comparison with the bare replay
GETS = 400
RUNS: dict[str, tuple[str, ...]] = {
    "the whole run": (),
    "the run of prior_auth, one version": ("--suite", "prior_auth", "--guide", "pas=2.2.1"),
}
Row = tuple[str, str, str]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=3, help="runs and replays, in turn (medians are shown)")
    rounds = options.parse_args().rounds
    with tempfile.TemporaryDirectory(prefix="conformance-bench-") as folder:
        place = Path(folder)
        runs = (run_and_replay(place / str(number), rounds, *each) for number, each in enumerate(RUNS.items()))
        for part in (starting(rounds * 3), *runs, bare(place), demo(place)):
            for what, figure, beside in part:
                print(f"{what:<58} {figure:>12}   {beside}", flush=True)


def starting(times: int) -> Iterator[Row]:
    """`conformance --help` beside a Python that imports click."""
    helped, imported = [], []
    for _ in range(times):
        imported.append(_timed([sys.executable, "-c", "import click"]))
        helped.append(_timed([CONFORMANCE, "--help"]))
    yield "import click in a fresh Python", _ms(median(imported)), f"median of {times}, in turn"
    yield "conformance --help", _ms(median(helped)), f"{median(helped) / median(imported):.2f} times that"


def run_and_replay(folder: Path, rounds: int, name: str, selected: tuple[str, ...]) -> Iterator[Row]:
    """A run beside the bare replay of its exchanges, at a payer that takes 25 ms for each answer."""
    runs, replays, own, parts = [], [], [], []
    with served(folder / "slow", DELAY) as payer:
        for number in range(rounds):
            out = folder / f"run-{number}"
            began = time.time()
            words = [CONFORMANCE, "run", str(payer.target_file), "--intrusive", *selected, "--out", str(out)]
            runs.append(_timed(words))
            requests = payer.taken()
            lines = [json.loads(line) for line in (out / "exchanges.jsonl").read_text().splitlines()]
            replays.append(replayed(requests, payer.base_url, payer.ca_file))
            payer.taken()  # fresh again
            own.append((runs[-1] - _waited(lines)) / len(lines))
            parts.append(_parts(lines, began, runs[-1]))
    same = f"{replays[-1].same} of {replays[-1].exchanges} answered with the same status"
    bare_seconds = median(each.seconds for each in replays)
    before, after = (median(each) for each in zip(*parts, strict=True))
    yield f"bare replay of {replays[-1].exchanges} exchanges, +{DELAY * 1000:.0f} ms each", _s(bare_seconds), same
    yield f"{name} they came from", _s(median(runs)), f"{median(runs) / bare_seconds:.2f} times that"
    yield (
        f"  the harness's own time, of {len(lines)} exchanges each",
        _ms(median(own)),
        "wall, less the time in which any answer was waited for",
    )
    yield "  of the run, before the first exchange", _s(before), "start, target, plan, collection"
    yield "  of the run, after the last exchange", _s(after), "last judgements, results, pages (no Allure pages)"


def _spans(lines: list[dict[str, object]]) -> list[tuple[float, float]]:
    """When each exchange began and ended, in order of their beginning."""
    began = [(datetime.fromisoformat(str(line["started"])).timestamp(), float(str(line["seconds"]))) for line in lines]
    return sorted((start, start + seconds) for start, seconds in began)


def _waited(lines: list[dict[str, object]]) -> float:
    """Seconds in which at least one exchange was under way."""
    total, until = 0.0, 0.0
    for start, end in _spans(lines):
        total += max(0.0, end - max(start, until))
        until = max(until, end)
    return total


def _parts(lines: list[dict[str, object]], began: float, wall: float) -> tuple[float, float]:
    """Seconds from the start to the first request, and from the last answer to the end."""
    spans = _spans(lines)
    return spans[0][0] - began, began + wall - max(end for _, end in spans)


def bare(folder: Path) -> Iterator[Row]:
    """One GET over an open connection: what the model payer itself takes."""
    with served(folder / "quick", 0.0) as payer:
        seconds = kept_alive(f"{_a_base(payer)}/metadata", payer.ca_file, GETS)
    yield "a kept-alive GET of /metadata from the model payer", _ms(seconds), f"median of {GETS}, TLS"


def _a_base(payer: Payer) -> str:
    return payer.bases.get("pas=2.2.1") or next(iter(payer.bases.values()))


def demo(folder: Path) -> Iterator[Row]:
    """A whole demonstration: launcher with the model payer in it, and pytest."""
    from conformance.report import allure_pages

    out = folder / "demo"
    seconds, peak, processes = watched([CONFORMANCE, "demo", "--out", str(out)], _without_allure(), folder)
    yield "conformance demo, whole", _s(seconds), "without Allure pages"
    if peak:
        beside = f"{processes} processes: launcher with model payer, pytest"
        yield "  its peak memory, all together", f"{peak / 1024**2:.0f} MB", beside
    os.environ.pop(allure_pages.NAMED_BY, None)
    if allure_pages.find():
        began = time.perf_counter()
        page = allure_pages.build(out, required=True)
        size = f"{page.stat().st_size / 1024**2:.0f} MB" if page else ""
        yield "Allure pages of that demo", _s(time.perf_counter() - began), size
    else:
        yield "Allure pages of that demo", "-", "the pinned Allure is not here: make allure"


def _timed(words: list[str]) -> float:
    """Wall seconds of a command; an exit code that says it could not run ends the benchmark."""
    began = time.perf_counter()
    done = subprocess.run(words, env=_without_allure(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    seconds = time.perf_counter() - began
    if done.returncode not in (0, 1, 3):
        sys.exit(f"{' '.join(words)} ended with {done.returncode}:\n{done.stderr.decode(errors='replace')}")
    return seconds


def _without_allure() -> dict[str, str]:
    return {**os.environ, "CONFORMANCE_ALLURE": "no-pages"}


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


def _s(seconds: float) -> str:
    return f"{seconds:.2f} s"


if __name__ == "__main__":
    main()

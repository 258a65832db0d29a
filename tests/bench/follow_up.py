"""A thousand pended requests followed in one round: how long, and how much memory more than for a hundred.

python tests/bench/follow_up.py [NUMBER]
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from conformance import clock
from conformance.flows.prior_auth import PriorAuth
from conformance.flows.recording import Options, Recording
from conformance.follow_up.ledger import Entry, Ledger
from conformance.follow_up.round import Round
from conformance.follow_up.submissions import SUBMISSION
from conformance.opening import catalogue_of, guides, open_target, scenario_folders
from conformance.run import Run, Selection
from conformance.target import Claim, Target
from conformance.wire.payer import Wire

LIMIT_SECONDS = 60
MORE_MEGABYTES = 20


def pended(target: Target, claim: Claim, wire: Wire, number: int) -> Iterator[Entry]:
    """So many requests submitted and pended, each as a run of its own would note it."""
    for each in range(number):
        recording = Recording(target, wire, guides(), f"pc-{each:06d}", Options())
        found = PriorAuth(recording, claim).submission("pended")
        assert found.sent
        assert found.answered
        yield Entry(
            "target", recording.run_id, "none", SUBMISSION, claim.api, claim.ig, claim.version, "pended", (),
            found.sent, found.answered, found.sent, clock.now(), clock.now(),
        )  # fmt: skip


def main() -> None:
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with tempfile.TemporaryDirectory() as folder, payer(Path(folder)) as file:
        tables = guides()
        target = open_target(file, {}, tables, today=clock.now().date())
        target = replace(target, cases={"prior-auth": {"pended": target.cases["prior-auth"]["pended"]}}, known={})
        claim = next(each for each in target.claim_list() if each.label == "pas=2.2.1")
        run = Run(catalogue_of(scenario_folders()), tables, Selection(), Options(), target)
        used = []
        for share in (number // 10, number):
            ledger = Ledger(Path(folder) / f"{share}.sqlite3")
            with Wire(target, journal=lambda _exchange: None) as wire:
                ledger.add(pended(target, claim, wire, share))
            begun = time.perf_counter()
            told = Round(run, ledger, "target").poll(timedelta(0))
            seconds = time.perf_counter() - begun
            assert (told.asked, told.troubles) == (share, {}), told.troubles
            used.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
            print(f"{share:>6} followed in {seconds:6.1f} s; {used[-1]:6.0f} MB at most")
        print(f"{used[1] - used[0]:.0f} MB more for ten times as many")
        assert seconds < LIMIT_SECONDS
        assert used[1] - used[0] < MORE_MEGABYTES


@contextmanager
def payer(folder: Path) -> Iterator[str]:
    """The model payer in a process of its own: its target file."""
    words = [sys.executable, "-m", "conformance.cli", "sandbox", "--json", "--directory", str(folder)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield json.loads(process.stdout.readline())["target"]
        process.terminate()


if __name__ == "__main__":
    main()

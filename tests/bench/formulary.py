"""What a formulary handed over as files costs: a whole run over a folder, and an issuer's drugs.json.

    python tests/bench/formulary.py [ITEMS …]

Seconds are of the processor, so that they carry over to a machine where nothing else runs; memory is the largest
resident size of any process of the run.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from generated import write_drug_files, write_folder

CONFORMANCE = str(Path(sys.executable).with_name("conformance"))
SIZES = (50_000, 100_000, 200_000)


def main() -> None:
    sizes = [int(each) for each in sys.argv[1:]] or SIZES
    with tempfile.TemporaryDirectory(prefix="conformance-bench-") as folder:
        nothing, _, _ = _folder(Path(folder), 20)
        print(f"{'items':>12} {'processor':>10} {'items/s':>9} {'wall':>8} {'memory':>8}   (start: {nothing:.1f} s)")
        for items in sizes:
            seconds, wall, memory = _folder(Path(folder), items)
            own = seconds - nothing
            print(f"{items:>12,} {own:>8.2f} s {items / own:>9,.0f} {wall:>6.2f} s {memory:>5.0f} MB", flush=True)
        for megabytes in () if sys.argv[1:] else (30, 300):
            write_drug_files(Path(folder) / "files", megabytes)
            seconds, wall, memory = _run(Path(folder) / "files", Path(folder))
            own, name = seconds - nothing, f"{megabytes} MB"
            print(f"{name:>12} {own:>8.2f} s {megabytes / own:>4.0f} MB/s {wall:>6.2f} s {memory:>5.0f} MB", flush=True)


def _folder(folder: Path, items: int) -> tuple[float, float, float]:
    write_folder(folder / str(items), items)
    return _run(folder / str(items), folder)


def _run(data: Path, folder: Path) -> tuple[float, float, float]:
    """Seconds of the processor, wall seconds and megabytes of a run over a folder."""
    words = [CONFORMANCE, "run", str(data), "--payer-type", "qhp-ffe", "--out", str(folder / "out")]
    environment = {**os.environ, "CONFORMANCE_ALLURE": "no-pages"}
    began = time.perf_counter()
    process = subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    _, status, used = os.wait4(process.pid, 0)
    wall = time.perf_counter() - began
    if os.waitstatus_to_exitcode(status) not in (0, 1, 3):
        sys.exit(f"{' '.join(words)} could not be run")
    return used.ru_utime + used.ru_stime, wall, used.ru_maxrss / 1024


if __name__ == "__main__":
    main()

"""How much memory a process and all that it started hold together, looked at every so often."""

from __future__ import annotations

import subprocess
import threading
import time
from pathlib import Path

EVERY = 0.05  # seconds between two looks
PROC = Path("/proc")
JUDGED = (0, 1, 3)  # exit codes of a command that went through


def watched(words: list[str], env: dict[str, str], cwd: Path) -> tuple[float, int, int]:
    """Runs a command: its wall seconds, the peak of its processes together in bytes, and how many they were then.

    Counted are proportional set sizes, where what processes share counts once; (…, 0, 0) where there is no /proc.
    """
    began = time.perf_counter()
    process = subprocess.Popen(words, env=env, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    over = threading.Event()
    most = (0, 0)

    def look() -> None:
        nonlocal most
        while not over.is_set():
            sizes = [size for size in map(_size, _family(process.pid)) if size]
            most = max(most, (sum(sizes), len(sizes)))
            over.wait(EVERY)

    watcher = threading.Thread(target=look)
    if PROC.joinpath("self", "smaps_rollup").exists():
        watcher.start()
    process.wait()
    seconds = time.perf_counter() - began
    over.set()
    if watcher.ident is not None:
        watcher.join()
    if process.returncode not in JUDGED:
        raise RuntimeError(f"{' '.join(words)} ended with {process.returncode}")
    return seconds, *most


def _family(first: int) -> list[int]:
    """The process and its descendants."""
    found = [first]
    for each in found:
        for task in PROC.glob(f"{each}/task/*/children"):
            try:
                found += [int(child) for child in task.read_text().split()]
            except OSError:
                continue  # it has ended
    return found


def _size(process: int) -> int:
    try:
        lines = (PROC / str(process) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0  # it has ended
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:")), 0)

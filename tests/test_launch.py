"""The launcher while its pytest starts: nobody who asks it to end is overheard."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

# Another thread of the launcher (the model payer's server, in ``conformance demo``) is handed the signal by the system
# while the main thread holds it back; in a process of its own, since it is the whole process that is interrupted.
TOLD_WHILE_STARTING = """
import os, signal, subprocess, sys, threading, time
from pathlib import Path
from conformance.launch import _watched

WAITS = "import signal, time; signal.pthread_sigmask(signal.SIG_UNBLOCK, signal.valid_signals()); time.sleep(30)"
idle = threading.Event()
threading.Thread(target=idle.wait, daemon=True).start()

def start():
    for _ in range(TIMES):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.1)
    return subprocess.Popen([sys.executable, "-c", WAITS], stderr=subprocess.DEVNULL)

status, interrupted = _watched(start, Path("none"), lambda line: None)
print(status, interrupted)
"""


def told(times: int, cwd: Path) -> str:
    script = TOLD_WHILE_STARTING.replace("TIMES", str(times))
    done = subprocess.run([sys.executable, "-c", script], cwd=cwd, capture_output=True, text=True, timeout=25)
    assert not done.stderr
    return done.stdout.strip()


def test_an_interrupt_while_pytest_starts_is_passed_on(tmp_path: Path) -> None:
    assert told(1, tmp_path) == "-2 True"


def test_a_second_one_kills(tmp_path: Path) -> None:
    assert told(2, tmp_path) == "-9 True"

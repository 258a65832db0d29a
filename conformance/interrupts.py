"""Being asked to end: what a person (Ctrl-C) or a CI service says to the launcher, and how the scenarios hear of it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def handling(stop: Callable[[int, Any], None]) -> Iterator[None]:
    """Inside, the signals that ask a process to end call ``stop``; only the main thread may say so."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {each: signal.signal(each, stop) for each in SIGNALS}
    try:
        yield
    finally:
        for each, was in before.items():
            signal.signal(each, was)


@contextmanager
def held_back() -> Iterator[None]:
    """Inside, these signals wait; for a process that is started here they wait until it calls ``heard``.

    One that comes while Python starts and imports may end in a weakref's callback, where exceptions are only printed.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def heard() -> None:
    """From now on this process hears what was held back when it was started, and what comes."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)

"""Work in lanes: each lane does its pieces one after another, all lanes at the same time, in threads of their own.

A run has a lane or two for each base URL (plugin.py): while the answer of one is waited for, another's is judged.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")


class Lanes(Generic[T]):
    """The pieces of work by their keys, and what became of them."""

    def __init__(self) -> None:
        self._results: dict[Hashable, Future[T]] = {}
        self._stopped = threading.Event()

    def __contains__(self, key: Hashable) -> bool:
        return key in self._results

    def start(self, pieces: Iterable[tuple[str, Hashable, Callable[[], T]]]) -> None:
        """Begins all pieces (lane, key, what to do); those of one lane are done in the order given."""
        lanes: dict[str, list[tuple[Future[T], Callable[[], T]]]] = {}
        for lane, key, do in pieces:
            result = self._results[key] = Future()
            lanes.setdefault(lane, []).append((result, do))
        for name, work in lanes.items():
            # Daemons: a run that is interrupted does not wait for an answer that may take a minute.
            threading.Thread(target=self._work, args=(work,), name=f"lane {name}", daemon=True).start()

    def result(self, key: Hashable) -> T:
        """What a piece came to, waiting for it if need be; raises what it raised."""
        return self._results[key].result()

    def stop(self) -> None:
        """No lane begins another piece."""
        self._stopped.set()

    def _work(self, work: Iterable[tuple[Future[T], Callable[[], T]]]) -> None:
        for result, do in work:
            if self._stopped.is_set():
                return
            try:
                result.set_result(do())
            except BaseException as raised:  # an exit that a scenario asks for is its own, not the lane's
                result.set_exception(raised)

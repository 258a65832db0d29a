"""Runs that tests start note nothing in the ledger of whoever runs the tests; the longest tests come first."""

from __future__ import annotations

import gc
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

from conformance.follow_up.ledger import PLACE

os.environ[PLACE] = str(Path(tempfile.mkdtemp(prefix="conformance-tests-")) / "ledger.sqlite3")

# The same examples each time, so that a commit is red for what it changed; `make explore` looks for new ones.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.register_profile("explore", max_examples=2_000, deadline=None, print_blob=True)
settings.load_profile("steady")

FIRST = ("test_prove.py", "e2e", "audit")  # the longest: begun last, one of them would leave the other cores idle


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long modules first (with --no-loadscope-reorder), so that all cores have work until the end."""

    def place(item: pytest.Item) -> int:
        return next((at for at, name in enumerate(FIRST) if name in item.path.parts), len(FIRST))

    items.sort(key=place)


def pytest_collection_finish() -> None:
    """What was collected stays to the end: the collector of garbage need not look at it again and again."""
    gc.freeze()

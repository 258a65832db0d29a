"""Puts the tests' own shared modules within reach, also where this folder alone is run, and serves the model payer."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "wire")]

from conformance.sandbox.serve import Running, serve  # noqa: E402


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One model payer over plain http for all tests of a module; ``payer`` makes it a fresh one for each of them."""
    with serve(directory=tmp_path_factory.mktemp("payer"), tls=False) as running:
        yield running


@pytest.fixture
def payer(served: Running) -> Running:
    """The model payer, clean and knowing nothing of what was told to it before."""
    served.become()
    return served

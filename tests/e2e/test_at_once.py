"""Two requests at once, or one after the other: a payer is told the same, and nothing is asked oftener than allowed."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from command import Ran, examine

from conformance.sandbox.serve import serve

SUITE = ("--suite", "prior_auth", "--guide", "pas=2.2.1", "--intrusive")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Ran]:
    """The suite at a fresh model payer by ``at_once``."""
    found = {}
    for most in (1, 2):
        folder = tmp_path_factory.mktemp(f"at-once-{most}")
        with serve(directory=folder / "payer") as payer:
            target = payer.target_file.with_name("polite.toml")
            target.write_text(f"at_once = {most}\n" + payer.target_file.read_text("utf-8"), "utf-8")
            found[most] = examine(target, folder / "out", *SUITE)
    return found


def test_verdicts_do_not_depend_on_it(runs: dict[int, Ran]) -> None:
    one, two = ({each["id"]: each for each in _scenarios(runs[most])} for most in (1, 2))

    assert len(one) > 70
    assert {name: (each["verdict"], each["judged"]) for name, each in one.items()} == {
        name: (each["verdict"], each["judged"]) for name, each in two.items()
    }


def test_a_base_url_is_asked_as_much_as_allowed(runs: dict[int, Ran]) -> None:
    assert {most: _most_at_once(ran.folder) for most, ran in runs.items()} == {1: 1, 2: 2}


def _scenarios(ran: Ran) -> list[dict[str, Any]]:
    assert ran.code == 0, ran.said
    return [each for row in ran.results["requirements"] for each in row["scenarios"]]


def _most_at_once(folder: Path) -> int:
    """The most requests at the payer's own base URL that were under way at the same time."""
    changes = []
    for line in map(json.loads, (folder / "exchanges.jsonl").read_text("utf-8").splitlines()):
        if "/pas/" in line["url"]:
            started = datetime.fromisoformat(line["started"]).timestamp()
            changes += [(started, 1), (started + line["seconds"], -1)]
    most = now = 0
    for _, change in sorted(changes):
        now += change
        most = max(most, now)
    return most

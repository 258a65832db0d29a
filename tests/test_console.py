"""The end of a run on the console: a cause that keeps several requirements from a verdict is told once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from conformance.console import tell
from conformance.launch import Done

CLOSED = "no token for auth.gateway: 127.0.0.1 refuses the connection"


def _row(name: str, verdict: str, message: str = "", *, change: str = "", because: str = "") -> dict[str, Any]:
    scenario = {"id": f"suite.test_{name}", "verdict": verdict, "message": message, "change": change,
                "because": because}  # fmt: skip
    return {
        "id": name, "text": f"Something about {name}.", "verdict": verdict, "level": "shall", "standing": "in-force",
        "scenarios": [scenario], "acknowledged_in_vain": False, "exposes": False,
    }  # fmt: skip


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("CONFORMANCE_ALLURE", "no-pages")

    def run(*rows: dict[str, Any]) -> list[str]:
        headline = {"law": "LAW", "guides": "GUIDES", "disclaimer": "DISCLAIMER"}
        results = {"requirements": list(rows), "complete": True, "waiting": 0, "headline": headline}
        assert tell(Done(results, 3), tmp_path) == 3
        return capsys.readouterr().out.splitlines()

    return run


def test_one_cause_of_many_gaps_is_told_once(said):
    told = said(*(_row(f"a.{number}", "error", CLOSED) for number in range(5)))

    assert told[:2] == ["error 5 requirements: a.0, a.1, a.2 and 2 more", f"      {CLOSED}"]
    assert told[2] == "LAW"


def test_gaps_are_told_with_their_key_and_those_of_another_cause_apart(said):
    told = said(
        _row("a.one", "not-tested", "needs a case", change="cases.a"),
        _row("a.two", "not-tested", "needs a case", change="cases.a"),
        _row("b.one", "not-tested", "needs a case", change="cases.b"),
        _row("c.one", "not-tested", "the answer holds nothing", because="a.one"),
    )

    assert told[:4] == [
        "not tested 2 requirements: a.one, a.two",
        "      needs a case -> cases.a",
        "not tested b.one  Something about b.one.",
        "      needs a case -> cases.b",
    ]
    assert told[4] == "LAW"


def test_failures_are_told_one_by_one_and_what_a_payer_writes_obeys_nobody(said):
    told = said(_row("a.one", "fail", "got \x1b[31mred"), _row("a.two", "fail", "got \x1b[31mred"))

    assert [line for line in told if line.startswith("fail")] == [
        "fail  a.one  Something about a.one.",
        "fail  a.two  Something about a.two.",
    ]
    assert r"      suite.test_a.one: got \x1b[31mred" in told

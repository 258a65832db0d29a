"""The ledger of what waits: for its owner's eyes, one transaction at a time, nothing twice."""

from __future__ import annotations

import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from conformance.errors import UsageError
from conformance.exchange import Exchange
from conformance.follow_up.again import rules, scenarios
from conformance.follow_up.ledger import PLACE, BusyError, Entry, Ledger, usual_place
from conformance.follow_up.round import KINDS, trouble_with
from conformance.report.followed import hold, is_held

NOW = datetime(2027, 2, 1, 15, tzinfo=UTC)
ENTRY = Entry(
    "target.toml", "pc-1", "out", "prior-auth.submission", "prior-auth", "pas", "2.2.1", "pended", ("REF-1",),
    NOW, NOW, NOW, NOW, NOW,
)  # fmt: skip
DAY, QUARTER = timedelta(days=1), timedelta(minutes=15)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "state" / "ledger.sqlite3")


def test_what_is_noted_is_kept_once_and_for_its_owner_alone(ledger):
    ledger.add([ENTRY, replace(ENTRY, version="2.0.1")])
    Ledger(ledger.path).add([ENTRY])

    assert [replace(each, id=0) for each in ledger.waiting("target.toml")] == [ENTRY, replace(ENTRY, version="2.0.1")]
    assert list(ledger.waiting("other.toml")) == []
    assert stat.S_IMODE(ledger.path.stat().st_mode) == 0o600


def test_what_waits_is_noted_as_it_stands_and_struck_out_where_its_run_sees_the_end(ledger):
    other = replace(ENTRY, version="2.0.1")
    ledger.add([ENTRY, other])
    ledger.add([replace(ENTRY, numbers=("REF-1", "REF-2"), pended_at=NOW + QUARTER)])
    assert [each.numbers for each in ledger.waiting("target.toml")] == [("REF-1", "REF-2"), ("REF-1",)]

    ledger.strike(other)
    [entry] = ledger.waiting("target.toml")
    ledger.put(replace(entry, state="judged"))
    ledger.strike(ENTRY)
    assert [each.name for each in ledger.judged("target.toml")] == ["pended"], "what is judged is not struck out"


def test_more_than_a_page_of_entries_is_read_in_order_while_they_change(ledger, monkeypatch):
    monkeypatch.setattr("conformance.follow_up.ledger.PAGE", 2)
    ledger.add(replace(ENTRY, run=f"pc-{each}") for each in range(5))

    runs = []
    for entry in ledger.waiting("target.toml"):
        runs.append(entry.run)
        ledger.put(replace(entry, state="judged"))
    assert runs == [f"pc-{each}" for each in range(5)]


def test_a_record_is_held_until_its_writer_is_done(tmp_path):
    record = tmp_path / "verdicts.jsonl"
    assert not is_held(record)
    with record.open("w") as writing:
        hold(writing)
        assert is_held(record)
    assert not is_held(record)


@pytest.mark.parametrize(("form", "unknown"), [(1, ("asks_more", "gone")), (2, ("gone",))])
def test_a_ledger_of_an_earlier_form_is_kept_and_learns_what_it_did_not_know(ledger, form, unknown):
    ledger.add([ENTRY])
    with closing(sqlite3.connect(ledger.path)) as file, file:
        for column in unknown:
            file.execute(f"alter table waiting drop column {column}")
        file.execute(f"pragma user_version = {form}")

    again = Ledger(ledger.path)
    [entry] = again.waiting("target.toml")
    assert (entry.asks_more, entry.gone) == (False, 0)
    again.put(replace(entry, asks_more=True, gone=2))
    assert [(each.asks_more, each.gone) for each in again.waiting("target.toml")] == [(True, 2)]


def test_an_entry_goes_from_waiting_to_judged_to_over(ledger):
    ledger.add([ENTRY])
    [entry] = ledger.waiting("target.toml")

    ledger.put(replace(entry, state="judged", told="fail"))
    assert list(ledger.waiting("target.toml")) == []
    assert [each.told for each in ledger.judged("target.toml")] == ["fail"]
    ledger.put(replace(entry, state="over"))
    assert ledger.judged("target.toml") == ()
    ledger.add([ENTRY])
    assert list(ledger.waiting("target.toml")) == [], "what is over is not noted again"


@pytest.mark.parametrize(
    ("passed", "not_before", "every", "due"),
    [
        (timedelta(hours=23), timedelta(0), DAY, False),
        (timedelta(hours=24), timedelta(0), DAY, True),
        (timedelta(minutes=14), timedelta(0), QUARTER, False),
        (timedelta(minutes=16), timedelta(hours=2), QUARTER, False),  # Retry-After
        (timedelta(hours=3), timedelta(hours=2), QUARTER, True),
        (-timedelta(days=30), timedelta(0), DAY, True),  # our clock was ahead when it asked last
    ],
)
def test_a_payer_is_asked_no_oftener_than_agreed(passed, not_before, every, due):
    entry = replace(ENTRY, not_before=NOW + not_before)

    assert entry.is_due(NOW + passed, every) is due


HOLD = (
    "import sys; from pathlib import Path; from conformance.follow_up.ledger import Ledger\n"
    "with Ledger(Path(sys.argv[1])).alone('target.toml'):\n    print('held', flush=True); sys.stdin.read()"
)


def test_two_never_follow_one_target_and_a_kill_lets_go(ledger):
    words = [sys.executable, "-c", HOLD, str(ledger.path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(BusyError), ledger.alone("target.toml"):
            pass
        with ledger.alone("another.toml"):
            ledger.add([ENTRY])  # the lock keeps nobody from the ledger itself
        other.kill()
    with ledger.alone("target.toml"):
        pass


def test_a_file_that_is_none_is_refused(tmp_path):
    wrong = tmp_path / "ledger.sqlite3"
    wrong.write_text("no database, but text that is long enough to be looked at " * 20, "utf-8")

    with pytest.raises(UsageError, match="no ledger"):
        Ledger(wrong)


def test_the_usual_place_is_outside_of_reports(monkeypatch, tmp_path):
    monkeypatch.delenv(PLACE, raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert usual_place() == tmp_path / "payer-conformance" / "ledger.sqlite3"
    monkeypatch.setenv(PLACE, str(tmp_path / "mine"))
    assert usual_place() == tmp_path / "mine"


@pytest.mark.parametrize("kind", KINDS)
def test_every_requirement_that_waits_has_a_scenario(kind):
    from conformance.expect import REQUIREMENT

    judged = {getattr(scenario, REQUIREMENT) for _, scenario in scenarios(kind)}

    assert judged == rules().requirements[kind]
    assert set(rules().requirements) == set(KINDS)
    assert (rules().least, rules().usual) == (QUARTER, DAY)


@pytest.mark.parametrize(
    ("date", "told"),
    [
        ("Mon, 01 Feb 2027 15:00:30 GMT", False),
        ("Mon, 01 Feb 2027 14:10:00 GMT", False),
        ("Mon, 08 Feb 2027 15:00:00 GMT", True),
        ("Sun, 31 Jan 2027 15:00:00 GMT", True),
        ("", False),
        ("some day", False),
    ],
)
def test_nothing_is_judged_while_our_clock_and_the_payers_are_apart(date, told):
    asked = Exchange("f1", "prior-auth.inquire", "", "pas=2.2.1", "POST", "", status=200, headers={"date": date})

    assert bool(trouble_with(replace(asked, started=NOW))) is told

"""A change of a drug list that is not due when a run ends: noted, and looked at again when it is, by moved clocks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance import clock
from conformance.flows.declared_drugs import DeclaredDrugs
from conformance.flows.recording import Options
from conformance.follow_up.again import rules
from conformance.follow_up.ledger import Ledger
from conformance.follow_up.noting import Noting
from conformance.follow_up.round import Round, Told
from conformance.opening import catalogue_of, guides, open_target, scenario_folders
from conformance.run import Run, Selection, Subject
from conformance.sandbox.serve import Running, serve

IN_TIME = "formulary.drug-list-updates"
DAY = 86400.0


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serve(directory=tmp_path_factory.mktemp("followed"), tls=False) as payer:
        payer.write_target_file("medicaid-ffs")
        yield payer


class Followed:
    """One run at the model payer, and what is looked at of it later."""

    def __init__(self, running: Running, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        tables = guides()
        target = open_target(str(running.target_file), {"guide": ["usdf=2.1.0"]}, tables, today=clock.now().date())
        self._running, self._monkeypatch = running, monkeypatch
        self._ledger = Ledger(folder / "ledger.sqlite3")
        self._run = Run(catalogue_of(scenario_folders()), tables, Selection(), Options(), target)
        subject = Subject.open(target, tables, Options())
        try:
            noting = Noting(subject, self._ledger.path, "target", folder)
            [claim] = target.apis["formulary"].claim_list()
            self.due = {drug.case.name for drug in DeclaredDrugs(subject.recording, claim).changed()}
            self.noted = noting.finish()
        finally:
            subject.close()

    def after(self, days: float) -> Told:
        """A follow-up, with both clocks moved."""
        self._running.clock.move(days * DAY)
        self._monkeypatch.setenv(clock.OFFSET, str(days * DAY))
        return Round(self._run, self._ledger, "target").poll(rules().least)


@pytest.mark.parametrize(
    ("name", "verdict"), [("tells_todays_change_tomorrow", "pass"), ("tells_todays_change_in_a_fortnight", "fail")]
)
def test_a_change_of_today_is_judged_when_it_is_due(
    running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, verdict: str
) -> None:
    running.become([name])
    followed = Followed(running, tmp_path, monkeypatch)

    assert (followed.due, followed.noted) == ({"covered", "quantity-limit"}, 1)
    soon, later, after = followed.after(0.1), followed.after(6), followed.after(7)
    running.clock.move(0)
    assert (soon.waiting, soon.asked, soon.verdicts) == (1, 0, [])
    assert [(entry.name, each.requirement, each.verdict) for entry, each in later.verdicts] == [
        ("changed-today", IN_TIME, verdict)
    ]
    assert after.waiting == 0, "it is judged once"

"""A decision that takes twelve days while a run waits for it: both clocks are moved, the payer is a real one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from conformance import clock
from conformance.clocks import Clocks
from conformance.flows.decisions import Decisions
from conformance.flows.prior_auth import PriorAuth
from conformance.flows.recording import Options
from conformance.opening import guides, open_target
from conformance.run import Subject
from conformance.sandbox import app, seed
from conformance.sandbox.serve import serve

REQUIREMENT = "prior-auth.decision-time-standard"


@pytest.mark.parametrize(("settles", "late"), [("P11DT12H", True), ("P5D", False)])
def test_a_late_decision_is_found_live(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settles: str, late: bool
) -> None:
    monkeypatch.delenv(clock.OFFSET, raising=False)
    with serve(directory=tmp_path, tls=False) as payer:
        known = seed.load(payer.clock.today())
        slow = {"decision": "pended", "then": "approved", "settles": settles, "valid_days": 90}
        services = {**known.services, "72148": {**known.services["72148"], **slow}}
        payer.mount(app.build(replace(known, services=services), payer.clock, payer.policies, ()))
        target = open_target(str(payer.target_file), {}, guides(), today=clock.now().date())
        target = replace(target, cases={"prior-auth": {"approved": target.cases["prior-auth"]["approved"]}}, known={})
        passed = iter((4 * 86400.0, 12 * 86400.0))

        def slept(_seconds: float) -> None:
            offset = next(passed)
            payer.clock.move(offset)
            monkeypatch.setenv(clock.OFFSET, str(offset))

        monkeypatch.setattr(clock, "sleep", slept)
        subject = Subject.open(target, guides(), Options(), journal=False)
        claim = next(each for each in target.claim_list() if each.label == "pas=2.2.1")
        histories = Decisions(PriorAuth(subject.recording, claim)).histories()
        subject.close()

    [found] = Clocks(target).judge(histories, REQUIREMENT)
    assert (found.late, found.by) == (late, "issued")

"""An export whose run is killed: noted as it begins, judged once it is complete, given up where the payer forgot it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance import clock
from conformance.flows.bulk import Bulk
from conformance.flows.bulk_requests import Requests
from conformance.flows.recording import Options
from conformance.follow_up.again import rules
from conformance.follow_up.ledger import Ledger
from conformance.follow_up.noting import Noting
from conformance.follow_up.round import Round, Told
from conformance.opening import catalogue_of, guides, open_target, scenario_folders
from conformance.run import Run, Selection, Subject
from conformance.sandbox.serve import Running, serve
from conformance.target import Target

HOUR = 3600.0


def killed(*_asked: object) -> None:
    raise KeyboardInterrupt


class Followed:
    """A killed run's target, ledger and payer, and rounds so many hours later by the clocks of both."""

    def __init__(self, payer: Running, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.payer, self._patch = payer, monkeypatch
        self.ledger = Ledger(folder / "ledger.sqlite3")
        self._run = Run(catalogue_of(scenario_folders()), guides(), Selection(), Options(), _target(payer))

    def round(self, hours: float) -> Told:
        self.payer.clock.move(hours * HOUR)
        self._patch.setenv(clock.OFFSET, str(hours * HOUR))
        return Round(self._run, self.ledger, "t").poll(rules().least)


def _target(payer: Running) -> Target:
    return open_target(str(payer.target_file), {}, guides(), today=clock.now().date())


@pytest.fixture
def followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Followed]:
    monkeypatch.delenv(clock.OFFSET, raising=False)
    with serve(directory=tmp_path, tls=False, variants=("exports_over_night",)) as payer:
        found = Followed(payer, tmp_path, monkeypatch)
        subject = Subject.open(_target(payer), guides(), Options(), journal=False)
        noting = Noting(subject, found.ledger.path, "t", tmp_path / "out")
        claim = next(each for each in subject.target.claim_list() if each.label == "pdex=2.2.0")
        with monkeypatch.context() as patched:
            patched.setattr(Requests, "followed", killed)
            with pytest.raises(KeyboardInterrupt):
                Bulk(subject.recording, claim).exported()
        subject.close()
        assert noting.finish() == 1
        yield found


def test_what_a_killed_run_exported_is_judged_once_it_is_complete(followed: Followed) -> None:
    assert followed.round(1).decided == 0

    told = followed.round(21)
    assert told.decided == 1
    judged = {verdict.requirement: verdict.verdict for _, verdict in told.verdicts}
    assert set(judged.values()) == {"pass"}
    assert {"provider-access.response-time", "provider-access.data", "pdex.provider-members", "bulk.files"} <= set(
        judged
    )
    assert not list(followed.ledger.waiting("t"))


def test_an_export_that_the_payer_knows_nothing_of_is_given_up(followed: Followed) -> None:
    followed.payer.become(())

    for hours in range(1, rules().gone + 1):
        assert [each.gone for each in followed.ledger.waiting("t")] == [hours - 1]
        told = followed.round(hours)
    assert told.ended == 1
    assert list(told.troubles) == ["what waited is not there any more (status 404): given up"]
    assert not list(followed.ledger.waiting("t"))


Send = Any


def in_place_of_files(followed: Followed, answer: Callable[[Send], Awaitable[None]]) -> None:
    """The payer, whose files are answered otherwise from now on."""
    kept = followed.payer.stage.current

    async def changed(scope: Any, receive: Any, send: Send) -> None:
        if "/bulk-files/" in scope.get("path", ""):
            await answer(send)
        else:
            await kept(scope, receive, send)

    followed.payer.mount(changed)


async def forgotten(send: Send) -> None:
    await send({"type": "http.response.start", "status": 404, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def out_of_reach(send: Send) -> None:
    busy = [(b"retry-after", b"86400")]
    await send({"type": "http.response.start", "status": 429, "headers": busy})
    await send({"type": "http.response.body", "body": b""})


def test_files_that_are_no_longer_kept_are_told_and_fail_nobody(followed: Followed) -> None:
    in_place_of_files(followed, forgotten)
    followed.round(1)
    told = followed.round(21)

    assert [verdict.requirement for _, verdict in told.verdicts] == ["provider-access.response-time"]
    assert "the files of an export are not there any more: its data are not judged" in told.troubles
    assert not list(followed.ledger.waiting("t"))


def test_files_that_stay_out_of_reach_are_given_up(followed: Followed) -> None:
    in_place_of_files(followed, out_of_reach)
    followed.round(1)
    for times in range(1, rules().gone):
        told = followed.round(20 + times)
        assert (told.decided, told.verdicts) == (0, [])
        assert [each.gone for each in followed.ledger.waiting("t")] == [times]
    told = followed.round(24)

    assert [verdict.requirement for _, verdict in told.verdicts] == ["provider-access.response-time"]
    assert any("given up, its data are not judged" in each for each in told.troubles)
    assert not list(followed.ledger.waiting("t"))


def test_a_token_that_expires_while_the_files_are_fetched_is_asked_for_anew(followed: Followed) -> None:
    kept, used = followed.payer.stage.current, list[bytes]()

    async def short_lived(scope: Any, receive: Any, send: Any) -> None:
        sent = dict(scope.get("headers", ())).get(b"authorization", b"")
        used.extend({sent} - set(used) if "/bulk-" in scope.get("path", "") else ())
        if "/bulk-files/" in scope.get("path", "") and sent == used[0]:
            await send({"type": "http.response.start", "status": 401, "headers": []})
            await send({"type": "http.response.body", "body": b""})
        else:
            await kept(scope, receive, send)

    followed.payer.mount(short_lived)
    followed.round(1)
    used.clear()
    told = followed.round(21)

    assert len(used) == 2
    assert {verdict.verdict for _, verdict in told.verdicts} == {"pass"}
    assert "provider-access.data" in {verdict.requirement for _, verdict in told.verdicts}

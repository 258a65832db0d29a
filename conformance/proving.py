"""The pytest side of a proof: the scenarios, once per bent model payer, each at its own fresh application.

The launcher (prove.py) names the subjects in a JSON file; the verdicts come back as JSON lines.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Generator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from conformance import clock, scenario_fixtures
from conformance.catalogue import Requirement
from conformance.flows.recording import Options
from conformance.follow_up.again import rules
from conformance.follow_up.ledger import Ledger
from conformance.follow_up.noting import Noting
from conformance.follow_up.round import Round
from conformance.judging import judged
from conformance.opening import catalogue_of, guides, open_target, scenario_folders
from conformance.run import Run, Selection, Subject
from conformance.sandbox.serve import serve
from conformance.scenarios import claim_ids, is_last, requirement_of, suite_of
from conformance.target import Claim, Target

SUBJECT = "subject_name"


class Proving:
    """One worker of a proof: a model payer that becomes each subject in turn."""

    def __init__(self, config: pytest.Config) -> None:
        self._job = json.loads(Path(config.getoption("--conformance-prove")).read_text("utf-8"))
        self._stack = ExitStack()
        self._folder = Path(self._stack.enter_context(tempfile.TemporaryDirectory(prefix="conformance-prove-")))
        self._payer = self._stack.enter_context(serve(directory=self._folder, clock_offset=clock.offset()))
        self._tables = guides()
        self._catalogue = catalogue_of(scenario_folders())
        self._subjects = {each["name"]: each for each in self._job["subjects"]}
        payers = {"", *(each["payer"] for each in self._subjects.values())}
        self._runs = {payer: self._run_of(payer) for payer in payers}
        self.run = self._runs[""]
        self._only = {  # the scenarios of each subject; None: all
            name: None if each["scenarios"] is None else frozenset(each["scenarios"])
            for name, each in self._subjects.items()
        }
        self._began = clock.offset()
        self._open: Subject | None = None
        verdicts = Path(self._job["verdicts"])
        self._verdicts = self._stack.enter_context(verdicts.open("w", encoding="utf-8"))
        config.stash[scenario_fixtures.RUN] = self.run
        config.pluginmanager.register(scenario_fixtures, "conformance-fixtures")

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        requirement = requirement_of(self.run, metafunc.function)
        if requirement is None:
            return
        suite = metafunc.definition.path.parent.name
        claims = self.run.claims(requirement)
        asked = {payer: _asked(run, requirement, suite, payer) for payer, run in self._runs.items()}
        rows = [
            pytest.param(name, claim, id=f"{label} {name}")
            for name, only in self._only.items()
            if asked[self._subjects[name]["payer"]]
            for claim, label in zip(claims, claim_ids(claims), strict=True)
            if only is None or f"{suite}.{metafunc.function.__name__}[{label}]" in only
        ]
        metafunc.fixturenames.extend({SUBJECT, "claim"} - set(metafunc.fixturenames))
        metafunc.parametrize((SUBJECT, "claim"), rows or [pytest.param("", None, id="nowhere")])

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        order = {name: number for number, name in enumerate(self._subjects)}
        kept = [item for item in items if _params(item)[SUBJECT]]
        items[:] = sorted(
            kept, key=lambda item: (order[_params(item)[SUBJECT]], is_last(getattr(item, "function", None)))
        )

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Function) -> Generator[None, Any, Any]:
        given = _params(item)
        subject = self._become(given[SUBJECT])
        # What is there already pytest does not make: none of our fixtures has anything to set up.
        made = scenario_fixtures.views(item.fixturenames, subject, given["claim"])
        item.funcargs.update(given, **made)
        return (yield)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        requirement = requirement_of(self.run, getattr(item, "function", None))
        assert requirement is not None
        claim: Claim = _params(item)["claim"]
        name = item.name.replace(f" {_params(item)[SUBJECT]}]", "]")
        with judged(f"{suite_of(item)}.{name}", requirement.id, self.run.level(requirement, claim)) as outcome:
            yield
        self._say(claim, outcome.verdict.as_json(), requirement.id)
        return None

    def pytest_sessionfinish(self) -> None:
        self._leave()
        self._stack.close()

    def _run_of(self, payer: str) -> Run:
        """The run at the payer itself, or at one of another type, of which proposals are asked too."""
        self._payer.write_target_file(payer)
        given = {"guide": self._job["guides"]}
        target = open_target(str(self._payer.target_file), given, self._tables, today=clock.now().date())
        include = frozenset({"proposed"} if payer else ())
        return Run(
            catalogue=self._catalogue,
            guides=self._tables,
            selection=Selection(suites=tuple(self._job["suites"]), include=include),
            options=Options(intrusive=True),
            target=_waiting(target),
        )

    def _run_at(self, subject: str) -> Run:
        return self._runs[self._subjects[subject]["payer"]]

    def _become(self, name: str) -> Subject:
        if self._open and self._open.name == name:
            return self._open
        self._leave()
        self._payer.become(self._subjects[name]["bends"])
        run = self._run_at(name)
        self._open = Subject.open(run.target, self._tables, run.options, name=name, journal=False)
        self._open.recording.waits(lambda seconds: self._move(clock.offset() + seconds))
        self.run.subjects = run.subjects = {name: self._open}
        if self._subjects[name].get("later"):
            self._noting = Noting(self._open, self._folder / f"{name}.sqlite3", name, self._folder)
        return self._open

    def _leave(self) -> None:
        """Ends with a subject; of what shows later only then, by a follow-up."""
        if self._open is None:
            return
        if later := self._subjects[self._open.name].get("later"):
            self._follow(self._open, self._noting, later)
        self._move(self._began)
        self._open.close()

    def _follow(self, subject: Subject, noting: Noting, later: float) -> None:
        """One follow-up, so many seconds later by the clocks of both sides."""
        subject.recording.end()
        noting.finish()
        self._move(clock.offset() + later)
        ledger = Ledger(self._folder / f"{subject.name}.sqlite3")
        told = Round(self._run_at(subject.name), ledger, subject.name).poll(rules().least)
        claims = {(each.api, each.ig, each.version): each for each in self.run.target.claim_list()}
        for entry, verdict in told.verdicts:
            self._say(claims[entry.api, entry.ig, entry.version], verdict.as_json(), verdict.requirement)

    def _move(self, offset: float) -> None:
        """Sets the clocks of both sides to so many seconds from real time."""
        os.environ[clock.OFFSET] = str(offset)
        self._payer.clock.move(offset)

    def _say(self, claim: Claim, verdict: dict[str, Any], requirement: str) -> None:
        if self._open is None:
            raise RuntimeError("no subject is open")
        operations = self._open.recording.operations(verdict["exchanges"])
        line = {
            "subject": self._open.name, "requirement": requirement, "claim": claim.label,
            "operations": operations, **verdict,
        }  # fmt: skip
        self._verdicts.write(json.dumps(line) + "\n")


def _waiting(target: Target) -> Target:
    """The target, with leave to wait for tokens to expire and for a consent to end: here that takes no time."""
    apis = {
        name: replace(api, auth=replace(api.auth, wait_for_expiry=timedelta(hours=2)))
        for name, api in target.apis.items()
    }
    exchange = dict(target.cases["payer-to-payer"])
    exchange["consent-ends"] = replace(exchange["consent-ends"], settles=timedelta(seconds=20))
    return replace(target, apis=apis, cases={**target.cases, "payer-to-payer": exchange})


def _asked(run: Run, requirement: Requirement, suite: str, payer: str) -> bool:
    """Whether a run asks for a requirement; at a payer of another type only what the law asks of that type.

    What guides ask does not depend on who the payer is.
    """
    binds = requirement.kind == "law" and run.standing(requirement).state != "not-applicable"
    return run.wanted(requirement, suite) and (binds or not payer)


def _params(item: pytest.Item) -> dict[str, Any]:
    params: dict[str, Any] = item.callspec.params  # type: ignore[attr-defined]
    return params

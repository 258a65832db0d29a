"""The pytest plugin: scenarios in, verdicts out.

It is loaded into every pytest session of its environment and does nothing until ``--conformance-target`` (or the
launcher's ``--conformance-prove``) is given; until then it imports nothing but pytest.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import date
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from conformance.scenarios import check_known, claim_ids, is_beside, is_last, requirement_of, scenario_id, suite_of

if TYPE_CHECKING:
    from conformance.follow_up.noting import Noting
    from conformance.judging import Outcome
    from conformance.lanes import Lanes
    from conformance.run import Run
    from conformance.target import Claim

GROUP = "payer conformance"


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("conformance", GROUP)
    group.addoption("--conformance-target", metavar="FILE", help="examine the payer that this target.toml describes")
    group.addoption("--conformance-options", metavar="JSON", help="the launcher's options, as a JSON file")
    group.addoption("--conformance-out", metavar="DIR", help="where the record is written")
    group.addoption(
        "--conformance-prove", metavar="FILE", help="prove the scenarios against the bent model payers listed"
    )


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--conformance-prove"):
        from conformance.proving import Proving

        config.pluginmanager.register(Proving(config), "conformance-proving")
    elif config.getoption("--conformance-target"):
        if getattr(config.option, "numprocesses", None):
            raise pytest.UsageError("a conformance run is one process: leave -n out")
        config.pluginmanager.register(Examination(config), "conformance-examination")


class Examination:
    """One run against one payer."""

    def __init__(self, config: pytest.Config) -> None:
        from conformance import scenario_fixtures
        from conformance.errors import UsageError
        from conformance.lanes import Lanes

        try:
            self.run: Run = open_run(config)
        except UsageError as wrong:
            raise pytest.UsageError(str(wrong)) from wrong
        config.stash[scenario_fixtures.RUN] = self.run
        config.pluginmanager.register(scenario_fixtures, "conformance-fixtures")
        self._launcher = os.getppid() if config.getoption("--conformance-options") else None
        self._chosen = self._interrupted = False
        self._lanes: Lanes[Outcome] = Lanes()
        self._noting = noting(self.run)

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        if requirement := requirement_of(self.run, metafunc.function):
            claims = self.run.claims(requirement)
            metafunc.fixturenames.extend({"claim"} - set(metafunc.fixturenames))
            metafunc.parametrize("claim", claims or [None], ids=claim_ids(claims) or ["nowhere"])

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        kept, dropped = [], []
        for item in items:
            check_known(self.run, getattr(item, "function", None))
            requirement = requirement_of(self.run, getattr(item, "function", None))
            if requirement is None:
                if self._launcher:
                    told = "judges no requirement: name one with @requirement, or no verdict comes of it"
                    raise pytest.UsageError(f"{scenario_id(item)} {told}")
                kept.append(item)
                continue
            claim = item.callspec.params["claim"]  # type: ignore[attr-defined]
            if claim is None or not self.run.wanted(requirement, suite_of(item)):
                dropped.append(item)
                continue
            kept.append(item)
            self.run.planned.setdefault(requirement.id, []).append(scenario_id(item))
        if dropped:
            config.hook.pytest_deselected(items=dropped)
        items[:] = sorted(kept, key=lambda item: is_last(getattr(item, "function", None)))
        self._chosen = True

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        if not self._chosen:
            return  # a mistake of usage ends the collection
        if self._launcher:
            from conformance.interrupts import heard

            heard()
        self.run.start()
        if not session.config.option.collectonly:
            self._lanes.start(piece for item in session.items if (piece := self._piece(item)))

    def _piece(self, item: pytest.Item) -> tuple[str, str, Callable[[], Outcome]] | None:
        """A scenario that needs our views only, as a piece of work in the lane of its base URL; None for any other.

        What is to be last is none either: pytest comes to it when every lane is done.
        """
        from conformance.scenario_fixtures import VIEWS, views

        requirement = requirement_of(self.run, getattr(item, "function", None))
        if requirement is None or not isinstance(item, pytest.Function) or is_last(item.function):
            return None
        if not set(item.fixturenames) <= {*VIEWS, "subject", "claim", "request"}:
            return None
        subject = next(iter(self.run.subjects.values()))
        claim: Claim = item.callspec.params["claim"]  # type: ignore[assignment]
        scenario, level = item.obj, self.run.level(requirement, claim)
        # What is there already pytest does not make: none of our fixtures has anything to set up.
        item.funcargs.update(views(item.fixturenames, subject, claim), subject=subject, claim=claim)
        asked = {name: item.funcargs[name] for name in signature(scenario).parameters}

        def run() -> Outcome:
            from conformance.judging import judged

            with judged(scenario_id(item), requirement.id, level) as outcome, pytests_own_words():
                scenario(**asked)
            self.run.say(outcome.verdict)
            return outcome

        beside = is_beside(item) and self.run.target.at_once > 1
        return lane_of(claim.base_url, beside=beside), item.nodeid, run

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        if self._launcher and os.getppid() != self._launcher:
            self._interrupted = True
            item.session.shouldstop = "the launcher is gone"

    @pytest.hookimpl(tryfirst=True)
    def pytest_pyfunc_call(self, pyfuncitem: pytest.Function) -> bool | None:
        return True if pyfuncitem.nodeid in self._lanes else None  # it runs, or ran, in its lane

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        from conformance import evidence
        from conformance.judging import judged

        requirement = requirement_of(self.run, getattr(item, "function", None))
        if requirement is None:
            return (yield)
        claim = item.callspec.params["claim"]  # type: ignore[attr-defined]
        stands = self.run.standing(requirement)
        level = self.run.level(requirement, claim)
        evidence.label(requirement, stands, level, claim)
        if item.nodeid in self._lanes:
            yield
            outcome = self._lanes.result(item.nodeid)
        else:
            with judged(scenario_id(item), requirement.id, level) as outcome, pytests_own_words():
                yield
            self.run.say(outcome.verdict)
        self._show(outcome)
        return None

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, Any, Any]:
        from conformance.judging import judged_setup

        requirement = requirement_of(self.run, getattr(item, "function", None))
        if requirement is None:
            return (yield)
        with judged_setup(scenario_id(item), requirement.id) as outcome, pytests_own_words():
            yield
        if outcome.raised is not None:
            self.run.say(outcome.verdict)
            self._show(outcome)
        return None

    def _show(self, outcome: Outcome) -> None:
        """Shows a verdict; raises what pytest, and so JUnit and Allure, are to think of it."""
        from conformance import evidence

        verdict = outcome.verdict
        journal = next(iter(self.run.subjects.values())).journal
        evidence.show(verdict, outcome.judgement, journal)
        if verdict.verdict in ("not-tested", "not-applicable"):
            pytest.skip(journal.redactor.text(verdict.message))
        if verdict.verdict in ("fail", "error"):
            raise evidence.shown(outcome.raised, verdict, journal.redactor)

    def pytest_keyboard_interrupt(self) -> None:
        self._interrupted = True

    def pytest_internalerror(self) -> None:
        self._interrupted = True

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if session.config.option.collectonly:
            return  # the header is the plan
        from conformance.seen import seen

        self._lanes.stop()
        tables = seen(self.run)  # from now on nothing more is asked
        waiting = self._noting.finish() if self._noting else 0
        self.run.finish(interrupted=self._interrupted, more={**tables, "waiting": waiting})


def noting(run: Run) -> Noting | None:
    """What notes what is left waiting by a run that has a ledger and a record."""
    if run.ledger is None or run.out is None:
        return None
    from conformance.follow_up.noting import Noting

    return Noting(next(iter(run.subjects.values())), run.ledger, run.named, run.out)


def lane_of(base_url: str, *, beside: bool = False) -> str:
    """Whoever is asked one thing at a time: a base URL, and one thing more of what may run beside the rest.

    Over plain http it is a whole host: test servers are found there that serve one connection and let all others wait.
    """
    scheme, _, rest = base_url.partition("://")
    if scheme != "https":
        return rest.partition("/")[0]
    return f"{base_url} (beside)" if beside else base_url


@contextmanager
def pytests_own_words() -> Iterator[None]:
    """pytest.skip and pytest.fail inside a scenario or a fixture, in our words: they must leave a verdict too."""
    from conformance.errors import NotTested

    try:
        yield
    except pytest.skip.Exception as skipped:
        raise NotTested(str(skipped)) from None
    except pytest.fail.Exception as failed:
        raise RuntimeError(f"pytest.fail: {failed}") from None


def open_run(config: pytest.Config) -> Run:
    """The run that the options describe; UsageError where they or the target file are wrong."""
    import json

    from conformance import clock
    from conformance.opening import catalogue_of, check_names, guides, open_target, scenario_folders

    given: dict[str, Any] = {}
    if path := config.getoption("--conformance-options"):
        given = json.loads(Path(path).read_text("utf-8"))
    out = Path(config.getoption("--conformance-out")) if config.getoption("--conformance-out") else None
    extra = [Path(each) for each in given.get("scenarios", [])]
    catalogue, tables = catalogue_of(scenario_folders(extra)), guides()
    check_names(given, catalogue, tables)
    target = open_target(config.getoption("--conformance-target"), given, tables, today=clock.now().date())

    from conformance.flows.recording import Options  # a mistake in the target file does not wait for these
    from conformance.run import Run, Selection, Subject

    run = Run(
        catalogue=catalogue,
        guides=tables,
        selection=Selection(
            suites=tuple(given.get("suite", ())),
            requirements=tuple(given.get("requirement", ())),
            include=frozenset(given.get("include", ())),
            as_of=date.fromisoformat(given["as_of"]) if given.get("as_of") else None,
        ),
        options=Options(samples=given.get("samples", 1), intrusive=bool(given.get("intrusive"))),
        target=target,
        out=out,
        shown_options=given.get("shown", {}),
        ledger=Path(given["ledger"]) if given.get("ledger") else None,
        named=given.get("named", ""),
    )
    if out:
        out.mkdir(parents=True, exist_ok=True)
    journal = out / "exchanges.jsonl" if out else None
    run.subjects[""] = Subject.open(target, tables, run.options, journal_path=journal)
    return run

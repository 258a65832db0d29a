"""One scenario's exceptions turned into its verdict: the same for a run and for a proof."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from conformance import clock
from conformance.errors import NonConformance, NotApplicable, NotTested, Unjudgeable
from conformance.expect import Judgement, judging
from conformance.verdict import ScenarioVerdict


@dataclass
class Outcome:
    """What a scenario left: its verdict, its judgement calls, and what it raised, if anything."""

    verdict: ScenarioVerdict
    judgement: Judgement = field(default_factory=Judgement)
    raised: BaseException | None = None


@contextmanager
def judged(scenario: str, requirement: str, level: str) -> Iterator[Outcome]:
    """Runs a scenario inside and leaves its verdict; only an interrupt comes through.

    A should or may that is not met is advisory; only a NonConformance may be softened so.
    """
    outcome = Outcome(ScenarioVerdict(scenario, requirement, "error"))
    start = clock.monotonic()
    try:
        with judging(outcome.judgement):
            yield outcome
    except Exception as raised:
        outcome.raised = raised
    outcome.verdict = _verdict(scenario, requirement, level, outcome, clock.monotonic() - start)


@contextmanager
def judged_setup(scenario: str, requirement: str) -> Iterator[Outcome]:
    """A scenario's fixtures: they may say that nothing can be judged; whatever else they raise is our error."""
    outcome = Outcome(ScenarioVerdict(scenario, requirement, "error"))
    try:
        yield outcome
    except Exception as raised:
        unable = isinstance(raised, NotTested | NotApplicable | Unjudgeable)
        outcome.raised = raised if unable else RuntimeError(f"a fixture failed: {type(raised).__name__}: {raised}")
        outcome.verdict = _verdict(scenario, requirement, "shall", outcome, 0.0)


def _verdict(scenario: str, requirement: str, level: str, outcome: Outcome, seconds: float) -> ScenarioVerdict:
    judgement, raised = outcome.judgement, outcome.raised
    said = ScenarioVerdict(
        scenario,
        requirement,
        "pass",
        judged=judgement.judged,
        advice=tuple(judgement.advice),
        seconds=seconds,
        exchanges=tuple(judgement.exchanges),
    )
    match raised:
        case None if judgement.judged == 0:
            return _with(said, verdict="error", actor="us", message="the scenario judged nothing")
        case None:
            return said
        case NonConformance():
            return _with(
                said,
                verdict="fail" if level == "shall" else "advisory",
                failed=raised.failed,
                findings=raised.findings,
                message=str(raised),
                actor="payer",
            )
        case NotTested():
            actor = "payer" if raised.because else "your file" if raised.change else "us"
            return _with(
                said,
                verdict="not-tested",
                message=raised.message,
                because=raised.because,
                change=raised.change,
                actor=actor,
            )
        case NotApplicable():
            return _with(said, verdict="not-applicable", message=str(raised))
        case Unjudgeable():
            return _with(said, verdict="error", message=raised.message, actor=raised.actor, change=raised.change)
        case _:
            return _with(said, verdict="error", message=f"{type(raised).__name__}: {raised}", actor="us")


def _with(said: ScenarioVerdict, **changes: object) -> ScenarioVerdict:
    from dataclasses import replace

    return replace(said, **changes)  # type: ignore[arg-type]

"""The scenarios that judge again what was pended in an earlier run, now that it has come to its end."""

from __future__ import annotations

import importlib.util
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from inspect import signature

from conformance.expect import REQUIREMENT
from conformance.judging import judged
from conformance.paths import suites
from conformance.run import Run, Subject
from conformance.scenario_fixtures import VIEWS, views
from conformance.scenarios import claim_ids
from conformance.target import Claim
from conformance.verdict import ScenarioVerdict

Scenario = Callable[..., None]


@dataclass(frozen=True)
class Rules:
    """What is judged again of each kind of act, and how often a payer is asked (suites/rules/follow_up.toml)."""

    requirements: Mapping[str, frozenset[str]]
    usual: timedelta
    least: timedelta
    gone: int  # times in a row that nothing more can be had of an act, after which it is given up


@cache
def rules() -> Rules:
    """The rules of following."""
    raw = tomllib.loads((suites() / "rules" / "follow_up.toml").read_text("utf-8"))
    polling = raw["polling"]
    return Rules(
        {kind: frozenset(named) for kind, named in raw["requirements"].items()},
        timedelta(minutes=polling["usual_minutes"]),
        timedelta(minutes=polling["least_minutes"]),
        polling["gone_answers"],
    )


@cache
def scenarios(kind: str) -> tuple[tuple[str, Scenario], ...]:
    """The scenarios that are judged again of a kind of act ("prior-auth.submission"), by "<suite>.<function>"."""
    wanted = rules().requirements[kind]
    found: list[tuple[str, Scenario]] = []
    for path in sorted(suites().glob("*/test_*.py")):
        suite = path.parent.name
        spec = importlib.util.spec_from_file_location(f"followed_{suite}_{path.stem}", path)
        if spec is None or spec.loader is None:
            continue
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for name, value in vars(module).items():
            if name.startswith("test_") and getattr(value, REQUIREMENT, None) in wanted:
                found.append((f"{suite}.{name}", value))
    return tuple(found)


def judge_again(run: Run, subject: Subject, claim: Claim, kind: str) -> Iterator[ScenarioVerdict]:
    """The verdict of every scenario that the end of an act lets judge, less those that it says nothing about."""
    for name, scenario in scenarios(kind):
        requirement = run.catalogue.requirements[getattr(scenario, REQUIREMENT)]
        claims = run.claims(requirement)
        if claim not in claims or not run.wanted(requirement, name.partition(".")[0]):
            continue
        wanted = list(signature(scenario).parameters)
        if not set(wanted) <= set(VIEWS):
            continue
        label = dict(zip(claims, claim_ids(claims), strict=True))[claim]
        with judged(f"{name}[{label}]", requirement.id, run.level(requirement, claim)) as outcome:
            scenario(**views(wanted, subject, claim))
        if outcome.verdict.verdict in ("pass", "fail", "advisory", "error"):
            yield outcome.verdict

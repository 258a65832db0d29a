"""The scenarios that a decision of today lets judge what was pended in an earlier run."""

from __future__ import annotations

import importlib.util
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from inspect import signature
from pathlib import Path

from conformance.apis.prior_auth import Answer
from conformance.exchange import Exchange, ended
from conformance.expect import REQUIREMENT
from conformance.flows.prior_auth_requests import Requests
from conformance.flows.recording import Recording
from conformance.flows.submission import Submission, undecided
from conformance.follow_up.ledger import Entry
from conformance.judging import judged
from conformance.paths import suites
from conformance.run import Run, Subject
from conformance.scenario_fixtures import VIEWS, views
from conformance.scenarios import claim_ids
from conformance.target import Claim, Target
from conformance.verdict import ScenarioVerdict

Scenario = Callable[..., None]


@dataclass(frozen=True)
class Rules:
    """What is judged again, and how often a payer is asked (suites/rules/follow_up.toml)."""

    requirements: frozenset[str]
    usual: timedelta
    least: timedelta


@cache
def rules() -> Rules:
    """The rules of following."""
    raw = tomllib.loads((suites() / "rules" / "follow_up.toml").read_text("utf-8"))
    polling = raw["polling"]
    return Rules(
        frozenset(raw["requirements"]),
        timedelta(minutes=polling["usual_minutes"]),
        timedelta(minutes=polling["least_minutes"]),
    )


@cache
def scenarios(folder: Path) -> tuple[tuple[str, Scenario], ...]:
    """The scenarios of a suite that are judged again, by "<suite>.<function>"."""
    found: list[tuple[str, Scenario]] = []
    for path in sorted(folder.glob("test_*.py")):
        spec = importlib.util.spec_from_file_location(f"followed_{folder.name}_{path.stem}", path)
        if spec is None or spec.loader is None:
            continue
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for name, value in vars(module).items():
            if name.startswith("test_") and getattr(value, REQUIREMENT, None) in rules().requirements:
                found.append((f"{folder.name}.{name}", value))
    return tuple(found)


def entry_target(target: Target, entry: Entry) -> Target:
    """The target as an entry sees it: its own case and nothing else, and nothing that writes is allowed."""
    case = target.cases[entry.api][entry.name]
    only = {entry.api: {entry.name: case}}
    return replace(target, cases=only, known={}, environment="production", allow=frozenset())


def recalled(recording: Recording, claim: Claim, entry: Entry, answer: Answer, asked: Exchange) -> Submission:
    """The submission of an entry, as the inquiry of today tells it, put down as done."""
    requests = Requests(recording, claim)
    submission = Submission(
        entry.name, requests.request(entry.name), answer, answer, f"cases.prior-auth.{entry.name}", (answer,),
        sent=entry.sent, answered=entry.answered, seen=None if undecided(answer) else ended(asked),
        pended_at=asked.started if undecided(answer) else entry.pended_at,
        drug_kind=str(requests.case(entry.name).facts.get("drug_kind", "")), followed=True,
        asked_more=entry.asks_more,
    )  # fmt: skip
    recording.recall((claim, "submission", entry.name), submission, [asked])
    recording.recall((claim, "inquire", entry.name), asked, [asked])
    return submission


def judge_again(run: Run, subject: Subject, claim: Claim) -> Iterator[ScenarioVerdict]:
    """The verdict of every scenario that a decision lets judge, less those that it says nothing about."""
    for name, scenario in scenarios(suites() / "prior_auth"):
        requirement = run.catalogue.requirements[getattr(scenario, REQUIREMENT)]
        claims = run.claims(requirement)
        if claim not in claims or not run.wanted(requirement, "prior_auth"):
            continue
        wanted = list(signature(scenario).parameters)
        if not set(wanted) <= set(VIEWS):
            continue
        label = dict(zip(claims, claim_ids(claims), strict=True))[claim]
        with judged(f"{name}[{label}]", requirement.id, run.level(requirement, claim)) as outcome:
            scenario(**views(wanted, subject, claim))
        if outcome.verdict.verdict in ("pass", "fail", "advisory", "error"):
            yield outcome.verdict

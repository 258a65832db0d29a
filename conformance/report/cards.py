"""The findings of a run as cards, one per requirement, and its obstacles as groups, one per thing to change."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conformance.report import steps, words
from conformance.report.attached import Attached, Wanted, tells_of
from conformance.report.body import holds

Row = Mapping[str, Any]
Obstacle = tuple[str, str, str]  # kind, label, who acts

KINDS = ("error", "change", "because", "message", "untested")  # of obstacles, in the order of the page
ANSWERED = ("waived", "attested")  # of these requirements the target file says why nothing is shown
MOST_EXCHANGES = 4  # laid out under one scenario; the rest is named
_CLAIM = re.compile(r"\[([^\[\]]*)\]$")


@dataclass(frozen=True)
class Block:
    """What one scenario saw: at one guide version, with its exchanges laid out here or in another place only."""

    scenario: Row
    claim: str
    findings: Sequence[Row]
    here: Sequence[Attached]
    elsewhere: Sequence[Attached]
    others: Sequence[str]


@dataclass(frozen=True)
class Card:
    """One requirement that was not met, or met but for its advice; ``rest`` are the scenarios that fared better."""

    anchor: str
    requirement: Row
    exposed: bool
    result: str
    tone: str
    blocks: Sequence[Block]
    rest: Sequence[tuple[str, str]]
    step: steps.Step


@dataclass(frozen=True)
class Group:
    """Requirements that share one obstacle; ``kind`` is one of KINDS."""

    anchor: str
    kind: str
    label: str
    message: str
    step: steps.Step
    requirements: Sequence[Row]


def claim_of(scenario_id: str) -> str:
    """``pas=2.2.1`` of ``prior_auth.test_x[pas=2.2.1]``; empty where the id carries none."""
    found = _CLAIM.search(scenario_id)
    return found[1] if found else ""


def wanted(rows: Iterable[Row], exchanges: Mapping[str, Row], anchors: Mapping[str, str]) -> list[Wanted]:
    """Which exchanges the cards of ``rows`` show, in the order of the cards, and the places to mark in each."""
    return [
        Wanted(exchange, _places(scenario), anchors[row["id"]])
        for row in rows
        for scenario in _seen(row)
        for exchange in _chosen(scenario, exchanges)
    ]


def card(
    row: Row,
    attached: Mapping[tuple[str, str], Attached],
    exchanges: Mapping[str, Row],
    anchors: Mapping[str, str],
) -> Card:
    """The card of one requirement that failed or is advised."""
    seen = _seen(row)
    return Card(
        anchor=anchors[row["id"]],
        requirement=row,
        exposed=steps.exposed(row),
        result=words.result(row),
        tone=row["verdict"] if row["standing"] == "in-force" else "waived",
        blocks=list(_blocks(seen, anchors[row["id"]], attached, exchanges)),
        rest=[
            (claim_of(each["id"]) or each["id"], words.short(each["verdict"]))
            for each in row["scenarios"]
            if each not in seen
        ],
        step=steps.after_a_finding(row, _acts(seen, exchanges), [claim_of(each["id"]) for each in seen]),
    )


def groups(rows: Sequence[Row], verdict: str) -> list[Group]:
    """The scenarios with this verdict (and the requirements without any scenario) by the obstacle they share."""
    found: dict[Obstacle, list[tuple[Row, Row]]] = {}
    for row in rows:
        if row["verdict"] in ANSWERED:
            continue
        if row["verdict"] == verdict and not row["scenarios"]:
            found.setdefault(("untested", "", ""), []).append((row, {}))
        for scenario in row["scenarios"]:
            if scenario["verdict"] == verdict:
                found.setdefault(_obstacle(scenario, verdict), []).append((row, scenario))
    keys = sorted(found, key=lambda key: (KINDS.index(key[0]), -len(found[key])))
    return [_group(f"{verdict}-{number}", key, found[key]) for number, key in enumerate(keys, 1)]


def _group(anchor: str, obstacle: Obstacle, members: Sequence[tuple[Row, Row]]) -> Group:
    kind, label, who = obstacle
    scenario = members[0][1]
    return Group(
        anchor=anchor,
        kind=kind,
        label=label,
        message=scenario.get("message", ""),
        step=_step(kind, label, who, scenario.get("change", "")),
        requirements=list({row["id"]: row for row, _ in members}.values()),
    )


def _obstacle(scenario: Row, verdict: str) -> Obstacle:
    """What stands in the way of this scenario."""
    if verdict == "error":
        return "error", scenario["message"] or "no reason recorded", steps.actor(scenario)
    if scenario["because"]:
        return "because", scenario["because"], "payer"
    if scenario["change"]:
        return "change", scenario["change"], "your file"
    return "message", scenario["message"] or "no reason recorded", scenario["actor"] or "us"


def _step(kind: str, label: str, who: str, change: str) -> steps.Step:
    if kind == "error":
        return steps.after_an_error(who, change)
    if kind == "change":
        return steps.Step(who, "Set this key of the target file:", label)
    if kind == "because":
        return steps.Step(who, "Meet this requirement first; the others need its answer:", label)
    if kind == "untested":
        return steps.Step("your file", "Who can vouch for it may attest it in the target file.")
    return steps.Step(who, "Run again.")


def _seen(row: Row) -> list[Row]:
    """The scenarios of a requirement that made its verdict."""
    return [each for each in row["scenarios"] if each["verdict"] == row["verdict"]] or list(row["scenarios"])


def _findings(scenario: Row) -> list[Row]:
    return [*scenario["findings"], *scenario["advice"]]


def _places(scenario: Row) -> tuple[str, ...]:
    return tuple(each["at"] for each in _findings(scenario) if each["at"])


def _chosen(scenario: Row, exchanges: Mapping[str, Row]) -> list[str]:
    """The exchanges to lay out: those that a finding points at, else the first and the last of the story."""
    known = [each for each in scenario["exchanges"] if each in exchanges]
    places = _places(scenario)
    telling = [each for each in known if _points_at(places, exchanges[each])]
    if telling:
        return telling[:MOST_EXCHANGES]
    return known if len(known) <= MOST_EXCHANGES else [known[0], *known[1 - MOST_EXCHANGES :]]


def _points_at(places: Sequence[str], line: Row) -> bool:
    """Whether a place names the exchange's case ("cases.prior-auth.denied, …") or a resource of its answer by id."""
    return any(tells_of(place, line) for place in places) or holds(line["body"] or "", places)


def _blocks(
    seen: Sequence[Row], anchor: str, attached: Mapping[tuple[str, str], Attached], exchanges: Mapping[str, Row]
) -> Iterable[Block]:
    placed: set[str] = set()
    for scenario in seen:
        chosen = _chosen(scenario, exchanges)
        here = [attached[anchor, each] for each in chosen if each not in placed]
        laid_out = [each for each in here if each.whole or each.marked]
        placed.update(chosen)
        yield Block(
            scenario=scenario,
            claim=claim_of(scenario["id"]),
            findings=_findings(scenario),
            here=laid_out,
            elsewhere=[attached[anchor, each] for each in chosen if attached[anchor, each] not in laid_out],
            others=[each for each in scenario["exchanges"] if each not in chosen],
        )


def _acts(seen: Sequence[Row], exchanges: Mapping[str, Row]) -> list[str]:
    """The operations, with their cases, in which it was seen: ``prior-auth.submit (case denied)``."""
    lines = (exchanges[each] for scenario in seen for each in _chosen(scenario, exchanges))
    acts = (f"{line['operation']} (case {line['case']})" if line["case"] else line["operation"] for line in lines)
    return list(dict.fromkeys(acts))

"""From results.json and the exchanges to what the page shows, in its order; no HTML here."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from conformance.report import chart, steps, words
from conformance.report.attached import attach
from conformance.report.cards import ANSWERED, Card, Group, Row, card, groups, wanted
from conformance.report.text import one_line

Tally = Mapping[str, int]

MOST_FINDINGS, ALL_FINDINGS = 50, 300  # of one scenario, and about as many in all: results.json has every one
_ANCHOR = re.compile(r"[a-z0-9][a-z0-9.-]{0,120}")


@dataclass(frozen=True)
class Panel:
    """One of the two headlines: ``which`` is law or guides."""

    which: str
    outcome: str
    word: str
    headline: str
    tally: Tally


@dataclass(frozen=True)
class Duty:
    """One row of the table of all duties; ``href`` is the card's anchor where there is one."""

    requirement: Row
    result: str
    tone: str
    judged: int
    failed: int
    exchanges: Sequence[str]
    href: str
    why: str


@dataclass(frozen=True)
class View:
    """Everything the template asks for."""

    results: Row
    panels: Sequence[Panel]
    actions: Sequence[steps.Action]
    findings_shown: int
    failures: Sequence[Card]
    errors: Sequence[Group]
    advisories: Sequence[Card]
    unshown: Sequence[Group]
    coming: Sequence[Card]
    apis: Sequence[tuple[str, Tally, Tally]]
    duties: Sequence[Duty]
    strips: Sequence[tuple[Row, chart.Strip]]
    courses: Sequence[tuple[Row, Sequence[tuple[Row, chart.Course]]]]
    anchors: Mapping[str, str]
    totals: Sequence[tuple[str, Tally]]
    exclusions: Sequence[Row]
    population: Mapping[str, int]


def build(results: Row, exchanges: Mapping[str, Row]) -> View:
    """The whole page's content; ``exchanges`` are the redacted lines of exchanges.jsonl by id."""
    rows: list[Row] = list(results["requirements"])
    anchors = {row["id"]: _anchor(row["id"], number) for number, row in enumerate(rows)}
    standing = [row for row in rows if row["standing"] == "in-force"]
    asking = [row for row in standing if row["level"] != "may"]  # a permission leaves nothing to show
    failed = sorted((row for row in standing if row["verdict"] == "fail"), key=steps.urgency)
    advised = sorted((row for row in standing if row["verdict"] == "advisory"), key=steps.urgency)
    coming = [row for row in rows if row["standing"] != "in-force" and row["verdict"] in ("fail", "advisory")]
    attached = attach(wanted([*failed, *advised, *coming], exchanges, anchors), exchanges)
    errors, unshown = groups(asking, "error"), groups(asking, "not-tested")
    vouched = _vouched(results)
    return View(
        results=results,
        panels=[
            _panel(which, results["verdicts"][which], results["headline"][which], results["counts"][which])
            for which in ("law", "guides")
        ],
        actions=_actions(results, failed, anchors, errors, unshown),
        findings_shown=max(3, min(MOST_FINDINGS, ALL_FINDINGS // (1 + len(failed) + len(advised) + len(coming)))),
        failures=[card(row, attached, exchanges, anchors) for row in failed],
        errors=errors,
        advisories=[card(row, attached, exchanges, anchors) for row in advised],
        unshown=unshown,
        coming=[card(row, attached, exchanges, anchors) for row in coming],
        apis=_by_api([row for row in standing if row["verdict"] != "not-applicable"]),
        duties=[_duty(row, anchors, vouched) for row in rows],
        strips=[(entry, chart.strip(entry)) for entry in results["latency"] if entry["seconds"]],
        courses=[_courses(row) for row in results.get("timelines", ())],
        anchors=anchors,
        totals=_totals(rows),
        exclusions=[row for row in rows if row["verdict"] == "not-applicable"],
        population=_population(rows, exchanges),
    )


def _anchor(requirement_id: str, number: int) -> str:
    """The fragment under which a requirement is found: its id, as long as that is one."""
    return requirement_id if _ANCHOR.fullmatch(requirement_id) else f"requirement-{number}"


def _panel(which: str, outcome: str, headline: str, tally: Tally) -> Panel:
    nothing = outcome == "inconclusive" and not tally.get("pass") and not tally.get("advisory")
    return Panel(which, outcome, "Not shown" if nothing else words.OUTCOMES.get(outcome, outcome), headline, tally)


def _actions(
    results: Row, failed: Sequence[Row], anchors: Mapping[str, str], errors: Sequence[Group], unshown: Sequence[Group]
) -> list[steps.Action]:
    return steps.first(
        [(row, anchors[row["id"]]) for row in failed],
        [(group.step.who, group.label, len(group.requirements), group.anchor) for group in errors],
        [api for api in results["scope"]["missing"] if api not in results["scope"].get("not_built", ())],
        [
            (f"Set {group.label}", group.message, len(group.requirements), group.anchor)
            for group in unshown
            if group.kind == "change"
        ],
    )


def _by_api(rows: Sequence[Row]) -> list[tuple[str, Tally, Tally]]:
    """Per API, for law and for guides, how many requirements in force got which verdict."""

    def tally(api: str, kind: str) -> Tally:
        return Counter(row["verdict"] for row in rows if row["api"] == api and row["kind"] == kind)

    return [(api, tally(api, "law"), tally(api, "guide")) for api in dict.fromkeys(row["api"] for row in rows)]


def _duty(row: Row, anchors: Mapping[str, str], vouched: Mapping[str, str]) -> Duty:
    told, scenarios = row["verdict"] in ("fail", "advisory"), row["scenarios"]
    return Duty(
        requirement=row,
        result=words.result(row),
        tone=row["verdict"] if row["standing"] == "in-force" else "waived",
        judged=sum(each["judged"] for each in scenarios),
        failed=sum(each["failed"] for each in scenarios),
        exchanges=list(dict.fromkeys(exchange for each in scenarios for exchange in each["exchanges"])),
        href=anchors[row["id"]] if told else "",
        why="" if told or row["verdict"] == "pass" else _why(row, vouched),
    )


def _why(row: Row, vouched: Mapping[str, str]) -> str:
    """Why a duty was not shown, in one line."""
    if row["verdict"] in ANSWERED and row["id"] in vouched:
        return one_line(vouched[row["id"]])
    said = (each["message"] for each in row["scenarios"] if each["verdict"] == row["verdict"] and each["message"])
    return one_line(row["note"] or next(said, "") or row["untested"])


def _vouched(results: Row) -> dict[str, str]:
    """What the target file says of requirements that are not shown, by their id."""
    said = {
        each["requirement"]: f"acknowledged until {words.day(each['until'])}" for each in results["acknowledgements"]
    }
    for each in results["attestations"]:
        said[each["requirement"]] = f"attested by {each['by']} until {words.day(each['until'])}"
    return said


def _courses(row: Row) -> tuple[Row, Sequence[tuple[Row, chart.Course]]]:
    """A timeline with the drawing of each of its clocks."""
    return row, [(each, chart.course(row["received"], each["due"], each["ended"])) for each in row["clocks"]]


def _totals(rows: Sequence[Row]) -> list[tuple[str, Tally]]:
    """Every requirement of the run once: in force by law and by guide, then by standing."""
    parts = {
        "Law in force": [row for row in rows if row["standing"] == "in-force" and row["kind"] == "law"],
        "Guides in force": [row for row in rows if row["standing"] == "in-force" and row["kind"] == "guide"],
        "Final, not yet in force": [row for row in rows if row["standing"] == "upcoming"],
        "Proposed": [row for row in rows if row["standing"] == "proposed"],
        "Asked for by advocates": [row for row in rows if row["standing"] == "advocacy"],
        "Asked for by a contract": [row for row in rows if row["standing"] == "contract"],
        "Citation read by nobody": [row for row in rows if row["standing"] == "unverified"],
        "Does not bind this payer": [row for row in rows if row["standing"] == "not-applicable"],
    }
    return [(name, Counter(row["verdict"] for row in part)) for name, part in parts.items() if part]


def _population(rows: Sequence[Row], exchanges: Mapping[str, Row]) -> dict[str, int]:
    scenarios = [each for row in rows for each in row["scenarios"]]
    return {
        "requirements": len(rows),
        "scenarios": len(scenarios),
        "judged": sum(each["judged"] for each in scenarios),
        "failed": sum(each["failed"] for each in scenarios),
        "exchanges": len(exchanges),
        "unanswered": sum(line["failure"] is not None for line in exchanges.values()),
    }

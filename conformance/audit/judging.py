"""The scenarios of records, run over one audit, and the record they leave: the same forms as a run against an API."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conformance import clock, paths
from conformance.audit.records import Records
from conformance.expect import FINDINGS, REQUIREMENT, Table
from conformance.judging import judged
from conformance.run import Run

SUITE = paths.RECORDS


@dataclass(frozen=True)
class Scenario:
    """One scenario of records: its id, the requirement it judges, its function."""

    id: str
    requirement: str
    judge: Callable[[Records], None]


def scenarios() -> Iterator[Scenario]:
    """The scenarios in suites/records, in the order of their files."""
    for path in sorted((paths.suites() / SUITE).glob("test_*.py")):
        spec = importlib.util.spec_from_file_location(f"conformance_{SUITE}_{path.stem}", path)
        if spec is None or spec.loader is None:
            raise RuntimeError(f"{path} cannot be loaded")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for name, function in vars(module).items():
            if name.startswith("test_") and (requirement := getattr(function, REQUIREMENT, None)):
                yield Scenario(f"{SUITE}.{name}", requirement, function)


def chosen(run: Run, about_figures: bool, about_records: bool) -> list[Scenario]:
    """The scenarios that stand for this payer and were asked for; figures only where some were given."""
    wanted = []
    for each in scenarios():
        row = run.catalogue.requirements[each.requirement]
        figures = row.api == "metrics"
        asked = about_figures if figures else about_records
        bound = run.standing(row).state != "not-applicable"
        if asked and bound and run.wanted(row, SUITE):
            wanted.append(each)
            run.planned.setdefault(row.id, []).append(each.id)
    return wanted


def judge(
    run: Run, wanted: list[Scenario], records: Records, out: Path, more: Callable[[], Mapping[str, Any]]
) -> dict[str, Table]:
    """Runs the scenarios and writes the record to ``out``; ``more`` gives the rest of the footer at the end.

    Gives back what was found, by requirement: every decision, where the verdict has the first only.
    """
    found: dict[str, Table] = {}
    with (out / "verdicts.jsonl").open("w", encoding="utf-8") as record:

        def write(line: Mapping[str, Any]) -> None:
            record.write(json.dumps(line, ensure_ascii=False) + "\n")
            record.flush()

        write({"kind": "header", **run.header()})
        for scenario in wanted:
            row = run.catalogue.requirements[scenario.requirement]
            with judged(scenario.id, row.id, row.level) as outcome:
                scenario.judge(records)
            found.update((row.id, table) for table in outcome.judgement.tables if table.name == FINDINGS)
            write({"kind": "verdict", "requirement": row.id, **outcome.verdict.as_json()})
        finished = clock.now().isoformat(timespec="seconds")
        write({"kind": "footer", "finished": finished, "interrupted": False, "audit": more()})
    (out / "exchanges.jsonl").touch()
    return found

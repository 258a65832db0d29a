"""verdicts.jsonl folded into results.json and the pages; a record that was cut short is folded as far as it goes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from conformance.errors import UsageError
from conformance.judge import judge
from conformance.paths import reports
from conformance.report.followed import rows_since, with_followed
from conformance.verdict import from_json


def fold(directory: Path, baseline: dict[str, Any] | None = None) -> dict[str, Any]:
    """The results of the record in ``directory``; UsageError where there is no header.

    A torn last line is dropped; what was planned and not run is not-tested; without a footer it is incomplete.
    """
    header = header_of(directory)
    lines = list(lines_of(directory / "verdicts.jsonl"))
    footer = next((line for line in lines if line.get("kind") == "footer"), {})
    verdicts = with_followed([from_json(line) for line in lines if line.get("kind") == "verdict"], lines)
    planned = {scenario for row in header["requirements"] for scenario in row["planned"]}
    finished = bool(footer) and not footer.get("interrupted") and planned <= {each.scenario for each in verdicts}
    judged = judge(header, verdicts, finished=finished, baseline=baseline)
    kept = {
        key: header[key] for key in ("schema", "harness", "target", "options", "as_of", "started", "scope", "clock")
    }
    return {
        **kept,
        "finished": footer.get("finished", ""),
        **judged,
        "latency": footer.get("latency", []),
        "formularies": footer.get("formularies", []),
        "drug_files": footer.get("drug_files", []),
        "drug_sources": footer.get("drug_sources", []),
        "decisions": rows_since(footer.get("decisions", []), lines, "decisions"),
        "timelines": rows_since(footer.get("timelines", []), lines, "timelines"),
        "waiting": footer.get("waiting", 0),
        "audit": footer.get("audit"),
    }


def header_of(directory: Path) -> dict[str, Any]:
    """The header of the record in ``directory``: what was planned."""
    header = next(lines_of(directory / "verdicts.jsonl"), {})
    if header.get("kind") != "header":
        raise UsageError("holds no record of a run: verdicts.jsonl is missing or has no header", file=str(directory))
    return {key: value for key, value in header.items() if key != "kind"}


def judged_since(directory: Path) -> frozenset[str]:
    """The scenarios of the record that a follow-up judged again."""
    lines = lines_of(directory / "verdicts.jsonl")
    return frozenset(line["id"] for line in lines if line.get("kind") == "followed")


def exchanges(directory: Path) -> dict[str, dict[str, Any]]:
    """The redacted exchanges of the record, by id."""
    return {line["id"]: line for line in lines_of(directory / "exchanges.jsonl")}


def ready() -> None:
    """Loads what writing the reports needs, so that it need not be waited for at the end."""
    from conformance.report.page import environment

    templates = environment(reports() / "templates")
    for name in ("report.html.j2", "macros.html.j2"):
        templates.get_template(name)


def write_reports(directory: Path, baseline: dict[str, Any] | None = None) -> dict[str, Any]:
    """Folds the record and writes results.json, report.html and junit.xml beside it; gives the results back."""
    from conformance.report.junit import write_junit
    from conformance.report.page import write_page

    results = fold(directory, baseline)
    (directory / "results.json").write_text(json.dumps(results, ensure_ascii=False, indent=1) + "\n", "utf-8")
    write_page(results, exchanges(directory), directory / "report.html")
    write_junit(results, directory / "junit.xml")
    return results


def lines_of(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of a record, without a torn last one; UsageError where one is none."""
    if not path.exists():
        return
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.endswith(b"\n"):
                return  # torn by a kill: what it would have said is not known
            try:
                said = json.loads(line)
            except (ValueError, RecursionError):
                said = None
            if not isinstance(said, dict):
                raise UsageError("is no line of a record: expected a JSON object", file=str(path), line=number)
            yield said

"""The dry run: what a run would judge and send, and what the same scenarios send to the model payer."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from conformance.errors import UsageError
from conformance.guides import Guide
from conformance.launch import Job, command, environment, pytest_trouble
from conformance.opening import guides
from conformance.prove import Said, run_clean
from conformance.report.record import header_of
from conformance.sandbox.serve import serve


def show_plan(target: str | None, given: Mapping[str, Any], *, as_json: bool) -> int:
    """Prints the plan: 0, or 2 where the target or the options are wrong."""
    with tempfile.TemporaryDirectory(prefix="conformance-plan-") as folder:
        if target is None:
            with serve(directory=Path(folder) / "sandbox") as payer:
                header = planned(str(payer.target_file), given, Path(folder))
        else:
            header = planned(target, given, Path(folder))
    seen = run_clean(given.get("suite") or (), given.get("guide") or ())
    rows = [_row(row, seen, guides()) for row in header["requirements"] if row["planned"] or row["untested"]]
    plan = {"target": header["target"], "as_of": header["as_of"], "scope": header["scope"], "requirements": rows}
    click.echo(json.dumps(plan, indent=1, ensure_ascii=False) if as_json else render(plan))
    return 0


def planned(target: str, given: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The header that a run would begin with; nothing is sent. UsageError where the target or the options are wrong."""
    out, options = folder / "plan", folder / "options.json"
    out.mkdir()
    options.write_text(json.dumps(dict(given)), "utf-8")
    job = Job(target=target, out=out, options=given, allure=False)
    words = [*command(job, options), "--collect-only"]
    done = subprocess.run(words, env=environment(job), capture_output=True, check=False)  # noqa: S603
    if done.returncode not in (0, 5):
        raise UsageError(pytest_trouble(done.stdout.decode() + done.stderr.decode()))
    return header_of(out)


def render(plan: Mapping[str, Any]) -> str:
    """The plan for a reader."""
    lines = [f"{plan['target']['name']}, by the law in force on {plan['as_of']}"]
    for row in plan["requirements"]:
        since = f", since {row['since']}" if row["since"] else ""
        lines += ["", f"{row['id']}  ({row['kind']}, {row['level']}, {row['standing']}{since})", f"  {row['text']}"]
        lines += [f"  {cite}" for cite in row["cites"]]
        if row["untested"]:
            lines.append(f"  not tested: {row['untested']}")
        for scenario in row["scenarios"]:
            sent = ", ".join(f"{each['operation']} ×{each['times']} ({each['act']})" for each in scenario["exchanges"])
            lines.append(f"    {scenario['id']}: {sent or 'sends nothing of its own'}")
    missing = plan["scope"]["missing"]
    if missing:
        lines += ["", f"Required by law and not in the target: {', '.join(missing)}"]
    return "\n".join(lines)


def _row(row: Mapping[str, Any], seen: Mapping[str, Said], tables: Mapping[tuple[str, str], Guide]) -> dict[str, Any]:
    kept = ("id", "kind", "level", "standing", "since", "cites", "text", "untested")
    return {
        **{key: row[key] for key in kept},
        "scenarios": [{"id": each, "exchanges": _exchanges(seen.get(each), tables)} for each in row["planned"]],
    }


def _exchanges(said: Said | None, tables: Mapping[tuple[str, str], Guide]) -> list[dict[str, Any]]:
    """The operations a scenario used at the model payer, how often, and whether each reads or writes."""
    if said is None:
        return []
    acts = {name: row["act"] for guide in tables.values() for name, row in guide.operations.items()}
    counted = sorted(Counter(said.sent).items())
    return [{"operation": name, "times": times, "act": acts.get(name, "read")} for name, times in counted]

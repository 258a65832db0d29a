"""The command ``conformance audit``: an audit, told on the console."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from conformance.audit.command import audit
from conformance.console import tell
from conformance.launch import Done, baseline_of, prepare


def audit_records(named: Sequence[str], out: Path, given: Mapping[str, Any]) -> int:
    """One audit; its exit code. What it found is printed and written to ``out``."""
    baseline = baseline_of(given.get("baseline"))
    prepare(out)
    results = audit(named, out, given, baseline)
    code = tell(Done(results, results["exit_code"]), out)
    if site := given.get("publish"):
        click.echo(f"Figures to be posted: {Path(site) / 'metrics.html'}")
    return code

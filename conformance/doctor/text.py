"""The doctor's findings as plain text, and what to do next."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from conformance.doctor.check import Check

WIDTH = 110
WHO = {
    "your file": "in your target file",
    "payer": "at the payer",
    "network": "on the way",
    "us": "in the harness",
    "": "somewhere",
}


def render(checks: Sequence[Check]) -> str:
    """Every check on its line (ok, note or stop), then what stands in the way and who can change it."""
    lines = [line for check in checks for line in _lines(check)]
    return "\n".join([*lines, "", *_next(checks)])


def _lines(check: Check) -> list[str]:
    mark = "stop" if not check.ok else "note" if check.change else "ok"
    return textwrap.wrap(
        f"{check.name}: {check.message}", WIDTH, initial_indent=f"{mark:<6}", subsequent_indent=" " * 6
    ) + ([f"{' ' * 6}-> {check.change}"] if check.change else [])


def _next(checks: Sequence[Check]) -> list[str]:
    stops = [check for check in checks if not check.ok]
    notes = sum(1 for check in checks if check.ok and check.change)
    if not stops:
        left = f" {notes} notes say what will not be tested or may surprise." if notes else ""
        return [f"Nothing stands in the way of a verdict.{left} Next: conformance run with the same target."]
    lines = [f"{len(stops)} of {len(checks)} checks stand in the way of a verdict. What to do next:"]
    first = [check for check in stops if not check.because]
    lines += [
        f"{number:>3}. {WHO[check.actor]}: {check.change or check.message} ({check.name})"
        for number, check in enumerate(first, 1)
    ]
    if len(first) < len(stops):
        lines.append(f"The other {len(stops) - len(first)} follow from these.")
    return lines

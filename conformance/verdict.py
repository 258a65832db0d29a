"""The eight verdicts, which of several is the worst, and the value a scenario leaves behind."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, get_args

from conformance.errors import Actor, Finding

Verdict = Literal["fail", "error", "not-tested", "waived", "advisory", "attested", "pass", "not-applicable"]

# Worst first. ``attested`` stands beside ``pass`` and is never counted as one.
ORDER: tuple[Verdict, ...] = get_args(Verdict)


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of a requirement's scenarios; of none, not-applicable."""
    return min(verdicts, key=ORDER.index, default="not-applicable")


@dataclass(frozen=True)
class ScenarioVerdict:
    """What one scenario said of one requirement at one claim (API and guide version)."""

    scenario: str
    requirement: str
    verdict: Verdict
    judged: int = 0
    failed: int = 0
    findings: tuple[Finding, ...] = ()
    advice: tuple[Finding, ...] = ()
    message: str = ""
    because: str = ""
    change: str = ""
    actor: Actor | Literal[""] = ""
    seconds: float = 0.0
    exchanges: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The scenario entry of results.json, less the requirement it belongs to."""
        return {
            "id": self.scenario,
            "verdict": self.verdict,
            "judged": self.judged,
            "failed": self.failed,
            "findings": [_finding(each) for each in self.findings],
            "advice": [_finding(each) for each in self.advice],
            "message": self.message,
            "because": self.because,
            "change": self.change,
            "actor": self.actor,
            "seconds": round(self.seconds, 4),
            "exchanges": list(self.exchanges),
        }


def from_json(line: dict[str, Any]) -> ScenarioVerdict:
    """A verdict line of verdicts.jsonl read back."""
    return ScenarioVerdict(
        scenario=line["id"],
        requirement=line["requirement"],
        verdict=line["verdict"],
        judged=line["judged"],
        failed=line["failed"],
        findings=tuple(Finding(**each) for each in line["findings"]),
        advice=tuple(Finding(**each) for each in line["advice"]),
        message=line["message"],
        because=line["because"],
        change=line["change"],
        actor=line["actor"],
        seconds=line["seconds"],
        exchanges=tuple(line["exchanges"]),
    )


def _finding(finding: Finding) -> dict[str, str]:
    return {"expected": finding.expected, "actual": finding.actual, "at": finding.at}

"""A model payer's decision records for a year, with what is known of them beside: ``conformance generate records``."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from statistics import fmean, median
from typing import Any

from conformance.errors import UsageError
from conformance.sandbox.record_cases import CASES, LAWFUL, UNCLEAR, UNLAWFUL, YEAR, ZONES, Case, Facts
from conformance.sandbox.record_forms import FORMS, Writer

TWICE = 300  # one decision of so many is told twice: open first, decided later


@dataclass(frozen=True)
class Decision:
    """One decision: its number, what kind it is known to be, its facts, and whether it is told twice."""

    key: str
    case: Case
    facts: Facts
    twice: bool


@dataclass
class Truth:
    """What is known of one form's records, counted as they are written."""

    decisions: int = 0
    rows: int = 0
    twice: int = 0
    cases: Counter[str] = field(default_factory=Counter)
    found: dict[str, Counter[str]] = field(default_factory=dict)  # requirement or "excluded" -> what -> how many
    outcomes: dict[str, Counter[str]] = field(default_factory=dict)  # standard, expedited -> outcome -> how many
    reasons: Counter[str] = field(default_factory=Counter)
    appeals: Counter[str] = field(default_factory=Counter)
    spent: dict[str, list[float]] = field(default_factory=dict)

    def add(self, decision: Decision) -> None:
        """Counts one decision."""
        facts, is_ = decision.facts, decision.case.is_
        self.decisions += 1
        self.rows += 1 + decision.twice
        self.twice += decision.twice
        self.cases[decision.case.name] += 1
        if is_.startswith("excluded:"):
            self.found.setdefault("excluded", Counter())[is_.partition(":")[2]] += 1
            return
        clock = _clock(facts)
        self.found.setdefault(clock, Counter())[is_] += 1
        if facts["outcome"] in ("denied", "partial") and facts["kind"] == "item":
            said = facts.get("reason") or facts.get("reason_code")
            self.reasons[
                "missing" if not said else "boilerplate" if "boilerplate" in decision.case.name else "specific"
            ] += 1
        if facts["kind"] != "item" or facts["outcome"] == "pended":
            return
        self.outcomes.setdefault(facts["urgency"], Counter())[facts["outcome"]] += 1
        if facts.get("appeal"):
            self.appeals[facts["appeal"]] += 1
        if facts.get("decided") and facts.get("received") and is_ != "before":
            # By the instants: two datetimes of one zone differ by the hands of its clock.
            spent = facts["decided"].timestamp() - facts["received"].timestamp()
            self.spent.setdefault(facts["urgency"], []).append(spent)

    def as_json(self) -> dict[str, Any]:
        """The truth as truth.json has it."""
        return {
            "decisions": self.decisions,
            "rows": self.rows,
            "twice": self.twice,
            "cases": dict(sorted(self.cases.items())),
            "found": {name: dict(sorted(each.items())) for name, each in sorted(self.found.items())},
            "outcomes": {name: dict(sorted(each.items())) for name, each in sorted(self.outcomes.items())},
            "reasons": dict(sorted(self.reasons.items())),
            "appeals": dict(sorted(self.appeals.items())),
            "seconds": {
                name: {"mean": fmean(each), "median": median(each), "count": len(each)}
                for name, each in sorted(self.spent.items())
            },
        }


def _clock(facts: Facts) -> str:
    if facts["kind"] != "item":
        return "drug-decisions.part-b"
    return f"prior-auth.decision-time-{facts['urgency']}"


def generate(out: Path, count: int, seed: int, forms: Sequence[str] = (), cases: Sequence[str] = ()) -> dict[str, Any]:
    """Writes ``count`` decisions to ``out``, one folder per form, and truth.json; gives the truth back.

    Without ``cases`` there is everything; with them only what is lawful, and these. A decision that a form cannot
    tell is left out of it, and of its truth.
    """
    if strangers := set(forms) - set(FORMS):
        raise UsageError(f"--form {min(strangers)}: expected one of {', '.join(FORMS)}")
    if strangers := set(cases) - set(CASES):
        raise UsageError(f"--case {min(strangers)}: there are {', '.join(CASES)}")
    chosen = [*LAWFUL, *(CASES[name] for name in cases)] if cases else [*LAWFUL, *UNLAWFUL, *UNCLEAR]
    named = list(forms) or list(FORMS)
    truths = {form: Truth() for form in named}
    with ExitStack() as stack:
        writers = {form: stack.enter_context(FORMS[form](_folder(out / form))) for form in named}
        for decision in population(count, seed, chosen):
            _write(decision, writers, truths)
    truth = {
        "count": count, "seed": seed, "year": YEAR, "payer_type": "ma", "timezones": list(ZONES),
        "extracted": f"{YEAR}-12-31", "forms": {form: each.as_json() for form, each in truths.items()},
    }  # fmt: skip
    (out / "truth.json").write_text(json.dumps(truth, indent=1) + "\n", "utf-8")
    (out / "audit.toml").write_text(_mapping(), "utf-8")
    return truth


def population(count: int, seed: int, cases: Sequence[Case]) -> Iterator[Decision]:
    """Decisions of these cases by their weights; each case once at least, where there is room."""
    random = Random(seed)  # noqa: S311  made-up records, the same for the same seed
    weights = [case.weight for case in cases]
    for number in range(count):
        case = cases[number] if number < len(cases) else random.choices(cases, weights)[0]
        facts = case.build(random)
        decided = facts.get("decided") is not None and facts["outcome"] in ("approved", "denied", "partial")
        yield Decision(f"PA-{seed}-{number:08d}", case, facts, decided and random.randrange(TWICE) == 0)


def _write(decision: Decision, writers: dict[str, Writer], truths: dict[str, Truth]) -> None:
    for form, writer in writers.items():
        if writer.can_tell(decision.case):
            if decision.twice:
                writer.write(
                    decision.key, {**decision.facts, "outcome": "pended", "decided": None, "notified": None}, 1
                )
            writer.write(decision.key, decision.facts, 2)
            truths[form].add(decision)


def _folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    return path


def _mapping() -> str:
    zones: Iterable[str] = (f'"{zone}"' for zone in ZONES)
    return (
        'payer_type = "ma"\n'
        f"timezones = [{', '.join(zones)}]\n"
        f"extracted = {YEAR}-12-31\n"
        'population = "Every decision of the model payer in the year, made up."\n'
    )

"""Verdicts of scenarios -> verdicts of requirements -> the two headlines -> the exit code: one pure function.

``judge(header, verdicts, finished)`` takes what verdicts.jsonl holds and gives the judged part of results.json. What
decides: a requirement that is in force, at level shall, with a scenario. Everything else is shown, with its date.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal

from conformance.verdict import ORDER, ScenarioVerdict, Verdict, worst

Headline = Literal["conformant", "not-conformant", "inconclusive"]
DISCLAIMER = "This is not a CMS certification. It says what was seen at this endpoint, on this day, with these cases."
OPEN: frozenset[Verdict] = frozenset({"error", "not-tested"})

NARROWING = ("suite", "requirement", "guide")  # options by which a tester runs a part only
NAMED = 3  # of many, in one line
EXIT_OK, EXIT_FAILED, EXIT_USAGE, EXIT_INCONCLUSIVE = 0, 1, 2, 3


def judge(
    header: Mapping[str, Any], verdicts: Iterable[ScenarioVerdict], *, finished: bool, baseline: Any = None
) -> dict[str, Any]:
    """What is judged in results.json: requirements and counts, headlines, part, verdicts, exit_code and the rest."""
    said: dict[str, list[ScenarioVerdict]] = {}
    for verdict in verdicts:
        said.setdefault(verdict.requirement, []).append(verdict)
    options = header.get("options", {})
    requirements = [_requirement(row, said.get(row["id"], []), header) for row in header["requirements"]]
    _take_back_excuses(requirements)
    before = _before(baseline)
    for row in requirements:
        row["new"] = baseline is not None and row["verdict"] == "fail" and before.get(row["id"]) != "fail"
    missing = header.get("scope", {}).get("missing", [])
    sides = {kind: _side([row for row in requirements if row["kind"] == kind], finished) for kind in ("law", "guide")}
    return {
        "headline": {
            "law": _law_headline(_in_force(requirements, "law"), missing, header),
            "guides": _guide_headline(_in_force(requirements, "guide")),
            "disclaimer": DISCLAIMER,
        },
        "part": part(options),
        "verdicts": {"law": sides["law"], "guides": sides["guide"]},
        "complete": finished,
        "exit_code": exit_code(requirements, options, finished, before),
        "counts": {
            "law": _counts(_in_force(requirements, "law")),
            "guides": _counts(_in_force(requirements, "guide")),
        },
        "other_counts": _other_counts(requirements),
        "requirements": requirements,
        "baseline": _against(baseline, requirements, before),
        "acknowledgements": _uses(header.get("acknowledged", {}), requirements, "waived"),
        "attestations": _uses(header.get("attested", {}), requirements, "attested"),
    }


def exit_code(
    requirements: Sequence[Mapping[str, Any]],
    options: Mapping[str, Any],
    finished: bool,
    before: Mapping[str, str] = MappingProxyType({}),
) -> int:
    """0, 1 or 3: 1 a deciding requirement failed; 3 one could not be judged, or nothing passed.

    ``before``: the verdicts of the baseline by requirement; what was unmet there already does not count again.
    """
    kinds = {"law"} if options.get("gate") == "rules" else {"law", "guide"}
    deciding = [row for row in requirements if row["standing"] == "in-force" and row["kind"] in kinds]
    shalls = [row for row in deciding if row["level"] == "shall"]
    if any(row["verdict"] == "fail" and before.get(row["id"]) != "fail" for row in shalls):
        return EXIT_FAILED
    advised = [row for row in deciding if row["verdict"] == "advisory" and row["level"] == "should"]
    if options.get("strict") and any(before.get(row["id"]) not in ("fail", "advisory") for row in advised):
        return EXIT_FAILED
    if not finished or not any(row["verdict"] == "pass" for row in deciding):
        return EXIT_INCONCLUSIVE
    idle = any(row["acknowledged_in_vain"] for row in requirements)
    return EXIT_INCONCLUSIVE if idle or any(_is_open(row) for row in shalls) else EXIT_OK


def _take_back_excuses(requirements: Sequence[Mapping[str, Any]]) -> None:
    """Takes back each "because of" that names a requirement which is met: it stands in nobody's way."""
    met = {row["id"] for row in requirements if row["verdict"] == "pass"}
    for scenario in (each for row in requirements for each in row["scenarios"]):
        if scenario["because"] in met:
            scenario["because"] = ""


def _is_open(row: Mapping[str, Any]) -> bool:
    # What nothing here can test (no scenario) is told in the headline; it is no gap of this run.
    return row["verdict"] in OPEN and bool(row["scenarios"])


def _requirement(
    row: Mapping[str, Any], verdicts: Sequence[ScenarioVerdict], header: Mapping[str, Any]
) -> dict[str, Any]:
    # The worst last: where two folders hold a scenario of the same name, neither hides the other.
    seen = {each.scenario: each for each in sorted(verdicts, key=lambda each: -ORDER.index(each.verdict))}
    scenarios = [
        seen.get(scenario)
        or ScenarioVerdict(scenario, row["id"], "not-tested", message="the run stopped before this scenario")
        for scenario in row["planned"]
    ]
    verdict: Verdict = worst(each.verdict for each in scenarios)
    if not scenarios:
        verdict = "not-tested" if row.get("untested") and row["standing"] != "not-applicable" else "not-applicable"
    if verdict == "not-tested" and row["id"] in header.get("attested", {}):
        verdict = "attested"
    elif verdict == "not-tested" and row["id"] in header.get("acknowledged", {}):
        verdict = "waived"
    judged = {key: value for key, value in row.items() if key != "planned"}
    # An excuse that nothing needs any more is a mistake of the file: it would hide the next gap.
    excused = row["id"] in {**header.get("acknowledged", {}), **header.get("attested", {})}
    idle = excused and bool(scenarios) and verdict not in ("waived", "attested", "error")
    return {
        **judged,
        "acknowledged_in_vain": idle,
        "verdict": verdict,
        "scenarios": [each.as_json() for each in scenarios],
    }


def _in_force(requirements: Iterable[Mapping[str, Any]], kind: str) -> list[Mapping[str, Any]]:
    return [
        row
        for row in requirements
        if row["kind"] == kind
        and row["standing"] == "in-force"
        and row["verdict"] != "not-applicable"
        and row["level"] != "may"  # a permission asks for nothing
    ]


def part(options: Mapping[str, Any]) -> list[str]:
    """What alone was run where the tester narrowed the run: ``["suite bulk"]``; empty where nothing was left out."""
    return [f"{name} {each}" for name in NARROWING for each in options.get(name) or ()]


def _side(requirements: Sequence[Mapping[str, Any]], finished: bool) -> Headline:
    shalls = [
        row
        for row in requirements
        if row["standing"] == "in-force" and row["level"] == "shall" and row["verdict"] != "not-applicable"
    ]
    if any(row["verdict"] == "fail" for row in shalls):
        return "not-conformant"
    if not finished or not any(row["verdict"] == "pass" for row in shalls) or any(_is_open(row) for row in shalls):
        return "inconclusive"
    return "conformant"


def _law_headline(rows: Sequence[Mapping[str, Any]], missing: Sequence[str], header: Mapping[str, Any]) -> str:
    total = len(rows)
    failed = [row for row in rows if row["verdict"] == "fail" and row["level"] == "shall"]
    met = sum(row["verdict"] in ("pass", "advisory") for row in rows)
    plan = "this plan" if header.get("target", {}).get("payer_type") else "an unnamed payer"
    requirements, were = "requirement" if total == 1 else "requirements", "was" if met == 1 else "were"
    if not total:
        text = f"No requirement of law in force for {plan} was examined as of {header['as_of']}."
    elif failed:
        text = f"{len(failed)} of {total} {requirements} of law in force for {plan} failed; {met} {were} met"
        text += f" ({total - met - len(failed)} not shown)." if total > met + len(failed) else "."
    else:
        text = f"No failure found in {met} of {total} {requirements} of law in force for {plan}"
        text += f" ({total - met} not shown)." if total > met else "."
    if missing:
        were = "API was" if len(missing) == 1 else "APIs were"
        text += f" {len(missing)} required {were} not examined."
    if only := part(header.get("options", {})):
        text += f" Only a part was run: {in_short(only)}."
    return text


def in_short(names: Sequence[str]) -> str:
    """The first few of many names, and how many more there are."""
    return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")


def _guide_headline(rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return "Guides claimed: none was examined."
    met = sum(row["verdict"] in ("pass", "advisory") for row in rows)
    failed = sum(row["verdict"] == "fail" for row in rows)
    advised = sum(row["verdict"] == "advisory" for row in rows)
    open_ = len(rows) - met - failed
    more = [f"{failed} failed"] * bool(failed) + [f"{open_} not shown"] * bool(open_)
    more += [f"{advised} with advice"] * bool(advised)
    return f"Guides claimed: {met} of {len(rows)}" + (f" ({', '.join(more)})." if more else ".")


def _counts(rows: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    counted = Counter(row["verdict"] for row in rows)
    return {verdict: counted[verdict] for verdict in ORDER if verdict != "not-applicable"}


def _other_counts(rows: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    counted: dict[str, Counter[str]] = {}
    for row in rows:
        if row["standing"] != "in-force":
            counted.setdefault(row["standing"], Counter())[row["verdict"]] += 1
    return {standing: dict(sorted(each.items())) for standing, each in sorted(counted.items())}


def _before(baseline: Any) -> Mapping[str, str]:
    """The verdicts of a baseline, by requirement."""
    if not isinstance(baseline, Mapping):
        return {}
    return {row["id"]: str(row.get("verdict", "")) for row in baseline.get("requirements", [])}


def _against(
    baseline: Any, requirements: Sequence[Mapping[str, Any]], before: Mapping[str, str]
) -> dict[str, Any] | None:
    """What changed since the baseline; a failure that was not judged again is not gone."""
    if baseline is None:
        return None
    met = (row["id"] for row in requirements if row["verdict"] in ("pass", "advisory"))
    return {
        "finished": baseline.get("finished", "") if isinstance(baseline, Mapping) else "",
        "new_failures": sorted(row["id"] for row in requirements if row["new"]),
        "gone": sorted(each for each in met if before.get(each) == "fail"),
    }


def _uses(
    given: Mapping[str, Mapping[str, Any]], requirements: Sequence[Mapping[str, Any]], verdict: str
) -> list[dict[str, Any]]:
    used = {row["id"] for row in requirements if row["verdict"] == verdict}
    return [{"requirement": name, **facts, "used": name in used} for name, facts in given.items()]

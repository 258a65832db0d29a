"""What to do next, and who: for one verdict, and for the whole run in the order in which it pays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conformance.report import words

DECIDING = ("fail", "error", "not-tested")
LEVELS = ("shall", "should", "may")


@dataclass(frozen=True)
class Step:
    """One thing to do: who acts, what in a sentence, and the command or key of target.toml that goes with it."""

    who: str
    text: str
    code: str = ""


@dataclass(frozen=True)
class Action:
    """An entry of "Do first": ``what`` is the duty or obstacle, ``why`` what was seen, ``anchor`` where it is told."""

    who: str
    what: str
    why: str
    anchor: str
    exposed: bool = False


def actor(scenario: Mapping[str, Any]) -> str:
    """Who has to act on this scenario's verdict; where the record does not say, the verdict does."""
    if scenario["actor"]:
        return str(scenario["actor"])
    if scenario["verdict"] == "error":
        return "network"
    return "your file" if scenario["change"] else "payer"


def after_a_finding(requirement: Mapping[str, Any], acts: Sequence[str], claims: Sequence[str]) -> Step:
    """After a failure or an unmet recommendation: ``acts`` are the operations and cases it was seen in."""
    if _recorded(requirement):
        return _after_records(requirement)
    seen = "the answer of " + _listed([*acts[:3], *(["others"] if len(acts) > 3 else [])] or ["the API"])
    if requirement["standing"] != "in-force":
        since = f" before {words.day(requirement['since'])}" if requirement["since"] else ""
        text = f"Nothing is due yet. To be ready{since}, look at {seen}."
    elif requirement["verdict"] == "advisory":
        text = f"Recommended, not required: it decides nothing unless the run is strict. Consider changing {seen}."
    else:
        text = f"Correct {seen}, then run this requirement alone:"
    return Step("payer", text, again(requirement["id"], claims))


def _recorded(requirement: Mapping[str, Any]) -> bool:
    """Whether all that was found of a requirement was found in records or published figures (suites/records)."""
    found = [scenario for scenario in requirement["scenarios"] if scenario["findings"] or scenario["verdict"] == "fail"]
    return bool(found) and all(scenario["id"].startswith("records.") for scenario in found)


def _after_records(requirement: Mapping[str, Any]) -> Step:
    published = requirement["id"].startswith("metrics.")
    where, what = ("--published FILE|URL", "what is published") if published else ("RECORDS", "how these were decided")
    if requirement["standing"] != "in-force":
        text = "Nothing is due yet. What it would take is in findings.csv beside this page."
    elif requirement["verdict"] == "advisory":
        text = "Recommended, not required: it decides nothing. To check again:"
    else:
        text = f"Look these up (findings.csv beside this page has more of them), correct {what}, then audit again:"
    return Step("payer", text, f"conformance audit {where} --requirement {requirement['id']}")


def after_an_error(who: str, change: str) -> Step:
    """Nothing was learnt about the payer; who must act before anything can be."""
    if who == "network":
        return Step(who, "Find out where the connection ends, then run again:", "conformance doctor TARGET")
    if who == "your file":
        return Step(who, "Correct this key of the target file:" if change else "Correct the target file.", change)
    if who == "us":
        return Step(who, "A mistake of the harness, not of the payer: report it with this run's verdicts.jsonl.")
    return Step(who, "The payer's side must answer before anything can be judged.")


def again(requirement_id: str, claims: Sequence[str]) -> str:
    """The command that runs one requirement, for the one guide version it concerns where it concerns only one."""
    only = f" --guide {claims[0]}" if len(claims) == 1 and "=" in claims[0] else ""
    return f"conformance run TARGET --requirement {requirement_id}{only}"


def exposed(requirement: Mapping[str, Any]) -> bool:
    """Whether members' data were seen open to somebody who may not have them; an older record does not say."""
    return requirement["verdict"] == "fail" and bool(requirement.get("exposes"))


def urgency(requirement: Mapping[str, Any]) -> tuple[bool, bool, bool, int, int]:
    """Sorts: members' data that are open, what is new, law before guides, shall before should, failures first."""
    verdict, level = requirement["verdict"], requirement["level"]
    return (
        not exposed(requirement),
        not requirement.get("new", False),
        requirement["kind"] != "law",
        LEVELS.index(level) if level in LEVELS else len(LEVELS),
        DECIDING.index(verdict) if verdict in DECIDING else len(DECIDING),
    )


def first(
    failed: Sequence[tuple[Mapping[str, Any], str]],
    errors: Sequence[tuple[str, str, int, str]],
    missing: Sequence[str],
    unshown: Sequence[tuple[str, str, int, str]],
) -> list[Action]:
    """All there is to do, the most pressing first: members' data that are open, then the law.

    ``failed`` is (requirement, anchor) sorted by urgency; ``errors`` (who, message, requirements, anchor); ``missing``
    APIs; ``unshown`` (label, why, requirements, anchor).
    """
    grave = [_of_a_failure(row, anchor) for row, anchor in failed if _is_grave(row)]
    guides = [_of_a_failure(row, anchor) for row, anchor in failed if not _is_grave(row)]
    unjudged = [
        Action(who, message, f"{words.several(count, 'requirement')} could not be judged", anchor)
        for who, message, count, anchor in errors
    ]
    names = _listed([words.api(api) for api in missing])
    absent = [
        Action("your file", f"Name {names} in the target file", "APIs that the law demands; not examined", "apis")
    ]
    shown = [
        Action("your file", label, f"{words.several(count, 'requirement')} not shown: {why or 'needed'}", anchor)
        for label, why, count, anchor in unshown
    ]
    # A network that gives nothing back hides everything else: it comes before a guide's details.
    return [*grave, *unjudged, *guides, *(absent if missing else []), *shown]


def _listed(names: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))


def _is_grave(failure: Mapping[str, Any]) -> bool:
    """Whether a failure comes before what could not be judged."""
    return exposed(failure) or failure["kind"] == "law"


def _of_a_failure(requirement: Mapping[str, Any], anchor: str) -> Action:
    finding = next((each for scenario in requirement["scenarios"] for each in scenario["findings"]), None)
    why = f"expected {finding['expected']}; found {finding['actual']}" if finding else _message(requirement)
    return Action("payer", requirement["text"], why, anchor, exposed(requirement))


def _message(requirement: Mapping[str, Any]) -> str:
    return next((str(each["message"]) for each in requirement["scenarios"] if each["message"]), "")

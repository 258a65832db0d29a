"""junit.xml for pipelines: a test case per scenario, a suite per API.

Only a requirement in force can fail there. What is not shown, acknowledged, attested or not applicable is skipped,
advice passes with its text as output, and what is not in force yet is skipped whatever it said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent

from conformance.report import words
from conformance.report.text import visible

Row = Mapping[str, Any]

_CHILDREN = {"fail": "failure", "error": "error", "pass": "", "advisory": ""}  # all others: skipped


def write_junit(results: Row, out: Path) -> None:
    """Writes the verdicts of one run to ``out`` as JUnit XML."""
    root = Element("testsuites", name=visible(f"{results['harness']['name']}: {results['target']['name']}"))
    cases: list[Element] = []
    for api in dict.fromkeys(row["api"] for row in results["requirements"]):
        suite = SubElement(root, "testsuite", name=visible(api), timestamp=visible(results["started"]))
        found = [case for row in results["requirements"] if row["api"] == api for case in _cases(row)]
        suite.extend(found)
        _count(suite, found)
        cases += found
    _count(root, cases)
    indent(root)
    ElementTree(root).write(out, encoding="utf-8", xml_declaration=True)


def _count(element: Element, cases: Sequence[Element]) -> None:
    element.set("tests", str(len(cases)))
    for attribute, child in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        element.set(attribute, str(sum(case.find(child) is not None for case in cases)))
    element.set("time", f"{sum(float(case.get('time', '0')) for case in cases):.3f}")


def _cases(row: Row) -> Iterable[Element]:
    """The test cases of one requirement; one that no scenario tests is a single skipped case."""
    if not row["scenarios"]:
        case = Element("testcase", classname=visible(row["id"]), name=visible(row["id"]), time="0.000")
        message = row["untested"] or row["note"] or words.short(row["verdict"])
        SubElement(case, "skipped", message=visible(message))
        yield case
    for scenario in row["scenarios"]:
        yield _case(row, scenario)


def _case(row: Row, scenario: Row) -> Element:
    case = Element(
        "testcase",
        classname=visible(row["id"]),
        name=visible(scenario["id"]),
        time=f"{scenario['seconds']:.3f}",
    )
    verdict, decides = scenario["verdict"], row["standing"] == "in-force"
    told = _told(row, scenario)
    child = _CHILDREN.get(verdict, "skipped")
    if not decides and child in ("failure", "error"):
        since = f" until {row['since']}" if row["since"] else ""
        SubElement(case, "skipped", message=visible(f"{verdict}, but not in force{since}: {_first(told)}"))
    elif child == "skipped":
        SubElement(case, "skipped", message=visible(_reason(scenario)))
    elif child:
        SubElement(case, child, message=visible(_first(told)), type=verdict).text = visible("\n".join(told))
    if told and (verdict == "advisory" or not decides):
        SubElement(case, "system-out").text = visible("\n".join(told))
    return case


def _told(row: Row, scenario: Row) -> list[str]:
    """What the scenario found, a line each, then the rule and the exchanges."""
    findings = [*scenario["findings"], *scenario["advice"]]
    lines = [_finding(each) for each in findings] or ([scenario["message"]] if scenario["message"] else [])
    if scenario["failed"] > len(findings):
        lines.append(f"{scenario['failed']} of {scenario['judged']} judged were wrong")
    if row["cites"]:
        lines.append(f"rule: {'; '.join(row['cites'])}")
    if scenario["exchanges"]:
        lines.append(f"exchanges: {', '.join(scenario['exchanges'][:20])}")
    return lines


def _finding(finding: Row) -> str:
    where = f" at {finding['at']}" if finding["at"] else ""
    return f"expected {finding['expected']}; found {finding['actual']}{where}"


def _first(lines: Sequence[str]) -> str:
    return lines[0] if lines else "no reason recorded"


def _reason(scenario: Row) -> str:
    """Why a case is skipped: the verdict, the reason, and what would change it."""
    parts = [words.short(scenario["verdict"])]
    parts += [scenario["message"]] if scenario["message"] else []
    parts += [f"because of {scenario['because']}"] if scenario["because"] else []
    parts += [f"change {scenario['change']} in the target file"] if scenario["change"] else []
    return ": ".join(parts[:2]) + "".join(f" ({each})" for each in parts[2:])

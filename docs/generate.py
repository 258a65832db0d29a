"""Writes the pages that are made from the program itself: requirements.md, pas-statements.md and commands.md, and the
README's counts.

python docs/generate.py
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import click

from conformance import paths
from conformance.catalogue import Requirement, reaches
from conformance.catalogue_file import Law
from conformance.cli import main
from conformance.opening import catalogue_of, guides, scenario_folders
from conformance.sandbox import record_drugs, record_pages
from conformance.sandbox.faults import faults, variants
from conformance.sandbox.record_cases import UNLAWFUL
from conformance.target import MAIN_GUIDES, Claim

DOCS = Path(__file__).resolve().parent
HEADING = "| requirement | level | asked for by | stands | judged by | proven by |\n|---|---|---|---|---|---|"
APIS = {
    "prior-auth": "Prior authorization",
    "formulary": "Drug formulary",
    "payer-to-payer": "Payer-to-payer exchange",
    "coverage-discovery": "Coverage discovery",
    "documentation": "Documentation",
    "discovery": "Discovery and security",
    "drug-decisions": "Drug decisions",
    "metrics": "Published metrics",
    "patient-access": "Patient access",
    "provider-access": "Provider access",
    "provider-directory": "Provider directory",
}
CONFIDENCE = {"secondary": "read in a secondary source", "unverified": "citation unread: never decides"}

PREFACE = """\
# Every requirement

This page is made by `python docs/generate.py` from the catalogue (`suites/requirements/*.toml`), the scenarios and the
model payer. It says what is judged and, just as plainly, what is not.

{counts}

How to read a row:

- **level** is `shall`, `should` or `may`. Only a `shall` that is in force decides. An unmet `should` is advice
  (`--strict` makes it decide).
- **asked for by** is the paragraph of law for each type of payer, or the statement of each guide with the versions that
  make it. A name such as `spec-34` is the key of the statement in the guide; other names are the profile, page or
  resource that says it.
- **stands** is the day from which a law binds. Where it is counted from a rating period or a plan year, that day is
  the earliest: the period that begins on or after it counts. A guide's row stands wherever its version is claimed.
  *Proposed* rows run only with `--include proposed` and never decide, and so do those that *advocates* ask for
  (`--include advocacy`). A citation that nobody read never decides.
- **judged by** names the scenario and the guide versions at which it runs, or why nothing judges the row. What is not
  judged is never counted as met.
- **proven by** names the faults of the model payer that make the row fail ([how](architecture.md#the-model-payer)); of
  what is judged over decision records, the made-up [records](auditing-records.md#try-it) and pages that do.

Payers: `ma` Medicare Advantage, `medicaid-ffs` and `chip-ffs` fee-for-service, `medicaid-mco` and `chip-mco` managed
care, `qhp-ffe` and `qhp-shop` issuers on the federal exchanges. Guides: `pas` Prior Authorization Support, `usdf` US
Drug Formulary, `hrex` Health Record Exchange, `pdex` Payer Data Exchange, `bulk` Bulk Data, `smart` SMART App Launch.
"""

STATEMENTS = """\
# Every statement of the prior-authorization guide that binds a payer

This page is made by `python docs/generate.py` from the catalogue and the scenarios. The keys are those by which PAS
2.2.1 numbers its own sentences (`spec-34` is on its specification page); the version before it has most of them without
a key. What they say is told in words of our own. A statement counts as judged where a scenario judges, at
its own level, a row that cites it in whole or in part; the [requirements](requirements.md) name the faults that prove
each scenario.

{counts}

A statement that only permits something (*may*) cannot be failed. The guide's profiles, operations and capability
statements ask for more without a key: those rows are on the page of requirements only.
"""
KEY = re.compile(r"([a-z]+(?:-[a-z]+)?)-([0-9]+)")

COMMANDS = """\
# Every command

This page is made by `python docs/generate.py` from the program's own help, as a wide terminal shows it.
"""


def requirements_page() -> str:
    """The table of all requirements, by API, and the lawful variants."""
    rows = catalogue_of(scenario_folders()).requirements.values()
    scenarios, breaking = scenarios_of(paths.suites()), faults_of()
    page = [PREFACE.format(counts=_counts(list(rows)))]
    for api in [*APIS, *sorted({row.api for row in rows} - set(APIS))]:
        page += [f"## {APIS.get(api, api)}", ""]
        for kind, title in (("law", "The law"), ("guide", "The guides")):
            here = [row for row in rows if row.api == api and row.kind == kind]
            if here:
                page += [f"### {title} ({APIS.get(api, api).lower()})", "", HEADING]
                page += [_row(each, scenarios[each.id], breaking[each.id]) for each in here]
                page.append("")
    page += [
        "## Lawful differences",
        "",
        "The model payer can also differ in ways that the law and the guides leave open. None of these may fail.",
        "",
        "| variant | what is different | advice it may draw |",
        "|---|---|---|",
    ]
    page += [f"| `{each.name}` | {_cell(each.text)} | {_codes(each.advises)} |" for each in variants().values()]
    return "\n".join(page) + "\n"


def statements_page() -> str:
    """The numbered statements of PAS, each with the rows that cite it and what judges them, by guide version."""
    scenarios = scenarios_of(paths.suites())
    cited = sorted(_cited(), key=lambda each: _place(each[0]))
    versions = sorted({version for ig, version in guides() if ig == "pas"})
    page = [STATEMENTS.format(counts=_statement_counts(cited, versions))]
    page += ["| statement | level | versions | what it comes to | judged by |", "|---|---|---|---|---|"]
    for key, level, row, held in cited:
        judged = f"**not judged**<br>{_cell(row.untested)}" if row.untested else _codes(scenarios[row.id])
        told = f"`{row.id}`<br>{_cell(row.text)}"
        page.append(f"| {key} | {level} | {', '.join(held)} | {told} | {judged} |")
    return "\n".join(page) + "\n"


def commands_page() -> str:
    """The help of the command and of each of its commands."""
    page = [COMMANDS, _help("conformance", main, None)]
    with click.Context(main, info_name="conformance", terminal_width=100, **main.context_settings) as parent:
        for name, each in main.commands.items():
            page.append(_help(f"conformance {name}", each, parent))
            if isinstance(each, click.Group):
                page += [_help(f"conformance {name} {inner}", own, parent) for inner, own in each.commands.items()]
    return "\n".join(page)


def counted(readme: str) -> str:
    """The README with the counts of today: rows of law, faults and variants."""
    rows = catalogue_of(scenario_folders()).requirements.values()
    law = [row for row in rows if row.kind == "law" and row.status.state == "final"]
    judged = sum(not row.untested for row in law)
    readme = re.sub(
        r"\d+ final rows of law in the catalogue, \d+ are judged and \d+",
        f"{len(law)} final rows of law in the catalogue, {judged} are judged and {len(law) - judged}",
        readme,
    )
    return re.sub(r"\d+ faults and \d+ variants", f"{len(faults())} faults and {len(variants())} variants", readme)


def scenarios_of(suites: Path) -> Mapping[str, list[str]]:
    """Requirement id -> "<suite>.<function>" of the scenarios that judge it, read from the files, not run."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for file in sorted(suites.glob("*/test_*.py")):
        functions = [node for node in ast.parse(file.read_text("utf-8")).body if isinstance(node, ast.FunctionDef)]
        for function in functions:
            for mark in function.decorator_list:
                match mark:
                    case ast.Call(func=ast.Name(id="requirement"), args=[ast.Constant(value=str(name))]):
                        found[name].append(f"{file.parent.name}.{function.name}")
    return found


def faults_of() -> Mapping[str, list[str]]:
    """Requirement id -> the faults that break it."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for fault in faults().values():
        for name in fault.breaks:
            found[name].append(fault.name)
    of_drugs = [case for cases in record_drugs.CASES.values() for case in cases]
    for each in (*UNLAWFUL, *of_drugs, *record_pages.PAGES):
        for name in each.breaks:
            found[name].append(each.name)
    return found


def _counts(rows: list[Requirement]) -> str:
    lines = ["| requirements | judged by a scenario | not judged, with the reason |", "|---|---|---|"]
    for kind, state, words in (
        ("law", "final", "of law, final"),
        ("law", "proposed", "of law, proposed"),
        ("law", "advocacy", "asked for by advocates"),
        ("guide", "final", "of guides"),
    ):
        here = [row for row in rows if (row.kind, row.status.state) == (kind, state)]
        untested = sum(bool(row.untested) for row in here)
        lines.append(f"| {len(here)} {words} | {len(here) - untested} | {untested} |")
    lines += ["", f"The model payer has {len(faults())} faults and {len(variants())} lawful variants."]
    return "\n".join(lines)


Cited = tuple[str, str, Requirement, tuple[str, ...]]  # statement, level, the row that cites it, versions


def _cited() -> list[Cited]:
    """Every citation of a numbered PAS statement."""
    versions = sorted({version for ig, version in guides() if ig == "pas"})
    return [
        (each.statement, each.level, row, tuple(version for version in versions if each.holds(version)))
        for row in catalogue_of(scenario_folders()).requirements.values()
        for each in row.guide
        if each.ig == "pas" and KEY.fullmatch(each.statement)
    ]


def _place(key: str) -> tuple[str, int]:
    page, number = KEY.fullmatch(key).groups()  # type: ignore[union-attr]
    return page, int(number)


def _statement_counts(cited: list[Cited], versions: list[str]) -> str:
    """How many statements of each level a version has, and how many of them a scenario judges."""
    lines = ["| PAS | statements | judged by a scenario | not judged, with the reason |", "|---|---|---|---|"]
    for version in versions:
        levels: dict[str, str] = {}  # a statement is of the strictest level that any row gives it
        for key, level, _, held in cited:
            if version in held:
                levels[key] = min(level, levels.get(key, level), key=("shall", "should", "may").index)
        judged = {
            key
            for key, level, row, held in cited
            if version in held and not row.untested and level == levels[key]  # what is only advised decides nothing
        }
        for level in ("shall", "should", "may"):
            here = {key for key, own in levels.items() if own == level}
            lines.append(f"| {version} *{level}* | {len(here)} | {len(here & judged)} | {len(here - judged)} |")
    return "\n".join(lines)


def _row(row: Requirement, scenarios: list[str], breaking: list[str]) -> str:
    asked, stands = (_cites(row), _dates(row)) if row.kind == "law" else (_statements(row), "where claimed")
    status = [] if row.status.state == "final" else [f"*{row.status.state}*"]
    status += [CONFIDENCE[row.status.confidence]] if row.status.confidence in CONFIDENCE else []
    levels = list(dict.fromkeys(each.level for each in row.guide)) or [row.level]
    judged = f"**not judged**<br>{_cell(row.untested)}" if row.untested else _judged(row, scenarios)
    cells = (
        f"`{row.id}`<br>{_cell(row.text)}",
        " or ".join(levels),
        asked,
        "<br>".join([stands, *status]),
        judged,
        _codes(breaking),
    )
    return f"| {' | '.join(cells)} |"


def _cites(row: Requirement) -> str:
    payers: defaultdict[str, list[str]] = defaultdict(list)
    for law in row.law:
        payers[_cell(law.cite) + _only(law)] += law.payers
    return "<br>".join(f"{_codes(each)} {cite}" for cite, each in payers.items())


def _only(law: Law) -> str:
    return " (plans with Part D)" if law.requires == "part_d" else ""


def _dates(row: Requirement) -> str:
    """The first days, each with the payers it is not the same for."""
    told: defaultdict[str, list[str]] = defaultdict(list)
    for law in row.law:
        begins = f"from {law.from_.isoformat()}" if law.from_ else "no date yet"
        ends = f" until {law.until.isoformat()}" if law.until else ""
        counted = f", by {law.counted_from.replace('-', ' ')}" if law.counted_from else ""
        told[begins + ends + counted] += law.payers
    if len(told) == 1:
        return next(iter(told))
    return "<br>".join(f"{when}: {_codes(payers)}" for when, payers in told.items())


def _statements(row: Requirement) -> str:
    return "<br>".join(f"`{each.ig}` {_cell(each.versions)}: {_cell(each.statement)}" for each in row.guide)


def _judged(row: Requirement, scenarios: list[str]) -> str:
    known = [Claim(api, ig, version, "") for (ig, version), guide in guides().items() for api in guide.apis]
    versions: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for claim in reaches(row, known, MAIN_GUIDES):
        versions[claim.ig][claim.version] = None
    at = "; ".join(f"{ig} {', '.join(each)}" for ig, each in versions.items())
    return "<br>".join(
        f"`{each}` over decision records" if each.startswith(f"{paths.RECORDS}.") else f"`{each}` at {at}"
        for each in scenarios
    )


def _help(name: str, command: click.Command, parent: click.Context | None) -> str:
    with click.Context(
        command, info_name=name.split()[-1], parent=parent, terminal_width=100, **command.context_settings
    ) as here:
        return f"## {name}\n\n```text\n{command.get_help(here)}\n```\n"


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{each}`" for each in names)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


if __name__ == "__main__":
    (DOCS / "requirements.md").write_text(requirements_page(), "utf-8")
    (DOCS / "pas-statements.md").write_text(statements_page(), "utf-8")
    (DOCS / "commands.md").write_text(commands_page(), "utf-8")
    readme = DOCS.parent / "README.md"
    readme.write_text(counted(readme.read_text("utf-8")), "utf-8")

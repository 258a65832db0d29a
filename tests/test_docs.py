"""The documentation says what is so: its commands, options, names, numbers, links and examples are tried."""

from __future__ import annotations

import csv
import importlib.util
import json
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, get_args
from urllib.parse import unquote

import click
import pytest
from shared_data import DATA, needs_data
from test_layers import LAYERS

from conformance import paths
from conformance.catalogue import StandingState
from conformance.catalogue_file import rows_of
from conformance.cli import generate, main
from conformance.errors import Actor
from conformance.opening import catalogue_of, guides, scenario_folders
from conformance.report import words
from conformance.sandbox.faults import faults, variants
from conformance.verdict import Verdict

ROOT = Path(__file__).resolve().parents[1]
PAGES = tuple(sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]))
MADE = ("requirements.md", "pas-statements.md", "commands.md")
WRITE_AGAIN = "out of date: python docs/generate.py"

FENCE = re.compile(r"^( *)(`{3,})([^\n`]*)\n(.*?)^\1\2 *$", re.DOTALL | re.MULTILINE)
CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
LINK = re.compile(r"\[(?:[^\[\]]|\[[^\[\]]*\])*\]\(([^()\s]+)\)")
MOST_OF_A_PICTURE = 400_000  # bytes


@dataclass(frozen=True)
class Block:
    """A fenced block of a page: its language, its text, and where it stands."""

    page: Path
    line: int
    language: str
    text: str

    @property
    def at(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


@cache
def text_of(page: Path) -> str:
    return page.read_text("utf-8")


@cache
def blocks(page: Path) -> tuple[Block, ...]:
    text = text_of(page)
    return tuple(
        Block(page, text.count("\n", 0, found.start()) + 1, found[3].strip(), found[4])
        for found in FENCE.finditer(text)
    )


@cache
def prose(page: Path) -> str:
    """A page without its fenced blocks."""
    return FENCE.sub("", text_of(page))


def blocks_of(*languages: str) -> list[Block]:
    return [each for page in PAGES for each in blocks(page) if each.language in languages]


def page(name: str) -> Path:
    return ROOT / "docs" / name


@cache
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", page("generate.py"))
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# -- the pages that are made


def test_the_requirements_page_is_up_to_date() -> None:
    made: str = generator().requirements_page()

    assert text_of(page("requirements.md")) == made, WRITE_AGAIN


def test_the_statements_page_is_up_to_date() -> None:
    made: str = generator().statements_page()

    assert page("pas-statements.md").read_text("utf-8") == made, WRITE_AGAIN


@needs_data
def test_every_statement_that_binds_a_payer_is_on_the_statements_page() -> None:
    listed = (DATA.parent / "facts" / "guide-statements-pas-crd-dtr.csv").read_text("utf-8")
    binding = {row["key"] for row in csv.DictReader(listed.splitlines()) if row["ig"] == "PAS"}
    told = {line.split(" | ")[0][2:] for line in page("pas-statements.md").read_text("utf-8").splitlines()}

    assert len(binding) > 90
    assert binding - told == set()


def test_the_commands_page_is_the_help_of_the_command() -> None:
    # Words, not line breaks: click wraps a line elsewhere from one version to the next.
    made: str = generator().commands_page()

    assert text_of(page("commands.md")).split() == made.split(), WRITE_AGAIN


def test_every_row_and_every_scenario_is_on_the_requirements_page() -> None:
    table = text_of(page("requirements.md"))
    rows = catalogue_of(scenario_folders()).requirements

    assert all(f"| `{name}`<br>" in table for name in rows)
    assert table.count("**not judged**") == sum(bool(row.untested) for row in rows.values())
    scenarios = [each for found in generator().scenarios_of(paths.suites()).values() for each in found]
    assert len(scenarios) >= 60
    assert [each for each in scenarios if f"`{each}` at " not in table and f"`{each}` over " not in table] == []
    assert [each for each in (*faults(), *variants()) if f"`{each}`" not in table] == []


def test_every_option_of_every_command_is_on_the_commands_page() -> None:
    shown = text_of(page("commands.md"))

    for name, command in main.commands.items():
        assert f"## conformance {name}\n" in shown
        for option in options(command):
            assert option in shown


# -- what the pages name


def options(command: click.Command) -> set[str]:
    return {each for param in command.params if isinstance(param, click.Option) for each in param.opts} | {"--help"}


def written_commands() -> Iterator[tuple[str, list[str]]]:
    """Every command line "conformance …" of the pages: in shell blocks, in workflows, in running text."""
    for each in PAGES:
        if each.name in MADE:
            continue
        lines = [
            line for block in blocks(each) if block.language in ("sh", "console", "yaml") for line in _lines(block)
        ]
        lines += CODE.findall(prose(each))
        for line in lines:
            if through := re.match(r'make (demo|prove) ARGS="(.+)"', line):
                yield f"{each.name}: {line}", ["conformance", through[1], *shlex.split(through[2])]
            if found := re.match(r"(?:\$ |- run: )?(conformance .+)", line.strip()):
                yield f"{each.name}: {line.strip()}", shlex.split(found[1], comments=True)


def _lines(block: Block) -> list[str]:
    return block.text.replace("\\\n", " ").splitlines()


COMMANDS = list(written_commands())
VALUES: dict[str, Any] = {
    "--fault": lambda: {*faults(), *variants()},
    "--variant": lambda: set(variants()),
    "--suite": lambda: {folder.name for folder in paths.suites().iterdir()} | {"contract"},
    "--requirement": lambda: set(catalogue_of(scenario_folders()).requirements),
    "--guide": lambda: {guide.label for guide in guides().values()},
}


def test_the_pages_name_commands() -> None:
    named = {words[1] for _, words in COMMANDS}

    assert named == set(main.commands), "every command is shown somewhere, and no other"


@pytest.mark.parametrize(("at", "said"), COMMANDS, ids=[at for at, _ in COMMANDS])
def test_a_written_command_exists_with_its_options_and_values(at: str, said: list[str]) -> None:
    command = main.commands[said[1]]
    if isinstance(command, click.Group):
        command, said = command.commands[said[2]], said[1:]
    choices = {
        each.opts[0]: each.type.choices for each in command.params if isinstance(each.type, click.Choice) and each.opts
    }

    for number, word in enumerate(said[2:], 3):
        if word in choices:
            assert said[number] in choices[word]
        if word.startswith("-"):
            assert word in options(command)
        if word in VALUES and len(said) > number and not said[number].isupper():
            assert said[number] in VALUES[word]()


def test_every_option_in_running_text_exists() -> None:
    commands = [*main.commands.values(), *generate.commands.values()]
    known = {option for command in commands for option in options(command)}
    plugin = (ROOT / "conformance" / "plugin.py").read_text("utf-8")
    known |= set(re.findall(r'"(--conformance-[a-z]+)"', plugin))
    for each in PAGES:
        for code in CODE.findall(prose(each)):
            named = re.findall(r"(?:^| )(--[a-z][a-z-]+)", code)
            assert set(named) <= known, f"{each.name}: {code}"


def test_every_make_target_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    lines = [line for block in blocks_of("sh") for line in _lines(block)]
    lines += [code for each in PAGES for code in CODE.findall(prose(each))]
    named = {found[1] for line in lines if (found := re.match(r"make ([a-z]+)", line))}

    assert {"demo", "test"} <= named <= targets


def test_every_path_in_running_text_exists() -> None:
    rooms = ("conformance/", "suites/", "fixtures/", "reports/", "tests/", "docs/", ".ci/")
    for each in PAGES:
        for code in CODE.findall(prose(each)):
            if code.startswith(rooms) and " " not in code:
                found = list(ROOT.glob(code.rstrip("/"))) if "*" in code else [ROOT / code]
                assert found, f"{each.name}: {code}"
                assert found[0].exists(), f"{each.name}: {code}"


def test_no_page_names_a_registry_or_a_place_of_one_machine() -> None:
    strange = re.compile(
        r"pypi\.|pythonhosted|npmjs|ghcr\.io|docker\.io|quay\.io|index-url|(?<![\w.:/-])/(?:work|tmp|home|root|Users)/",
        re.IGNORECASE,
    )
    for each in PAGES:
        assert not (found := strange.search(text_of(each))), f"{each.name}: {found and found[0]}"


# -- links


def slug(heading: str) -> str:
    """The anchor that code hosts make of a heading."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading.replace("`", ""))
    return re.sub(r"[^\w\- ]", "", plain.lower()).strip().replace(" ", "-")


def links() -> list[tuple[Path, str]]:
    return [(each, link) for each in PAGES for link in LINK.findall(prose(each))]


RELATIVE = [(source, link) for source, link in links() if not link.startswith("https://")]


@pytest.mark.parametrize(("source", "link"), RELATIVE, ids=lambda value: getattr(value, "name", value))
def test_a_link_leads_somewhere(source: Path, link: str) -> None:
    path, _, anchor = unquote(link).partition("#")
    there = (source.parent / path).resolve() if path else source

    assert ":" not in link, "elsewhere only by https"
    assert there.is_file()
    assert there.is_relative_to(ROOT)
    if anchor:
        headings = re.findall(r"^#+ (.+)$", prose(there), re.MULTILINE)
        assert anchor in {slug(each) for each in headings}


def test_every_page_is_linked_to() -> None:
    reached = {(source.parent / link.partition("#")[0]).resolve() for source, link in links()}

    assert {each for each in PAGES if each.name != "README.md"} <= reached


def test_pictures_are_pictures_and_not_too_big() -> None:
    pictures = list((ROOT / "docs" / "img").iterdir())
    shown = {(source.parent / link).resolve() for source, link in links() if link.endswith(".png")}

    assert set(pictures) == shown, "every picture is shown, and no other is kept"
    for picture in pictures:
        content = picture.read_bytes()
        assert content.startswith(b"\x89PNG\r\n")
        assert len(content) <= MOST_OF_A_PICTURE


# -- code in the pages


@pytest.mark.parametrize("block", blocks_of("toml"), ids=lambda block: block.at)
def test_toml_is_toml(block: Block) -> None:
    assert tomllib.loads(block.text)


@pytest.mark.parametrize("block", blocks_of("python"), ids=lambda block: block.at)
def test_python_is_python(block: Block) -> None:
    compile(block.text, block.at, "exec")


def test_every_block_names_its_language() -> None:
    known = {"sh", "console", "text", "toml", "python", "yaml"}

    assert {block.language for each in PAGES for block in blocks(each)} <= known


def test_the_rows_shown_are_rows() -> None:
    shown = [block for block in blocks(page("writing-a-scenario.md")) if block.language == "toml"]

    assert len(shown) == 3
    for block in shown:
        text = block.text if "api =" in block.text else f'api = "prior-auth"\n{block.text}'
        assert rows_of(Path("shown.toml"), text.encode())[1]


def test_what_is_shown_of_our_own_code_stands_there() -> None:
    """The first scenario, the fault and the variant of the page are those of the source, but for their layout."""
    sources = [*paths.suites().glob("*/test_*.py"), *(ROOT / "conformance" / "sandbox" / "faults").glob("*.py")]
    written = [_words(source.read_text("utf-8")) for source in sources]
    ours = [block for block in blocks(page("writing-a-scenario.md")) if block.language == "python"]
    ours = [block for block in ours if "# contract/" not in block.text]

    assert len(ours) == 3
    for block in ours:
        shown = _words(block.text.partition("\n\n\n")[2] or block.text)
        assert any(shown in each for each in written), block.at


def _words(source: str) -> str:
    return re.sub(r",(?=[)\]])", "", "".join(source.split()))


# -- the example that runs


@pytest.fixture(scope="module")
def contract(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the worked example, as the page has them."""
    folder = tmp_path_factory.mktemp("example")
    for block in blocks(page("writing-a-scenario.md")):
        if found := re.match(r"# (contract/\S+)\n", block.text):
            file = folder / found[1]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.text, "utf-8")
    return folder


def examples() -> list[list[str]]:
    return [said[1:] for at, said in COMMANDS if at.startswith("writing-a-scenario.md: conformance demo --scenarios")]


@pytest.mark.parametrize(
    ("number", "code", "verdict"), [(0, 0, "pass"), (1, 1, "fail")], ids=["as it is", "with its fault"]
)
def test_the_worked_example_runs(contract: Path, number: int, code: int, verdict: str) -> None:
    out = contract / f"out-{number}"
    ran = subprocess.run(
        [sys.executable, "-m", "conformance.cli", *examples()[number], "--out", str(out)],
        cwd=contract, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip

    assert ran.returncode == code, ran.stdout + ran.stderr
    (row,) = json.loads((out / "results.json").read_text("utf-8"))["requirements"]
    assert (row["id"], row["verdict"]) == ("contract.authorization-number", verdict)
    assert {each["verdict"] for each in row["scenarios"]} == {verdict}
    assert len(row["scenarios"]) == sum(guide.ig == "pas" for guide in guides().values())
    if verdict == "fail":
        (shown,) = [b.text for b in blocks(page("writing-a-scenario.md")) if b.text.startswith("fail ")]
        assert shown in ran.stdout


# -- what the pages say of the program


def test_the_readme_counts_as_the_program_does() -> None:
    readme = text_of(ROOT / "README.md")

    assert generator().counted(readme) == readme, WRITE_AGAIN
    assert len(re.findall(r"final rows of law in the catalogue|faults and \d+ variants", readme)) == 2


def test_the_readme_names_the_guide_versions_that_the_suites_know() -> None:
    readme = text_of(ROOT / "README.md")
    scope = readme[readme.index("## What is in scope") : readme.index("Not examined:")]

    for guide in guides().values():
        assert re.search(rf"\b{re.escape(guide.version)}\b", scope), guide.label


def test_reading_a_report_explains_every_word_of_a_report() -> None:
    told = text_of(page("reading-a-report.md"))

    for verdict in get_args(Verdict):
        assert f"| `{verdict}` | {words.short(verdict)} |" in told
    for standing in get_args(StandingState):
        assert f"| `{standing}` |" in told
    for outcome, shown in words.OUTCOMES.items():
        assert f"| {shown} | `{outcome}` |" in told
    for actor in get_args(Actor):
        assert f"- **{words.ACTORS[actor]}**" in told
    schema = json.loads((paths.reports() / "results.schema.json").read_text("utf-8"))
    table = told[told.index("## results.json") :]
    assert set(schema["required"]) <= set(re.findall(r"`([a-z_]+)`", table))
    assert {int(code) for code in re.findall(r"^\| (\d) \|", told, re.MULTILINE)} == set(words.EXITS)


def test_the_table_of_layers_is_the_one_that_holds() -> None:
    rows = re.findall(r"^\| (\d) \| ([^|]+) \|", text_of(page("architecture.md")), re.MULTILINE)
    told = {int(number): set(re.findall(r"`(\w+)`", names)) for number, names in rows}
    package = ROOT / "conformance"
    modules = {each.stem for each in package.glob("*.py")} | {
        each.parent.name for each in package.glob("*/__init__.py")
    }

    assert [number for number, names in told.items() if not names <= LAYERS[number]] == []
    assert sorted(told) == list(range(len(LAYERS)))
    assert set().union(*told.values()) == modules - {"__init__", "sandbox"}


def test_the_changelog_has_the_requirements_of_every_release() -> None:
    changelog = text_of(ROOT / "CHANGELOG.md")
    releases = re.split(r"^## ", changelog, flags=re.MULTILINE)[2:]  # what stands before Unreleased, and Unreleased

    assert releases
    assert releases[0].startswith(tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"])
    assert all("### Requirements" in each for each in releases)

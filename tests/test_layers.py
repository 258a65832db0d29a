"""Who may import whom, what a scenario may look like, and how long a module may be: read from the source, by ast.

A rule is one test, which names all that break it.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "conformance"
SUITES = ROOT / "suites"

# Design, section 1, from the lowest layer up; a package stands for all of its modules, unless one is listed itself.
LAYERS: tuple[frozenset[str], ...] = (
    frozenset({"__init__", "errors", "expect", "verdict", "paths", "primitives", "strict_json"}),
    frozenset({
        "catalogue", "catalogue_file", "guides", "target", "clock", "limits", "exchange", "fhir", "structures",
        "invariants",
        "redaction", "journal", "links", "interrupts",
    }),
    frozenset({"apis"}),
    frozenset({"wire"}),
    frozenset({"cases", "flows", "self_description"}),
    frozenset({
        "judge", "judging", "rules", "clocks", "opening", "run", "seen", "scenarios", "scenario_fixtures", "lanes",
        "plugin", "proving",
        "evidence", "report", "follow_up", "audit",
    }),
    frozenset({
        "cli", "auditing", "launch", "console", "running", "following", "plan", "doctor", "init", "login", "prove",
    }),
)  # fmt: skip
SANDBOX = "sandbox"
SANDBOX_MAY = frozenset({"errors", "paths"})
MAY_RUN_THE_SANDBOX = 5  # the layer from which the model payer may be started

LONGEST = 320
# Modules that are longer than they ought to be; each entry must still be needed.
LONGER: frozenset[str] = frozenset()
SOFT = 300

# One importer each, and where the clock is read.
ONLY_IN = {
    "httpx": ("wire",),
    "fhir": ("structures",),
    "allure": ("evidence",),
    "allure_commons": ("evidence",),
    "pytest": ("plugin", "proving", "scenario_fixtures", "scenarios"),
    "uvicorn": (SANDBOX,),
    "starlette": (SANDBOX,),
}
CLOCKS = frozenset({"clock", "sandbox.clock"})
ASKING_THE_TIME = frozenset({"now", "utcnow", "today", "fromtimestamp", "utcfromtimestamp"})

FORBIDDEN_NAMES = re.compile(r"(manager|helper|util|utils|base|handler)s?", re.IGNORECASE)


@cache
def modules() -> dict[str, Path]:
    """Dotted name below the package ("flows.recording") -> file; the package itself is "__init__"."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        if parts[0] in ("_suites", "_fixtures", "_reports"):
            continue
        found[".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)] = path
    return found


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def imported(root: ast.AST, *, later: bool = True, for_types: bool = True) -> Iterator[str]:
    """The full names a piece of source imports; ``later``: also inside functions, ``for_types``: also for mypy only."""
    for node in ast.iter_child_nodes(root):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif (later or not is_put_off(node)) and (for_types or not is_for_types(node)):
            yield from imported(node, later=later, for_types=for_types)


def is_put_off(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)


def is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


@cache
def imports(name: str, **which: bool) -> frozenset[str]:
    """The full names that one of our modules imports."""
    return frozenset(imported(tree(modules()[name]), **which))


def own(name: str, **which: bool) -> set[str]:
    """The modules of ours that one of ours imports."""
    found = set()
    for full in imports(name, **which):
        if full == "conformance":
            found.add("__init__")
        elif full.startswith("conformance."):
            rest = full.removeprefix("conformance.")
            # "from conformance.clock import now" names a thing in a module, "from conformance import clock" a module.
            found.add(rest if rest in modules() else rest.rpartition(".")[0] or "__init__")
    return found - {name}


def layer(name: str) -> int:
    for number, names in enumerate(LAYERS):
        if name in names or name.split(".")[0] in names:
            return number
    raise AssertionError(f"conformance/{name} has no layer: give it one here, as design.md has it")


def test_there_is_something_to_read() -> None:
    assert {"errors", "flows.recording", "sandbox.faults", "target.values"} <= set(modules())
    assert own("flows.recording") >= {"errors", "exchange", "wire.payer"}
    assert "proving" in own("plugin")
    assert "proving" not in own("plugin", later=False)


def uses() -> Iterator[tuple[str, str]]:
    """Every module of ours with each module of ours that it imports."""
    yield from ((name, each) for name in modules() for each in own(name))


def of_the_payer(name: str) -> bool:
    return name.startswith(SANDBOX)


def test_no_module_imports_a_higher_layer() -> None:
    ours = [(name, each) for name, each in uses() if not of_the_payer(name) and not of_the_payer(each)]
    starting = [name for name, each in uses() if of_the_payer(each) and not of_the_payer(name)]

    assert [f"{name} -> {each}" for name, each in ours if layer(each) > layer(name)] == []
    assert [name for name in starting if layer(name) < MAY_RUN_THE_SANDBOX] == []


def test_the_model_payer_shares_nothing_with_what_judges_it() -> None:
    shared = [(name, each) for name, each in uses() if of_the_payer(name) and not of_the_payer(each)]

    assert [f"{name} -> {each}" for name, each in shared if each not in SANDBOX_MAY] == []


def test_the_lowest_layer_needs_the_standard_library_only() -> None:
    needed = {(name, full) for name in LAYERS[0] for full in imported(tree(modules()[name]))}
    known = sys.stdlib_module_names | {"conformance"}

    assert [f"{name} -> {full}" for name, full in needed if full.split(".")[0] not in known] == []


def test_every_place_in_the_layers_is_taken() -> None:
    places = set().union(*LAYERS)
    taken = {each.split(".")[0] for each in modules() if not each.startswith(SANDBOX)}
    assert taken == places


def test_nothing_is_imported_in_a_circle() -> None:
    # Lazy imports too: what is put off is still a circle for whoever reads it.
    graph = {name: own(name, for_types=False) - {"__init__"} for name in modules()}
    # A package's own face (target/__init__.py) gathers its modules; none of them may need it.
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as circle:
        raise AssertionError(" -> ".join(circle.args[1])) from None


@pytest.mark.parametrize("library", ONLY_IN)
def test_a_library_is_imported_in_its_own_place_only(library: str) -> None:
    users = {name for name in modules() if any(full.split(".")[0] == library for full in imports(name))}

    assert users, f"nothing imports {library}: this rule is idle"
    strangers = {name for name in users if name not in ONLY_IN[library] and name.split(".")[0] not in ONLY_IN[library]}
    assert not strangers


def time_names(source: ast.Module) -> tuple[set[str], set[str]]:
    """The local names of the module ``datetime`` and of its classes ``datetime`` and ``date``."""
    module, classes = set(), set()
    for node in ast.walk(source):
        if isinstance(node, ast.Import):
            module |= {alias.asname or alias.name for alias in node.names if alias.name == "datetime"}
        elif isinstance(node, ast.ImportFrom) and node.module == "datetime":
            classes |= {alias.asname or alias.name for alias in node.names if alias.name in ("datetime", "date")}
    return module, classes


def asks_the_time(source: ast.Module) -> list[str]:
    """Where a source reads the system's clock, or waits on it."""
    module, classes = time_names(source)
    found = [full for full in imported(source) if full == "time" or full.startswith("time.")]
    for node in ast.walk(source):
        if isinstance(node, ast.Attribute) and node.attr in ASKING_THE_TIME:
            holder = node.value
            of_class = isinstance(holder, ast.Name) and holder.id in classes
            of_module = isinstance(holder, ast.Attribute) and isinstance(holder.value, ast.Name)
            if of_class or (of_module and holder.value.id in module and holder.attr in ("datetime", "date")):
                found.append(f"line {node.lineno}: {ast.unparse(node)}")
    return found


def test_the_clocks_and_nobody_else_ask_for_the_time() -> None:
    asking = {name: found for name in modules() if (found := asks_the_time(tree(modules()[name])))}

    assert {name: found for name, found in asking.items() if name not in CLOCKS} == {}
    assert set(asking) == CLOCKS


@pytest.mark.parametrize(
    "source",
    [
        "import time",
        "from time import perf_counter",
        "from datetime import datetime\nx = datetime.now()",
        "from datetime import date as day\nx = day.today()",
        "import datetime as dt\nx = dt.datetime.utcnow()",
        "def later():\n    import time",
    ],
)
def test_asking_for_the_time_is_seen(source: str) -> None:
    assert asks_the_time(ast.parse(source))


@pytest.mark.parametrize("source", ["from conformance import clock\nclock.now()", "import asyncio\nasyncio.sleep(1)"])
def test_asking_our_own_clock_is_no_crime(source: str) -> None:
    assert not asks_the_time(ast.parse(source))


def test_modules_are_short() -> None:
    lines = {name: len(path.read_text("utf-8").splitlines()) for name, path in modules().items()}

    assert {name: number for name, number in lines.items() if number > LONGEST and name not in LONGER} == {}
    assert {name: lines[name] for name in LONGER if lines[name] <= SOFT} == {}, "these exceptions are idle"


def test_names_say_what_a_thing_is() -> None:
    classes = {
        f"{name}.{node.name}": re.findall(r"[A-Z][a-z]+", node.name)
        for name, path in modules().items()
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ClassDef)
    }
    words = {name: name.split(".") for name in modules()} | classes

    assert [name for name, parts in words.items() if any(map(FORBIDDEN_NAMES.fullmatch, parts))] == []


# -- scenarios ---------------------------------------------------------------------------------------------------------

WORDS_OF_DUTY = frozenset(
    {"should", "shall", "must", "will", "would", "might", "verifies", "ensures", "checks", "validates", "tests"}
)
WORDS_OF_PYTEST = frozenset({"sleep", "skip", "xfail", "fail", "mark"})
LONGEST_SCENARIO = 20
STATEMENTS_THAT_DECIDE = (
    ast.If, ast.Match, ast.Try, ast.TryStar, ast.While, ast.With, ast.Raise, ast.ClassDef, ast.Global,
)  # fmt: skip


@cache
def scenario_files() -> tuple[Path, ...]:
    return tuple(sorted(SUITES.glob("*/test_*.py")))


@cache
def scenarios() -> dict[str, tuple[Path, ast.FunctionDef]]:
    """ "prior_auth.test_x" -> its file and its function."""
    return {
        f"{path.parent.name}.{node.name}": (path, node)
        for path in scenario_files()
        for node in tree(path).body
        if isinstance(node, ast.FunctionDef)
    }


def requirements_of(scenario: ast.FunctionDef) -> list[str]:
    marks = [
        each
        for each in scenario.decorator_list
        if isinstance(each, ast.Call) and isinstance(each.func, ast.Name) and each.func.id == "requirement"
    ]
    return [each.args[0].value for each in marks if isinstance(each.args[0], ast.Constant)]


def conditions(root: ast.AST) -> Iterator[ast.AST]:
    """Every condition of an expression: of "a if b else c", and of comprehensions."""
    for node in ast.walk(root):
        if isinstance(node, ast.IfExp):
            yield node.test
        elif isinstance(node, ast.comprehension):
            yield from node.ifs


def speaks_of_versions(condition: ast.AST) -> bool:
    for node in ast.walk(condition):
        name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
        if name in ("version", "versions", "label", "claim", "guide", "ig"):
            return True
        if isinstance(node, ast.Constant) and re.fullmatch(r"([a-z]+=)?\d+\.\d+(\.\d+)?", str(node.value)):
            return True
    return False


def test_there_are_scenarios() -> None:
    assert len(scenarios()) >= 60
    assert {path.parent.name for path in scenario_files()} == {
        "discovery", "prior_auth", "formulary", "payer_to_payer", "coverage_discovery", "patient_access", "records",
        "provider_access", "bulk",
    }  # fmt: skip


def may_stand_in_a_scenario_file(node: ast.stmt) -> bool:
    """Whether a statement is a text, an import, a constant or a scenario: no helper."""
    if isinstance(node, ast.FunctionDef):
        return node.name.startswith("test_")
    text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return text or isinstance(node, ast.Import | ast.ImportFrom | ast.Assign)


def test_scenario_files_hold_scenarios_and_constants_only() -> None:
    words = ("apis", "expect", "need", "only_if", "advise", "requirement")
    known = tuple(f"conformance.{word}" for word in words)
    strangers = [
        (path.name, full)
        for path in scenario_files()
        for full in imported(tree(path))
        if not full.startswith(tuple(f"{each}." for each in known)) and full not in known
    ]
    others = [
        (path.name, ast.unparse(node))
        for path in scenario_files()
        for node in tree(path).body
        if not may_stand_in_a_scenario_file(node)
    ]

    assert strangers == [], "scenarios import conformance and conformance.apis only"
    assert others == []


def test_a_scenario_is_short_and_judges_one_requirement() -> None:
    lines = {name: (node.end_lineno or sys.maxsize) - node.lineno + 1 for name, (_, node) in scenarios().items()}
    marks = {name: (requirements_of(node), len(node.decorator_list)) for name, (_, node) in scenarios().items()}

    assert {name: number for name, number in lines.items() if number > LONGEST_SCENARIO} == {}
    assert [name for name, (judged, all_marks) in marks.items() if not len(judged) == all_marks == 1] == []


def what_decides(scenario: ast.AST) -> list[str]:
    """What a scenario may not do: branch, speak of versions, decide in pytest's place."""
    nodes = list(ast.walk(scenario))
    found = [ast.unparse(node) for node in nodes if isinstance(node, STATEMENTS_THAT_DECIDE)]
    found += [ast.unparse(each) for each in conditions(scenario) if speaks_of_versions(each)]
    return found + [each.attr for each in nodes if isinstance(each, ast.Attribute) and each.attr in WORDS_OF_PYTEST]


def test_a_scenario_decides_nothing_itself() -> None:
    assert {name: found for name, (_, node) in scenarios().items() if (found := what_decides(node))} == {}


@pytest.mark.parametrize(
    "line", ["if answer: pass", "with x: pass", "[a for a in b if a.version]", "pytest.skip()", "time.sleep(1)"]
)
def test_deciding_is_seen(line: str) -> None:
    assert what_decides(ast.parse(line))


def test_a_scenario_is_named_by_a_sentence_of_the_present() -> None:
    words = {name: name.partition(".test_")[2].split("_") for name in scenarios()}

    assert [name for name, each in words.items() if len(each) < 3 or WORDS_OF_DUTY & set(each)] == []


@pytest.mark.parametrize(
    ("condition", "speaks"),
    [
        ("claim.version == '2.2.1'", True),
        ("guide['x'] and y", True),
        ("each.label == 'pas=2.2.1'", True),
        ("answer.status == 200", False),
        ("formulary.is_folder", False),
    ],
)
def test_a_condition_on_versions_is_seen(condition: str, speaks: bool) -> None:
    assert speaks_of_versions(ast.parse(condition, mode="eval")) is speaks

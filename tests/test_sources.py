"""Every canonical and code-system URL in the project's tables and code stands literally in the official guides.

Looked for in suites/guides/*.toml, conformance/apis and conformance/sandbox: string literals, and what f-strings and
sums of literals and named constants come to. Looked up in the official packages and examples of the shared data.
"""

from __future__ import annotations

import ast
import re
import tarfile
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from shared_data import DATA, needs_data

ROOT = Path(__file__).resolve().parents[1]
URL = re.compile(r"https?://[^\s\"'<>\\)|`,;]+")

# Written for these tests or at second hand: no witnesses.
UNOFFICIAL = {"hand-written", "smart-udap", "bulk"}

# Hosts under which nobody publishes definitions: examples, loopback.
OURS = re.compile(r"https?://([^/]*\.)?(example(\.org|\.com|\.net)?|127\.0\.0\.1|10\.0\.0\.1|localhost)(:[0-9]*)?(/|$)")

# Unverified: not found in the packages and examples at hand, each with the reason why it is used all the same.
CORE = "FHIR R4 core, whose own package is not at hand: "
UNVERIFIED: Mapping[str, str] = {
    "https://codesystem.x12.org/external/901": "an address that only a lawful variant uses, for a table of X12's",
    "https://codesystem.x12.org/005010/673": "like the other X12 tables: the guide names its value set alone",
    "http://hl7.org/fhir/OperationDefinition/Patient-everything": CORE + "the canonical of Patient/$everything",
    "http://hl7.org/fhir/publication-status": CORE + "the code system of PublicationStatus",
    "http://terminology.hl7.org/CodeSystem/medicationknowledge-status": CORE + "MedicationKnowledge.status",
    "http://terminology.hl7.org/CodeSystem/restful-security-service": CORE
    + "CapabilityStatement.rest.security.service",
}


@cache
def official() -> frozenset[str]:
    """Every URL in the official packages and examples."""
    found: set[str] = set()
    for path in sorted((DATA / "packages").glob("*.tgz")):
        with tarfile.open(path) as package:
            for member in package:
                if member.isfile() and member.name.endswith(".json"):
                    content = package.extractfile(member)
                    assert content is not None
                    found.update(URL.findall(content.read().decode("utf-8", "replace")))
    for path in (DATA / "examples").rglob("*.json"):
        if not UNOFFICIAL & set(path.relative_to(DATA).parts):
            found.update(URL.findall(path.read_text("utf-8")))
    return frozenset(each.rstrip(".") for each in found)


@cache
def folders() -> frozenset[str]:
    """Every path that an official URL lies below."""
    return frozenset(
        "/".join(steps[:n]) for each in official() for steps in [each.split("/")] for n in range(3, len(steps))
    )


def stands(url: str, whole: bool = True) -> bool:
    """Whether a URL, or (of one that is put together at run time) its known beginning, stands in the official data."""
    plain = url.partition("|")[0].rstrip("/.")
    if plain in official() or plain in folders():
        return True
    return not whole and any(each.startswith(url) for each in official())


# -- what the code says ----------------------------------------------------------------------------------------------

Constants = dict[str, str]


def trees(*patterns: str) -> dict[Path, ast.Module]:
    return {path: ast.parse(path.read_text("utf-8")) for each in patterns for path in sorted(ROOT.glob(each))}


def named(modules: Mapping[Path, ast.Module]) -> dict[Path, Constants]:
    """The string constants of each module, those it imports from the others included."""
    known: dict[Path, Constants] = {path: {} for path in modules}
    for _ in range(3):  # constants made of imported ones
        for path, tree in modules.items():
            for node in tree.body:
                if isinstance(node, ast.ImportFrom):
                    source = ROOT / f"{(node.module or '').replace('.', '/')}.py"
                    for alias in node.names:
                        if (value := known.get(source, {}).get(alias.name)) is not None:
                            known[path][alias.asname or alias.name] = value
                elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
                    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                    value, whole = text_of(node.value, known[path])
                    for target in targets:
                        if isinstance(target, ast.Name) and whole:
                            known[path][target.id] = value
    return known


def text_of(node: ast.expr, known: Constants) -> tuple[str, bool]:
    """The text an expression begins with, and whether that is all of it."""
    if isinstance(node, ast.Constant):
        return (node.value, True) if isinstance(node.value, str) else ("", False)
    if isinstance(node, ast.Name):
        return (known[node.id], True) if node.id in known else ("", False)
    if isinstance(node, ast.FormattedValue):
        return text_of(node.value, known) if node.conversion == -1 and node.format_spec is None else ("", False)
    parts: Iterable[ast.expr] = ()
    if isinstance(node, ast.JoinedStr):
        parts = node.values
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        parts = (node.left, node.right)
    text = ""
    for part in parts:
        more, whole = text_of(part, known)
        text += more
        if not whole:
            return text, False
    return text, bool(parts)


def parts_of(node: ast.AST, known: Constants) -> Iterator[ast.expr]:
    """The expressions that are read as parts of this one, and not again by themselves."""
    if isinstance(node, ast.JoinedStr):
        yield from node.values
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        yield node.left
        if text_of(node.left, known)[1]:
            yield node.right


def urls_of(tree: ast.Module, known: Constants) -> Iterator[tuple[int, str, bool]]:
    """Every URL in a module's texts: line, URL, whether the URL is known to its end. Docstrings are left out."""
    documented = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    inner = {id(part) for node in ast.walk(tree) for part in parts_of(node, known)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp) and id(node) not in documented | inner:
            text, whole = text_of(node, known)
            for found in URL.finditer(text):
                yield node.lineno, found[0], whole or found.end() < len(text)


def urls_in(value: Any) -> Iterator[str]:
    """Every URL in a table's texts."""
    if isinstance(value, str):
        yield from URL.findall(value)
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from urls_in(each)


def code() -> dict[Path, ast.Module]:
    return trees("conformance/apis/*.py", "conformance/sandbox/**/*.py")


def strangers(module: str, tree: ast.Module, known: Constants) -> list[str]:
    return [
        f"{module}:{line}: {url}"
        for line, url, whole in urls_of(tree, known)
        if not OURS.match(url) and url not in UNVERIFIED and not stands(url, whole)
    ]


@needs_data
def test_the_codes_urls_stand_in_the_official_guides():
    modules = code()
    constants = named(modules)
    assert sum(1 for path, tree in modules.items() for _ in urls_of(tree, constants[path])) > 30
    unknown = [
        each for path, tree in modules.items() for each in strangers(str(path.relative_to(ROOT)), tree, constants[path])
    ]
    assert unknown == []


@needs_data
@pytest.mark.parametrize("path", sorted((ROOT / "suites" / "guides").glob("*.toml")), ids=lambda path: path.name)
def test_the_guide_tables_urls_stand_in_the_official_guides(path):
    table = tomllib.loads(path.read_text("utf-8"))
    assert [url for url in urls_in(table) if url not in UNVERIFIED and not stands(url)] == []


@needs_data
def test_what_is_excused_is_used_and_really_unknown():
    modules = code()
    constants = named(modules)
    used = {url for path, tree in modules.items() for _, url, _ in urls_of(tree, constants[path])}
    for path in (ROOT / "suites" / "guides").glob("*.toml"):
        used |= set(urls_in(tomllib.loads(path.read_text("utf-8"))))
    assert set(UNVERIFIED) <= used, "an excuse that nobody needs"
    assert [url for url in UNVERIFIED if stands(url)] == [], "an excuse for what stands in the official guides"
    assert all(UNVERIFIED.values())


# -- that this test sees what it is for ------------------------------------------------------------------------------

SAMPLE = '''
"""A docstring about http://nowhere.test/docstring."""
BASE = "http://hl7.org/fhir/us/davinci-pas"
PROFILE = f"{BASE}/StructureDefinition/profile-claimresponse"
WRONG = f"{BASE}/StructureDefinition/profile-claim-answer"
SUM = BASE + "/StructureDefinition/extension-reviewActoin"
MISSPELT = "https://codesystem.x12.org/005010/360"
def address(port, name):
    """Also http://nowhere.test/docstring."""
    listed = [name] + [{"url": "http://hl7.org/fhir/us/davinci-pas/listed"}]
    loop = f"https://127.0.0.1:{port}/x", "https://payer.example/y", "http://example.org/z"
    return listed, loop, f"{BASE}/StructureDefinition/extension-{name}", f"{BASE}/StructureDefinitoin/{name}"
'''


@needs_data
def test_a_misspelt_url_is_seen():
    tree = ast.parse(SAMPLE)
    known = named({ROOT / "sample.py": tree})[ROOT / "sample.py"]
    assert sorted(strangers("sample", tree, known), key=lambda each: int(each.split(":")[1])) == [
        "sample:5: http://hl7.org/fhir/us/davinci-pas/StructureDefinition/profile-claim-answer",
        "sample:6: http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-reviewActoin",
        "sample:7: https://codesystem.x12.org/005010/360",
        "sample:10: http://hl7.org/fhir/us/davinci-pas/listed",
        "sample:12: http://hl7.org/fhir/us/davinci-pas/StructureDefinitoin/",
    ]

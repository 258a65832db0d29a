"""Whatever a file holds: each key has its line, and the file is a target or is refused with a UsageError."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from target_files import ENV, KNOWN, TODAY, furnish, whole

from conformance.errors import UsageError
from conformance.target import Target, load
from conformance.target.lines import key_lines


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    furnish(tmp_path)
    return tmp_path


def paths_of(value: Any, at: tuple[Any, ...] = ()) -> set[tuple[Any, ...]]:
    inner = list(value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ())
    return {(*at, step) for step, _ in inner}.union(*(paths_of(each, (*at, step)) for step, each in inner))


ODD_TOML = """\
"quoted key" = 1 # [not.a.table]
'lit"eral' . dotted = [1, "]", # comment ]
  [2, {a = "}", 'b.c' = 3}], 1979-05-27 07:32:00 ]
text = \"\"\"
[no.table]
a = "b" \\" \"\"\"\"
raw = \'\'\'\\\'\'\'
"" = true
[ table . "sub\\u0041" ]
x.y = {}
x.z = -1e3
[[list]]
[list.inner]
a = 1
[[list.deep]]
[[list]]
b = 2
[[list.deep]]
[list.deep.more]
c = [[], [[]]]
"""


def test_every_key_of_odd_toml_has_its_line() -> None:
    lines = key_lines(ODD_TOML)

    assert set(lines) == paths_of(tomllib.loads(ODD_TOML))
    assert lines["quoted key",] == 1
    assert lines['lit"eral', "dotted", 2, 1, "b.c"] == 3
    assert lines["raw",] == 7
    assert lines["table", "subA", "x", "z"] == 11
    assert lines["list", 0, "deep", 0] == 15
    assert lines["list", 1, "b"] == 17
    assert lines["list", 1, "deep", 0, "more", "c", 1, 0] == 20


KEYS = st.one_of(
    st.sampled_from(["name", "apis", "auth", "members", "first", "a", "b c", "2.2.1", 'q"', "é", "", "type", "known"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=4),
)
SCALARS = st.one_of(
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.dates(),
    st.datetimes(timezones=st.sampled_from([None, UTC])),
    st.times(),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    st.sampled_from(
        ["env:HOME", "https://example.org", "first", "2.2.1", "gateway.pem", "..", "own.json", "\0", "~x/y"]
    ),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=8,
)
TABLES = st.dictionaries(KEYS, VALUES, max_size=5)


def toml_text(text: str) -> str:
    return '"' + "".join(char if char.isalnum() or char in " .,:/-" else f"\\U{ord(char):08X}" for char in text) + '"'


def toml_value(value: Any) -> str:
    """A value as inline TOML."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return toml_text(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml_text(key)} = {toml_value(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",\n ".join(map(toml_value, value)) + "]"
    if isinstance(value, float):
        return repr(value) if "." in repr(value) else repr(value).replace("e", ".0e")
    return str(value) if isinstance(value, int) else value.isoformat()


def toml(document: Mapping[str, Any], at: tuple[str, ...] = ()) -> str:
    """A document as TOML, its tables and lists of tables under headers."""
    plain = {key: value for key, value in document.items() if not isinstance(value, dict) and not tables(value)}
    text = "".join(f"{toml_text(key)} = {toml_value(value)}\n" for key, value in plain.items())
    for key, value in document.items():
        if isinstance(value, dict):
            text += f"\n[{'.'.join(map(toml_text, (*at, key)))}]\n" + toml(value, (*at, key))
        elif tables(value):
            text += "".join(
                f"\n[[{'.'.join(map(toml_text, (*at, key)))}]]\n" + toml(each, (*at, key)) for each in value
            )
    return text


def tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, dict) for each in value)


@given(TABLES)
@settings(max_examples=120, deadline=None)
def test_every_key_of_any_toml_has_a_line_that_shows_it(document: dict[str, Any]) -> None:
    text = toml(document)
    lines = key_lines(text)

    assert set(lines) == paths_of(document)
    written = text.split("\n")
    for path, line in lines.items():
        if isinstance(path[-1], str):
            assert toml_text(path[-1]) in written[line - 1]


def target_or_refusal(folder: Path, content: bytes) -> None:
    (folder / "target.toml").write_bytes(content)
    try:
        target = load(folder / "target.toml", today=TODAY, known=KNOWN, env=ENV)
    except UsageError:
        pass  # the only other thing that may come of it
    else:
        assert isinstance(target, Target)
        assert target.claim_list()


ANY = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(
    content=st.one_of(st.binary(max_size=60), st.text(max_size=60).map(lambda text: text.encode("utf-8", "replace")))
)
@ANY
def test_any_bytes(folder: Path, content: bytes) -> None:
    target_or_refusal(folder, content)


@given(document=TABLES)
@ANY
def test_any_toml(folder: Path, document: dict[str, Any]) -> None:
    target_or_refusal(folder, toml(document).encode())


@given(data=st.data())
@ANY
def test_any_change_of_a_value(folder: Path, data: st.DataObject) -> None:
    document = tomllib.loads(whole())
    path = data.draw(st.sampled_from(sorted(paths_of(document), key=repr)))
    parent: Any = document
    for step in path[:-1]:
        parent = parent[step]
    match data.draw(st.sampled_from(["replace", "remove", "rename", "copy"])):
        case "replace":
            parent[path[-1]] = data.draw(VALUES)
        case "remove":
            del parent[path[-1]]
        case "rename" if isinstance(parent, dict):
            parent[data.draw(KEYS)] = parent.pop(path[-1])
        case _ if isinstance(parent, dict):
            parent[data.draw(KEYS)] = parent[path[-1]]
    target_or_refusal(folder, toml(document).encode())


@given(data=st.data())
@ANY
def test_any_change_of_the_text(folder: Path, data: st.DataObject) -> None:
    text = whole()
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 40)))
    put = data.draw(st.one_of(st.text(max_size=6), st.sampled_from(["[", "]]", '"', "\n", "=", "\n[a]\n", ".", "{}"])))
    target_or_refusal(folder, (text[:start] + put + text[end:]).encode("utf-8", "replace"))

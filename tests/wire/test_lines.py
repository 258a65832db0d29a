"""Lines that are read quickly are read as strictly as any other JSON."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from conformance.strict_json import NotJson, load
from conformance.wire.lines import Reader

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["id", "text", "a", "\u00e4"]), inner),
    max_leaves=8,
)
spaces = st.sampled_from([(",", ":"), (", ", ": "), (" , ", " : ")])


def read(body: bytes, how: Any) -> Any:
    try:
        return how(body)
    except NotJson as wrong:
        return type(wrong)


@given(values, spaces, st.integers(0, 200), st.sampled_from([b"", b" ", b"}", b'"', b",", b'{"a":1,"a":2}', b"NaN"]))
@example(7, (",", ":"), 200, b"")
@example({}, (",", ":"), 200, b"")
@example({"a": 1}, (",", ":"), 200, b"}")
def test_a_line_is_read_as_it_is_written_or_not_at_all(value, separators, cut, after):
    body = json.dumps(value, separators=separators).encode()[:cut] + after

    assert read(body, lambda each: Reader({}).read(each).value) == read(body, load)


@pytest.mark.parametrize(
    "line", [b'{"id": "a", "id": "b"}', b'{"a": NaN}', b'{"a": "\xff"}', b'{"a": 1', b"[", b"<html>"]
)
def test_what_is_no_json_is_none_however_often_it_comes(line):
    reader = Reader({})

    for _ in range(2):
        with pytest.raises(NotJson):
            reader.read(line)

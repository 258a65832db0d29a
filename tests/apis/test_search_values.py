"""Values as a search takes them for themselves."""

from __future__ import annotations

import pytest

from conformance.apis.search_values import escaped, token
from conformance.sandbox.search import names


@pytest.mark.parametrize(
    ("value", "written"),
    [("MBR-1001", "MBR-1001"), ("a,b", r"a\,b"), ("a|b", r"a\|b"), ("$7", r"\$7"), ("a\\,", r"a\\\,"), ("", "")],
)
def test_a_value_is_escaped_where_a_search_would_cut_it(value: str, written: str) -> None:
    assert escaped(value) == written


@pytest.mark.parametrize("value", ["MBR-1001", "list 7, A|B", "a\\", "$,|\\"])
def test_a_token_names_what_it_was_made_of_and_nothing_else(value: str) -> None:
    system = "https://payer.example.org/a,b|c"

    assert names(token(system, value), [(system, value)])
    assert names(token("", value), [(system, value)])
    assert not names(token(system, value), [(system, value.partition(",")[0] + "x"), ("", value)])

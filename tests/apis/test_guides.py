"""The guide tables and how versions are compared."""

from __future__ import annotations

from pathlib import Path

import pytest
from api_examples import GUIDES

from conformance.errors import UsageError
from conformance.guides import load, satisfies, version_key


def test_versions_are_compared_as_numbers():
    assert version_key("2.10.0") == (2, 10, 0)
    assert version_key("2.10.0") > version_key("2.9.1")


@pytest.mark.parametrize(
    ("version", "constraint", "kept"),
    [
        ("2.2.1", ">=2.0.1", True),
        ("2.10.0", ">=2.9", True),
        ("2.0.1", ">2.0.1", False),
        ("2.0.1", "<=2.0.1", True),
        ("2.2", "=2.2.0", True),
        ("2.2.1", ">=2.0.1, <2.2", False),
        ("2.1.0", ">=2.0.1,<2.2", True),
        ("9.9", "*", True),
    ],
)
def test_a_version_satisfies_a_constraint(version, constraint, kept):
    assert satisfies(version, constraint) is kept


@pytest.mark.parametrize("constraint", ["", "2.0.1", "~2.0", ">=two", "<1, ~2", ">=2.0.1,", "==2.0.1"])
def test_a_constraint_that_makes_no_sense_is_the_users_mistake(constraint):
    with pytest.raises(UsageError):
        satisfies("2.0.1", constraint)


@pytest.mark.parametrize("version", ["", "2.x", "v2", "2.0.1-ballot", "2..1", "٢.٠"])
def test_a_version_that_is_no_number_is_the_users_mistake(version):
    with pytest.raises(UsageError):
        satisfies(version, "*")


def test_the_suites_tables_hold_every_version_they_promise():
    assert set(GUIDES) == {
        ("pas", "2.0.1"), ("pas", "2.2.1"), ("usdf", "2.0.1"), ("usdf", "2.1.0"), ("qhp", "1"),
        ("hrex", "1.0.0"), ("hrex", "1.1.0"), ("hrex", "1.2.0"), ("smart", "2.2.0"),
        ("pdex", "2.0.0"), ("pdex", "2.1.0"), ("pdex", "2.2.0"), ("bulk", "1.0.0"), ("bulk", "2.0.0"),
        ("udap", "2.0.0"), ("cdex", "2.1.0"), ("crd", "2.0.1"), ("crd", "2.2.1"), ("dtr", "2.0.1"), ("dtr", "2.2.0"),
    }  # fmt: skip
    assert {guide.label: guide.api for guide in GUIDES.values() if guide.version == "2.2.1"} == {
        "pas=2.2.1": "prior-auth",
        "crd=2.2.1": "coverage-discovery",
    }


def test_versions_of_one_guide_have_the_same_cells():
    for ig in {ig for ig, _ in GUIDES}:
        assert len({frozenset(guide.cells) for (name, _), guide in GUIDES.items() if name == ig}) == 1, ig


def test_a_later_version_keeps_what_it_does_not_change():
    old, new = GUIDES["pas", "2.0.1"], GUIDES["pas", "2.2.1"]
    assert (old["response_identifier"], new["response_identifier"]) == (False, True)
    assert "queued" in old["outcomes"]
    assert "queued" not in new["outcomes"]
    assert (old["inquiry_form"], new["inquiry_form"]) == ("bundle", "parameters")
    assert GUIDES["hrex", "1.0.0"]["member_identifier_code"] == "MB"
    assert GUIDES["hrex", "1.2.0"]["member_identifier_code"] == "UMB"
    assert GUIDES["usdf", "2.1.0"]["server"] == GUIDES["usdf", "2.0.1"]["server"]


def test_operations_say_where_they_are_and_what_they_do():
    guide = GUIDES["pas", "2.2.1"]
    assert (guide.path("prior-auth.submit"), guide.act("prior-auth.submit")) == ("Claim/$submit", "write")
    assert guide.act("prior-auth.inquire") == "read"
    assert guide.act("prior-auth.something-new") == "write"
    assert GUIDES["smart", "2.2.0"].apis == ("prior-auth", "formulary", "payer-to-payer", "patient-access")
    assert guide.apis == ("prior-auth",)


def test_a_missing_cell_is_named():
    with pytest.raises(KeyError, match=r"pas 2\.2\.1 has no cell 'nothing'"):
        GUIDES["pas", "2.2.1"]["nothing"]


def test_cells_cannot_be_changed():
    with pytest.raises(TypeError):
        GUIDES["pas", "2.2.1"].operations["prior-auth.submit"]["path"] = "x"
    assert isinstance(GUIDES["pas", "2.2.1"]["outcomes"], tuple)


TABLE = """
ig = "x"
title = "X"
api = "x"
[versions."2.9.0"]
a = 1
b = [1]
unverified = ["a", "b"]
[versions."2.10.0"]
extends = "2.9.0"
b = [2]
[versions."2.11.0"]
extends = "2.10.0"
unverified = ["c"]
c = 3
"""


def test_rows_extend_each_other(tmp_path: Path):
    (tmp_path / "x.toml").write_text(TABLE)
    known = load(tmp_path)
    assert list(known) == [("x", "2.9.0"), ("x", "2.10.0"), ("x", "2.11.0")]
    newest = known["x", "2.11.0"]
    assert (newest["a"], newest["b"], newest["c"]) == (1, (2,), 3)
    assert known["x", "2.10.0"].unverified == {"a"}, "a cell that was looked up again is no longer in doubt"
    assert newest.unverified == {"a", "c"}


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("ig = ", "not a readable guide table"),
        ('ig = "x"', "versions"),
        ('ig = "x"\nversoins = 1\n[versions."1.0"]\n', "versoins"),
        ('ig = "x"\n[versions."1.x"]\n', "not a version"),
        ('ig = "x"\n[versions."1.0"]\nextends = "0.9"\n', "no version '0.9'"),
        ('ig = "x"\n[versions."1.0"]\nextends = "1.1"\n[versions."1.1"]\nextends = "1.0"\n', "extends itself"),
        ('ig = "x"\n[versions."1.0"]\nunverified = ["no"]\n', "unverified names no cell"),
        ('ig = "x"\n[operations.a]\npath = "p"\nact = "rade"\n[versions."1.0"]\n', "needs a path and an act"),
        ('ig = "x"\noperations = 1\n[versions."1.0"]\n', "needs a path and an act"),
    ],
)
def test_a_wrong_table_is_refused_with_its_file(tmp_path: Path, table: str, message: str):
    (tmp_path / "x.toml").write_text(table)
    with pytest.raises(UsageError, match=r"x\.toml") as refused:
        load(tmp_path)
    assert message in str(refused.value)


def test_no_tables_is_the_users_mistake(tmp_path: Path):
    with pytest.raises(UsageError, match="no guide tables"):
        load(tmp_path)

"""A payer's own scenarios, in a run of ours and in a pytest session of its own; and a stranger's session."""

from __future__ import annotations

import json
from pathlib import Path
from textwrap import dedent

import pytest
from command import changed, examine, session

from conformance.sandbox.serve import Running

NEWEST = ("--guide", "usdf=2.1.0")
REQUIREMENTS = """
api = "formulary"

["own.two-tiers"]
text = "The formulary has at least two tiers."
shown = "live"
guide = [{ ig = "usdf", versions = ">=2.0.1", level = "shall", statement = "house-1" }]

["own.hundred-tiers"]
text = "The formulary has at least a hundred tiers."
shown = "live"
guide = [{ ig = "usdf", versions = ">=2.0.1", level = "shall", statement = "house-2" }]

["own.proposed"]
text = "The formulary has at least a thousand tiers."
level = "shall"
scope = "drugs"
shown = "live"
law = [{ payers = ["ma"], cite = "42 CFR 422.119 as proposed", from = 2027-01-01 }]
status = { state = "proposed", as_of = 2026-11-21, confidence = "verified" }
"""
SCENARIOS = """
from conformance import expect, need, requirement
from conformance.apis.formulary import RXNORM


def tiers(formulary):
    items = need(formulary.items, "a formulary item", because="formulary.answers-are-fhir")
    return {code.code for item in items for code in item.tier}


@requirement("own.two-tiers")
def test_there_are_two_tiers(formulary):
    expect(len(tiers(formulary)) >= 2, "two tiers or more", got=len(tiers(formulary)))


@requirement("own.hundred-tiers")
def test_there_are_a_hundred_tiers(formulary):
    expect(len(tiers(formulary)) >= 100, "a hundred tiers or more", got=len(tiers(formulary)))


@requirement("own.proposed")
def test_there_are_a_thousand_tiers(formulary):
    expect(len(tiers(formulary)) >= 1000, "a thousand tiers or more", got=len(tiers(formulary)))


@requirement("formulary.covered-drugs")
def test_our_drug_of_the_month_is_found(formulary):
    found = formulary.search("MedicationKnowledge", ("code", f"{RXNORM}|314076"))

    expect(found.ok and found.matches, "the drug of the month", at=found.at)
"""


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A folder with requirements and scenarios of a payer's own."""
    folder = tmp_path / "house_rules"
    (folder / "requirements").mkdir(parents=True)
    (folder / "requirements" / "own.toml").write_text(REQUIREMENTS, "utf-8")
    (folder / "test_house.py").write_text(SCENARIOS, "utf-8")
    return folder


class TestInARunOfOurs:
    def test_they_decide_as_ours_do(self, payer: Running, tmp_path: Path, house: Path) -> None:
        ran = examine(payer.target_file, tmp_path / "out", "--scenarios", str(house), *NEWEST, "--suite", house.name)

        assert ran.code == 1
        assert ran.of("fail") == {"own.hundred-tiers"}
        assert "house-2" in str(ran.row("own.hundred-tiers")["cites"])

    def test_they_are_judged_beside_ours_and_what_is_only_proposed_when_asked_for(
        self, payer: Running, tmp_path: Path, house: Path
    ) -> None:
        asked = (
            "--scenarios", str(house), *NEWEST, "--requirement", "own.proposed", "--requirement", "own.two-tiers",
            "--requirement", "formulary.covered-drugs",
        )  # fmt: skip

        plain = examine(payer.target_file, tmp_path / "plain", *asked)
        included = examine(payer.target_file, tmp_path / "included", *asked, "--include", "proposed")

        assert [each["id"] for each in plain.row("own.two-tiers")["scenarios"]] == [
            "house_rules.test_there_are_two_tiers[usdf=2.1.0]"
        ]
        assert {each["id"] for each in plain.row("formulary.covered-drugs")["scenarios"]} == {
            "formulary.test_declared_drugs_are_found_in_the_formulary[usdf=2.1.0]",
            "house_rules.test_our_drug_of_the_month_is_found[usdf=2.1.0]",
        }
        assert "own.proposed" not in {row["id"] for row in plain.results["requirements"]}
        # What is only proposed never decides.
        assert included.verdict("own.proposed") == "fail"
        assert included.row("own.proposed")["standing"] == "proposed"
        assert not [line for line in included.out.splitlines() if line.startswith(("fail", "advice"))]
        assert included.results["other_counts"]["proposed"]["fail"] == 1
        assert (plain.code, included.code) == (0, 0)

    @pytest.mark.parametrize(
        ("scenario", "told"),
        [
            ('@requirement("own.nowhere")\ndef test_x(formulary): pass\n', "own.nowhere"),
            ('@requirement("own.two-tiers")\ndef test_x(formularies): pass\n', "formularies"),
            ("def test_x(formulary): pass\n", "test_x judges no requirement"),
        ],
    )
    def test_a_mistake_in_them_is_told(
        self, payer: Running, tmp_path: Path, house: Path, scenario: str, told: str
    ) -> None:
        (house / "test_house.py").write_text(f"from conformance import requirement\n\n\n{scenario}", "utf-8")

        ran = examine(
            payer.target_file, tmp_path / "out", "--scenarios", str(house), *NEWEST, "--requirement", "own.two-tiers"
        )

        assert ran.code == (3 if told == "formularies" else 2)
        assert told in ran.said

    def test_files_that_cannot_be_read_are_told_together(self, payer: Running, tmp_path: Path, house: Path) -> None:
        (house / "test_house.py").write_text("def test_x(:\n", "utf-8")
        (house / "test_yard.py").write_text("import nothing_that_is_there\n", "utf-8")

        ran = examine(
            payer.target_file, tmp_path / "out", "--scenarios", str(house), *NEWEST, "--requirement", "own.two-tiers"
        )

        assert ran.code == 2
        assert "test_house.py" in ran.err
        assert "nothing_that_is_there" in ran.err

    def test_a_requirement_that_stands_already_is_refused(self, payer: Running, tmp_path: Path, house: Path) -> None:
        path = house / "requirements" / "own.toml"
        path.write_text(path.read_text("utf-8").replace("own.two-tiers", "formulary.tier"), "utf-8")

        ran = examine(payer.target_file, tmp_path / "out", "--scenarios", str(house), *NEWEST)

        assert ran.code == 2
        assert f"{path}:4: " in ran.err


OWN_SESSION = """
from conformance import expect, requirement


@requirement("formulary.tier")
def test_every_item_has_a_tier(formulary):
    expect.each(formulary.items, lambda item: item.tier, "a tier")


@requirement("formulary.covered-drugs")
def test_a_drug_is_covered(declared_drugs):
    expect(not declared_drugs.needing(), "no drug at all", got=len(declared_drugs.needing()))


def test_that_has_nothing_to_do_with_it():
    assert True
"""


class TestInASessionOfItsOwn:
    def test_the_fixtures_are_there_when_a_target_is_given(self, payer: Running, tmp_path: Path) -> None:
        (tmp_path / "test_ours.py").write_text(OWN_SESSION, "utf-8")

        ran = session(tmp_path, "--conformance-target", str(payer.target_file), "-v", "-rA")

        assert ran.returncode == pytest.ExitCode.TESTS_FAILED
        assert "test_every_item_has_a_tier[usdf=2.1.0] PASSED" in ran.stdout
        assert "test_a_drug_is_covered[usdf=2.1.0] FAILED" in ran.stdout
        assert "expected no drug at all" in ran.stdout
        assert "test_that_has_nothing_to_do_with_it PASSED" in ran.stdout

    def test_a_record_is_written_where_one_is_asked_for(self, payer: Running, tmp_path: Path) -> None:
        (tmp_path / "test_ours.py").write_text(OWN_SESSION, "utf-8")
        out = tmp_path / "out"
        out.mkdir()

        session(tmp_path, "--conformance-target", str(payer.target_file), "--conformance-out", str(out))

        lines = [json.loads(line) for line in (out / "verdicts.jsonl").read_text("utf-8").split("\n") if line]
        assert [line["kind"] for line in lines] == ["header", *["verdict"] * 4, "footer"]
        assert (out / "exchanges.jsonl").stat().st_size

    def test_a_wrong_target_is_a_usage_error(self, payer: Running, tmp_path: Path) -> None:
        (tmp_path / "test_ours.py").write_text(OWN_SESSION, "utf-8")
        target = changed(payer.target_file, tmp_path, ('payer_type = "ma"', 'payer_type = "hmo"'))

        ran = session(tmp_path, "--conformance-target", str(target))

        assert ran.returncode == pytest.ExitCode.USAGE_ERROR
        assert f"{target}:3: " in ran.stderr
        assert "Traceback" not in ran.stdout + ran.stderr


OTHERS = ("-p", "no:respx", "-p", "no:hypothesispytest", "-p", "no:schemathesis")  # plugins with imports of their own
STRANGER = """
import sys

HEAVY = {"httpx", "httpcore", "fhir", "pydantic", "jsonschema", "joserfc", "cryptography", "starlette", "uvicorn",
         "jinja2", "click"}


def test_nothing_of_it_is_imported():
    assert not HEAVY & {name.partition(".")[0] for name in sys.modules}
    ours = {name for name in sys.modules if name.partition(".")[0] == "conformance"}
    assert ours <= {"conformance", "conformance.plugin", "conformance.errors", "conformance.expect",
                    "conformance.scenarios", "conformance.verdict", "conformance.paths"}, ours


def test_a_name_of_its_fixtures_is_free(prior_auth):
    assert prior_auth == "mine"
"""


class TestAStranger:
    def test_sees_and_loads_nothing(self, tmp_path: Path) -> None:
        (tmp_path / "test_theirs.py").write_text(STRANGER, "utf-8")
        own = "import pytest\n\n\n@pytest.fixture\ndef prior_auth():\n    return 'mine'\n"
        (tmp_path / "conftest.py").write_text(own, "utf-8")

        ran = session(tmp_path, "-q", *OTHERS)
        fixtures = session(tmp_path, "--fixtures", "-q", *OTHERS)

        assert ran.returncode == 0, ran.stdout
        assert "scenario_fixtures" not in fixtures.stdout
        assert "formulary" not in fixtures.stdout

    def test_may_run_in_many_processes(self, tmp_path: Path) -> None:
        pytest.importorskip("xdist")
        (tmp_path / "test_theirs.py").write_text(dedent(STRANGER).partition("def test_a_name")[0], "utf-8")

        ran = session(tmp_path, "-q", "-n", "1", *OTHERS)

        assert ran.returncode == 0, ran.stdout

"""Made-up records of which everything is known: each form tells exactly what was put into it, and nothing else."""

from __future__ import annotations

import json
import tomllib
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from opened_records import records_of

from conformance.audit import judging, metrics
from conformance.audit.command import audit
from conformance.audit.timed import UNTIMED
from conformance.sandbox.record_cases import CASES, LAWFUL, UNLAWFUL
from conformance.sandbox.records import generate, population

CLOCKS = ("prior-auth.decision-time-standard", "prior-auth.decision-time-expedited", "drug-decisions.part-b")
REASON = "prior-auth.denial-reason-any-channel"
SEED, COUNT = 19, 260


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("records")
    generate(folder, COUNT, SEED)
    return folder


@cache
def breaking() -> dict[str, frozenset[str]]:
    """Requirement -> the numbers of the decisions that were made to break it."""
    found: dict[str, set[str]] = {}
    for decision in population(
        COUNT, SEED, [*LAWFUL, *UNLAWFUL, *[CASES[name] for name in CASES if CASES[name] not in (*LAWFUL, *UNLAWFUL)]]
    ):
        for requirement in decision.case.breaks:
            found.setdefault(requirement, set()).add(decision.key)
    return {name: frozenset(keys) for name, keys in found.items()}


@pytest.mark.parametrize("form", ["csv", "parquet", "pdex", "pas"])
def test_every_decision_is_found_to_be_what_it_is(made: Path, tmp_path: Path, form: str) -> None:
    truth = json.loads((made / "truth.json").read_text())["forms"][form]
    facts = tomllib.loads((made / "audit.toml").read_text())

    with records_of([made / form], tmp_path, facts) as records:
        for requirement in CLOCKS:
            counts = Counter(records.clocked(requirement).counts)
            known = Counter(truth["found"][requirement])
            assert {each: counts[each] for each in ("late", "close", "in_time", "overdue", *UNTIMED)} == {
                each: known[each] for each in ("late", "close", "in_time", "overdue", *UNTIMED)
            }
            assert counts["open"] == known["open"] + known["overdue"]
            open_ = [finding for finding in records.timed(requirement).findings if "still open" in finding.actual]
            assert len(open_) == known["overdue"]
            named = {finding.at.rpartition("(")[2].rstrip(")") for finding in records.timed(requirement).findings}
            assert named <= breaking()[requirement]
            assert len(named) == known["late"] + known["overdue"]
        denials = records.denials("items")
        assert denials.judged == sum(truth["reasons"].values())
        assert denials.failed == truth["reasons"]["missing"] + truth["reasons"]["boilerplate"]
        assert {finding.at.rpartition("(")[2].rstrip(")") for finding in denials.findings} <= breaking()[REASON]
        assert records.understood.twice == truth["twice"] > 0
        assert records.understood.rows == truth["decisions"]
        assert not records.understood.unknown
        counted = metrics.computed(records)["counts"]
        for urgency in ("standard", "expedited"):
            assert {name: counted[urgency][name] for name in ("approved", "partial", "denied")} == {
                name: truth["outcomes"][urgency].get(name, 0) for name in ("approved", "partial", "denied")
            }
            if form != "pas":  # which tells decisions to the day
                seconds = truth["seconds"][urgency]
                assert counted[urgency]["timed"] == seconds["count"]
                assert counted[urgency]["mean"] == pytest.approx(seconds["mean"], abs=0.01)
                assert counted[urgency]["p50"] == pytest.approx(seconds["median"], abs=0.01)


@pytest.mark.parametrize("form", ["pdex", "pas"])
def test_an_audit_of_fhir_goes_all_the_way_to_its_report(made: Path, tmp_path: Path, form: str) -> None:
    results = audit([str(made / form)], tmp_path, {"map": str(made / "audit.toml")})

    truth = json.loads((made / "truth.json").read_text())["forms"][form]
    assert results["exit_code"] == 1
    assert results["audit"]["totals"]["decisions"] == truth["decisions"]
    assert results["audit"]["totals"]["lines_that_could_not_be_read"] == 0
    assert (tmp_path / "report.html").is_file()


def test_every_scenario_of_records_that_decides_is_broken_by_some_case() -> None:
    broken = {requirement for case in UNLAWFUL for requirement in case.breaks}

    assert broken >= {*CLOCKS, REASON}
    assert {each.requirement for each in judging.scenarios()} >= broken
    assert not any(case.breaks for case in LAWFUL)


def test_lawful_records_pass_and_unlawful_ones_fail_what_they_break(tmp_path: Path) -> None:
    generate(tmp_path / "lawful", 60, 3, ["csv"], ["without_a_notice"])
    out = tmp_path / "out"
    out.mkdir()
    results = audit(
        [str(tmp_path / "lawful" / "csv")],
        out,
        {"map": str(tmp_path / "lawful" / "audit.toml"), "publish": str(tmp_path / "site")},
    )

    verdicts = {row["id"]: row["verdict"] for row in results["requirements"]}
    assert {verdicts[name] for name in (*CLOCKS, REASON)} == {"pass"}
    assert results["exit_code"] == 0
    assert results["audit"]["totals"]["decisions"] == 60
    told = next(row for row in results["requirements"] if row["id"] == CLOCKS[0])["scenarios"][0]["advice"]
    assert any("do not tell when the notice went out" in each["actual"] for each in told)
    assert "PA-3-" not in (out / "report.html").read_text() + (out / "results.json").read_text()

    # What it publishes of itself agrees with its own decisions; a figure that was tampered with does not.
    again = tmp_path / "again"
    again.mkdir()
    page = tmp_path / "site" / "metrics.html"
    given = {"map": str(tmp_path / "lawful" / "audit.toml"), "published": str(page)}
    results = audit([str(tmp_path / "lawful" / "csv")], again, given)
    assert {row["id"]: row["verdict"] for row in results["requirements"]}["metrics.consistent"] == "pass"

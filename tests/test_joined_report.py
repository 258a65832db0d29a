"""A run against a payer's APIs and the audit of its decisions in one report: put together, nothing judged anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from conformance.cli import main
from conformance.report.joined import footer_of
from conformance.sandbox.records import generate

LIVE = "prior-auth.denial-reason"


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("audited")
    generate(folder, 40, 3, ["csv"], ["withdrawn"])
    out = folder / "out"
    words = ["audit", str(folder / "csv"), "--map", str(folder / "audit.toml"), "--as-of", "2027-06-01"]
    assert CliRunner().invoke(main, [*words, "--out", str(out)]).exit_code == 0
    return out


def run_of(audited: Path, folder: Path, **more: Any) -> Path:
    """A record of a run in which one scenario failed, in the form of the audit's."""
    folder.mkdir()
    header = json.loads((audited / "verdicts.jsonl").read_text().splitlines()[0])
    row = {**header["requirements"][0], "id": LIVE, "api": "prior-auth", "shown": "live", "untested": ""}
    header |= {"requirements": [{**row, "standing": "in-force", "planned": ["prior_auth.test_it[pas=2.2.1]"]}]}
    header["scope"] |= {"apis": ["prior-auth"], "suites": ["prior_auth"], "missing": ["patient-access"]}
    header["target"] |= {"name": "Example", "environment": "test", "representative": False}
    header |= more
    known = json.loads((audited / "verdicts.jsonl").read_text().splitlines()[1])
    verdict = {**known, "requirement": LIVE, "id": "prior_auth.test_it[pas=2.2.1]", "verdict": "fail", "advice": []}
    footer = {"kind": "footer", "finished": header["started"], "interrupted": False, "latency": [], "waiting": 2}
    (folder / "verdicts.jsonl").write_text("".join(json.dumps(line) + "\n" for line in (header, verdict, footer)))
    return folder


def reported(*words: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["report", *words])
    return done.exit_code, done.output


def test_a_run_and_an_audit_stand_in_one_report(audited: Path, tmp_path: Path) -> None:
    live = run_of(audited, tmp_path / "live")

    code, _ = reported(str(live), str(audited), "--out", str(tmp_path / "both"))

    results = json.loads((tmp_path / "both" / "results.json").read_text())
    alone = json.loads((audited / "results.json").read_text())
    verdicts = {row["id"]: row["verdict"] for row in results["requirements"]}
    assert code == 1
    assert verdicts == {LIVE: "fail", **{row["id"]: row["verdict"] for row in alone["requirements"]}}
    assert results["audit"] == alone["audit"]
    assert results["waiting"] == 2
    assert results["target"]["name"] == "Example"
    assert results["scope"]["missing"] == ["patient-access"]
    assert "For the auditor" in (tmp_path / "both" / "report.html").read_text()


@pytest.mark.parametrize(
    ("one", "other", "part"),
    [
        ({"suite": ["bulk"]}, {"suite": ["formulary"]}, ["suite bulk", "suite formulary"]),
        ({"suite": ["bulk"]}, {"requirement": [LIVE]}, ["suite bulk", f"requirement {LIVE}"]),
        ({"suite": ["bulk"]}, {}, []),
    ],
)
def test_runs_of_parts_tell_what_they_are_together(audited, tmp_path, one, other, part) -> None:
    first, second = (run_of(audited, tmp_path / name, options=each) for name, each in (("a", one), ("b", other)))
    told = (second / "verdicts.jsonl").read_text()
    (second / "verdicts.jsonl").write_text(told.replace("test_it", "test_that"))

    reported(str(first), str(second), str(audited), "--out", str(tmp_path / "all"))

    assert json.loads((tmp_path / "all" / "results.json").read_text())["part"] == part


def test_an_audit_is_told_to_allure_and_stays_so_beside_a_run(audited: Path, tmp_path: Path) -> None:
    live = run_of(audited, tmp_path / "live")
    (live / "allure-results").mkdir()
    (live / "allure-results" / "a-result.json").write_text("{}")
    reported(str(live), str(audited), "--out", str(tmp_path / "both"))

    told = [json.loads(each.read_text()) for each in (audited / "allure-results").glob("*-result.json")]
    judged = {
        scenario["id"]: (row, scenario)
        for row in json.loads((audited / "results.json").read_text())["requirements"]
        for scenario in row["scenarios"]
    }
    assert {each["fullName"].replace("#", ".") for each in told} == set(judged)
    for each in told:
        row, scenario = judged[each["fullName"].replace("#", ".")]
        labels = {label["name"]: label["value"] for label in each["labels"]}
        assert (labels["story"], labels["verdict"], labels["standing"]) == (
            row["id"], scenario["verdict"], row["standing"],
        )  # fmt: skip
        assert each["status"] == {"pass": "passed", "not-applicable": "skipped"}[scenario["verdict"]]
        assert all((audited / "allure-results" / file["source"]).is_file() for file in each["attachments"])
    there = {each.name for each in (tmp_path / "both" / "allure-results").iterdir()}
    assert there == {"a-result.json", *(each.name for each in (audited / "allure-results").iterdir())}


def test_every_table_of_every_record_is_kept(audited: Path, tmp_path: Path) -> None:
    tables = ("latency", "formularies", "drug_files", "drug_sources", "decisions", "timelines")
    first, second = ({name: [{"of": f"{name} of {whose}"}] for name in tables} for whose in ("one", "another"))

    footer = footer_of([{"finished": "2027-06-01", **first}, {"finished": "2027-06-02", **second}])

    assert {name: footer[name] for name in tables} == {name: first[name] + second[name] for name in tables}


def test_records_that_cannot_be_one_report_are_refused(audited: Path, tmp_path: Path) -> None:
    live = run_of(audited, tmp_path / "live")
    target = json.loads((live / "verdicts.jsonl").read_text().splitlines()[0])["target"]
    other = run_of(audited, tmp_path / "other", target={**target, "payer_type": "chip-ffs"})
    out = ("--out", str(tmp_path / "both"))

    for words, said in (
        ((str(live), str(audited)), "folder of its own"),
        ((str(live), str(audited), "--out", str(live)), "folder of its own"),
        ((str(audited), str(audited), *out), "both hold"),
        ((str(other), str(audited), *out), "not of one payer"),
        ((str(live), *out), "several records"),
    ):
        code, told = reported(*words)
        assert code == 2
        assert said in told

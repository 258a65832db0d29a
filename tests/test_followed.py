"""What pended requests came to after the run, folded into its verdicts: nothing lost, nothing judged twice."""

from __future__ import annotations

import json

import pytest

from conformance.errors import Finding
from conformance.report.followed import append_lines, rows_since, with_followed
from conformance.verdict import ScenarioVerdict

SCENARIO = "prior_auth.test_x[pas=2.2.1]"


def verdict(word: str, judged: int = 1, **more) -> ScenarioVerdict:
    findings = (Finding("this", "that", "here"),) if word == "fail" else ()
    return ScenarioVerdict(SCENARIO, "prior-auth.x", word, judged, len(findings), findings, **more)


def line(entry: str, word: str, **more) -> dict:
    return {"kind": "followed", "entry": entry, "at": "now", "requirement": "prior-auth.x",
            **verdict(word, **more).as_json()}  # fmt: skip


@pytest.mark.parametrize(
    ("first", "since", "word", "judged", "failed"),
    [
        ("pass", [], "pass", 1, 0),
        ("pass", ["fail"], "fail", 2, 1),
        ("pass", ["pass", "pass"], "pass", 3, 0),
        ("fail", ["pass"], "fail", 2, 1),
        ("not-tested", ["pass"], "pass", 1, 0),
        ("not-tested", ["advisory", "pass"], "advisory", 2, 0),
        ("not-applicable", ["fail", "fail"], "fail", 2, 2),
        ("error", ["pass"], "error", 2, 0),
    ],
)
def test_a_scenario_is_as_good_as_the_worst_it_showed(first, since, word, judged, failed):
    lines = [line(f"entry {number}", each) for number, each in enumerate(since)]
    [found] = with_followed([verdict(first)], lines)

    assert (found.verdict, found.judged, found.failed, len(found.findings)) == (word, judged, failed, failed)


def test_what_is_written_twice_counts_once_and_the_last_word_counts():
    lines = [line("pas=2.2.1 pended", "pass"), line("pas=2.2.1 pended", "fail"), line("pas=2.2.1 pended", "fail")]

    [found] = with_followed([verdict("pass")], lines)
    assert (found.verdict, found.judged, found.failed) == ("fail", 2, 1)


def test_a_row_that_was_pended_gives_way_to_what_became_of_it():
    before = [{"claim": "pas=2.2.1", "request": "a", "pended": True}, {"claim": "pas=2.2.1", "request": "b"}]
    after = {"kind": "followed-seen", "entry": "e", "timelines": [{"claim": "pas=2.2.1", "request": "a"}]}

    found = rows_since(before, [after, after], "timelines")
    assert found == [{"claim": "pas=2.2.1", "request": "b"}, {"claim": "pas=2.2.1", "request": "a"}]


def test_a_torn_line_is_taken_off_before_more_is_written(tmp_path):
    record = tmp_path / "verdicts.jsonl"
    record.write_text('{"kind": "header"}\n{"kind": "verd', "utf-8")

    append_lines(record, [{"kind": "followed"}, {"kind": "followed-seen"}])
    assert [json.loads(each)["kind"] for each in record.read_text("utf-8").splitlines()] == [
        "header", "followed", "followed-seen",
    ]  # fmt: skip
    append_lines(record, [])
    assert len(record.read_text("utf-8").splitlines()) == 3

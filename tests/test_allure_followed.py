"""A follow-up told to Allure: a later result of the same test, for what was judged and nothing else."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from conformance.report.allure_followed import add_results

MOMENT = datetime(2027, 3, 1, 12, tzinfo=UTC)
NAME = "prior_auth.test_a_denial_says_why[pas=2.2.1]"


def earlier(uuid, stop, function="test_a_denial_says_why", claim="pas=2.2.1", **more):
    return {
        "uuid": uuid, "historyId": function, "status": "passed", "start": stop, "stop": stop,
        "fullName": f"prior_auth.test_denials#{function}",
        "parameters": [{"name": "claim", "value": f"'{claim}'"}],
        "labels": [{"name": "parentSuite", "value": "prior_auth"}, {"name": "verdict", "value": "pass"}],
        "steps": [{"name": "of then"}], **more,
    }  # fmt: skip


def results(verdict, message=""):
    return {"requirements": [{"scenarios": [{"id": NAME, "verdict": verdict, "message": message}]}]}


@pytest.fixture
def folder(tmp_path):
    for each in (earlier("a", 1000), earlier("b", 2000, historyId="newest"), earlier("c", 1500, claim="pas=2.0.1")):
        (tmp_path / f"{each['uuid']}-result.json").write_text(json.dumps(each), "utf-8")
    (tmp_path / "torn-result.json").write_text('{"uuid": "torn"', "utf-8")
    (tmp_path / "strange-result.json").write_text("[]", "utf-8")
    return tmp_path


@pytest.mark.parametrize(
    ("verdict", "status"),
    [("pass", "passed"), ("advisory", "passed"), ("fail", "failed"), ("error", "broken"), ("not-tested", "skipped")],
)
def test_what_was_judged_since_is_a_later_result_of_the_same_test(folder, verdict, status):
    before = set(folder.iterdir())
    assert add_results(folder, results(verdict, "late"), {NAME}, MOMENT) == 1

    (path,) = set(folder.iterdir()) - before
    later = json.loads(path.read_text("utf-8"))
    assert (later["status"], later["statusDetails"], later["historyId"]) == (status, {"message": "late"}, "newest")
    assert later["start"] == int(MOMENT.timestamp() * 1000)
    assert [each["value"] for each in later["labels"] if each["name"] == "verdict"] == [verdict]
    assert "steps" not in later, "what was looked at then"


def test_what_was_not_judged_again_stays_as_it_is(folder, tmp_path):
    before = set(folder.iterdir())

    assert add_results(folder, results("fail"), set(), MOMENT) == 0
    assert add_results(folder, results("fail"), {NAME.replace("2.2.1", "2.0.1")}, MOMENT) == 0
    assert add_results(tmp_path / "none", results("fail"), {NAME}, MOMENT) == 0
    assert set(folder.iterdir()) == before

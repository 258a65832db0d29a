"""Published figures: read in every form, checked to the last printed digit, and never failed for a lawful reading."""

from __future__ import annotations

import copy
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from shared_data import DATA, needs_data

from conformance.audit import judging, metrics
from conformance.audit.consistency import agreement, arithmetic, beyond
from conformance.audit.decisions import Understood
from conformance.audit.figures import fetch, read
from conformance.audit.listed import follow
from conformance.audit.payer import payer
from conformance.audit.published import stated, year_due
from conformance.audit.records import Records
from conformance.audit.table import Said
from conformance.errors import UsageError
from conformance.judging import judged
from conformance.sandbox.record_pages import ADDRESS, PAGES, YEAR, Page
from conformance.target import Target

PAGE = """<!doctype html><html><body><h1>Prior authorization metrics, calendar year 2026</h1>
<table><tr><th>Metric</th><th>2026</th></tr>
<tr><td>Percentage of standard prior authorization requests that were approved</td><td>84.6% (838 of 990)</td></tr>
<tr><td>Percentage of standard prior authorization requests that were denied</td><td>15.4% (152 of 990)</td></tr>
<tr><td>Percentage of standard requests that were approved after appeal</td><td>39.8% (37 of 93)</td></tr>
<tr><td>Percentage of requests whose timeframe was extended and that were approved</td><td>0%</td></tr>
<tr><td>Percentage of expedited prior authorization requests that were approved</td><td>N/A</td></tr>
<tr><td>Percentage of expedited prior authorization requests that were denied</td><td>N/A</td></tr>
<tr><td>Average and median time from submission to decision, standard requests</td><td>5.48 days / 2.96 days</td></tr>
<tr><td>Average and median time between submission and decision, expedited requests</td><td>N/A</td></tr>
</table><a href="/pa-list">List of items and services that require prior authorization</a></body></html>"""


@needs_data
def test_what_two_payers_published_agrees_with_itself() -> None:
    published = fetch(str(DATA / "metrics" / "published-cy2025.json"))

    checks = [arithmetic(report) for report in published.reports]
    assert [wrong for _, wrong in checks] == [[], []]
    assert all(checked >= 4 for checked, _ in checks)
    assert "6,306 standard decisions took longer than 7 days, before that clock was in force" in beyond(
        published.reports[1]
    )


@needs_data
def test_one_swapped_percentage_is_found() -> None:
    raw = json.loads((DATA / "metrics" / "published-cy2025.json").read_text())
    standard = raw["reports"][0]["standard"]
    standard["approved_pct"], standard["denied_pct"] = standard["denied_pct"], standard["approved_pct"]
    published = read("swapped.json", json.dumps(raw).encode())

    assert [each.figure for each in arithmetic(published.reports[0])[1]] == ["standard: approved", "standard: denied"]
    assert arithmetic(published.reports[1])[1] == []


def test_a_page_in_the_words_of_the_template_is_read_whole() -> None:
    [report] = read("page.html", PAGE.encode()).reports

    assert report.year == 2026
    assert report.lists == {"items": "/pa-list"}
    assert all(there for _, there in stated(report))
    assert {name: number.printed for (side, name), number in report.figures.items() if side == "standard"} == {
        "approved_pct": "84.6%", "approved": "838", "total": "990", "denied_pct": "15.4%", "denied": "152",
        "approved_after_appeal_pct": "39.8%", "approved_after_appeal": "37", "after_appeal_of": "93",
        "mean_days": "5.48 days", "median_days": "2.96 days",
    }  # fmt: skip
    checked, wrong = arithmetic(report)
    assert checked >= 4
    assert not wrong


def test_csv_is_read_like_a_table() -> None:
    text = "\ufeffMetric,Value\nStandard requests approved,98.75%\nStandard requests denied,1.25%\n"
    [report] = read("m.csv", text.encode()).reports

    assert report.get("standard", "approved_pct") is not None
    assert report.get("standard", "denied_pct") is not None


@pytest.mark.parametrize(
    ("approved", "denied", "wrong"),
    [("84.6", "15.4", 0), ("84.65", "15.35", 0), ("84.7", "15.4", 1), ("85", "15", 0), ("66.67", "33.34", 2)],
)
def test_shares_may_differ_by_half_of_their_last_digit(approved: str, denied: str, wrong: int) -> None:
    side: dict[str, Any] = {"total": 990, "approved": 838, "denied": 152}
    text = json.dumps({"year": 2026, "standard": side}).replace(
        '"denied": 152', f'"denied": 152, "approved_pct": {approved}, "denied_pct": {denied}'
    )
    [report] = read("m.json", text.encode()).reports

    assert len(arithmetic(report)[1]) == wrong


def test_a_figure_of_any_length_is_told() -> None:
    side = {"total": 7, "approved": int("9" * 40), "approved_pct": 84.6}
    [report] = read("m.json", json.dumps({"year": 2026, "standard": side}).encode()).reports

    assert [each.figure for each in arithmetic(report)[1]] == ["standard: approved"]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"", "is empty"),
        (b"<html><body><form><input type='password'></form></body></html>", "asks for a password"),
        (b"<html><body><p>Coming soon.</p></body></html>", "holds no figures that could be read"),
        (b"{]", "is no JSON"),
    ],
)
def test_where_no_figures_are_it_says_so(body: bytes, problem: str) -> None:
    assert problem in read("page", body).problem


def test_a_file_that_is_not_there_is_a_mistake_of_the_command(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        fetch(str(tmp_path / "none.json"))


def test_figures_agree_with_decisions_by_either_reading() -> None:
    counts = {
        "standard": _counted(100, approved=80, partial=5, denied=15, appealed=10, approved_after_appeal=4),
        "expedited": _counted(0),
        "drugs": _counted(3),
    }
    computed = {"figures": {reading: metrics.figures(counts, reading) for reading in ("mcpar", "template")}}
    for reading in ("mcpar", "template"):
        mine = copy.deepcopy(computed["figures"][reading])
        [report] = read("own.json", json.dumps({"year": 2026, **mine}).encode()).reports
        checked, wrong = agreement(report, computed)
        assert checked >= 8
        assert not wrong
    [other] = read("other.json", json.dumps({"standard": {"approved_pct": 82.0, "mean_days": 2.5}}).encode()).reports
    assert [each.figure for each in agreement(other, computed)[1]] == ["standard: approved pct", "standard: mean days"]


def _counted(total: int, **more: int) -> dict[str, Any]:
    names = (
        "approved",
        "partial",
        "denied",
        "appealed",
        "approved_after_appeal",
        "denied_after_appeal",
        "extended_approved",
        "extended_partial",
    )
    return {
        "total": total,
        **dict.fromkeys(names, 0),
        "mean": 200000.0 if total else None,
        "p50": 100000.0 if total else None,
        **more,
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_fails_what_it_breaks_and_nothing_else(page: Page) -> None:
    whose = payer(Target(name="Model", payer_type="ma"), None)
    # Without records nothing is asked of an engine.
    published = read(ADDRESS, page.text.encode())
    behind = {"/pa-list": page.list_answer, "/pa-drugs": page.drugs_answer}
    follow(published, lambda address: behind[address.removeprefix("https://plan.example")])
    records = Records(None, Said(None, ()), Understood(None), whose, published)  # type: ignore[arg-type]
    records.as_of = date(YEAR + 1, 6, 1)
    found, advised = {}, set()
    for each in judging.scenarios():
        if each.requirement.startswith("metrics."):
            with judged(each.id, each.requirement, "shall") as outcome:
                each.judge(records)
            found[each.requirement] = outcome.verdict.verdict
            advised |= {each.requirement} if outcome.verdict.advice else set()

    assert {name for name, verdict in found.items() if verdict == "fail"} == set(page.breaks)
    assert advised == set(page.advises)
    if not page.breaks:
        assert set(found.values()) == {"pass"}


@pytest.mark.parametrize(
    ("day", "year"), [("2026-03-30", None), ("2026-03-31", 2025), ("2027-03-30", 2025), ("2027-03-31", 2026)]
)
def test_figures_of_a_year_are_due_by_the_end_of_march(day: str, year: int | None) -> None:
    assert year_due(date.fromisoformat(day)) == year

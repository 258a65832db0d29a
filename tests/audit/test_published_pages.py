"""Published figures are read as their pages lay them out, and where there are none it is said what there is instead."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from conformance.audit.figures import fetch, read
from conformance.audit.listed import follow
from conformance.audit.published import Published, Report


def shown(body: str) -> dict[str, str]:
    """What was read of a page's one report: figure -> as it is printed."""
    [report] = read("page.html", f"<!doctype html><h1>Metrics of calendar year 2026</h1>{body}".encode()).reports
    return printed(report)


def printed(report: Report) -> dict[str, str]:
    return {f"{side}.{name}": number.printed for (side, name), number in report.figures.items()}


@pytest.mark.parametrize(
    "body",
    [
        "<table><tr><th><th>Standard<th>Expedited<tr><td>Approved<td>84.6%<td>97.3%</table>",
        "<table><tr><th>Requests<th>Approved<tr><td>Standard<td>84.6%<tr><td>Expedited<td>97.3%</table>",
        "<h2>Standard</h2><table><tr><td>Approved<td>84.6%</table>"
        "<h2>Expedited</h2><table><tr><td>Approved<td>97.3%</table>",
        "<table><tr><th colspan=2>Standard<tr><td>Approved<td>84.6%<tr><th colspan=2>Expedited<tr><td>Approved<td>97.3%"
        "</table>",
        "<table><tr><td><table><tr><td>Standard, approved<td>84.6%</table><td><table><tr><td>Expedited, approved"
        "<td>97.3%</table></table>",
        "<table><tr><th>Metric<th>2025<th>2026<tr><td>Standard approved<td>1%<td>84.6%"
        "<tr><td>Expedited approved<td>2%<td>97.3%</table>",
        "<table><tr><th>Metric<th>2025 Rate<th>2026 Rate<tr><td>Standard approved<td>1%<td>84.6%"
        "<tr><td>Expedited approved<td>2%<td>97.3%</table>",
        "<ul><li>Standard requests approved: 84.6%<li>Expedited requests approved: 97.3%</ul>",
        "<h2>Items and services (excluding drugs)</h2><table><tr><td>Standard approved<td>84.6%"
        "<tr><td>Expedited approved<td>97.3%<tr><td>Standard approved within 7 days<td>80%</table>",
    ],
    ids=["columns", "turned", "headings", "parts", "nested", "years", "years in words", "lines", "others"],
)
def test_a_figure_is_told_by_its_row_its_column_and_what_stands_above(body: str) -> None:
    assert shown(body) == {"standard.approved_pct": "84.6%", "expedited.approved_pct": "97.3%"}


@pytest.mark.parametrize(
    ("cell", "figure", "value"),
    [
        ("5.48 days", "mean_days", "5.48"), ("5 days 12 hours", "mean_hours", "132.00"),
        ("2 d 23 h", "mean_hours", "71.00"),
        ("90 minutes", "mean_hours", "1.50"), ("5,5 days", "mean_days", "5.50"), ("5.48", "mean", "5.48"),
    ],
)  # fmt: skip
def test_times_are_read_in_the_unit_they_name(cell: str, figure: str, value: str) -> None:
    body = f"<table><tr><td>Average turnaround, standard<td>{cell}</table>"
    [report] = read("page.html", f"<!doctype html>{body}".encode()).reports

    assert [(name, f"{number.value:.2f}") for (_, name), number in report.figures.items()] == [(figure, value)]


@pytest.mark.parametrize(
    ("words", "year"),
    [
        ("Data of 2026. Last updated 03/30/2027", 2026), ("Posted March 30, 2027. Data of 2026. © 2027 Plan", 2026),
        ("January 1, 2026 - December 31, 2026; posted in 2027", 2026), ("2025 and 2026", None),
    ],
)  # fmt: skip
def test_the_year_of_a_page_is_not_the_day_it_was_posted(words: str, year: int | None) -> None:
    [report] = read("page.html", f"<p>{words}</p><table><tr><td>Standard approved<td>84%</table>".encode()).reports

    assert report.year == year


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("%PDF-1.7 …", "is a PDF"), ("<a href='m.pdf'>Metrics (PDF)</a>", "it links to m.pdf"),
        ("<html><script src='app.js'></script><div id='root'></div></html>", "scripts draw it"),
        ("<title>Log in</title><form action='/sso'><input name='user'></form>", "asks to sign in"),
    ],
)  # fmt: skip
def test_a_page_without_figures_is_told_by_what_it_is(body: str, problem: str) -> None:
    assert problem in read("page.html", body.encode()).problem


class Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/metrics" else 404)
        self.end_headers()
        self.wfile.write(b"<a href='/gone'>List of services that require prior authorization</a>")
        self.wfile.write(b"<table><tr><td>Approved<td>1%</table>")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def site() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/metrics"
    server.shutdown()
    server.server_close()


def test_a_list_that_is_named_in_words_is_not_looked_for_at_an_address() -> None:
    rows = "<tr><td>List of all items and services that require prior authorization<td>See the member handbook"
    page = f"<!doctype html><table>{rows}<tr><td>Standard approved<td>84%</table>"
    [report] = read("https://plan.example/metrics", page.encode()).reports

    assert report.lists == {"items": "See the member handbook"}


@pytest.mark.parametrize(
    ("heads", "cells", "figures"),
    [
        ("Approved|Partly approved|Denied|Total", "5|2|3|10", {"approved": 5, "partial": 2, "denied": 3, "total": 10}),
        ("Requests|Approval rate", "1,200|84.6%", {"total": 1200, "approved_pct": Decimal("84.6")}),
        ("Denials|Members", "152|90", {"denied": 152}),
        ("Number|Number of days", "152|5", {"total": 152}),
        ("2025 Denied|2026 Denied", "7|152", {"denied": 152}),
        ("Denied|Approved", "<11|11-20", {}),
    ],
)
def test_a_row_of_a_finer_cut_is_told_by_its_columns(heads: str, cells: str, figures: dict[str, Any]) -> None:
    table = f"<h2>By service</h2><table><tr><th>Code<th>{heads}<tr><td>72148<td>{cells}</table>".replace("|", "<td>")
    [report] = read("page.html", f"<!doctype html>{table}<p>Standard approved: 84%".encode()).reports
    [cut] = report.finer["service"]

    assert {name: number.value for (row, name), number in cut.figures.items() if row == "72148"} == figures
    assert cut.sides() == ["72148"]


@pytest.mark.parametrize(
    ("words", "lists"),
    [
        ("List of all items and services that require prior authorization", ["items"]),
        ("Prior authorization list", ["items"]),
        ("Services requiring prior approval", ["items"]),
        ("Prior auth list (excluding drugs)", ["items"]),
        ("Non-drug services that need precertification", ["items"]),
        ("Part B drugs subject to prior authorization", ["drugs"]),
        ("Pharmacy prior authorization list", ["drugs"]),
        ("List of items, services and drugs that require prior authorization", ["items", "drugs"]),
        ("List of drugs with step therapy", []),
        ("Prior authorization form for services", []),
    ],
)
def test_a_link_says_what_it_lists(words: str, lists: list[str]) -> None:
    page = f"<a href='/list'>{words}</a><a href='/later'>{words}</a><p>Standard approved: 84%"
    [report] = read("page.html", f"<!doctype html>{page}".encode()).reports

    assert report.lists == dict.fromkeys(lists, "/list")


def test_of_links_in_the_same_words_none_is_taken_for_a_list() -> None:
    rows = "".join(
        f"<tr><td>List of all {each} that require prior authorization<td><a href='/{each}'>Click here</a>"
        for each in ("services", "drugs")
    )
    [report] = read("page.html", f"<!doctype html><table>{rows}</table><p>Standard approved: 84%".encode()).reports

    assert report.lists == {"items": "Click here", "drugs": "Click here"}


def test_the_link_to_the_list_is_followed(site: str) -> None:
    assert fetch(site).closed == {site.replace("/metrics", "/gone"): "answered 404"}


@pytest.mark.parametrize(
    ("status", "body", "opened", "closed"),
    [
        (200, b"%PDF-1.7", True, ""),
        (200, b"<p>Imaging</p>" * 3, True, ""),
        (404, b"", False, "answered 404"),
        (403, b"", False, ""),  # a gateway may let browsers through
        (0, b"", False, ""),
        (200, b"<form><input type='password'></form><p>Sign in</p>", False, "asks for a password"),
        # A form for members above a list: nobody says that it is there, or that it is not.
        (200, b"<form><input type='password'></form>" + b"<p>Imaging of the spine</p>" * 60, False, ""),
    ],
)
def test_a_link_to_the_list_is_open_or_closed_only_where_that_is_plain(status, body, opened, closed) -> None:
    published = Published("https://plan.example/metrics", [Report(lists={"items": "https://plan.example/list"})])

    follow(published, lambda _address: (status, body))

    assert (bool(published.opened), "".join(published.closed.values())) == (opened, closed)

"""The page on which the model payer publishes its figures, as CMS's template words it; lawful and unlawful."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

YEAR = 2026  # of which the figures are; they are due by March 31 of the next
ROWS = (
    ("Percentage of standard prior authorization requests that were approved", "84.6% (838 of 990)"),
    ("Percentage of standard prior authorization requests that were denied", "15.4% (152 of 990)"),
    ("Percentage of standard requests that were approved after appeal", "39.8% (37 of 93)"),
    ("Percentage of requests whose timeframe was extended and that were approved", "1.2% (13 of 1,100)"),
    ("Percentage of expedited prior authorization requests that were approved", "97.3% (107 of 110)"),
    ("Percentage of expedited prior authorization requests that were denied", "2.7% (3 of 110)"),
    ("Average and median time from submission to decision, standard requests", "5.48 days / 2.96 days"),
    ("Average and median time from submission to decision, expedited requests", "10.8 hours / 4.8 hours"),
)
LOGIN = "<html><body><form action='/login'><input name='user'><input type='password' name='word'></form></body></html>"
PUBLISHED, COUNTS, CONSISTENT = "metrics.published", "metrics.counts", "metrics.consistent"


@dataclass(frozen=True)
class Page:
    """One way to publish: what it breaks, and the page."""

    name: str
    text: str
    breaks: tuple[str, ...] = ()


def page(rows: tuple[tuple[str, str], ...] = ROWS, year: str = f"calendar year {YEAR}") -> str:
    """The page with these rows."""
    listed = "".join(f"<tr><td>{label}</td><td>{said}</td></tr>" for label, said in rows)
    return (
        f"<!doctype html><html><body><h1>Prior authorization metrics, {year}</h1><table>{listed}</table>"
        '<a href="/pa-list">List of items and services that require prior authorization</a></body></html>'
    )


def _with(change: Callable[[str, str], str | None]) -> str:
    """The page with every figure as ``change`` (label, what is printed) leaves it; None drops the row."""
    changed = ((label, change(label, said)) for label, said in ROWS)
    return page(tuple((label, said) for label, said in changed if said is not None))


def _in_shares(_label: str, said: str) -> str:
    return said.partition(" (")[0]


def _one_in_shares(label: str, said: str) -> str:
    return _in_shares(label, said) if "extended" in label else said


def _without_denials(label: str, said: str) -> str | None:
    return None if "standard" in label and "denied" in label else said


PAGES: tuple[Page, ...] = (
    Page("all_figures", page()),
    Page("no_expedited_requests", _with(lambda label, said: "N/A" if "expedited" in label else said)),
    Page("shares_without_counts", _with(_in_shares), (COUNTS,)),
    Page("a_share_without_its_count", _with(_one_in_shares), (COUNTS,)),
    Page("without_the_denials", _with(_without_denials), (PUBLISHED,)),
    Page("without_a_median", _with(lambda _label, said: said.partition(" / ")[0]), (PUBLISHED,)),
    Page("without_its_year", page(year="last year"), (PUBLISHED,)),
    Page("of_the_year_before", page(year=f"calendar year {YEAR - 1}"), (PUBLISHED,)),
    Page("behind_a_login", LOGIN, (PUBLISHED,)),
    Page("a_swapped_share", page((ROWS[0], (ROWS[1][0], "51.4% (152 of 990)"), *ROWS[2:])), (CONSISTENT,)),
)

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
    ("Percentage of requests for drugs that were approved", "90.5% (190 of 210)"),
    ("Percentage of requests for drugs that were denied", "9.5% (20 of 210)"),
    ("Percentage of requests for drugs that were approved after appeal", "40% (4 of 10)"),
    ("Average and median time from submission to decision, drugs", "20.5 hours / 8.1 hours"),
)
LOGIN = "<html><body><form action='/login'><input name='user'><input type='password' name='word'></form></body></html>"
SIGN_IN = (
    "<html><head><title>Sign in</title></head><body><form><input name='user'><button>Next</button></form></body></html>"
)
PUBLISHED, COUNTS, CONSISTENT = "metrics.published", "metrics.counts", "metrics.consistent"
LISTED, DRUGS, GRANULAR = "metrics.items-listed", "metrics.drugs", "metrics.granular"
DRUGS_LISTED = "metrics.drugs-listed"
FINER = "".join(
    f"<h2>By {cut}</h2><table><tr><th>{corner}</th><th>Approved</th><th>Denied</th></tr>"
    f"<tr><td>{each}</td><td>700</td><td>120</td></tr><tr><td>Others</td><td>245</td><td>35</td></tr></table>"
    for cut, corner, each in (
        ("service", "Code", "72148"), ("specialty", "Specialty", "Cardiology"), ("plan", "Plan", "H0001"),
        ("denial reason", "Reason", "Not covered"),
    )
)  # fmt: skip
ADDRESS = "https://plan.example/metrics"  # where the page stands


@dataclass(frozen=True)
class Page:
    """One way to publish: what it breaks, the page, what is found behind its links to the lists, what it advises."""

    name: str
    text: str
    breaks: tuple[str, ...] = ()
    list_answer: tuple[int, bytes] = (200, b"%PDF-1.7")
    drugs_answer: tuple[int, bytes] = (200, b"%PDF-1.7")
    advises: tuple[str, ...] = ()


def page(rows: tuple[tuple[str, str], ...] = ROWS, year: str = f"calendar year {YEAR}") -> str:
    """The page with these rows."""
    return _around("".join(f"<tr><td>{label}</td><td>{said}</td></tr>" for label, said in rows), year)


def _around(rows: str, year: str = f"calendar year {YEAR}") -> str:
    return (
        f"<!doctype html><html><body><h1>Prior authorization metrics, {year}</h1><table>{rows}</table>{FINER}"
        '<a href="/pa-list">List of items and services that require prior authorization</a>'
        '<a href="/pa-drugs">List of drugs that require prior authorization</a></body></html>'
    )


def _with(change: Callable[[str, str], str | None]) -> str:
    """The page with every figure but those of drugs as ``change`` (label, what is printed) leaves it; None drops it."""
    changed = ((label, change(label, said)) for label, said in ROWS[:8])
    return page((*((label, said) for label, said in changed if said is not None), *ROWS[8:]))


def _in_shares(_label: str, said: str) -> str:
    return said.partition(" (")[0]


def _one_in_shares(label: str, said: str) -> str:
    return _in_shares(label, said) if "extended" in label else said


def _without_denials(label: str, said: str) -> str | None:
    return None if "standard" in label and "denied" in label else said


# The same figures as others lay them out: a side in each column, in parts, with counts in columns of their own.
_DRUGS = "".join(f"<tr><td>{label}</td><td>{said}</td></tr>" for label, said in ROWS[8:])
_SIDE_BY_SIDE = _around(
    "<tr><th></th><th>Standard</th><th>Expedited</th></tr>"
    "<tr><td>Approved</td><td>84.6% (838 of 990)</td><td>97.3% (107 of 110)</td></tr>"
    "<tr><td>Denied</td><td>15.4% (152 of 990)</td><td>2.7% (3 of 110)</td></tr>"
    "<tr><td>Approved after appeal</td><td>39.8% (37 of 93)</td><td>N/A</td></tr>"
    "<tr><td>Extended and approved</td><td colspan='2'>1.2% (13 of 1,100)</td></tr>"
    "<tr><td>Average time</td><td>5 days 12 hours</td><td>648 minutes</td></tr>"
    f"<tr><td>Median time</td><td>2.96 days</td><td>4.8 hours</td></tr></table><table>{_DRUGS}"
)
_IN_PARTS = _around(
    "<tr><th colspan='4'>Standard</th></tr><tr><th></th><th>Number</th><th>Out of</th><th>Percent</th></tr>"
    "<tr><td>Approved</td><td>838</td><td>990</td><td>84.6</td></tr>"
    "<tr><td>Denied</td><td>152</td><td>990</td><td>15.4</td></tr>"
    "<tr><td>Approved after appeal</td><td>37</td><td>93</td><td>39.8</td></tr>"
    "<tr><td>Extended and approved</td><td>13</td><td>1,100</td><td>1.2</td></tr></table><h2>Expedited</h2><table>"
    "<tr><td rowspan='2'>Decided</td><td>Approved</td><td>97.3% (107 of 110)</td></tr>"
    "<tr><td>Denied</td><td>2.7% (3 of 110)</td></tr></table><h2>Times</h2><ul><li>Standard, average: 5.48 days"
    "<li>Standard, median: 2.96 days<li>Expedited, average: 10.8 hours<li>Expedited, median: 4.8 hours</ul>"
    f"<table>{_DRUGS}"
)
_TWO_PLANS = page().replace("<table>", "<h2>Plan H0001</h2><table>", 1)
_SECOND = "".join(f"<tr><td>{label}</td><td>{said}</td></tr>" for label, said in ROWS)
_TWO_PLANS = _TWO_PLANS.replace("</table>", f"</table>{FINER}<h2>Plan H0002</h2><table>{_SECOND}</table>", 1)


def _finer(cut: str, heads: str, *rows: str) -> str:
    """The page with one of its finer cuts in other columns and rows; cells are parted by bars."""
    lines = "".join(f"<tr><td>{'<td>'.join(each.split('|'))}</tr>" for each in (f"{cut.capitalize()}|{heads}", *rows))
    before, _, after = page().partition(f"<h2>By {cut}</h2>")
    return f"{before}<h2>By {cut}</h2><table>{lines}{after[after.index('</table>') :]}"


_WITH_SHARES = _finer(
    "service", "Approved|Denied|Total|Approval rate", "72148|700|120|820|85.4%", "Others|245|35|280|87.5%"
)
_COUNTED_TWICE = _finer("service", "Approved|Denied", "72148|700|120", "70553|300|60", "Total|945|155")
_FIRST_TEN = _finer("plan", "Approved|Denied", "H0001|600|100", "Total|945|155")
_WITHHELD = _finer(
    "plan", "Approved|Denied|Total", "H0001|900|150|1,050", "H0002|45|<11|*", "Others|-|*|*", "All|945|155|1,100"
)
_BY_MONTH = (
    "<h2>By month</h2><table><tr><th>Month<th>Total<th>Approved<th>Denied<tr><td>January<td>80<td>20<td>11"
    "<tr><td>February<td>20<td>60<td>11</table>"
)
_BY_SIDE = _finer("plan", "Standard, total|Expedited, total", "H0001|900|100", "Others|90|10", "Total|990|110")

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
    Page("side_by_side", _SIDE_BY_SIDE),
    Page("in_parts", _IN_PARTS),
    Page("two_plans", _TWO_PLANS),
    Page("a_second_plan_without_a_median", _TWO_PLANS[::-1].replace("syad 69.2 / ", "", 1)[::-1], (PUBLISHED,)),
    Page("posted_in_the_next_year", page(year=f"{YEAR}. Posted March 30, {YEAR + 1}")),
    Page("behind_a_sign_in", SIGN_IN, (PUBLISHED,)),
    Page("a_list_that_is_gone", page(), (LISTED,), (404, b"")),
    Page("a_list_behind_a_login", page(), (LISTED,), (200, LOGIN.encode())),
    Page("a_list_behind_a_gateway", page(), (), (403, b""), advises=(LISTED,)),
    Page("a_list_of_drugs_that_is_gone", page(), (DRUGS_LISTED,), drugs_answer=(404, b"")),
    Page("a_list_of_drugs_behind_a_login", page(), (DRUGS_LISTED,), drugs_answer=(200, LOGIN.encode())),
    Page("a_list_of_drugs_behind_a_gateway", page(), drugs_answer=(403, b""), advises=(DRUGS_LISTED,)),
    Page("one_list_of_both", page().replace("items and services that", "items, services and drugs that")),
    Page("no_figures_on_drugs", page(ROWS[:8]), (DRUGS,)),
    Page("no_finer_figures", page().replace(FINER, ""), (GRANULAR,)),
    Page(
        "finer_figures_without_reasons", page().replace("By denial reason", "").replace(">Reason<", "><"), (GRANULAR,)
    ),
    Page("finer_figures_with_shares", _WITH_SHARES),
    Page("finer_shares_of_what_was_decided", _WITH_SHARES.replace("<td>820<", "<td>900<")),
    Page("a_finer_share_of_something_else", _WITH_SHARES.replace("85.4%", "58.4%"), (GRANULAR,)),
    Page("services_asked_for_together", _COUNTED_TWICE),
    Page("a_service_with_more_than_all", _COUNTED_TWICE.replace("700", "970"), (GRANULAR,)),
    Page("the_largest_plans_and_a_total", _FIRST_TEN),
    Page("plans_with_more_than_their_total", _FIRST_TEN.replace("<td>155<", "<td>95<"), (GRANULAR,)),
    Page("plans_with_more_than_was_asked", _finer("plan", "Total", "H0001|1,200", "Others|200"), (GRANULAR,)),
    Page("months_that_decide_what_came_before", _finer("plan", "Total", "H0001|1,100") + _BY_MONTH),
    Page("plans_and_their_sum", _finer("plan", "Total", "H0001|1,000", "H0002|100", "Example Health|1,100")),
    Page("finer_figures_by_side", _BY_SIDE),
    Page("others_that_do_not_make_the_total", _BY_SIDE.replace("<td>90<", "<td>80<"), (GRANULAR,)),
    Page("small_cells_withheld", _WITHHELD),
    Page("small_cells_printed", _finer("specialty", "Denied", "Urology|4", "Others|151"), advises=(GRANULAR,)),
    Page("a_swapped_share_of_drugs", page((*ROWS[:8], (ROWS[8][0], "9.5% (190 of 210)"), *ROWS[9:])), (DRUGS,)),
    Page("a_swapped_share", page((ROWS[0], (ROWS[1][0], "51.4% (152 of 990)"), *ROWS[2:])), (CONSISTENT,)),
)

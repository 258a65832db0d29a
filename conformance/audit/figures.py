"""The figures a payer has published: read from a file or its page, in JSON, CSV or HTML tables.

JSON is our own form (docs/auditing-records.md): ``standard`` and ``expedited`` with ``total``, ``approved``,
``approved_pct`` and so on, ``year``; a list of such under ``reports``. Tables are read by the words of their labels.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from conformance.audit.listed import follow
from conformance.audit.published import NOT_APPLICABLE, PRINTED, SIDES, Number, Published, Report, value_of
from conformance.audit.tables import of_csv, of_page
from conformance.errors import UsageError

LARGEST = 16 * 1024 * 1024
PATIENCE = 30.0


def fetch(named: str, lists: Mapping[str, str | None] | None = None) -> Published:
    """The published figures at a path or an address; UsageError where a file is not there.

    ``lists`` says where the lists of what requires prior authorization are, for reports that do not link to them.
    """
    found = _from_web(named) if named.startswith(("http://", "https://")) else _from_file(Path(named))
    for report in found.reports:
        report.lists = {each: href for each, href in (lists or {}).items() if href} | report.lists
    follow(found, _got)
    return found


def _from_file(path: Path) -> Published:
    if not path.is_file():
        raise UsageError(f"--published {path}: no such file")
    return read(str(path), path.read_bytes())


def _from_web(url: str) -> Published:
    try:
        status, body = _get(url)
    except (URLError, OSError, ValueError) as wrong:
        raise UsageError(f"--published {url}: cannot be reached: {wrong}") from wrong
    if status >= HTTPStatus.BAD_REQUEST:
        return Published(url, problem=f"answered {status}", behind_login=status in (401, 403))
    if len(body) > LARGEST:
        return Published(url, problem=f"is larger than {LARGEST:,} bytes")
    return read(url, body)


def _get(url: str) -> tuple[int, bytes]:
    """The status and body of an answer as anybody gets it: without credentials."""
    request = Request(  # noqa: S310
        url, headers={"User-Agent": "payer-conformance", "Accept": "text/html, application/json, text/csv"}
    )
    try:
        with urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310  only http and https are let through
            return answer.status, answer.read(LARGEST + 1)
    except HTTPError as refused:
        return refused.code, b""


def _got(url: str) -> tuple[int, bytes]:
    try:
        return _get(url)
    except (URLError, OSError, ValueError):
        return 0, b""


def read(source: str, body: bytes) -> Published:
    """The figures in a body of whatever form; ``problem`` where there are none."""
    text = (
        body.decode("utf-8-sig", "replace")
        if not body.startswith((b"\xff\xfe", b"\xfe\xff"))
        else body.decode("utf-16")
    )
    start = text.lstrip()[:200].casefold()
    if not start:
        return Published(source, problem="is empty")
    if start.startswith("%pdf"):
        return Published(source, problem="is a PDF, which is not read: type its figures into CSV or JSON")
    if start.startswith(("{", "[")):
        found = _json(source, text)
    elif start.startswith("<"):
        found = of_page(source, text)
    else:
        found = of_csv(source, text)
    if not found.problem and not any(each.figures or each.none for each in found.reports):
        found.problem = "holds no figures that could be read"
    return found


# -- JSON --------------------------------------------------------------------------------------------------------------


def _json(source: str, text: str) -> Published:
    try:
        said = json.loads(text, parse_float=Decimal)
    except (ValueError, RecursionError) as wrong:
        return Published(source, problem=f"is no JSON: {wrong}")
    listed = said.get("reports") if isinstance(said, dict) and "reports" in said else said
    reports = [_report(each) for each in (listed if isinstance(listed, list) else [listed]) if isinstance(each, dict)]
    return Published(source, reports)


def _report(raw: Mapping[str, Any]) -> Report:
    year = raw.get("year")
    report = Report(str(raw.get("payer", "")), year if isinstance(year, int) else None)
    named = {"items": raw.get("list_url"), "drugs": raw.get("drug_list_url")}
    report.lists = {each: href for each, href in named.items() if isinstance(href, str) and href}
    for side in (*SIDES, "drugs"):
        for name, value in (raw.get(side) or {}).items() if isinstance(raw.get(side), dict) else ():
            _note(report, side, name, value)
    finer = raw.get("finer")
    report.finer = {cut: [_cut(rows)] for cut, rows in (finer if isinstance(finer, dict) else {}).items() if rows}
    for name in ("extended_approved", "extended_approved_pct", "total"):
        if name in raw:
            _note(report, "", name, raw[name])
    return report


def _cut(rows: Any) -> Report:
    """A finer cut: objects with the row's name as ``value``, and its figures."""
    table = Report()
    for row in rows if isinstance(rows, list) else ():
        for name, value in row.items() if isinstance(row, dict) else ():
            if name != "value":
                _note(table, str(row.get("value", "")), name, value)
    return table


def _note(report: Report, side: str, name: str, value: Any) -> None:
    if isinstance(value, str) and NOT_APPLICABLE.fullmatch(value.strip()):
        report.none.add((side, name))
    elif isinstance(value, int | Decimal | str) and not isinstance(value, bool) and (number := _number(str(value))):
        report.figures[side, name] = number


def _number(text: str) -> Number | None:
    found = PRINTED.search(text.strip())
    if not found:
        return None
    try:
        return Number(value_of(found[1]), found[0].strip())
    except InvalidOperation:
        return None

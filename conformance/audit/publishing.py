"""The payer's own report of its figures, ready for its website: HTML and JSON, from its decisions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conformance import paths
from conformance.audit import metrics
from conformance.audit.cuts import cuts
from conformance.audit.published import due_day
from conformance.audit.records import Records
from conformance.errors import UsageError


def publish(
    records: Records, folder: Path, year: int | None, lists: Mapping[str, str | None] | None = None
) -> tuple[Path, Path]:
    """Writes metrics.html and metrics.json for one year; the year is that of the last decision where none is named."""
    if records.understood.table is None:
        raise UsageError("--publish makes figures from decisions: name the records")
    year = year or _last_year(records)
    computed, links = metrics.computed(records, year), lists or {}
    if not any(each["total"] for each in computed["counts"].values()):
        raise UsageError(f"--publish: the records hold no decision of {year}")
    folder.mkdir(parents=True, exist_ok=True)
    target = records.payer.target
    report = {
        "payer": target.name,
        "payer_type": target.payer_type,
        "year": year,
        "due": due_day(year).isoformat(),
        "drawn": records.payer.extracted.date().isoformat() if records.payer.extracted else "",
        "reading": "mcpar",
        "list_url": links.get("items") or "",
        "drug_list_url": links.get("drugs") or "",
        **computed["figures"]["mcpar"],
        "other_reading": {"name": "template", **computed["figures"]["template"]},
        "finer": cuts(records, metrics.reported(records, year)),
        "method": computed["method"],
    }
    page, data = folder / "metrics.html", folder / "metrics.json"
    data.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", "utf-8")
    page.write_text(_page(report), "utf-8")
    return page, data


def _last_year(records: Records) -> int:
    t = records.started
    last = records.engine.rows(t.agg(last=t.decided_at.max()))[0]["last"]
    if last is None:
        raise UsageError("--publish: the records hold no decision with a time")
    return metrics.day(last, records.payer.target.timezones).year


def _page(report: dict[str, Any]) -> str:
    from conformance.report.page import environment

    return environment(paths.reports() / "templates").get_template("metrics.html.j2").render(report=report)

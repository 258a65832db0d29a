"""Several records as one: checks against a payer's APIs and the audit of its decisions stand in one report."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from conformance.errors import UsageError
from conformance.judge import NARROWING, part
from conformance.report.record import header_of, lines_of


def join(directories: Sequence[Path], out: Path) -> None:
    """Writes the record of all ``directories`` to ``out``; UsageError where they cannot be of one payer's examination.

    What was judged stays as it was judged: verdicts are put together, none is made again. What another run of the same
    payer left out is no longer missing where one of them has it.
    """
    headers = [header_of(each) for each in directories]
    _check(directories, headers)
    lines = [[line for line in lines_of(each / "verdicts.jsonl") if line["kind"] != "header"] for each in directories]
    footers = [next((line for line in each if line["kind"] == "footer"), None) for each in lines]
    with (out / "verdicts.jsonl").open("w", encoding="utf-8") as record:

        def write(line: dict[str, Any]) -> None:
            record.write(json.dumps(line, ensure_ascii=False) + "\n")

        write({"kind": "header", **_header(headers)})
        for line in (line for each in lines for line in each if line["kind"] != "footer"):
            write(line)
        if all(footers):  # without all of them it is the record of something that was cut short
            write(footer_of([each for each in footers if each]))
    with (out / "exchanges.jsonl").open("wb") as exchanges:
        for each in directories:
            if (each / "exchanges.jsonl").is_file():
                exchanges.write((each / "exchanges.jsonl").read_bytes())
    for each in directories:
        if (each / "allure-results").is_dir():  # each file has a name of its own
            shutil.copytree(each / "allure-results", out / "allure-results", dirs_exist_ok=True)


def _check(directories: Sequence[Path], headers: Sequence[dict[str, Any]]) -> None:
    first, seen = headers[0], dict[str, Path]()
    standings: dict[str, str] = {}
    if len([each for each in directories if _has_exchanges(each)]) > 1:
        raise UsageError("two runs against APIs: their exchanges are numbered alike; examine all APIs in one run")
    for directory, header in zip(directories, headers, strict=True):
        theirs, ours = header["target"]["payer_type"], first["target"]["payer_type"]
        if theirs != ours:
            raise UsageError(f"{directories[0]} and {directory} are not of one payer: payer type {ours} and {theirs}")
        for row in header["requirements"]:
            if standings.setdefault(row["id"], row["standing"]) != row["standing"]:
                raise UsageError(
                    f"{row['id']} is {standings[row['id']]} in one record and {row['standing']} in {directory}: "
                    "examine both as of one day (--as-of)"
                )
        for scenario in (scenario for row in header["requirements"] for scenario in row["planned"]):
            if scenario in seen:
                raise UsageError(f"{seen[scenario]} and {directory} both hold {scenario}: one report shows it once")
            seen[scenario] = directory


def _has_exchanges(directory: Path) -> bool:
    file = directory / "exchanges.jsonl"
    return file.is_file() and file.stat().st_size > 0


def _header(headers: Sequence[dict[str, Any]]) -> dict[str, Any]:
    live = max(headers, key=lambda each: len(each["scope"]["apis"]))  # whom the report is about is said there
    rows: dict[str, dict[str, Any]] = {}
    for row in (row for header in headers for row in header["requirements"]):
        there = rows.get(row["id"])
        planned = sorted({*row["planned"], *(there["planned"] if there else ())})
        # Why nothing tests a requirement is true only while nothing does.
        base = row if there is None or (row["planned"] and not there["planned"]) else there
        rows[row["id"]] = {**base, "planned": planned}
    apis = {api for each in headers for api in each["scope"]["apis"]}
    missing, not_built = (
        sorted(set.intersection(*(set(each["scope"][name]) for each in headers)) - apis)
        for name in ("missing", "not_built")
    )
    return {
        **live,
        "options": _options(live["options"], [each["options"] for each in headers if each["scope"]["apis"]]),
        "as_of": max(each["as_of"] for each in headers),
        "started": min(each["started"] for each in headers),
        "scope": {
            "apis": sorted(apis),
            "suites": sorted({suite for each in headers for suite in each["scope"]["suites"]}),
            "missing": missing,
            "not_built": not_built,
        },
        "acknowledged": {key: said for each in headers for key, said in each["acknowledged"].items()},
        "attested": {key: said for each in headers for key, said in each["attested"].items()},
        "requirements": list(rows.values()),
    }


def _options(options: Mapping[str, Any], of_runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The options with what all runs together were narrowed to: nothing where one of them was not."""
    kept = {name: value for name, value in options.items() if name not in NARROWING}
    if not all(part(each) for each in of_runs):
        return kept
    return kept | {name: sorted({value for each in of_runs for value in each.get(name, ())}) for name in NARROWING}


def footer_of(footers: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The footer of several records: every table with the rows of all; UsageError for two audits."""
    audits = [each["audit"] for each in footers if each.get("audit")]
    if len(audits) > 1:
        raise UsageError("two audits: their counts cannot be added; audit all files together instead")
    tables = dict.fromkeys(key for each in footers for key, said in each.items() if isinstance(said, list))
    return {
        **{key: said for each in footers for key, said in each.items()},
        **{name: [row for each in footers for row in each.get(name, ())] for name in tables},
        "finished": max(each["finished"] for each in footers),
        "interrupted": any(each.get("interrupted") for each in footers),
        "waiting": sum(each.get("waiting", 0) for each in footers),
        "audit": audits[0] if audits else None,
    }

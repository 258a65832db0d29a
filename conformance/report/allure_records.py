"""What an audit of records came to, for Allure: a result for every scenario, as a run of pytest leaves them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from datetime import datetime
from hashlib import md5
from pathlib import Path
from typing import Any

from conformance.report import words
from conformance.report.allure_followed import STATUS
from conformance.report.text import csv_text


def write_results(folder: Path, results: Mapping[str, Any]) -> int:
    """Writes a result for each scenario of the folded record to ``folder`` (allure-results); gives their number."""
    folder.mkdir(parents=True, exist_ok=True)
    end = int(datetime.fromisoformat(results["finished"]).timestamp() * 1000)
    told = [(row, scenario) for row in results["requirements"] for scenario in row["scenarios"]]
    for row, scenario in told:
        result = _result(row, scenario, end)
        result["attachments"] = _attachments(folder, scenario)
        (folder / f"{result['uuid']}-result.json").write_text(json.dumps(result, ensure_ascii=False), "utf-8")
    return len(told)


def _result(row: Mapping[str, Any], scenario: Mapping[str, Any], end: int) -> dict[str, Any]:
    suite, _, function = scenario["id"].rpartition(".")
    always = md5(scenario["id"].encode(), usedforsecurity=False).hexdigest()  # the same test in the next audit
    labels = {
        "epic": words.api(row["api"]), "feature": "Law" if row["kind"] == "law" else "Guide", "story": row["id"],
        "severity": words.SEVERITY[row["level"]], "standing": row["standing"], "level": row["level"],
        "verdict": scenario["verdict"], "parentSuite": suite, "actor": scenario["actor"],
    }  # fmt: skip
    return {
        "uuid": str(uuid.uuid4()), "historyId": always, "testCaseId": always, "fullName": f"{suite}#{function}",
        "name": row["text"], "description": "\n".join(filter(None, [row["text"], *row["cites"], row["note"]])),
        "status": STATUS.get(scenario["verdict"], "passed"),
        **({"statusDetails": {"message": scenario["message"]}} if scenario["message"] else {}),
        "start": end - int(scenario["seconds"] * 1000), "stop": end,
        "labels": [{"name": name, "value": value} for name, value in labels.items() if value],
        "links": [{"type": "link", "url": url, "name": url.rpartition("/")[2]} for url in row["links"]],
    }  # fmt: skip


def _attachments(folder: Path, scenario: Mapping[str, Any]) -> list[dict[str, str]]:
    """Tables of what was found and advised, decision by decision."""
    attached = []
    for name in ("findings", "advice"):
        if scenario[name]:
            source = f"{uuid.uuid4()}-attachment.csv"
            rows = ((each["expected"], each["actual"], each["at"]) for each in scenario[name])
            (folder / source).write_text(csv_text(("expected", "found", "where"), rows), "utf-8", newline="")
            attached.append({"name": name.capitalize(), "source": source, "type": "text/csv"})
    return attached

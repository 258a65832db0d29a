"""What a follow-up came to, for Allure: a later result of the same test, so that the run's own is its earlier try."""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

STATUS = {"fail": "failed", "error": "broken", "not-tested": "skipped", "not-applicable": "skipped"}
OURS = ("verdict", "actor")


def add_results(folder: Path, results: Mapping[str, Any], judged: Collection[str], moment: datetime) -> int:
    """Writes a result for each of the ``judged`` scenarios that Allure has a result of already; gives their number.

    ``folder`` is allure-results, ``results`` the folded record.
    """
    told = {each["id"]: each for row in results["requirements"] for each in row["scenarios"]}
    written = 0
    for name, earlier in _latest(folder).items():
        if name in judged and name in told:
            later = _result(earlier, told[name], moment)
            (folder / f"{later['uuid']}-result.json").write_text(json.dumps(later, ensure_ascii=False), "utf-8")
            written += 1
    return written


def _latest(folder: Path) -> dict[str, dict[str, Any]]:
    """The last result of every scenario, by its id."""
    found: dict[str, dict[str, Any]] = {}
    for path in folder.glob("*-result.json"):
        try:
            result = json.loads(path.read_text("utf-8"))
            name = _scenario(result)
            if name not in found or found[name]["stop"] < result["stop"]:
                found[name] = result
        except (OSError, ValueError, KeyError, TypeError):
            continue  # torn by a kill, or none of ours
    return found


def _scenario(result: Mapping[str, Any]) -> str:
    """The id of a result's scenario: "prior_auth.test_x[pas=2.2.1]"."""
    suite = next(each["value"] for each in result["labels"] if each["name"] == "parentSuite")
    claim = next(each["value"] for each in result["parameters"] if each["name"] == "claim")
    return f"{suite}.{result['fullName'].rpartition('#')[2]}[{claim.strip(chr(39))}]"


def _result(earlier: Mapping[str, Any], told: Mapping[str, Any], moment: datetime) -> dict[str, Any]:
    at, verdict = int(moment.timestamp() * 1000), told["verdict"]
    labels = [each for each in earlier["labels"] if each["name"] not in OURS]
    message = {"statusDetails": {"message": told["message"]}} if told["message"] else {}
    kept = {key: value for key, value in earlier.items() if key not in ("steps", "attachments", "statusDetails")}
    return {
        **kept,
        **message,
        "uuid": str(uuid.uuid4()),
        "status": STATUS.get(verdict, "passed"),
        "start": at,
        "stop": at,
        "labels": [*labels, {"name": "verdict", "value": verdict}, {"name": "tag", "value": "follow-up"}],
    }

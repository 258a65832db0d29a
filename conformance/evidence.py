"""What Allure is shown of a scenario; a view of the record, which is results.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import allure
from allure_commons.types import LinkType

from conformance.catalogue import Requirement, Standing
from conformance.errors import NonConformance
from conformance.expect import Judgement, Step, Table
from conformance.journal import Journal
from conformance.links import links
from conformance.redaction import HIDDEN, Redactor
from conformance.report import words
from conformance.report.text import csv_text
from conformance.target import Claim
from conformance.verdict import ScenarioVerdict

HTTP_EXCHANGE = "application/vnd.allure.http+json"
PLACEHOLDER = "__ALLURE_REDACTED__"


def label(requirement: Requirement, stands: Standing, level: str, claim: Claim) -> None:
    """Puts a scenario in its place: epic the API, feature law or guide, story the requirement."""
    allure.dynamic.epic(words.api(requirement.api))
    allure.dynamic.feature("Law" if requirement.kind == "law" else "Guide")
    allure.dynamic.story(requirement.id)
    allure.dynamic.title(f"{requirement.text} [{claim.label}]")
    allure.dynamic.severity("blocker" if requirement.exposes else words.SEVERITY[level])
    allure.dynamic.description("\n".join(filter(None, [requirement.text, *stands.cites, stands.note])))
    allure.dynamic.label("standing", stands.state)
    allure.dynamic.label("level", level)
    allure.dynamic.parameter("claim", claim.label)
    for url in links(requirement, stands.cites, [claim]):
        allure.dynamic.link(url, link_type=LinkType.LINK, name=url.rpartition("/")[2] or url)


def show(verdict: ScenarioVerdict, judgement: Judgement, journal: Journal) -> None:
    """One step per judgement call, then the exchanges, redacted, and the curl lines of all of them."""
    allure.dynamic.label("verdict", verdict.verdict)
    if verdict.actor:
        allure.dynamic.label("actor", verdict.actor)
    for step in judgement.steps:
        _step(step)
    if verdict.verdict == "advisory":
        allure.attach(journal.redactor.text(verdict.message), "Advice", allure.attachment_type.TEXT)
    for table in judgement.tables:
        allure.attach(as_csv(table, journal.redactor), table.name, allure.attachment_type.CSV)
    lines = [journal.lines[each] for each in verdict.exchanges if each in journal.lines]
    for line in lines:
        # Whoever looks at trouble finds the exchange at hand; what is well is shown once, where it was first looked at.
        if verdict.verdict != "pass" or line["id"] not in journal.attached:
            journal.attached.add(line["id"])
            attach(line)
    if lines:
        asked = "\n\n".join(f"# {line['id']}\n{line['curl']}" for line in lines if line["curl"])
        allure.attach(asked, "As curl", allure.attachment_type.TEXT)


def as_csv(table: Table, redactor: Redactor) -> str:
    """A table as CSV, redacted; no cell is taken for a formula by whoever opens it in a spreadsheet."""
    return csv_text(table.columns, (map(redactor.text, row) for row in table.rows))


def attach(line: Mapping[str, Any]) -> None:
    """Attaches one exchange as Allure renders exchanges."""
    name = f"{line['operation']} {line['case']}".strip()
    allure.attach(
        json.dumps(http_exchange(line), ensure_ascii=False),
        name,
        attachment_type=HTTP_EXCHANGE,
        extension="httpexchange",
    )


def http_exchange(line: Mapping[str, Any]) -> dict[str, Any]:
    """An exchange in Allure's form (application/vnd.allure.http+json)."""
    request = {
        "method": line["method"],
        "url": line["url"],
        "headers": _headers(line["request_headers"]),
        **_body(line["request_body"], line["request_headers"]),
    }
    if line["failure"]:
        return {"request": request, "error": {"name": line["failure"]["kind"], "message": line["failure"]["message"]}}
    response = {
        "status": line["status"] or 0,
        "headers": _headers(line["headers"]),
        **_body(line["body"], line["headers"]),
    }
    return {"request": request, "response": response}


def shown(raised: BaseException | None, verdict: ScenarioVerdict, redactor: Redactor) -> BaseException:
    """The exception as it may be shown: its text redacted, its kind kept (failed stays failed, broken broken)."""
    text = redactor.text(verdict.message)
    kind: type[Exception] = AssertionError if isinstance(raised, NonConformance) else RuntimeError
    return kind(text).with_traceback(None)


def _step(step: Step) -> None:
    told = f"{step.what}: {step.judged - step.failed} of {step.judged}" if step.judged > 1 else step.what
    with suppress(AssertionError), allure.step(told):
        if step.failed and step.kind == "expect":
            raise AssertionError(told)


def _headers(headers: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value.replace(HIDDEN, PLACEHOLDER)} for name, value in headers.items()]


def _body(body: str, headers: Mapping[str, str]) -> dict[str, Any]:
    if not body:
        return {}
    return {"body": {"contentType": headers.get("content-type", ""), "value": body.replace(HIDDEN, PLACEHOLDER)}}

"""How the pages say things: verdicts, payers, dates and durations in a reader's words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

OUTCOMES = {
    "conformant": "No failure found",
    "not-conformant": "Not met",
    "inconclusive": "Not fully shown",
}
SEVERITY = {"shall": "critical", "should": "normal", "may": "minor"}  # in Allure's words
LAW = {
    "pass": "Law met",
    "fail": "Law not met",
    "advisory": "Advice unmet",
    "error": "Could not be judged",
    "not-tested": "Not shown",
    "waived": "Not shown, acknowledged",
    "attested": "Attested, not shown",
    "not-applicable": "Does not apply",
}
GUIDE = LAW | {"pass": "Guide met", "fail": "Guide not met"}
COMING = {"pass": "Would be met", "fail": "Would not be met", "advisory": "Advice would be unmet"}
SHORT = {
    "pass": "met",
    "fail": "not met",
    "advisory": "advice unmet",
    "error": "could not be judged",
    "not-tested": "not shown",
    "waived": "acknowledged as not shown",
    "attested": "attested",
    "not-applicable": "not applicable",
}
PAYERS = {
    "ma": "Medicare Advantage",
    "medicaid-ffs": "Medicaid fee-for-service",
    "medicaid-mco": "Medicaid managed care",
    "chip-ffs": "CHIP fee-for-service",
    "chip-mco": "CHIP managed care",
    "qhp-ffe": "Qualified health plans on the federal exchange",
    "qhp-shop": "Qualified health plans on the small-group exchange",
}
APIS = {
    "prior-auth": "Prior Authorization",
    "formulary": "Formulary",
    "payer-to-payer": "Payer-to-Payer",
    "coverage-discovery": "Coverage Discovery",
    "drug-files": "Issuers' drug files",
    "documentation": "Documentation",
    "patient-access": "Patient Access",
    "provider-access": "Provider Access",
    "provider-directory": "Provider Directory",
    "discovery": "Discovery and security",
    "drug-decisions": "Drug decisions",
    "metrics": "Published metrics",
}
ACTORS = {"payer": "Payer", "your file": "Your target file", "network": "Network", "us": "Harness"}
STANDINGS = {
    "in-force": "in force",
    "upcoming": "final, not yet in force",
    "proposed": "proposed",
    "advocacy": "asked for by advocates",
    "contract": "asked for by a contract",
    "unverified": "citation not verified",
    "not-applicable": "does not bind this payer",
}
CONFIDENCE = {
    "verified": "",
    "secondary": "read in a secondary source only",
    "unverified": "citation not verified: never decides",
}
SHOWN = {"live": "live exchange", "records": "decision records", "document": "document", "": ""}
EXITS = {
    0: "no deciding failure",
    1: "a deciding requirement failed",
    2: "usage or configuration",
    3: "something that decides was not shown",
}


def api(name: str) -> str:
    """The API's name in words; an unknown one as it is."""
    return APIS.get(name, name)


def result(row: Mapping[str, Any]) -> str:
    """What a requirement's verdict means; of one that is not in force, what it would mean."""
    verdict: str = row["verdict"]
    if row["standing"] != "in-force" and verdict in COMING:
        return COMING[verdict]
    return (LAW if row["kind"] == "law" else GUIDE).get(verdict, verdict)


def short(verdict: str) -> str:
    """A verdict in lower-case words, as it stands beside a count."""
    return SHORT.get(verdict, verdict)


def day(text: str | None) -> str:
    """``2027-01-01`` as ``1 Jan 2027``; anything else as it came."""
    if not text:
        return ""
    try:
        value = date.fromisoformat(text)
    except ValueError:
        return text
    return f"{value.day} {value:%b %Y}"


def instant(text: str | None) -> str:
    """A timestamp as ``1 Feb 2027, 14:03:22 UTC``; anything else as it came."""
    if not text:
        return ""
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        return text
    if value.tzinfo is None:
        return text
    value = value.astimezone(UTC)
    return f"{value.day} {value:%b %Y, %H:%M:%S} UTC"


def size(count: int) -> str:
    """Bytes: ``812 bytes``, ``14 KB``, ``3.2 MB``."""
    if count < 1024:
        return f"{count} bytes"
    return f"{count / 1024:.0f} KB" if count < 1024 * 1024 else f"{count / 1024 / 1024:.1f} MB"


def tally(counts: Mapping[str, int], order: tuple[str, ...]) -> str:
    """``28 met, 1 not met, 2 not shown``: a bar for those who do not see it."""
    return ", ".join(f"{counts[each]} {SHORT[each]}" for each in order if counts.get(each)) or "nothing judged"


def several(count: int, one: str, many: str = "") -> str:
    """``1 duty``, ``3 duties``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"

"""The forms in which the model payer's records are written: two of FHIR, two of a log."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from conformance.sandbox.record_cases import Case, Facts

PAS = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/"
PDEX = "http://hl7.org/fhir/us/davinci-pdex/StructureDefinition/"
CODES = {"approved": ("A1",), "denied": ("A3",), "partial": ("A1", "A3"), "pended": ("A4",), "withdrawn": ("C",)}
COLUMNS = (
    "auth_id", "received_at", "decided_at", "notified_at", "outcome", "kind", "urgency", "urgency_asked",
    "urgency_changed", "extended", "extended_by", "extension_notice", "denial_reason_code", "denial_reason", "channel",
    "delegate", "line", "plan", "service", "specialty", "appeal", "exclusion", "updated_at",
)  # fmt: skip
_FACT_OF = {"received_at": "received", "decided_at": "decided", "notified_at": "notified",
            "denial_reason_code": "reason_code", "denial_reason": "reason"}  # fmt: skip
NOTE = "Reviewed against the plan's published criteria; the provider may ask for a discussion with the reviewer. "
IN_A_FILE = 50_000  # rows that are held before they are written


class Writer(Protocol):
    """Writes decisions in one form."""

    def __enter__(self) -> Writer: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
    def can_tell(self, case: Case) -> bool:
        """Whether the form has a place for what makes this decision what it is."""

    def write(self, key: str, facts: Facts, version: int) -> None:
        """One row, or one answer with its request."""


class _Log:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def can_tell(self, case: Case) -> bool:  # noqa: ARG002  a log has room for everything
        return True

    @staticmethod
    def _row(key: str, facts: Facts, version: int) -> list[str | None]:
        row = [_written(facts.get(_FACT_OF.get(name, name))) for name in COLUMNS]
        row[0], row[-1] = key, f"{version}"
        return row


class CsvLog(_Log):
    """One log.csv."""

    def __enter__(self) -> CsvLog:
        self._file = (self._folder / "log.csv").open("w", encoding="utf-8", newline="")
        self._writer = csv.writer(self._file)
        self._writer.writerow(COLUMNS)
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def write(self, key: str, facts: Facts, version: int) -> None:
        self._writer.writerow(self._row(key, facts, version))


class ParquetLog(_Log):
    """One log.parquet, every column as text."""

    def __enter__(self) -> ParquetLog:
        import pyarrow
        from pyarrow import parquet

        self._schema = pyarrow.schema([(name, pyarrow.string()) for name in COLUMNS])
        self._file = parquet.ParquetWriter(self._folder / "log.parquet", self._schema)
        self._rows: list[list[str | None]] = []
        return self

    def __exit__(self, *_: object) -> None:
        self._flush()
        self._file.close()

    def write(self, key: str, facts: Facts, version: int) -> None:
        self._rows.append(self._row(key, facts, version))
        if len(self._rows) >= IN_A_FILE:
            self._flush()

    def _flush(self) -> None:
        import pyarrow

        columns: list[Any] = list(zip(*self._rows, strict=True)) or [[] for _ in COLUMNS]
        arrays = [pyarrow.array(column, pyarrow.string()) for column in columns]
        self._file.write_table(pyarrow.Table.from_arrays(arrays, schema=self._schema))
        self._rows.clear()


class Pas:
    """Claim.ndjson and ClaimResponse.ndjson with their manifest, as a bulk export has them; decisions to the day."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> Pas:
        names = ("Claim", "ClaimResponse")
        self._files = {name: (self._folder / f"{name}.ndjson").open("w", encoding="utf-8") for name in names}
        output = [{"type": name, "url": f"https://payer.example/bulk/{name}.ndjson"} for name in names]
        manifest = {"transactionTime": "2026-12-31T23:59:59Z", "request": "https://payer.example/$export",
                    "requiresAccessToken": True, "output": output, "error": []}  # fmt: skip
        (self._folder / "manifest.json").write_text(json.dumps(manifest, indent=1), "utf-8")
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files.values():
            file.close()

    def can_tell(self, case: Case) -> bool:
        return not (case.log or case.exact)

    def write(self, key: str, facts: Facts, version: int) -> None:
        items = _items(facts, f"{PAS}extension-reviewAction", f"{PAS}extension-reviewActionCode")
        for item in items:
            if facts.get("decided"):
                item["extension"] = [
                    {"url": f"{PAS}extension-itemPreAuthIssueDate", "valueDate": facts["decided"].date().isoformat()}
                ]
        if version == 2:
            _line(self._files["Claim"], _claim(key, facts, len(items)))
        _line(self._files["ClaimResponse"], {
            "resourceType": "ClaimResponse", "id": key, "meta": _meta(version), "status": "active",
            "type": _concept("http://terminology.hl7.org/CodeSystem/claim-type", "professional"),
            "use": "preauthorization", "patient": {"reference": f"Patient/{key}"},
            "created": _written(facts["received"]),
            "insurer": {"reference": "Organization/payer"}, "request": {"reference": f"Claim/{key}"},
            "outcome": "queued" if facts["outcome"] == "pended" else "complete", "item": items,
        })  # fmt: skip


class Pdex:
    """ExplanationOfBenefit.ndjson as PDex has prior authorizations; decisions to the second."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> Pdex:
        self._file = (self._folder / "ExplanationOfBenefit.ndjson").open("w", encoding="utf-8")
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def can_tell(self, case: Case) -> bool:
        return not case.log and case.name != "an_appeal"

    def write(self, key: str, facts: Facts, version: int) -> None:
        items = _items(facts, f"{PDEX}extension-reviewAction", f"{PDEX}extension-reviewActionCode")
        for sequence, item in enumerate(items, 1):
            item["sequence"] = sequence
            item["productOrService"] = _service(facts)
            del item["itemSequence"]
            if facts.get("decided"):
                item["adjudication"][0]["extension"].append(
                    {"url": f"{PDEX}base-ext-when-adjudicated", "valueDateTime": _written(facts["decided"])}
                )
        _line(self._file, {
            "resourceType": "ExplanationOfBenefit", "id": key, "meta": _meta(version),
            "extension": _level(facts, f"{PDEX}extension-levelOfServiceCode"),
            "identifier": [{"system": "https://payer.example/authorizations", "value": key}], "status": "active",
            "type": _concept("http://terminology.hl7.org/CodeSystem/claim-type", "professional"),
            "use": "preauthorization", "patient": {"reference": f"Patient/{key}"},
            "created": _written(facts.get("received")),
            "insurer": {"reference": "Organization/payer", "display": "Model Health Plan"},
            "provider": {"reference": "Organization/provider"}, "priority": _concept(_PRIORITY, "normal"),
            "outcome": "queued" if facts["outcome"] == "pended" else "complete",
            "careTeam": [{"sequence": 1, "provider": {"reference": "Practitioner/1"}}],
            "supportingInfo": _received(facts), "insurance": [{"focal": True, "coverage": {"reference": "Coverage/1"}}],
            "item": items, "processNote": [{"number": 1, "text": NOTE}] if facts["outcome"] == "approved" else [],
        })  # fmt: skip


FORMS: Mapping[str, Callable[[Path], Writer]] = {"pas": Pas, "pdex": Pdex, "csv": CsvLog, "parquet": ParquetLog}
_PRIORITY = "http://terminology.hl7.org/CodeSystem/processpriority"
_X12 = "https://codesystem.x12.org"


def _written(value: Any) -> str | None:
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    return str(value) if value else None


def _line(file: Any, resource: dict[str, Any]) -> None:
    kept = {name: value for name, value in resource.items() if value not in (None, [])}
    file.write(json.dumps(kept, separators=(",", ":")) + "\n")


def _concept(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


def _meta(version: int) -> dict[str, str]:
    return {"lastUpdated": f"2026-12-31T0{version}:00:00Z"}


def _service(facts: Facts) -> dict[str, Any]:
    hcpcs = facts["service"][0].isalpha()
    system = "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets" if hcpcs else "http://www.ama-assn.org/go/cpt"
    return _concept(system, facts["service"])


def _level(facts: Facts, url: str) -> list[dict[str, Any]]:
    if facts["urgency"] != "expedited":
        return []
    return [{"url": url, "valueCodeableConcept": _concept(f"{_X12}/005010/1338", "U")}]


def _received(facts: Facts) -> list[dict[str, Any]]:
    if not facts.get("received"):
        return []
    category = _concept("http://hl7.org/fhir/us/carin-bb/CodeSystem/C4BBSupportingInfoType", "clmrecvddate")
    return [{"sequence": 1, "category": category, "timingPeriod": {"start": _written(facts["received"])}}]


def _items(facts: Facts, action: str, code: str) -> list[dict[str, Any]]:
    found = []
    for sequence, each in enumerate(CODES[facts["outcome"]], 1):
        parts: list[dict[str, Any]] = [{"url": code, "valueCodeableConcept": _concept(f"{_X12}/005010/306", each)}]
        reason: dict[str, Any] = {}
        if each == "A3" and facts.get("reason_code"):
            reason |= _concept(f"{_X12}/external/886", facts["reason_code"])
        if each == "A3" and facts.get("reason"):
            reason["text"] = facts["reason"]
        if reason:
            parts.append({"url": "reasonCode", "valueCodeableConcept": reason})
        found.append({
            "itemSequence": sequence,
            "adjudication": [{
                "extension": [{"url": action, "extension": parts}],
                "category": _concept("http://terminology.hl7.org/CodeSystem/adjudication", "submitted"),
            }],
        })  # fmt: skip
    return found


def _claim(key: str, facts: Facts, items: int) -> dict[str, Any]:
    certification = [] if facts.get("exclusion") != "appeal" else [
        {"url": f"{PAS}extension-certificationType", "valueCodeableConcept": _concept(f"{_X12}/005010/1322", "1")}
    ]  # fmt: skip
    lines = [
        {
            "sequence": number, "category": _concept(f"{_X12}/005010/1365", "3"), "productOrService": _service(facts),
            **({"extension": certification} if certification else {}),
        }
        for number in range(1, items + 1)
    ]  # fmt: skip
    return {
        "resourceType": "Claim", "id": key, "extension": _level(facts, f"{PAS}extension-levelOfServiceCode"),
        "identifier": [{"system": "urn:trnorg:9012345678", "value": key}], "status": "active",
        "type": _concept("http://terminology.hl7.org/CodeSystem/claim-type", "professional"), "use": "preauthorization",
        "patient": {"reference": f"Patient/{key}"}, "created": _written(facts.get("received")),
        "insurer": {"reference": "Organization/payer"}, "provider": {"reference": "Organization/provider"},
        "priority": _concept(_PRIORITY, "normal"), "supportingInfo": _received(facts),
        "insurance": [{"sequence": 1, "focal": True, "coverage": {"reference": "Coverage/1"}}], "item": lines,
    }  # fmt: skip

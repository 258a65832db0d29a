"""The model payer's knowledge, read from fixtures/sandbox, with dates counted from its own today.

Files: members.json, records.json and history.json (members, their recent and earlier records by member id),
authorizations.json, services.toml, coverage_rules.toml, formulary.json (rows, written out by ``formulary_rows``).
The other JSON files are a list of dicts with an ``id``, or a dict by id; a date in them is written ``{"$days":
-3}``, an instant in UTC ``{"$days": -3, "$time": "14:30:00"}``.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from conformance import paths
from conformance.sandbox import formulary_rows
from conformance.sandbox.frame import Policies, Seed


def load(today: date, data: Path | None = None) -> Seed:
    """The seed as it is on ``today``, from the files in ``data`` (fixtures/sandbox where not given)."""
    folder = data or paths.fixtures() / "sandbox"
    plans, items, drugs, locations = formulary_rows.expand(_read(folder / "formulary.json", today), today)
    return Seed(
        members=_by_id(_read(folder / "members.json", today)),
        authorizations=_by_id(_read(folder / "authorizations.json", today)),
        records=_records(folder, today),
        services=tomllib.loads((folder / "services.toml").read_text("utf-8"))["services"],
        coverage_rules=tomllib.loads((folder / "coverage_rules.toml").read_text("utf-8"))["rules"],
        insurance_plans=plans,
        formulary_items=items,
        drugs=drugs,
        locations=locations,
    )


def policies() -> Policies:
    """The rules of the lawful payer; what a room does not name is a default of the one who reads it."""
    return Policies(
        formulary={"anonymous": True, "members": True},
        exchange={"open": False, "consent_checked": True},
        prior_auth={"open": False},
        coverage={"open": False},
        trust={
            "clients": {},
            "scopes_enforced": True,
            "replay_refused": True,
            "signature_checked": True,
            "lifetime": 300,
        },
        transport={"maximum_tls": "1.3"},
    )


def resolve(value: Any, today: date) -> Any:
    """``value`` with each ``{"$days": n}`` turned into a FHIR date, and with ``$time`` into a UTC instant."""
    if isinstance(value, list):
        return [resolve(entry, today) for entry in value]
    if not isinstance(value, dict):
        return value
    if "$days" in value:
        day = (today + timedelta(days=value["$days"])).isoformat()
        return f"{day}T{value['$time']}Z" if "$time" in value else day
    return {key: resolve(entry, today) for key, entry in value.items()}


def _read(file: Path, today: date) -> Any:
    return resolve(json.loads(file.read_text("utf-8")), today) if file.is_file() else {}


def _records(folder: Path, today: date) -> dict[str, tuple[dict[str, Any], ...]]:
    """Each member's records: the recent ones, and those of earlier years."""
    recent, earlier = _read(folder / "records.json", today), _read(folder / "history.json", today)
    return {member: (*found, *earlier.get(member, ())) for member, found in recent.items()}


def _by_id(found: Any) -> dict[str, dict[str, Any]]:
    if isinstance(found, Mapping):
        return dict(found)
    return {entry["id"]: entry for entry in found}

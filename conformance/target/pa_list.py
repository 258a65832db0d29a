"""A payer's published list of what needs prior authorization, as CSV.

    code,system,needs,order
    72148
    E0601,,prior-authorization documentation,DeviceRequest
    99213,http://www.ama-assn.org/go/cpt,nothing

Only the column ``code`` must be there. A code without a system is taken for CPT or HCPCS by its shape.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

COLUMNS = ("code", "system", "needs", "order")
NEEDS = ("prior-authorization", "documentation")
NOTHING = "nothing"
ORDERS = ("ServiceRequest", "DeviceRequest", "MedicationRequest")
SYSTEMS: Mapping[str, re.Pattern[str]] = {
    "http://www.ama-assn.org/go/cpt": re.compile(r"[0-9]{4}[0-9AFTUM]"),
    "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets": re.compile(r"[A-V][0-9]{4}"),
}
MAX_BYTES = 5_000_000


def read_list(path: Path) -> list[tuple[int, dict[str, Any]]]:
    """The services of the file, each with its line, as the facts of [[pa_list]]; ValueError in the reader's words."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"{path} is larger than {MAX_BYTES // 1_000_000} MB")
        text = path.read_text("utf-8-sig")
    except OSError as wrong:
        raise ValueError(f"{path} cannot be read: {wrong.strerror}") from None
    except UnicodeDecodeError:
        raise ValueError(f"{path} is no text in UTF-8") from None
    rows = csv.DictReader(text.splitlines(), skipinitialspace=True)
    names = [(name or "").strip().lower() for name in rows.fieldnames or ()]
    if "code" not in names or (strangers := sorted(set(names) - set(COLUMNS))):
        found = ", ".join(names) if "code" not in names else ", ".join(strangers)
        raise ValueError(
            f"{path}: the first line names the columns, code and any of {', '.join(COLUMNS[1:])}; found {found}"
        )
    rows.fieldnames = names
    listed = list(_services(rows, path))
    if not listed:
        raise ValueError(f"{path} lists no service")
    return listed


def _services(rows: csv.DictReader[str], path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    seen: dict[tuple[str, str], int] = {}
    for row in rows:
        at, line = f"{path}:{rows.line_num}", rows.line_num
        if None in row:
            raise ValueError(f"{at}: more fields than columns")
        cells = {name: (value or "").strip() for name, value in row.items()}
        if not any(cells.values()):
            continue
        code, order = cells["code"], cells.get("order") or ORDERS[0]
        system = cells.get("system") or _system(code)
        if not code or not system:
            raise ValueError(f"{at}: {'no code' if not code else f'the code {code!r} needs its system'}")
        if order not in ORDERS:
            raise ValueError(f"{at}: order is {order!r}; expected {', '.join(ORDERS)}")
        if (before := seen.setdefault((system, code), line)) != line:
            raise ValueError(f"{at}: {code} stands already in line {before}")
        yield (
            line,
            {"service": {"system": system, "code": code}, "needs": _needs(cells.get("needs", ""), at), "order": order},
        )


def _needs(written: str, at: str) -> list[str]:
    needs = written.replace(",", " ").replace(";", " ").split()
    if needs == [NOTHING]:
        return []
    if strangers := [each for each in needs if each not in NEEDS]:
        raise ValueError(f"{at}: needs is {strangers[0]!r}; expected {' and '.join(NEEDS)}, or {NOTHING}")
    return needs or [NEEDS[0]]


def _system(code: str) -> str:
    return next((system for system, shape in SYSTEMS.items() if shape.fullmatch(code)), "")

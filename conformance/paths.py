"""Where the suites, fixtures and report templates lie: beside the package in a checkout, inside it in a wheel."""

from __future__ import annotations

from pathlib import Path

RECORDS = "records"  # the suite whose scenarios an audit runs over decision records, and no run against an API
PACKAGE = Path(__file__).resolve().parent


def _room(name: str) -> Path:
    inside = PACKAGE / f"_{name}"
    return inside if inside.is_dir() else PACKAGE.parent / name


def suites() -> Path:
    """Scenarios, requirements, guide tables and rules."""
    return _room("suites")


def live_suites() -> list[Path]:
    """The folders of scenarios that a run against an API collects."""
    folders = (folder for folder in sorted(suites().iterdir()) if folder.name != RECORDS)
    return [folder for folder in folders if any(folder.glob("test_*.py"))]


def fixtures() -> Path:
    """Request templates and the model payer's seed."""
    return _room("fixtures")


def reports() -> Path:
    """Schemas and templates of the reports."""
    return _room("reports")

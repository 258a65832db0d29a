"""Where the suites, fixtures and report templates lie: beside the package in a checkout, inside it in a wheel."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def _room(name: str) -> Path:
    inside = PACKAGE / f"_{name}"
    return inside if inside.is_dir() else PACKAGE.parent / name


def suites() -> Path:
    """Scenarios, requirements, guide tables and rules."""
    return _room("suites")


def fixtures() -> Path:
    """Request templates and the model payer's seed."""
    return _room("fixtures")


def reports() -> Path:
    """Schemas and templates of the reports."""
    return _room("reports")

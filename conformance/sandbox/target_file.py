"""The target file of a running model payer: fixtures/sandbox/target.toml with its addresses and dates filled in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from string import Template
from typing import Any

from conformance import paths
from conformance.sandbox import prior_auth, seed
from conformance.sandbox.clock import Clock


@dataclass(frozen=True)
class Place:
    """Where a payer is served, and the tester's files: the authority's certificate (None: plain http), a client key."""

    base_url: str
    ca_file: Path | None
    client_key_file: Path


def write(file: Path, place: Place, clock: Clock) -> None:
    """Writes the target file for the payer at ``place``, whose authorizations are those of the clock's today."""
    template = Template((paths.fixtures() / "sandbox" / "target.toml").read_text("utf-8"))
    known = prior_auth.known(seed.load(clock.today()), clock.today())
    filled = template.substitute(
        base=place.base_url,
        ca_file=f"ca_file = {_quoted(str(place.ca_file))}" if place.ca_file else "",
        key_file=_quoted(str(place.client_key_file)),
        known="\n".join(_known(entry) for entry in known),
    )
    file.write_text(filled, "utf-8")


def _known(entry: Mapping[str, Any]) -> str:
    lines = [f"{key} = {_value(value)}" for key, value in entry.items() if value is not None]
    return "\n".join(["[[known.prior-auth]]", *lines, ""])


def _value(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else _quoted(str(value))


def _quoted(text: str) -> str:
    """A TOML basic string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

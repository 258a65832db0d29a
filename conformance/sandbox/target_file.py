"""The target file of a running model payer: fixtures/sandbox/target.toml with its addresses and dates filled in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from string import Template
from typing import Any

from conformance import paths
from conformance.sandbox import patient_access, prior_auth, seed
from conformance.sandbox.clock import Clock

PAYER_TYPE = "ma"  # what the model payer usually is
ANSWERS = "stimulator-answers.json"  # the response to the questionnaire that a pended answer asks for
DAYS_AGO = re.compile(r"\$\{days_ago_(\d+)\}")  # a date in the template


@dataclass(frozen=True)
class Place:
    """Where a payer is served, and the tester's files: the authority's certificate (None: plain http), a client key,
    and the TLS certificates of two clients with their keys (none over plain http). ``payer_type``: what it is.
    """

    base_url: str
    ca_file: Path | None
    client_key_file: Path
    clients: tuple[tuple[Path, Path], ...] = ()
    payer_type: str = PAYER_TYPE

    @property
    def refresh_token_file(self) -> Path:
        """The file with the first member's refresh token, beside the key."""
        return self.client_key_file.parent / "member.refresh"


def write(file: Path, place: Place, clock: Clock, data: Path | None = None) -> None:
    """Writes the target file for the payer at ``place``, whose authorizations are those of the clock's today.

    ``data`` holds the template and what the payer knows (fixtures/sandbox where not given).
    """
    folder = data or paths.fixtures() / "sandbox"
    template = (folder / "target.toml").read_text("utf-8")
    on_file = seed.load(clock.today(), data)
    known = prior_auth.known(on_file, clock.today(), place.payer_type)
    shown = patient_access.known(on_file)
    filled = Template(template).substitute(
        {f"days_ago_{days}": str(clock.today() - timedelta(int(days))) for days in DAYS_AGO.findall(template)},
        base=place.base_url,
        payer_type=place.payer_type,
        ca_file=f"ca_file = {_quoted(str(place.ca_file))}" if place.ca_file else "",
        certificate=_shown(place.clients[:1]),
        other_certificate=_shown(place.clients[1:]),
        answers_file=_quoted(str((folder / ANSWERS).resolve())),
        key_file=_quoted(str(place.client_key_file)),
        refresh_token_file=_quoted(str(place.refresh_token_file)),
        known="\n".join(
            [*(_known("prior-auth", entry) for entry in known), *(_known("patient-access", entry) for entry in shown)]
        ),
    )
    file.write_text(filled, "utf-8")


def _shown(client: tuple[tuple[Path, Path], ...]) -> str:
    """The lines of a client that shows a certificate; none where it has none."""
    lines = (f"client_certificate = {_quoted(str(one))}\nclient_key = {_quoted(str(key))}" for one, key in client)
    return "\n".join(lines)


def _known(api: str, entry: Mapping[str, Any]) -> str:
    lines = [f"{key} = {_value(value)}" for key, value in entry.items() if value is not None]
    return "\n".join([f"[[known.{api}]]", *lines, ""])


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, date) else _quoted(str(value))


def _quoted(text: str) -> str:
    """A TOML basic string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'

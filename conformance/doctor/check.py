"""One thing the doctor looked at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from conformance.errors import Actor


@dataclass(frozen=True)
class Check:
    """One finding: not ``ok`` stands in the way of a verdict; ok with a ``change`` is a note.

    ``actor`` is who must act, ``change`` the key of target.toml or the step that would help; ``because`` names the
    check whose trouble this one only repeats.
    """

    name: str
    ok: bool
    message: str
    actor: Actor | Literal[""] = ""
    change: str = ""
    because: str = ""


def joined(names: Iterable[str]) -> str:
    """Names in their order, each once: "a, b"."""
    return ", ".join(dict.fromkeys(names))

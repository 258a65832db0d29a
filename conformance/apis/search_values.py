"""How the values of a FHIR search are written.

Source: FHIR R4, section 3.1.1.4 (Escaping Search Parameters, token).
"""

from __future__ import annotations

import re

SPECIAL = re.compile(r"[\\,|$]")


def escaped(value: str) -> str:
    r"""A value as a search takes it for itself: with a backslash before each \ , | and $ of its own."""
    return SPECIAL.sub(r"\\\g<0>", value)


def token(system: str, value: str) -> str:
    """A code or an identifier as a search names it: "system|value", the value alone where there is no system."""
    return f"{escaped(system)}|{escaped(value)}" if system else escaped(value)

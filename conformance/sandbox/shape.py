"""Parts of what was sent, whatever was sent: a request may hold anything where an object or a text belongs."""

from __future__ import annotations

from typing import Any


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects in a list; none where ``value`` is no list."""
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def one_object(value: Any) -> dict[str, Any]:
    """``value`` where it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def texts(value: Any) -> list[str]:
    """The texts in a list; none where ``value`` is no list."""
    return [entry for entry in value if isinstance(entry, str)] if isinstance(value, list) else []


def text(value: Any) -> str:
    """``value`` where it is a text, else an empty one."""
    return value if isinstance(value, str) else ""

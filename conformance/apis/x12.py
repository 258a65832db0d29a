"""X12's code tables: the guides name value sets of them, and few of their examples a code system."""

from __future__ import annotations

from urllib.parse import urlsplit

HOST = "x12.org"


def of_x12(system: str, table: str) -> bool:
    """Whether a code system is this table of X12's ("901"), under whatever address of X12's."""
    parts = urlsplit(system)
    return (parts.netloc == HOST or parts.netloc.endswith(f".{HOST}")) and parts.path.rpartition("/")[2] == table

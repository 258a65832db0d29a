"""The target file: who is tested, where, with which credentials, members and cases.

``load`` reads target.toml, ``from_url`` and ``from_folder`` stand in for one. Whatever is wrong is a UsageError with
file and line, in the reader's words; nothing else is ever raised. docs/target-file.md describes every key.
"""

from conformance.target.checks import MAIN_GUIDES, OPERATIONS, KnownGuides, main_guide
from conformance.target.index import LONGEST_INDEX, from_index, index_at
from conformance.target.reading import from_folder, from_url, load
from conformance.target.values import (
    DEFAULT_MEMBER,
    PAYER_TYPES,
    Acknowledged,
    Api,
    Attested,
    Auth,
    Callback,
    Case,
    Claim,
    Environment,
    Known,
    Member,
    OwnClock,
    PayerType,
    Target,
)

__all__ = [
    "DEFAULT_MEMBER",
    "LONGEST_INDEX",
    "MAIN_GUIDES",
    "OPERATIONS",
    "PAYER_TYPES",
    "Acknowledged",
    "Api",
    "Attested",
    "Auth",
    "Callback",
    "Case",
    "Claim",
    "Environment",
    "Known",
    "KnownGuides",
    "Member",
    "OwnClock",
    "PayerType",
    "Target",
    "from_folder",
    "from_index",
    "from_url",
    "index_at",
    "load",
    "main_guide",
]

"""An issuer's index of its files, on disk: alone, or in a folder with the files it links to."""

from __future__ import annotations

import hashlib
from pathlib import Path

from conformance.errors import UsageError
from conformance.strict_json import load_object
from conformance.target.values import Api, PayerType, Target

INDEX_NAMES = ("cms-data-index.json", "index.json")
LONGEST_INDEX = 2**20  # bytes


def index_at(path: Path) -> Path | None:
    """The index that a file is, or that lies in a folder under one of its usual names; None where there is none."""
    found = [path] if path.is_file() else [path / name for name in INDEX_NAMES]
    return next((each for each in found if each.suffix == ".json" and _is_index(each)), None)


def _is_index(file: Path) -> bool:
    try:
        with file.open("rb") as opened:
            return "formulary_urls" in load_object(opened.read(LONGEST_INDEX))
    except OSError:
        return False


def from_index(index: Path, payer_type: PayerType | None, version: str) -> Target:
    """A target that is an index on disk, with the files beside it; ``version`` is of the guide qhp."""
    try:
        digest = hashlib.sha256(index.read_bytes()).hexdigest()
    except OSError as wrong:
        raise UsageError(f"cannot be read: {wrong.strerror}", file=str(index)) from None
    api = Api("drug-files", claims={"qhp": version}, files=index)
    return Target(name=index.resolve().parent.name, payer_type=payer_type, apis={"drug-files": api}, sha256=digest)

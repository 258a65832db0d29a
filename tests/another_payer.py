"""A second model payer: other people, ids, numbers and systems, everything on file in another order."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conformance import paths

MEMBERS = {
    "first": "p.0a1", "second": "p.0b2", "dependent": "p.0c3", "twin-a": "p.0d4", "twin-b": "p.0e5", "ended": "p.0f6",
    "joe-smith": "p.107", "jesse-smith": "p.118",
}  # fmt: skip
PEOPLE = {
    "Ashgrove": "O'Rourke-Muñoz", "Marta": "Åse", "Lin": "J.", "Maria": "Asta", "Okonjo": "de la Cruz",
    "Daniel": "Mei-Ling", "Ruth": "Ng", "Nemeth": "Xu", "Ilka": "Bo", "Brandvold": "St. John", "Nils": "Dagny",
    "Villanueva": "Li", "Rosa": "Wei", "14 Quarry Lane": "Apt 4, 1100 N Ocean Blvd", "06103": "33483",
    "1951-04-17": "1932-02-29", "1951-04-18": "1932-03-01", "1948-11-02": "2011-12-31", "1953-07-26": "1999-01-01",
}  # fmt: skip
NUMBERS = (
    (r"\bMBR-(\d+)", r"0\g<1>A9"),
    (r"\bSUB-(\d+)", r"77\1"),
    (r"\bKNOWN-([A-Z]+)", r"Z9.\1"),
    (r"\bPA-(\d+)", r"Z8.\1"),
    (r"https://payer\.example\.org/(\w+)", r"urn:oid:2.16.840.1.113883.3.4711.\1"),
    (r"\bclaim-(?!type\b)(?=[a-z]+)", "c"),
    (r"\bencounter-(?=[a-z]+)", "0-"),
)
REVERSED = ("members", "authorizations", "records", "history")


def another_payer(folder: Path) -> Path:
    """What the second payer knows, and the template of its target file: a folder like fixtures/sandbox."""
    own = paths.fixtures() / "sandbox"
    shutil.copytree(own, folder)
    for name in REVERSED:
        text = _replaced((own / f"{name}.json").read_text("utf-8"), {**PEOPLE, **MEMBERS})
        (folder / f"{name}.json").write_text(json.dumps(_turned(json.loads(text))), "utf-8")
    members = json.loads((folder / "members.json").read_text("utf-8"))
    keys = {ident: key for key, ident in MEMBERS.items()}
    named = json.dumps([{**each, "key": keys[each["id"]]} for each in members])
    (folder / "members.json").write_text(named, "utf-8")
    target = _replaced((own / "target.toml").read_text("utf-8"), PEOPLE)
    ids = re.compile(r"^((?:coverage|patient)_id = )(.*)$", re.MULTILINE)
    target = ids.sub(lambda found: found[1] + _replaced(found[2], MEMBERS), target)
    (folder / "target.toml").write_text(target, "utf-8")
    return folder


def _replaced(text: str, words: Mapping[str, str]) -> str:
    wanted = re.compile("|".join(rf"\b{re.escape(word)}\b" for word in sorted(words, key=len, reverse=True)))
    text = wanted.sub(lambda found: words[found[0]], text)
    for pattern, replacement in NUMBERS:
        text = re.sub(pattern, replacement, text)
    return text


def _turned(found: Any) -> Any:
    """A list in another order, and each of a dict of them."""
    return {key: each[::-1] for key, each in found.items()} if isinstance(found, dict) else found[::-1]

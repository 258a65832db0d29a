"""The schema of the target file, and its documentation: both say the same, and every example loads."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from target_files import KNOWN, P384_PEM, furnish, loaded, whole

from conformance import paths
from conformance.target.document import read

CERTIFICATE = "-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    furnish(tmp_path)
    return tmp_path


def schema_places(node: Any) -> list[dict[str, Any]]:
    found = [node] if isinstance(node, dict) else []
    inner = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return found + [place for each in inner for place in schema_places(each)]


SCHEMA = json.loads((paths.reports() / "target.schema.json").read_text("utf-8"))


def test_the_schema_is_one_and_accepts_a_whole_file(folder: Path) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    (folder / "target.toml").write_text(whole())

    jsonschema.Draft202012Validator(SCHEMA).validate(read(folder / "target.toml").values)


def test_every_place_of_the_schema_says_what_it_expects() -> None:
    silent = [
        place
        for place in schema_places(SCHEMA)
        if {"pattern", "enum", "anyOf", "exclusiveMinimum", "format", "minItems"} & place.keys()
        and "x-expected" not in place
    ]

    assert not silent


def test_every_fact_of_our_request_templates_can_be_written() -> None:
    rooms = {"member": "member", "requester": "party", "payer": "party", "item": "service"}
    facts = set()
    for file in (paths.fixtures() / "cases").glob("*.json"):
        facts |= set(re.findall(r'"\$(?:fact|if)"\s*:\s*"([a-z_.]+)"', file.read_text("utf-8")))
    written = [fact.split(".") for fact in facts if fact.split(".")[0] in rooms]
    assert written

    made_by_us = {("item", "sequence"), ("item", "trace"), ("item", "authorization"), ("item", "medication")}
    for room, key, *_ in (steps for steps in written if len(steps) > 1):
        if (room, key) not in made_by_us:
            assert key in SCHEMA["$defs"][rooms[room]]["properties"], f"{room}.{key}"


DOCUMENTATION = (Path(__file__).parents[1] / "docs" / "target-file.md").read_text("utf-8")
EXAMPLES = re.findall(r"```toml\n# (\S+)\n(.*?)```", DOCUMENTATION, re.DOTALL)


def test_every_example_of_the_documentation_is_a_target(folder: Path) -> None:
    for name in ("client-key.pem", "my-request.json", "client.pem", "ca.pem"):
        (folder / name).write_text({"client-key.pem": P384_PEM, "my-request.json": "{}"}.get(name, CERTIFICATE))
    (folder / "drug-list").mkdir()
    (folder / "published-list.csv").write_text("code\n72148\n")
    (folder / "token.sh").touch()
    (folder / "opt-in.pdf").write_bytes(b"")
    env = {
        "API_KEY": "a-key",
        "PORTAL_SECRET": "a-secret",
        "GATEWAY_TOKEN": "a-token",
        "MEMBER_REFRESH_TOKEN": "r-token",
    }
    read_files = []
    for name, text in EXAMPLES:
        if name == "target.toml":
            read_files.append(loaded(folder, text, env))
        else:
            (folder / name).write_text(text)

    assert len(read_files) >= 6
    assert {api for target in read_files for api in target.apis} == set(KNOWN)
    assert {auth.type for target in read_files for auth in target.auth.values()} >= {"bearer", "token-command"}


def test_every_key_of_the_schema_is_documented() -> None:
    keys = {key for place in schema_places(SCHEMA) for key in place.get("properties", ())}
    values = {value for place in schema_places(SCHEMA) for value in place.get("enum", ())}

    undocumented = {each for each in keys | values if not re.search(rf"(?<![\w-]){each}(?![\w-])", DOCUMENTATION)}

    assert not undocumented

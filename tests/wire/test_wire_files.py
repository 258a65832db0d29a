"""A folder of resources: what is read, what is told with its line, and what is never followed."""

from __future__ import annotations

import gzip
import json
import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
from shared_data import DATA, needs_data

from conformance.fhir import Problem
from conformance.strict_json import NotJson, load
from conformance.wire import files
from conformance.wire import lines as wire_lines
from conformance.wire.files import Folder, Placed

PATIENT = {"resourceType": "Patient", "id": "p1"}
BASIC = {"resourceType": "Basic", "id": "b1"}


def folder(path: Path, contents: Mapping[str, bytes | str | object]) -> Folder:
    for name, content in contents.items():
        file = path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        text = content if isinstance(content, (bytes, str)) else json.dumps(content)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return Folder(path)


def of(found: Folder, kind: str) -> list[Placed]:
    return [placed for placed in found.walk() if placed.type == kind]


def types(found: Folder) -> tuple[str, ...]:
    return tuple(sorted({placed.type for placed in found.walk()}))


def lines(*resources: object) -> str:
    return "".join(json.dumps(each) + "\n" for each in resources)


def test_lines_resources_lists_and_bundles_are_read(tmp_path: Path) -> None:
    bundle = {"resourceType": "Bundle", "entry": [{"resource": BASIC | {"id": "in"}}, {"fullUrl": "urn:x"}]}
    found = folder(
        tmp_path,
        {
            "Basic.ndjson": lines(BASIC, BASIC | {"id": "b2"}),
            "deep/er/Patient.json": json.dumps(PATIENT, indent=2),
            "list.json": [PATIENT | {"id": "p2"}],
            "bundle.json": bundle,
            "lines.json": lines(PATIENT | {"id": "p3"}, PATIENT | {"id": "p4"}),
            "README.md": "never mind",
            ".hidden.json": "{",
        },
    )
    assert found.problems == ()
    assert types(found) == ("Basic", "Bundle", "Patient")
    assert [placed.at for placed in of(found, "Basic")] == [
        "Basic.ndjson:1",
        "Basic.ndjson:2",
        "bundle.json entry[0]",
    ]
    assert [placed.at for placed in of(found, "Patient")] == [
        "lines.json:1",
        "lines.json:2",
        "list.json [0]",
        "deep/er/Patient.json",
    ]
    assert of(found, "Nobody") == []


def test_a_broken_line_is_told_and_the_rest_goes_on(tmp_path: Path) -> None:
    text = b"".join(
        [
            b"\xef\xbb\xbf" + json.dumps(BASIC).encode() + b"\r\n",
            b"\n",
            b'{"resourceType": "Basic",\n',
            b'{"resourceType": "Basic", "a": NaN}\n',
            b'"a text"\n',
            b'{"resourceType": "Basic", "x": "\xff"}\n',
            json.dumps(BASIC | {"id": "last"}).encode(),
        ]
    )
    found = folder(tmp_path, {"Basic.ndjson": text})
    assert [placed.at for placed in of(found, "Basic")] == ["Basic.ndjson:1", "Basic.ndjson:7"]
    assert [problem.at for problem in found.problems] == [f"Basic.ndjson:{line}" for line in (3, 4, 5, 6)]
    assert "breaks off" in found.problems[0].message
    assert "NaN" in found.problems[1].message
    assert "no JSON object" in found.problems[2].message
    assert "UTF-8" in found.problems[3].message


def test_a_line_without_a_type_takes_that_of_its_file(tmp_path: Path) -> None:
    found = folder(
        tmp_path,
        {
            "1.Basic.ndjson": lines({"id": "b1"}),
            "part-0.ndjson": lines({"id": "m1"}),
            "unknown.ndjson": lines({"id": "u1"}),
            "export.json": {
                "output": [{"type": "MedicationKnowledge", "url": "https://x.example/part-0.ndjson?sig=1"}]
            },
        },
    )
    assert types(found) == ("Basic", "MedicationKnowledge")
    assert found.problems == (
        Problem("1.Basic.ndjson:1", "has no resourceType, and is read as Basic"),
        Problem("part-0.ndjson:1", "has no resourceType, and is read as MedicationKnowledge"),
        Problem("unknown.ndjson:1", "has no resourceType"),
    )


def test_a_manifest_is_held_to_its_word(tmp_path: Path) -> None:
    output = [
        {"type": "Basic", "url": "https://x.example/Basic.ndjson", "count": 3},
        {"type": "Patient", "url": "https://x.example/Patient.ndjson", "count": 1},
        {"type": "Coverage", "url": "https://x.example/Coverage.ndjson"},
        {"type": "Location", "url": 7},
        "nonsense",
    ]
    found = folder(
        tmp_path,
        {
            "Basic.ndjson": lines(BASIC, PATIENT, PATIENT),
            "Patient.ndjson": lines(PATIENT, PATIENT),
            "export.json": {"output": output},
        },
    )
    assert found.problems == (
        Problem("export.json output[2]", "names the file 'Coverage.ndjson', which is not in the folder"),
        Problem("export.json output[3]", "names the file '', which is not in the folder"),
        Problem("Basic.ndjson", "2 of 3 resources are no Basic, as the manifest has it"),
        Problem("export.json output[1]", "counts 1 resources in Patient.ndjson, which holds 2"),
    )


@pytest.mark.parametrize(
    ("manifest", "says"), [("{", "breaks off"), ({"a": 1}, "lists no output"), ([], "lists no output")]
)
def test_a_manifest_that_is_none(tmp_path: Path, manifest: object, says: str) -> None:
    found = folder(tmp_path, {"export.json": manifest, "Basic.ndjson": lines(BASIC)})
    (problem,) = found.problems
    assert problem.at == "export.json"
    assert says in problem.message
    assert len(of(found, "Basic")) == 1


def test_a_resource_may_be_called_like_a_manifest(tmp_path: Path) -> None:
    found = folder(tmp_path, {"export.json": PATIENT})
    assert [placed.resource for placed in of(found, "Patient")] == [PATIENT]
    assert found.problems == ()


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.json").write_text(json.dumps(PATIENT))
    inside = tmp_path / "inside"
    found = folder(inside, {"Basic.ndjson": lines(BASIC)})
    (inside / "link.json").symlink_to(outside / "secret.json")
    (inside / "room").symlink_to(outside)
    (inside / "up").symlink_to("../outside")
    (inside / "again.ndjson").symlink_to("Basic.ndjson")
    (inside / "ring.json").symlink_to("ring.json")
    assert types(found) == ("Basic",)
    assert len(of(found, "Basic")) == 1
    assert {problem.at for problem in found.problems} == {"link.json", "room", "up", "ring.json"}
    assert all("is not followed" in problem.message for problem in found.problems)


def test_a_folder_behind_a_link_is_read(tmp_path: Path) -> None:
    folder(tmp_path / "real", {"Basic.ndjson": lines(BASIC)})
    (tmp_path / "link").symlink_to("real")
    found = Folder(tmp_path / "link")
    assert len(of(found, "Basic")) == 1
    assert found.problems == ()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    assert types(folder(tmp_path, {"Basic.ndjson": lines(BASIC)})) == ("Basic",)


def test_a_line_or_file_that_is_too_long_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LONGEST_LINE", 2**20)
    long = json.dumps(BASIC | {"x": "y" * 3 * 2**20})
    found = folder(
        tmp_path,
        {"Basic.ndjson": lines(BASIC) + long + "\n" + lines(BASIC), "end.ndjson": lines(BASIC) + long, "b.json": long},
    )
    assert [placed.at for placed in of(found, "Basic")] == ["Basic.ndjson:1", "Basic.ndjson:3", "end.ndjson:1"]
    assert [problem.at for problem in found.problems] == ["Basic.ndjson:2", "b.json", "end.ndjson:2"]
    assert all("1 MiB" in problem.message for problem in found.problems)


def test_a_file_of_nothing_but_mistakes_is_cut(tmp_path: Path) -> None:
    assert len(folder(tmp_path, {"Basic.ndjson": "{\n" * 5000}).problems) == files.MOST_PROBLEMS


def test_an_unusual_file_name_can_be_written(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"a\xff.json")).write_text("{")
    (problem,) = Folder(tmp_path).problems
    assert problem.at.encode() == b"a?.json"


def test_an_empty_folder(tmp_path: Path) -> None:
    found = Folder(tmp_path)
    assert (types(found), found.problems) == ((), ())


def test_what_repeats_from_line_to_line_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[bytes] = []
    real = wire_lines.load
    monkeypatch.setattr(wire_lines, "load", lambda body: read.append(body) or real(body))
    found = folder(
        tmp_path, {"Basic.ndjson": lines(*[BASIC | {"id": f"b{n}", "code": {"text": "x"}} for n in range(9)])}
    )
    assert [placed.resource["id"] for placed in found.walk()] == [f"b{n}" for n in range(9)]
    assert found.problems == ()
    assert len(read) == 2, "the type and the code, once each"


@pytest.mark.parametrize(
    "line",
    [
        '{"resourceType":"Basic","id":"b","id":"c"}',
        '{"resourceType":"Basic","id":"b","code":{"text":"a","text":"b"}}',
        '{"resourceType": "Basic","id":"b","a":1,"a":1}',
        '{"resourceType":"Basic","text":{"status":"generated","div":"a\\qb"}}',
        '{"resourceType":"Basic","text":{"status":"generated","div":"\ud800"}}',
        '{"resourceType":"Basic","n":1e999}',
        '{"resourceType":"Basic","n":01}',
        '{"resourceType":"Basic"} {}',
        '{"resourceType":"Basic",}',
    ],
)
@pytest.mark.parametrize("condensed", [True, False])
def test_a_line_is_read_as_strictly_as_any_json(tmp_path: Path, line: str, condensed: bool) -> None:
    found = folder(tmp_path, {"Basic.ndjson": (line + "\n").encode("utf-8", "surrogatepass")})
    assert list(found.walk({"text": lambda _text: None} if condensed else {})) == []
    [problem] = found.problems
    with pytest.raises(NotJson) as strict:
        load(line.encode("utf-8", "surrogatepass"))
    assert problem == Problem("Basic.ndjson:1", strict.value.reason)


@pytest.mark.parametrize("resource", [{"a": None, "b": [None]}, {}, {"é": 1, 'x"y': 2}, {"id": "é"}, {"id": "a b"}])
@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": "), (" , ", " : ")])
def test_a_line_is_read_whole(tmp_path: Path, resource: dict[str, object], separators: tuple[str, str]) -> None:
    line = json.dumps(BASIC | resource, separators=separators)
    [placed] = folder(tmp_path, {"Basic.ndjson": line}).walk()
    assert placed.resource == placed.whole() == BASIC | resource


def test_a_member_is_condensed_once_for_all_lines(tmp_path: Path) -> None:
    same = [BASIC | {"id": f"b{n}", "extension": [{"url": "u"}]} for n in range(3)]
    asked: list[object] = []
    found = folder(tmp_path, {"Basic.ndjson": lines(*same)})
    placed = list(found.walk({"extension": lambda value: asked.append(value) or "less"}))
    assert [each.resource["extension"] for each in placed] == ["less"] * 3
    assert [each.whole() for each in placed] == same
    assert asked == [[{"url": "u"}]]
    assert len({each.shape for each in placed}) == 1


@needs_data
def test_a_real_formulary() -> None:
    found = Folder(DATA / "formulary-real")
    assert found.problems == ()
    counts = Counter(placed.type for placed in found.walk())
    assert counts == {"Basic": 1000, "InsurancePlan": 2, "Location": 1, "MedicationKnowledge": 1000}
    first = of(found, "Basic")[0]
    assert first.at == "Basic.ndjson:1"


@needs_data
def test_all_the_examples_are_a_folder_too() -> None:
    found = Folder(DATA / "examples")
    assert {"ClaimResponse", "Patient", "Coverage", "MedicationKnowledge"} <= set(types(found))
    assert all(problem.message.startswith("has no resourceType") for problem in found.problems)


def test_gzipped_files_are_unpacked_and_a_cut_one_is_told(tmp_path: Path) -> None:
    body = lines(*[BASIC | {"id": f"b{n}"} for n in range(9)])
    body = body if isinstance(body, bytes) else body.encode()
    (tmp_path / "Basic.ndjson.gz").write_bytes(gzip.compress(body))
    (tmp_path / "cut.ndjson.gz").write_bytes(gzip.compress(body)[:-12])
    (tmp_path / "no.json.gz").write_bytes(b"{}")
    found = Folder(tmp_path)
    assert len([each for each in found.walk() if each.at.startswith("Basic.ndjson.gz:")]) == 9
    assert {problem.at: problem.message.split(":")[0] for problem in found.problems} == {
        "cut.ndjson.gz": "is cut off",
        "no.json.gz": "cannot be read",
    }
    assert found.asides == frozenset(found.problems), "whoever copied them may have done it"

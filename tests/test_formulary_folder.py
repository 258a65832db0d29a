"""A folder that stands for a formulary: read once, looked at closely where it has to be, and nothing lost."""

from __future__ import annotations

import copy
import gc
import json
import tracemalloc
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from bench.generated import write_folder
from shared_data import DATA, needs_data

from conformance.apis.formulary_drugs import code_of
from conformance.apis.raw import resource_problem
from conformance.flows.declared import Lists
from conformance.flows.formulary import TYPES
from conformance.flows.formulary_folder import LOOKED_AT, Handed, read_folder
from conformance.target import Case
from conformance.wire.files import Folder


def handed(path: Path, **changed: bytes) -> Handed:
    for name, body in changed.items():
        (path / f"{name}.ndjson").write_bytes(body)
    return read_folder(Folder(path), TYPES)


def lines(*resources: Any) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in resources)


def items(path: Path, number: int) -> list[Any]:
    write_folder(path, number)
    return [json.loads(line) for line in (path / "Basic.ndjson").read_bytes().splitlines()]


def test_a_generated_formulary_is_without_fault(tmp_path: Path):
    items(tmp_path, 1000)
    found = handed(tmp_path)
    assert [each for each in found.raw if each.problem] == []
    assert (len(found.items), len(found.drugs), len(found.plans), len(found.formularies)) == (1000, 50, 20, 20)
    assert found.looks["Basic"].all == 1000
    assert LOOKED_AT <= found.looks["Basic"].closely < LOOKED_AT + 20
    assert found.kinds["InsurancePlan/P3"] == "plan"
    assert found.kinds["InsurancePlan/F3"] == "formulary"
    assert found.kinds["MedicationKnowledge/D1"] == "MedicationKnowledge"


def test_what_is_built_otherwise_is_looked_at_wherever_it_stands(tmp_path: Path):
    given = items(tmp_path, 1000)
    wrong: dict[int, str] = {}
    for number in (400, 401, 999):
        given[number]["code"]["coding"][0]["code"] = 7
        wrong[number + 1] = "Basic.code.coding[0].code"
    for number in (500, 700, 900):
        given[number]["extension"].append({"url": "http://x.example/nothing"})
        wrong[number + 1] = "neither a value nor extensions"
    given[600]["meta"]["lastUpdated"] = "2026-02-30T00:00:00Z"
    wrong[601] = "Basic.meta.lastUpdated"
    found = handed(tmp_path, Basic=lines(*given))
    told = {int(each.at.rpartition(":")[2]): each.problem for each in found.raw if each.problem}
    assert told.keys() == wrong.keys()
    assert all(wrong[line] in told[line] for line in told)
    assert len(found.items) == 1000


def test_a_broken_line_is_told_and_the_rest_goes_on(tmp_path: Path):
    body = lines(*items(tmp_path, 300)).split(b"\n")
    body[0] = b"\xef\xbb\xbf" + body[0]
    body[16] = body[16][:100]
    body[200] = b"x" * 51 * 2**20
    body[250] = json.dumps({"resourceType": "Patient", "id": "p"}).encode()
    found = handed(tmp_path, Basic=b"\n".join(body)[:-1000])
    told = {each.at: each.problem for each in found.raw if each.problem}
    assert told.keys() == {"Basic.ndjson:17", "Basic.ndjson:300", "Basic.ndjson"}
    told |= {each.at: each.problem for each in found.asides}
    assert "longer than 50 MiB" in told["Basic.ndjson:201"]
    assert "breaks off" in told["Basic.ndjson:300"], "the file was cut off"
    assert "1 of 297 resources are no Basic" in told["Basic.ndjson"]
    assert "counts 300 resources in Basic.ndjson, which holds 297" in told["export.json output[2]"]
    assert len(found.items) == 296


def test_a_manifest_names_a_file_that_is_missing(tmp_path: Path):
    items(tmp_path, 20)
    (tmp_path / "MedicationKnowledge.ndjson").unlink()
    found = handed(tmp_path)
    assert not [each for each in found.raw if each.problem], "the tester may not have copied it"
    [problem] = found.asides
    assert problem.at == "export.json output[1]"
    assert "'MedicationKnowledge.ndjson', which is not in the folder" in problem.problem


def test_two_items_of_one_id_are_told_and_a_repeated_line_is_none(tmp_path: Path):
    given = items(tmp_path, 20)
    twin = copy.deepcopy(given[3])
    twin["extension"][4]["valueCodeableConcept"]["coding"][0]["code"] = "another"
    found = handed(tmp_path, Basic=lines(*given, given[5], twin))
    [told] = [each for each in found.raw if each.problem and each.at.startswith("Basic")]
    assert told.at == "Basic.ndjson:22"
    assert told.problem == f"Basic/{twin['id']} stands before it already, and is another"
    assert len(found.items) == 21, "what is the same counts once"


def test_two_exports_may_hold_a_drug_as_it_was_at_their_time_and_notes_are_nobodys(tmp_path: Path):
    given = items(tmp_path, 20)
    later = copy.deepcopy(given[3])
    later["meta"]["lastUpdated"] = "2026-03-01T00:00:00Z"
    (tmp_path / "notes.json").write_text('{"to do": "ask for the rest"}')
    (tmp_path / "second").mkdir()
    (tmp_path / "second" / "Basic-of-another-plan.ndjson").write_bytes(lines(later))
    found = handed(tmp_path)
    assert not [each for each in found.raw if each.problem]
    assert [each.at for each in found.asides] == ["notes.json"]
    assert len(found.items) == 20


def test_big_folders_are_kept_small(tmp_path: Path):
    items(tmp_path, 4000)
    tracemalloc.start()
    found = handed(tmp_path)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size / len(found.items) < 2000, "bytes of an item, with what all items share"


def test_python_looks_for_circles_again_whatever_became_of_the_reading(tmp_path: Path):
    items(tmp_path, 10)
    handed(tmp_path)
    assert gc.isenabled()

    with pytest.raises(AttributeError):
        read_folder(None, TYPES)  # type: ignore[arg-type]
    assert gc.isenabled()


@needs_data
def test_the_real_formulary_is_looked_at_as_if_every_line_were():
    folder = Folder(DATA / "formulary-real")
    found = read_folder(folder, TYPES)
    closely = {each.at: each.problem for each in found.raw if each.problem}
    every = {each.at: resource_problem(each.resource) for each in folder.walk()}
    assert closely == {at: problem for at, problem in every.items() if problem}
    assert Counter(at.partition(".")[0] for at in closely) == {"MedicationKnowledge": 705, "Basic": 31}
    assert {kind: look.all for kind, look in found.looks.items()} == Counter(
        {"Basic": 1000, "MedicationKnowledge": 1000, "InsurancePlan": 2, "Location": 1}
    )
    assert found.looks["Basic"].closely < 300


def test_what_was_not_handed_over_is_not_missed(tmp_path: Path):
    given = items(tmp_path, 20)
    assert handed(tmp_path).partial == {"Location"}, "an area that nobody refers to"
    (tmp_path / "InsurancePlan.ndjson").unlink()
    found = handed(tmp_path)
    assert found.partial == {"Location", "InsurancePlan"}
    formulary = found.items[0].formulary
    assert found.may_lack(formulary)
    assert not found.may_lack("MedicationKnowledge/none")
    (tmp_path / "Basic.ndjson").unlink()
    (tmp_path / "page.json").write_text(
        json.dumps({"resourceType": "Bundle", "type": "searchset", "total": 40, "link": [],
                    "entry": [{"resource": each} for each in given]})
    )  # fmt: skip
    assert handed(tmp_path).may_lack("Basic/another"), "20 came of 40"


def test_resources_of_a_bundle_may_know_each_other_by_urns(tmp_path: Path):
    given = [*items(tmp_path, 20), *(json.loads(line) for name in ("InsurancePlan", "MedicationKnowledge")
                                     for line in (tmp_path / f"{name}.ndjson").read_bytes().splitlines())]  # fmt: skip
    urns = {f"{each['resourceType']}/{each['id']}": f"urn:uuid:{number}" for number, each in enumerate(given)}
    named = json.dumps(given)
    for key, urn in urns.items():
        named = named.replace(f'"reference": "{key}"', f'"reference": "{urn}"')
    entries = [{"fullUrl": urn, "resource": each} for urn, each in zip(urns.values(), json.loads(named), strict=True)]
    for each in entries[::2]:
        del each["resource"]["id"]
    apart, together = handed(tmp_path), tmp_path / "together"
    together.mkdir()
    (together / "all.json").write_text(json.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries}))
    found = handed(together)
    assert not [each for each in found.raw if each.problem]
    assert len(found.drugs) == len(apart.drugs)
    assert len(found.formularies) == len(apart.formularies)
    assert {found.kinds[item.formulary] for item in found.items} == {"formulary"}
    assert {found.kinds[item.drug] for item in found.items} == {"MedicationKnowledge"}
    assert {found.kinds[key] for plan in found.plans for key in plan.formularies} == {"formulary"}


def test_what_a_client_saved_beside_an_export_is_its_own(tmp_path: Path):
    basics = lines(*items(tmp_path, 5))
    for name in ("Basic.ndjson", "export.json"):
        (tmp_path / name).unlink()
    (tmp_path / "1.Basic.ndjson").write_bytes(basics)
    (tmp_path / "log.ndjson").write_bytes(lines({"exportId": "1", "eventId": "kickoff"}))
    output = [{"type": "Basic", "url": "https://payer.test/files/1.Basic.ndjson"}]
    (tmp_path / "manifest.json").write_text(json.dumps({"transactionTime": "2026-01-01T00:00:00Z", "output": output}))
    found = handed(tmp_path)
    assert len(found.items) == 5
    assert [each.problem for each in found.raw if each.problem] == []
    assert [each.at for each in found.asides] == ["log.ndjson:1"]
    assert Folder(tmp_path).made == "2026-01-01T00:00:00Z"

    (tmp_path / "manifest.json").unlink()
    assert [each.at for each in handed(tmp_path).raw if each.problem] == ["log.ndjson:1"]


def test_what_is_named_by_an_identifier_or_contained_is_found(tmp_path: Path):
    given = items(tmp_path, 20)
    drug = json.loads((tmp_path / "MedicationKnowledge.ndjson").read_bytes().splitlines()[0])
    first, second, third = given[:3]
    first["extension"][0]["valueReference"] = {"identifier": {"value": "F0"}}
    plans = [json.loads(line) for line in (tmp_path / "InsurancePlan.ndjson").read_bytes().splitlines()]
    plan = next(each for each in plans if each["id"] == "P0")
    plan["coverage"][0]["extension"][0]["valueReference"] = {"identifier": {"value": "F0"}}
    second["contained"], second["subject"] = [{**drug, "id": "own"}], {"reference": "#own"}
    third["subject"] = {"reference": "#nothing"}
    found = handed(tmp_path, Basic=lines(*given), InsurancePlan=lines(*plans))

    numbered, inside, astray = found.items[:3]
    assert (numbered.formulary, numbered.formulary_number) == ("InsurancePlan/F0", "|F0")
    assert next(each for each in found.plans if each.id == "P0").formularies == ("InsurancePlan/F0",)
    code = code_of(inside.drug_number)
    assert (inside.drug, code) == ("", drug["code"]["coding"][0]["code"])
    assert (astray.drug, astray.drug_number) == ("#nothing", "")
    declared = Lists(found.items, found.drugs, found.plans, found.formularies).declared(
        Case("formulary", "x", {"drug": code})
    )
    assert inside in declared.items

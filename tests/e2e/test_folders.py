"""A folder of resources instead of an endpoint: real exports with their true counts, and folders with mistakes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from command import Ran, examine
from shared_data import DATA

REAL = DATA / "formulary-real"
needs_real = pytest.mark.skipif(not REAL.is_dir(), reason="the public test data is not here; see tests/shared_data.py")
USDF = "http://hl7.org/fhir/us/davinci-drug-formulary/StructureDefinition"

PLAN = {
    "resourceType": "InsurancePlan",
    "id": "plan",
    "meta": {"lastUpdated": "2026-01-01T00:00:00Z"},
    "status": "active",
}
DRUG = {
    "resourceType": "MedicationKnowledge",
    "id": "drug",
    "meta": {"lastUpdated": "2026-01-01T00:00:00Z"},
    "status": "active",
}
ITEM = {
    "resourceType": "Basic",
    "id": "item",
    "meta": {"lastUpdated": "2026-01-01T00:00:00Z"},
    "code": {"coding": [{"system": "http://hl7.org/fhir/us/davinci-drug-formulary/CodeSystem/usdf-InsuranceItemTypeCS",
                         "code": "formulary-item"}]},
}  # fmt: skip


def resources(kind: str) -> list[dict[str, Any]]:
    """The resources of one type in the real export, as they stand there."""
    return [json.loads(line) for line in (REAL / f"{kind}.ndjson").read_text("utf-8").splitlines()]


def mistakes(node: Any, key: str = "") -> Iterator[str]:
    """What is wrong in this export: codes that are numbers, and extensions that say nothing."""
    if isinstance(node, dict):
        if key == "extension" and not any(name.startswith(("value", "extension")) for name in node):
            yield key
        for name, value in node.items():
            yield from mistakes(value, name)
    elif isinstance(node, list):
        for each in node:
            yield from mistakes(each, key)
    elif key == "code" and isinstance(node, int):
        yield key


def flagged(item: dict[str, Any], extension: str) -> bool:
    url = f"{USDF}/usdf-{extension}-extension"
    return any(each.get("valueBoolean") is True for each in item["extension"] if each["url"] == url)


@needs_real
class TestARealExport:
    @pytest.fixture(scope="class")
    @classmethod
    def ran(cls, tmp_path_factory: pytest.TempPathFactory) -> Ran:
        return examine(REAL, tmp_path_factory.mktemp("real") / "out", "--payer-type", "ma")

    def test_fails_for_what_is_wrong_in_it_and_nothing_else(self, ran: Ran) -> None:
        assert ran.code == 1
        assert ran.of("fail") == {"formulary.answers-are-fhir"}
        assert not ran.of("error")

    def test_counts_what_is_there(self, ran: Ran) -> None:
        (counted,) = ran.results["formularies"]
        items = resources("Basic")

        assert counted["items"] == len(items) == 1000
        assert counted["drugs"] == len(resources("MedicationKnowledge")) == 1000
        assert counted["plans"] + counted["formularies"] == len(resources("InsurancePlan"))
        assert counted["prior_authorization"] == sum(flagged(each, "PriorAuthorization") for each in items)
        assert counted["step_therapy"] == sum(flagged(each, "StepTherapyLimit") for each in items)
        assert counted["quantity_limit"] == sum(flagged(each, "QuantityLimit") for each in items)

    def test_judges_each_resource_once(self, ran: Ran) -> None:
        (scenario,) = ran.row("formulary.answers-are-fhir")["scenarios"]
        kinds = ("Basic", "InsurancePlan", "Location", "MedicationKnowledge")
        every = {kind: resources(kind) for kind in kinds}
        wrong = {f"{kind}.ndjson:{n}" for kind in kinds for n, each in enumerate(every[kind], 1) if any(mistakes(each))}

        # Of each type the first 200 are looked at closely, and whatever is built otherwise or like what was wrong.
        assert min(200, min(map(len, every.values()))) < scenario["judged"] <= sum(map(len, every.values()))
        assert scenario["failed"] == len(wrong)
        assert len(scenario["findings"]) == 50
        assert {finding["at"] for finding in scenario["findings"]} <= wrong
        for requirement in ("formulary.tier", "usdf.item-required", "usdf.drug-rxnorm"):
            (scenario,) = ran.row(requirement)["scenarios"]
            assert (scenario["judged"], scenario["failed"], scenario["verdict"]) == (1000, 0, "pass")

    def test_asks_nothing_of_an_endpoint(self, ran: Ran) -> None:
        verdicts = {row["id"]: row["verdict"] for row in ran.results["requirements"]}

        assert verdicts["usdf.paging"] == verdicts["usdf.search-plans"] == "not-applicable"
        assert not (ran.folder / "exchanges.jsonl").read_text("utf-8")

    def test_without_a_payer_type_knows_no_law(self, tmp_path: Path) -> None:
        ran = examine(REAL, tmp_path / "out", "--requirement", "formulary.tier")

        assert ran.row("formulary.tier")["standing"] == "not-applicable"
        assert ran.results["headline"]["law"].startswith("No requirement of law in force for an unnamed payer")
        assert ran.code == 3


@needs_real
def test_drugs_that_a_target_file_declares_are_looked_for_in_the_folder(tmp_path: Path) -> None:
    item = next(each for each in resources("Basic") if flagged(each, "PriorAuthorization"))
    plain = next(each for each in resources("Basic") if not flagged(each, "PriorAuthorization"))
    wanted = [each["subject"]["reference"].rpartition("-")[2] for each in (item, plain)]
    target = tmp_path / "target.toml"
    target.write_text(
        f'name = "An export"\npayer_type = "ma"\npart_d = true\n[apis.formulary]\nusdf = "2.0.1"\nfiles = "{REAL}"\n'
        f'[cases.formulary.one]\ndrug = "{wanted[0]}"\nneeds = ["prior-authorization"]\n',
        "utf-8",
    )
    selected = ("--requirement", "formulary.covered-drugs", "--requirement", "formulary.prior-authorization-flag")

    ran = examine(target, tmp_path / "out", *selected)
    target.write_text(target.read_text("utf-8").replace(wanted[0], wanted[1]), "utf-8")
    other = examine(target, tmp_path / "other", *selected)

    assert (ran.code, other.code) == (0, 1)
    assert other.of("fail") == {"formulary.prior-authorization-flag"}


def folder(place: Path, **files: str) -> Path:
    made = place / "export"
    made.mkdir()
    for name, text in files.items():
        (made / f"{name}.ndjson").write_bytes(text.encode("utf-8", "surrogateescape"))
    return made


BROKEN = {  # a line, and the words by which it is told
    '{"resourceType": "Basic", "id":': "breaks off",
    '{"resourceType": "Basic", "total": NaN}': "NaN",
    '{"resourceType": "Basic", "id": "a", "id": "b"}': "twice",
    '{"resourceType": "Basic", "id": "\udcff"}': "UTF-8",
    "[" * 10_000: "levels deep",
    "<html>": "JSON",
    "7": "resource",
}


class TestBrokenLines:
    @pytest.fixture(scope="class")
    @classmethod
    def ran(cls, tmp_path_factory: pytest.TempPathFactory) -> Ran:
        place = tmp_path_factory.mktemp("broken")
        lines = [json.dumps(ITEM), *BROKEN, json.dumps({**ITEM, "id": "other"})]
        made = folder(
            place, Basic="\n".join(lines), InsurancePlan=json.dumps(PLAN), MedicationKnowledge=json.dumps(DRUG)
        )
        return examine(
            made, place / "out", "--requirement", "formulary.answers-are-fhir", "--requirement", "usdf.item-required",
        )  # fmt: skip

    def test_are_named_by_file_and_line(self, ran: Ran) -> None:
        (scenario,) = ran.row("formulary.answers-are-fhir")["scenarios"]
        findings = {each["at"]: each["actual"] for each in scenario["findings"]}

        for number, told in enumerate(BROKEN.values(), 2):
            assert told in findings[f"Basic.ndjson:{number}"]
        assert ran.code == 1
        assert "Basic.ndjson:2" in ran.out

    def test_keep_no_other_line_from_being_read(self, ran: Ran) -> None:
        assert ran.row("usdf.item-required")["scenarios"][0]["judged"] == 2


@pytest.mark.parametrize("files", [{}, {"Patient": '{"resourceType": "Patient"}'}])
def test_a_folder_that_is_no_formulary_is_a_usage_error(tmp_path: Path, files: dict[str, str]) -> None:
    ran = examine(folder(tmp_path, **files), tmp_path / "out")

    assert ran.code == 2
    assert str(tmp_path / "export") in ran.err

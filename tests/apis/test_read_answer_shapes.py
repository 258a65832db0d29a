"""What an answer is made of: extensions as the guide defines them, identifiers, whose request it names."""

from __future__ import annotations

import json
import re
import tarfile
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from api_examples import PAS, PAS_221, bundle, claim_response, example, item, patient, review_action
from shared_data import DATA, needs_data

from conformance.apis.answer_content import bundle_identifier, incomplete_identifiers, shared_identifiers
from conformance.apis.echo import other_request
from conformance.apis.guide_extensions import misshapen
from conformance.apis.prior_auth import read_answer, read_inquiry
from conformance.paths import suites

RULES: Any = tomllib.loads((suites() / "rules" / "pas_extensions.toml").read_text("utf-8"))
TRACE = f"{PAS}extension-itemTraceNumber"
DAY, NUMBER = "extension-itemPreAuthIssueDate", {"url": "number", "valueString": "AUTH0001"}
ISSUED = {"url": f"{PAS}{DAY}", "valueDate": "2027-01-05"}
REVIEWER = "extension-claimResponseReviewer"


def read(*items: Any, **more: Any) -> Any:
    return read_answer(bundle(claim_response(*items, **more), patient()), PAS_221)


# -- extensions --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("extensions", "told"),
    [
        ([ISSUED], ()),
        ([ISSUED, ISSUED], (f"{DAY} 2 times in one place",)),
        ([{"url": f"{PAS}{DAY}", "valueDateTime": "2027-01-05"}], (f"{DAY} with valueDateTime",)),
        ([{"url": f"{PAS}{DAY}", "_valueDate": {"extension": []}}], ()),
        ([{"url": TRACE, "valueIdentifier": {}}, {"url": TRACE, "valueIdentifier": {}}], ()),
        ([{"url": "https://payer.example/own", "valueString": "twice"}] * 2, ()),
        ([{"url": f"{PAS}extension-nobody-knows-it", "valueString": "?"}] * 2, ()),
        ([{"url": 7}, "none", None], ()),
    ],
)
def test_an_items_extensions_are_held_to_their_definitions(extensions: list[Any], told: tuple[str, ...]) -> None:
    assert misshapen(read(item(1, review_action("A1", NUMBER), extension=extensions))) == told


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ([NUMBER], ()),
        ([{"url": "reasonCode", "valueCodeableConcept": {}}] * 2, ()),
        ([NUMBER, NUMBER], ("extension-reviewAction: number 2 times in one place",)),
        ([{"url": "number", "valueInteger": 7}], ("extension-reviewAction: number with valueInteger",)),
    ],
)
def test_so_are_the_parts_of_a_review_action(parts: list[Any], told: tuple[str, ...]) -> None:
    assert misshapen(read(item(1, review_action("A3", *parts)))) == told


def test_a_reviewer_is_said_to_be_a_person_or_not() -> None:
    unsaid = {"url": f"{PAS}{REVIEWER}", "extension": []}
    assert misshapen(read(item(1), extension=[unsaid])) == (f"{REVIEWER}: no wasHumanReviewedFlag",)
    assert misshapen(read(item(1), extension=[{**unsaid, "valueBoolean": True}])) == (
        f"{REVIEWER} with valueBoolean", f"{REVIEWER}: no wasHumanReviewedFlag",
    )  # fmt: skip


@needs_data
@pytest.mark.parametrize("version", ["2.0.1", "2.2.1"])
def test_the_rules_are_those_of_the_official_definitions(version: str) -> None:
    defined = dict(definitions(version))
    assert len(defined) > 30
    for name, kinds in RULES["values"].items():
        assert defined.get(name, {"": kinds})[""] == kinds, name
    for name, row in RULES["parts"].items():
        if name in defined:
            given = {part: kinds for part, kinds in defined[name].items() if part}
            assert given.items() <= row["values"].items(), name


def definitions(version: str) -> Iterator[tuple[str, dict[str, list[str]]]]:
    """The extensions of a package: the keys of their values, and of their parts' values by the part's name."""
    with tarfile.open(DATA / "packages" / f"hl7.fhir.us.davinci-pas-{version}.tgz") as package:
        for member in package:
            if re.fullmatch(r"package/StructureDefinition-\w*extension-\w+\.json", member.name):
                definition = json.load(package.extractfile(member))  # type: ignore[arg-type]
                yield definition["url"].removeprefix(PAS), dict(_values(definition["snapshot"]["element"]))


def _values(elements: list[Any]) -> Iterator[tuple[str, list[str]]]:
    for element in elements:
        head, _, last = element["id"].rpartition(".")
        codes = [each["code"] for each in element.get("type", ())]
        plain = head == "Extension" or (head.startswith("Extension.extension:") and head.count(".") == 1)
        if last == "value[x]" and plain and element["max"] != "0" and len(codes) < 10:
            yield head.partition(":")[2], [f"value{code[0].upper()}{code[1:]}" for code in codes]


@needs_data
@pytest.mark.parametrize(
    "name", sorted(each.name for each in (DATA / "examples" / "pas-2.2.1").glob("Bundle-*Response*"))
)
def test_the_official_answers_are_of_the_right_shape(name: str) -> None:
    for answer in read_inquiry(example(f"pas-2.2.1/{name}"), PAS_221) or ():
        assert (misshapen(answer), incomplete_identifiers(answer)) == ((), ())


# -- identifiers -------------------------------------------------------------------------------------------------------


def test_an_identifier_has_a_system_and_a_value() -> None:
    whole = {"system": "urn:x", "value": "1"}
    traced = item(1, extension=[{"url": TRACE, "valueIdentifier": {"system": "urn:x"}}])
    told = incomplete_identifiers(read(traced, identifier=[whole, {"value": "2"}, {"_system": {}, "value": "3"}]))
    assert told == ("identifier[1] without system", "item[0].extension[0] without value")
    assert incomplete_identifiers(read(item(1), identifier=whole)) == ()


def test_bundles_that_share_an_identifier_are_told() -> None:
    def identified(value: str) -> Any:
        body = bundle(claim_response(item(1)), patient())
        return read_answer({**body, "identifier": {"system": "urn:x", "value": value}}, PAS_221)

    assert bundle_identifier(identified(" ")) == ""
    assert shared_identifiers([identified("1"), identified("2"), identified("1"), identified("")]) == ("urn:x|1",)


# -- the request -------------------------------------------------------------------------------------------------------

REQUEST = bundle(
    {"resourceType": "Claim", "id": "mine", "identifier": [{"system": "urn:own", "value": "1"}]},
    patient(),
    base="https://sender.example/fhir",
)


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ({"reference": "https://sender.example/fhir/Claim/mine"}, ""),
        ({"reference": "https://sender.example/fhir/Claim/mine/_history/3"}, ""),
        ({"reference": "Claim/of-the-payer", "identifier": {"system": "urn:payer", "value": "9"}}, ""),
        ({"identifier": {"value": "2"}}, ""),
        ({"identifier": {"system": "urn:own", "value": "1"}}, ""),
        ({"identifier": {"system": "urn:own", "value": "2"}}, "urn:own|2"),
        ({"reference": "https://sender.example/fhir/Claim/other"}, "https://sender.example/fhir/Claim/other"),
    ],
)
def test_another_request_of_the_senders_is_not_the_one_answered(named: Any, told: str) -> None:
    assert other_request(REQUEST, read(item(1), request=named)) == told

"""The model payer's formulary: what it holds is FHIR and the guide's, and it is searched as the guide says."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

import payer_client as pc
import pytest
from fhir.resources.R4B import get_fhir_model_class
from formulary_client import GUIDE, RXNORM, entries, extensions, link
from formulary_seed import BASE, FILE, HARBOR, PAYER, SEED, TODAY, bundle, found, seeded
from shared_data import DATA, needs_data

from conformance.sandbox import formulary, seed
from conformance.sandbox.formulary_parameters import INCLUDES, PARAMETERS
from conformance.sandbox.frame import Answer, Call, Resource
from conformance.sandbox.serve import Running, serve

ARTIFACTS = DATA / "examples" / "formulary-artifacts"
EVERYTHING = [one for kind in PARAMETERS for one in formulary.room(SEED, kind).values()]


def walked(value: Any) -> Iterator[Any]:
    yield value
    for each in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from walked(each)


@pytest.mark.parametrize("resource", EVERYTHING, ids=lambda one: one["id"])
def test_each_resource_is_structurally_fhir(resource: Resource) -> None:
    get_fhir_model_class(resource["resourceType"]).model_validate(resource)


def test_a_page_is_structurally_fhir() -> None:
    page = bundle(f"Basic?formulary={HARBOR}&_include=Basic:subject")

    get_fhir_model_class("Bundle").model_validate(page)
    assert page["type"] == "searchset"
    assert {each["fullUrl"] for each in page["entry"]} == {
        f"{BASE}/{each['resource']['resourceType']}/{each['resource']['id']}" for each in page["entry"]
    }


def test_the_formulary_is_large_enough_to_search() -> None:
    assert len(SEED.drugs) >= 40
    assert len(SEED.formulary_items) >= 80
    assert len([one for one in SEED.insurance_plans.values() if "coverage" in one]) == 2
    assert len([one for one in SEED.insurance_plans.values() if "coverage" not in one]) == 2
    benefits = {
        each["coding"][0]["code"]
        for one in SEED.formulary_items.values()
        for each in extensions(one, "PharmacyBenefitType")
    }
    assert len(benefits) == 5
    tiers = {extensions(one, "DrugTierID")[0]["coding"][0]["code"] for one in SEED.formulary_items.values()}
    assert len(tiers) == 9


def test_every_declared_need_is_said_by_every_item_of_the_drug() -> None:
    names = {
        "prior-authorization": "PriorAuthorization",
        "step-therapy": "StepTherapyLimit",
        "quantity-limit": "QuantityLimit",
    }
    for case in FILE["declared"]:
        items = found(f"Basic?subject:MedicationKnowledge.code={RXNORM}|{case['drug']}")
        assert len(items) == 2, case
        for own in items:
            held = {need for need, name in names.items() if extensions(SEED.formulary_items[own], name) == [True]}
            assert held == set(case["needs"])
            assert extensions(SEED.formulary_items[own], "AvailabilityStatus") == ["active"]


def test_days_are_counted_from_the_payers_today() -> None:
    later = seeded(TODAY + timedelta(days=1000)).formulary_items["item-harbor-314076"]
    now = SEED.formulary_items["item-harbor-314076"]

    for one, day in ((now, TODAY), (later, TODAY + timedelta(days=1000))):
        [period] = extensions(one, "AvailabilityPeriod")
        assert date.fromisoformat(period["start"]) < day < date.fromisoformat(period["end"])
    assert seed.load(TODAY).formulary_items == SEED.formulary_items


@needs_data
def test_every_url_and_code_of_the_guide_is_in_its_package() -> None:
    definitions = [json.loads(file.read_text("utf-8")) for file in ARTIFACTS.glob("*.json")]
    urls = {one["url"] for one in definitions}
    codes = {one["url"]: {each["code"] for each in one["concept"]} for one in definitions if "concept" in one}
    seen = [value for one in EVERYTHING for value in walked(one)]

    profiles = {each for one in EVERYTHING for each in one["meta"]["profile"]}
    named = {value["url"] for value in seen if isinstance(value, dict) and str(value.get("url", "")).startswith(GUIDE)}
    assert profiles | named <= urls
    assert len(named) == 12
    codings = {
        (value["system"], value["code"])
        for value in seen
        if isinstance(value, dict) and {"system", "code"} <= set(value)
    }
    guides = {(system, code) for system, code in codings if system.startswith(GUIDE)}
    assert guides <= {(system, code) for system, known in codes.items() for code in known}
    assert len({system for system, _code in guides}) == 6


@needs_data
def test_every_parameter_that_the_guide_demands_is_searched_by() -> None:
    statement = json.loads((ARTIFACTS / "CapabilityStatement-usdf-server.json").read_text("utf-8"))
    for resource in statement["rest"][0]["resource"]:
        kind = resource["type"]
        assert {each["name"]: each["type"] for each in resource["searchParam"]} == {
            name: parameter.kind for name, parameter in PARAMETERS[kind].items()
        }
        assert set(resource.get("searchInclude", ())) == set(INCLUDES.get(kind, ()))


@needs_data
def test_drugs_have_the_names_that_public_formularies_give_them() -> None:
    lines = (DATA / "formulary-real" / "MedicationKnowledge.ndjson").read_text("utf-8").splitlines()
    public = [json.loads(line) for line in lines]
    public += [json.loads(file.read_text("utf-8")) for file in (DATA / "examples/formulary-2.0.1").glob("Medi*.json")]
    names = {each["code"]: each["display"] for one in public for each in one["code"]["coding"]}

    own = {each["code"]: each["display"] for one in SEED.drugs.values() for each in one["code"]["coding"]}
    shared = own.keys() & names.keys()
    assert len(shared) >= 28
    assert {code: own[code] for code in shared} == {code: names[code] for code in shared}


def test_a_resource_is_read_by_its_id() -> None:
    def read(path: str) -> Answer:
        return formulary.read(Call("formulary.read", "usdf=2.0.1", "GET", path), PAYER)

    assert read("Basic/item-harbor-314076").body == SEED.formulary_items["item-harbor-314076"]
    assert read("Basic/unknown").status == 404
    assert read("Patient/first").status == 404


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serve(directory=tmp_path_factory.mktemp("formulary"), tls=False) as payer:
        yield payer


@pytest.mark.parametrize("version", ["usdf=2.0.1", "usdf=2.1.0"])
def test_a_search_by_post_finds_what_a_search_by_get_finds(running: Running, version: str) -> None:
    form: Mapping[str, str] = {"drug-tier": "specialty", "_include": "Basic:subject", "_count": "5"}
    with pc.connected(running) as client:
        base = running.bases[version]
        got = client.get(f"{base}/Basic", params=dict(form))
        posted = client.post(f"{base}/Basic/_search", data=dict(form))
        following = client.get(str(link(posted.json(), "next")))

    assert got.headers["content-type"] == "application/fhir+json"
    assert got.json() == posted.json()
    assert len(entries(following.json(), "match")) == 5


def test_without_anonymous_access_a_token_is_needed(running: Running) -> None:
    running.become(["formulary_needs_a_token"])
    with pc.connected(running) as client:
        base = running.bases["usdf=2.1.0"]
        refused = [client.get(f"{base}/{path}") for path in ("Basic", "Basic/item-harbor-314076", "InsurancePlan")]
        good = client.get(f"{base}/Basic", headers=pc.token(running, client))

    assert [answer.status_code for answer in refused] == [401, 401, 401]
    assert good.status_code == 200

"""Reading formularies: the guide's examples, one real formulary, and odd ones of our own."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from api_examples import DATA, GUIDES, example, real
from shared_data import needs_data

from conformance.apis.formulary import (
    FORMULARY_ITEM,
    RXNORM,
    TIERS,
    TIERS_WITHOUT_SUFFIX,
    Drug,
    kind_of,
    read_drug,
    read_formulary,
    read_item,
    read_location,
    read_plan,
)
from conformance.apis.formulary_faults import drug_faults, item_faults, plan_faults
from conformance.apis.formulary_found import (
    holds_version,
    is_called,
    refuses_strangers,
    same_content,
    telling_word,
    version_of,
)
from conformance.exchange import Exchange

USDF = "http://hl7.org/fhir/us/davinci-drug-formulary/StructureDefinition/"
READERS = {
    "Basic": read_item,
    "InsurancePlan": lambda r: read_plan(r) if kind_of(r) == "plan" else read_formulary(r),
    "MedicationKnowledge": read_drug,
    "Location": read_location,
}


def examples() -> list[str]:
    folder = DATA / "examples" / "formulary-2.0.1"
    return sorted(f"formulary-2.0.1/{each.name}" for each in folder.glob("*.json"))


@needs_data
def test_every_example_of_the_guide_is_read():
    read = Counter()
    for name in examples():
        resource = example(name)
        if resource["resourceType"] not in READERS:
            assert resource["resourceType"] == "GraphDefinition"
            read["other"] += 1
            continue
        value = READERS[resource["resourceType"]](resource)
        assert value.id == resource["id"]
        assert value.at == f"{resource['resourceType']}/{resource['id']}"
        assert value.last_updated
        read[type(value).__name__] += 1
    assert read == {"Item": 7, "Plan": 4, "Formulary": 4, "Drug": 5, "Location": 2, "other": 2}


@needs_data
def test_an_item_of_the_guide():
    item = read_item(example("formulary-2.0.1/Basic-FormularyItem-D1002-1000091.json"))
    assert (item.formulary, item.drug) == ("InsurancePlan/FormularyD1002", "MedicationKnowledge/FormularyDrug-1000091")
    assert (item.status, item.period.start, item.period.end) == ("active", "2021-01-01", "2021-12-31")
    assert [code.code for code in item.tier] == ["generic"]
    assert [codes[0].code for codes in item.benefit_types] == [
        "1-month-in-retail", "1-month-in-mail", "3-month-in-retail", "3-month-in-mail",
    ]  # fmt: skip
    assert (item.prior_authorization, item.step_therapy, item.quantity_limit) == (False, True, True)
    assert (item.prior_authorization_new_starts, item.step_therapy_new_starts) == (None, True)
    assert (item.quantity_detail, item.additional_information) == (False, "")
    assert (item.codes[0].system, item.codes[0].code) == (FORMULARY_ITEM.system, FORMULARY_ITEM.code)
    assert item.trial_suffix is True


@needs_data
def test_an_item_with_every_limit():
    item = read_item(example("hand-written/Basic-FormularyItem-um-full.json"))
    assert (item.prior_authorization, item.prior_authorization_new_starts) == (True, True)
    assert (item.step_therapy, item.step_therapy_new_starts) == (True, True)
    assert (item.quantity_limit, item.quantity_detail) == (True, True)
    assert item.additional_information == "Diagnosis required"


@needs_data
def test_a_plan_and_its_formulary_are_told_apart():
    plan = example("formulary-2.0.1/InsurancePlan-PayerInsurancePlanA1002.json")
    formulary = example("formulary-2.0.1/InsurancePlan-FormularyD1002.json")
    assert (kind_of(plan), kind_of(formulary)) == ("plan", "formulary")
    for resource in (plan, formulary):
        del resource["meta"]["profile"]
    assert (kind_of(plan), kind_of(formulary)) == ("plan", "formulary")
    read = read_plan(plan)
    assert (plan_faults(read), read.formularies) == ((), ("InsurancePlan/FormularyD1002",))
    assert (read.identifiers[0].value, read.areas) == ("A1002", ("Location/StateOfCTLocation",))
    assert [(cost.tier[0].code, cost.kind[0].code, cost.unit.code) for cost in read.costs] == [
        ("brand", "copay", "USD"),
        ("brand", "coinsurance", "%"),
    ]
    assert read_formulary(formulary).is_drug_policy
    assert read_formulary(formulary).period.end == "2021-12-31"


@needs_data
def test_a_drug_and_a_location_of_the_guide():
    drug = read_drug(example("formulary-2.0.1/MedicationKnowledge-FormularyDrug-1000091.json"))
    assert drug.rxnorm == ("1000091", "1160770")
    assert drug.names[0] == "doxepin hydrochloride 50 MG/ML Topical Cream"
    assert drug.status == "active"
    location = read_location(example("formulary-2.0.1/Location-StateOfCTLocation.json"))
    assert (location.name, location.boundary, location.address) == ("State of CT Area", True, True)


@needs_data
def test_the_real_formulary_is_read_whole():
    items = [read_item(each) for each in real("Basic")]
    assert len(items) == 1000
    assert sum(item.prior_authorization is True for item in items) == 232
    assert sum(item.step_therapy is True for item in items) == 128
    assert sum(item.quantity_limit is True for item in items) == 367
    assert len({item.tier[0].code for item in items}) == 6
    assert {item.trial_suffix for item in items} == {False}
    assert all(item.formulary and item.drug and item.status == "active" and item.benefit_types for item in items)


@needs_data
def test_the_real_drugs_are_read_despite_their_numbers_for_codes():
    drugs = [read_drug(each) for each in real("MedicationKnowledge")]
    assert len(drugs) == 1000
    assert all(len(drug.rxnorm) == 1 and drug.names and drug.status for drug in drugs)
    forms = [code for drug in drugs for code in drug.dose_form]
    assert forms
    assert {code.code for code in forms} == {""}, "a number is no code; what it displays is still read"


@needs_data
def test_the_tiers_of_the_guides_code_system_are_those_of_the_table():
    system = json.loads(
        (DATA / "examples/formulary-artifacts/CodeSystem-usdf-DrugTierCS-TEMPORARY-TRIAL-USE.json").read_text("utf-8")
    )
    assert system["url"] == TIERS
    assert tuple(each["code"] for each in system["concept"]) == GUIDES["usdf", "2.0.1"]["drug_tiers"]
    assert set(GUIDES["usdf", "2.1.0"]["drug_tiers"]) > set(GUIDES["usdf", "2.0.1"]["drug_tiers"])


def basic(*extensions: object) -> dict[str, object]:
    return {"resourceType": "Basic", "id": "1", "extension": list(extensions)}


@pytest.mark.parametrize(("system", "suffix"), [(TIERS, True), (TIERS_WITHOUT_SUFFIX, False), ("http://own", None)])
def test_the_trial_suffix_is_recognised(system, suffix):
    tier = {
        "url": f"{USDF}usdf-DrugTierID-extension",
        "valueCodeableConcept": {"coding": [{"system": system, "code": "1"}]},
    }
    assert read_item(basic(tier)).trial_suffix is suffix


def test_a_flag_that_is_no_flag_is_not_spoken_of():
    for value in ("true", 1, None, []):
        flag = {"url": f"{USDF}usdf-PriorAuthorization-extension", "valueBoolean": value}
        assert read_item(basic(flag)).prior_authorization is None
    assert read_item(basic()).tier == ()


@pytest.mark.parametrize(
    ("part", "tells"),
    [
        ({"url": "Description", "valueString": "30 per 30 days"}, True),
        ({"url": "MaximumDaily", "valueQuantity": {"value": 1}}, True),
        ({"url": "Rolling", "valueTiming": {"repeat": {"count": 30, "period": 30, "periodUnit": "d"}}}, True),
        ({"url": "Description", "valueString": " "}, False),
        ({"url": "MaximumDaily", "valueQuantity": {}}, False),
    ],
)
def test_a_quantity_limits_detail_tells_something_or_not(part, tells):
    detail = {"url": f"{USDF}usdf-QuantityLimitDetail-extension", "extension": [part]}
    assert read_item(basic(detail)).quantity_detail is tells


def test_references_are_compared_without_their_server():
    absolute = {"valueReference": {"reference": "https://payer.example/fhir/InsurancePlan/F1/_history/3"}}
    item = read_item(basic({"url": f"{USDF}usdf-FormularyReference-extension", **absolute}))
    assert item.formulary == "InsurancePlan/F1"


def test_other_resources_are_not_read():
    for reader in (read_item, read_plan, read_formulary, read_drug, read_location, kind_of):
        for other in (None, [], "Basic", {}, {"resourceType": "Patient"}, {"resourceType": ["Basic"]}):
            assert reader(other) is None


def test_a_place_may_be_given():
    assert read_item(basic(), "Bundle.entry[3].resource").at == "Bundle.entry[3].resource"


def concept(name: str, **value: object) -> dict[str, object]:
    return {"url": f"{USDF}usdf-{name}-extension", "valueCodeableConcept": value}


def test_a_concept_in_words_is_kept():
    item = read_item(basic(concept("DrugTierID", text="Tier 2"), concept("PharmacyBenefitType", text=" ")))
    assert [code.display for code in item.tier] == ["Tier 2"]
    assert (item.tier_code, item.benefit_types, item.trial_suffix) == (None, (), None)


PLAN_NET = {"profile": ["http://hl7.org/fhir/us/davinci-pdex-plan-net/StructureDefinition/plannet-InsurancePlan|1.1.0"]}
OURS = {"profile": [*PLAN_NET["profile"], f"{USDF}usdf-PayerInsurancePlan|2.0.1"]}
POLICY = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "DRUGPOL"}]}
NAMED = {"url": f"{USDF}usdf-FormularyReference-extension", "valueReference": {"reference": "InsurancePlan/F"}}


@pytest.mark.parametrize(
    ("resource", "kind"),
    [
        ({}, None),
        ({"meta": PLAN_NET}, None),
        ({"meta": OURS}, "plan"),
        ({"coverage": [{"type": POLICY}]}, "plan"),
        ({"meta": PLAN_NET, "coverage": [{"type": POLICY}]}, None),
        ({"meta": PLAN_NET, "coverage": [{"type": POLICY, "extension": [NAMED]}]}, "plan"),
        ({"meta": PLAN_NET, "type": [POLICY]}, "formulary"),
        ({"coverage": "x", "meta": [], "type": 3}, None),
    ],
)
def test_plans_of_other_guides_are_neither_plan_nor_formulary(resource, kind):
    assert kind_of({"resourceType": "InsurancePlan", **resource}) == kind


def test_each_drug_coverage_is_asked_for_its_formulary():
    plan = read_plan(
        {"resourceType": "InsurancePlan", "coverage": [{"type": POLICY, "extension": [NAMED]}, {"type": POLICY}]}
    )
    assert plan.formularies == ("InsurancePlan/F",)
    assert "no formulary in coverage[1]" in plan_faults(plan)


def test_rxnorm_codes_are_numbers():
    def faults(*codes: str) -> tuple[str, ...]:
        coding = [{"system": RXNORM, "code": code} for code in codes]
        return drug_faults(
            read_drug({"resourceType": "MedicationKnowledge", "status": "x", "code": {"coding": coding}})
        )

    assert faults("314076") == faults("NOT-A-RXCUI", "314076") == ()
    assert faults() == ("no RxNorm code",)
    assert faults("NOT-A-RXCUI", "３１４") == ("NOT-A-RXCUI, ３１４ in place of an RxNorm number",)


def drug(*names: str, text: str = "") -> Drug:
    coding = [{"display": name} for name in names]
    return read_drug({"resourceType": "MedicationKnowledge", "code": {"coding": coding, "text": text}})


def test_the_word_searched_for_tells_a_drug_from_others():
    insulin = drug("human,insulin-isophane 70 UNT/ML")
    assert telling_word(insulin, [insulin, drug("insulin, human 100 UNT/ML")]) == "isophane"
    assert telling_word(drug("B12 10 MG"), ()) == "b12"
    assert telling_word(drug(text="only a text"), ()) == ""
    assert drug(text="only a text").names == ("only a text",)
    found = {"resourceType": "MedicationKnowledge", "code": {"text": "Café au lait"}}
    assert is_called(found, "cafe")
    assert not is_called(found, "tea")


def test_a_read_gives_what_was_found():
    found = {"resourceType": "Basic", "id": "1", "meta": {"lastUpdated": "2026-01-01"}, "subject": {"reference": "D/1"}}
    absolute = {**found, "subject": {"reference": "https://payer.example/fhir/MedicationKnowledge/1"}}
    relative = {**found, "subject": {"reference": "MedicationKnowledge/1"}, "text": {"div": "x"}}
    assert same_content(absolute, relative)
    assert same_content(found, {**found, "meta": {**found["meta"], "profile": ["x"]}})
    assert same_content(found, {**found, "language": "en", "meta": {"lastUpdated": "2026-02-01"}}), "changed since"
    assert not same_content(found, {**found, "language": "en"})
    assert not same_content(found, {**found, "id": "2"})
    assert not same_content(found, None)


def answer(status: int, body: object) -> Exchange:
    return Exchange("x", "o", "c", "usdf=2.0.1", "GET", "https://x", status=status, body=json.dumps(body).encode())


def outcome(*codes: str) -> dict[str, object]:
    return {"resourceType": "OperationOutcome", "issue": [{"code": code} for code in codes]}


@pytest.mark.parametrize(
    ("seen", "refused"),
    [
        (answer(200, {"resourceType": "Bundle"}), False),
        (answer(200, outcome("login")), True),
        (answer(200, "a page"), True),
        (answer(302, ""), True),
        (answer(401, ""), True),
        (answer(400, outcome("login")), True),
        (answer(400, outcome("required")), False),
        (answer(400, outcome("login", "required")), False),
        (answer(400, "x"), True),
        (answer(400, outcome("invalid")), True),
        (answer(405, ""), True),
        (answer(407, ""), True),
        (answer(422, outcome("login")), True),
        (answer(422, outcome("required")), False),
        (answer(503, ""), True),
    ],
)
def test_a_refusal_of_strangers_is_told_from_a_question(seen, refused):
    assert refuses_strangers(seen) is refused


def written(**more: object) -> dict[str, object]:
    return {"resourceType": "Basic", "id": "i", "meta": {"lastUpdated": "2026-01-01"}, **more}


def flags(*said: dict[str, object], name: str = "PriorAuthorization") -> list[dict[str, object]]:
    return [{"url": f"{USDF}usdf-{name}-extension", **each} for each in said]


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        (flags({"valueBoolean": True}), ()),
        (flags({"_valueBoolean": {"extension": []}}), ()),
        (flags({"valueBoolean": False}, {"valueBoolean": True}), ("prior authorization said 2 times",)),
        (flags({"valueString": "true"}, name="QuantityLimit"), ("a quantity limit as valueString",)),
    ],
)
def test_a_flag_stands_once_and_is_true_or_false(said: list[dict[str, object]], wrong: tuple[str, ...]):
    assert read_item(written(extension=said)).misused == wrong


def test_what_an_identifier_names_is_named():
    logical = {"identifier": {"system": RXNORM, "value": "1"}}
    formulary = [{"url": f"{USDF}usdf-FormularyReference-extension", "valueReference": logical}]
    item = read_item(written(subject=logical, extension=formulary))
    assert (item.drug, item.formulary) == ("", "")
    assert {"no drug", "no formulary"}.isdisjoint(item_faults(item))
    silent = read_item(written(subject={"display": "a drug"}))
    assert {"no drug", "no formulary"} <= set(item_faults(silent))


def test_an_availability_that_is_no_code_of_the_value_set_is_told():
    status = {"url": f"{USDF}usdf-AvailabilityStatus-extension", "valueCode": "available"}

    assert "availability status 'available'" in item_faults(read_item(written(extension=[status])))
    assert not [
        each
        for each in item_faults(read_item(written(extension=[status | {"valueCode": "retired"}])))
        if each.startswith("availability") or each == "no availability status"
    ]


def test_the_codes_that_a_drug_has_are_told_where_none_is_of_rxnorm():
    codes = [{"system": f"{RXNORM}/", "code": "1"}]
    drug = read_drug({"resourceType": "MedicationKnowledge", "status": "active", "code": {"coding": codes}})
    assert drug_faults(drug) == (f"no RxNorm code, only codes of {RXNORM}/",)


def test_a_version_is_told_where_it_can_be_asked_for():
    one = written(meta={"versionId": "3"})
    assert version_of(one) == "3"
    assert [version_of(each) for each in (written(), one | {"id": "a/b"}, written(meta={"versionId": "W/1"}))] == [
        ""
    ] * 3
    history = {"resourceType": "Bundle", "entry": [{"resource": one}]}
    assert holds_version(history, "3")
    assert not holds_version(history, "2")
    assert not holds_version(None, "3")

"""The model payer's formulary is searched as FHIR and the guide say, and refuses what it does not understand."""

from __future__ import annotations

import pytest
from fhir.resources.R4B import get_fhir_model_class
from formulary_client import GUIDE, RXNORM, entries, link
from formulary_seed import BASE, HARBOR, SEED, asked, bundle, found

from conformance.sandbox import seed
from conformance.sandbox.clock import Clock
from conformance.sandbox.frame import Seed
from conformance.sandbox.store import Overlay, Payer

TYPE = "http://hl7.org/fhir/us/davinci-pdex-plan-net/CodeSystem/InsuranceProductTypeCS"
TIER = f"{GUIDE}/CodeSystem/usdf-DrugTierCS-TEMPORARY-TRIAL-USE"


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("InsurancePlan?type=mediadv", {"plan-harbor"}),
        (f"InsurancePlan?type={TYPE}|mediadvhmo", {"plan-summit"}),
        (f"InsurancePlan?type={TYPE}|", {"plan-harbor", "plan-summit"}),
        (f"InsurancePlan?type={TYPE}|mediadv,DRUGPOL", {"plan-harbor", "formulary-harbor", "formulary-summit"}),
        ("InsurancePlan?type=DRUGPOL&name:contains=STANDARD", {"formulary-harbor"}),
        ("InsurancePlan?name=har&status=active", {"plan-harbor", "formulary-harbor"}),
        ("InsurancePlan?name:exact=harbor medicare advantage", set()),
        ("InsurancePlan?identifier=https://payer.example.org/plans|H9999-002", {"plan-summit"}),
        ("InsurancePlan?coverage-type=DRUGPOL&coverage-area=Location/area-albany", {"plan-summit"}),
        (f"InsurancePlan?formulary-coverage={HARBOR}", {"plan-harbor"}),
        (f"InsurancePlan?formulary-coverage={BASE}/{HARBOR}", {"plan-harbor"}),
        ("InsurancePlan?formulary-coverage.name=summit", {"plan-summit"}),
        ("InsurancePlan?coverage-area:Location=area-connecticut", {"plan-harbor"}),
        ("InsurancePlan?_id=plan-harbor,plan-summit&_lastUpdated=ge2026-10", {"plan-harbor", "plan-summit"}),
        (f"Basic?subject=drug-314076&formulary={HARBOR}", {"item-harbor-314076"}),
        (f"Basic?subject:MedicationKnowledge.code={RXNORM}|314076", {"item-harbor-314076", "item-summit-314076"}),
        (f"Basic?formulary={HARBOR}&subject:MedicationKnowledge.code=NOTHING", set()),
        ("Basic?drug-tier=medical-service", {"item-harbor-1488619", "item-summit-1488619"}),
        (f"Basic?drug-tier={TIER}|medical-service&formulary=formulary-summit", {"item-summit-1488619"}),
        ("Basic?drug-tier=medical-service&drug-tier=brand", set()),
        ("Basic?status=retired,draft", {"item-harbor-209459", "item-summit-1433250"}),
        ("Basic?period=lt2026&status=http://hl7.org/fhir/publication-status|retired", {"item-harbor-209459"}),
        ("Basic?period=sa2026-12-01", {"item-summit-1433250"}),
        ("Basic?period=eb2026-11-20", {"item-harbor-209459"}),
        (
            "Basic?pharmacy-benefit-type=1-month-out-retail&subject.drug-name=metformin&formulary=formulary-harbor",
            {"item-harbor-861007"},
        ),
        ("MedicationKnowledge?code=314076&status=active", {"drug-314076"}),
        ("MedicationKnowledge?code=1187284", {"drug-104376", "drug-104377", "drug-104378", "drug-206771"}),
        ("MedicationKnowledge?drug-name=DOXEPIN", {"drug-1000091"}),
        ("MedicationKnowledge?drug-name:exact=metformin hydrochloride 500 MG Oral Tablet", {"drug-861007"}),
        ("MedicationKnowledge?drug-name:contains=mimvey&drug-name:contains=estradiol", {"drug-1359129"}),
        ("MedicationKnowledge?drug-name:contains=hyaluronidase\\, human", {"drug-1549690"}),
        ("MedicationKnowledge?doseform=http://snomed.info/sct|385099005", {"drug-1000091"}),
        ("MedicationKnowledge?doseform:missing=false&drug-name:contains=cream", {"drug-1000091"}),
        ("Location?address-state=ct", {"area-connecticut"}),
        ("Location?address-city=albany&address-postalcode=12207", {"area-albany"}),
        ("Location?address=NY", {"area-albany"}),
    ],
)
def test_a_search_finds_these_and_no_others(query: str, ids: set[str]) -> None:
    assert found(query) == ids


DAY, OPEN, EVER = ("2026-05-05", "2026-05-05"), ("2026-05-05", ""), ("2026-05-05", "9999-12-31")


@pytest.mark.parametrize(
    ("span", "comparison", "matches"),
    [
        (DAY, "2026-05-05", True),
        (DAY, "2026-05", True),
        (DAY, "2026", True),
        (DAY, "2026-05-05T10:00", False),
        (DAY, "ge2026-05-05", True),
        (DAY, "ge2026-05-06", False),
        (DAY, "gt2026-05-05", False),
        (DAY, "gt2026-05-05T10:00:00Z", True),
        (DAY, "le2026-05-05", True),
        (DAY, "lt2026-05-05", False),
        (DAY, "ne2026-05-05", False),
        (DAY, "sa2026-05-04", True),
        (DAY, "sa2026-05-04T23:59:59.5-04:00", False),
        (DAY, "eb2026-05-06", True),
        (DAY, "eb2026-05-05", False),
        (OPEN, "2026", False),
        (OPEN, "ge2040-01-01", True),
        (OPEN, "eb2040-01-01", False),
        (EVER, "gt9999-12-30", True),
        (EVER, "le9999-12-31", True),
    ],
)
def test_dates_are_compared_as_spans(span: tuple[str, str], comparison: str, matches: bool) -> None:
    period = {name: value for name, value in zip(("start", "end"), span, strict=True) if value}
    plan = {**SEED.insurance_plans["plan-harbor"], "period": period}
    payer = Payer(Seed(insurance_plans={"plan-harbor": plan}), Overlay(), seed.policies(), Clock(), base_url=BASE)

    assert bundle(f"InsurancePlan?period={comparison}", payer)["total"] == int(matches)


@pytest.mark.parametrize(
    "query",
    [
        "Basic?colour=red",
        "Basic?_sort=drug-tier",
        "Basic?code=",
        "Basic?drug-tier:below=brand",
        "Basic?drug-tier=a|b|c",
        "Basic?period=ap2026",
        "Basic?period=yesterday",
        "Basic?period=2026-13-40",
        "Basic?_count=many",
        "Basic?_count=-1",
        "Basic?_include=Basic:nothing",
        "Basic?_include=InsurancePlan:formulary-coverage",
        "Basic?_include:iterate=Basic:subject",
        "Basic?_revinclude=Basic:subject",
        "Basic?subject:Medication.code=1",
        "Basic?code.text=1",
        "Basic?subject:MedicationKnowledge.colour=1",
        "Basic?_cursor=nonsense",
        "Basic?_cursor=W10&status=active",
        "Basic?_format=xml",
        "Basic?_total=some",
        "Basic?status:missing=perhaps",
        "MedicationKnowledge?drug-name:phonetic=x",
    ],
)
def test_what_is_not_understood_is_refused(query: str) -> None:
    answer = asked(query)

    assert answer.status == 400
    outcome = answer.resource()
    get_fhir_model_class("OperationOutcome").model_validate(outcome)
    assert [issue["severity"] for issue in outcome["issue"]] == ["error"]


def test_unknown_parameters_are_passed_over_where_the_caller_is_lenient() -> None:
    answer = asked("Location?colour=red&address-state=CT", prefer="handling=lenient")

    assert answer.resource()["total"] == 1
    assert "colour" not in str(link(answer.resource(), "self"))


@pytest.mark.parametrize(("asked_for", "held"), [("", 20), ("5", 5), ("50", 50), ("1000", 50)])
def test_a_page_holds_what_is_asked_for_up_to_its_limit(asked_for: str, held: int) -> None:
    page = bundle(f"Basic?_count={asked_for}" if asked_for else "Basic")

    assert len(page["entry"]) == held
    assert page["total"] == len(SEED.formulary_items)


@pytest.mark.parametrize("count", ["1", "7", "20", "50"])
def test_the_pages_of_a_walk_hold_everything_once(count: str) -> None:
    assert found(f"Basic?_count={count}") == set(SEED.formulary_items)


def test_a_count_of_none_is_only_counted() -> None:
    page = bundle("Basic?_count=0")

    assert page["total"] == len(SEED.formulary_items)
    assert "entry" not in page
    assert link(page, "next") is None


def test_included_drugs_are_those_of_the_page_each_once() -> None:
    page = bundle("Basic?drug-tier=specialty&_include=Basic:subject&_include=Basic:formulary")

    matches = entries(page, "match")
    included = [f"{one['resourceType']}/{one['id']}" for one in entries(page, "include")]
    assert len(matches) == 18
    assert len(included) == len(set(included))
    subjects = {one["subject"]["reference"] for one in matches}
    assert set(included) == subjects | {HARBOR, "InsurancePlan/formulary-summit"}


def test_a_plan_brings_its_formulary() -> None:
    page = bundle("InsurancePlan?type=mediadv&_include=InsurancePlan:formulary-coverage")

    assert [one["id"] for one in entries(page, "include")] == ["formulary-harbor"]


def test_a_formulary_that_is_matched_is_not_included_again() -> None:
    page = bundle("InsurancePlan?_include=InsurancePlan:formulary-coverage")

    assert entries(page, "include") == []

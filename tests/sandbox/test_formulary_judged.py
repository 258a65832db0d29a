"""The formulary's scenarios where one bend is not enough: listings beyond our limit, two bends at once, own cases."""

from __future__ import annotations

import importlib.util
import inspect
import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from conformance import clock, paths
from conformance.expect import REQUIREMENT
from conformance.flows import formulary_searches as flow
from conformance.flows.paging import Reach
from conformance.flows.recording import Options
from conformance.judging import Outcome, judged
from conformance.opening import guides, open_target
from conformance.run import Subject
from conformance.sandbox.formulary_rows import TIER, extension_url
from conformance.sandbox.serve import Running, serve
from conformance.scenario_fixtures import views
from conformance.wire.files import Folder
from conformance.wire.payer import Limits

GUIDE = "usdf=2.1.0"
COVERED = "formulary.covered-drugs"
IN_TIME = "formulary.drug-list-updates"
PRIOR = "formulary.prior-authorization-flag"
SAME = "usdf.same-in-discovery"
Judge = Callable[..., Mapping[str, Outcome]]


@cache
def scenarios() -> tuple[Callable[..., None], ...]:
    """The formulary's scenarios, less those on an issuer's files."""
    found: list[Callable[..., None]] = []
    for path in sorted((paths.suites() / "formulary").glob("test_*.py")):
        spec = importlib.util.spec_from_file_location(f"judged_{path.stem}", path)
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        found += (each for each in vars(module).values() if hasattr(each, REQUIREMENT) and inspect.isfunction(each))
    return tuple(each for each in found if "drug_files" not in inspect.signature(each).parameters)


def judge(target: Any) -> Mapping[str, Outcome]:
    """What each scenario of the formulary says of a target, by requirement; law and guide alike count as shall."""
    tables = guides()
    opened = open_target(str(target), {"guide": [GUIDE], "payer_type": "ma"}, tables, today=clock.now().date())
    subject = Subject.open(opened, tables, Options(), limits=Limits(pause_seconds=0.01))
    [claim] = opened.apis["formulary"].claim_list()
    said = {}
    try:
        for scenario in scenarios():
            requirement = getattr(scenario, REQUIREMENT)
            with judged(scenario.__name__, requirement, "shall") as outcome:
                scenario(**views(inspect.signature(scenario).parameters, subject, claim))
            said[requirement] = outcome
    finally:
        subject.close()
    return said


def failed(said: Mapping[str, Outcome]) -> set[str]:
    return {name for name, each in said.items() if each.verdict.verdict in ("fail", "error")}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serve(directory=tmp_path_factory.mktemp("judged"), tls=False) as payer:
        yield payer


@pytest.fixture
def of(running: Running, tmp_path: Path) -> Judge:
    """Judges the model payer, bent in some ways, with some lines of its target file changed."""

    def judging(*names: str, **changed: str) -> Mapping[str, Outcome]:
        running.become(names)
        text = running.target_file.read_text("utf-8")
        for old, new in changed.items():
            text = text.replace(f'drug = "{old.removeprefix("_")}"', new)
        file = running.target_file.parent / "judged.toml"
        file.write_text(text, "utf-8")
        return judge(file)

    return judging


@pytest.mark.parametrize(("reach", "judged"), [(Reach(2, 20_000), 14), (Reach(500, 20_000, size=1), 7)])
def test_a_formulary_beyond_our_limit_is_judged_as_far_as_it_was_listed(
    of: Judge, monkeypatch: Any, reach: Reach, judged: int
):
    monkeypatch.setattr(flow, "EVERYTHING", reach)

    said = of("small_pages", _314076='drug = "1546198"\nplan = "none of these"')

    assert failed(said) == set()
    assert said[COVERED].verdict.verdict == "not-tested", "no plan of that name: the tester's mistake"
    assert said[COVERED].verdict.change == "cases.formulary.covered.plan"
    said = of("small_pages")
    assert failed(said) == set()
    assert said[COVERED].verdict.verdict == said[PRIOR].verdict.verdict == "pass"
    assert f"judged {judged} of 102" in {each.actual for each in said["usdf.item-required"].verdict.advice}


def test_a_drug_beyond_our_limit_that_is_not_covered_is_missed(of: Judge, monkeypatch: Any):
    monkeypatch.setattr(flow, "EVERYTHING", Reach(500, 14))

    assert failed(of("small_pages", _314076='drug = "1546198"')) == {COVERED, IN_TIME, SAME}
    assert failed(of("small_pages", "ignores_the_chain", _314076='drug = "1546198"')) == {
        COVERED,
        IN_TIME,
        SAME,
        "usdf.search-items-by-drug",
    }


@pytest.mark.parametrize(
    ("names", "breaks"),
    [
        (("one_formulary", "ignores_the_formulary"), {"usdf.search-items-by-formulary"}),
        (("one_tier", "ignores_the_tier"), {"usdf.search-items-by-tier"}),
        (("one_tier", "ignores_include"), {"usdf.include-drug", "usdf.include-formulary"}),
        (("limits_in_one_formulary", "hides_a_declared_prior_authorization"), {PRIOR, "formulary.both-benefits"}),
        (("last_years_items", "hides_a_declared_step_therapy"), {"formulary.step-therapy-flag"}),
        (("tiers_in_words", "forgets_a_tier"), {"formulary.tier", "usdf.item-required"}),
        (("links_by_query", "loops_its_pages"), {"usdf.paging"}),
        (("provider_directory_beside", "forgets_the_plans_formulary"), {"usdf.plan-required"}),
    ],
)
def test_a_lawful_difference_hides_no_fault(of: Judge, names: tuple[str, ...], breaks: set[str]):
    assert failed(of(*names)) - {"usdf.code-systems", "usdf.quantity-limit-detail"} == breaks


def test_the_formulary_that_a_case_names_must_tell_the_limit(of: Judge):
    summit = of("limits_in_one_formulary", _1801278='drug = "1801278"\nformulary = "F-2002"')
    harbor = of("limits_in_one_formulary", _1801278='drug = "1801278"\nplan = "H9999-001"')

    assert failed(summit) == {PRIOR}
    assert failed(harbor) == set()
    anywhere = of("limits_in_one_formulary")
    assert failed(anywhere) == set()
    assert "prior authorization told by every item of the drug" in {
        each.expected for each in anywhere[PRIOR].verdict.advice
    }


def test_one_drug_has_one_answer_wherever_it_is_asked_for(of: Judge):
    said = of()
    assert said[SAME].verdict.verdict == "pass"
    assert said["formulary.both-benefits"].verdict.verdict == "pass"
    [table] = said["formulary.both-benefits"].judgement.tables
    told = {(row[2], row[1]): row[3:8] for row in table.rows if "1801278" in row[0]}
    assert told == {
        ("the formulary", "pharmacy"): ("yes", "specialty", "yes", "no", "no"),
        ("the drugs file", "pharmacy"): ("yes", "SPECIALTY", "yes", "no", "no"),
        ("coverage discovery", "pharmacy"): ("yes", "not told", "yes", "not told", "not told"),
        ("coverage discovery", "medical"): ("yes", "not told", "yes", "not told", "not told"),
    }

    other = of(_1649605='drug = "1649605"\nbilled = "J9999"')
    assert failed(other) == {"formulary.both-benefits"}
    [finding] = other["formulary.both-benefits"].verdict.findings
    assert "coverage discovery (crd=2.2.1, J9999): no prior authorization" in finding.actual
    assert "the formulary (Basic/item-harbor-1649605): prior authorization" in finding.actual


# --- folders -----------------------------------------------------------------------------------------------------


def item(number: int, drug: str, *extensions: dict[str, Any], formulary: str = "F", **more: Any) -> dict[str, Any]:
    said = [
        {"url": extension_url("FormularyReference"), "valueReference": {"reference": f"InsurancePlan/{formulary}"}},
        {"url": extension_url("AvailabilityStatus"), "valueCode": more.get("status", "active")},
        {"url": extension_url("PharmacyBenefitType"), "valueCodeableConcept": {"text": more.get("benefit", "retail")}},
        {"url": extension_url("DrugTierID"), "valueCodeableConcept": {"coding": [{"system": TIER, "code": "generic"}]}},
        *extensions,
    ]
    return {
        "resourceType": "Basic", "id": f"i{number}", "extension": said, "subject": {"reference": drug},
        "code": {"coding": [{"code": "formulary-item"}]},
    }  # fmt: skip


def flag(name: str, value: bool) -> dict[str, Any]:
    return {"url": extension_url(name), "valueBoolean": value}


def drug(own: str, system: str, code: str) -> dict[str, Any]:
    coding = {"system": system, "code": code}
    return {"resourceType": "MedicationKnowledge", "id": own, "status": "active", "code": {"coding": [coding]}}


RXNORM, NDC = "http://www.nlm.nih.gov/research/umls/rxnorm", "http://hl7.org/fhir/sid/ndc"
FORMULARY = {"resourceType": "InsurancePlan", "id": "F", "type": [{"coding": [{"code": "DRUGPOL"}]}]}


def told(tmp_path: Path, resources: list[dict[str, Any]], code: str = "1", needs: str = "") -> Mapping[str, str]:
    """The verdicts on a folder of some resources, in which a drug of some code is declared."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "all.json").write_text(json.dumps([FORMULARY, *resources]), "utf-8")
    target = tmp_path / "target.toml"
    target.write_text(
        'name = "Folder"\npayer_type = "ma"\npart_d = true\n[apis.formulary]\nusdf = "2.1.0"\nfiles = "data"\n'
        + (f'[cases.formulary.one]\ndrug = "{code}"\nneeds = [{needs}]\n' if code else ""),
        "utf-8",
    )
    return {name: each.verdict.verdict for name, each in judge(target).items()}


PA = '"prior-authorization"'
A, B = drug("a", RXNORM, "1"), drug("b", NDC, "0014-3971-301")
NEEDED, NOT_NEEDED = flag("PriorAuthorization", True), flag("PriorAuthorization", False)


@pytest.mark.parametrize(
    ("items", "verdict"),
    [
        ([item(1, "MedicationKnowledge/a", NEEDED)], "pass"),
        ([item(1, "MedicationKnowledge/a", NOT_NEEDED)], "fail"),
        ([item(1, "MedicationKnowledge/a")], "fail"),
        ([item(1, "MedicationKnowledge/a", flag("PriorAuthorizationNewStartsOnly", True))], "pass"),
        ([item(1, "MedicationKnowledge/a", NOT_NEEDED, flag("PriorAuthorizationNewStartsOnly", True))], "fail"),
        ([item(1, "MedicationKnowledge/a", NEEDED), item(2, "MedicationKnowledge/a", benefit="mail")], "pass"),
        ([item(1, "MedicationKnowledge/a", NEEDED), item(2, "MedicationKnowledge/a")], "fail"),
        ([item(1, "MedicationKnowledge/a", NEEDED), item(2, "MedicationKnowledge/a", formulary="G")], "pass"),
        ([item(1, "MedicationKnowledge/a", NEEDED), item(2, "MedicationKnowledge/a", status="retired")], "pass"),
        ([item(1, "MedicationKnowledge/a", status="retired")], "not-tested"),
    ],
)
def test_a_limit_is_told_by_items_of_one_formulary_and_benefit(tmp_path: Path, items: Any, verdict: str):
    assert told(tmp_path, [A, *items], needs=PA)[PRIOR] == verdict


def test_a_drug_coded_in_ndc_is_found_by_it(tmp_path: Path):
    said = told(tmp_path, [B, item(1, "MedicationKnowledge/b")], code="00143971301")
    assert (said[COVERED], said["usdf.drug-rxnorm"]) == ("pass", "fail")


def test_without_any_rxnorm_code_nobody_says_that_a_drug_is_missing(tmp_path: Path):
    said = told(tmp_path, [B, item(1, "MedicationKnowledge/b")])
    assert (said[COVERED], said["usdf.drug-rxnorm"]) == ("not-tested", "fail")


def test_an_old_folder_without_a_date_is_judged_by_status_alone(tmp_path: Path):
    period = {"url": extension_url("AvailabilityPeriod"), "valuePeriod": {"start": "2019-01-01", "end": "2019-12-31"}}
    assert told(tmp_path, [A, item(1, "MedicationKnowledge/a", period)])[COVERED] == "pass"


def test_what_is_no_formulary_item_or_drug_of_one_is_left_alone(tmp_path: Path):
    other = {"resourceType": "Basic", "id": "x", "code": {"coding": [{"code": "referral"}]}}
    said = told(tmp_path, [A, B, other, item(1, "MedicationKnowledge/a")])
    assert (said["usdf.item-required"], said["usdf.drug-rxnorm"]) == ("fail", "pass")


@pytest.mark.parametrize("code", ["", "1"])
def test_a_folder_is_read_once_whatever_is_declared(tmp_path: Path, monkeypatch: Any, code: str):
    walks: list[Path] = []
    walk = Folder.walk

    def counted(folder: Folder, *condensing: Any) -> Iterator[Any]:
        walks.append(folder.path)
        return walk(folder, *condensing)

    monkeypatch.setattr(Folder, "walk", counted)
    told(tmp_path, [A, item(1, "MedicationKnowledge/a")], code)

    assert len(walks) == 1


def test_a_formulary_of_the_guides_first_releases_is_told_and_not_judged(tmp_path: Path):
    tier = {
        "url": extension_url("DrugTierID"),
        "valueCodeableConcept": {"coding": [{"system": TIER, "code": "generic"}]},
    }
    code = {"coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "1000091"}]}
    drug = {"resourceType": "MedicationKnowledge", "id": "d", "status": "active", "code": code, "extension": [tier]}
    (tmp_path / "MedicationKnowledge.ndjson").write_text(json.dumps(drug), "utf-8")

    said = judge(tmp_path)

    assert failed(said) == set()
    for name in ("formulary.tier", "usdf.item-required", "usdf.drug-rxnorm", "usdf.plan-required", "usdf.last-updated"):
        assert said[name].verdict.verdict == "not-tested"
        assert "US Drug Formulary 1.x is not judged, 2.0.1 and 2.1.0 are" in said[name].verdict.message

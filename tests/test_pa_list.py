"""The payer's published list as CSV, and what coverage discovery is asked because of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from target_files import furnish, loaded, refused, whole

from conformance.apis.cds_hooks import HookAnswer, Service, read_answer
from conformance.apis.coverage_information import COVERAGE_INFORMATION
from conformance.flows.coverage_discovery import Asked
from conformance.flows.coverage_requests import case_key, extended, order_of, order_sign, prefetched, resources
from conformance.opening import guides
from conformance.strict_json import load
from conformance.target import Case
from conformance.target.pa_list import read_list

CPT, HCPCS = "http://www.ama-assn.org/go/cpt", "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
CSV = """code,system,needs,order
72148
E0601,,prior-authorization documentation,DeviceRequest
99213,http://www.ama-assn.org/go/cpt,nothing,

1801278,http://www.nlm.nih.gov/research/umls/rxnorm,prior-authorization,MedicationRequest
"""


def listed(folder: Path, text: str) -> list[tuple[int, dict[str, object]]]:
    (folder / "list.csv").write_text(text, "utf-8")
    return read_list(folder / "list.csv")


def test_a_list_is_read_with_its_lines(tmp_path):
    found = listed(tmp_path, CSV)

    assert [line for line, _ in found] == [2, 3, 4, 6]
    assert [facts["service"] for _, facts in found][:2] == [
        {"system": CPT, "code": "72148"}, {"system": HCPCS, "code": "E0601"},
    ]  # fmt: skip
    assert [facts["needs"] for _, facts in found] == [
        ["prior-authorization"], ["prior-authorization", "documentation"], [], ["prior-authorization"],
    ]  # fmt: skip
    assert found[3][1]["order"] == "MedicationRequest"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "names the columns"),
        ("service\n72148\n", "names the columns"),
        ("code,colour\n72148,red\n", "colour"),
        ("code\n", "lists no service"),
        ("code\n72148\n72148\n", "stands already in line 2"),
        ("code\nsomething\n", "needs its system"),
        ("code,needs\n72148,step-therapy\n", "step-therapy"),
        ("code,order\n72148,Claim\n", "Claim"),
        ("code\n72148,x\n", "more fields"),
    ],
)
def test_a_list_that_makes_no_sense_is_told_in_the_readers_words(tmp_path, text, told):
    with pytest.raises(ValueError, match=told):
        listed(tmp_path, text)


def test_listed_services_are_cases_of_coverage_discovery(tmp_path):
    furnish(tmp_path)
    (tmp_path / "list.csv").write_text(CSV, "utf-8")
    text = whole().replace('name = "', 'pa_list_file = "list.csv"\nname = "', 1)
    text += f'\n[[pa_list]]\nservice = {{ system = "{CPT}", code = "22551" }}\n'
    cases = loaded(tmp_path, text).cases["coverage-discovery"]

    assert list(cases) == ["pa_list[1]"] + [f"pa_list_file line {line}" for line in (2, 3, 4, 6)]
    assert {case.facts["member"] for case in cases.values()} == {"first"}
    assert case_key(cases["pa_list[1]"]) == "pa_list[1]"


def test_a_list_that_cannot_be_read_is_refused_with_its_key(tmp_path):
    furnish(tmp_path)
    text = whole().replace('name = "', 'pa_list_file = "no.csv"\nname = "', 1)

    assert "pa_list_file" in str(refused(tmp_path, text))


def test_a_call_holds_what_the_service_wants_fetched(tmp_path):
    furnish(tmp_path)
    target = loaded(tmp_path, whole() + f'\n[[pa_list]]\nservice = {{ system = "{CPT}", code = "22551" }}\n')
    made = resources(target, target.cases["coverage-discovery"]["pa_list[1]"], "sent-1")
    wanted = {"p": "Patient/{{context.patientId}}", "c": "Coverage?patient=x", "d": "Device?_id=x", "e": "Encounter/x"}
    found = prefetched(wanted, made)

    assert found["p"] == made["Patient"]
    assert [each["resource"] for each in found["c"]["entry"]] == [made["Coverage"]]
    assert found["d"] == {"resourceType": "Bundle", "type": "searchset", "total": 0}
    assert found["e"] is None

    more = {"c": "Coverage?patient={{context.patientId}}&_include=Coverage:payor", "u": "{{context.userId}}"}
    asked = prefetched(more, made)
    assert [each["search"]["mode"] for each in asked["c"]["entry"]] == ["match", "include"]
    assert asked["c"]["entry"][1]["resource"] == made["Organization"]
    assert asked["u"] == made["Practitioner"]

    call = load(order_sign(guides()["crd", "2.2.1"], Service("", "order-sign", "x", "", wanted), made, "instance"))
    assert call["extension"] == {"davinci-crd.requestedVersion": "2.2"}
    assert call["context"]["draftOrders"]["entry"][0]["resource"] == order_of(made)
    older = load(order_sign(guides()["crd", "2.0.1"], Service("", "order-sign", "x", ""), made, "instance"))
    assert "extension" not in older
    assert set(older["prefetch"]) == {"patient", "coverage"}
    assert load(extended(order_sign(guides()["crd", "2.0.1"], Service("", "order-sign", "x", ""), made, "i"))) != older


@pytest.mark.parametrize(
    ("told", "agrees", "undecided"),
    [
        ([("covered", "covered"), ("pa-needed", "auth-needed")], True, False),
        ([("covered", "covered"), ("pa-needed", "no-auth")], False, False),
        ([("covered", "not-covered")], True, True),
        ([("covered", "not-covered"), ("reason", "no-active-coverage")], True, True),
        ([("covered", "covered"), ("pa-needed", "no-auth"), ("reason", "gold-card")], True, True),
    ],
)
def test_what_the_payer_does_not_cover_says_nothing_against_the_list(told, agrees, undecided):
    parts = [
        {"url": name, "valueCodeableConcept": {"coding": [{"code": code}]}}
        if name == "reason"
        else {"url": name, "valueCode": code}
        for name, code in told
    ]
    order = {"resourceType": "ServiceRequest", "id": "order"}
    said = {**order, "extension": [{"url": COVERAGE_INFORMATION, "extension": parts}]}
    answer = read_answer({"cards": [], "systemActions": [{"type": "update", "resource": said}]})
    assert answer is not None
    asked = Asked(Case("coverage-discovery", "one", {"needs": ["prior-authorization"]}), order, answer)

    assert (asked.agrees, asked.undecided) == (agrees, undecided)


@pytest.mark.parametrize(("code", "drug"), [("J0129", True), ("E0601", False)])
def test_a_drug_is_one_by_its_code_whatever_it_is_ordered_as(code, drug):
    coding = {"system": "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets", "code": code}
    for element in ("code", "codeCodeableConcept"):
        order = {"resourceType": "ServiceRequest", "id": "order", element: {"coding": [coding]}}
        assert Asked(Case("coverage-discovery", "one", {}), order, HookAnswer((), (), ())).is_drug is drug

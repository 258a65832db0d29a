"""Answers as they came: FHIR or not, what a refusal gives away, pages of results, what resources lack."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance import paths
from conformance.apis.discovery import read_davinci, read_smart
from conformance.apis.discovery_faults import capability_faults, davinci_faults, smart_faults
from conformance.apis.formulary import FORMULARY_ITEM, Drug, Item
from conformance.apis.formulary_faults import (
    drug_faults,
    item_faults,
    new_starts_faults,
    outside_its_period,
)
from conformance.apis.raw import (
    blames_the_request,
    body_of,
    outcome_count,
    raw_problem,
    refusal_told,
    resource_problem,
    unknown,
    unsupported,
)
from conformance.apis.refusal import holds_data, identifying, outcomes
from conformance.apis.searchset import no_searchset, read_page
from conformance.apis.shapes import Coding, Period
from conformance.exchange import Exchange, Failure
from conformance.guides import load as load_guides

FHIR = {"content-type": "application/fhir+json"}
BUNDLE: dict[str, Any] = {"resourceType": "Bundle", "type": "collection"}
OUTCOME: dict[str, Any] = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "invalid"}]}
PATIENT: dict[str, Any] = {"resourceType": "Patient", "id": "p1"}


def exchange(body: Any = BUNDLE, status: int | None = 200, headers: Any = FHIR, **other: Any) -> Exchange:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Exchange(
        "x1", "prior-auth.submit", "approved", "pas=2.2.1", "POST", "https://payer.example.org", status=status,
        headers=headers, body=raw, **other,
    )  # fmt: skip


# -- is it FHIR at all -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 201, 202])
@pytest.mark.parametrize(
    "media_type",
    [
        "application/fhir+json",
        "application/fhir+json; charset=utf-8; fhirVersion=4.0",
        "application/json",
        "Application/FHIR+JSON",
        "text/json",
    ],
)
def test_a_resource_of_the_right_type_is_no_problem(status, media_type):
    assert raw_problem(exchange(status=status, headers={"content-type": media_type}), ("Bundle", "Parameters")) == ""


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (exchange(status=500), "status 500"),
        (exchange(status=503), "status 503"),
        (exchange(status=302), "status 302"),
        (exchange(status=100), "status 100"),
        (exchange(status=None), "status 0"),
        (exchange(status=400), "status 400"),
        (exchange(OUTCOME, status=422), "status 422"),
        (exchange(b"<html>", headers={"content-type": "text/html"}), "content type text/html instead of"),
        (exchange(headers={}), "content type missing instead of"),
        (exchange(PATIENT), "a Patient instead of Bundle"),
        (exchange(OUTCOME), "a OperationOutcome instead of Bundle"),
        (exchange(failure=Failure("oversize", "more than 32 MiB")), "more than 32 MiB"),
        (exchange({**BUNDLE, "type": None}), "Bundle.type"),
        (exchange({**BUNDLE, "entry": "none"}), "Bundle.entry"),
    ],
)
def test_what_is_wrong_is_told_in_one_sentence(answer, problem):
    told = raw_problem(answer, ("Bundle",))

    assert told.startswith(problem) or problem in told
    assert told
    assert "\n" not in told


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"[]", b"{}", b"\xff", b'{"resourceType": "Bundle"', b'{"resourceType": "Bundle", "total": NaN}',
        b'{"resourceType": "Bundle", "type": "collection", "type": "searchset"}', b'{"resourceType": 5}',
        b"[" * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_fhir_is_a_problem(body):
    assert raw_problem(exchange(body), ("Bundle",))
    assert body_of(exchange(body)) is None
    assert outcome_count(exchange(body)) == 0


def test_only_an_outcome_with_400_or_422_blames_the_request():
    assert all(blames_the_request(exchange(OUTCOME, status=status)) for status in (400, 422))
    no_operation = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "not-supported"}]}
    others = [exchange(OUTCOME, status=status) for status in (200, 404, 405, 500)]
    others.append(exchange(no_operation, status=400))
    assert not any(map(blames_the_request, [*others, exchange(b"", status=400), exchange(b"<p>no</p>", status=400)]))


@pytest.mark.parametrize(
    ("answer", "fine"),
    [
        (exchange(OUTCOME, status=400), True),
        (exchange(b"", status=401, headers={}), True),
        (exchange(b"", status=404), True),
        (exchange(BUNDLE, status=400), False),
        (exchange(b"<html>", status=403, headers={"content-type": "text/html"}), False),
        (exchange({"resourceType": "OperationOutcome"}, status=400), False),
        (exchange(OUTCOME, status=200), False),
        (exchange(OUTCOME, status=500), False),
        (exchange(b"", status=302), False),
        (exchange(BUNDLE, status=200), True),
    ],
)
def test_a_refusal_is_an_answer_where_one_may_refuse(answer, fine):
    assert (raw_problem(answer, ("Bundle",), may_refuse=True) == "") is fine


def test_many_problems_are_counted_and_three_told():
    issues = [{"severity": "error"}, {"code": "invalid"}, {"severity": "x"}, {}, {"severity": 5, "code": 5}]
    told = resource_problem({"resourceType": "OperationOutcome", "issue": issues})

    assert told.count(";") == 2
    assert " in all)" in told
    assert resource_problem(OUTCOME) == ""


@settings(deadline=None)
@given(st.binary(max_size=200), st.integers(100, 599), st.booleans())
def test_any_answer_is_judged(body, status, may_refuse):
    answer = exchange(body, status=status)

    assert isinstance(raw_problem(answer, ("Bundle",), may_refuse=may_refuse), str)
    assert holds_data(body_of(answer)) in (True, False)


# -- refusals ----------------------------------------------------------------------------------------------------------


def entries(*resources: Any) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": each} for each in resources]}


def parameters(*found: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Parameters", "parameter": list(found)}


@pytest.mark.parametrize(
    ("resource", "number"),
    [
        (OUTCOME, 1),
        (entries(OUTCOME), 1),
        (entries(OUTCOME, OUTCOME, PATIENT), 2),
        (parameters({"name": "return", "resource": OUTCOME}), 1),
        (parameters({"name": "x", "valueString": "no"}), 0),
        (BUNDLE, 0),
        (PATIENT, 0),
        (None, 0),
        ([OUTCOME], 0),
        ("text", 0),
    ],
)
def test_outcomes_are_counted(resource, number):
    assert outcomes(resource) == number


@pytest.mark.parametrize(
    "resource",
    [
        None, [], "denied", {}, {"error": "invalid_token"}, OUTCOME, {"resourceType": "CapabilityStatement"},
        BUNDLE, entries(), entries(OUTCOME), entries(OUTCOME, OUTCOME), entries(None), entries({}),
        {**BUNDLE, "entry": [{"response": {"status": "401"}}]}, {**BUNDLE, "entry": "none"}, {**BUNDLE, "total": 3},
        parameters(), parameters({"name": "return"}), parameters({"name": "return", "resource": OUTCOME}),
        parameters({"name": "return", "resource": entries()}), entries(entries(OUTCOME)),
        parameters({"name": "return", "resource": entries(OUTCOME)}),
    ],
)  # fmt: skip
def test_an_explanation_gives_no_data(resource):
    assert not holds_data(resource)


@pytest.mark.parametrize(
    "resource",
    [
        PATIENT, {"resourceType": "ClaimResponse"}, entries(OUTCOME, PATIENT), entries({"id": "of no type"}),
        entries(entries(PATIENT)), parameters({"name": "MemberIdentifier", "valueIdentifier": {"value": "UMB-1"}}),
        parameters({"name": "return", "resource": entries(PATIENT)}),
        parameters({"name": "x", "part": [{"name": "y"}]}),
        parameters({"name": "return", "resource": OUTCOME}, {"name": "return", "resource": PATIENT}),
    ],
)  # fmt: skip
def test_anything_else_is_data(resource):
    assert holds_data(resource)


@pytest.mark.parametrize(
    ("resource", "found"),
    [
        (OUTCOME, set()),
        (None, set()),
        ({**OUTCOME, "contained": [{**PATIENT, "identifier": [{"value": "MBR-1"}], "birthDate": "1951-04-17"}]},
         {"MBR-1", "1951-04-17"}),
        (entries({**PATIENT, "name": [{"family": "Ashgrove"}, {"family": "Lin"}]}), {"Ashgrove", "Lin"}),
        (entries({"resourceType": "Coverage", "subscriberId": "SUB-1"}), {"SUB-1"}),
        (parameters({"name": "MemberIdentifier", "valueIdentifier": {"value": "UMB-1"}}), {"UMB-1"}),
        (parameters({"name": "x", "part": [{"name": "y", "resource": {**PATIENT, "identifier": {"value": "MBR-2"}}}]}),
         {"MBR-2"}),
        ({"resourceType": "Practitioner", "name": [{"family": "Halloran"}], "identifier": [{"value": "NPI"}]}, set()),
        (entries({**PATIENT, "name": "Ashgrove", "identifier": "MBR-1", "birthDate": 5}), set()),
    ],
)  # fmt: skip
def test_who_a_refusal_names(resource, found):
    assert set(identifying(resource)) == found


# -- pages -------------------------------------------------------------------------------------------------------------


def searchset(*found: tuple[str, Any], **other: Any) -> dict[str, Any]:
    listed = [
        {"resource": resource, "search": {"mode": mode}} if mode else {"resource": resource} for mode, resource in found
    ]
    return {"resourceType": "Bundle", "type": "searchset", "entry": listed, **other}


def test_a_page_tells_matches_from_what_was_included():
    page = read_page(searchset(("match", PATIENT), ("include", {**PATIENT, "id": "p2"}), ("", {**PATIENT, "id": "p3"}),
                               ("outcome", OUTCOME), ("match", OUTCOME)))  # fmt: skip

    assert page is not None
    assert [each.id for each in page.matches] == ["p1", "p3"]
    assert [each.id for each in page.included] == ["p2"]
    assert page.matches[0].at == "Bundle.entry[0].resource"


def test_without_a_mode_the_type_that_was_searched_for_tells():
    found = searchset(("", PATIENT), ("match", {**PATIENT, "resourceType": "Basic"}), ("", {"resourceType": "Basic"}))

    page = read_page(found, "Basic")
    assert page is not None
    assert [each.type for each in page.matches] == ["Basic", "Basic"]
    assert [each.type for each in page.included] == ["Patient"]
    assert no_searchset(found) == ""
    assert "'collection'" in no_searchset({**found, "type": "collection"})


@pytest.mark.parametrize(
    ("links", "following"),
    [
        ([{"relation": "self", "url": "a"}, {"relation": "next", "url": "b"}], "b"),
        ([{"relation": "next"}, {"relation": "next", "url": "c"}], "c"),
        ([{"relation": "previous", "url": "a"}], ""),
        ("next", ""),
        (None, ""),
        ([{"relation": "next", "url": 5}], ""),
    ],
)
def test_the_next_page_is_where_the_link_says(links, following):
    page = read_page(searchset(link=links))

    assert page is not None
    assert page.next == following


@pytest.mark.parametrize(("total", "read"), [(0, 0), (7, 7), (None, None), ("7", None), (True, None), (7.0, None)])
def test_the_total_is_a_number_or_none(total, read):
    page = read_page(searchset(total=total))

    assert page is not None
    assert page.total == read


@pytest.mark.parametrize("resource", [None, [], "x", {}, PATIENT, OUTCOME, {"resourceType": "bundle"}])
def test_anything_but_a_bundle_is_no_page(resource):
    assert read_page(resource) is None


# -- what a formulary's resources lack ---------------------------------------------------------------------------------


def blank(kind: Any, **known: Any) -> Any:
    """A value of a class with nothing in it but what is known."""
    empty = {"tuple": (), "str": "", "bool": False, "int": 0}
    types = {name: getattr(each, "__forward_arg__", each) for name, each in kind.__annotations__.items()}
    values = {name: next((nothing for start, nothing in empty.items() if each.startswith(start)), None)
              for name, each in types.items()}  # fmt: skip
    values |= {name: None for name, each in types.items() if "None" in each}
    return kind(**{**values, **known})


PERIOD = Period("2027-01-01", "2027-12-31")
ITEM = blank(
    Item, codes=(FORMULARY_ITEM,), formulary="InsurancePlan/f", drug="MedicationKnowledge/d", status="active",
    tiers=((Coding("s", "generic"),),), benefit_types=((Coding("s", "1-month-in-retail"),),), period=PERIOD,
)  # fmt: skip


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, ()),
        ({"formulary": ""}, ("no formulary",)),
        ({"status": ""}, ("no availability status",)),
        ({"benefit_types": ()}, ("no pharmacy benefit type",)),
        ({"tiers": ()}, ("no tier",)),
        ({"tiers": ITEM.tiers * 2}, ("more than one tier",)),
        ({"codes": (Coding("s", "formulary-item"),)}, ("not coded as a formulary item",)),
        ({"codes": (Coding("s", "x"), FORMULARY_ITEM)}, ()),
        ({"codes": ()}, ("not coded as a formulary item",)),
        ({"drug": "", "status": ""}, ("no availability status", "no drug")),
    ],
)
def test_what_an_item_lacks(change, told):
    assert item_faults(ITEM._replace(**change)) == told


@pytest.mark.parametrize(
    ("change", "faults"),
    [
        ({}, 0),
        ({"prior_authorization": True, "prior_authorization_new_starts": True}, 0),
        ({"prior_authorization": False, "prior_authorization_new_starts": True}, 1),
        ({"prior_authorization": None, "prior_authorization_new_starts": True}, 1),
        ({"prior_authorization": False, "prior_authorization_new_starts": False}, 0),
        ({"step_therapy_new_starts": True}, 1),
        ({"step_therapy": True, "step_therapy_new_starts": True}, 0),
        ({"quantity_detail": True}, 1),
        ({"quantity_detail": True, "quantity_limit": True}, 0),
        ({"quantity_limit": True}, 0),
        ({"prior_authorization_new_starts": True, "step_therapy_new_starts": True, "quantity_detail": True}, 3),
    ],
)
def test_details_stand_beside_their_limit(change, faults):
    assert len(new_starts_faults(ITEM._replace(**change))) == faults


@pytest.mark.parametrize(
    ("period", "moment", "outside"),
    [
        (None, "2027-06-01T00:00:00", False),
        (PERIOD, "2027-06-01T00:00:00", False),
        (PERIOD, "2026-06-01T00:00:00", True),
        (PERIOD, "2028-06-01T00:00:00", True),
        # The first day has begun somewhere, the last one is not over everywhere.
        (PERIOD, "2026-12-31T12:00:00", False),
        (PERIOD, "2026-12-31T09:00:00", True),
        (PERIOD, "2028-01-01T06:00:00", False),
        (PERIOD, "2028-01-01T13:00:00", True),
        (Period("2027", ""), "2030-01-01T00:00:00", False),
        (Period("", "2027-02"), "2027-02-28T23:00:00", False),
        (Period("", "2027-02"), "2027-03-02T00:00:00", True),
        (Period("soon", "later"), "2027-06-01T00:00:00", False),
        (Period("", "9999-12-31"), "2027-06-01T00:00:00", False),
    ],
)
def test_a_period_is_over_when_it_is_over_everywhere(period, moment, outside):
    assert (
        outside_its_period(ITEM._replace(period=period), datetime.fromisoformat(moment).replace(tzinfo=UTC)) is outside
    )


def test_what_a_drug_lacks():
    drug = blank(Drug, rxnorm=("1049640",), status="active")

    assert drug_faults(drug) == ()
    assert drug_faults(replace(drug, rxnorm=())) == ("no RxNorm code",)
    assert drug_faults(replace(drug, status="")) == ("no status",)


# -- what an endpoint's own words lack ---------------------------------------------------------------------------------

STATEMENT: dict[str, Any] = {
    "resourceType": "CapabilityStatement", "status": "active", "date": "2027-01-01", "kind": "instance",
    "fhirVersion": "4.0.1", "format": ["application/fhir+json"], "rest": [{"mode": "server"}],
}  # fmt: skip
SMART_GUIDE = load_guides(paths.suites() / "guides")["smart", "2.2.0"]
SMART: dict[str, Any] = {
    "grant_types_supported": ["client_credentials"], "token_endpoint": "https://payer.example.org/token",
    "capabilities": ["client-confidential-asymmetric"], "code_challenge_methods_supported": ["S256"],
}  # fmt: skip
DAVINCI: dict[str, Any] = {
    "identifier": {"system": "http://hl7.org/fhir/sid/us-npi", "value": "1649830274"},
    "endpoints": {"davinci_pas_2.2": "https://payer.example.org/pas"},
}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, ()),
        ({"format": ["json"]}, ()),
        ({"format": ["xml", "application/fhir+json;fhirVersion=4.0"]}, ()),
        ({"format": ["xml"]}, ("no json among its formats",)),
        ({"format": []}, ("no json among its formats",)),
        ({"status": ""}, ("no status",)),
        ({"date": None}, ("no date",)),
        ({"kind": ""}, ("no kind",)),
        ({"fhirVersion": ""}, ("no fhirVersion",)),
        ({"rest": [{"mode": "client"}]}, ("no server side (rest.mode server)",)),
        ({"rest": [{"mode": "client"}, {"mode": "server"}]}, ()),
        ({"resourceType": "Conformance"}, ("no CapabilityStatement",)),
    ],
)
def test_what_a_capability_statement_lacks(change, told):
    assert capability_faults({**STATEMENT, **change}) == told


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, ()),
        ({"token_endpoint": "/token"}, ("token_endpoint is not an absolute URL",)),
        ({"token_endpoint": "https://[::1/token"}, ("token_endpoint is not an absolute URL",)),
        ({"jwks_uri": "ftp://payer.example.org/keys"}, ("jwks_uri is not an absolute URL",)),
        ({"issuer": "https://payer.example.org"}, ()),
        ({"token_endpoint": None}, ("no token_endpoint",)),
        ({"capabilities": None}, ("no capabilities",)),
    ],
)
def test_what_a_smart_configuration_lacks(change, told):
    given_keys = {key: value for key, value in {**SMART, **change}.items() if value is not None}
    smart = read_smart(given_keys)

    assert smart is not None
    assert smart_faults(smart, SMART_GUIDE["required_keys"], SMART_GUIDE["url_keys"]) == told


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, ()),
        ({"identifier": {}}, ("no identifier",)),
        ({"endpoints": {}}, ("no endpoints",)),
        ({"endpoints": {"a": "https://x.example.org", "b": "/pas"}}, ("an endpoint that is no absolute URL",)),
        ({"identifier": None, "endpoints": None}, ("no identifier", "no endpoints")),
    ],
)
def test_what_a_davinci_configuration_lacks(change, told):
    assert davinci_faults(read_davinci({**DAVINCI, **change})) == told


@pytest.mark.parametrize("document", [None, [], "x", 5])
def test_what_is_no_object_is_no_configuration(document):
    assert davinci_faults(read_davinci(document)) == ("no JSON object",)
    assert read_smart(document) is None
    assert capability_faults(document) == ("no CapabilityStatement",)


# -- refusals that say what is not there, and why ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "code", "found"),
    [
        (400, "not-supported", (True, False)),
        (404, "not-supported", (True, False)),
        (404, "not-found", (False, True)),
        (400, "not-found", (False, False)),
        (422, "invalid", (False, False)),
    ],
)
def test_an_operation_that_is_not_there_is_no_search_that_finds_nothing(status, code, found):
    refused = exchange({"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": code}]}, status)

    assert (unsupported(refused), unknown(refused)) == found


def test_what_is_no_fhir_says_nothing_of_what_is_there():
    refused = exchange({"status": 404, "error": "Not Found"}, 404, {"content-type": "application/json"})

    assert not unsupported(refused)
    assert not unknown(refused)
    assert raw_problem(refused, ("Bundle",), may_refuse=True).startswith("status 404, ")


@pytest.mark.parametrize(
    ("issue", "told"),
    [
        ({"diagnostics": "HAPI-1094: no\n such  insurer"}, "status 422: “HAPI-1094: no such insurer”"),
        ({"details": {"text": "No such insurer"}, "diagnostics": "x"}, "status 422: “No such insurer”"),
        ({"diagnostics": "a" * 300}, f"status 422: “{'a' * 200}…”"),
        ({"diagnostics": 7}, "status 422"),
        ({}, "status 422"),
    ],
)
def test_a_refusal_is_told_in_the_payers_words(issue, told):
    assert refusal_told(exchange({"resourceType": "OperationOutcome", "issue": [issue]}, 422)) == told

"""Coverage discovery and documentation, read: official examples, and what contradicts itself."""

from __future__ import annotations

from typing import Any

import pytest
from api_examples import GUIDES, example
from shared_data import needs_data

from conformance.apis.cds_hooks import (
    answer_faults,
    card_faults,
    changes,
    option_faults,
    read_answer,
    read_services,
    service_faults,
)
from conformance.apis.coverage_information import (
    COVERAGE_INFORMATION,
    CoverageInformation,
    content_faults,
    contradictions,
    read_coverage_information,
)
from conformance.apis.questionnaire_package import absent_libraries, package_faults, read_packages

OLD, NEW = GUIDES["crd", "2.0.1"], GUIDES["crd", "2.2.1"]
DTR_OLD, DTR_NEW = GUIDES["dtr", "2.0.1"], GUIDES["dtr", "2.2.0"]
KINDS = {"coverage": "valueReference", "date": "valueDate", "questionnaire": "valueCanonical"}
TEXTS = ("coverage-assertion-id", "satisfied-pa-id")


def said(**parts: Any) -> CoverageInformation:
    """Coverage information with these parts laid over a sound one; None takes a part out, a list repeats it."""
    sound = {"coverage": {"reference": "Coverage/1"}, "covered": "covered", "date": "2027-01-02"}
    named = {**sound, "coverage_assertion_id": "CA-1", **parts}
    inside = []
    for name, values in named.items():
        url = name.replace("_", "-")
        for value in values if isinstance(values, list) else [values] if values is not None else []:
            kind = "valueString" if url in TEXTS else KINDS.get(url, "valueCode")
            inside.append({"url": url, "valueCodeableConcept" if url == "reason" else kind: value})
    order = {
        "resourceType": "ServiceRequest",
        "id": "1",
        "extension": [{"url": COVERAGE_INFORMATION, "extension": inside}],
    }
    (found,) = read_coverage_information(order, "x", in_card=False)
    return found


# -- official examples -------------------------------------------------------------------------------------------------


@needs_data
@pytest.mark.parametrize("name", ["CRDServiceResponse", "CRDServiceResponse2", "CRDServiceResponse3"])
def test_official_answers_of_2_2_1_are_sound(name):
    document = example(f"crd-2.2.1/{name}.json")
    found = read_answer(document)

    assert answer_faults(document) == ()
    assert found is not None
    assert card_faults(found) == ()
    assert bool(found.information) == (name != "CRDServiceResponse2"), "the second is about clinical matters alone"
    assert [content_faults(each, NEW) for each in found.information] == [()] * len(found.information)
    assert [contradictions(each, NEW) for each in found.information] == [()] * len(found.information)


@needs_data
def test_the_official_satisfied_order_is_read_as_what_it_is():
    (found,) = read_answer(example("crd-2.2.1/CRDServiceResponse.json")).information

    assert (found.covered, found.authorization, found.authorization_number) == ("covered", "satisfied", "Q8U119")
    assert (found.documentation, found.needed) == (("conditional",), ("OTH",))
    assert (found.order, found.in_card, found.undecided) == ("ServiceRequest/idfromcontext", False, False)


@needs_data
def test_the_official_answer_of_2_0_1_is_cards_alone():
    document = example("crd-2.0.1/CRDServiceResponse.json")

    assert answer_faults(document) == ()
    assert read_answer(document).information == ()


@needs_data
def test_the_official_annotated_order_of_2_0_1_is_sound():
    order = example("crd-2.0.1/MedicationRequest-annotated-example.json")
    (found,) = read_coverage_information(order, "x", in_card=False)

    assert (found.authorization, found.questionnaires) == (
        "satisfied", ("http://example.org/some-payer/Questionnaire/123|1.3.0",),
    )  # fmt: skip
    assert content_faults(found, OLD) == contradictions(found, OLD) == ()


@needs_data
def test_the_official_services_are_complete():
    services = read_services(example("crd-2.2.1/CRDServices.json"))

    assert services is not None
    assert {each.hook for each in services} >= {"order-sign", "order-dispatch", "appointment-book"}
    assert all(not service_faults(each) for each in services)
    assert all("2.2" in each.versions for each in services)
    assert not [fault for each in services for fault in option_faults(each, NEW)]


@needs_data
def test_official_packages_are_read():
    old = read_packages(example("dtr-2.0.1/Parameters-QuestionnairePackageOutputParamsExample.json"))
    new = read_packages(example("br-provider/examples-dtr/Parameters-QuestionnairePackageOutputParamsExample.json"))

    assert old.names == ("PackageBundle",)
    assert new.names == ("packagebundle",)
    for found, guide in ((old, DTR_OLD), (new, DTR_NEW)):
        (package,) = found.packages
        assert package_faults(package, guide) == ()
        assert "http://hl7.org/fhir/us/davinci-dtr/Questionnaire/home-o2-std-questionnaire" in found.canonicals


@needs_data
def test_a_bundle_by_itself_is_a_package_too():
    found = read_packages(example("dtr-2.0.1/Bundle-home-o2-questionnairepackage-bundle.json"))

    assert len(found.packages) == 1
    assert found.names == ()


# -- what contradicts itself -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"pa_needed": "auth-needed", "doc_needed": "clinical", "questionnaire": "https://p/Q|1"},
        {"pa_needed": "satisfied", "satisfied_pa_id": "PA-1"},
        {"covered": "not-covered"},
        {"covered": "conditional", "info_needed": "location"},
    ],
)
@pytest.mark.parametrize("guide", [OLD, NEW], ids=lambda each: each.version)
def test_what_goes_together(parts, guide):
    assert contradictions(said(**parts), guide) == ()
    assert content_faults(said(**parts), guide) == ()


@pytest.mark.parametrize(
    ("parts", "versions"),
    [
        ({"questionnaire": "https://p/Q|1"}, {"2.0.1", "2.2.1"}),
        ({"covered": "not-covered", "pa_needed": "auth-needed"}, {"2.0.1", "2.2.1"}),
        ({"pa_needed": "satisfied"}, {"2.0.1", "2.2.1"}),
        ({"pa_needed": "no-auth", "satisfied_pa_id": "PA-1"}, {"2.0.1", "2.2.1"}),
        ({"pa_needed": "satisfied", "satisfied_pa_id": "PA-1", "doc_purpose": "withpa"}, {"2.0.1", "2.2.1"}),
        ({"pa_needed": "conditional"}, {"2.2.1"}),
        ({"info_needed": "location"}, {"2.0.1"}),
        ({"covered": "conditional", "info_needed": "OTH"}, {"2.2.1"}),
        ({"covered": "conditional", "info_needed": "OTH", "reason": {"text": "why"}}, set()),
        ({"covered": "indeterminate"}, {"2.2.1"}),
        ({"pa_needed": "no-auth", "doc_purpose": "withpa", "reason": {"text": "why"}}, {"2.2.1"}),
        ({"pa_needed": "no-auth", "doc_purpose": "withclaim", "reason": {"text": "why"}}, set()),
        ({"reason": {"coding": [{"code": "house-rule"}]}}, {"2.2.1"}),
        ({"reason": {"coding": [{"code": "house-rule"}], "text": "why"}}, set()),
        ({"reason": {"coding": [{"code": "house-rule"}, {"code": "gold-card"}]}}, set()),
        ({"pa_needed": "auth-needed", "doc_purpose": "withpa"}, {"2.2.1"}),
        ({"pa_needed": "auth-needed", "doc_purpose": "withpa", "reason": {"text": "why"}}, set()),
    ],
)
def test_what_does_not_go_together(parts, versions):
    assert {guide.version for guide in (OLD, NEW) if contradictions(said(**parts), guide)} == versions


@pytest.mark.parametrize(
    ("parts", "versions"),
    [
        ({"covered": None}, {"2.0.1", "2.2.1"}),
        ({"date": ["2027-01-02", "2027-01-03"]}, {"2.0.1", "2.2.1"}),
        ({"coverage_assertion_id": ""}, {"2.0.1", "2.2.1"}),
        ({"coverage": {}}, {"2.0.1", "2.2.1"}),
        ({"pa_needed": "yes"}, {"2.0.1", "2.2.1"}),
        ({"doc_needed": ["clinical", "admin"]}, {"2.0.1"}),
        ({"doc_needed": "both"}, {"2.2.1"}),
        ({"doc_needed": "patient"}, {"2.0.1"}),
        ({"covered": "indeterminate"}, {"2.0.1"}),
    ],
)
def test_what_the_extension_does_not_allow(parts, versions):
    assert {guide.version for guide in (OLD, NEW) if content_faults(said(**parts), guide)} == versions


@pytest.mark.parametrize(
    ("reference", "known"),
    [
        ("Coverage/1", True),
        ("https://ehr.example.org/fhir/Coverage/1/_history/2", True),
        ("#coverage", True),
        ("Coverage/2", False),
        ("Patient/1", False),
        ("coverage", False),
    ],
)
def test_which_coverage_it_is_about(reference, known):
    assert said(coverage={"reference": reference}).names({"Coverage/1"}) == known


def test_an_exempt_provider_says_nothing_of_the_list():
    code = {"coding": [{"system": "http://hl7.org/fhir/us/davinci-crd/CodeSystem/temp", "code": "gold-card"}]}

    assert said(pa_needed="no-auth", reason=code).undecided
    assert not said(pa_needed="no-auth").undecided
    assert said(pa_needed="conditional").undecided
    assert said(covered="conditional").undecided
    assert not said(covered="conditional", pa_needed="auth-needed").undecided


# -- orders, services, packages ----------------------------------------------------------------------------------------


def test_an_order_may_gain_coverage_information_and_narrative_only():
    order = {"resourceType": "ServiceRequest", "id": "1", "status": "draft"}
    richer = {**order, "meta": {}, "text": {}, "extension": [{"url": COVERAGE_INFORMATION}]}

    assert changes(order, richer) == ()
    assert changes(order, {**richer, "status": "active"}) == ("status",)
    assert changes({**order, "extension": [{"url": "x"}]}, richer) == ("extension",)


@pytest.mark.parametrize("document", [None, [], {}, {"services": {}}, "x"])
def test_what_is_no_discovery_document(document):
    assert read_services(document) is None


@pytest.mark.parametrize("document", [None, [], {}, {"cards": {}}, {"systemActions": []}])
def test_what_is_no_answer(document):
    assert read_answer(document) is None
    assert answer_faults(document)


CARD = {"summary": "A policy", "indicator": "info", "source": {"label": "Plan"}}
SUGGESTION = {"label": "Order it elsewhere"}
POLICY = {"label": "Policy", "url": "https://p", "type": "page"}


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ({}, ""),
        ({"detail": None, "uuid": "", "x-own": 7}, ""),
        ({"suggestions": [SUGGESTION], "selectionBehavior": "at-most-one"}, ""),
        ({"suggestions": [SUGGESTION]}, "cards[0]: suggestions without a selectionBehavior"),
        ({"suggestions": [SUGGESTION], "selectionBehavior": "all"}, "cards[0].selectionBehavior all"),
        ({"suggestions": SUGGESTION, "selectionBehavior": "any"}, "cards[0].suggestions is no list"),
        ({"overrideReasons": ["no"]}, "cards[0].overrideReasons[0] is no object"),
        ({"summary": " "}, "no cards[0].summary"),
        ({"indicator": "hard-stop"}, "cards[0].indicator hard-stop"),
        ({"source": {"label": "Plan", "topic": "coverage"}}, "cards[0].source.topic is no object"),
        ({"links": [None]}, "cards[0].links[0] is no object"),
        ({"links": [POLICY]}, "cards[0].links[0].type page"),
        ({"detail": {"text": "x"}}, "cards[0].detail is no text"),
    ],
)
def test_a_card_is_held_to_cds_hooks(more, fault):
    assert answer_faults({"cards": [{**CARD, **more}]}) == ((fault,) if fault else ())


@pytest.mark.parametrize(
    ("more", "faults"),
    [
        ({"title": None, "prefetch": {"patient": "Patient/{{context.patientId}}", "own": None}}, ()),
        ({"prefetch": {"patient": 7}}, ("prefetch is no object of texts",)),
        ({"title": 7, "hook": ""}, ("no hook", "title is no text")),
    ],
)
def test_a_service_is_held_to_cds_hooks(more, faults):
    document = {"services": [{"hook": "order-sign", "id": "crd", "description": "Says.", **more}]}
    (service,) = read_services(document) or ()

    assert service_faults(service) == faults


def test_an_option_needs_a_default_of_its_type_since_2_2():
    option = {"code": "max-cards", "type": "integer", "name": "Cards", "description": "How many."}
    (service,) = read_services({"services": [{"extension": {"davinci-crd.configuration-options": [option]}}]})

    assert option_faults(service, OLD) == ()
    assert option_faults(service, NEW) == ("max-cards: no default that is integer",)
    option["default"] = True
    assert option_faults(service, OLD)


def test_a_package_without_the_library_it_names():
    form = {
        "resourceType": "Questionnaire",
        "extension": [
            {"url": "http://hl7.org/fhir/StructureDefinition/cqf-library", "valueCanonical": "https://p/L|1"}
        ],
    }
    library = {"resourceType": "Library", "url": "https://p/L", "version": "1"}

    def packaged(*resources: Any) -> Any:
        bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": each} for each in resources]}
        return read_packages({"resourceType": "Parameters", "parameter": [{"name": "x", "resource": bundle}]}).packages[
            0
        ]

    assert absent_libraries(packaged(form)) == ("https://p/L|1",)
    assert absent_libraries(packaged(form, library)) == ()


@pytest.mark.parametrize(
    ("action", "faults"),
    [
        ({"type": "delete", "resourceId": "ServiceRequest/1"}, ()),
        ({"type": "delete", "resource": "ServiceRequest/1"}, ()),
        ({"type": "delete"}, ("systemActions[0]: delete of nothing",)),
        ({"type": "update", "resourceId": "ServiceRequest/1"}, ("systemActions[0]: update of nothing",)),
        ({"type": "replace", "resource": {"resourceType": "Parameters"}}, ("systemActions[0].type replace",)),
        (
            {"type": "create", "resource": {"resourceType": "Order"}},
            ("systemActions[0]: Order.resourceType: 'Order' is no resource type of FHIR R4",),
        ),
    ],
)
def test_an_action_is_done_to_something(action, faults):
    assert answer_faults({"cards": [], "systemActions": [action]}) == faults

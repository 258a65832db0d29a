"""Reading $submit and $inquire answers: the official examples as their guide means them, and our own."""

from __future__ import annotations

import json
from typing import Any

import pytest
from api_examples import (
    PAS,
    PAS_201,
    PAS_221,
    X12_306,
    X12_886,
    adjudication,
    bundle,
    claim_response,
    example,
    item,
    patient,
    review_action,
)
from shared_data import DATA, needs_data

from conformance.apis.prior_auth import inquiry_form, parameter_names, read_answer, read_inquiry
from conformance.apis.wording import ACTION_VALUE_SET

A1, A3, A4 = review_action("A1"), review_action("A3"), review_action("A4")


def answer(*items: Any, **more: Any) -> Any:
    return read_answer(bundle(claim_response(*items, **more), patient()), PAS_221)


def coded(code: str, system: str = X12_886, **more: Any) -> Any:
    return {"url": "reasonCode", "valueCodeableConcept": {"coding": [{"system": system, "code": code}], **more}}


# -- the official examples -------------------------------------------------------------------------------------------

# Read by hand: action, authorization number, reference number, day of issue, end, of the only item.
GRANTED = ("approved", "AUTH0001", "", "2005-05-02", "2005-06-02")
FOUND = ("approved", "AUTH0001", "", "", "")  # the examples of inquiry tell when the service was asked for, no more
PENDED = ("pended", "", "PEND0001", "", "")
DENIED = ("denied", "", "", "", "")
REFERRED = ("denied", "", "DENY0001", "", "")
RESPONSES = {
    # 2.0.1's error bundle holds an approval, whatever it is called; its ClaimResponse by that name is an error.
    "pas-2.0.1/Bundle-ErrorResponseBundleExample.json": ("complete", GRANTED),
    "pas-2.0.1/Bundle-ReferralAuthorizationResponseBundleExample.json": ("complete", GRANTED),
    "pas-2.0.1/ClaimResponse-ErrorResponseExample.json": ("error", None),
    "pas-2.0.1/ClaimResponse-PASClaimInquiryResponseExample.json": ("complete", FOUND),
    "pas-2.0.1/ClaimResponse-PractitionerRequestorResponseExample.json": ("complete", GRANTED),
    "pas-2.0.1/ClaimResponse-ReferralAuthorizationResponseExample.json": ("complete", GRANTED),
    "pas-2.2.1/Bundle-ErrorResponseBundleExample.json": ("error", None),
    "pas-2.2.1/Bundle-ReferralAuthorizationResponseBundleExample.json": ("complete", GRANTED),
    "pas-2.2.1/Bundle-ReferralPendingAuthorizationResponseBundleExample.json": ("complete", PENDED),
    "pas-2.2.1/Bundle-RejectionResponseBundleExample.json": ("complete", DENIED),
    "pas-2.2.1/Bundle-PASSubscriptionNotification.json": ("complete", GRANTED),
    "pas-2.2.1/ClaimResponse-ErrorResponseExample.json": ("error", None),
    "pas-2.2.1/ClaimResponse-PASClaimInquiryResponseExample.json": ("complete", FOUND),
    "pas-2.2.1/ClaimResponse-PractitionerRequestorAdditionalContentResponseExample.json": ("complete", GRANTED),
    "pas-2.2.1/ClaimResponse-PractitionerRequestorPendingResponseExample.json": ("complete", PENDED),
    "pas-2.2.1/ClaimResponse-PractitionerRequestorResponseExample.json": ("complete", GRANTED),
    "pas-2.2.1/ClaimResponse-RejectionResponseExample.json": ("complete", DENIED),
    "hand-written/pas-response-denied-with-reason.json": ("complete", REFERRED),
    "hand-written/pas-response-denied-NO-reason.json": ("complete", REFERRED),
    "hand-written/pas-response-modified.json": ("complete", ("modified", "AUTH0002", "", "2005-05-02", "2005-06-02")),
}


def guide_of(name: str) -> Any:
    return PAS_201 if name.startswith("pas-2.0.1/") else PAS_221


@needs_data
@pytest.mark.parametrize("name", RESPONSES)
def test_an_official_response_is_read_as_its_guide_means_it(name):
    outcome, told = RESPONSES[name]
    read = read_answer(example(name), guide_of(name))
    assert read is not None
    assert read.outcome == outcome
    assert [(each.action, each.number, each.reference_number, each.issued, each.until) for each in read.items] == [
        told
    ] * (told is not None)
    assert read.request.reference == ("" if name.startswith("pas-2.0.1/") else "Claim/ReferralAuthorizationExample")
    assert (read.status, read.use) == ("active", "preauthorization")
    assert read.undecided == ()
    assert read.identifiers[0].value == "111099"
    for each in read.items:
        assert each.sequence == 1
        assert [code.system for code in each.action_codings] == [X12_306]
        assert [[code.code for code in codes] for codes in each.categories] == [["submitted"]]


@needs_data
def test_an_approval_tells_its_number_its_period_and_its_day():
    read = read_answer(example("pas-2.2.1/Bundle-ReferralAuthorizationResponseBundleExample.json"), PAS_221)
    [approved] = read.approved
    assert approved.at == "Bundle.entry[0].resource.item[0]"
    assert (approved.number, approved.issued, approved.until) == ("AUTH0001", "2005-05-02", "2005-06-02")
    assert approved.period.start == "2005-05-02"
    assert approved.period.at == "Bundle.entry[0].resource.item[0].extension[2].valuePeriod"
    assert approved.authorized_detail
    assert read.numbers == ("AUTH0001",)
    assert (read.patient.family, read.patient.given, read.patient.found) == ("SMITH", ("JOE",), True)
    assert [each.key for each in read.patient.identifiers] == ["http://example.org/MIN|12345678901"]
    assert read.patient.at == "Bundle.entry[3].resource"
    assert read.request.reference == "Claim/ReferralAuthorizationExample"
    assert read.insurer == "Organization/InsurerExample"


@needs_data
def test_the_guides_own_rejection_gives_no_reason():
    read = read_answer(example("pas-2.2.1/Bundle-RejectionResponseBundleExample.json"), PAS_221)
    [denied] = read.denied
    assert denied.reasons == ()
    assert (read.approved, read.pended, read.modified) == ((), (), ())
    assert read.request_identifiers == {"111099"}, "the Claim it refers to is in the Bundle"


@needs_data
def test_a_pended_example_has_a_reference_number_and_no_authorization_number():
    read = read_answer(example("pas-2.2.1/Bundle-ReferralPendingAuthorizationResponseBundleExample.json"), PAS_221)
    [pended] = read.pended
    assert (pended.number, pended.reference_number, pended.until) == ("", "PEND0001", "")


@needs_data
@pytest.mark.parametrize(
    ("name", "guide"),
    [
        ("pas-2.0.1/ClaimResponse-ErrorResponseExample.json", PAS_201),
        ("pas-2.2.1/Bundle-ErrorResponseBundleExample.json", PAS_221),
    ],
)
def test_errors_are_read_in_both_forms(name, guide):
    read = read_answer(example(name), guide)
    assert [code.code for code in read.error_codes] == ["04", "T4"]
    assert (read.errors[1].element, read.errors[1].path) == ("2010A-NM103", "Bundle.entry[1].Organization.name")
    assert [code.code for code in read.errors[1].followup] == ["C"]


@needs_data
def test_an_item_the_payer_added_is_no_item_of_the_request():
    read = read_answer(
        example("pas-2.2.1/ClaimResponse-PractitionerRequestorAdditionalContentResponseExample.json"), PAS_221
    )
    assert [each.sequence for each in read.items] == [1]
    [added] = read.add_items
    assert (added.sequences, added.action, added.detail) == ((2,), "approved", True)
    assert read.items[0].add_item is None


@needs_data
def test_no_official_response_is_left_out():
    folders = (DATA / "examples" / version for version in ("pas-2.0.1", "pas-2.2.1"))
    told = [
        f"{path.parent.name}/{path.name}"
        for folder in folders
        for path in sorted(folder.glob("*.json"))
        if read_inquiry(json.loads(path.read_text("utf-8")), PAS_221) or "ClaimResponse-" in path.name
    ]
    inquiries = {each for each in told if "PASClaimInquiryResponseBundle" in each or "/Parameters-" in each}

    assert len(told) >= 19
    assert set(told) - inquiries <= set(RESPONSES)


@needs_data
@pytest.mark.parametrize(
    ("name", "guide", "form", "names"),
    [
        ("pas-2.0.1/Bundle-PASClaimInquiryResponseBundleExample.json", PAS_201, "bundle", ()),
        ("pas-2.2.1/Bundle-PASClaimInquiryResponseBundleExample.json", PAS_221, "bundle", ()),
        (
            "pas-2.2.1/Parameters-PASClaimInquiryOperationResponseExample.json",
            PAS_221,
            "parameters",
            ("responseBundle",),
        ),
    ],
)
def test_inquiry_examples_are_read_in_either_form(name, guide, form, names):
    resource = example(name)
    [read] = read_inquiry(resource, guide)
    assert [each.action for each in read.items] == ["approved"]
    assert read.patient.family == "SMITH"
    assert inquiry_form(resource) == form
    assert parameter_names(resource) == names
    assert set(names) <= set(PAS_221["inquiry_parameters"])


@needs_data
def test_a_hand_written_denial_states_its_reason_twice():
    read = read_answer(example("hand-written/pas-response-denied-with-reason.json"), PAS_221)
    [denied] = read.denied
    assert [(each.code, each.found) for each in denied.reasons] == [("0F", "reasonCode"), ("", "itemNote")]
    assert denied.reasons[0].system == X12_886
    assert denied.reasons[1].text.startswith("Synthetic: criteria")
    assert denied.reference_number == "DENY0001"
    assert read_answer(example("hand-written/pas-response-denied-NO-reason.json"), PAS_221).denied[0].reasons == ()


@needs_data
def test_a_hand_written_modification_has_its_added_item():
    read = read_answer(example("hand-written/pas-response-modified.json"), PAS_221)
    [modified] = read.modified
    assert modified.add_item.sequences == (1,)
    assert modified.add_item.detail
    assert modified.add_item.quantity["value"] == 3
    assert read.approved == (), "the added item's own certification does not make the item as asked for"


# -- where a reason may stand ----------------------------------------------------------------------------------------

PLACES = {
    "coded": (item(1, review_action("A3", coded("0F"))), {}, "reasonCode"),
    "in the text of the code": (
        item(
            1, review_action("A3", {"url": "reasonCode", "valueCodeableConcept": {"text": "not medically necessary"}})
        ),
        {},
        "reasonCode",
    ),
    "a bare text in the place of the code": (
        item(1, review_action("A3", {"url": "reasonCode", "valueString": "not medically necessary"})),
        {},
        "reasonCode",
    ),
    "in the adjudication, coded": (
        {"itemSequence": 1, "adjudication": [adjudication(A3, reason={"coding": [{"code": "50"}]})]},
        {},
        "adjudication.reason",
    ),
    "in the adjudication, as text": (
        {"itemSequence": 1, "adjudication": [adjudication(A3, reason={"text": "criteria not met"})]},
        {},
        "adjudication.reason",
    ),
    "in an adjudication beside": (
        {"itemSequence": 1, "adjudication": [adjudication(A3), adjudication(reason={"coding": [{"code": "50"}]})]},
        {},
        "adjudication.reason",
    ),
    "in a linked note": (
        item(1, A3, noteNumber=[7]),
        {"processNote": [{"number": 7, "text": "criteria not met"}]},
        "itemNote",
    ),
    "in a note for all": (item(1, A3), {"processNote": [{"number": 7, "text": "criteria not met"}]}, "processNote"),
    "in the disposition": (item(1, A3), {"disposition": "Denied: criteria not met"}, "disposition"),
    "for the whole request": (
        item(1, A3),
        {"adjudication": [adjudication(review_action("A3", coded("0F")))]},
        "reasonCode",
    ),
    "for the whole request, in its adjudication": (
        item(1, A3),
        {"adjudication": [adjudication(reason={"coding": [{"code": "50"}]})]},
        "adjudication.reason",
    ),
    "in the added item": (
        item(1, A3),
        {"addItem": [{"itemSequence": [1], "adjudication": [adjudication(review_action("A3", coded("0F")))]}]},
        "reasonCode",
    ),
    "in a note of the added item": (
        item(1, A3),
        {
            "addItem": [{"itemSequence": [1], "noteNumber": [7]}],
            "processNote": [{"number": 7, "text": "criteria not met"}],
        },
        "itemNote",
    ),
}


@pytest.mark.parametrize("where", PLACES)
def test_a_reason_is_found_in_every_lawful_place(where):
    line, more, found = PLACES[where]
    [denied] = answer(line, **more).denied
    assert [each.found for each in denied.reasons] == [found], where
    assert denied.reasons[0].at.startswith("Bundle.entry[0].resource.")


NO_REASON = {
    "nothing": (item(1, A3), {}),
    "an empty code": (item(1, review_action("A3", {"url": "reasonCode", "valueCodeableConcept": {}})), {}),
    "a system without a code": (
        item(1, review_action("A3", {"url": "reasonCode", "valueCodeableConcept": {"coding": [{"system": X12_886}]}})),
        {},
    ),
    "white space": (item(1, review_action("A3", {"url": "reasonCode", "valueCodeableConcept": {"text": " \t"}})), {}),
    "a code that says it is absent": (
        item(
            1,
            review_action("A3", coded("unknown", "http://terminology.hl7.org/CodeSystem/data-absent-reason")),
        ),
        {},
    ),
    "an empty note": (item(1, A3, noteNumber=[7]), {"processNote": [{"number": 7, "text": "  "}]}),
    "a note that is not there": (item(1, A3, noteNumber=[7]), {}),
    "a disposition that repeats the decision": (item(1, A3), {"disposition": "Request denied."}),
    "a note that repeats the decision": (item(1, A3), {"processNote": [{"number": 1, "text": "Not certified"}]}),
    "punctuation": (item(1, A3), {"disposition": "-"}),
    "a note that explains an error": (
        item(1, A3),
        {
            "processNote": [{"number": 7, "text": "the name is misspelt"}],
            "error": [
                {
                    "code": {"coding": [{"code": "71"}]},
                    "extension": [
                        {
                            "url": f"{PAS}extension-errorElement",
                            "extension": [{"url": "processNote", "valuePositiveInt": 7}],
                        }
                    ],
                }
            ],
        },
    ),
}


@pytest.mark.parametrize("what", NO_REASON)
def test_what_says_nothing_is_no_reason(what):
    line, more = NO_REASON[what]
    assert answer(line, **more).denied[0].reasons == ()


def test_a_note_that_no_item_names_is_nobodys_reason_where_items_are_decided_differently():
    read = answer(item(1, A1), item(2, A3), processNote=[{"number": 1, "text": "criteria not met"}])
    assert read.denied[0].reasons == ()


def test_a_note_of_one_item_is_not_anothers_reason():
    read = answer(item(1, A3, noteNumber=[1]), item(2, A3), processNote=[{"number": 1, "text": "criteria not met"}])
    assert [bool(each.reasons) for each in read.denied] == [True, False]


def test_several_reasons_are_all_told():
    [denied] = answer(item(1, review_action("A3", coded("0F"), coded("0M")))).denied
    assert [each.code for each in denied.reasons] == ["0F", "0M"]


# -- what was decided ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "action"),
    [
        ("A1", "approved"), ("A2", "modified"), ("A3", "denied"), ("A4", "pended"), ("A6", "modified"),
        ("C", "cancelled"), ("CT", "contact"), ("NA", "no-action"), ("86", None), ("", None),
    ],
)  # fmt: skip
def test_a_review_action_is_read_by_its_code(code, action):
    read = answer(item(1, review_action(code)))
    assert read.items[0].action == action
    assert bool(read.undecided) is (action is None)


@pytest.mark.parametrize("url", [f"{PAS}extension-reviewActionCode", "reviewActionCode", "code"])
@pytest.mark.parametrize("system", [X12_306, ACTION_VALUE_SET, "http://payer.example/codes", ""])
def test_a_review_action_is_read_whatever_its_system_and_sub_extension(url, system):
    read = answer(item(1, review_action("A3", url=url, system=system)))
    assert [each.action for each in read.denied] == ["denied"]
    assert [each.system for each in read.items[0].action_codings] == [system]


def test_the_standards_own_code_counts_before_a_payers_code_that_looks_like_another():
    action = review_action("A1")
    action["extension"][0]["valueCodeableConcept"]["coding"].insert(0, {"system": "http://payer.example", "code": "C"})
    assert answer(item(1, action)).items[0].actions == ("approved",)


def test_items_are_decided_one_by_one():
    read = answer(item(1, A1), item(2, A3), item(3, A4), item(4))
    assert [each.sequence for each in (*read.approved, *read.denied, *read.pended, *read.undecided)] == [1, 2, 3, 4]


def test_an_item_with_two_decisions_counts_as_both():
    read = answer({"itemSequence": 1, "adjudication": [adjudication(A1), adjudication(A3)]})
    assert read.items[0].actions == ("approved", "denied")
    assert read.denied == read.approved == read.items


def test_a_decision_about_the_whole_request_counts_for_items_without_one():
    read = answer(item(1), item(2, A3), adjudication=[adjudication(A4)])
    assert [each.action for each in read.items] == ["pended", "denied"]
    assert read.header_action.action == "pended"
    assert read.undecided == ()


def test_a_decision_about_the_whole_request_stands_where_there_are_no_items():
    read = answer(adjudication=[adjudication(review_action("A3", coded("0F")))])
    assert read.items == ()
    [denied] = read.denied
    assert (denied.sequence, denied.at) == (None, "Bundle.entry[0].resource")
    assert [each.code for each in denied.reasons] == ["0F"]


def test_an_added_item_decides_for_an_item_that_says_nothing_itself():
    added = {"itemSequence": [1], "productOrService": {"text": "shorter"}, "adjudication": [adjudication(A1)]}
    read = answer(item(1), addItem=[added])
    assert [each.action for each in read.items] == ["approved"]


def test_items_of_an_error_are_not_undecided():
    read = answer(item(1), outcome="error", error=[{"code": {"coding": [{"code": "71"}]}}])
    assert read.undecided == ()
    assert read.approved == ()


# -- until when ------------------------------------------------------------------------------------------------------

PERIOD = {"start": "2027-01-05", "end": "2027-04-05"}


def period_of(element: Any) -> Any:
    return {**element, "extension": [{"url": f"{PAS}extension-itemPreAuthPeriod", "valuePeriod": PERIOD}]}


def test_an_authorization_ends_where_its_item_says():
    assert answer(period_of(item(1, A1))).approved[0].until == "2027-04-05"


def test_an_authorization_ends_where_the_whole_request_says():
    read = answer(item(1, A1), preAuthPeriod=PERIOD)
    assert (read.approved[0].period, read.approved[0].until) == (None, "2027-04-05")
    assert read.preauth_period.end == "2027-04-05"


def test_an_authorization_ends_where_the_added_item_says():
    read = answer(item(1, review_action("A6")), addItem=[period_of({"itemSequence": [1]})])
    assert read.modified[0].until == "2027-04-05"


def test_an_item_that_only_says_when_it_starts_ends_with_the_whole_request():
    open_ended = {
        **item(1, A1),
        "extension": [{**period_of({})["extension"][0], "valuePeriod": {"start": "2027-01-05"}}],
    }
    assert answer(open_ended).approved[0].until == ""
    assert answer(open_ended).approved[0].validity.start == "2027-01-05"
    assert answer(open_ended, preAuthPeriod=PERIOD).approved[0].until == "2027-04-05"


def test_an_item_tells_the_circumstance_under_which_its_authorization_ends():
    note = {"number": 1, "text": "until discharge from the facility"}
    assert answer(item(1, A1, noteNumber=[1]), processNote=[note]).approved[0].circumstance == (note["text"],)
    assert answer(item(1, A1), disposition="Valid for 10 visits").approved[0].circumstance == ("Valid for 10 visits",)
    discharge = [{"url": f"{PAS}extension-dischargeDate", "valueDate": "2027-02-01"}]
    assert answer({**item(1, A1), "extension": discharge}).approved[0].circumstance == ("discharge 2027-02-01",)
    added = {"itemSequence": [1], "extension": discharge}
    assert answer(item(1, A1), addItem=[added]).approved[0].circumstance == ("discharge 2027-02-01",)
    said = {"text": "Ends upon discharge from the hospital"}
    for line in (
        item(1, review_action("A1", {"url": "reasonCode", "valueCodeableConcept": said})),
        {"itemSequence": 1, "adjudication": [adjudication(A1, reason=said)]},
    ):
        assert answer(line).approved[0].circumstance == (said["text"],)
    visits = {"url": "quantity", "valueQuantity": {"value": 6, "unit": "visits"}}
    detail = [{"url": f"{PAS}extension-itemAuthorizedDetail", "extension": [visits]}]
    assert answer({**item(1, A1), "extension": detail}).approved[0].amount == "6 visits"


def test_an_added_item_states_the_period_as_the_time_of_its_service():
    for serviced in ({"servicedPeriod": {"start": "2026-12-01", "end": "2026-12-31"}}, {"servicedDate": "2026-12-31"}):
        assert answer(item(1, A1), addItem=[{"itemSequence": [1], **serviced}]).approved[0].until == "2026-12-31"


def test_a_repeated_decision_is_no_circumstance():
    approved = answer(item(1, A1), disposition="Approved").approved[0]
    assert (approved.until, approved.circumstance) == ("", ())


# -- who and which request -------------------------------------------------------------------------------------------


def test_the_patient_is_found_by_relative_reference_by_url_and_by_urn():
    for base, reference in [
        ("https://payer.example/fhir", "Patient/member"),
        ("https://payer.example/fhir", "https://payer.example/fhir/Patient/member"),
        ("https://payer.example/fhir", "https://elsewhere.example/r4/Patient/member/_history/2"),
    ]:
        response = claim_response(item(1, A1), patient={"reference": reference})
        read = read_answer(bundle(response, patient("other"), patient(), base=base), PAS_221)
        assert [each.value for each in read.patient.identifiers] == ["M-member"], reference
    urn = bundle(claim_response(item(1, A1), patient={"reference": "urn:uuid:1"}), patient())
    urn["entry"][1]["fullUrl"] = "urn:uuid:1"
    assert read_answer(urn, PAS_221).patient.family == "Rivera"


def test_the_patient_of_another_server_with_the_same_id_is_not_taken_first():
    mine, theirs = patient(), patient(name=[{"family": "Somebody"}])
    both = bundle(claim_response(item(1, A1)), theirs, mine)
    both["entry"][1]["fullUrl"] = "https://elsewhere.example/fhir/Patient/member"
    assert read_answer(both, PAS_221).patient.family == "Rivera"


def test_a_contained_patient_is_found():
    response = claim_response(item(1, A1), patient={"reference": "#p"}, contained=[patient("p")])
    read = read_answer(response, PAS_221)
    assert (read.patient.family, read.patient.at) == ("Rivera", "ClaimResponse.contained[0]")


def test_a_patient_who_is_not_there_is_known_by_the_reference_alone():
    logical = {"identifier": {"system": "https://payer.example/members", "value": "M-1"}, "display": "Ana"}
    read = answer(item(1, A1), patient=logical)
    assert not read.patient.found
    assert [each.key for each in read.patient.identifiers] == ["https://payer.example/members|M-1"]
    assert answer(item(1, A1), patient={"reference": "Patient/absent"}).patient.reference == "Patient/absent"


def test_a_request_is_named_by_reference_by_identifier_or_not_at_all():
    absent = {
        "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]
    }
    assert answer(request={"reference": "Claim/1"}).request.given
    assert answer(request=absent).request.given
    assert not answer().request.given
    named = answer(request={"identifier": {"value": "R-1"}})
    assert named.request.given
    assert named.request_identifiers == {"R-1"}


# -- what comes where ------------------------------------------------------------------------------------------------


def test_there_is_no_answer_without_a_claim_response():
    for nothing in (None, [], "x", 3, {}, {"resourceType": "OperationOutcome"}, bundle(patient())):
        assert read_answer(nothing, PAS_221) is None


def test_an_inquiry_that_finds_nothing_is_an_answer():
    assert read_inquiry({"resourceType": "Parameters"}, PAS_221) == ()
    assert read_inquiry(bundle(patient()), PAS_201) == ()
    for nothing in (None, {"resourceType": "OperationOutcome"}, claim_response()):
        assert read_inquiry(nothing, PAS_221) is None


def test_an_inquiry_may_find_several():
    several = bundle(claim_response(item(1, A1), id="a"), claim_response(item(1, A3), id="b"), patient())
    assert [each.items[0].action for each in read_inquiry(several, PAS_201)] == ["approved", "denied"]
    parameters = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "return", "resource": several},
            {"name": "return", "resource": bundle(claim_response(id="c"))},
        ],
    }
    found = read_inquiry(parameters, PAS_221)
    assert [each.at for each in found] == [
        "Parameters.parameter[0].resource.entry[0].resource",
        "Parameters.parameter[0].resource.entry[1].resource",
        "Parameters.parameter[1].resource.entry[0].resource",
    ]
    assert parameter_names(parameters) == ("return", "return")


def test_an_answer_remembers_its_guide_and_its_bundle():
    read = answer(item(1, A1), communicationRequest=[{"reference": "CommunicationRequest/1"}])
    assert read.guide["request_reference"] is True
    assert read.bundle["type"] == "collection"
    assert [each.full_url for each in read.entries] == [
        "https://payer.example/fhir/ClaimResponse/answer",
        "https://payer.example/fhir/Patient/member",
    ]
    assert read.communication_requests == ("CommunicationRequest/1",)


# -- what is no reason, and whose reason it is ------------------------------------------------------------------------

GENERIC = [
    "This is not a guarantee of payment.",
    "Processed by utilization management",
    "Denied. See letter.",
    "Approved by auto-adjudication rule 7",
    "Denied per plan policy.",
    "You have the right to appeal this decision.",
    "Please call 1-800-555-0100 for more information.",
    "Benefits are subject to eligibility at the time of service.",
    "Authorization number is AUTH123",
    "TODO: unknown",
    "Please contact provider services at 800-555-0100.",
    "If you have any questions, please call us.",
    "For additional information contact our utilization management department.",
    "A letter will be sent to the member and the provider.",
    "A written notice has been mailed separately.",
    "Please see the denial letter sent to you for details.",
    "Denied in full; decision in process",
    "Thank you for choosing Model Health Plan of Connecticut.",
    "Benefits are determined when the claim is received.",
]
READS_LIKE_BOILERPLATE = [
    "Notification was not received within 24 hours of admission",
    "Notification was provided after the admission",
    "The letter was not signed by the ordering physician",
    "Contact lenses are excluded from the benefit",
    "Telephone consultations are not a covered benefit",
    "Phone therapy sessions exceed the benefit limit",
    "Please contact Dr. Smith: trial of conservative therapy missing",
    "Request for additional information was not answered",
    "No response to our request for additional information",
    "See the provider manual for imaging: MRI requires six weeks of physical therapy",
    "Coverage is subject to step therapy: methotrexate was not tried",
    "Coverage is determined by NCD 220.1 which requires six weeks of therapy",
    "Benefits are subject to a six week trial of physical therapy first",
    "Services not in plan",
]


@pytest.mark.parametrize("said", GENERIC)
def test_boilerplate_is_neither_a_reason_nor_a_circumstance_anywhere(said):
    note = {"number": 1, "text": said}
    coded_text = {"url": "reasonCode", "valueCodeableConcept": {"text": said}}
    lines = [
        (item(1, A3), {"disposition": said}),
        (item(1, A3), {"processNote": [note]}),
        (item(1, A3, noteNumber=[1]), {"processNote": [note]}),
        (item(1, review_action("A3", coded_text)), {}),
        ({"itemSequence": 1, "adjudication": [adjudication(A3, reason={"text": said})]}, {}),
    ]
    for line, more in lines:
        assert answer(line, **more).denied[0].reasons == ()
    for line, more in [(item(1, A1, noteNumber=[1]), {"processNote": [note]}), (item(1, A1), {"disposition": said})]:
        assert answer(line, **more).approved[0].circumstance == ()


@pytest.mark.parametrize("said", READS_LIKE_BOILERPLATE)
def test_a_reason_that_reads_like_boilerplate_is_a_reason(said):
    assert answer(item(1, A3), disposition=said).denied[0].reasons


@pytest.mark.parametrize(
    ("system", "code", "display"),
    [
        (X12_886, "X", "TODO: unknown"),
        (X12_886, "DENIED", ""),
        (X12_886, "XX", "Denied"),
        (X12_306, "A3", "Not Certified"),
        (X12_306, "A3", "the payer's words for A3"),
        (ACTION_VALUE_SET, "A3", ""),
        ("", "A3", ""),
        ("https://payer.example/codes", "OTHER", "Other"),
        ("https://payer.example/codes", "not-certified", ""),
    ],
)
def test_a_code_that_holds_a_place_is_no_reason(system, code, display):
    concept = {"coding": [{"system": system, "code": code, "display": display}]}
    denied = answer(item(1, review_action("A3", {"url": "reasonCode", "valueCodeableConcept": concept}))).denied[0]
    assert denied.reasons == ()
    assert [each.unusable for each in denied.review_actions] == [(f"{code} {display}".strip(),)]


def test_a_decision_says_where_it_stands():
    profiled = answer(item(1, A3)).denied[0].review_actions[0]
    beside = answer({"itemSequence": 1, "extension": [A3]}).denied[0].review_actions[0]
    assert (profiled.told, beside.told) == (f"{X12_306}|A3", f"{X12_306}|A3 outside of an adjudication")


@pytest.mark.parametrize(
    ("system", "code"),
    [(X12_886, "0F"), (X12_886, "29"), (X12_886, "OS"), ("", "50"), ("https://payer.example/codes", "N130")],
)
def test_a_code_of_a_list_is_a_reason(system, code):
    assert [each.code for each in answer(item(1, review_action("A3", coded(code, system)))).denied[0].reasons] == [code]


def test_a_placeholder_with_words_that_tell_something_is_a_reason_in_words():
    concept = {"coding": [{"system": X12_886, "code": "DENIED"}], "text": "criteria not met"}
    [reason] = (
        answer(item(1, review_action("A3", {"url": "reasonCode", "valueCodeableConcept": concept}))).denied[0].reasons
    )
    assert (reason.system, reason.code, reason.text) == ("", "", "criteria not met")


def test_what_is_said_of_all_is_meant_for_an_item_that_it_names():
    for said, mine in [
        ("Item 2: criteria not met", True),
        ("Line 1: criteria not met", False),
        ("criteria not met", False),
    ]:
        denied = answer(item(1, A1), item(2, A3), disposition=said).denied[0]
        assert (bool(denied.reasons), bool(denied.unplaced)) == (mine, not mine), said
    alike = answer(item(1, A3), item(2, A3), disposition="criteria not met").denied
    assert all(each.reasons and each.reasons[0].loose for each in alike)


@pytest.mark.parametrize(
    ("said", "ends"),
    [
        ("Valid until discharge", True),
        ("As long as the member is eligible", True),
        ("Unless the plan of care changes", True),
        ("Good for 10 visits", True),
        ("Ends 12/31/2027", True),
        ("Ends upon discharge", True),
        ("Authorized for this episode of care", True),
        ("For the inpatient stay", True),
        ("When the therapist changes", True),
        ("Approved for the remainder of the plan year", True),
        ("Physical therapy of the knee", False),
        ("Performing radiologist: Dr. Susan Watson", False),
        ("MRI approved when performed in network", False),
        ("Complete data received; request was valid", False),
    ],
)
def test_a_text_is_a_circumstance_only_where_it_speaks_of_an_end(said, ends):
    assert bool(answer(item(1, A1), disposition=said).approved[0].circumstance) is ends
    linked = answer(item(1, A1, noteNumber=[1]), processNote=[{"number": 1, "text": said}])
    assert bool(linked.approved[0].circumstance) is ends


# -- where a decision may stand ----------------------------------------------------------------------------------------


def test_an_added_item_alone_decides_an_item():
    line = {"itemSequence": [1], "adjudication": [adjudication(review_action("A3", coded("0F")))]}
    read = answer(addItem=[line])
    [denied] = read.denied
    assert (read.items, denied.sequence, [each.code for each in denied.reasons]) == ((), 1, ["0F"])
    assert read.undecided == ()


def test_a_decision_at_the_item_itself_is_read_and_is_not_as_profiled():
    read = answer({**item(1), "extension": [review_action("A3", coded("0F"))]})
    [denied] = read.denied
    assert [each.code for each in denied.reasons] == ["0F"]
    assert [each.as_profiled for each in denied.review_actions] == [False]


@pytest.mark.parametrize(
    ("action", "profiled"),
    [
        (review_action("A1"), True),
        (review_action("A1", url="code"), False),
        (review_action("A1", url="reviewActionCode"), False),
    ],
)
def test_the_place_and_form_of_an_action_are_the_guides(action, profiled):
    assert [each.as_profiled for each in answer(item(1, action)).items[0].review_actions] == [profiled]
    as_coding = review_action("A1")
    part = as_coding["extension"][0]
    part["valueCoding"] = part.pop("valueCodeableConcept")["coding"][0]
    assert not answer(item(1, as_coding)).items[0].review_actions[0].as_profiled


def test_a_decision_about_the_whole_request_has_the_category_of_its_adjudication():
    whole = answer(adjudication=[adjudication(A1)]).whole
    assert [code.code for codes in whole.categories for code in codes] == ["submitted"]


def test_what_is_under_review_is_said_so_in_three_ways():
    assert answer(item(1, A4), item(2, A4)).under_review
    assert answer(adjudication=[adjudication(A4)]).under_review
    assert answer(outcome="queued").under_review
    for decided in (answer(item(1, A4), item(2, A1)), answer(item(1)), answer(), answer(item(1, A1), outcome="queued")):
        assert not decided.under_review

"""A request and its answer held side by side: the same member, the same items, the same resources."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance import paths
from conformance.apis.authorization_lines import Item
from conformance.apis.echo import (
    authorized_otherwise,
    content_faults,
    disagreements,
    echoes,
    in_order,
    misnumbered,
    over_when_issued,
    periods,
    renamed,
    repeated,
    sequences,
    unanswered,
)
from conformance.apis.prior_auth import Answer, read_answer
from conformance.apis.response_bundles import bundle_faults
from conformance.apis.same_member import someone_else, tells_whom
from conformance.apis.shapes import Period
from conformance.guides import load as load_guides

GUIDES = load_guides(paths.suites() / "guides")
NEW, OLD = GUIDES["pas", "2.2.1"], GUIDES["pas", "2.0.1"]
SENT, PAYERS = "https://provider.example.org/fhir", "https://payer.example.org/fhir"
MEMBERS = "https://payer.example.org/members"
REVIEW = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-reviewAction"
CODE = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-reviewActionCode"
PERIOD = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-itemPreAuthPeriod"


def patient(
    ident: str = "member", value: str = "MBR-1", family: str = "Ashgrove", born: str = "1951-04-17", **other: Any
):
    return {
        "resourceType": "Patient", "id": ident, "identifier": [{"system": MEMBERS, "value": value}],
        "name": [{"family": family, "given": ["Marta"]}], "birthDate": born, **other,
    }  # fmt: skip


def entry(resource: dict[str, Any], base: str = SENT) -> dict[str, Any]:
    return {"fullUrl": f"{base}/{resource['resourceType']}/{resource['id']}", "resource": resource}


CLAIM = {
    "resourceType": "Claim", "id": "request", "patient": {"reference": "Patient/member"},
    "item": [{"sequence": 1}, {"sequence": 2}],
}  # fmt: skip
REQUESTER = {"resourceType": "Organization", "id": "requester", "name": "Riverbend"}
COVERAGE = {"resourceType": "Coverage", "id": "coverage", "identifier": [{"value": "COV-7"}], "subscriberId": "SUB-9"}
REQUEST = {
    "resourceType": "Bundle", "type": "collection",
    "entry": [entry(CLAIM), entry(patient()), entry(REQUESTER), entry(COVERAGE)],
}  # fmt: skip


def item(sequence: int, action: str = "A1", start: str = "2027-02-01", end: str = "2027-08-01") -> dict[str, Any]:
    return {
        "itemSequence": sequence,
        "extension": [{"url": PERIOD, "valuePeriod": {"start": start, "end": end}}],
        "adjudication": [{"category": {"coding": [{"code": "submitted"}]}, "extension": [{"url": REVIEW, "extension": [
            {"url": CODE, "valueCodeableConcept": {"coding": [
                {"system": "https://codesystem.x12.org/005010/306", "code": action}]}}]}]}],
    }  # fmt: skip


def response(**other: Any) -> dict[str, Any]:
    return {
        "resourceType": "ClaimResponse", "id": "answer", "status": "active", "use": "preauthorization",
        "outcome": "complete", "patient": {"reference": f"{SENT}/Patient/member"}, "created": "2027-02-01T12:00:00Z",
        "insurer": {"reference": f"{PAYERS}/Organization/insurer"}, "item": [item(1), item(2)], **other,
    }  # fmt: skip


def bundle(*resources: dict[str, Any], told: dict[str, Any] | None = None) -> dict[str, Any]:
    """An answer: the ClaimResponse, then entries."""
    return {
        "resourceType": "Bundle", "type": "collection", "timestamp": "2027-02-01T12:00:00Z",
        "entry": [entry(told or response(), PAYERS), *resources],
    }  # fmt: skip


def read(body: dict[str, Any], guide: Any = NEW) -> Answer:
    found = read_answer(body, guide)
    assert found is not None
    return found


def answered(*resources: dict[str, Any], **other: Any) -> Answer:
    return read(bundle(*resources, told=response(**other)))


# -- the member --------------------------------------------------------------------------------------------------------

OWN = {"reference": f"{PAYERS}/Patient/778899"}


def own(**other: Any) -> dict[str, Any]:
    """The payer's own Patient."""
    return entry(patient("778899", **{"value": "INT-5", **other}), PAYERS)


@pytest.mark.parametrize(
    ("told", "resources"),
    [
        # the request's own reference, relative or whole, with or without the Patient
        ({"reference": f"{SENT}/Patient/member"}, []),
        ({"reference": f"{SENT}/Patient/member"}, [entry(patient())]),
        ({"reference": "Patient/member"}, []),
        # … also where the payer adds a number of its own to it
        ({"reference": f"{SENT}/Patient/member", "identifier": {"value": "INT-5"}}, []),
        ({"reference": f"{SENT}/Patient/member"}, [entry({**patient(value="INT-5"), "name": []})]),
        # a common identifier: the member's, or the coverage's
        (OWN, [own(value="MBR-1", family="Someone", born="2000-01-01")]),
        (OWN, [own(value="COV-7")]),
        ({"identifier": {"system": "https://other.example.org", "value": "MBR-1"}}, []),
        # the same name and birth date, as systems write them
        (OWN, [own()]),
        (OWN, [own(family="ASHGROVE")]),
        (OWN, [own(family=" ashgrove ")]),
    ],
)
def test_the_member_is_recognised(told, resources):
    answer = answered(*resources, patient=told)
    assert someone_else(REQUEST, answer) == ""
    assert tells_whom(REQUEST, answer)


@pytest.mark.parametrize(
    "resources",
    [[], [own(identifier=[], family="", born="")], [own(identifier=[], born="")]],
)
def test_what_tells_nothing_neither_accuses_nor_shows(resources):
    answer = answered(*resources, patient=OWN)
    assert someone_else(REQUEST, answer) == ""
    assert not tells_whom(REQUEST, answer)


@pytest.mark.parametrize(
    ("told", "resources"),
    [
        (OWN, [own(family="Okonjo", born="1948-11-02")]),
        (OWN, [own(family="Okonjo")]),
        (OWN, [own(born="1948-11-02")]),
        (OWN, [own(identifier=[], family="Okonjo", born="1948-11-02")]),
        # behind the request's own reference comes somebody else
        ({"reference": f"{SENT}/Patient/member"}, [entry(patient(value="MBR-2", family="Okonjo", born="1948-11-02"))]),
        # a number that is nobody's here
        ({"identifier": {"system": MEMBERS, "value": "MBR-2"}}, []),
        # the subscriber is not the member
        (OWN, [own(value="SUB-9", family="Okonjo", born="1948-11-02")]),
    ],
)
def test_another_patient_is_told(told, resources):
    assert someone_else(REQUEST, answered(*resources, patient=told)).startswith("another patient")


@pytest.mark.parametrize("told", [{}, {"display": "Marta"}, None, "member"])
def test_no_patient_is_told(told):
    assert someone_else(REQUEST, answered(patient=told)) == "no patient"


def test_a_reference_that_only_ends_alike_is_another():
    two = copy.deepcopy(REQUEST)
    two["entry"].append(entry(patient("ber", value="MBR-2", family="Okonjo", born="1948-11-02")))
    told = {"reference": f"{SENT}/Patient/ber", "identifier": {"value": "MBR-2"}}

    assert someone_else(two, answered(patient=told)).startswith("another patient")


@pytest.mark.parametrize(
    ("sent", "told"), [("O'Brien", "OBRIEN"), ("Muñoz", "MUNOZ"), ("de la Cruz", "DELACRUZ"), ("Lin-Wei", "Lin Wei")]
)
def test_names_are_compared_as_systems_agree_on_them(sent, told):
    request = {**REQUEST, "entry": [entry(CLAIM), entry(patient(family=sent))]}

    assert someone_else(request, answered(own(family=told), patient=OWN)) == ""


def test_a_request_that_says_little_accuses_nobody():
    anonymous = {"resourceType": "Patient", "id": "member", "identifier": [{"system": MEMBERS, "value": "MBR-1"}]}
    request = {**REQUEST, "entry": [entry(CLAIM), entry(anonymous)]}

    assert someone_else(request, answered(patient={"reference": f"{SENT}/Patient/member"})) == ""
    assert someone_else(request, answered(own(value="MBR-1", family="Okonjo"), patient=OWN)) == ""


# -- items -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("items", "numbers"),
    [
        ([{"sequence": 1}, {"sequence": 2}], (1, 2)),
        ([{"sequence": 10}, {}, {"sequence": "3"}, {"sequence": True}], (10,)),
        ([], ()),
        (None, ()),
    ],
)
def test_the_sequence_numbers_of_a_request(items, numbers):
    assert sequences({**REQUEST, "entry": [entry({**CLAIM, "item": items})]}) == numbers


# -- resources that come back ------------------------------------------------------------------------------------------


def test_what_comes_back_under_its_name_is_an_echo():
    answer = read(bundle(entry(patient()), entry(REQUESTER)))

    assert renamed(REQUEST, answer) == ()
    assert echoes(REQUEST, answer) == 2


def test_what_is_the_payers_own_is_no_echo():
    insurer = {"resourceType": "Organization", "id": "insurer", "name": "Model Payer"}
    answer = read(bundle(own(), entry(insurer, PAYERS)))

    assert renamed(REQUEST, answer) == ()
    assert echoes(REQUEST, answer) == 0


@pytest.mark.parametrize(
    "echoed",
    [
        {"fullUrl": f"{PAYERS}/Patient/member", "resource": patient()},
        {"fullUrl": f"{SENT}/Organization/requester", "resource": {**REQUESTER, "id": "org-5"}},
        {"fullUrl": f"{SENT}/Organization/org-5", "resource": {**REQUESTER, "id": "org-5"}},
        {"fullUrl": f"{PAYERS}/Patient/p-5", "resource": {**patient(), "id": "p-5"}},
        {"fullUrl": "urn:uuid:1", "resource": {**REQUESTER, "id": "org-5", "meta": {"versionId": "1"}}},
        {"resource": REQUESTER},
    ],
)
def test_what_comes_back_under_another_name_is_told(echoed):
    answer = read(bundle(echoed))

    assert len(renamed(REQUEST, answer)) == 1
    assert echoes(REQUEST, answer) == 1


@pytest.mark.parametrize("ident", ["requester", "org-5"])
def test_a_record_of_the_payers_own_is_no_echo(ident):
    """An organization under the payer's own base may read alike, or have the same id by chance."""
    own_record = entry({**REQUESTER, "id": ident}, PAYERS)

    assert renamed(REQUEST, read(bundle(own_record))) == ()


def test_an_echo_may_gain_a_version_and_lose_its_narrative():
    told = {**REQUESTER, "meta": {"lastUpdated": "2027-02-01T12:00:00Z"}, "text": {"status": "empty"}}

    assert renamed(REQUEST, read(bundle(entry(told)))) == ()


@pytest.mark.parametrize(
    ("entries", "found"),
    [
        ([entry(patient()), entry(REQUESTER)], ()),
        ([entry(patient()), entry(patient())], (f"{SENT}/Patient/member",)),
        ([entry(REQUESTER), entry(REQUESTER, PAYERS)], ()),  # of two servers: two organizations
        ([{"resource": patient()}, {"resource": patient()}], ("Patient/member",)),
        ([entry(patient()), {"fullUrl": f"{SENT}/Patient/member", "resource": REQUESTER}], (f"{SENT}/Patient/member",)),
        ([{"resource": {"resourceType": "Patient"}}, {"resource": {"resourceType": "Patient"}}], ()),
    ],
)
def test_an_instance_that_comes_twice_is_told(entries, found):
    assert repeated(read(bundle(*entries))) == found


# -- bundles and heads -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, ()),
        ({"type": "searchset"}, ("type 'searchset' instead of collection",)),
        ({"type": None}, ("type None instead of collection",)),
        ({"timestamp": ""}, ("no timestamp",)),
        ({"timestamp": 5}, ("no timestamp",)),
        ({"entry": []}, ("first entry is nothing instead of ClaimResponse",)),
        ({"entry": [entry(patient()), entry(response())]}, ("first entry is Patient instead of ClaimResponse",)),
        ({"entry": [entry(response()), {"resource": patient()}]}, ("an entry without fullUrl",)),
        ({"entry": [entry(response()), {"fullUrl": f"{SENT}/Patient/1"}]}, ("an entry without resource",)),
        ({"entry": "none"}, ("first entry is nothing instead of ClaimResponse",)),
    ],
)
def test_what_a_response_bundle_lacks(change, told):
    assert bundle_faults({**bundle(), **change}) == told


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({}, ()),
        ({"outcome": "partial"}, ()),
        ({"outcome": "error"}, ()),
        ({"status": "draft"}, ("status 'draft' instead of active",)),
        ({"use": "claim"}, ("use 'claim' instead of preauthorization",)),
        ({"outcome": "queued"}, ("outcome 'queued', not one of complete, error, partial",)),
        ({"outcome": None}, ("outcome '', not one of complete, error, partial",)),
        ({"patient": {}}, ("no patient",)),
        ({"patient": {"identifier": {"value": "MBR-1"}}}, ()),
        ({"insurer": {}}, ("no insurer",)),
        ({"insurer": {"identifier": {"value": "164"}}}, ()),
        ({"created": ""}, ("no created",)),
    ],
)
def test_what_the_head_of_a_claim_response_lacks(change, told):
    assert content_faults(answered(**change)) == told


def test_an_older_version_knows_one_outcome_more():
    assert content_faults(read(bundle(told=response(outcome="queued")), OLD)) == ()


def test_a_time_of_creation_that_nobody_knows_may_say_so():
    unknown = {
        "extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]
    }

    assert content_faults(answered(created=None, _created=unknown)) == ()
    assert content_faults(answered(created=None, _created={"id": "x"})) == ("no created",)


# -- what an inquiry tells ---------------------------------------------------------------------------------------------


def with_actions(*actions: str) -> Answer:
    return answered(item=[item(number, action) for number, action in enumerate(actions, 1)])


@pytest.mark.parametrize(
    ("submitted", "inquired", "told"),
    [
        (["A1", "A3"], [["A1", "A3"]], 0),
        (["A1", "A3"], [["A3", "A3"]], 1),
        (["A1", "A3"], [["A3", "A1"]], 2),
        (["A4"], [["A1"]], 0),  # was pended, is decided
        (["A4"], [["A3"]], 0),
        (["A1"], [["A4"]], 1),
        (["A1", "A1"], [["A1"]], 1),  # an item that is not told
        (["A1"], [], 0),  # found or not is another matter
        (["A1"], [["A3"], ["A1"]], 1),  # of several answers one contradicts
        (["A1", "A3"], [["A1"], ["A1", "A3"]], 0),
    ],
)
def test_an_inquiry_that_tells_another_story_is_told(submitted, inquired, told):
    assert len(disagreements(with_actions(*submitted), tuple(with_actions(*each) for each in inquired))) == told


def test_a_disagreement_says_what_was_said_then_and_now():
    (told,) = disagreements(with_actions("A1"), (with_actions("A3"),))

    assert told == "item 1: approved at submission, denied now"


# -- periods -----------------------------------------------------------------------------------------------------------


def test_every_period_of_an_answer_is_looked_at():
    added = {**item(1, start="2027-03-01", end="2027-04-01"), "itemSequence": [1]}
    whole = {"start": "2027-05-01", "end": "2027-06-01"}
    found = periods(answered(addItem=[added], preAuthPeriod=whole))

    assert [each.start for each in found] == ["2027-02-01", "2027-02-01", "2027-03-01", "2027-05-01"]
    assert len({each.at for each in found}) == 4


@pytest.mark.parametrize(
    ("start", "end", "ordered"),
    [
        ("2027-02-01", "2027-08-01", True),
        ("2027-02-01", "2027-02-01", True),
        ("2027-02-02", "2027-01-31", False),
        ("2027-08-01", "2027-02-01", False),
        ("2027", "2027-02-01", True),
        ("2027-03", "2027-02", False),
        ("2027-02-01", "9999-12-31", True),
        ("9999-12-31", "2027-02-01", False),
        ("", "2027-02-01", True),
        ("2027-02-01", "", True),
        ("soon", "2027-02-01", True),
        # From ten in the evening until the end of that day, in New York: in UTC the start is on the next day.
        ("2027-02-01T22:00:00-05:00", "2027-02-01", True),
        ("2027-02-01T22:00:00-05:00", "2027-02-01T21:00:00-05:00", False),
        ("2027-02-01T22:00:00-05:00", "2027-02-02T02:00:00Z", False),
        ("2027-02-03T22:00:00-05:00", "2027-02-01", False),
    ],
)
def test_periods_start_before_they_end_by_the_widest_reading(start, end, ordered):
    assert in_order(Period(start, end)) is ordered


def authorized(number: str = "", end: str = "", previous: str = "", issued: str = "") -> Item:
    return Item("item", number=number, previous_number=previous, issued=issued, validity=Period("", end))


@pytest.mark.parametrize(
    ("one", "other", "contrary"),
    [
        (("AUTH-1", "2027-05-01"), ("AUTH-1", "2027-05-01"), ""),
        (("AUTH-1", "2027-05-01"), ("auth1", "2027-05-01T23:59:59-05:00"), ""),
        (("AUTH-1", "2027-05-01"), ("", ""), ""),
        (("AUTH-1", "2027-05-01"), ("AUTH-2", "2027-05-01", "AUTH-1"), ""),
        (("AUTH-1", "2027-05-01"), ("AUTH-2", "2027-05-01"), "number AUTH-1, then AUTH-2"),
        (("AUTH-1", "2027-05-01"), ("AUTH-1", "2027-04-24"), "until 2027-05-01, then 2027-04-24"),
        (("AUTH-1", "2027-05"), ("AUTH-1", "2027-05-31"), ""),
        (("AUTH-1", "2027-05-01"), ("AUTH-1", "2027-05-02"), "until 2027-05-01, then 2027-05-02"),
        (("AUTH-1", "2027-05-01"), ("AUTH-1", "2027-05-02T01:00:00Z"), ""),
        (("A", "", "", "2027-01-05"), ("A", "", "", "2027-01-04"), "issued 2027-01-05, then 2027-01-04"),
    ],
)
def test_an_approval_told_twice_contradicts_itself_only_by_what_both_tell(one, other, contrary):
    assert authorized_otherwise(authorized(*one), authorized(*other)) == contrary
    assert bool(authorized_otherwise(authorized(*other), authorized(*one))) is bool(contrary)


@pytest.mark.parametrize(
    ("issued", "end", "over"),
    [
        ("2027-02-01", "2027-01-15", True),
        ("2027-02-01", "2027-02-01", False),
        ("2027-02-01", "", False),
        ("", "2027-01-15", False),
    ],
)
def test_an_approval_may_be_over_before_it_was_issued(issued, end, over):
    assert bool(over_when_issued(authorized(end=end, issued=issued))) is over


@settings(deadline=None)
@given(st.dates(), st.dates())
def test_days_in_order_are_in_order(one, other):
    first, second = sorted((one.isoformat(), other.isoformat()))

    assert in_order(Period(first, second))


# -- whatever comes ----------------------------------------------------------------------------------------------------

anything = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["reference", "identifier", "value", "name", "id", "x"]), inner, max_size=3),
    ),
    max_leaves=10,
)


@settings(deadline=None)
@given(anything, anything, anything)
def test_no_answer_breaks_a_comparison(odd_patient, odd_items, odd_entry):
    body = bundle(told=response(patient=odd_patient, item=odd_items, preAuthPeriod=odd_patient))
    body["entry"] += [odd_entry, {"fullUrl": odd_items, "resource": odd_patient}]
    answer = read(body)

    someone_else(REQUEST, answer)
    renamed(REQUEST, answer)
    repeated(answer)
    bundle_faults(body)
    content_faults(answer)
    disagreements(answer, (answer,))
    assert all(in_order(each) in (True, False) for each in periods(answer))
    assert echoes(REQUEST, answer) <= len(answer.entries)


# -- what is not answered, and under which number ----------------------------------------------------------------------


def added(*numbers: int, action: str = "A3") -> list[dict[str, Any]]:
    return [{**item(number, action), "itemSequence": [number]} for number in numbers]


ASKS = [{"reference": f"{PAYERS}/CommunicationRequest/1"}]
REJECTED = {"coding": [{"system": "https://codesystem.x12.org/005010/901", "code": "33"}]}
SECOND = {
    "url": "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-errorPath",
    "valueString": "Bundle.entry[0].resource.ofType(Claim).item[1].productOrService",
}


@pytest.mark.parametrize(
    ("told", "missing"),
    [
        ({}, ()),
        ({"item": [item(1)]}, ("item 2: no answer",)),
        ({"item": [item(1)], "addItem": added(2)}, ()),
        ({"item": [], "addItem": added(1, 2)}, ()),
        ({"item": [], "adjudication": item(1)["adjudication"]}, ()),
        ({"item": [item(101), item(102)]}, ()),  # under numbers of its own: the guide's matter
        ({"item": [item(101)]}, ("item 2: no answer",)),
        ({"item": [item(1), item(2, "ZZ")]}, ("item 2: no decision",)),
        ({"item": []}, ("item 1: no answer", "item 2: no answer")),
        ({"item": [], "outcome": "queued"}, ()),
        ({"item": [item(1), item(1), item(2)]}, ()),
        # More information is asked for, with the review action of a pend or without one.
        ({"item": [item(1, "ZZ"), item(2, "ZZ")], "communicationRequest": ASKS}, ()),
        ({"item": [item(1), item(2, "ZZ")], "communicationRequest": ASKS}, ()),
        ({"item": [], "communicationRequest": ASKS}, ()),
        ({"item": [item(1)], "communicationRequest": ASKS}, ("item 2: no answer",)),
        # Processed in part: an error names the item that was not.
        ({"item": [item(1)], "outcome": "partial", "error": [{"itemSequence": 2, "code": REJECTED}]}, ()),
        ({"item": [item(1)], "outcome": "partial", "error": [{"code": REJECTED, "extension": [SECOND]}]}, ()),
        ({"item": [item(1), item(2, "ZZ")], "outcome": "partial", "error": [{"itemSequence": 2}]}, ()),
        ({"item": [item(1)], "outcome": "partial", "error": [{"itemSequence": 1}]}, ("item 2: no answer",)),
        ({"item": [item(1)], "outcome": "partial", "error": [{"code": REJECTED}]}, ("item 2: no answer",)),
    ],
)
def test_every_item_of_a_request_is_answered_somewhere(told, missing):
    assert unanswered(REQUEST, answered(**told)) == missing


def test_a_drug_among_items_may_be_answered_elsewhere():
    asked = copy.deepcopy(REQUEST)
    asked["entry"][0]["resource"]["item"][1]["productOrService"] = {
        "coding": [{"system": "http://hl7.org/fhir/sid/ndc", "code": "00002143380"}]
    }

    assert unanswered(asked, answered(item=[item(1)])) == ()
    assert unanswered(asked, answered(item=[item(2)])) == ("item 1: no answer",)


@pytest.mark.parametrize(
    ("items", "repeated_as_sent"),
    [([1, 2], True), ([2, 1], True), ([1, 1, 2], True), ([1], True), ([1, 2, 3], False), ([101, 102], False)],
)
def test_numbers_are_compared_as_sets(items, repeated_as_sent):
    assert (misnumbered(REQUEST, answered(item=[item(number) for number in items])) == "") is repeated_as_sent


@pytest.mark.parametrize("kind", ["search", "request", "response"])
def test_an_entry_tells_nothing_of_a_search_or_a_transaction(kind):
    body = bundle()
    body["entry"][0][kind] = {}

    assert bundle_faults(body) == ("an entry with search, request or response",)


def test_one_claim_response_answers_a_submission_and_several_an_inquiry():
    body = bundle(entry({**response(), "id": "another"}, PAYERS))

    assert bundle_faults(body) == ("2 ClaimResponses instead of one",)
    assert bundle_faults(body, inquiry=True) == ()
    assert bundle_faults({**body, "type": "searchset", "timestamp": ""}, inquiry=True) == (
        "type 'searchset' instead of collection",
        "no timestamp",
    )


# -- a patient of the payer's own --------------------------------------------------------------------------------------

INTERNAL = "https://payer.example.org/internal"
MEMBER_NUMBER = {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MB"}]}


@pytest.mark.parametrize(
    ("told", "resources"),
    [
        ({"reference": "Patient/p-889", "identifier": {"system": INTERNAL, "value": "889"}}, []),
        (
            OWN,
            [
                own(
                    identifier=[{"system": INTERNAL, "value": "889"}],
                    name=[{"family": "Former"}, {"family": "Ashgrove"}],
                )
            ],
        ),
        (OWN, [own(identifier=[{"system": INTERNAL, "value": "889"}], birthDate="")]),
        (OWN, [own(identifier=[{"system": INTERNAL, "value": "889"}], birthDate="1951")]),
    ],
)
def test_a_record_of_the_payers_own_accuses_nobody(told, resources):
    assert someone_else(REQUEST, answered(*resources, patient=told)) == ""


def test_another_member_number_is_another_member_whatever_its_system():
    two = copy.deepcopy(REQUEST)
    two["entry"][1]["resource"]["identifier"][0]["type"] = MEMBER_NUMBER
    told = {"identifier": {"system": "https://other.example.org", "value": "MBR-2", "type": MEMBER_NUMBER}}

    assert someone_else(two, answered(patient=told)).startswith("another patient")


def test_pended_at_first_may_still_be_told_beside_the_decision():
    first, decided = with_actions("A4"), with_actions("A1")

    assert disagreements(decided, (first, decided)) != ()
    assert disagreements(decided, (first, decided), first) == ()

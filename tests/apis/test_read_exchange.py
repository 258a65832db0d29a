"""Reading $member-match and $everything: who was matched, whom the records are about."""

from __future__ import annotations

import json
from typing import Any

import pytest
from api_examples import GUIDES, bundle, example, patient
from shared_data import needs_data

from conformance.apis.member_match import everything, read_everything, read_match
from conformance.apis.naming import is_called, surnames_of
from conformance.apis.refusal import patients_named, revealed
from conformance.exchange import Exchange
from conformance.flows import member_data
from conformance.flows.member_data import Pages, completed, next_url, pages, searched


@needs_data
@pytest.mark.parametrize(
    ("name", "version", "member"),
    [
        ("hrex-1.0.0/Parameters-member-match-out.json", "1.0.0", ""),
        ("hand-written/Parameters-member-match-out-1.2.0.json", "1.2.0", "Patient/pat1"),
    ],
)
def test_a_match_of_each_version(name, version, member):
    guide = GUIDES["hrex", version]
    match = read_match(example(name))
    [found] = match.identifiers
    assert found.value == "55678"
    assert found.at == "Parameters.parameter[0].valueIdentifier"
    [kind] = found.type_codings
    assert (kind.system, kind.code) == (guide["member_identifier_system"], guide["member_identifier_code"])
    assert match.member == member
    assert len(match.names) <= guide["match_out_parameters"]


@needs_data
def test_a_request_is_no_match():
    for name in ("hrex-1.0.0/Parameters-member-match-in.json", "hrex-1.0.0/Parameters-member-match-in-provider.json"):
        match = read_match(example(name))
        assert (match.identifiers, match.member_id) == ((), "")
        assert match.names[0] == "MemberPatient"


def test_a_refusal_is_no_match():
    for other in (None, [], {"resourceType": "OperationOutcome"}, "Parameters"):
        assert read_match(other) is None
    assert read_match({"resourceType": "Parameters"}).identifiers == ()


def test_a_match_may_name_several():
    both = {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "MemberIdentifier", "valueIdentifier": {"value": "1"}},
            {"name": "MemberIdentifier", "valueIdentifier": {"value": "2"}},
            {"name": "MemberId", "valueReference": {"reference": "https://old.example/fhir/Patient/a"}},
        ],
    }
    match = read_match(both)
    assert [each.value for each in match.identifiers] == ["1", "2"]
    assert (match.member_id, match.member) == ("https://old.example/fhir/Patient/a", "Patient/a")


# -- whose records ---------------------------------------------------------------------------------------------------

MEMBER = {"reference": "Patient/member"}
NEIGHBOUR = {"reference": "Patient/neighbour"}


def resource(kind: str, name: str = "1", **elements: Any) -> Any:
    return {"resourceType": kind, "id": name, **elements}


def strangers(*resources: Any, member: str = "Patient/member") -> list[str]:
    return [each.reference for each in read_everything(bundle(patient(), *resources)).strangers(member)]


OWN = {
    "a condition": resource("Condition", subject=MEMBER),
    "an allergy": resource("AllergyIntolerance", patient=MEMBER),
    "a claim": resource("ExplanationOfBenefit", patient=MEMBER, payee={"party": NEIGHBOUR}),
    "a coverage": resource(
        "Coverage", beneficiary=MEMBER, subscriber=NEIGHBOUR, policyHolder=NEIGHBOUR, payor=[NEIGHBOUR]
    ),
    "a task": resource("Task", **{"for": MEMBER, "owner": NEIGHBOUR}),
    "an observation by a relative": resource("Observation", subject=MEMBER, performer=[NEIGHBOUR], focus=[NEIGHBOUR]),
    "a relative": resource("RelatedPerson", patient=MEMBER),
    "a provenance": resource("Provenance", target=[MEMBER, {"reference": "Condition/1"}]),
    "an organization": resource("Organization", name="Payer"),
    "an outcome": resource("OperationOutcome"),
    "a group that is a subject": resource("Observation", subject={"reference": "Group/1"}),
    "a device that is a subject": resource(
        "Observation", subject={"reference": "#d"}, contained=[resource("Device", "d")]
    ),
    "an absolute reference": resource("Condition", subject={"reference": "https://payer.example/fhir/Patient/member"}),
    "the member by identifier": resource(
        "Condition", subject={"identifier": {"system": "https://payer.example/members", "value": "M-member"}}
    ),
    "an identifier that cannot be compared": resource(
        "Condition", subject={"identifier": {"system": "https://hospital.example/mrn", "value": "77"}}
    ),
    "a contained copy of the member": resource(
        "Condition", subject={"reference": "#p"}, contained=[patient("p", identifier=patient()["identifier"])]
    ),
    "a contained copy without an identifier": resource(
        "Condition", subject={"reference": "#p"}, contained=[patient("p", identifier=[])]
    ),
    "a contained patient without a name": resource(
        "Condition", subject={"reference": "#p"}, contained=[resource("Patient", "p")]
    ),
}


@pytest.mark.parametrize("what", OWN)
def test_the_members_own_records_are_nobody_elses(what):
    assert strangers(OWN[what]) == []


OTHERS = {
    "a patient": patient("neighbour"),
    "a condition": resource("Condition", subject=NEIGHBOUR),
    "an allergy": resource("AllergyIntolerance", patient=NEIGHBOUR),
    "a claim": resource("ExplanationOfBenefit", patient=NEIGHBOUR),
    "a coverage": resource("Coverage", beneficiary=NEIGHBOUR, subscriber=MEMBER),
    "a relative of somebody else": resource("RelatedPerson", patient=NEIGHBOUR),
    "a group of both": resource("Group", member=[{"entity": MEMBER}, {"entity": NEIGHBOUR}]),
    "a task": resource("Task", **{"for": NEIGHBOUR}),
    "an identifier of the payer's own kind": resource(
        "Condition", subject={"identifier": {"system": "https://payer.example/members", "value": "M-neighbour"}}
    ),
    "an unknown urn": resource("Condition", subject={"reference": "urn:uuid:0"}),
}


@pytest.mark.parametrize("what", OTHERS)
def test_another_persons_record_is_a_strangers(what):
    found = OTHERS[what]
    assert strangers(found) == [f"{found['resourceType']}/{found['id']}"]


def test_a_contained_stranger_is_seen():
    own = resource(
        "Condition", subject=MEMBER, contained=[patient("p"), resource("Coverage", "c", beneficiary=NEIGHBOUR)]
    )
    assert strangers(own) == ["Condition/1#p", "Condition/1#c"]


def test_a_twin_is_somebody_else():
    assert strangers(patient("twin")) == ["Patient/twin"], "the same name and birth date, another identifier"


def test_who_is_lawfully_mentioned_may_be_there():
    coverage = resource("Coverage", beneficiary=MEMBER, subscriber={"reference": "Patient/mother"})
    mother = resource("RelatedPerson", "m", patient={"reference": "Patient/mother"})
    assert strangers(coverage, patient("mother"), mother) == []
    assert strangers(coverage, patient("mother"), resource("Condition", subject={"reference": "Patient/mother"})) == [
        "Condition/1"
    ], "a mention does not open the other's own records"


def test_a_list_of_what_was_sent_excuses_nothing():
    listed = resource("Provenance", target=[MEMBER, NEIGHBOUR])
    assert strangers(listed, patient("neighbour")) == ["Patient/neighbour"]


def test_a_mention_by_a_strangers_record_excuses_nothing():
    theirs = resource("Coverage", beneficiary=NEIGHBOUR, subscriber={"reference": "Patient/mother"})
    assert strangers(theirs, patient("mother")) == ["Coverage/1", "Patient/mother"]


def test_two_records_of_one_person_are_one_person():
    linked = patient(link=[{"other": {"reference": "Patient/old"}, "type": "replaces"}])
    read = read_everything(bundle(linked, patient("old"), resource("Condition", subject={"reference": "Patient/old"})))
    assert read.strangers("Patient/member") == ()
    same = patient("copy", identifier=patient()["identifier"])
    assert strangers(same, resource("Condition", subject={"reference": "Patient/copy"})) == []


def test_urns_are_resolved_in_the_bundle():
    read = bundle(patient(), resource("Condition", subject={"reference": "urn:uuid:1"}))
    read["entry"][0]["fullUrl"] = "urn:uuid:1"
    found = read_everything(read)
    assert found.entries[1].subjects == ("Patient/member",)
    assert found.strangers("https://payer.example/fhir/Patient/member") == ()


def test_what_came_is_listed():
    read = read_everything(bundle(patient(), resource("Coverage", beneficiary=MEMBER, subscriber=NEIGHBOUR)))
    assert read.types == {"Patient", "Coverage"}
    assert [(key, person.family) for key, person in read.patients] == [("Patient/member", "Rivera")]
    coverage = read.entries[1]
    assert (coverage.reference, coverage.subjects, coverage.mentions) == (
        "Coverage/1",
        ("Patient/member",),
        ("Patient/neighbour",),
    )
    assert coverage.at == "Bundle.entry[1].resource"


def test_pages_are_read_as_one():
    read = everything([bundle(patient()), bundle(resource("Condition", subject=MEMBER)), None])
    assert [each.at for each in read.entries] == ["Bundle.entry[0].resource", "Bundle[1].entry[0].resource"]
    assert read.strangers("Patient/member") == ()


def test_anything_but_a_bundle_is_not_everything():
    for other in (None, [], patient()):
        assert read_everything(other) is None


def test_what_is_contained_is_no_record():
    own = resource("Condition", subject=MEMBER, contained=[resource("Coverage", "c", beneficiary=MEMBER)])
    assert read_everything(bundle(patient(), own)).types == {"Patient", "Condition"}


ABROAD = {"reference": "https://earlier.example/fhir/Patient/77"}


@pytest.mark.parametrize(
    ("found", "unplaced"),
    [
        (resource("Condition", subject=MEMBER), []),
        (resource("Organization"), []),
        (resource("Condition", subject=ABROAD), ["Condition/1"]),
        (resource("Condition", subject={"reference": "https://earlier.example/fhir/Patient/member"}), []),
        (resource("Condition", subject={"reference": "https://payer.example/fhir/Patient/member"}), []),
        (resource("DocumentReference"), ["DocumentReference/1"]),
        (resource("Observation", subject={"reference": "Group/1"}), []),
    ],
)
def test_a_record_that_nobody_can_place_is_no_strangers(found, unplaced):
    read = everything([bundle(patient(), found)], "https://payer.example/fhir")
    assert read.strangers("Patient/member") == ()
    assert [each.reference for each in read.unplaced("Patient/member")] == unplaced


def test_a_neighbour_by_the_payers_own_url_is_a_stranger():
    theirs = resource("Condition", subject={"reference": "https://payer.example/fhir/Patient/neighbour"})
    read = everything([bundle(patient(), theirs)], "https://payer.example/fhir/")
    assert [each.reference for each in read.strangers("Patient/member")] == ["Condition/1"]
    assert read.unplaced("Patient/member") == ()


def test_a_patient_who_came_along_is_told_apart_at_any_url():
    theirs = resource("Condition", subject=ABROAD)
    read = bundle(patient(), patient("77"), theirs)
    read["entry"][1]["fullUrl"] = ABROAD["reference"]
    found = everything([read], "https://payer.example/fhir").strangers("Patient/member")
    assert [each.reference for each in found] == ["Patient/77", "Condition/1"]


SUBSCRIBER = {"system": "https://payer.example/subscribers", "value": "S-1"}
LEGACY = {"system": "https://claims.example/persons", "value": "77"}


def told(other, identifiers=(SUBSCRIBER,)):
    """What is told of a claim about another Patient, beside a member who has a subscriber's number too."""
    member = patient(identifier=[*patient()["identifier"], SUBSCRIBER])
    who = {**patient("other"), **other, "identifier": list(identifiers)}
    alone = everything([bundle(member, who, resource("ExplanationOfBenefit", patient={"reference": "Patient/other"}))])
    inside = resource("ExplanationOfBenefit", patient={"reference": "#other"}, contained=[who])
    copy = everything([bundle(member, inside)])
    return [
        "stranger" if any(each.type == "ExplanationOfBenefit" for each in read.strangers("Patient/member"))
        else "unplaced" if any(each.type == "ExplanationOfBenefit" for each in read.unplaced("Patient/member"))
        else "own"
        for read in (alone, copy)
    ]  # fmt: skip


SIBLING = {"name": [{"family": patient()["name"][0]["family"], "given": ["Kid"]}], "birthDate": "2015-05-05"}


@pytest.mark.parametrize(
    ("other", "identifiers", "expected"),
    [
        (SIBLING, (SUBSCRIBER,), ["stranger", "stranger"]),
        ({"name": [{"text": "Mary Stranger"}], "birthDate": "1999-09-09"}, (), ["stranger", "stranger"]),
        ({}, (LEGACY,), ["own", "own"]),
        ({"name": [], "birthDate": None}, (LEGACY,), ["stranger", "unplaced"]),
        ({}, (SUBSCRIBER, {**patient()["identifier"][0], "value": "M-another"}), ["own", "own"]),
        (SIBLING, (LEGACY,), ["stranger", "stranger"]),
    ],
)
def test_a_person_is_told_by_name_and_birth_date_beside_the_numbers(other, identifiers, expected):
    assert told(other, identifiers) == expected


def test_a_subject_known_by_a_number_of_an_unknown_kind_is_placed_by_nobody():
    claim = resource("ExplanationOfBenefit", patient={"identifier": {"system": "https://other.example", "value": "A1"}})
    read = everything([bundle(patient(), claim)])

    assert read.strangers("Patient/member") == ()
    assert [each.type for each in read.unplaced("Patient/member")] == ["ExplanationOfBenefit"]


# -- pages -------------------------------------------------------------------------------------------------------------


def walked(link):
    """The walk over pages of one record each, whose next link is ``link`` with the number of the page."""
    count = iter(range(1000))

    def ask(url):
        found = {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": resource("Condition")}]}
        found["link"] = [{"relation": "next", "url": link.format(next(count))}]
        return Exchange(
            "x", "payer-to-payer.everything", "", "", "GET", f"https://payer.example/fhir/{url}", status=200,
            headers={"content-type": "application/fhir+json"}, body=json.dumps(found).encode(),
        )  # fmt: skip

    return pages(ask, "Patient/member/$everything", "https://payer.example/fhir", "x")


def test_pages_are_taken_up_to_a_bound_of_bytes(monkeypatch):
    monkeypatch.setattr(member_data, "MOST_BYTES", 2**20)
    large = walked("https://payer.example/fhir?page={}" + "x" * 2**18)
    assert (len(large.bundles), large.lost) == (4, "there are more than 1 MiB")


def test_the_bound_is_of_all_searches_together(monkeypatch):
    monkeypatch.setattr(member_data, "MOST_BYTES", 2**20)
    body = json.dumps({"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": {
        "resourceType": "Condition", "id": "a", "note": [{"text": "x" * 2**19}]}}]}).encode()  # fmt: skip
    asked = []

    def ask(url):
        asked.append(url)
        one = json.dumps(resource("Patient")).encode()
        return Exchange("x", "payer-to-payer.search", "", "", "GET", f"https://payer.example/fhir/{url}", status=200,
                        headers={"content-type": "application/fhir+json"},
                        body=body if "?" in url else one)  # fmt: skip

    kinds = ("Condition", "Encounter", "Procedure", "Goal")
    found = searched(ask, "a", kinds, "https://payer.example/fhir", "x")
    assert (len(asked), found.lost) == (3, "there are more than 1 MiB")


def test_a_kind_that_everything_leaves_out_is_searched_and_one_that_is_there_is_not():
    given = Pages(({"resourceType": "Bundle", "entry": [
        {"resource": {"resourceType": "ExplanationOfBenefit", "id": "pa", "use": "preauthorization"}},
        {"resource": resource("Condition")}]},))  # fmt: skip
    asked = []

    def ask(url):
        asked.append(url)
        claim = {"resourceType": "ExplanationOfBenefit", "id": "c", "use": "claim"}
        bundle = {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": claim}]}
        refused = url.startswith("Goal")
        return Exchange("x", "payer-to-payer.search", "", "", "GET", f"https://payer.example/fhir/{url}",
                        status=403 if refused else 200, headers={"content-type": "application/fhir+json"},
                        body=b"{}" if refused else json.dumps(bundle).encode())  # fmt: skip

    kinds = ("ExplanationOfBenefit?use=claim", "ExplanationOfBenefit", "Condition", "Goal")
    found = completed(given, ask, "a", kinds, "https://payer.example/fhir", "x")

    assert asked == ["ExplanationOfBenefit?patient=a", "Goal?patient=a"]
    assert [each["entry"][0]["resource"]["id"] for each in found.bundles] == ["pa", "c"]


def test_pages_that_nobody_follows_to_their_end_are_told():
    endless = walked("https://payer.example/fhir?page={}")
    assert (len(endless.bundles), endless.lost) == (200, "there are more than 200 pages")
    away = walked("https://data.example/fhir?page={}")
    assert (len(away.bundles), "another origin" in away.lost) == (1, True)
    back = walked("https://payer.example/fhir?page=again")
    assert (back.lost, back.looped) == ("", "the next link of page 2 leads back"), "the payer's doing"


# -- what people are called ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("names", "family", "is_theirs"),
    [
        ([{"family": "Sorensen"}, {"family": "Ashgrove"}], "Ashgrove", True),
        ([{"family": "Ash-Grove"}], "Ashgrove", True),
        ([{"family": "ASH GROVE"}], "Ashgrove", True),
        ([{"family": "Muñoz"}], "Munoz", True),
        ([{"text": "Marta Lin Ashgrove"}], "Ashgrove", True),
        ([{"text": "Ana de la Cruz"}], "De la Cruz", True),
        ([{"text": "Daniel Okonjo"}], "Ashgrove", False),
        ([{"family": "Okonjo"}, {"family": "Lin"}], "Ashgrove", False),
        ([], "Ashgrove", True),
        ("Okonjo", "Ashgrove", True),
    ],
)
def test_a_name_is_compared_by_its_letters_and_any_name_counts(names, family, is_theirs):
    assert is_called(surnames_of({"name": names}), "", family, "1951-04-17") is is_theirs


def test_another_birth_date_is_another_person():
    own = surnames_of({"name": [{"family": "Ashgrove"}]})
    assert is_called(own, "1951-04-17", "Ashgrove", "1951-04-17")
    assert is_called(own, "1951", "Ashgrove", "1951-04-17")
    assert not is_called(own, "1948-11-02", "Ashgrove", "1951-04-17")


# -- what a refusal gives away ---------------------------------------------------------------------------------------

SENT = b'{"resourceType": "Patient", "id": "member", "birthDate": "1957-02-28", "name": [{"family": "Nemeth"}]}'
PEOPLE = {("Okonjo", "1948-11-02"), ("Nemeth", "1957-02-28"), ("", "")}


def outcome(words: str, **more: Any) -> Any:
    return {"resourceType": "OperationOutcome", "issue": [{"diagnostics": words, **more}]}


@pytest.mark.parametrize(
    ("resource", "gives_away"),
    [
        (outcome("Patient/twin-a and Patient/twin-b"), ("Patient/twin-a", "Patient/twin-b")),
        (outcome("See https://payer.example/fhir/Patient/1001."), ("Patient/1001",)),
        (outcome("Did you mean Daniel Okonjo, born 1948-11-02?"), ("Okonjo, 1948-11-02",)),
        (outcome("Number MBR-1002 is taken"), ("MBR-1002",)),
        (outcome("Nobody called Nemeth was born on 1957-02-28"), ()),
        (outcome("Born 1948-11-02 is nobody called Okonjos"), ()),
        (outcome("Patient/Coverage combination not found; POST Patient/$member-match, Patient/member-match"), ()),
        (outcome("Patient/member was not found"), ()),
        (outcome("x", expression=["Parameters.parameter[0].resource/Patient/name-1"]), ()),
        ({**outcome("x"), "extension": [{"url": "y", "valueIdentifier": {"value": "tx-00017"}}]}, ()),
        (
            {"parameter": [{"name": "MemberId", "valueReference": {"reference": "Patient/first"}}]},
            ("Patient/first",),
        ),
        ({"parameter": [{"name": "MemberIdentifier", "valueIdentifier": {"value": "33"}}]}, ("33",)),
        ({**outcome("x"), "contained": [{"resourceType": "Patient", "birthDate": "1948-11-02"}]}, ("1948-11-02",)),
    ],
)
def test_what_a_refusal_gives_away(resource, gives_away):
    body = json.dumps(resource)
    assert revealed(body, resource, SENT, {"MBR-1002", "", "x"}, PEOPLE) == gives_away


@pytest.mark.parametrize(
    ("text", "found"),
    [("no 44120", True), ("first\n44120", True), ("request 9f4412077a", False), ("request 44120-77", True)],
)
def test_a_number_is_found_as_such_and_not_inside_another(text, found):
    resource = {"resourceType": "OperationOutcome", "issue": [{"diagnostics": text}]}
    assert bool(revealed(json.dumps(resource), resource, b"", {"44120"}, ())) is found


def test_a_patient_is_named_by_reference_whatever_the_id():
    assert patients_named({"extension": [{"valueReference": {"reference": "Patient/first"}}]}) == ("Patient/first",)
    assert patients_named(None) == patients_named(outcome("Patient/first")) == ()


# -- pages ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "leads_to"),
    [
        ("", ""),
        ("?page=2", "https://payer.example/fhir/Patient/1/$everything?page=2"),
        ("Patient/1/$everything?page=2", "https://payer.example/fhir/Patient/1/$everything?page=2"),
        ("/fhir/pages/2", "https://payer.example/fhir/pages/2"),
        ("https://other.example/2", "https://other.example/2"),
        ("https://[broken", "https://[broken"),
    ],
)
def test_where_a_next_link_leads(written, leads_to):
    url = "https://payer.example/fhir/Patient/1/$everything"
    assert next_url("https://payer.example/fhir", url, written) == leads_to


@needs_data
@pytest.mark.parametrize("name", ["pdex-2.2.0/Bundle-1000000-1.json", "pdex-2.2.0/Bundle-3000002.json"])
def test_the_guides_bundles_are_read(name):
    read = read_everything(example(name))
    assert read.entries
    for entry in read.entries:
        assert all("/" in subject for subject in entry.subjects), entry


@needs_data
def test_the_pas_request_is_about_its_beneficiary():
    read = read_everything(example("pas-2.2.1/Bundle-ReferralAuthorizationBundleExample.json"))
    about = {subject for entry in read.entries for subject in entry.subjects}
    assert about == {"Patient/SubscriberExample"}
    assert read.strangers("Patient/SubscriberExample") == ()
    assert {"Claim", "Coverage", "Patient", "ServiceRequest"} <= {
        entry.type for entry in read.strangers("Patient/SomebodyElse")
    }

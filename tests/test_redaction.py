"""What must never be written: secrets, and who the members are; and what must stay, so that evidence is evidence."""

from __future__ import annotations

import copy
import json
import re
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from conformance.redaction import HIDDEN, Redactor
from conformance.redaction.known import WORD, words_of

FIRST = {
    "member_id": "MBR-1001", "subscriber_id": "SUB-1001", "identifier_system": "https://payer.example.org/members",
    "family": "Ashgrove", "given": ["Marta", "Lin"], "birth_date": "1951-04-17", "gender": "female",
    "address": {"line": ["14 Quarry Lane"], "city": "Hartford", "state": "CT", "postal_code": "06103"},
}  # fmt: skip
SECOND = {"member_id": "MBR-1002", "family": "Okonjo", "given": ["Daniel"], "birth_date": "1948-11-02"}
SECRET = "s3cr3t-client-value"
PERSONAL = ("MBR-1001", "SUB-1001", "Ashgrove", "Marta", "1951-04-17", "14 Quarry Lane", "Hartford", "06103")
LIMIT = 100_000

STRANGER: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p-778899",
    "text": {"status": "generated", "div": "<div>Rosa Villanueva, born 1950-01-30</div>"},
    "identifier": [{
        "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "MB"}]},
        "system": "https://other.example.org/ids", "value": "ZZZ-777001",
    }],
    "name": [{"use": "official", "family": "Villanueva", "given": ["Rosa", "Inmaculada"]}],
    "telecom": [{"system": "phone", "use": "home", "value": "860-555-0199"}],
    "gender": "female",
    "birthDate": "1950-01-30",
    "address": [{"use": "home", "line": ["9 Tannery Row"], "city": "Waterbury", "state": "CT", "postalCode": "06702"}],
    "contact": [{"name": {"family": "Quennell"}, "telecom": [{"value": "quennell@example.org"}]}],
}  # fmt: skip
OF_THE_STRANGER = (
    "ZZZ-777001", "Villanueva", "Rosa", "Inmaculada", "860-555-0199", "1950-01-30", "9 Tannery Row", "Waterbury",
    "06702", "Quennell", "quennell@example.org",
)  # fmt: skip


@pytest.fixture
def redactor() -> Redactor:
    return Redactor([SECRET], [FIRST, SECOND])


def written(redactor: Redactor, resource: Any) -> str:
    return redactor.body(json.dumps(resource).encode(), "application/fhir+json", LIMIT)


def none_of(values: tuple[str, ...], text: str) -> None:
    assert not [value for value in values if value in text]


# -- by value ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", PERSONAL)
@pytest.mark.parametrize(
    "around", ["{}", "no coverage for {}.", "({})", "x={};y", "'{}'", "member:{}", "a\n{}\nb", "<{}>"]
)
def test_what_is_known_of_a_member_is_written_nowhere(redactor, value, around):
    assert redactor.text(around.format(value)) == around.format("member-1")


@pytest.mark.parametrize("text", ["MARTA ASHGROVE", "Ashgrove, Marta", "ashgrove", "ASHGROVE/MARTA", "mbr-1001"])
def test_however_a_payer_writes_a_name(redactor, text):
    shown = redactor.text(f"No coverage was found for {text} on that day.")

    none_of(("marta", "ashgrove", "mbr-1001"), shown.lower())
    assert shown.startswith("No coverage was found for ")


@pytest.mark.parametrize("text", ["19510417", "04/17/1951", "1951-04-17"])
def test_however_a_payer_writes_a_date_of_birth(redactor, text):
    assert text not in redactor.text(f"born {text}")


def test_a_word_that_only_holds_a_name_stays(redactor):
    assert redactor.text("Linear Ashgroves 061030 Hartfordshire") == "Linear Ashgroves 061030 Hartfordshire"


def test_each_member_keeps_one_pseudonym(redactor):
    assert redactor.text("Ashgrove MBR-1001 Okonjo MBR-1002") == "member-1 member-1 member-2 member-2"


@pytest.mark.parametrize(
    "kept", ["female", "CT", "https://payer.example.org/members", "http://hl7.org/fhir/sid/us-npi"]
)
def test_what_is_everybodys_stays(redactor, kept):
    assert redactor.text(f"value {kept} here") == f"value {kept} here"


def test_secrets_are_hidden_whole_and_line_by_line():
    key = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49\nAwEHBG0wawIBAQQg\n-----END PRIVATE KEY-----\n"
    redactor = Redactor([key, SECRET])

    shown = redactor.text(f"{SECRET} and AwEHBG0wawIBAQQg; {key}")
    none_of((SECRET, "AwEHBG0wawIBAQQg", "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49"), shown)
    assert HIDDEN in shown


names = st.text(alphabet=st.characters(categories=["Lu", "Ll"]), min_size=4, max_size=12)


@settings(deadline=None)
@given(names, names, st.text(max_size=40), st.text(max_size=40))
@example("Ashgrove", "Member", "", "")
@example("Redacted", "Person", "person-2", "[redacted]")
def test_no_name_is_left_in_any_text(family, given_name, before, after):
    redactor = Redactor([], [{"family": family, "given": [given_name]}])
    shown = redactor.text(f"{before} {family}, {given_name} {after}")

    assert f" {family}, " not in shown
    assert redactor.text(shown) == shown, "what may be written may be read again"


@pytest.mark.parametrize(("ident", "told"), [("first", "that first; Patient/person-1"), ("p-778899", "that person-1")])
def test_whom_a_token_is_for_is_found_again_by_an_id_that_is_no_word(ident: str, told: str):
    redactor = Redactor()
    answer = json.dumps({"access_token": SECRET, "token_type": "Bearer", "patient": ident}).encode()

    none_of((SECRET, f'"{ident}"'), redactor.body(answer, "application/json", 1000))
    assert redactor.text(f"that {ident}; Patient/{ident}").startswith(told)


@settings(deadline=None)
@given(st.text(max_size=200))
def test_a_text_without_anybody_stays_as_it_is(text):
    assume(not re.search(r"Patient/|Person/|lin|marta|ashgrove|195104|mbr|sub|hartford|061", text, re.IGNORECASE))
    assert Redactor([SECRET], [FIRST]).text(text) == text


# -- by structure ------------------------------------------------------------------------------------------------------


def in_a_bundle(resource: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "entry": [{"fullUrl": "urn:uuid:1", "resource": resource}]}


@pytest.mark.parametrize("wrapped", [
    lambda patient: patient,
    in_a_bundle,
    lambda patient: in_a_bundle(in_a_bundle(patient)),
    lambda patient: {"resourceType": "Claim", "contained": [patient]},
    lambda patient: {"resourceType": "Parameters", "parameter": [{"name": "MemberPatient", "resource": patient}]},
])  # fmt: skip
@pytest.mark.parametrize("kind", ["Patient", "RelatedPerson", "Person"])
def test_a_stranger_is_hidden_wherever_he_stands(redactor, wrapped, kind):
    resource = wrapped({**STRANGER, "resourceType": kind})
    shown = written(redactor, resource)

    none_of(OF_THE_STRANGER, shown)
    assert "person-1" in shown
    assert json.loads(shown)["resourceType"] == resource["resourceType"]


def test_what_structure_told_is_known_in_any_text_after(redactor):
    written(redactor, STRANGER)

    shown = redactor.text("Two candidates: Rosa Villanueva (ZZZ-777001), born 1950-01-30, of Waterbury")
    none_of(OF_THE_STRANGER, shown)
    assert "person-1" in shown


def test_the_shape_and_the_codes_stay(redactor):
    claim = {
        "resourceType": "ClaimResponse", "status": "active", "created": "2027-02-01", "outcome": "complete",
        "patient": {"reference": "Patient/p-778899"},
        "item": [{"itemSequence": 1, "adjudication": [{"category": {"coding": [
            {"system": "https://codesystem.x12.org/005010/306", "code": "A1"}]}, "value": 3.5, "flag": True}]}],
    }  # fmt: skip
    shown = json.loads(written(redactor, claim))

    assert {key: value for key, value in shown.items() if key != "patient"} == {
        key: value for key, value in claim.items() if key != "patient"
    }
    patient = json.loads(written(redactor, STRANGER))
    assert set(patient) == set(STRANGER)
    assert patient["identifier"][0]["system"] == "https://other.example.org/ids"
    assert patient["identifier"][0]["type"] == STRANGER["identifier"][0]["type"]
    assert patient["telecom"][0]["system"] == "phone"
    assert patient["gender"] == "female"


def test_a_member_of_ours_is_the_same_one_in_a_resource(redactor):
    mine = {
        "resourceType": "Patient",
        "identifier": [{"value": "MBR-1002"}],
        "name": [{"family": "Okonjo", "text": "Dan"}],
    }
    shown = json.loads(written(redactor, mine))

    assert shown["identifier"][0]["value"] == shown["name"][0]["family"] == "member-2"


def test_a_person_and_the_references_to_him_have_one_name(redactor):
    bundle = {"resourceType": "Bundle", "entry": [
        {"resource": STRANGER},
        {"resource": {"resourceType": "Claim", "patient": {"reference": "Patient/p-778899", "display": "Rosa V."}}},
    ]}  # fmt: skip
    shown = json.loads(written(redactor, bundle))

    assert shown["entry"][0]["resource"]["name"][0]["family"] == "person-1"
    assert shown["entry"][1]["resource"]["patient"]["reference"] == "Patient/person-1"
    assert "Rosa" not in json.dumps(shown)


def test_two_strangers_are_told_apart_and_each_recognised(redactor):
    other = {**STRANGER, "id": "p-1", "identifier": [{"value": "ZZZ-777002"}]}
    first, second, again = (json.loads(written(redactor, each)) for each in (STRANGER, other, STRANGER))

    assert first["identifier"][0]["value"] != second["identifier"][0]["value"]
    assert again["identifier"] == first["identifier"]


def test_a_coverage_hides_its_numbers(redactor):
    coverage = {
        "resourceType": "Coverage", "identifier": [{"value": "COV-556677"}], "subscriberId": "SUBSCR-889900",
        "dependent": "dependent-01", "status": "active", "payor": [{"display": "Model Payer"}],
    }  # fmt: skip
    shown = written(redactor, coverage)

    none_of(("COV-556677", "SUBSCR-889900"), shown)
    assert json.loads(shown)["status"] == "active"


@pytest.mark.parametrize("parameter", [
    {"name": "MemberIdentifier", "valueIdentifier": {"system": "https://x.example.org", "value": "UMB-123456"}},
    {"name": "x", "valueHumanName": {"family": "UMB-123456"}},
    {"name": "x", "valueAddress": {"line": ["UMB-123456"]}},
    {"name": "x", "valueContactPoint": {"system": "phone", "value": "UMB-123456"}},
])  # fmt: skip
def test_personal_values_of_parameters_are_hidden(redactor, parameter):
    assert "UMB-123456" not in written(redactor, {"resourceType": "Parameters", "parameter": [parameter]})


def test_narrative_is_never_kept(redactor):
    outcome = {"resourceType": "OperationOutcome", "text": {"status": "generated", "div": "<div>Rosa was here</div>"}}
    shown = json.loads(written(redactor, outcome))

    assert "Rosa" not in json.dumps(shown)
    assert shown["text"]["status"] == "generated"


def test_nothing_that_is_given_is_changed(redactor):
    before = copy.deepcopy(STRANGER)
    redactor.resource(STRANGER)
    assert before == STRANGER


json_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=20)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.one_of(
                st.text(max_size=8), st.sampled_from(["resourceType", "name", "identifier", "text", "id", "value"])
            ),
            inner,
            max_size=4,
        ),
    ),
    max_leaves=20,
)


@settings(deadline=None)
@given(json_values)
def test_whatever_a_payer_answers_can_be_written(value):
    redactor = Redactor([SECRET], [FIRST])
    redactor.resource(value)
    shown = redactor.body(json.dumps(value).encode(), "application/fhir+json", LIMIT)

    assert isinstance(shown, str)
    json.dumps(shown)


@settings(deadline=None)
@given(json_values, st.sampled_from(["name", "identifier", "address", "telecom", "birthDate", "contact"]))
def test_whatever_stands_in_a_personal_element_is_hidden(value, element):
    patient = {"resourceType": "Patient", element: [value, {"value": "Xq-Planted-99"}, {"deep": [["Xq-Planted-98"]]}]}
    shown = written(Redactor(), patient)

    none_of(("Xq-Planted-99", "Xq-Planted-98"), shown)


# -- bodies ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"Villanueva Rosa, 1950-01-30 is unknown",
        b"Ashgrove Marta 1951-04-17",
        b'{"name": "Villanueva"',
        b'"Villanueva"',
        b"\xff\xfeVillanueva",
    ],
)
def test_of_a_body_that_cannot_be_read_only_the_shape_is_kept(redactor, body):
    shown = redactor.body(body, "application/fhir+json", LIMIT)

    none_of(("Villanueva", "Rosa", "Ashgrove", "Marta", "1950", "1951"), shown)


def test_a_web_page_is_still_known_as_one(redactor):
    shown = redactor.body(b"<!DOCTYPE html><html><body>Dear Mrs Villanueva</body></html>", "text/html", LIMIT)

    assert "<!DOCTYPE html>" in shown
    assert "Villanueva" not in shown
    assert "60 bytes" in shown


def test_forms_keep_their_fields_and_lose_their_credentials(redactor):
    body = b"grant_type=client_credentials&client_assertion=eyJhbGciOi.J9.x&scope=system/*.rs&client_secret=abcd1234"
    shown = redactor.body(body, "application/x-www-form-urlencoded", LIMIT)

    none_of(("eyJhbGciOi", "abcd1234"), shown)
    assert "grant_type=client_credentials" in shown
    assert "scope=system/*.rs" in shown
    assert "eyJhbGciOi" not in redactor.text("the payer repeats eyJhbGciOi.J9.x")


def test_tokens_in_answers_are_hidden_and_never_shown_again(redactor):
    answer = {"access_token": "tok-55aa55aa", "token_type": "bearer", "expires_in": 300, "scope": "system/*.rs"}
    shown = redactor.body(json.dumps(answer).encode(), "application/json", LIMIT)

    assert json.loads(shown) == {**answer, "access_token": HIDDEN}
    assert "tok-55aa55aa" not in redactor.text("Bearer tok-55aa55aa")


def test_codes_of_fhir_are_no_credentials(redactor):
    issue = {"resourceType": "OperationOutcome", "issue": [{"severity": "error", "code": "invalid"}]}

    assert json.loads(written(redactor, issue)) == issue


def test_bodies_are_cut_and_the_largest_not_kept(redactor):
    long = {"resourceType": "Bundle", "x": "y" * 500}

    assert redactor.body(json.dumps(long).encode(), "application/json", 100).startswith('{"resourceType": "Bundle"')
    assert len(redactor.body(json.dumps(long).encode(), "application/json", 100)) < 120
    assert redactor.body(b"x" * 900, "application/json", 100) == "(900 bytes, not kept)"
    assert redactor.body(b"", "application/json", 100) == ""


def test_whom_a_body_names_that_is_not_kept_is_known_from_then_on(redactor):
    stranger = {"patient": {"identifier": {"system": "http://p.example.org", "value": "A7712345"}}, "note": "x" * 900}
    body = json.dumps({"resourceType": "ExplanationOfBenefit", **stranger}).encode()

    assert redactor.body(body, "application/fhir+json", 100).endswith("not kept)")
    assert "A7712345" not in redactor.text("a record about http://p.example.org|A7712345")


# -- addresses and headers ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "hidden", "kept"),
    [
        (
            "https://x.example.org/fhir/Patient?identifier=ZZZ-1&family=Villanueva",
            ("ZZZ-1", "Villanueva"),
            "identifier=",
        ),
        ("https://x.example.org/fhir/Patient/MBR-1001/$everything", ("MBR-1001",), "Patient/member-1/$everything"),
        ("https://x.example.org/fhir/Patient/p-778899", ("p-778899",), "https://x.example.org/fhir/Patient/"),
        ("https://user:hunter2@x.example.org/fhir", ("hunter2",), "x.example.org/fhir"),
        ("https://x.example.org/next?page=2&ticket=ABC-998877", ("ABC-998877",), "page=2"),
    ],
)
def test_addresses_tell_where_and_not_who(redactor, url, hidden, kept):
    shown = redactor.url(url)

    none_of(hidden, shown)
    assert kept in shown


def test_searches_of_a_formulary_can_be_read(redactor):
    url = "https://x.example.org/fhir/Basic?code=http://x|formulary-item&drug-tier=http://t|generic&_include=Basic:subject&_count=20"
    assert redactor.url(url) == url


@pytest.mark.parametrize(
    "name",
    ["Authorization", "authorization", "Proxy-Authorization", "Cookie", "Set-Cookie", "X-Api-Key", "x-gateway-key"],
)
def test_headers_that_open_doors_are_hidden(redactor, name):
    shown = redactor.headers({name: "Bearer abc123", "content-type": "application/fhir+json"}, also=["X-Gateway-Key"])

    assert shown == {name: HIDDEN, "content-type": "application/fhir+json"}


@pytest.mark.parametrize("name", ["location", "Content-Location"])
def test_addresses_in_headers_are_addresses(redactor, name):
    assert "ZZZ-9" not in redactor.headers({name: "https://x.example.org/Patient?identifier=ZZZ-9"})[name]


def test_members_are_hidden_in_headers(redactor):
    assert "Ashgrove" not in redactor.headers({"warning": "no match for Ashgrove"})["warning"]


# -- strangers in free text --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("SSN 123-45-6789.", f"SSN {HIDDEN}."),
        ("call 555-010-7788 or (860) 555-1212, +1 555.010.9911", f"call {HIDDEN} or {HIDDEN}, {HIDDEN}"),
        ("phone 555-1212", f"phone {HIDDEN}"),
    ],
)
def test_numbers_that_tell_who_somebody_is_are_hidden_in_any_text(redactor, text, shown):
    assert redactor.text(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "NDC 0002-1433-80, 12345-678-90", "urn:oid:2.16.840.1.113883.3.7204", "2026-11-22T10:00:00-05:00",
        "urn:uuid:550e8400-e29b-41d4-a716-446655440000", "LOINC 102089-0, CPT 99213, AUTH-2026-0007788", "555-1212",
    ],
)  # fmt: skip
def test_numbers_of_things_stay(redactor, text):
    assert redactor.text(text) == text


def test_a_name_of_three_letters_is_found_as_it_is_written():
    redactor = Redactor()
    patient = {"resourceType": "Patient", "name": [{"family": "Doe", "given": ["Li"]}]}
    answer = {"resourceType": "ClaimResponse", "disposition": "Denied for Mr Doe: a doe and Doeringer stay"}

    told = redactor.resource({"resourceType": "Bundle", "entry": [{"resource": answer}, {"resource": patient}]})

    assert told["entry"][0]["resource"]["disposition"] == "Denied for Mr person-1: a doe and Doeringer stay"


def test_of_thousands_with_one_first_name_each_is_found():
    redactor = Redactor(members=[{"name": f"Anna Surname{n}"} for n in range(3000)])

    assert redactor.text("ANNA SURNAME17 and Anna Surname2999 came, Anna Surname3000 did not") == (
        "member-18 and member-3000 came, Anna Surname3000 did not"
    )


def test_letters_that_grow_when_they_are_small_hide_nobody():
    redactor = Redactor(members=[{"family": "İlhan"}])

    assert redactor.text("seen: İlhan, twice İlhan.") == "seen: member-1, twice member-1."


@given(st.text(st.one_of(st.characters(max_codepoint=127), st.characters()), max_size=40))
def test_the_words_of_a_text_are_the_same_by_the_short_way(text):
    assert words_of(text) == set(WORD.findall(text))


@pytest.mark.parametrize("about", ["9 Tannery Street", "04/17/1951", "MBR-1003", "o'neill-de la cruz"])
def test_a_value_is_found_by_whatever_word_is_its_longest(about):
    redactor = Redactor(members=[{"about": about}])

    assert redactor.text(f"9 days, 04 of 17, o'neill: ({about}).") == "9 days, 04 of 17, o'neill: (member-1)."
    assert about[:6] not in redactor.text(f"{about[:-2]}…")

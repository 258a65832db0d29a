"""The strict reader and the structural check: what is refused and where, and that nothing official is."""

from __future__ import annotations

import copy
import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from shared_data import DATA, needs_data

from conformance import fhir, strict_json
from conformance.fhir import Coding, NotFhir, Period, Problem, parse, structure
from conformance.strict_json import NotJson, load
from conformance.structures import is_resource_type

# Official files that really break the base standard, and how.
KNOWN_ERRORS = {
    "crd-2.0.1/Binary-CRDServiceResponse.json": "Binary.data holds a file name",
    "hrex-1.2.0/Requirements-fromNarrative.json": "Requirements is a type of R5",
    **{
        f"pdex-definitions/SearchParameter-{name}.json": "the narrative has no div"
        for name in (
            "explanationofbenefit-identifier",
            "explanationofbenefit-patient",
            "explanationofbenefit-service-date",
            "explanationofbenefit-type",
            "explanationofbenefit-use",
            "group-code",
        )
    },
}

DEEP = 10_000

FORM: dict[str, Any] = {"resourceType": "Questionnaire", "status": "active"}
PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p1",
    "active": True,
    "birthDate": "1970-01-31",
    "name": [{"family": "Example", "given": ["Ann", "B."]}],
    "managingOrganization": {"reference": "Organization/o1"},
}
RESPONSE: dict[str, Any] = {
    "resourceType": "ClaimResponse",
    "status": "active",
    "type": {"coding": [{"code": "professional"}]},
    "use": "preauthorization",
    "patient": {"reference": "Patient/p1"},
    "created": "2027-02-01T09:00:00-05:00",
    "insurer": {"reference": "Organization/o1"},
    "outcome": "complete",
    "item": [
        {
            "itemSequence": 1,
            "adjudication": [{"category": {"coding": [{"code": "submitted"}]}, "amount": {"value": 1.5}}],
        }
    ],
}


# --- reading -----------------------------------------------------------------------------------------------------

REFUSED = [
    (b"", "is empty"),
    (b" \n\t", "is empty"),
    (b"<html><body>Sign in</body></html>", "HTML or XML"),
    (b'{"resourceType": "Pa', "breaks off: something is left open at line 1, column 18"),
    (b'{"resourceType": "Patient",', "breaks off: something is left open at line 1"),
    (b'{\n "a": 1,\n "b" 2}', "a colon is missing at line 3, column 6"),
    (b'{"a": 1 "b": 2}', "a comma or a closing bracket is missing at line 1, column 9"),
    (b'{"a": ?}', "a value is missing at line 1, column 7"),
    (b"{a: 1}", "a property name is missing at line 1, column 2"),
    (b"{} {}", "more text follows the JSON at line 1, column 4"),
    (b'{"a": "x\ny"}', "a control character stands inside a string at line 1, column 9"),
    (rb'{"a": "\q"}', "an escape in a string is wrong at line 1"),
    (b'{"a": NaN}', "NaN, which is no JSON number, at line 1, column 7"),
    (b'{"b": "NaN",\n "a": -Infinity}', "-Infinity, which is no JSON number, at line 2, column 7"),
    (b'{"a": [1, 1e400]}', "too large to read at line 1, column 11"),
    (b'{"a": ' + b"9" * 5000 + b"}", "too large to read at line 1, column 7"),
    (b'{"a": 1,\n "c": {"a": 2},\n "a": 3}', "the property 'a' twice in one object at line 3, column 2"),
    (b'{"c": [{"x": "a", "x": "b"}]}', "the property 'x' twice in one object at line 1, column 19"),
    (rb'{"\u0061": 1, "a": 2}', "the property 'a' twice"),
    (b'{"a": "\xff"}', "is not UTF-8: byte 8 begins no character"),
    ('{"a": "é"}'.encode("latin-1"), "is not UTF-8"),
    ('{"a": "b"}'.encode("utf-16"), "is not UTF-8"),
    (rb'{"a": "b", "c": "\ud800"}', "half a character (a lone surrogate) in the string at line 1, column 17"),
    (b"[" * DEEP + b"]" * DEEP, "more than 100 levels deep at line 1, column 101"),
    (b'{"a":' * DEEP + b"1" + b"}" * DEEP, "more than 100 levels deep"),
    (b"[" * DEEP, "more than 100 levels deep"),
]


@pytest.mark.parametrize(("body", "reason"), REFUSED, ids=[reason[:40] for _, reason in REFUSED])
def test_what_is_no_json_is_refused_with_its_place(body: bytes, reason: str) -> None:
    with pytest.raises(NotJson) as refused:
        load(body)
    assert reason in refused.value.reason
    with pytest.raises(NotFhir) as refused_as_fhir:
        parse(body)
    assert refused_as_fhir.value.reason == refused.value.reason


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"[]", "not an object"),
        (b'"Patient"', "not an object"),
        (b"{}", "without a resourceType"),
        (b'{"resourceType": ""}', "without a resourceType"),
        (b'{"resourceType": 7}', "without a resourceType"),
    ],
)
def test_json_that_is_no_resource_is_refused(body: bytes, reason: str) -> None:
    with pytest.raises(NotFhir, match=reason):
        parse(body)


def test_unusual_but_lawful_json_is_read() -> None:
    marked = b'\xef\xbb\xbf{"resourceType": "Patient"}'
    assert parse(marked) == {"resourceType": "Patient"}
    assert strict_json.has_byte_order_mark(marked)
    assert not strict_json.has_byte_order_mark(marked[3:])
    assert load(rb'"\ud83d\ude00 \\ud800"') == "\U0001f600 \\ud800"
    assert load(b'{"a": "NaN", "b": ["a", "a"], "c": {"a": 1}}') == {"a": "NaN", "b": ["a", "a"], "c": {"a": 1}}
    assert load(b'["[[", "{", "\\"["]') == ["[[", "{", '"[']
    assert load(b"[" * 100 + b"]" * 100)
    assert load(b'{"a": [' + b",".join([b"{}"] * 500) + b"]}")["a"] == [{}] * 500
    assert load(b"[1.10, -0.0, 1e-7, 12345678901234567890]") == [1.1, -0.0, 1e-7, 12345678901234567890]


@pytest.mark.parametrize(
    "body",
    [
        b"[" + b"{}," * 200 + b'"' + b'\\"' * 500_000,  # a string that never ends, full of escaped quotes
        b"{" + b'"a": "' * 200_000,
        b'{"a": [' + b'{"k": "v"},' * 100_000 + b'{"k": 1, "k": 2}]}',
        b'{"a": [' + b'"\\ud83d\\ude00",' * 100_000 + b'"\\udc00"]}',
        b"[" + b"9" * 4000 + b"," + b"1" * 1_000_000 + b"]",
        b"\n" * 1_000_000 + b'{"a": NaN}',
    ],
)
def test_a_hostile_text_is_refused_in_linear_time(body: bytes) -> None:
    started = time.monotonic()
    with pytest.raises(NotJson):
        load(body)
    assert time.monotonic() - started < 20


def test_reading_is_safe_deep_in_a_stack() -> None:
    def from_below(levels: int) -> Any:
        return from_below(levels - 1) if levels else load(b"[" * DEEP + b"]" * DEEP)

    with pytest.raises(NotJson, match="100 levels"):
        from_below(700)


# --- structure ---------------------------------------------------------------------------------------------------


def test_sound_resources_have_no_problem() -> None:
    assert structure(PATIENT) == ()
    assert structure(RESPONSE) == ()
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": PATIENT}, {"resource": RESPONSE}]}
    assert structure(bundle) == ()


def test_what_the_library_itself_wrongly_refuses_is_lawful() -> None:
    """Primitive siblings inside extensions, any UUID, a value that is absent with a reason."""
    absent = [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]
    assert structure({**PATIENT, "extension": [{"url": "http://x", "_valueCode": {"extension": absent}}]}) == ()
    assert structure({**PATIENT, "_birthDate": {"extension": absent}}) == ()
    uuid = "urn:uuid:c757873d-ec9a-1326-0141-556f43239520"
    assert structure({**PATIENT, "extension": [{"url": "http://x", "valueUuid": uuid}]}) == ()
    without = {name: value for name, value in RESPONSE.items() if name != "created"}
    assert structure({**without, "_created": {"extension": absent}}) == ()
    name = {"given": [None, "B."], "_given": [{"extension": absent}, None]}
    assert structure({**PATIENT, "name": [name]}) == ()


WRONG: list[tuple[dict[str, Any], str, str]] = [
    (RESPONSE | {"outcome": "banana"}, "ClaimResponse.outcome", "'banana' is not among the codes allowed here: queued"),
    (RESPONSE | {"outcome": ["complete"]}, "ClaimResponse.outcome", "is a list, but a text is expected"),
    (RESPONSE | {"item": {}}, "ClaimResponse.item", "is an object, but a list is expected"),
    (RESPONSE | {"item": []}, "ClaimResponse.item", "is an empty list"),
    (RESPONSE | {"item": [{}]}, "ClaimResponse.item[0]", "is empty"),
    (RESPONSE | {"item": [None]}, "ClaimResponse.item[0]", "is null, but an object (ClaimResponseItem) is expected"),
    (RESPONSE | {"item": [{"itemSequence": 1}]}, "ClaimResponse.item[0].adjudication", "is required and missing"),
    (RESPONSE | {"created": "2027-02-01T09:00"}, "ClaimResponse.created", "is not a date, or a time"),
    (RESPONSE | {"created": "2027-02-30"}, "ClaimResponse.created", "is not a date, or a time"),
    (
        RESPONSE | {"patient": {"reference": "Organization/o1"}},
        "ClaimResponse.patient.reference",
        "refers to a Organiz",
    ),
    (
        RESPONSE | {"patient": {"reference": "https://x.example/fhir/Claim/1/_history/2"}},
        "ClaimResponse.patient.reference",
        "refers to a Claim, but may refer to: Patient",
    ),
    (RESPONSE | {"banana": 1}, "ClaimResponse.banana", "is no element that FHIR R4 has here"),
    (RESPONSE | {"_insurer": {"id": "x"}}, "ClaimResponse._insurer", "is no element"),
    (PATIENT | {"active": "true"}, "Patient.active", "is a text, but true or false is expected"),
    (PATIENT | {"birthDate": "1970-1-31"}, "Patient.birthDate", "is not a date (YYYY"),
    (PATIENT | {"birthDate": "１９７０-01-31"}, "Patient.birthDate", "is not a date"),
    (PATIENT | {"birthDate": ""}, "Patient.birthDate", "is an empty text"),
    (PATIENT | {"birthDate": None}, "Patient.birthDate", "is null"),
    (PATIENT | {"id": "a_b"}, "Patient.id", "is not an id"),
    (PATIENT | {"name": [{"given": [None]}]}, "Patient.name[0].given[0]", "is null"),
    (PATIENT | {"name": [{"given": "Ann"}]}, "Patient.name[0].given", "is a text, but a list is expected"),
    (PATIENT | {"name": [{"given": ["Ann"], "_given": {"id": "a"}}]}, "Patient.name[0]._given", "a list is expected"),
    (PATIENT | {"multipleBirthBoolean": True, "multipleBirthInteger": 2}, "Patient.multipleBirth[x]", "more than once"),
    (PATIENT | {"multipleBirthInteger": 2.5}, "Patient.multipleBirthInteger", "not a whole one"),
    (PATIENT | {"multipleBirthInteger": "2"}, "Patient.multipleBirthInteger", "a number is expected"),
    (PATIENT | {"extension": [{"valueCode": "x"}]}, "Patient.extension[0].url", "is required and missing"),
    (PATIENT | {"_birthDate": {"extension": [{}]}}, "Patient._birthDate.extension[0]", "is empty"),
    (PATIENT | {"extension": [{"url": "http://x"}]}, "Patient.extension[0]", "has neither a value nor"),
    (
        PATIENT | {"_birthDate": {"extension": [{"url": "http://x", "id": "1"}]}},
        "Patient._birthDate.extension[0]",
        "has neither a value nor",
    ),
    (PATIENT | {"modifierExtension": [{"url": "http://x"}]}, "Patient.modifierExtension[0]", "has neither a value nor"),
    (
        PATIENT | {"extension": [{"url": "http://x", "valueCode": "y", "extension": [{"url": "z", "valueCode": "y"}]}]},
        "Patient.extension[0]",
        "has both a value and extensions of its own",
    ),
    (
        PATIENT | {"address": [{"period": {"start": "2026-05-04", "end": "2026-05-03"}}]},
        "Patient.address[0].period",
        "be",
    ),
    (
        PATIENT | {"address": [{"period": {"start": "2026-05-04T09:00:00-05:00", "end": "2026-05-04T13:59:00Z"}}]},
        "Patient.address[0].period",
        "ends (2026-05-04T13:59:00Z) before it begins",
    ),
    (
        {"resourceType": "Observation", "status": "done", "code": {"text": "x"}},
        "Observation.status",
        "'done' is not among the codes allowed here: registered",
    ),
    (PATIENT | {"telecom": [{"value": "555"}]}, "Patient.telecom[0]", "has a value without a system"),
    (PATIENT | {"photo": [{"data": "AAAA"}]}, "Patient.photo[0]", "has a data without a contentType"),
    (
        PATIENT | {"extension": [{"url": "http://x", "valueQuantity": {"value": 1, "code": "d"}}]},
        "Patient.extension[0].valueQuantity",
        "has a code without a system",
    ),
    (PATIENT | {"contained": [{"resourceType": "Nobody"}]}, "Patient.contained[0].resourceType", "'Nobody' is no res"),
    (PATIENT | {"contained": [{"id": "x"}]}, "Patient.contained[0]", "has no resourceType"),
    (FORM | {"item": [{"linkId": "1", "type": "essay"}]}, "Questionnaire.item[0].type", "'essay' is not among"),
    (
        FORM | {"item": [{"linkId": "1", "type": "group", "item": [{"linkId": "1", "type": "choice"}]}]},
        "Questionnaire",
        "has two items with the linkId 1",
    ),
    ({"resourceType": "Banana"}, "Banana.resourceType", "is no resource type of FHIR R4"),
    ({"resourceType": "DomainResource"}, "DomainResource.resourceType", "is no resource type of FHIR R4"),
    ({"resourceType": "Observation", "status": "final"}, "Observation.code", "is required and missing"),
    (
        {"resourceType": "Parameters", "parameter": [{"name": "a"}, {"name": "b", "resource": {"resourceType": "X"}}]},
        "Parameters.parameter[1].resource.resourceType",
        "'X' is no resource type",
    ),
]


@pytest.mark.parametrize(("resource", "at", "message"), WRONG, ids=[f"{at} {says[:20]}" for _, at, says in WRONG])
def test_one_mistake_is_one_problem_at_its_place(resource: dict[str, Any], at: str, message: str) -> None:
    (problem,) = structure(resource)
    assert problem.at == at
    assert message in problem.message


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-05-04", "2026-05-04"),
        ("2026-05", "2026-05-03"),
        ("2026-05-04T20:00:00-05:00", "2026-05-04"),  # the day may be one where it is still the fourth
        ("2026-05-05T04:00:00+10:00", "2026-05-04T18:00:00Z"),  # one moment
        ("2026-05-04", "9999-12-31T23:59:59-12:00"),
        ("soon", "2026-05-04"),
    ],
)
def test_a_period_that_may_end_after_it_begins_is_left_alone(start: str, end: str) -> None:
    told = structure(PATIENT | {"address": [{"period": {"start": start, "end": end}}]})
    assert not [each for each in told if "before it begins" in each.message]


@pytest.mark.parametrize(("kind", "status"), [("Observation", "corrected"), ("DiagnosticReport", "appended")])
def test_codes_that_the_library_leaves_out_are_known(kind: str, status: str) -> None:
    assert structure({"resourceType": kind, "status": status, "code": {"text": "x"}}) == ()


def test_a_missing_choice_that_is_required_is_told() -> None:
    dispense = {"resourceType": "MedicationDispense", "status": "completed"}
    assert structure(dispense) == (Problem("MedicationDispense.medication[x]", "is required and missing"),)


def test_a_bad_entry_is_told_with_its_place_and_hides_no_other() -> None:
    entries = [{"resource": PATIENT}, {"resource": {"resourceType": "Nobody"}}, {"resource": RESPONSE | {"use": "x"}}]
    found = structure({"resourceType": "Bundle", "type": "collection", "entry": entries})
    assert [problem.at for problem in found] == [
        "Bundle.entry[1].resource.resourceType",
        "Bundle.entry[2].resource.use",
    ]


def test_types_that_only_r4_has_are_known_and_not_judged() -> None:
    assert structure({"resourceType": "EvidenceVariable", "anything": 1}) == ()
    assert structure({"resourceType": "MedicinalProduct", "anything": 1}) == ()
    assert is_resource_type("SubstanceSpecification")
    assert is_resource_type("MedicinalProductDefinition")
    assert not is_resource_type("Coding")


def test_open_code_lists_are_not_judged() -> None:
    statement = {"resourceType": "CapabilityStatement", "status": "active", "date": "2027", "kind": "instance"}
    assert structure({**statement, "fhirVersion": "4.0.1", "format": ["application/fhir+json"]}) == ()
    encounter = {"resourceType": "Encounter", "class": {"code": "AMB"}, "status": "entered-in-error"}
    assert structure(encounter) == ()


def test_references_without_a_type_are_not_judged() -> None:
    for written in ("urn:uuid:c757873d-ec9a-4326-a141-556f43239520", "#p", "https://x.example/anything", "Patient?a=b"):
        assert structure(RESPONSE | {"insurer": {"reference": written}}) == ()
    assert structure(RESPONSE | {"insurer": {"identifier": {"value": "1"}}}) == ()


def test_a_flood_of_mistakes_is_cut() -> None:
    assert len(structure({**PATIENT, **{f"x{number}": 1 for number in range(10_000)}})) == fhir.MAX_PROBLEMS
    assert len(structure({**PATIENT, "name": [{"given": [1] * 10_000}]})) == fhir.MAX_PROBLEMS


def test_nesting_without_end_is_told_and_not_followed() -> None:
    extension: dict[str, Any] = {"url": "http://x"}
    for _ in range(500):
        extension = {"url": "http://x", "extension": [extension]}
    (problem,) = structure({**PATIENT, "extension": [extension]})
    assert "nested more than 100 levels" in problem.message


def test_no_problem_repeats_a_personal_value() -> None:
    leaks = {"birthDate": "31.01.1970", "name": [{"family": 19700131}], "telecom": [{"value": "", "system": "phone"}]}
    said = " ".join(problem.message for problem in structure({**PATIENT, **leaks}))
    assert said
    assert "1970" not in said


# --- the official examples ---------------------------------------------------------------------------------------


def _examples() -> Iterator[tuple[str, Path]]:
    for path in sorted((DATA / "examples").rglob("*.json")):
        yield path.relative_to(DATA / "examples").as_posix(), path


@needs_data
def test_every_official_example_is_sound() -> None:
    seen, wrong = 0, {}
    for name, path in _examples():
        content = load(path.read_bytes())
        if "resourceType" not in content:
            continue  # a CDS Hooks message, a manifest, a SMART configuration
        seen += 1
        if problems := structure(content):
            wrong[name] = problems
    assert seen > 400
    assert {name: wrong[name] for name in wrong if name not in KNOWN_ERRORS} == {}
    assert sorted(wrong) == sorted(KNOWN_ERRORS), "an error that is known is no longer found"


@needs_data
def test_a_real_formulary_has_the_errors_that_are_known() -> None:
    found: Counter[str] = Counter()
    for path in sorted((DATA / "formulary-real").glob("*.ndjson")):
        for line in path.read_bytes().splitlines():
            found.update(
                f"{problem.at.rstrip('[0123456789]')}: {problem.message}" for problem in structure(parse(line))
            )
    code = "MedicationKnowledge.doseForm.coding[0].code: is a number, but a text is expected"
    quantity = "Basic.extension: has neither a value nor extensions of its own"
    assert found == Counter({code: 705, quantity: 31})


def _broken_copies(resource: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The resource with one thing broken at a time: each value in turn left out, or made something else."""

    def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield (*path, key)
            if isinstance(each, (dict, list)):
                yield from places(each, (*path, key))

    for path in places(resource):
        for how, change in (("gone", None), ("number", 7), ("text", "two  words "), ("object", {"x": "y"})):
            changed = copy.deepcopy(resource)
            holder = changed
            for key in path[:-1]:
                holder = holder[key]
            if how == "gone":
                del holder[path[-1]]
            else:
                holder[path[-1]] = change
            yield f"{how} {path}", changed


@needs_data
@pytest.mark.parametrize(
    "name",
    [
        "pas-2.2.1/Bundle-ReferralAuthorizationResponseBundleExample.json",
        "formulary-2.0.1/MedicationKnowledge-FormularyDrug-1000091.json",
        "hrex-1.0.0/Parameters-member-match-out.json",
        "pdex-2.2.0/ExplanationOfBenefit-PDexPriorAuth1.json",
        "formulary-2.0.1/InsurancePlan-PayerInsurancePlanA1002.json",
    ],
)
def test_whatever_the_librarys_own_validator_refuses_is_found(name: str) -> None:
    """The walk over the library's tables against the library's validator, on resources broken in every place."""
    from fhir.resources.R4B import get_fhir_model_class

    resource = parse((DATA / "examples" / name).read_bytes())
    if resource["resourceType"] == "Bundle":
        resource = resource["entry"][0]["resource"]
    model = get_fhir_model_class(resource["resourceType"])
    model.model_validate(resource)
    tried = refused = 0
    for how, broken in _broken_copies(resource):
        tried += 1
        try:
            model.model_validate(broken)
        except (ValueError, KeyError, TypeError, AttributeError):
            refused += 1
            if "resourceType" in broken:
                assert structure(broken), how
    assert refused > tried / 4


# --- shapes ------------------------------------------------------------------------------------------------------


def test_codings() -> None:
    coding = {"system": "s", "code": "c", "display": "d"}
    assert fhir.codings({"coding": [coding, {"code": "x"}, "broken"]}) == [Coding("s", "c", "d"), Coding("", "x")]
    assert fhir.codings(coding) == [Coding("s", "c", "d")]
    for nothing in (None, {}, [], "c", {"coding": None}, {"text": "only"}):
        assert fhir.codings(nothing) == []


def test_extensions() -> None:
    found = {"url": "u", "valueCode": "c"}
    assert fhir.extensions({"extension": [found, {"url": "v"}, 3]}, "u") == [found]
    for nothing in (None, {}, {"extension": "u"}, []):
        assert fhir.extensions(nothing, "u") == []


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("Patient/1", ("Patient", "1")),
        ({"reference": "https://x.example/r4/Patient/1/_history/3"}, ("Patient", "1")),
        ("urn:uuid:c757873d-ec9a-4326-a141-556f43239520", ("", "")),
        ("#contained", ("", "")),
        ("Patient?identifier=1", ("", "")),
        ({"identifier": {"value": "1"}}, ("", "")),
        (None, ("", "")),
    ],
)
def test_reference_type_and_id(reference: Any, expected: tuple[str, str]) -> None:
    assert fhir.reference_type_and_id(reference) == expected


def test_period() -> None:
    assert fhir.period({"start": "2027", "end": "9999-12-31"}) == Period("2027", "9999-12-31")
    assert fhir.period({"start": 2027}) == Period("", "")
    assert fhir.period(None) == Period("", "")


def test_the_library_is_loaded_only_when_asked() -> None:
    import subprocess
    import sys

    code = "import sys, conformance.fhir; sys.exit(any(name.startswith('fhir.') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_check_is_fast_enough_for_large_answers() -> None:
    bundle = {"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": RESPONSE}] * 2000}
    body = json.dumps(bundle).encode()
    started = time.monotonic()
    assert structure(parse(body)) == ()
    assert time.monotonic() - started < 20

"""Reading CapabilityStatements, SMART and Da Vinci configurations."""

from __future__ import annotations

import pytest
from api_examples import GUIDES, example
from shared_data import needs_data

from conformance.apis.discovery import opens, read_capabilities, read_davinci, read_smart
from conformance.apis.discovery_faults import document_faults, may_go_without_tls, required_keys, smart_faults


@needs_data
def test_the_formulary_guides_server_statement():
    read = read_capabilities(example("formulary-artifacts/CapabilityStatement-usdf-server.json"))
    assert (read.status, read.kind, read.fhir_version) == ("active", "requirements", "4.0.1")
    assert read.speaks_json
    assert read.claims(GUIDES["usdf", "2.0.1"]["server"])
    assert read.modes == ("server",)
    assert read.resources == {"InsurancePlan", "Basic", "MedicationKnowledge", "Location"}
    assert {
        ("Basic", "formulary"),
        ("MedicationKnowledge", "drug-name"),
        ("InsurancePlan", "type"),
    } <= read.search_params
    assert any(kind == "Basic" and "subject" in include for kind, include in read.includes)
    assert {("Basic", "read"), ("Basic", "search-type")} <= read.interactions
    assert read.operations == frozenset()


@needs_data
@pytest.mark.parametrize(
    "name", ["CapabilityStatement-pdex-server.json", "plan-net-1.2.0.json", "c4bb-2.1.0.json", "usdf-server-2.1.0.json"]
)
def test_other_guides_statements_are_read(name):
    read = read_capabilities(example(f"capabilitystatements/{name}"))
    assert read.resources
    assert read.fhir_version == "4.0.1"


def statement(**rest: object) -> dict[str, object]:
    return {"resourceType": "CapabilityStatement", "rest": [{"mode": "server", **rest}]}


SUBMIT = GUIDES["pas", "2.2.1"].operations["prior-auth.submit"]


@pytest.mark.parametrize(
    ("rest", "declared"),
    [
        ({"resource": [{"type": "Claim", "operation": [{"name": "submit"}]}]}, True),
        ({"resource": [{"type": "Claim", "operation": [{"name": "$submit"}]}]}, True),
        ({"resource": [{"type": "Claim", "operation": [{"name": "PAS", "definition": SUBMIT["definition"]}]}]}, True),
        (
            {
                "resource": [
                    {"type": "Claim", "operation": [{"name": "PAS", "definition": SUBMIT["definition"] + "|2.2.1"}]}
                ]
            },
            True,
        ),
        ({"operation": [{"name": "submit"}]}, True),
        ({"resource": [{"type": "ClaimResponse", "operation": [{"name": "submit"}]}]}, False),
        ({"resource": [{"type": "Claim", "operation": [{"name": "inquire"}]}]}, False),
        ({}, False),
    ],
)
def test_an_operation_is_declared_by_name_or_definition(rest, declared):
    read = read_capabilities(statement(**rest))
    assert read.declares("Claim", SUBMIT["code"], SUBMIT["definition"]) is declared


def test_what_an_endpoint_does_as_a_client_is_not_its_servers():
    client = {"mode": "client", "resource": [{"type": "Claim", "operation": [{"name": "submit"}]}]}
    read = read_capabilities({"resourceType": "CapabilityStatement", "rest": [client]})
    assert not read.declares("Claim", "submit")
    assert read.modes == ("client",)


def test_anything_else_is_no_statement():
    for other in (None, [], "", {"resourceType": "OperationOutcome"}):
        assert read_capabilities(other) is None


@needs_data
def test_a_smart_configuration():
    read = read_smart(example("smart-udap/smart-configuration.json"))
    guide = GUIDES["smart", "2.2.0"]
    assert set(guide["required_keys"]) <= read.keys
    assert read.token_endpoint == "https://payer.example/auth/token"
    assert guide["asymmetric_capability"] in read.capabilities
    assert guide["asymmetric_method"] in read.token_auth_methods
    assert set(guide["asymmetric_algorithms"]) & set(read.signing_algorithms)
    assert read.code_challenge_methods == ("S256",)
    assert read.urls["jwks_uri"] == read.jwks_uri


def test_an_empty_value_is_no_value():
    read = read_smart(
        {"token_endpoint": "", "capabilities": [], "grant_types_supported": "client_credentials", "issuer": 3}
    )
    assert read.keys == {"grant_types_supported", "issuer"}
    assert (read.token_endpoint, read.issuer, read.grant_types) == ("", "", ())
    for other in (None, [], "x"):
        assert read_smart(other) is None


@needs_data
def test_a_davinci_configuration():
    read = read_davinci(example("hrex-1.2.0/Binary-Wellknown.json"))
    assert read.identifier.value == "12345"
    assert read.endpoint("davinci_crd_hook_endpoint", "1.2.0") == "http://example.org/foo/bar/crdnew"
    assert read.endpoint("davinci_crd_hook_endpoint", "2.0") == ""
    assert read.endpoint("something_else", "1.0") == "http://example.org/anotheruri"
    assert len(read.endpoints) == 5


def test_a_davinci_configuration_as_a_list():
    read = read_davinci({"endpoints": [{"key": "a_endpoint", "value": "https://a"}, {"key": "b"}, {"value": "c"}, 3]})
    assert dict(read.endpoints) == {"a_endpoint": "https://a"}
    assert read.identifier.value == ""
    for other in (None, [], 3):
        assert read_davinci(other) is None


# -- what a SMART configuration lacks ---------------------------------------------------------------------------------

SMART = {
    "token_endpoint": "https://payer.example/auth/token",
    "grant_types_supported": ["client_credentials"],
    "capabilities": ["client-confidential-asymmetric"],
    "code_challenge_methods_supported": ["S256"],
}
SIGN_IN = {"issuer": "https://payer.example", "jwks_uri": "https://payer.example/keys"}


@pytest.mark.parametrize(
    ("more", "faults"),
    [
        ({}, ()),
        ({"authorization_endpoint": None, "issuer": "", "scopes_supported": []}, ()),
        ({"capabilities": ["launch-ehr"]}, ("no authorization_endpoint",)),
        ({"capabilities": ["launch-standalone"], "authorization_endpoint": "https://payer.example/authorize"}, ()),
        ({"capabilities": ["sso-openid-connect"]}, ("no issuer", "no jwks_uri")),
        ({"capabilities": ["sso-openid-connect"], **SIGN_IN}, ()),
        ({"capabilities": "launch-ehr"}, ("capabilities is no list of strings",)),
        ({"code_challenge_methods_supported": "S256"}, ("code_challenge_methods_supported is no list of strings",)),
        ({"scopes_supported": [7]}, ("scopes_supported is no list of strings",)),
        ({"token_endpoint": "/auth/token"}, ("token_endpoint is not an absolute URL",)),
        ({"token_endpoint": None}, ("no token_endpoint",)),
    ],
)
def test_what_a_smart_configuration_lacks(more, faults):
    read, guide = read_smart({**SMART, **more}), GUIDES["smart", "2.2.0"]
    assert read is not None
    assert smart_faults(read, required_keys(read, guide), guide["url_keys"]) == faults


def test_a_configuration_says_that_it_is_json():
    assert document_faults("application/json") == document_faults("application/fhir+json") == ()
    assert document_faults("text/html") == ("content type text/html instead of application/json",)
    assert document_faults("") == ("content type missing instead of application/json",)


@pytest.mark.parametrize(
    ("scope", "reached"),
    [
        ("system/Location.rs", False),
        ("", False),
        ("openid launch/patient", False),
        ("system/Claim.r", True),
        ("system/Location.rs system/ClaimResponse.rs", True),
        ("system/*.rs", True),
        ("user/*.read", True),
        ("system/ClaimX.rs", False),
        ("api://pas/.default", True),  # no SMART scope: it may open anything
        ("system/Location.rs pas.write", True),
    ],
)
def test_what_a_scope_says_it_opens(scope, reached):
    assert opens(scope, ("Claim", "ClaimResponse")) is reached


@pytest.mark.parametrize(
    ("url", "environment", "may"),
    [
        ("http://127.0.0.1:8080/fhir", "production", True),
        ("http://[::1]/fhir", "production", True),
        ("http://localhost/fhir", "production", True),
        ("http://payer.localhost/fhir", "production", True),
        ("http://payer.example/fhir", "test", True),
        ("http://payer.example/fhir", "production", False),
        ("http://10.0.0.1/fhir", "production", False),
        ("http://localhost.payer.example/fhir", "production", False),
    ],
)
def test_where_plain_http_is_nobodys_loss(url, environment, may):
    assert may_go_without_tls(url, environment) is may

"""UDAP metadata: what they lack, and whether their signature is the server's own."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime

import pytest
from api_examples import GUIDES, example
from cryptography import x509
from joserfc import jws
from joserfc.jwk import RSAKey
from shared_data import needs_data

from conformance.apis.udap import metadata_faults, read_signed, signed_faults
from conformance.sandbox import udap as sandbox
from conformance.wire.signatures import addresses, signed_by

GUIDE = GUIDES["udap", "2.0.0"]
BASE = "https://payer.example/fhir"
NOW = datetime(2027, 2, 1, tzinfo=UTC)
SOUND = {"iss": BASE, "sub": BASE, "exp": int(NOW.timestamp()) + 86400, "token_endpoint": f"{BASE}/token"}


def signed(**changes: object) -> dict[str, object]:
    """A document whose signed metadata hold these claims; None takes one out."""
    claims = {key: value for key, value in {**SOUND, **changes}.items() if value is not None}
    header = {"alg": "RS256", "x5c": [base64.b64encode(sandbox.certificate(BASE)).decode()]}
    compact = jws.serialize_compact(header, json.dumps(claims).encode(), RSAKey.import_key(sandbox.signer().pem))
    return {"signed_metadata": compact, "token_endpoint": f"{BASE}/token"}


@needs_data
def test_the_example_is_complete():
    document = example("smart-udap/udap-metadata.json")

    assert metadata_faults(document, GUIDE) == ()
    assert read_signed(document) is None, "its signature is words"
    assert metadata_faults({**document, "udap_profiles_supported": ["udap_dcr", "udap_authn"]}, GUIDE) == (
        "no profile udap_authz",
    )
    assert metadata_faults({**document, "grant_types_supported": ["authorization_code"]}, GUIDE) == (
        "no authorization_endpoint",
    )
    assert metadata_faults({**document, "udap_versions_supported": ["2"]}, GUIDE) == ("not version 1",)


@pytest.mark.parametrize("document", [None, [], "x", {}])
def test_what_is_no_document(document):
    assert metadata_faults(document, GUIDE)
    assert read_signed(document) is None


def test_what_nests_too_deeply_is_no_signed_metadata():
    deep = base64.urlsafe_b64encode(b"[" * 200_000).decode().rstrip("=")
    assert read_signed({"signed_metadata": f"{deep}.{deep}.AA"}) is None


def test_a_certificate_with_an_extension_twice_is_for_no_address():
    whole = sandbox.certificate(BASE)
    names = x509.load_der_x509_certificate(whole).extensions.get_extension_for_class(x509.SubjectAlternativeName)
    assert names
    with pytest.MonkeyPatch.context() as patched:

        def twice(_body: bytes) -> object:
            raise x509.DuplicateExtension("twice", x509.SubjectAlternativeName.oid)

        patched.setattr(x509, "load_der_x509_certificate", twice)
        assert addresses(whole) == ()


def test_a_signature_of_the_servers_own():
    document = signed()
    found = read_signed(document)

    assert found is not None
    assert signed_faults(found, document, f"{BASE}/", NOW, GUIDE) == ()
    assert signed_by(found.certificates[0], found.signing_input, found.signature)
    assert addresses(found.certificates[0]) == (BASE,)
    assert not signed_by(found.certificates[0], found.signing_input + b"x", found.signature)
    assert not signed_by(b"no certificate", found.signing_input, found.signature)
    assert addresses(b"no certificate") == ()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"iss": "https://other.example"}, "issuer and subject are not this base URL"),
        ({"exp": None}, "no expiry"),
        ({"exp": int(NOW.timestamp()) - 1}, "expired"),
        ({"exp": int(NOW.timestamp()) + 400 * 86400}, "good for more than a year"),
        ({"exp": 10**400}, "good for more than a year"),
        ({"token_endpoint": "https://other.example/token"}, "token_endpoint differs from what is signed"),
    ],
)
def test_what_is_wrong_with_what_was_signed(changes, told):
    document = signed(**changes)

    assert signed_faults(read_signed(document), document, BASE, NOW, GUIDE) == (told,)

"""UDAP metadata: what is published at .well-known/udap, signed with a certificate for the base URL.

``policies.trust["udap"]``: the signing key (PEM), and a function from a base URL to the certificate for it.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jws
from joserfc.jwk import RSAKey

from conformance.sandbox import certificates
from conformance.sandbox.frame import Answer, Call
from conformance.sandbox.outcome import refusal
from conformance.sandbox.store import Payer

YEAR = 365 * 86400


@dataclass(frozen=True)
class Signer:
    """The payer's UDAP key, and certificates that it signs for itself."""

    key: rsa.RSAPrivateKey = field(repr=False)

    @property
    def pem(self) -> bytes:
        """The key as PEM."""
        encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        return self.key.private_bytes(encoding, form, serialization.NoEncryption())


@cache
def signer() -> Signer:
    """A key made once for the process: making one takes long."""
    return Signer(rsa.generate_private_key(public_exponent=65537, key_size=2048))


@cache
def signing_key() -> RSAKey:
    """The key as what is signed takes it."""
    return RSAKey.import_key(signer().pem)


@cache
def certificate(url: str) -> bytes:
    """A certificate (DER) for a base URL."""
    key = signer().key
    name = certificates.name("Model payer")
    built = certificates.builder(name, name, key.public_key())
    built = built.add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(url)]), critical=False)
    return built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def metadata(_call: Call, payer: Payer) -> Answer:
    """GET .well-known/udap; 404 where the payer does not offer it."""
    rules = payer.policies.trust.get("udap", {})
    if rules.get("absent"):
        return refusal(404, "not-found", "UDAP is not offered.")
    issued, here = int(payer.clock.now().timestamp()), payer.base_url
    endpoints = {
        "token_endpoint": f"{payer.issuer_url}/auth/token",
        "registration_endpoint": f"{payer.issuer_url}/auth/register",
    }
    speaks_of = rules.get("issuer", here)
    claims = {
        "iss": speaks_of,
        "sub": speaks_of,
        "iat": issued,
        "exp": issued + rules.get("lasts", YEAR),
        "jti": payer.new_id(),
    }
    chain = [base64.b64encode(certificate(rules.get("certified", here))).decode()]
    said = json.dumps({**claims, **endpoints}).encode()
    signed = jws.serialize_compact({"alg": "RS256", "x5c": chain}, said, signing_key())
    document = {
        "udap_versions_supported": ["1"],
        "udap_profiles_supported": ["udap_dcr", "udap_authn", "udap_authz"],
        "udap_authorization_extensions_supported": ["hl7-b2b"],
        "udap_authorization_extensions_required": ["hl7-b2b"],
        "udap_certifications_supported": [],
        "grant_types_supported": ["client_credentials"],
        "scopes_supported": ["system/*.rs"],
        **endpoints,
        "token_endpoint_auth_methods_supported": ["private_key_jwt"],
        "token_endpoint_auth_signing_alg_values_supported": ["RS256", "ES384"],
        "registration_endpoint_jwt_signing_alg_values_supported": ["RS256", "ES384"],
        "signed_metadata": _forged(signed) if rules.get("forged") else signed,
    }
    return Answer(200, json.dumps(document).encode(), {}, "application/json")


def _forged(signed: str) -> str:
    """The same with another word in what was signed."""
    header, claims, signature = signed.split(".")
    told = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    changed = base64.urlsafe_b64encode(json.dumps({**told, "jti": "changed"}).encode()).decode().rstrip("=")
    return f"{header}.{changed}.{signature}"

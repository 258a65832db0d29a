"""The model payer's own certificate authority, server certificate and TLS settings, made anew at each start."""

from __future__ import annotations

import ipaddress
import ssl
import warnings
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from conformance.sandbox.clock import Clock

LIFETIME = timedelta(days=90)
CLIENTS = ("tls-client", "tls-other")
VERSIONS = {"1.0": ssl.TLSVersion.TLSv1, "1.1": ssl.TLSVersion.TLSv1_1, "1.2": ssl.TLSVersion.TLSv1_2}


@dataclass(frozen=True)
class Certificates:
    """Files (PEM): the authority's certificate, the server's certificate, the server's private key.

    ``clients`` are two clients' certificates, each with its private key.
    """

    authority: Path
    server: Path
    server_key: Path
    clients: tuple[tuple[Path, Path], ...] = ()


def make(folder: Path) -> Certificates:
    """Writes a new authority and a server certificate for 127.0.0.1, ::1 and localhost into ``folder``."""
    authority_key, server_key = new_key(ec.SECP256R1()), new_key(ec.SECP256R1())
    issuer = name("Model payer test authority")
    authority = builder(issuer, issuer, authority_key.public_key())
    authority = authority.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    authority = authority.add_extension(_usage(signs_certificates=True), critical=True)
    server = builder(name("localhost"), issuer, server_key.public_key())
    server = server.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    server = server.add_extension(_usage(signs_certificates=False), critical=True)
    server = server.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    server = server.add_extension(_addresses(), critical=False)
    server = server.add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False
    )
    files = Certificates(
        folder / "ca.pem",
        folder / "server.pem",
        folder / "server-key.pem",
        tuple((folder / f"{each}.pem", folder / f"{each}-key.pem") for each in CLIENTS),
    )
    pem = serialization.Encoding.PEM
    files.authority.write_bytes(authority.sign(authority_key, hashes.SHA256()).public_bytes(pem))
    files.server.write_bytes(server.sign(authority_key, hashes.SHA256()).public_bytes(pem))
    write_key(server_key, files.server_key)
    for certificate, key_file in files.clients:
        key = new_key(ec.SECP256R1())
        client = builder(name(certificate.stem), issuer, key.public_key())
        client = client.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        certificate.write_bytes(client.sign(authority_key, hashes.SHA256()).public_bytes(pem))
        write_key(key, key_file)
    return files


def new_key(curve: ec.EllipticCurve) -> ec.EllipticCurvePrivateKey:
    """A new private key on ``curve``."""
    return ec.generate_private_key(curve)


def write_key(key: ec.EllipticCurvePrivateKey, file: Path) -> None:
    """Writes the private key as unencrypted PKCS 8 PEM, readable by its owner alone."""
    file.touch(mode=0o600)
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    file.write_bytes(key.private_bytes(pem, pkcs8, serialization.NoEncryption()))


def context(files: Certificates) -> ssl.SSLContext:
    """A server's TLS context with these certificates; clients may show one of theirs."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(files.server, files.server_key)
    made.load_verify_locations(files.authority)
    made.verify_mode = ssl.CERT_OPTIONAL
    return made


def thumbprint(certificate: bytes | None) -> str:
    """The SHA-256 of a certificate (DER) as tokens are bound to it (RFC 8705, x5t#S256); "" without one."""
    return urlsafe_b64encode(sha256(certificate).digest()).decode().rstrip("=") if certificate else ""


def limit(settings: ssl.SSLContext, maximum: str) -> None:
    """Lets new handshakes reach at most the TLS version ``maximum`` ("1.1"; "1.3" is no limit).

    Versions before 1.2 sign with SHA-1, which OpenSSL allows at security level 0 only.
    """
    version = VERSIONS.get(maximum, ssl.TLSVersion.MAXIMUM_SUPPORTED)
    old = maximum in ("1.0", "1.1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the old versions are meant
        settings.minimum_version = ssl.TLSVersion.TLSv1 if old else ssl.TLSVersion.TLSv1_2
        settings.maximum_version = version
    settings.set_ciphers("DEFAULT:@SECLEVEL=0" if old else "DEFAULT")


def builder(
    subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey | rsa.RSAPublicKey
) -> x509.CertificateBuilder:
    """A certificate to be signed, good from an hour ago on."""
    # certificates live in real time, whatever the payer's own clock says
    now = Clock().now()
    built = x509.CertificateBuilder(subject_name=subject, issuer_name=issuer, public_key=public_key)
    built = built.serial_number(x509.random_serial_number())
    built = built.not_valid_before(now - timedelta(hours=1)).not_valid_after(now + LIFETIME)
    return built.add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)


def name(common: str) -> x509.Name:
    """A subject by its common name."""
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _addresses() -> x509.SubjectAlternativeName:
    loopback = [x509.IPAddress(ipaddress.ip_address(address)) for address in ("127.0.0.1", "::1")]
    return x509.SubjectAlternativeName([x509.DNSName("localhost"), *loopback])


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )

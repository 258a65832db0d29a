"""TLS of every server the target names: the version agreed on, the certificate's names and its last day."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from cryptography import x509

from conformance import clock
from conformance.doctor.check import Check, joined
from conformance.self_description import plain
from conformance.target import Auth, Target
from conformance.wire.tls import HANDSHAKE_SECONDS, Unusable, context, negotiated

SOON = 21  # days before the end of a certificate from which it is noted
SHOWN_NAMES = 5
OLD = ("TLSv1", "TLSv1.1", "SSLv3")


@dataclass(frozen=True)
class Certificate:
    """What a server's certificate says: the names it is for, and until when it is good."""

    names: tuple[str, ...]
    until: datetime


def tls_checks(target: Target) -> Iterator[tuple[str, Check]]:
    """Each server (host:port) with https once, with the credentials of the first that speaks to it."""
    for url, (auth, key) in _servers(target).items():
        server = urlsplit(url).netloc
        yield server, _check(f"TLS of {server}", url, auth, key)


def _check(name: str, url: str, auth: Auth, key: str) -> Check:
    found = negotiated(url, auth)
    certificate = None if auth.proxy else presented(url, auth)
    if found.failure:
        untrusted = found.failure.kind == "tls" and certificate is not None
        change = f"auth.{auth.name}.ca_file" if untrusted and auth.name else key
        message = found.failure.message + (f"; it is {_told(certificate)}" if certificate else "")
        return Check(name, False, message, found.failure.actor, change)
    if found.version in OLD:
        message = f"only {found.version} is spoken, which no request here will use"
        return Check(name, False, message, "payer", "TLS 1.2 or later")
    return _agreed(name, str(found.version), certificate)


def presented(url: str, auth: Auth) -> Certificate | None:
    """The certificate that the server shows, trusted or not; None where no handshake comes about."""
    parts = urlsplit(url)
    try:
        unbelieving = context(auth)
        unbelieving.check_hostname = False
        unbelieving.verify_mode = ssl.CERT_NONE  # it is only looked at; nothing is sent
        with (
            socket.create_connection((parts.hostname or "", parts.port or 443), HANDSHAKE_SECONDS) as plain_socket,
            unbelieving.wrap_socket(plain_socket, server_hostname=parts.hostname) as secured,
        ):
            der = secured.getpeercert(binary_form=True)
        return _read(der) if der else None
    except (OSError, ValueError, Unusable):
        return None


def _read(der: bytes) -> Certificate:
    certificate = x509.load_der_x509_certificate(der)
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = (*found.get_values_for_type(x509.DNSName), *map(str, found.get_values_for_type(x509.IPAddress)))
    except (x509.ExtensionNotFound, ValueError):
        names = ()
    return Certificate(tuple(plain(name) for name in names), certificate.not_valid_after_utc)


def _agreed(name: str, version: str, certificate: Certificate | None) -> Check:
    if certificate is None:
        return Check(name, True, version)
    message = f"{version}, certificate {_told(certificate)}"
    days = (certificate.until - clock.now()).days
    if days < SOON:
        return Check(name, True, f"{message}: {days} days from now", "payer", "a new certificate")
    return Check(name, True, message)


def _told(certificate: Certificate) -> str:
    names = joined(certificate.names[:SHOWN_NAMES]) or "no name"
    more = ", …" if len(certificate.names) > SHOWN_NAMES else ""
    return f"for {names}{more}, good until {certificate.until.date()}"


def _servers(target: Target) -> dict[str, tuple[Auth, str]]:
    """One URL of every https server -> who speaks to it, and the key that names it."""
    found: dict[str, tuple[Auth, str]] = {}
    seen: set[str] = set()
    for api in target.apis.values():
        urls = [(claim.base_url, f'apis.{api.name}.{claim.ig}."{claim.version}"') for claim in api.claim_list()]
        for url, key in (*urls, (api.auth.token_url, f"auth.{api.auth.name}.token_url")):
            if url.startswith("https:") and urlsplit(url).netloc not in seen:
                seen.add(urlsplit(url).netloc)
                found[url] = (api.auth, key)
    return found

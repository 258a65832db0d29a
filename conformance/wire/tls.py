"""TLS: the context that requests use, and which version an endpoint negotiates."""

from __future__ import annotations

import http.client
import socket
import ssl
import warnings
from base64 import b64encode
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

import httpx

from conformance.exchange import Failure
from conformance.target import Auth
from conformance.wire.failures import failure

HANDSHAKE_SECONDS = 10.0


@dataclass(frozen=True)
class Negotiated:
    """What a handshake came to: ``version`` as OpenSSL names it ("TLSv1.3"), or why there was none.

    Both are None for an endpoint without TLS.
    """

    version: str | None
    failure: Failure | None = None


class Unusable(Exception):
    """A certificate, key or CA file of the target cannot be used: the sentence says which and why."""


def context(auth: Auth) -> ssl.SSLContext:
    """TLS 1.2 or later, trusting the public authorities (or SSL_CERT_FILE) and the target's own; Unusable."""
    made = httpx.create_ssl_context()
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if auth.ca_file:
        try:
            made.load_verify_locations(cafile=auth.ca_file)
        except (OSError, ssl.SSLError) as wrong:
            raise Unusable(f"auth.{auth.name}.ca_file cannot be used: {_why(wrong)}") from None
    if auth.client_certificate:
        try:
            # Without a password OpenSSL would ask the terminal for one.
            made.load_cert_chain(auth.client_certificate, auth.client_key or None, password="")
        except (OSError, ssl.SSLError) as wrong:
            raise Unusable(f"auth.{auth.name}.client_certificate cannot be used: {_why(wrong)}") from None
    return made


def negotiated(base_url: str, auth: Auth, *, seconds: float = HANDSHAKE_SECONDS) -> Negotiated:
    """The TLS version that the endpoint and a client of today agree on; where they cannot, TLS 1.1 and 1.0 are tried.

    Nothing is sent but the handshakes. A certificate that is not trusted is a failure, not a version.
    """
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    if parts.scheme != "https":
        return Negotiated(None)
    try:
        return Negotiated(_handshake(base_url, auth, context(auth), seconds))
    except Unusable as wrong:
        return Negotiated(None, Failure("credentials", str(wrong)))
    except (OSError, http.client.HTTPException) as error:
        first = failure(error, host, "connecting", seconds, tls=True)
        if first.kind != "tls" or isinstance(error, ssl.SSLCertVerificationError):
            return Negotiated(None, first)
    try:
        return Negotiated(_handshake(base_url, auth, _context_of_old(), seconds))
    except (OSError, http.client.HTTPException):
        return Negotiated(None, first)


def _context_of_old() -> ssl.SSLContext:
    """TLS 1.0 and 1.1 only, and no questions asked: it learns a version and sends nothing."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    made.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        made.minimum_version = ssl.TLSVersion.TLSv1
        made.maximum_version = ssl.TLSVersion.TLSv1_1
    return made


def _handshake(base_url: str, auth: Auth, with_context: ssl.SSLContext, seconds: float) -> str | None:
    parts = urlsplit(base_url)
    host, port = parts.hostname or "", parts.port or 443
    with (
        _connected(host, port, auth.proxy, seconds) as plain,
        with_context.wrap_socket(plain, server_hostname=host) as secured,
    ):
        return secured.version()


def _connected(host: str, port: int, proxy: str, seconds: float) -> socket.socket:
    if not proxy:
        return socket.create_connection((host, port), seconds)
    at = urlsplit(proxy)
    tunnel = http.client.HTTPConnection(at.hostname or "", at.port or 8080, timeout=seconds)
    login = f"{unquote(at.username or '')}:{unquote(at.password or '')}".encode()
    tunnel.set_tunnel(host, port, {"Proxy-Authorization": f"Basic {b64encode(login).decode()}"} if at.username else {})
    tunnel.connect()
    return tunnel.sock


def _why(wrong: OSError) -> str:
    if isinstance(wrong, ssl.SSLError):
        return (wrong.reason or "it holds no such thing").replace("_", " ").lower()
    return wrong.strerror or "it cannot be read"

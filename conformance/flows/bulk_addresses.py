"""Whether an address that a payer names may be asked at all: no files, no private network but the payer's own, and
nothing without TLS where the payer itself has it (Bulk Data: all exchanges are secured)."""

from __future__ import annotations

import ipaddress
import socket
from urllib.parse import urlsplit

from conformance.wire.gateway import origin

SCHEMES = ("http", "https")


def trouble(url: str, base_url: str) -> str:
    """Why a URL is no address to ask, in a few words; "" where it is one.

    A private or loopback address is only asked where the payer's own base URL lies at one, as in a test.
    """
    scheme, host, port = origin(url)
    if scheme not in SCHEMES or not host or not url.isprintable() or " " in url:
        return "no absolute http or https URL"
    if urlsplit(url).username is not None:
        return "a URL with a user name in it"
    if scheme == "http" and origin(base_url)[0] == "https":
        return "an address without TLS"
    if host == origin(base_url)[1]:
        return ""
    kinds = _kinds(host, port)
    if not kinds:
        return "a host that is not known"
    if kinds - {"public"} and not kinds <= _kinds(*origin(base_url)[1:]):
        return "an address in a private network"
    return ""


def _kinds(host: str, port: int) -> set[str]:
    """public, private or loopback, for each address of a host; none where it has none."""
    try:
        found = {str(each[4][0]) for each in socket.getaddrinfo(host, port or None, proto=socket.IPPROTO_TCP)}
    except (OSError, UnicodeError):
        return set()
    addresses = [ipaddress.ip_address(each.partition("%")[0]) for each in found]
    return {"loopback" if each.is_loopback else "public" if each.is_global else "private" for each in addresses}

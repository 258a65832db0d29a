"""What stands before a payer's API and speaks in its place: throttles, block pages, login pages, redirects."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit

from conformance import clock
from conformance.exchange import Failure
from conformance.strict_json import load_object

BLOCKED = frozenset({403, 405, 406, 429, 502, 503, 504})  # with HTML: a gateway's page, not the API's answer
REFUSED = frozenset({401, 403, 407})
FOLLOWED_BY_ALL = frozenset({307, 308})
FOLLOWED_BY_GET = frozenset({301, 302, 303})
LOCKING_SECONDS = 120  # no pace of ours makes a server want to be left alone for longer
DEFAULT_PORTS = {"http": 80, "https": 443}


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port: where credentials may go; of what is no URL, nothing."""
    try:
        parts = urlsplit(url)
        port = parts.port or DEFAULT_PORTS.get(parts.scheme, 0)
    except ValueError:
        return "", "", 0
    return parts.scheme.lower(), (parts.hostname or "").lower(), port


def throttled(status: int | None, headers: Mapping[str, str]) -> bool:
    """Whether the answer asks to come back later: 429, or 503 with Retry-After (RFC 6585, RFC 9110)."""
    return status == 429 or (status == 503 and "retry-after" in headers)


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """The seconds that Retry-After asks for, given as seconds or as a date; None where it says neither."""
    written = headers.get("retry-after", "").strip()
    if written.isascii() and written.isdigit():
        return float(written[:10])
    try:
        until = parsedate_to_datetime(written)
    except ValueError:
        return None
    aware = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (aware - now).total_seconds())


def blocked(status: int | None, headers: Mapping[str, str]) -> bool:
    """Whether this is a gateway's own page: HTML together with a status that gateways refuse or fail with."""
    return status in BLOCKED and headers.get("content-type", "").lower().startswith("text/html")


def redirected(method: str, url: str, status: int | None, headers: Mapping[str, str]) -> str | Failure:
    """Where to ask next: a URL of the same origin, a failure, or "" where the answer is no redirect."""
    if status not in FOLLOWED_BY_ALL | FOLLOWED_BY_GET or not headers.get("location"):
        return ""
    host = origin(url)[1]
    try:
        there = urljoin(url, headers["location"])
    except ValueError:
        there = ""
    if origin(there) != origin(url):
        other = origin(there)[1]
        how = f"the host {other}" if other not in ("", host) else "another scheme or port" if other else "no URL"
        return Failure("redirect", f"{host} redirects to {how}, where our credentials do not go: check the base URL")
    if status in FOLLOWED_BY_GET and method != "GET":
        return Failure("redirect", f"{host} redirects a {method} with status {status}: check the base URL")
    return there


def refusal(
    status: int | None, headers: Mapping[str, str], body: bytes, host: str, auth_name: str, *, taken: bool = False
) -> Failure | None:
    """Why an answer to our own credentials is not the API's: throttled, blocked or refused; None where it is.

    ``taken``: this API took the credentials before. Then a 403 that speaks FHIR is about the request, not about them,
    unless it says that their scope is too narrow.
    """
    if throttled(status, headers):
        return throttling(status, headers, host)
    if blocked(status, headers):
        return Failure("block-page", f"{host} answers with an HTML page and status {status}: a gateway blocks us")
    about_the_request = status == 403 and taken and speaks_fhir(headers, body) and not out_of_scope(headers)
    if status in REFUSED and not about_the_request:
        given = f"the credentials of auth.{auth_name}" if auth_name else "a request without credentials"
        return Failure("credentials", f"{host} refuses {given} (status {status})")
    return None


def speaks_fhir(headers: Mapping[str, str], body: bytes) -> bool:
    """Whether a body is a resource in JSON, as far as its first look tells: no gateway writes one."""
    is_json = "json" in headers.get("content-type", "").lower()
    return is_json and isinstance(load_object(body).get("resourceType"), str)


def out_of_scope(headers: Mapping[str, str]) -> bool:
    """Whether a refusal says that our token's scope does not reach so far (RFC 6750, section 3.1)."""
    return "insufficient_scope" in headers.get("www-authenticate", "")


def throttling(status: int | None, headers: Mapping[str, str], host: str) -> Failure:
    """The failure of an answer that asks to come back later once too often, or much later."""
    wait = headers.get("retry-after", "")
    asked = f", Retry-After {wait[:40]}" if wait else ""
    if status == 429:
        seconds = retry_after(headers, clock.now()) or 0.0
        advice = "it may have locked this client, or a member" if seconds > LOCKING_SECONDS else "set or lower max_rps"
        return Failure("too-many-requests", f"{host} answers 429 (too many requests{asked}): {advice}")
    return Failure("unavailable", f"{host} is unavailable (503{asked})")

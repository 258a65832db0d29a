"""Whether the payer's clock and ours tell the same time, by the Date headers of what was answered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from conformance.doctor.check import Check
from conformance.exchange import Exchange
from conformance.target import Target

ALIKE = 5.0  # seconds; the header has whole seconds, and the answer was on its way
TOO_FAR = 60.0  # seconds: an assertion lives four minutes, and may live five


def clock_checks(target: Target, exchanges: Iterable[Exchange]) -> Iterator[Check]:
    """One check per server that answered."""
    signing = [api.auth for api in target.apis.values() if api.auth.type == "backend-services"]
    asserting = {urlsplit(auth.token_url).netloc for auth in signing}
    seen: dict[str, float | None] = {}
    for exchange in exchanges:
        server = urlsplit(exchange.url).netloc
        if exchange.status is not None and seen.get(server) is None:
            seen[server] = ahead(exchange)
    for server, seconds in seen.items():
        yield _check(server, seconds, signed=server in asserting)


def ahead(exchange: Exchange) -> float | None:
    """Seconds by which the server's clock is ahead of ours; None where its answer tells no time."""
    if exchange.started is None:
        return None
    try:
        told = parsedate_to_datetime(exchange.headers.get("date", ""))
    except (ValueError, TypeError, IndexError):
        return None
    told = told if told.tzinfo else told.replace(tzinfo=UTC)
    ours: datetime = exchange.started + timedelta(seconds=exchange.seconds / 2)
    return (told - ours).total_seconds() + 0.5  # the header cuts the second off


def _check(server: str, seconds: float | None, *, signed: bool) -> Check:
    name = f"clock of {server}"
    if seconds is None:
        return Check(name, True, "its answers carry no usable Date header", "payer", "a Date header")
    if abs(seconds) <= ALIKE:
        return Check(name, True, "agrees with ours")
    message = f"is {abs(seconds):.0f} s {'ahead of' if seconds > 0 else 'behind'} ours"
    change = "set both clocks by a time server"
    if signed and abs(seconds) > TOO_FAR:
        return Check(name, False, f"{message}: signed assertions may be refused", "network", change)
    return Check(name, True, message, "network", change)

"""The wire to a payer: one request in, one Exchange out, whatever happens on the way.

A payer's answers are hostile: bounded in size and time, never followed to another host with credentials, no cookies
kept. A gateway's refusals are waited out; trouble on the way becomes the exchange's ``failure`` and is never raised.
"""

from __future__ import annotations

import contextlib
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from urllib.parse import quote, urlencode

import httpx

import conformance
from conformance import clock
from conformance.exchange import Exchange, Failure
from conformance.target import Api, Auth, Target
from conformance.wire import gateway
from conformance.wire.auth import Tokens
from conformance.wire.failures import TooLate, failure
from conformance.wire.reading import Body, Watch, watched
from conformance.wire.request import NONE, OWN, USUAL, Limits, Request
from conformance.wire.stored import StoredBody
from conformance.wire.tls import Unusable, context

__all__ = ["NONE", "OWN", "Limits", "Request", "Wire"]

FHIR_JSON = "application/fhir+json"
EASED = 0.8  # of the pause between requests, with every answer that does not ask for one
UNASKED = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # trusts nobody: over plain http no certificate is looked at
_SAID_BY_ALL = {"user-agent": f"payer-conformance/{conformance.__version__}", "accept-encoding": "gzip"}


@dataclass(frozen=True)
class _Order:
    """A request made ready: where it goes, what it carries, and how its answer is read."""

    url: str
    base_url: str
    auth: Auth
    headers: Mapping[str, str]
    own: bool
    follows: bool
    into: Path | None = None
    most: int = 0
    seconds: float = 0.0


@dataclass
class _Line:
    """A transport kept open for one origin, with the watch over its connections.

    There is no client around it: nothing that keeps cookies, follows redirects or reads the environment.
    """

    transport: httpx.HTTPTransport
    watch: Watch


class Wire:
    """The connections of one run to one target; every exchange goes to ``journal`` as soon as it is over.

    Threads may share it: each has connections of its own, the pace is kept by all together, and ``journal`` is told of
    one exchange at a time. Ids of exchanges begin with ``prefix``. ``pace`` are the seconds between requests: more of
    them once the payer asks for patience, less again as it answers.
    """

    def __init__(
        self, target: Target, *, journal: Callable[[Exchange], None], limits: Limits = USUAL, prefix: str = "x"
    ) -> None:
        self.limits = limits
        self.tokens = Tokens(self._token_request, self._consent_request)
        self._journal = journal
        self._prefix = prefix
        self._lines: dict[tuple[object, ...], _Line] = {}
        self._contexts: dict[tuple[str, ...], ssl.SSLContext] = {}
        self._lock = threading.RLock()
        self._count = 0
        self._unreachable: dict[tuple[str, str], Failure] = {}  # by base URL and client certificate
        self._answered: set[str] = set()  # base URLs
        self._taken: set[str] = set()  # names of credentials
        self._opened: set[tuple[str, str]] = set()  # names of credentials, and base URLs that gave them an answer
        self._quickest = self.pace = 1 / target.max_rps if target.max_rps else 0.0  # seconds between requests
        self._next = 0.0

    def __enter__(self) -> Wire:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes every connection."""
        with self._lock:
            for line in self._lines.values():
                line.transport.close()
            self._lines.clear()

    def send(self, base_url: str, api: Api, request: Request) -> Exchange:
        """The answer to ``request``, or why there is none; never raises for what happens on the way."""
        order, refused = self._order(base_url, api, request)
        exchange = self._exchange(order, request, refused)
        if exchange.status == 401 and self._token_aged(api.auth, order):
            self._noted(exchange)
            order, refused = self._order(base_url, api, request)
            exchange = self._exchange(order, request, refused)
        return self._noted(exchange)

    # --- making a request ready ----------------------------------------------------------------------------------

    def _order(self, base_url: str, api: Api, request: Request) -> tuple[_Order, Failure | None]:
        refused = self._unreachable.get((base_url, api.auth.client_certificate))
        absolute = request.path.startswith(("http://", "https://"))
        url = request.path if absolute else f"{base_url.rstrip('/')}/{request.path.lstrip('/')}"
        if request.params:
            query = urlencode(list(request.params), quote_via=quote, safe=":,/")
            url += ("&" if "?" in url else "?") + query
        if absolute and gateway.origin(url) != gateway.origin(base_url):
            other = gateway.origin(url)[1] or "no host"
            refused = refused or Failure("redirect", f"a link points to another origin ({other}) than the base URL's")
        headers = {"accept": FHIR_JSON} | ({"content-type": FHIR_JSON} if request.body else {})
        headers |= {name.lower(): value for name, value in {**api.headers, **request.headers}.items()}
        token = request.token
        if token == OWN and not refused:
            own = self.tokens.own(api.auth, url)
            token, refused = own.value or NONE, own.failure
        if token not in (OWN, NONE):
            headers["authorization"] = f"Bearer {token}"
        own_answer = request.token == OWN
        # What a server publishes about itself is for all: it may be elsewhere, for whoever asks.
        follows = own_answer or (request.operation.startswith("discovery.") and request.method == "GET")
        order = _Order(
            url, base_url, api.auth, headers, own_answer, follows, request.into, request.most, request.seconds
        )
        return order, refused

    def _token_aged(self, auth: Auth, order: _Order) -> bool:
        """Whether the token that is refused was taken before: then it ran out early, and a new one is due."""
        if not order.own or auth.type in ("none", "bearer", "cds-hooks"):
            return False
        with self._lock:
            if order.headers.get("authorization") != f"Bearer {self.tokens.kept(auth)}":
                return True  # another thread found it so, and has a new one already
            if auth.name not in self._taken:
                return False
            self._taken.discard(auth.name)
            self.tokens.forget(auth)
            return True

    def _token_request(self, auth: Auth, headers: Mapping[str, str], body: bytes, claim: str) -> Exchange:
        request = Request("discovery.token", "POST", auth.token_url, claim=claim, body=body, token=NONE)
        order = _Order(auth.token_url, auth.token_url, auth, headers, own=False, follows=False)
        return self._noted(
            self._exchange(order, request, self._unreachable.get((auth.token_url, auth.client_certificate)))
        )

    def _consent_request(self, auth: Auth, url: str, claim: str) -> Exchange:
        request = Request("discovery.authorize", "GET", url, claim=claim, token=NONE)
        order = _Order(url, auth.authorize_url, auth, {"accept": "text/html"}, own=False, follows=False)
        return self._noted(
            self._exchange(order, request, self._unreachable.get((auth.authorize_url, auth.client_certificate)))
        )

    def _noted(self, exchange: Exchange) -> Exchange:
        with self._lock:
            self._count += 1
            noted = replace(exchange, id=f"{self._prefix}{self._count:04d}")
            self._journal(noted)
        return noted

    def heard(self, exchange: Exchange) -> Exchange:
        """Notes what the payer sent to an endpoint of ours, under an id of its own."""
        return self._noted(exchange)

    # --- attempts ------------------------------------------------------------------------------------------------

    def _exchange(self, order: _Order, request: Request, refused: Failure | None) -> Exchange:
        exchange = Exchange(
            "", request.operation, request.case, request.claim, request.method, order.url,
            request_headers={**_SAID_BY_ALL, **order.headers}, request_body=request.body,
            started=clock.now(), failure=refused, authorized=order.own,
        )  # fmt: skip
        tries = 0
        while refused is None:
            tries += 1
            exchange = self._attempt(exchange, order)
            wait = self._wait(exchange, order, tries)
            if wait is None or not request.again:
                break
            self._noted(exchange)  # what is asked again was said all the same
            clock.sleep(wait)
        if refused is None:
            self._remember(order, exchange)
        return exchange

    def _wait(self, exchange: Exchange, order: _Order, tries: int) -> float | None:
        """The seconds after which the same is asked again; None where the answer stands."""
        pause = self.limits.pause_seconds * 2 ** (tries - 1)
        if gateway.throttled(exchange.status, exchange.headers):
            asked = gateway.retry_after(exchange.headers, clock.now())
            wait = pause if asked is None else asked
            again = tries <= self.limits.retries and wait <= self.limits.longest_wait
        else:
            # Behind a gateway's error page the payer may have received a write: it is never sent twice.
            page = order.own and gateway.blocked(exchange.status, exchange.headers)
            wait = pause
            again = page and exchange.method == "GET" and tries == 1
        if not again:
            return None
        self.pace = max(self.pace, self.limits.pause_seconds)  # and slower for a while
        return wait

    def _remember(self, order: _Order, exchange: Exchange) -> None:
        """An unreachable base URL is tried once; so is one from which nothing has ever come."""
        failed, base_url = exchange.failure, order.base_url
        if exchange.status is not None:
            self._answered.add(base_url)
            if not gateway.throttled(exchange.status, exchange.headers):
                self.pace = max(self._quickest, self.pace * EASED)
            if order.own and exchange.status != 401:
                self._taken.add(order.auth.name)
            # What a server publishes of itself is for all: it opens without any token.
            if order.own and 200 <= exchange.status < 300 and not exchange.operation.startswith("discovery."):
                self._opened.add((order.auth.name, base_url))
        elif failed and (
            failed.kind in ("refused", "unknown-host", "tls")
            or (failed.kind == "no-answer" and base_url not in self._answered)
        ):
            self._unreachable[base_url, order.auth.client_certificate] = failed

    def _attempt(self, exchange: Exchange, order: _Order) -> Exchange:
        """One try, redirects within the origin included, under one deadline."""
        try:
            line = self._line(order)
        except Unusable as wrong:
            return replace(exchange, failure=Failure("credentials", str(wrong)))
        except (ValueError, ImportError, httpx.InvalidURL):
            return replace(exchange, failure=Failure("refused", f"the proxy of auth.{order.auth.name} cannot be used"))
        self._keep_pace()
        watch, url, host = line.watch, order.url, gateway.origin(order.url)[1]
        seen = replace(exchange, status=None, headers={}, body=b"", started=clock.now(), failure=None)
        bound, seconds = order.most or self.limits.body_bytes, order.seconds or self.limits.total_seconds
        body = StoredBody(order.into, bound) if order.into else Body(bound)
        watch.begin(self.limits.connect_seconds, seconds)
        try:
            for _ in range(self.limits.redirects + 1):
                sent = httpx.Request(
                    exchange.method, url, headers=exchange.request_headers, content=exchange.request_body or None
                )
                with contextlib.closing(line.transport.handle_request(sent)) as answer:
                    seen = replace(seen, status=answer.status_code, headers=dict(answer.headers))
                    body.read(answer)
                onward = gateway.redirected(exchange.method, url, seen.status, seen.headers) if order.follows else ""
                if not onward or isinstance(onward, Failure):
                    break
                url = onward
            else:
                onward = Failure("redirect", f"{host} redirects more than {self.limits.redirects} times")
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError, ValueError):
            unsendable = Failure("aborted", "the address or a header holds what HTTP cannot carry")
            return replace(seen, failure=unsendable)
        except (httpx.HTTPError, httpx.StreamError, OSError, TooLate) as error:
            broken = failure(error, host, watch.stage, watch.given, tls=order.url.startswith("https"))
            return replace(seen, body=body.cut(), seconds=watch.seconds(), failure=broken, stored=body.stored)
        return self._answer(replace(seen, seconds=watch.seconds()), order, body, onward or None)

    def _answer(
        self, seen: Exchange, order: _Order, body: Body | StoredBody, redirect: Failure | str | None
    ) -> Exchange:
        host = gateway.origin(order.url)[1]
        if body.over:
            mebibytes = (order.most or self.limits.body_bytes) / 2**20
            endless = Failure("oversize", f"the answer of {host} is longer than {mebibytes:g} MiB")
            return replace(seen, body=body.cut(), failure=endless, stored=body.stored)
        whole, failed = body.whole(), redirect if isinstance(redirect, Failure) else None
        if failed is None and order.own:
            name = order.auth.name if order.auth.type != "none" else ""
            taken = (order.auth.name, order.base_url) in self._opened
            failed = gateway.refusal(seen.status, seen.headers, whole, host, name, taken=taken)
        elif failed is None and gateway.throttled(seen.status, seen.headers):
            failed = gateway.throttling(seen.status, seen.headers, host)
        return replace(seen, body=whole, failure=failed, stored=body.stored)

    def _keep_pace(self) -> None:
        with self._lock:
            now = clock.monotonic()
            turn = max(now, self._next)
            self._next = turn + self.pace
        if turn > now:
            clock.sleep(turn - now)

    def _line(self, order: _Order) -> _Line:
        auth = order.auth
        trusted = (auth.client_certificate, auth.client_key, auth.ca_file)
        origin = gateway.origin(order.url)
        key = (origin, *trusted, auth.proxy, threading.get_ident())
        with self._lock:
            if key not in self._lines:
                if origin[0] == "https" and trusted not in self._contexts:
                    self._contexts[trusted] = context(auth)
                trust = self._contexts[trusted] if origin[0] == "https" else UNASKED
                watch = Watch()
                transport = httpx.HTTPTransport(verify=trust, proxy=auth.proxy or None, trust_env=False)
                self._lines[key] = _Line(watched(transport, watch), watch)
            return self._lines[key]

"""Credentials: how a request gets its token.

Token requests go through the wire like any other, so that they are in the record (operation discovery.token) and can
be judged. A token is kept until shortly before it expires; a refusal is kept too: nobody is asked twice.
"""

from __future__ import annotations

import re
import subprocess
import threading
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote_plus, urlencode

from conformance import clock
from conformance.exchange import Exchange, Failure
from conformance.strict_json import load_object
from conformance.target import Auth
from conformance.wire.assertions import assertion, service_token
from conformance.wire.consent import Consent, answer_of

KEPT = 240.0  # seconds that a token is kept whose answer does not say how long it lasts
EARLY = 20.0  # seconds before its expiry that a token is no longer used, at most
COMMAND_SECONDS = 60.0
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
VISIBLE = re.compile(r"[!-~]+")
OAUTH_ERROR = re.compile(r"[a-z_]{1,40}")

Post = Callable[[Auth, Mapping[str, str], bytes, str], Exchange]  # headers, body and claim of a token request
Get = Callable[[Auth, str, str], Exchange]  # URL and claim of a request for a member's consent


@dataclass(frozen=True)
class Token:
    """What a request is authorized with: a bearer token, or nothing, or the reason why there is none."""

    value: str = field(default="", repr=False)
    failure: Failure | None = None
    expires: float = float("inf")  # monotonic


@dataclass(frozen=True)
class Granted:
    """A token as a token endpoint granted it: when (monotonic), for how many seconds; None where it does not say."""

    value: str = field(repr=False)
    lasts: float | None
    at: float


@dataclass(frozen=True)
class Consented:
    """The authorization endpoint's answer, and what it said to our address (code and state, or error)."""

    answer: Exchange
    said: Mapping[str, str] = field(default_factory=dict, repr=False)
    failure: Failure | None = None


class Tokens:
    """The tokens of one run, one for each [auth.*] of the target."""

    def __init__(self, post: Post, get: Get) -> None:
        self._post = post
        self._get = get
        self._kept: dict[str, Token] = {}
        self._answers: dict[str, Exchange] = {}
        self._first: dict[str, Granted] = {}
        self._refresh: dict[str, str] = {}  # the refresh token that replaced the target file's (RFC 6749, section 6)
        self._asking = threading.RLock()  # nobody asks for a token while another does

    def own(self, auth: Auth, url: str = "") -> Token:
        """Our own token for ``auth``: fetched, kept or given; of CDS Hooks one that is made for this URL alone."""
        if auth.type == "cds-hooks":
            return _made_for(auth, url)
        with self._asking:
            token = self._kept.get(auth.name)
            if token is None or clock.monotonic() >= token.expires:
                token = self._kept[auth.name] = self._fetched(auth)
            return token

    def kept(self, auth: Auth) -> str:
        """The token that is kept for ``auth`` now; empty where there is none."""
        token = self._kept.get(auth.name)
        return token.value if token else ""

    def forget(self, auth: Auth) -> None:
        """The payer no longer takes this token: the next request asks for another."""
        self._kept.pop(auth.name, None)

    def answer(self, auth: Auth) -> Exchange | None:
        """The token endpoint's answer that the own token came from (or did not), asked for now if need be; None where
        no token endpoint is asked."""
        self.own(auth)
        return self._answers.get(auth.name)

    def first(self, auth: Auth) -> Granted | None:
        """The first of our own tokens that a token endpoint granted, asked for now if need be; None where none did."""
        self.own(auth)
        return self._first.get(auth.name)

    def ask(self, auth: Auth, assertion: str, scope: str = "", *, claim: str = "") -> Exchange:
        """One token request with this assertion; nothing of it is kept."""
        form = {"grant_type": "client_credentials", "scope": scope or auth.scope}
        form |= {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}
        return self._asked(auth, form, {}, claim)

    def consent(self, consent: Consent, *, claim: str = "") -> Consented:
        """What the authorization endpoint says to a request for consent, asked as it is or by the target's command."""
        auth = consent.auth
        answer = self._get(auth, consent.url, claim)
        there = answer.headers.get("location", "")
        if answer.failure:
            return Consented(answer, failure=answer.failure)
        if consent.leads_back(there):
            return Consented(answer, said=answer_of(there))
        if not auth.command:
            why = f"auth.{auth.name} needs a person with a browser: conformance login, or a command"
            return Consented(answer, failure=Failure("credentials", why))
        printed = printed_by(replace(auth, command=(*auth.command, consent.url)), "consent command")
        if isinstance(printed, Failure):
            return Consented(answer, failure=printed)
        there = printed.decode(errors="replace").strip().partition("\n")[0].strip()
        if not consent.leads_back(there):
            why = f"the consent command of auth.{auth.name} printed no address that begins with {consent.redirect_uri}"
            return Consented(answer, failure=Failure("credentials", why))
        return Consented(answer, said=answer_of(there))

    def exchange_code(self, consent: Consent, code: str, *, verifier: str | None = None, claim: str = "") -> Exchange:
        """One token request with the code of a consent; nothing of it is kept."""
        form, auth = consent.form(code, verifier), consent.auth
        if auth.client_secret:
            return self._asked(auth, form, _basic(auth), claim)
        return self._asked(auth, {**form, "client_id": auth.client_id}, {}, claim)

    def _launched(self, auth: Auth) -> Token:
        consent = Consent(auth)
        found = self.consent(consent)
        if found.failure:
            return Token(failure=found.failure)
        if found.said.get("state") != consent.state or not found.said.get("code"):
            error = found.said.get("error", "")
            why = f": {error}" if OAUTH_ERROR.fullmatch(error) else ""
            return Token(failure=Failure("credentials", f"auth.{auth.name} got no code of its own{why}"))
        return self._granted(auth, self.exchange_code(consent, found.said["code"]))

    def _fetched(self, auth: Auth) -> Token:
        if auth.type == "bearer":
            return _usable(auth, auth.token, None)
        if auth.type == "token-command":
            return _commanded(auth)
        if auth.type == "client-secret":
            form = {"grant_type": "client_credentials", "scope": auth.scope}
            return self._granted(auth, self._asked(auth, form, _basic(auth), ""))
        if auth.type == "smart-launch" and auth.name not in self._refresh:
            return self._launched(auth)
        if auth.type in ("refresh-token", "smart-launch"):
            token = self._refresh.get(auth.name, auth.refresh_token)
            form = {"grant_type": "refresh_token", "refresh_token": token, "scope": auth.scope}
            if auth.client_secret:
                return self._granted(auth, self._asked(auth, form, _basic(auth), ""))
            return self._granted(auth, self._asked(auth, {**form, "client_id": auth.client_id}, {}, ""))
        if auth.type == "backend-services":
            try:
                signed = assertion(auth)
            except ValueError as wrong:
                return Token(failure=Failure("credentials", str(wrong)))
            return self._granted(auth, self.ask(auth, signed))
        return Token()

    def _asked(self, auth: Auth, form: Mapping[str, str], headers: Mapping[str, str], claim: str) -> Exchange:
        said = {name: value for name, value in form.items() if value}
        sent = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json", **headers}
        return self._post(auth, sent, urlencode(said).encode(), claim)

    def _granted(self, auth: Auth, exchange: Exchange) -> Token:
        self._answers[auth.name] = exchange
        if exchange.failure:
            why = f"no token for auth.{auth.name}: {exchange.failure.message}"
            return Token(failure=Failure(exchange.failure.kind, why))
        said = load_object(exchange.body)
        if exchange.status != 200 or not isinstance(said.get("access_token"), str):
            error = said.get("error")
            why = f": {error}" if isinstance(error, str) and OAUTH_ERROR.fullmatch(error) else ""
            message = f"the token endpoint of auth.{auth.name} gave no token (status {exchange.status}{why})"
            broken = (exchange.status or 0) >= 500  # no word of our credentials
            return Token(failure=Failure("unavailable" if broken else "credentials", message))
        if isinstance(said.get("refresh_token"), str) and said["refresh_token"]:
            self._refresh[auth.name] = said["refresh_token"]
        first = Granted(said["access_token"], _lasts(said.get("expires_in")), clock.monotonic())
        self._first.setdefault(auth.name, first)
        return _usable(auth, said["access_token"], said.get("expires_in"))


def _basic(auth: Auth) -> dict[str, str]:
    """A confidential client's name and secret as a header (RFC 6749, 2.3.1)."""
    pair = f"{quote_plus(auth.client_id)}:{quote_plus(auth.client_secret)}"
    return {"authorization": f"Basic {b64encode(pair.encode()).decode()}"}


def access_token(exchange: Exchange) -> str:
    """The token that a token endpoint's answer holds; empty where it holds none."""
    found = load_object(exchange.body).get("access_token") if exchange.status == 200 else None
    return found if isinstance(found, str) and VISIBLE.fullmatch(found) else ""


def _made_for(auth: Auth, url: str) -> Token:
    """A token that we sign ourselves for one service."""
    try:
        return Token(service_token(auth, url))
    except ValueError as wrong:
        return Token(failure=Failure("credentials", str(wrong)))


def _commanded(auth: Auth) -> Token:
    """The token that the target's own command prints: its first line, or the access_token of the JSON it prints."""
    printed = printed_by(auth, "token command")
    if isinstance(printed, Failure):
        return Token(failure=printed)
    said = load_object(printed)
    if said:
        return _usable(auth, said.get("access_token"), said.get("expires_in"))
    lines = printed.decode(errors="replace").strip().splitlines()
    return _usable(auth, lines[0].strip() if lines else "", None)


def printed_by(auth: Auth, called: str) -> bytes | Failure:
    """What a command of the target prints, or why it printed nothing that counts; ``called`` is its name in words."""

    def refused(why: str) -> Failure:
        return Failure("credentials", f"the {called} of auth.{auth.name} {why}")

    try:
        done = subprocess.run(  # noqa: S603 - the command is the tester's, given as words
            auth.command, stdin=subprocess.DEVNULL, capture_output=True, timeout=COMMAND_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return refused(f"did not end within {COMMAND_SECONDS:g} s")
    except (OSError, ValueError) as wrong:
        return refused(f"cannot be run: {getattr(wrong, 'strerror', None) or 'it is no command'}")
    if done.returncode:
        return refused(f"ended with status {done.returncode}")
    return done.stdout


def _usable(auth: Auth, value: Any, expires_in: Any) -> Token:
    if not isinstance(value, str) or not VISIBLE.fullmatch(value):
        return Token(
            failure=Failure("credentials", f"the token of auth.{auth.name} is not one word a header can carry")
        )
    if auth.type == "bearer":
        return Token(value)
    lasts = _lasts(expires_in) or KEPT
    return Token(value, expires=clock.monotonic() + lasts - min(EARLY, lasts / 5))


def _lasts(expires_in: Any) -> float | None:
    """The seconds that a token lasts, where its answer says so in a way that can be meant."""
    known = isinstance(expires_in, int | float) and not isinstance(expires_in, bool) and 0 < expires_in < float("inf")
    return float(expires_in) if known else None

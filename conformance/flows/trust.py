"""The authorization server in front of an endpoint: the token it gives, and the assertions it must refuse."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from conformance import clock
from conformance.apis.discovery import opens
from conformance.errors import Actor, NotApplicable, NotTested, Unjudgeable
from conformance.exchange import Exchange
from conformance.flows.patient_access import PatientAccess
from conformance.flows.prior_auth import PriorAuth
from conformance.flows.recording import Recording, answered
from conformance.strict_json import load_object
from conformance.target import Auth, Claim
from conformance.wire.assertions import assertion, unsigned_assertion
from conformance.wire.auth import access_token
from conformance.wire.payer import NONE

NARROW = "system/Location.rs"  # a scope that reaches no authorization, and no drug
ELSEWHERE = "https://payer-conformance.example/token"
AHEAD = 5  # seconds: what two clocks may well differ by
BORNE = 360.0  # seconds after its expiry that a token may still be taken: libraries allow clocks five minutes
FORGERIES: Mapping[str, Callable[[Auth], str]] = {
    "expired": lambda auth: assertion(auth, lifetime=-600),
    "another audience": lambda auth: assertion(auth, aud=ELSEWHERE),
    "another client": lambda auth: assertion(auth, iss=ELSEWHERE, sub=ELSEWHERE),
    "unsigned": unsigned_assertion,
}
REACHED = ("Claim", "ClaimResponse")


@dataclass(frozen=True)
class TokenAnswer:
    """A token endpoint's answer: its status and its members (empty where it is no JSON object)."""

    status: int
    members: dict[str, Any]
    text: str

    @property
    def granted(self) -> bool:
        return self.status == 200 and bool(self.members.get("access_token"))

    @property
    def told(self) -> str:
        """What came back, for a finding; never the token."""
        given = ", ".join(sorted(self.members)) or "no JSON object"
        return f"status {self.status} with {given}"


class Trust:
    """What can be asked of the authorization server of one API; every act is recorded."""

    def __init__(self, recording: Recording, claim: Claim) -> None:
        self._recording = recording
        self.claim = claim
        self.auth: Auth = recording.api(claim).auth

    def token(self) -> TokenAnswer:
        """The answer our own token came with."""
        return _read(self._recording.act((self.auth.name, "token"), self._own))

    def replayed(self) -> TokenAnswer:
        """The answer to an assertion that was used once already (intrusive)."""
        return _read(self._recording.act((self.auth.name, "replay"), self._replay))

    def foreign(self) -> TokenAnswer:
        """The answer to an assertion signed with a key that nobody registered (intrusive)."""
        return _read(self._recording.act((self.auth.name, "foreign"), self._foreign))

    def forged(self, how: str) -> TokenAnswer:
        """The answer to an assertion that is wrong in one way: one of ``FORGERIES`` (intrusive)."""
        return _read(self._recording.act((self.auth.name, "forged", how), lambda: self._forged(how)))

    def ahead(self) -> TokenAnswer:
        """The answer to an assertion of a client whose clock is a few seconds before the payer's."""
        return _read(self._recording.act((self.auth.name, "ahead"), self._ahead))

    def made_up(self) -> tuple[Exchange, ...]:
        """The answers to an inquiry with tokens that nobody issued: a random one, and one that says it is nobody's
        (intrusive)."""
        return self._recording.act((self.auth.name, self.claim, "made up"), self._made_up)

    def expired(self) -> Exchange:
        """The answer to a token of our own that expired minutes ago: the first of the run, waited out as long as the
        target allows."""
        return self._recording.act((self.auth.name, self.claim, "expired"), self._expired)

    def beyond_its_scope(self) -> Exchange:
        """The answer to an inquiry with a token whose scope does not reach it (intrusive)."""
        return self._recording.act((self.auth.name, self.claim, "scope"), self._beyond)

    def narrow_token(self, *types: str) -> str:
        """A token whose scope reaches none of these resource types (intrusive); NotApplicable where none is given."""
        self._intrusive()
        self._granted()
        narrowed = _read(self._ask(assertion(self.auth), NARROW))
        token = str(narrowed.members.get("access_token", "")) if narrowed.granted else ""
        if not token:
            raise NotApplicable("no token is given for a narrower scope: that is lawful too")
        if opens(str(narrowed.members.get("scope", "")), types):
            raise NotApplicable("a wider scope is granted than asked for, and the answer says so: that is lawful too")
        return token

    def _backend_services(self) -> None:
        if self.auth.type != "backend-services":
            raise NotApplicable("no SMART Backend Services client is configured for this API")

    def _intrusive(self) -> None:
        self._backend_services()
        self._recording.allow(self.claim, "discovery.token", intrusive=True)

    def _own(self) -> Exchange:
        self._backend_services()
        exchange = self._recording.wire.tokens.answer(self.auth)
        if exchange is None:
            raise NotTested("no token endpoint was asked", change=f"auth.{self.auth.name}.token_url")
        self._recording.note(exchange)  # it was fetched with the first request, whoever sent that
        if exchange.failure is None and exchange.status != 200:
            actor: Actor = "network" if (exchange.status or 0) >= 500 else "your file"
            name = f"auth.{self.auth.name}"
            raise Unjudgeable(f"{name} gets no token (status {exchange.status})", actor, change=name)
        return answered(exchange, "")

    def _granted(self) -> None:
        """Without a token of our own no refusal says anything; Unjudgeable, or NotTested where that is judged."""
        if not self.token().granted:
            raise NotTested("our own assertion gets no token", because="smart.token-answer")

    def _replay(self) -> Exchange:
        self._intrusive()
        self._granted()
        used = assertion(self.auth, jti=secrets.token_hex(16))
        if access_token(self._ask(used)) == "":
            raise NotTested("the first use of the assertion was refused", because="smart.token-answer")
        return self._ask(used)

    def _foreign(self) -> Exchange:
        self._intrusive()
        self._granted()
        return self._ask(assertion(self.auth, key=another_key(self.auth.algorithm or "RS384")))

    def _forged(self, how: str) -> Exchange:
        self._intrusive()
        self._granted()
        return self._ask(FORGERIES[how](self.auth))

    def _ahead(self) -> Exchange:
        self._backend_services()
        self._granted()
        return self._ask(assertion(self.auth, ahead=AHEAD))

    def _made_up(self) -> tuple[Exchange, ...]:
        self._intrusive()
        prior_auth = PriorAuth(self._recording, self._main())
        return tuple(
            prior_auth.with_token(token) for token in (secrets.token_urlsafe(32), unsigned_assertion(self.auth))
        )

    def _expired(self) -> Exchange:
        key = f"auth.{self.auth.name}.wait_for_expiry"
        opened = self._opened_by()
        if self.auth.wait_for_expiry is None:
            raise NotTested("one of our own tokens has to be waited out", change=key)
        first = self._recording.wire.tokens.first(self.auth)
        if first is None or first.lasts is None:
            raise NotTested("no token came with the seconds that it lasts", because="smart.token-answer")
        rest = max(0.0, first.lasts + BORNE - (clock.monotonic() - first.at))
        if rest > self.auth.wait_for_expiry.total_seconds():
            raise NotTested(f"our own token is expired beyond all doubt in {rest / 60:.0f} minutes only", change=key)
        opened.with_token(NONE)  # where nothing could be given away, nothing is waited for
        self._recording.wait(rest)
        return opened.with_token(first.value)

    def _opened_by(self) -> PriorAuth | PatientAccess:
        """What a token of this authorization server opens; NotApplicable where no token endpoint gives us one."""
        if not self.auth.token_url:
            raise NotApplicable("no token endpoint is configured for this API")
        if self.claim.api == "patient-access":
            return PatientAccess(self._recording, self._main("pdex"))
        return PriorAuth(self._recording, self._main())

    def _beyond(self) -> Exchange:
        token = self.narrow_token(*REACHED)
        return PriorAuth(self._recording, self._main()).with_token(token)

    def _main(self, ig: str = "pas") -> Claim:
        """The claim of the guide ``ig`` whose base URL this authorization server protects."""
        for claim in self._recording.api(self.claim).claim_list():
            if claim.ig == ig and claim.base_url == self.claim.base_url:
                return claim
        raise NotApplicable("nothing that we know to ask is behind this authorization server")

    def _ask(self, signed: str, scope: str = "") -> Exchange:
        return answered(self._recording.wire.tokens.ask(self.auth, signed, scope, claim=self.claim.label), "")


def another_key(algorithm: str) -> str:
    """A new private key for the algorithm, as PEM: nobody has registered it."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    key = (
        ec.generate_private_key(ec.SECP384R1())
        if algorithm.startswith("ES")
        else rsa.generate_private_key(public_exponent=65537, key_size=2048)
    )
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def _read(exchange: Exchange) -> TokenAnswer:
    return TokenAnswer(exchange.status or 0, load_object(exchange.body), exchange.media_type)

"""The target file as values: who is tested, where, with which credentials, members and cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

PayerType = Literal["ma", "medicaid-ffs", "medicaid-mco", "chip-ffs", "chip-mco", "qhp-ffe", "qhp-shop"]
Environment = Literal["test", "production"]
DEFAULT_MEMBER = "first"  # of [members]: whom a case, an authorization or a token is about where it names no other
PAYER_TYPES: tuple[PayerType, ...] = get_args(PayerType)


@dataclass(frozen=True)
class Claim:
    """That an API keeps a version of a guide, and where; ``base_url`` is empty where a folder stands for it."""

    api: str
    ig: str
    version: str
    base_url: str

    @property
    def label(self) -> str:
        """As scenario ids and exchanges name it: "pas=2.2.1"."""
        return f"{self.ig}={self.version}"


@dataclass(frozen=True)
class Auth:
    """How requests are authorized; secrets are resolved, paths are absolute or relative to the working directory."""

    name: str = ""
    type: str = "none"  # none | bearer | client-secret | backend-services | cds-hooks | refresh-token | smart-launch |
    # token-command
    token_url: str = ""
    authorize_url: str = ""
    redirect_uri: str = ""  # where a code is sent
    audience: str = ""  # the base URL that a member's token is for
    client_id: str = ""
    scope: str = ""
    token: str = field(default="", repr=False)
    client_secret: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    key: str = field(default="", repr=False)  # PEM or JWK text
    key_id: str = ""
    algorithm: str = ""  # RS384 | ES384
    key_set_url: str = ""  # where the public key is published
    wait_for_expiry: timedelta | None = None  # how long a run may wait for one of its tokens to expire
    command: tuple[str, ...] = field(default=(), repr=False)
    client_certificate: str = ""
    client_key: str = ""
    ca_file: str = ""
    proxy: str = field(default="", repr=False)


@dataclass(frozen=True)
class Callback:
    """Where notifications are received: ``listen`` is "host:port", ``url`` what the payer is told ("": the same)."""

    listen: str = "127.0.0.1:0"
    url: str = ""


@dataclass(frozen=True)
class Api:
    """One API: its guides with their base URLs, or the folder that stands for it.

    ``other_auth`` are the credentials of a second client, None where the target has none.
    """

    name: str
    guides: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # ig -> version -> base URL
    claims: Mapping[str, str] = field(default_factory=dict)  # ig -> version, without a base URL of its own
    paths: Mapping[str, str] = field(default_factory=dict)  # operation -> path
    auth: Auth = field(default_factory=Auth)
    other_auth: Auth | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    files: Path | None = None

    def claim_list(self) -> tuple[Claim, ...]:
        """Every claim; a guide without a base URL of its own is claimed where the newest version is served."""
        return self._listed

    @cached_property
    def _listed(self) -> tuple[Claim, ...]:
        served = [
            Claim(self.name, ig, version, url)
            for ig, versions in self.guides.items()
            for version, url in versions.items()
        ]
        at = max(served, key=lambda claim: _parts(claim.version)).base_url if served else ""
        return (*served, *(Claim(self.name, ig, version, at) for ig, version in self.claims.items()))


@dataclass(frozen=True)
class Member:
    """A synthetic member: ``facts`` as requests need them, dates as ISO 8601 texts.

    ``subscriber`` is the key of the member who holds the coverage of this one, where that is another.
    """

    key: str
    facts: Mapping[str, Any] = field(repr=False)
    subscriber: str = ""

    @property
    def relationship(self) -> str:
        """The relationship to the subscriber, as a code of FHIR's subscriber-relationship; which one nobody says."""
        return "other" if self.subscriber else "self"


@dataclass(frozen=True)
class Case:
    """What leads to which outcome at this payer; ``settles`` is how long its deciding answer may take.

    ``body`` is the tester's own request, ``answers`` the response to the questionnaire that the payer then asks for.
    """

    api: str
    name: str
    facts: Mapping[str, Any]
    body: Path | None = None
    settles: timedelta | None = None
    answers: Path | None = None


@dataclass(frozen=True)
class Known:
    """An authorization that exists already; stamps are dates or times as they were written."""

    api: str
    identifier: str
    received: datetime | date
    decision: str
    urgency: Literal["standard", "expedited"] = "standard"
    member: str = DEFAULT_MEMBER
    decided: datetime | date | None = None
    notified: datetime | date | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)
    drug_kind: str = ""
    extended: bool = False


@dataclass(frozen=True)
class OwnClock:
    """What a contract, or an agreement with CMS, says of decision times; ``document`` is where it says so.

    Without a ``rule`` it is a limit of its own, judged as the contract's; with one, that rule begins on ``from_``.
    """

    document: str
    rule: str = ""
    urgency: str = "any"
    scope: str = "items"
    drugs: tuple[str, ...] = ()
    from_: date | None = None
    until: date | None = None
    days: int = 0
    hours: int = 0
    counted: str = "calendar"
    extension_days: int = 0


@dataclass(frozen=True)
class Acknowledged:
    """A requirement that cannot be tested yet, and until when that is an excuse."""

    requirement: str
    reason: str
    until: date


@dataclass(frozen=True)
class Attested:
    """A requirement that a person vouches for, with the document that says so and its SHA-256."""

    requirement: str
    by: str
    document: str
    sha256: str
    until: date


@dataclass(frozen=True)
class Target:
    """One line of business of one payer, ready to be tested.

    ``drugs`` as they are written are also cases of the formulary ("drugs[1]"); ``secrets`` is all that must never be
    written; ``warnings`` are doubts about the file, in sentences.
    """

    name: str
    payer_type: PayerType | None = None
    part_d: bool = False
    rating_period_start: date | None = None
    plan_year_start: date | None = None
    environment: Environment = "production"
    allow: frozenset[str] = frozenset()
    timezones: tuple[str, ...] = ()
    holidays: tuple[date, ...] = ()
    max_rps: float | None = None
    at_once: int = 2
    representative: bool = False
    as_of: date | None = None
    apis: Mapping[str, Api] = field(default_factory=dict)
    auth: Mapping[str, Auth] = field(default_factory=dict)
    requester: Mapping[str, Any] = field(default_factory=dict)
    other_requester: Mapping[str, Any] = field(default_factory=dict)
    payer: Mapping[str, Any] = field(default_factory=dict)
    callback: Callback | None = None
    members: Mapping[str, Member] = field(default_factory=dict)
    cases: Mapping[str, Mapping[str, Case]] = field(default_factory=dict)
    known: Mapping[str, tuple[Known, ...]] = field(default_factory=dict)
    clocks: tuple[OwnClock, ...] = ()
    drugs: tuple[Mapping[str, Any], ...] = ()
    acknowledged: Mapping[str, Acknowledged] = field(default_factory=dict)
    attested: Mapping[str, Attested] = field(default_factory=dict)
    file: Path | None = None
    sha256: str = ""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    warnings: tuple[str, ...] = ()

    @property
    def may_write(self) -> bool:
        """Whether anything that writes may be sent: always to a test environment, to production only if allowed."""
        return self.environment == "test" or "write" in self.allow

    @property
    def may_intrude(self) -> bool:
        """Whether malformed or forged requests may be sent at all: never to production."""
        return self.environment == "test"

    def claim_list(self) -> tuple[Claim, ...]:
        """The claims of all its APIs."""
        return tuple(claim for api in self.apis.values() for claim in api.claim_list())


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) if part.isdecimal() else 0 for part in version.split("."))

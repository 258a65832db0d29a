"""What the model payer is made of: calls and answers, its seed, its policies, and what bends them.

The seed is what the payer knows, the policies the rules it follows; both are frozen. A running payer lays what it is
told (submissions, issued tokens) over the seed in an ``Overlay`` of its own, so a fresh payer per fault is cheap and
nothing is ever reset. Handlers are clean: a fault is never an ``if`` in a handler.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

Resource = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """One request as a handler sees it; ``version`` is "pas=2.2.1", ``path`` what follows the base URL."""

    operation: str
    version: str
    method: str
    path: str
    base_url: str = ""
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    certificate: str = ""  # the thumbprint of the client's own, where it showed one

    def json(self) -> Any:
        """The body as JSON; ValueError where it is none."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Answer:
    """One answer: ``body`` is a resource, raw bytes, or None for none."""

    status: int = 200
    body: Resource | bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/fhir+json"

    def resource(self) -> Resource:
        """The body as a resource that may be changed; an empty one where the body is none."""
        return json.loads(json.dumps(self.body)) if isinstance(self.body, dict) else {}

    def carrying(self, resource: Resource) -> Answer:
        """The same answer with another resource in it."""
        return replace(self, body=resource)


@dataclass(frozen=True)
class Bend:
    """Changes the answers of one operation, where ``when`` holds, after a wait of ``delay`` seconds."""

    operation: str
    change: Callable[[Call, Answer], Answer] = lambda _call, answer: answer
    when: Callable[[Call, Answer], bool] = lambda _call, _answer: True
    delay: float = 0.0


@dataclass(frozen=True)
class Seed:
    """What the payer knows before anybody asks.

    Each room maps an id to a plain dict: ``members`` and ``authorizations`` in the model payer's own terms, the
    others as FHIR resources. ``records`` maps a member id to that member's resources.
    """

    members: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    authorizations: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    records: Mapping[str, tuple[Resource, ...]] = field(default_factory=dict)
    insurance_plans: Mapping[str, Resource] = field(default_factory=dict)
    formulary_items: Mapping[str, Resource] = field(default_factory=dict)
    drugs: Mapping[str, Resource] = field(default_factory=dict)
    locations: Mapping[str, Resource] = field(default_factory=dict)
    services: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # code -> what is decided about it
    coverage_rules: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # code -> what it needs


@dataclass(frozen=True)
class Policies:
    """The rules the payer follows; a room of plain values per API, so that a fault can change one of them."""

    prior_auth: Mapping[str, Any] = field(default_factory=dict)
    formulary: Mapping[str, Any] = field(default_factory=dict)
    exchange: Mapping[str, Any] = field(default_factory=dict)
    coverage: Mapping[str, Any] = field(default_factory=dict)
    patient_access: Mapping[str, Any] = field(default_factory=dict)
    trust: Mapping[str, Any] = field(default_factory=dict)
    transport: Mapping[str, Any] = field(default_factory=dict)

    def changed(self, room: str, **values: Any) -> Policies:
        """The same policies with some values of one room changed."""
        return replace(self, **{room: {**getattr(self, room), **values}})


@dataclass(frozen=True)
class Fault:
    """One way to break the rules: what it is, which requirements it breaks, in which versions it exists.

    Exactly one of ``bend``, ``seed`` and ``policies`` is given. ``versions`` empty: every version. ``later``: it shows
    in a follow-up, so long after the run. ``payer``: the payer type under which it shows, where that is not the usual
    one: the law asks other things of other payers.
    """

    name: str
    text: str
    breaks: tuple[str, ...]
    bend: Bend | None = None
    seed: Callable[[Seed], Seed] | None = None
    policies: Callable[[Policies], Policies] | None = None
    versions: tuple[str, ...] = ()
    later: timedelta | None = None
    payer: str = ""


@dataclass(frozen=True)
class Variant:
    """One lawful difference: nothing may fail for it. ``advises``: what may be advised; the rest as of a fault."""

    name: str
    text: str
    bend: Bend | None = None
    seed: Callable[[Seed], Seed] | None = None
    policies: Callable[[Policies], Policies] | None = None
    advises: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    later: timedelta | None = None
    payer: str = ""

"""What a running payer is told, laid over its frozen seed, and what a handler is given of the payer."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from conformance.sandbox.clock import Clock
from conformance.sandbox.frame import Policies, Seed


@dataclass(frozen=True)
class Overlay:
    """What came in since the payer started; hold ``lock`` for anything that reads and then writes.

    ``submissions`` maps a key of the author's choice to what was submitted and decided, ``tokens`` an access token to
    its ``trust.Grant``, ``assertion_ids`` a (client, jti) to its expiry, ``misses`` a (client, version, number) to the
    guesses at who has that number, each with when (monotonic) it failed, ``matches`` a client to the members it has
    matched, ``groups`` and ``jobs`` an id to the Group or bulk job, ``pages`` a paging cursor to what it stands for,
    ``subscriptions`` the id of a subscription to it, ``codes`` an authorization code to its ``authorization.Code``,
    ``refresh_tokens`` one that was given for a code to what was agreed to; ``due`` is what is to be notified, as
    (stamp of its time, what to do then), ``tellers`` the id of what was submitted to what notifies of it.
    """

    submissions: dict[str, Any] = field(default_factory=dict)
    tokens: dict[str, Any] = field(default_factory=dict)
    assertion_ids: dict[tuple[str, str], float] = field(default_factory=dict)
    groups: dict[str, Any] = field(default_factory=dict)
    jobs: dict[str, Any] = field(default_factory=dict)
    misses: dict[tuple[str, str, str], dict[str, float]] = field(default_factory=dict)
    matches: dict[str, set[str]] = field(default_factory=dict)
    pages: dict[str, Any] = field(default_factory=dict)
    subscriptions: dict[str, Any] = field(default_factory=dict)
    codes: dict[str, Any] = field(default_factory=dict)
    refresh_tokens: dict[str, Any] = field(default_factory=dict)
    due: list[Any] = field(default_factory=list)
    tellers: dict[str, Callable[[], None]] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)


@dataclass(frozen=True)
class Payer:
    """The payer as one handler sees it.

    ``base_url`` is the base of the API and version called (".../pas/2.2.1", no slash at the end), ``issuer_url`` the
    server's root, where the token endpoint lies ("/auth/token" under it).
    """

    seed: Seed
    overlay: Overlay
    policies: Policies
    clock: Clock
    base_url: str = ""
    issuer_url: str = ""

    def new_id(self) -> str:
        """An id that no resource of this payer has yet."""
        return str(uuid.uuid4())

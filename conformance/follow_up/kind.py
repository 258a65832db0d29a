"""What a kind of act that is followed has to know: how it is asked about, and how it stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from conformance.exchange import Exchange
from conformance.flows.recording import Recording
from conformance.follow_up.ledger import Entry
from conformance.run import Subject
from conformance.target import Claim, Target


@dataclass(frozen=True)
class Stand:
    """How an act stands: its entry as it is to be noted, whether its end is still to come, whether it is late, and what
    is to be told of it besides."""

    entry: Entry
    open: bool
    late: bool
    told: str = ""


@dataclass(frozen=True)
class Kind:
    """One kind of act that waits for its end.

    ``view`` is the target as an entry sees it, None where the target no longer has what the entry names; ``ask``
    sends one question; ``stand`` reads its answer and puts the act down as done in the recording (NotTested where it
    tells nothing); ``seen`` are the rows of the report's tables. ``operations`` are those of the exchanges that prove.
    ``gone``: whether an answer says that the payer knows of no such act any more.
    """

    view: Callable[[Target, Entry], Target | None]
    ask: Callable[[Recording, Claim, Entry], Exchange]
    stand: Callable[[Subject, Claim, Entry, Exchange], Stand]
    operations: tuple[str, ...]
    seen: Callable[[Subject, Claim], Mapping[str, Any]] = lambda _subject, _claim: {}
    gone: Callable[[Exchange], bool] = lambda _asked: False


def own_case(target: Target, entry: Entry) -> Target | None:
    """The target with the entry's own case and nothing else; nothing that writes is allowed."""
    case = target.cases.get(entry.api, {}).get(entry.name)
    if case is None:
        return None
    only = {entry.api: {entry.name: case}}
    return replace(target, cases=only, known={}, environment="production", allow=frozenset())

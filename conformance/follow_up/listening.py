"""Waiting for notifications of what is pended: a subscription at every endpoint, each decision judged as it comes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from conformance import clock
from conformance.apis.notifications import QUIET
from conformance.apis.prior_auth import Answer
from conformance.errors import NotTested, Unjudgeable
from conformance.exchange import Exchange
from conformance.flows.recording import Options, Recording
from conformance.flows.submission import known_by
from conformance.flows.subscribed import Heard, Made
from conformance.flows.subscriptions import Subscriptions
from conformance.follow_up.again import rules
from conformance.follow_up.ledger import Entry
from conformance.follow_up.round import Ask, Round, Told
from conformance.follow_up.submissions import numbers, stands
from conformance.target import Callback, Claim

FHIR_JSON = {"content-type": "application/fhir+json"}
TURN = 2.0  # seconds that one endpoint is listened at before the next; what comes meanwhile is kept
PAUSE = 60.0  # seconds until it is looked again whether what a notification may be about can be asked about

Names = Mapping[str, list[int]]  # what the payer may call it by -> ids of entries


@dataclass
class _Ear:
    """A subscription that is listened at, and how many notifications of it were looked at.

    ``names`` are what the entries that wait there are known by, ``ids`` the ids of the resources that they are at the
    payer's. ``unnamed``: a notification came that may be about any of them; they are asked about from ``again`` on.
    """

    claim: Claim
    subscriptions: Subscriptions
    made: Made
    names: Names
    ids: Names
    looked_at: int = 0
    unnamed: bool = False
    again: float = 0.0


def listen(following: Round, callback: Callback, seconds: float, judged: Callable[[], object]) -> Told:
    """Waits until nothing is pended any more, or for so long; ``judged`` is called whenever something was decided.

    A notification that brings its answer is judged by that; one of ids alone has its request inquired about.
    """
    end = clock.monotonic() + seconds
    with following.asking() as ask, _ears(following, callback) as ears:
        while ears and (rest := end - clock.monotonic()) > 0:
            for ear in ears:
                decided = following.told.decided
                for heard in ear.subscriptions.listened(ear.made, ear.looked_at, min(rest, TURN)):
                    ear.looked_at += 1
                    _hear(following, ear, heard, ask)
                _ask_about_all(following, ear, ask)
                if following.told.decided > decided:
                    judged()
            ears = [each for each in ears if any(following.waiting(each.claim))]
    return following.told


@contextmanager
def _ears(following: Round, callback: Callback) -> Iterator[list[_Ear]]:
    """A subscription at every claim at which something waits; all are deleted at the end."""
    run = following.run
    recording = Recording(replace(run.target, callback=callback), following.wire(), run.guides, "follow-up", Options())
    ears: list[_Ear] = []
    try:
        for claim in following.claims():
            view = Subscriptions(recording, claim)
            try:
                ears.append(_Ear(claim, view, view.listen(), *_known(following.waiting(claim))))
            except (NotTested, Unjudgeable) as reason:
                following.told.trouble(f"{claim.label}: {reason.message}")
        yield ears
    finally:
        for each in ears:
            with suppress(NotTested, Unjudgeable):
                each.subscriptions.unsubscribe(each.made)
        recording.close()


def _known(entries: Iterable[Entry]) -> tuple[Names, Names]:
    """What entries are known by, and the ids of the resources among that: a thousand are not gone through each time."""
    names: dict[str, list[int]] = {}
    ids: dict[str, list[int]] = {}
    for entry in entries:
        for name in numbers(entry):
            names.setdefault(name, []).append(entry.id)
        for ident in {each.rpartition("/")[2] for each in entry.numbers}:
            ids.setdefault(ident, []).append(entry.id)
    return names, ids


def _hear(following: Round, ear: _Ear, heard: Heard, ask: Ask) -> None:
    """One notification: judged for every request that it tells of; one that names none may be about any."""
    found = heard.notification
    if found is None or found.kind in QUIET:
        return
    following.told.notified += 1
    told, claim = _as_answer(heard.exchange), ear.claim
    brought: dict[int, list[Answer]] = {}
    for answer in found.answers:
        for number in _among(known_by(answer), ear.names):
            brought.setdefault(number, []).append(answer)
    for entry in following.entries(brought):
        subject = ask(entry, claim)
        following.judge(claim, subject, stands(subject, claim, entry, told, brought[entry.id]))
    if not found.answers:
        named = _among((each.rstrip("/").rpartition("/")[2] for each in found.focus), ear.ids)
        for entry in following.entries(named):
            following.inquire(entry, ask)
        ear.unnamed |= not named


def _among(said: Iterable[str], known: Names) -> tuple[int, ...]:
    """The ids of the entries that are known by something of what is said."""
    return tuple(dict.fromkeys(number for each in said for number in known.get(each, ())))


def _ask_about_all(following: Round, ear: _Ear, ask: Ask) -> None:
    """Inquires about everything that a notification without a name may be about; what must not be asked yet, later."""
    if not ear.unnamed or clock.monotonic() < ear.again:
        return
    ear.unnamed, ear.again = False, clock.monotonic() + PAUSE
    for entry in following.waiting(ear.claim):
        if entry.is_due(clock.now(), rules().least):
            following.inquire(entry, ask)
        else:
            ear.unnamed = True


def _as_answer(exchange: Exchange) -> Exchange:
    """What the payer sent, as if it had been an answer: scenarios look for what was told where answers stand."""
    return replace(exchange, body=exchange.request_body, headers=FHIR_JSON)

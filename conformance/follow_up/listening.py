"""Waiting for notifications of what is pended: a subscription at every endpoint, each decision judged as it comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace

from conformance import clock
from conformance.errors import NotTested, Unjudgeable
from conformance.exchange import Exchange
from conformance.flows.recording import Options, Recording
from conformance.flows.submission import holds
from conformance.flows.subscribed import Heard, Made
from conformance.flows.subscriptions import Subscriptions
from conformance.follow_up.again import rules
from conformance.follow_up.ledger import Entry
from conformance.follow_up.round import Ask, Round, Told
from conformance.follow_up.submissions import numbers, stands
from conformance.target import Callback, Claim

FHIR_JSON = {"content-type": "application/fhir+json"}
TURN = 2.0  # seconds that one endpoint is listened at before the next; what comes meanwhile is kept


@dataclass
class _Ear:
    """A subscription that is listened at, and how much of what came there was looked at."""

    claim: Claim
    subscriptions: Subscriptions
    made: Made
    known: int = 0
    heard: list[Heard] = field(default_factory=list)


def listen(following: Round, callback: Callback, seconds: float, judged: Callable[[], object]) -> Told:
    """Waits until nothing is pended any more, or for so long; ``judged`` is called whenever something was decided.

    A notification that brings its answer is judged by that; one of ids alone has its request inquired about.
    """
    end = clock.monotonic() + seconds
    with following.asking() as ask, _ears(following, callback) as ears:
        while ears and (rest := end - clock.monotonic()) > 0:
            for ear in ears:
                decided = following.told.decided
                for heard in ear.subscriptions.listened(ear.made, ear.known, min(rest, TURN)):
                    ear.known += 1
                    _hear(following, ear.claim, heard, ask)
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
                ears.append(_Ear(claim, view, view.listen()))
            except (NotTested, Unjudgeable) as reason:
                following.told.trouble(f"{claim.label}: {reason.message}")
        yield ears
    finally:
        for each in ears:
            with suppress(NotTested, Unjudgeable):
                each.subscriptions.unsubscribe(each.made)
        recording.close()


def _hear(following: Round, claim: Claim, heard: Heard, ask: Ask) -> None:
    """One notification: judged for every request that it tells of."""
    found = heard.notification
    if found is None or found.kind == "handshake":
        return
    following.told.notified += 1
    answers, told = found.answers, _as_answer(heard.exchange)
    for entry in list(following.waiting(claim)):
        if any(holds(each, number) for each in answers for number in numbers(entry)):
            subject = ask(entry, claim)
            following.judge(claim, subject, stands(subject, claim, entry, told, answers))
        elif not answers and (_named(entry, found.focus) or entry.is_due(clock.now(), rules().least)):
            following.inquire(entry, ask)


def _as_answer(exchange: Exchange) -> Exchange:
    """What the payer sent, as if it had been an answer: scenarios look for what was told where answers stand."""
    return replace(exchange, body=exchange.request_body, headers=FHIR_JSON)


def _named(entry: Entry, focus: tuple[str, ...]) -> bool:
    """Whether a notification names one of the resources that the payer knows a request by."""
    ends = {each.rstrip("/").rpartition("/")[2] for each in focus}
    return bool(ends & {each.rpartition("/")[2] for each in entry.numbers})

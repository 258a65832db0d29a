"""Guessing at a member: many matches that are wrong in one fact, as somebody does who looks for a person's data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

from conformance.errors import NotTested
from conformance.exchange import Exchange
from conformance.flows.recording import answered
from conformance.wire.gateway import throttled

LOCKED = 423
FORBIDDEN = 403  # said of every wrong guess alike, it hinders nobody
SLOWER, LEAST_SECONDS = 3.0, 0.5  # times as slow as at first, and slow at all
AT_FIRST, AT_LAST = 3, 3  # answers that tell how fast the payer is; answers in a row that must be slow


@dataclass(frozen=True)
class Probing:
    """The answers to wrong guesses, in order, and whether the payer hindered whoever guesses."""

    answers: tuple[Exchange, ...]
    hindered: bool


def guesses(birth_date: str, tries: int, ask: Callable[[str], Exchange], judged_by: str) -> Probing:
    """Wrong guesses at a birth date, one after the other until the payer hinders them; ``ask`` sends one.

    Unjudgeable where nobody answers; NotTested, because of ``judged_by``, where an answer has no end, and where even
    the first guess is forbidden, as if the member had been locked before.
    """
    born = date.fromisoformat(birth_date)
    asked: list[Exchange] = []
    for number in range(1, tries + 1):
        exchange = ask((born + timedelta(days=number)).isoformat())
        if exchange.status is None:
            answered(exchange, judged_by)
        asked.append(exchange)
        if hinders(asked):
            return Probing(tuple(asked), hindered=True)
    if all(each.status == FORBIDDEN for each in asked):
        raise NotTested("all guesses were forbidden, the first one too", change="cases.payer-to-payer.probing.member")
    return Probing(tuple(asked), hindered=False)


def hinders(asked: Sequence[Exchange]) -> bool:
    """Whether the payer refuses to go on by now, or has taken its time for several answers in a row.

    One slow answer among many is a hiccup, and so is a server that is not there for a moment.
    """
    last = asked[-1]
    if last.status == LOCKED or throttled(last.status, last.headers):
        return True
    if last.status == FORBIDDEN:
        return asked[0].status != FORBIDDEN
    usual = median(each.seconds for each in asked[:AT_FIRST])
    slow = max(SLOWER * usual, LEAST_SECONDS)
    return len(asked) >= AT_FIRST + AT_LAST and all(each.seconds > slow for each in asked[-AT_LAST:])

"""Guessing at a member: many matches that are wrong in one fact, as somebody does who looks for a person's data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

from conformance.exchange import Exchange
from conformance.flows.recording import answered
from conformance.wire.gateway import throttled

REFUSALS = (401, 403, 423, 429, 503)
SLOWER, LEAST_SECONDS = 3.0, 0.5  # times as slow as at first, and slow at all


@dataclass(frozen=True)
class Guess:
    """The answer to the n-th wrong guess; ``usual`` is how long the first answers took, in seconds."""

    number: int
    exchange: Exchange
    usual: float

    @property
    def hindered(self) -> bool:
        """Whether the payer refuses to match at all by now, or takes its time."""
        status = self.exchange.status
        slow = self.exchange.seconds > max(SLOWER * self.usual, LEAST_SECONDS)
        return status in REFUSALS or throttled(status, self.exchange.headers) or slow


def guesses(birth_date: str, tries: int, ask: Callable[[str], Exchange], judged_by: str) -> tuple[Guess, ...]:
    """Wrong guesses at a birth date, one after the other until the payer hinders them; ``ask`` sends one.

    Unjudgeable where nobody answers; NotTested, because of ``judged_by``, where an answer has no end.
    """
    born = date.fromisoformat(birth_date)
    asked: list[Exchange] = []
    found: list[Guess] = []
    for number in range(1, tries + 1):
        exchange = ask((born + timedelta(days=number)).isoformat())
        if exchange.status is None:
            answered(exchange, judged_by)
        asked.append(exchange)
        usual = median(each.seconds for each in asked[:3])
        found.append(Guess(number, asked[-1], usual))
        if found[-1].hindered:
            break
    return tuple(found)

"""Requests that are sent beside the declared cases: altered, senseless, sent again; and what came of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from conformance.apis.prior_auth import Answer, read_answer
from conformance.apis.raw import body_of
from conformance.exchange import Exchange
from conformance.flows.prior_auth_requests import RAW, good
from conformance.flows.recording import Recording, answered
from conformance.target import Claim


@dataclass(frozen=True)
class Sent:
    """The answer to a request; ``answer`` is None where there is no ClaimResponse in it."""

    at: str
    exchange: Exchange
    answer: Answer | None

    @property
    def refused(self) -> bool:
        """Whether the request as such was turned away, or broke the payer: a 4xx or a 5xx."""
        return not good(self.exchange)

    @property
    def taken(self) -> bool:
        """Whether the request was taken and processed: no refusal and no business error."""
        return not self.refused and self.answer is not None and self.answer.outcome != "error"

    @property
    def granted(self) -> tuple[str, ...]:
        """The numbers of the items that it grants, "" where one has none."""
        given = (*self.answer.approved, *self.answer.modified) if self.answer else ()
        return tuple(each.number for each in given)

    @property
    def told(self) -> str:
        """What came, for a finding."""
        if self.refused or self.answer is None:
            return f"status {self.exchange.status}" + ("" if self.refused else " without a ClaimResponse")
        codes = ", ".join(code.code for code in self.answer.error_codes)
        outcome = f"outcome {self.answer.outcome}" + (f" (error {codes})" if codes else "")
        return outcome if self.answer.outcome == "error" else self.answer.told or outcome


def sent_once(recording: Recording, claim: Claim, key: tuple[str, str], at: str, send: Callable[[], Exchange]) -> Sent:
    """What came of a request, which is sent at its first asking; ``key`` is what it is remembered by."""
    exchange = answered(recording.act((claim, *key), send), RAW)
    return Sent(at, exchange, read_answer(body_of(exchange), recording.guide(claim)))

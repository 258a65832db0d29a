"""The answer to one $member-match, as scenarios look at it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from conformance.apis.member_match import Match
from conformance.apis.raw import body_of
from conformance.apis.refusal import revealed
from conformance.exchange import Exchange
from conformance.target import Member

IDENTIFYING = ("member_id", "subscriber_id", "patient_id", "coverage_id")


@dataclass(frozen=True)
class Matched:
    """The answer to one $member-match: a match (2xx with Parameters) or a refusal."""

    case: str
    member: Member
    exchange: Exchange
    match: Match | None
    outcomes: int

    @property
    def at(self) -> str:
        return f"cases.payer-to-payer.{self.case}"

    @property
    def status(self) -> int:
        return self.exchange.status or 0

    @property
    def refused(self) -> bool:
        return self.exchange.refused

    @property
    def told(self) -> str:
        """What came back, for a finding."""
        match = self.match
        named = " with a member identifier" if match and match.identifiers else ""
        named = named or (" with a reference to a member" if match and match.member_id else "")
        return f"status {self.status}{named}"

    @property
    def names_somebody(self) -> bool:
        """Whether the answer holds an identifier of a member, or a reference to one."""
        return self.match is not None and bool(self.match.identifiers or self.match.member_id)


def revealed_of(exchange: Exchange, members: Collection[Member]) -> tuple[str, ...]:
    """What a refusal, its headers included, gives away of some members; see ``refusal.revealed``."""
    headers = list(exchange.headers.values())
    told = "\n".join((exchange.body.decode("utf-8", "replace"), *headers))
    values = {str(member.facts.get(key, "")) for member in members for key in IDENTIFYING}
    people = {(str(each.facts.get("family", "")), str(each.facts.get("birth_date", ""))) for each in members}
    return revealed(told, [body_of(exchange), {"headers": headers}], exchange.request_body, values, people)

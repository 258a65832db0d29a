"""The answer to one $member-match, as scenarios look at it."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.apis.member_match import Match
from conformance.exchange import Exchange
from conformance.target import Member


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
        return 400 <= self.status < 500

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

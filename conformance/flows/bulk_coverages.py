"""One member sent with two coverages in one bulk match, and whether the Groups tell which coverage is which.

Source: PDex 2.2.0, payertopayerbulkexchange (pdex-153).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from conformance.errors import NotTested
from conformance.flows.bulk_match import Matching, bundles
from conformance.target import DEFAULT_MEMBER, Case, Target

# Contained in a Group, references read otherwise ("#id", or absolute); what says which coverage it is does not.
TELLING = ("id", "identifier", "subscriberId", "class", "period")
# Each coverage knows the member by one number: both of them describe the member.
NUMBERS = ("identifier", "subscriberId")


@dataclass(frozen=True)
class Covered:
    """A coverage that was sent: how it is called, and whether a Group contains it and refers to it."""

    name: str
    preserved: bool

    @property
    def at(self) -> str:
        return f"CoverageToMatch {self.name}"


def coverages(target: Target, case: Case, run: str) -> list[dict[str, Any]]:
    """Two MemberBundles of one member, by different coverages; NotTested where the member has one number only."""
    found = bundles(target, [("one-match", case)] * len(NUMBERS), run)
    for number, (bundle, kept) in enumerate(zip(found, NUMBERS, strict=True), 1):
        coverage = _part(bundle, "CoverageToMatch")
        if not all(coverage.get(each) for each in NUMBERS):
            key = str(case.facts.get("member", DEFAULT_MEMBER))
            raise NotTested("needs a member with a member number and a subscriber number", change=f"members.{key}")
        coverage["id"] = f"{coverage['id']}-{number}"
        for other in NUMBERS:
            if other != kept:
                del coverage[other]
    return found


def covered(matching: Matching) -> tuple[Covered, ...]:
    """Which of the coverages that were sent stand in a Group as they were sent."""
    listed = [member.coverage for group in matching.groups for member in group.members]
    return tuple(
        Covered(str(each.coverage["id"]), any(_is_the(each.coverage, one) for one in listed)) for each in matching.sent
    )


def _is_the(sent: Mapping[str, Any], contained: Mapping[str, Any]) -> bool:
    return all(sent.get(name) == contained.get(name) for name in TELLING)


def _part(bundle: Mapping[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(part["resource"] for part in bundle["part"] if part["name"] == name)
    return found

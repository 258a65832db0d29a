"""The catalogue of requirements: what law and guides ask of a payer, and what stands for one payer on one day.

The rows lie in suites/requirements/*.toml; dates, payers and levels live there only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

from conformance.catalogue_file import LEVELS, PERIODS, GuideRow, Law, Requirement, Status, rows_of
from conformance.errors import UsageError

if TYPE_CHECKING:
    from conformance.target import Claim, Target

__all__ = [
    "Catalogue", "GuideRow", "Law", "Requirement", "Standing", "Status", "first_period", "load", "reaches", "standing",
]  # fmt: skip

EVERY_API = "discovery"  # rows of this api run wherever their guide is claimed
# Drugs of the medical benefit are asked for where other services are: there their rows are examined too.
EXAMINED_AT = {"drug-decisions": "prior-auth"}

StandingState = Literal["in-force", "upcoming", "proposed", "advocacy", "contract", "not-applicable", "unverified"]


@dataclass(frozen=True)
class Standing:
    """What a requirement is to one payer on one day; ``note`` tells what was assumed or why it does not stand."""

    state: StandingState
    since: date | None = None
    cites: tuple[str, ...] = ()
    level: str = ""
    note: str = ""


@dataclass(frozen=True)
class Catalogue:
    """All requirements, by id in the order of their files; ``sha256`` is over the files."""

    requirements: Mapping[str, Requirement]
    required_by: Mapping[str, str]  # api -> the row whose law demands it
    part_of: Mapping[str, str]  # api -> the API that the law counts it to
    sha256: str

    def of_api(self, api: str) -> tuple[Requirement, ...]:
        """The rows of one API."""
        return tuple(each for each in self.requirements.values() if each.api == api)

    def required_apis(self, target: Target, as_of: date) -> tuple[str, ...]:
        """The APIs that law in force demands of this payer."""
        demanding = ((api, self.requirements[row]) for api, row in self.required_by.items())
        return tuple(api for api, row in demanding if standing(row, target, as_of).state == "in-force")


def reaches(
    requirement: Requirement, claims: Iterable[Claim], main: Mapping[str, Collection[str]]
) -> tuple[Claim, ...]:
    """The claims a scenario of the row runs at; ``main`` maps an API to its main guides, where law is examined."""
    at = EXAMINED_AT.get(requirement.api, requirement.api)
    here = [claim for claim in claims if at in (claim.api, EVERY_API)]
    if requirement.kind == "law":
        return tuple(claim for claim in here if claim.ig in main.get(claim.api, ()))
    return tuple(claim for claim in here if _said_at(requirement, claim))


def standing(requirement: Requirement, target: Target, as_of: date, include: Collection[str] = frozenset()) -> Standing:
    """Whether the row binds this payer on ``as_of``; ``include`` names proposed and advocacy rows that run as well."""
    if requirement.kind == "guide":
        return _guide_standing(requirement, target)
    if target.payer_type is None:
        return Standing("not-applicable", note="the target names no payer_type, so no law is known to bind it")
    if requirement.status.state == "contract":
        return _contract_standing(requirement, target)
    named = [law for law in requirement.law if target.payer_type in law.payers]
    bound = [law for law in named if law.requires != "part_d" or target.part_d]
    if not bound:
        why = "binds only plans with part_d = true" if named else f"does not bind {target.payer_type}"
        return Standing("not-applicable", note=why)
    return _law_standing(requirement, bound, target, as_of, include)


def first_period(start: date, on_or_after: date) -> date:
    """The first of the yearly periods, one of which begins on ``start``, that begins on or after a day.

    A rating period is twelve months by definition (42 CFR 438.2); a plan year is a year.
    """
    first = _in_year(start, on_or_after.year)
    return first if first >= on_or_after else _in_year(start, on_or_after.year + 1)


def _in_year(day: date, year: int) -> date:
    return date(year, 3, 1) if (day.month, day.day) == (2, 29) else day.replace(year=year)


def _said_at(requirement: Requirement, claim: Claim) -> list[GuideRow]:
    return [row for row in requirement.guide if row.ig == claim.ig and row.holds(claim.version)]


def _guide_standing(requirement: Requirement, target: Target) -> Standing:
    claims = reaches(requirement, target.claim_list(), {})
    if not claims:
        wanted = " or ".join(dict.fromkeys(f"{row.ig} {row.versions}" for row in requirement.guide))
        return Standing("not-applicable", note=f"the target does not claim {wanted}")
    said = [(claim, row) for claim in claims for row in _said_at(requirement, claim)]
    cites = tuple(dict.fromkeys(f"{row.ig} {claim.version}: {row.statement}" for claim, row in said))
    level = min((row.level for _, row in said), key=LEVELS.index)
    if requirement.status.confidence == "unverified":
        return Standing("unverified", None, cites, level, "nobody has read the statement: it never decides")
    return Standing("in-force", None, cites, level)


def _contract_standing(requirement: Requirement, target: Target) -> Standing:
    """The standing of what a payer's own contract asks for: never the rule's demand, so it never decides."""
    documents = tuple(dict.fromkeys(each.document for each in target.clocks if not each.rule))
    if not documents:
        return Standing("not-applicable", note="the target names no contract with clocks of its own")
    return Standing("contract", None, documents, requirement.level, "asked for by the contract: it never decides")


def _law_standing(
    requirement: Requirement, bound: list[Law], target: Target, as_of: date, include: Collection[str]
) -> Standing:
    """The standing under laws that bind this payer: those in force, else those to come, else the ended ones."""
    begun = [(law, *_begins(law, target)) for law in bound]
    live = [each for each in begun if (each[1] or as_of) <= as_of and (each[0].until is None or as_of <= each[0].until)]
    coming = [each for each in begun if each[1] is not None and each[1] > as_of]
    telling = live or coming or begun
    since = min((start for _, start, _ in telling if start), default=None)
    cites = tuple(dict.fromkeys(law.cite for law, _, _ in telling))
    note = "; ".join(dict.fromkeys(note for _, _, note in telling if note))
    state: StandingState = "in-force" if live else "upcoming"
    status = requirement.status
    if status.state == "proposed" or status.state == "advocacy":
        state = "proposed" if status.state == "proposed" else "advocacy"
        note = "included in this run; it never decides" if state in include else f"runs only with --include {state}"
    elif status.confidence == "unverified":
        state, note = "unverified", "nobody has read the citation: it never decides"
    elif not live and not coming:
        ended = max(law.until for law in bound if law.until)
        return Standing("not-applicable", since, cites, requirement.level, f"ended with {ended.isoformat()}")
    return Standing(state, since, cites, requirement.level, note)


def _begins(law: Law, target: Target) -> tuple[date | None, str]:
    """From when a law binds the target, and what had to be assumed for it."""
    if law.from_ is None or not law.counted_from:
        return law.from_, ""
    key = PERIODS[law.counted_from]
    words = law.counted_from.replace("-", " ")
    start: date | None = getattr(target, key)
    if start is None:
        return law.from_, f"the target gives no {key}: its {words} is taken to begin on {law.from_.isoformat()}"
    begins = first_period(start, law.from_)
    return begins, f"counted from the {words} that begins on {begins.isoformat()}"


def load(directories: Iterable[Path]) -> Catalogue:
    """Reads every ``*.toml`` of the directories; UsageError names file, line and row of the first thing wrong."""
    requirements: dict[str, Requirement] = {}
    required_by: dict[str, str] = {}
    part_of: dict[str, str] = {}
    digest = hashlib.sha256()
    places = [Path(each) for each in directories]
    for path in (path for place in places for path in sorted(place.glob("*.toml"))):
        content = path.read_bytes()
        digest.update(path.name.encode() + b"\0" + content + b"\0")
        head, rows = rows_of(path, content)
        for row in rows:
            if earlier := requirements.get(row.id):
                message = f'["{row.id}"] stands already in {earlier.file}, line {earlier.line}'
                raise UsageError(message, file=row.file, line=row.line)
            requirements[row.id] = row
        if head.part_of is not None:
            part_of[head.api] = head.part_of
        if head.required_by is not None:
            if head.required_by not in requirements or requirements[head.required_by].kind != "law":
                raise UsageError(f"required_by names no row of law: {head.required_by!r}", file=str(path))
            required_by[head.api] = head.required_by
    if not requirements:
        raise UsageError(f"no requirements (*.toml) in {', '.join(map(str, places)) or 'no folder'}")
    return Catalogue(
        MappingProxyType(requirements), MappingProxyType(required_by), MappingProxyType(part_of), digest.hexdigest()
    )

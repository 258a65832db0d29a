"""The words a scenario is written in: ``expect``, ``expect.each``, ``need``, ``only_if``, ``advise``, ``@requirement``.

Every judgement is noted in the current ``Judgement``, which the plugin opens around a scenario; outside one (in a
unit test, say) the words work the same and the notes are dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from conformance.errors import Finding, NonConformance, NotApplicable, NotTested

SHOWN_FINDINGS = 50
FINDINGS = "Findings"  # the table with all that a tally brought
LONGEST = 300  # characters of a value in a message
REQUIREMENT = "__conformance_requirement__"
LAST = "__conformance_last__"

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Step:
    """One judgement call: what was looked for, how many things were judged, how many were wrong."""

    what: str
    judged: int
    failed: int
    kind: str = "expect"  # expect | advise | need


@dataclass(frozen=True)
class Table:
    """What a scenario looked at, for whoever wants to see all of it; every cell is a text."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Tally(Protocol):
    """A population by the million, counted: how many were judged, how many were wrong, the first of those."""

    @property
    def judged(self) -> int: ...
    @property
    def failed(self) -> int: ...
    @property
    def findings(self) -> Sequence[Finding]: ...


@dataclass
class Judgement:
    """All that one scenario said, and the exchanges and tables it looked at, in order."""

    steps: list[Step] = field(default_factory=list)
    advice: list[Finding] = field(default_factory=list)
    exchanges: list[str] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)

    @property
    def judged(self) -> int:
        return sum(step.judged for step in self.steps if step.kind == "expect")

    def saw(self, exchange_ids: Iterable[str]) -> None:
        self.exchanges = list(dict.fromkeys([*self.exchanges, *exchange_ids]))


_current: ContextVar[Judgement | None] = ContextVar("judgement", default=None)


@contextmanager
def judging(judgement: Judgement) -> Iterator[Judgement]:
    """Notes every judgement made inside the block in ``judgement``."""
    token = _current.set(judgement)
    try:
        yield judgement
    finally:
        _current.reset(token)


def current() -> Judgement | None:
    """The judgement now open, if any."""
    return _current.get()


def show_table(name: str, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    """Puts a table beside the judgement now open; one without rows is not shown."""
    listed = tuple(rows)
    if listed and (judgement := _current.get()):
        judgement.tables.append(Table(name, columns, listed))


def _note(step: Step) -> None:
    if judgement := _current.get():
        judgement.steps.append(step)


def shown(value: object) -> str:
    """A value in a reader's words, short enough for one line."""
    text = _words(value)
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"


def _words(value: object) -> str:
    match value:
        case str():
            return value or "nothing"
        case True:
            return "yes"
        case False:
            return "no"
        case None:
            return "nothing"
        case Mapping():
            return ", ".join(f"{key}: {_words(each)}" for key, each in value.items()) or "nothing"
        case list() | tuple() | set() | frozenset():
            return ", ".join(map(_words, value)) or "nothing"
        case _:
            return repr(value)


class _Expect:
    """The payer is wrong otherwise."""

    def __call__(self, value: object, what: str, *, at: str = "", got: object = None) -> None:
        """``value`` must be true; else NonConformance: ``what`` was expected, ``got`` was there, at ``at``."""
        _note(Step(what, 1, 0 if value else 1))
        if not value:
            raise NonConformance([Finding(what, shown(got if got is not None else value), at)])

    def each(
        self,
        items: Iterable[T],
        check: Callable[[T], object],
        what: str,
        *,
        at: Callable[[T], str] | None = None,
        got: Callable[[T], object] | None = None,
    ) -> None:
        """``check`` must hold for every item: all are judged, then all findings are raised at once.

        Where an item has an ``at``, it says where the item stands. Nothing to judge is a mistake of the scenario.
        """
        findings: list[Finding] = []
        judged = failed = 0
        unable: NotTested | None = None
        for item in items:
            judged += 1
            try:
                kept = check(item)
            except NotTested as reason:
                unable = unable or reason  # told only where nothing was found wrong
                continue
            if kept:
                continue
            failed += 1
            if len(findings) < SHOWN_FINDINGS:
                where = at(item) if at else str(getattr(item, "at", ""))
                findings.append(Finding(what, shown(got(item) if got else None), where))
        if not judged:
            raise ValueError(f"nothing to judge for: {what}")
        if unable and not failed:
            raise unable
        _note(Step(what, judged, failed))
        if failed:
            raise NonConformance(findings, judged, failed)

    def counted(self, tally: Tally, what: str) -> None:
        """None of a population that was counted elsewhere may have failed; the tally brings the findings to show.

        All that it brings stand in a table; the verdict has the first of them.
        """
        if not tally.judged:
            raise ValueError(f"nothing to judge for: {what}")
        _note(Step(what, tally.judged, tally.failed))
        if tally.failed:
            found = [Finding(what, shown(each.actual), each.at) for each in tally.findings]
            show_table(
                FINDINGS, ("expected", "found", "where"), ((each.expected, each.actual, each.at) for each in found)
            )
            raise NonConformance(found[:SHOWN_FINDINGS], tally.judged, tally.failed)


expect = _Expect()


def need(value: T | None, what: str, *, change: str = "", because: str = "") -> T:
    """Gives ``value`` back; without it nothing can be judged: NotTested, naming the key of target.toml to change."""
    if value is None or value is False or (hasattr(value, "__len__") and len(value) == 0):
        _note(Step(what, 0, 0, "need"))
        raise NotTested(f"needs {what}", change=change, because=because)
    return value


def only_if(value: T | None, what: str) -> T:
    """Gives ``value`` back; without it the requirement lawfully asks for nothing here: NotApplicable, saying so."""
    if not value:
        raise NotApplicable(f"only applies to {what}")
    return value


def advise(value: object, what: str, *, at: str = "", got: object = None) -> None:
    """Notes, where ``value`` is false, that ``what`` would be better, once; never decides."""
    _note(Step(what, 1, 0 if value else 1, "advise"))
    if not value and (judgement := _current.get()):
        finding = Finding(what, shown(got if got is not None else value), at)
        if finding not in judgement.advice:
            judgement.advice.append(finding)


def requirement(requirement_id: str, *, last: bool = False) -> Callable[[F], F]:
    """Says which one requirement a scenario judges.

    ``last``: when all others are done, as it looks back at what came of them, or spoils what they need.
    """

    def mark(scenario: F) -> F:
        setattr(scenario, REQUIREMENT, requirement_id)
        setattr(scenario, LAST, last)
        return scenario

    return mark

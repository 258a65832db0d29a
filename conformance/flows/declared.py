"""The drugs that a tester declares, and the items that list them now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from conformance import clock
from conformance.apis.formulary import Drug, Formulary, Item, Plan
from conformance.apis.formulary_drugs import code_of
from conformance.apis.formulary_faults import outside_its_period
from conformance.errors import NotTested
from conformance.target import Case


@dataclass(frozen=True)
class Declared:
    """A drug that the tester declares, with the items that list it now; ``past`` counts those that no longer do."""

    case: Case
    items: tuple[Item, ...]
    past: int = 0

    @property
    def code(self) -> str:
        return str(self.case.facts.get("drug", ""))

    @property
    def needs(self) -> tuple[str, ...]:
        """The limits that the tester declares."""
        return tuple(self.case.facts.get("needs", ()))

    @property
    def effective(self) -> date | None:
        """The day from which the drug list says so, where the tester names it."""
        written = self.case.facts.get("effective")
        return date.fromisoformat(str(written)) if written else None

    def due(self, holidays: Iterable[date]) -> clock.Stamp | None:
        """The day by whose end, wherever the payer is, the API has to say so: a business day after it took effect."""
        day = self.effective and clock.add_business_days(self.effective, 1, holidays)
        return clock.stamp(day, clock.ANYWHERE)

    @property
    def names_a_list(self) -> bool:
        """Whether the tester says on which plan or formulary it is."""
        return bool(self.case.facts.get("formulary") or self.case.facts.get("plan"))

    @property
    def at(self) -> str:
        return f"cases.formulary.{self.case.name} (drug {self.code})"

    def tells(self, limit: str) -> bool:
        """Whether a limit is told by all items of one formulary with the same pharmacy benefits: another formulary, or
        another kind of pharmacy, may lawfully be without."""
        alike: dict[object, list[Item]] = {}
        for item in self.items:
            alike.setdefault((item.formulary, item.benefit_types), []).append(item)
        return any(all(item.limits[limit] for item in items) for items in alike.values())

    def said(self, limit: str) -> dict[str, bool | None]:
        """What each item says of a limit."""
        return {item.at: item.limits[limit] for item in self.items}


@dataclass(frozen=True)
class Awaited:
    """A change of the drug list that need not be told yet: the case that names it, and by when it must be."""

    case: str
    due: datetime


@dataclass(frozen=True)
class Lists:
    """All that is listed, and the ``moment`` it is judged at (None: unknown).

    ``asked`` gives the items of an RxNorm code by a search of their own, where the lists are not whole.
    """

    items: Sequence[Item]
    drugs: Sequence[Drug]
    plans: Sequence[Plan]
    formularies: Sequence[Formulary]
    moment: datetime | None = None
    asked: Callable[[str], Iterable[Item]] | None = None

    def declared(self, case: Case) -> Declared:
        """A declared drug with its items; NotTested where the case names what nobody could find."""
        code = str(case.facts.get("drug", "")).replace("-", "")
        listed = {item.id: item for item in self._by_code.get(code, ())}
        if self.asked:
            listed |= {item.id: item for item in self.asked(code)}
        if not listed and self.drugs and not any(drug.rxnorm for drug in self.drugs):
            raise NotTested("no drug has an RxNorm code to be found by", because="usdf.drug-rxnorm")
        if not listed and any(item.drug_number and not code_of(item.drug_number) for item in self.items):
            raise NotTested(
                f"nothing leads to drug {code}, and some items name their drug by an identifier of another kind"
            )
        items = self._of_plan(case, listed.values())
        now = tuple(item for item in items if self._is_current(item))
        return Declared(case, now, len(items) - len(now))

    @cached_property
    def _by_code(self) -> dict[str, list[Item]]:
        """The items of each RxNorm code and of each NDC (without hyphens)."""
        items = by_drug(self.items)
        found: dict[str, list[Item]] = {}
        for drug in self.drugs:
            for code in {*drug.rxnorm, *(each.replace("-", "") for each in drug.ndc)}:
                found.setdefault(code, []).extend(items.get(f"MedicationKnowledge/{drug.id}", ()))
        for item in self.items:
            if item.drug_number and (code := code_of(item.drug_number)):
                found.setdefault(code, []).append(item)
        return found

    def _is_current(self, item: Item) -> bool:
        offered = item.is_offered and item.formulary not in self._withdrawn
        return offered and not (self.moment and outside_its_period(item, self.moment))

    @cached_property
    def _withdrawn(self) -> frozenset[str]:
        """The formularies that are retired, or still drafts."""
        return frozenset(f"InsurancePlan/{each.id}" for each in self.formularies if each.status in ("retired", "draft"))

    def _of_plan(self, case: Case, items: Iterable[Item]) -> tuple[Item, ...]:
        """The items of the plan or formulary that a case names; all of them where it names none."""
        key = "formulary" if case.facts.get("formulary") else "plan"
        named = str(case.facts.get(key) or "").removeprefix("InsurancePlan/")
        if not named:
            return tuple(items)
        lists = {key for plan in self.plans if goes_by(plan, named) for key in plan.formularies}
        lists |= {f"InsurancePlan/{each.id}" for each in self.formularies if goes_by(each, named)}
        if not lists:
            raise NotTested(f"no plan or formulary is called {named}", change=f"cases.formulary.{case.name}.{key}")
        return tuple(item for item in items if item.formulary in lists)


def goes_by(listed: Plan | Formulary, named: str) -> bool:
    """Whether a plan or formulary has this id, name or identifier."""
    return named in (listed.id, listed.name, *(each.value for each in listed.identifiers))


def by_drug(items: Iterable[Item]) -> dict[str, list[Item]]:
    """The items of each drug ("MedicationKnowledge/id")."""
    found: dict[str, list[Item]] = {}
    for item in items:
        found.setdefault(item.drug, []).append(item)
    return found

"""The drugs that the target file declares, looked for in one formulary."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from functools import cached_property, partial

from conformance.apis.formulary import RXNORM, Item, read_item
from conformance.apis.formulary_found import rxnorm_of
from conformance.apis.search_values import token
from conformance.errors import NotTested
from conformance.flows.declared import Awaited, Declared, Lists
from conformance.flows.formulary import MOST_READS, Formulary
from conformance.flows.formulary_searches import ITEMS
from conformance.flows.recording import Recording
from conformance.flows.target_cases import cases_of
from conformance.target import Case, Claim

CHANGE = "drug list change"


class DeclaredDrugs:
    """What one formulary says of the drugs that the tester declares."""

    def __init__(self, recording: Recording, claim: Claim) -> None:
        self._recording = recording
        self._claim = claim
        self._formulary = Formulary(recording, claim)

    def needing(self, *needs: str) -> tuple[Declared, ...]:
        """The drugs that are declared as having all of ``needs``, less those of which the API need not say so yet;
        NotTested where there is none."""
        cases = self._cases()
        wanted = [case for case in cases if set(needs) <= set(case.facts.get("needs", ()))]
        if not wanted:
            what = f"a drug that needs {' and '.join(needs)}" if needs else "a drug"
            raise NotTested(f"needs {what} declared", change="cases.formulary")
        drugs = [self._lists.declared(case) for case in wanted]
        told = tuple(drug for drug in drugs if not self._due_later(drug))
        if not told:
            raise NotTested(f"{drugs[0].at} holds since {drugs[0].effective}: it need not be told yet")
        return told

    def changed(self) -> tuple[Declared, ...]:
        """The drugs whose change took effect more than one business day ago; NotTested where there is none. What is
        not due yet is put on record, to be looked at again."""
        dated = [drug for case in self._cases() if (drug := self._lists.declared(case)).effective]
        if not dated:
            raise NotTested(
                "needs a drug with the day from which it is listed so", change="cases.formulary.….effective"
            )
        awaited = {drug.case.name: due for drug in dated if (due := self._due_later(drug))}
        for name, due in () if self._formulary.handed else awaited.items():  # a folder stays as it is
            self._recording.act((self._claim, CHANGE, name), partial(Awaited, name, due))
        over = tuple(drug for drug in dated if drug.case.name not in awaited)
        if not over:
            raise NotTested(f"no change is due yet: the first on {min(awaited.values()).date()}")
        return over

    def _cases(self) -> Collection[Case]:
        return cases_of(self._recording.target, "formulary").values()

    def _due_later(self, drug: Declared) -> datetime | None:
        """The last moment at which the API may be without a drug's change, where that is still to come."""
        due = drug.due(self._recording.target.holidays)
        return due.latest if due and due.latest >= self._formulary.moment() else None

    def names(self) -> dict[str, str]:
        """What the declared drugs are called where they are listed, by their codes."""
        wanted = {str(case.facts.get("drug", "")) for case in self._cases()}
        found = (drug for drug in self._formulary.drugs if drug.names)
        return {code: drug.names[0] for drug in found for code in wanted.intersection((*drug.rxnorm, *drug.ndc))}

    @cached_property
    def _lists(self) -> Lists:
        listed = self._formulary
        moment = listed.moment() if listed.is_dated else None
        asked = None if listed.is_whole else self._asked_for
        return Lists(listed.items, listed.drugs, listed.plans, listed.formularies, moment, asked)

    def _asked_for(self, code: str) -> list[Item]:
        """The items of a drug, searched for: the listing did not come to its end."""
        found = self._formulary.search("Basic", *ITEMS, ("subject:MedicationKnowledge.code", token(RXNORM, code)))
        if not found.ok:
            raise NotTested(f"{found.query}: {found.said}", because="usdf.search-items-by-drug")
        items = [item for placed in found.matches[:MOST_READS] if (item := read_item(placed.resource))]
        return [item for item in items if code in rxnorm_of(self._formulary.looked_up(item.drug))]

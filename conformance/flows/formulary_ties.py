"""How the resources of a formulary hang together: references that lead somewhere, costs of the tiers in use."""

from __future__ import annotations

from collections.abc import Collection

from conformance.apis.formulary import Item
from conformance.apis.formulary_found import rxnorm_of
from conformance.apis.formulary_limits import costs_told, used_of
from conformance.errors import NotTested
from conformance.expect import advise
from conformance.flows.formulary import MOST_READS, Formulary
from conformance.flows.formulary_probes import Probe
from conformance.flows.recording import Recording
from conformance.target import Claim


class Ties:
    """What refers to what in one formulary, and whether it is there."""

    def __init__(self, recording: Recording, claim: Claim) -> None:
        self._formulary = Formulary(recording, claim)

    def followed(self) -> tuple[Item, ...]:
        """The items whose references can be followed: all of them, but for those beyond the reads that we allow us."""
        out_of_reach = self._out_of_reach()
        items = [item for item in self._formulary.items if item.formulary and item.drug]
        near = tuple(item for item in items if item.formulary not in out_of_reach and item.drug not in out_of_reach)
        if items and not near:
            raise NotTested("no item refers to what is here: plans or drugs are missing", change="apis.formulary.files")
        advise(len(near) == len(items), "few references to what is not listed", got=f"{len(near)} items judged")
        return near

    def _out_of_reach(self) -> set[str]:
        """What items refer to, and nobody can tell whether it is there."""
        unlisted = self._formulary.unlisted
        if handed := self._formulary.handed:
            return set(filter(handed.may_lack, unlisted))
        return set(unlisted[MOST_READS:])

    def dangling(self, item: Item) -> str:
        """Which reference of an item leads to nothing, or to something else than it must; "" where none does."""
        wrong = "" if self.is_formulary(item.formulary) else f"{item.formulary} is no formulary"
        if not item.drug.startswith("MedicationKnowledge/") or self._formulary.leads_to(item.drug) is None:
            wrong += f"{' and ' if wrong else ''}{item.drug} is no drug"
        return wrong

    def is_formulary(self, key: str) -> bool:
        """Whether a reference leads to a formulary: to an InsurancePlan that is no plan of its own.

        What may only not have been handed over is taken for one.
        """
        if not key.startswith("InsurancePlan/"):
            return False
        if (handed := self._formulary.handed) and handed.may_lack(key):
            return True
        return self._formulary.leads_to(key) not in (None, "plan")

    def carries(self, key: str, brought: Collection[str]) -> bool:
        """Whether what a reference leads to was brought along; what is not there cannot be."""
        return key in brought or self._formulary.leads_to(key) is None

    def is_lost(self, key: str) -> bool:
        """Whether an item's reference to its drug leads to none: what is not there cannot be brought along."""
        return not key.startswith("MedicationKnowledge/") or self._formulary.looked_up(key) is None

    def is_of_drug(self, key: str, code: str) -> bool:
        """Whether a drug has an RxNorm code, be it listed or not; one that cannot be read is judged elsewhere."""
        found = self._formulary.looked_up(key)
        return found is None or code in rxnorm_of(found)

    def tiers_in_use(self) -> tuple[Probe, ...]:
        """Each tier and kind of pharmacy that a plan's items use, of the pharmacies that the plan tells costs of."""
        used = used_of(self._formulary.items)
        return tuple(
            Probe(plan.at, "" if set(tier) & costs else f"no cost of tier {tier[0]} at {pharmacy[0]}")
            for plan in self._formulary.plans
            if (told := costs_told(plan))
            for tier, pharmacy in sorted(set().union(*(used.get(each, ()) for each in plan.formularies)))
            if (costs := {tier for code in pharmacy for tier in told.get(code, ())})
        )

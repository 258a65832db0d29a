"""What a formulary is searched for: values of what it lists, chosen so that a search that is ignored would be noticed.

A folder has no searches: everything here is NotApplicable to one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from conformance.apis.formulary import Drug, Item
from conformance.apis.formulary_found import plain_name, telling_word
from conformance.apis.formulary_searched import NAMED, PARAMETERS, PERIODS, RECOMMENDED, SEVERAL
from conformance.apis.shapes import REASON, Placed
from conformance.errors import NotApplicable, NotTested
from conformance.flows.declared import by_drug
from conformance.flows.formulary import Formulary
from conformance.flows.formulary_probes import Probe, probes
from conformance.flows.formulary_refined import compared, named, several
from conformance.flows.formulary_searches import LISTINGS, RAW
from conformance.flows.recording import Recording
from conformance.target import Claim

NAMELESS = "no drug has a name that is searched by: a code's display, or a synonym"


class SearchTerms:
    """What there is to search one endpoint's formulary for."""

    def __init__(self, recording: Recording, claim: Claim) -> None:
        self._recording = recording
        self._claim = claim
        self._formulary = Formulary(recording, claim)

    def items_of_one_formulary(self) -> tuple[Item, ...]:
        """The items that share a formulary: of the one with fewest."""
        return self._fewest(lambda item: item.formulary, "a formulary")

    def items_of_one_tier(self) -> tuple[Item, ...]:
        """The items that share a tier: of the one with fewest."""
        return self._fewest(lambda item: item.tier_code, "a tier with a code")

    def items_alike(self) -> tuple[Item, ...]:
        """The items that share formulary, tier and status: of the group with fewest."""

        def shared(item: Item) -> object:
            told = item.formulary and item.tier_code and item.status and item.status != REASON
            return told and (item.formulary, item.tier_code, item.status)

        return self._fewest(shared, "a formulary, a coded tier and a status")

    def _fewest(self, shared: Callable[[Item], object], what: str) -> tuple[Item, ...]:
        """Those of the items with ``what`` that share it with fewest others, so that others would be noticed."""
        self._recording.endpoint(self._claim)
        groups: dict[object, list[Item]] = {}
        for item in self._formulary.items:
            if (key := shared(item)) and not item.formulary_number:  # no search follows an identifier
                groups.setdefault(key, []).append(item)
        if not groups and self._formulary.items:
            raise NotApplicable(f"no item has {what} that can be searched by")
        if not groups:
            raise NotTested("needs a formulary item", because=RAW)
        fewest: list[Item] = min(groups.values(), key=len)
        return tuple(fewest)

    def drug_with_items(self) -> tuple[Drug, tuple[Item, ...]]:
        """A drug with an RxNorm code that is listed, with its items: the one with fewest."""
        self._recording.endpoint(self._claim)
        items_of = by_drug(self._formulary.items)
        listed = [
            (drug, items)
            for drug in self._formulary.drugs
            if (items := items_of.get(f"MedicationKnowledge/{drug.id}")) and drug.number
        ]
        if not listed:
            raise NotTested("needs a drug with an RxNorm code and an item", because="usdf.drug-rxnorm")
        drug, items = min(listed, key=lambda pair: len(pair[1]))
        return drug, tuple(items)

    def drug_with_a_word(self) -> tuple[Drug, str]:
        """A listed drug, and the word of its name that fewest drugs share; NotApplicable where no drug has any."""
        self._recording.endpoint(self._claim)
        drugs = self._formulary.drugs
        drug = next((each for each in drugs if telling_word(each, ())), None)
        if drug is None:
            raise NotApplicable(NAMELESS)
        return drug, telling_word(drug, drugs)

    def drug_with_a_name(self) -> tuple[Drug, str]:
        """A listed drug, and a name of it that can be searched for as it is; NotApplicable where no drug has any."""
        self._recording.endpoint(self._claim)
        listed = {placed.id for placed in self._formulary.listed("MedicationKnowledge")}
        named = ((drug, plain_name(drug)) for drug in self._formulary.drugs if drug.id in listed)
        found = next(((drug, name) for drug, name in named if name), None)
        if found is None:
            raise NotApplicable(NAMELESS)
        return found

    def probes(self, type_: str) -> tuple[Probe, ...]:
        """A search of a type by each parameter that the guide requires; NotTested where there is nothing to find."""
        self._recording.endpoint(self._claim)
        listed = self._formulary.areas if type_ == "Location" else self._formulary.listed(type_)
        if not listed:
            raise NotTested(f"needs a {type_} to search for", because="usdf.read-by-id" if type_ == "Location" else RAW)
        found = tuple(probes(type_, PARAMETERS[type_], listed, self._formulary.search))
        if not found:
            raise NotTested(f"no {type_} says anything to search by", because=RAW)
        return found

    def recommended(self, type_: str) -> tuple[Probe, ...]:
        """The same by each parameter that the guide recommends; NotApplicable where nothing listed has a value."""
        self._recording.endpoint(self._claim)
        found = tuple(probes(type_, RECOMMENDED[type_], self._formulary.listed(type_), self._formulary.search))
        if not found:
            raise NotApplicable(f"no {type_} has a value for {', '.join(RECOMMENDED[type_])}")
        return found

    def _refined(self, types: Sequence[str], by: Callable[..., Iterator[Probe]]) -> tuple[Probe, ...]:
        """Searches of some types that refine a parameter; NotApplicable where nothing listed can be searched for so."""
        self._recording.endpoint(self._claim)
        listed = self._formulary
        found = tuple(probe for type_ in types for probe in by(type_, listed.listed(type_), listed.search))
        if not found:
            raise NotApplicable(f"no {' and no '.join(types)} has a value to be searched by")
        return found

    def compared(self) -> tuple[Probe, ...]:
        """Searches by a period with each comparator."""
        return self._refined(tuple(PERIODS), compared)

    def several(self) -> tuple[Probe, ...]:
        """Searches by one of two values."""
        return self._refined(tuple(SEVERAL), several)

    def named(self) -> tuple[Probe, ...]:
        """Searches by a part of a name, and by whether there is one."""
        return self._refined(tuple(NAMED), named)

    def one_of_each(self) -> tuple[Placed, ...]:
        """One listed resource of each type."""
        self._recording.endpoint(self._claim)
        return tuple(each[0] for type_ in LISTINGS if (each := self._formulary.listed(type_)))

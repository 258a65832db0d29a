"""One drug, one answer: what is covered, and under which limits, asked of every source that the payer offers.

The formulary and an issuer's drugs file tell of the pharmacy benefit, and so does coverage discovery about an order for
the drug itself; about the code that bills it (HCPCS) it tells of the medical benefit. Both may lawfully differ.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from conformance.apis.coverage_information import NEEDED, QUANTITY, CoverageInformation
from conformance.apis.drug_files import Offer
from conformance.apis.formulary import RXNORM, Item, Plan
from conformance.apis.formulary_limits import LIMITS, tier_name
from conformance.apis.one_drug import FACTS, NEW_STARTS, Benefit, OneDrug, Said, Told, alike
from conformance.errors import NotApplicable
from conformance.expect import show_table
from conformance.flows.coverage_discovery import CoverageDiscovery
from conformance.flows.declared import Declared, goes_by
from conformance.flows.declared_drugs import DeclaredDrugs
from conformance.flows.drug_files import DrugFiles
from conformance.flows.formulary import Formulary
from conformance.flows.recording import Recording
from conformance.flows.target_cases import claims_of, plan_name
from conformance.target import DEFAULT_MEMBER, Case, Claim

HCPCS = "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
COLUMNS = ("drug", "benefit", "source", *(fact.replace("-", " ") for fact in FACTS), "where")
SHOWN: dict[Told, str] = {True: "yes", False: "no", None: "not told"}
UNLISTED: dict[str, Told] = {"covered": False}


class DrugSources:
    """Every source of one payer that tells of drugs, beside one formulary."""

    def __init__(self, recording: Recording, claim: Claim) -> None:
        self._recording = recording
        self._formulary = Formulary(recording, claim)
        self._declared = DeclaredDrugs(recording, claim)

    def told(self, benefits: Collection[Benefit], facts: Collection[str]) -> tuple[OneDrug, ...]:
        """The declared drugs of which several sources tell one of these facts, within these benefits; NotApplicable
        where there is none."""
        if not (claims_of(self._recording.target, "crd") or claims_of(self._recording.target, "qhp")):
            raise NotApplicable("no other source tells of drugs")
        every = self.every()
        show_table("One drug, one answer", COLUMNS, (_row(one, each) for one in every for each in one.said))
        found = tuple(part for one in every if (part := one.part(benefits, facts)).compares(benefits, facts))
        if not found:
            raise NotApplicable(f"no two sources tell of one drug under the {' and '.join(benefits)} benefit")
        return found

    def every(self) -> tuple[OneDrug, ...]:
        """The declared drugs with all that is said of them; NotTested where none is declared."""
        names = self._declared.names()
        return tuple(
            OneDrug(drug.at, drug.case.name, drug.code, names.get(drug.code, ""), tuple(self._said(drug)))
            for drug in self._declared.needing()
        )

    def _said(self, drug: Declared) -> Iterator[Said]:
        yield from self._by_items(drug)
        yield from self._by_files(drug)
        yield from self._by_discovery(drug)

    def _by_items(self, drug: Declared) -> Iterator[Said]:
        """What the items say that are now in force on the member's plan, which may list the drug not at all."""
        lists = {key for plan in self._plans(drug.case) for key in plan.formularies}
        own = [item for item in drug.items if item.formulary in lists]
        if own:
            facts = {fact: alike(_of_item(item)[fact] for item in own) for fact in FACTS}
            yield Said("pharmacy", "the formulary", own[0].at, facts)
        elif lists and not drug.names_a_list:
            yield Said("pharmacy", "the formulary", ", ".join(sorted(lists)), UNLISTED)

    def _by_files(self, drug: Declared) -> Iterator[Said]:
        """What the issuer's drugs files list for the member's plan, by any number of it."""
        numbers = {each.value for plan in self._plans(drug.case) for each in plan.identifiers}
        for claim in claims_of(self._recording.target, "qhp")[-1:]:
            files = DrugFiles(self._recording, claim).published
            own = [each for read in files.drugs for each in read.offers.get(drug.code, ()) if each.plan in numbers]
            if own:
                facts = {fact: alike(_of_offer(offer)[fact] for offer in own) for fact in FACTS}
                yield Said("pharmacy", "the drugs file", f"plan {own[0].plan}", facts)
            elif files.is_whole and (here := numbers & files.plan_ids):
                yield Said("pharmacy", "the drugs file", f"plan {min(here)}", UNLISTED)

    def _by_discovery(self, drug: Declared) -> Iterator[Said]:
        """What coverage discovery says of an order for the drug, and of one for the code that bills it."""
        facts = drug.case.facts
        orders: dict[Benefit, dict[str, Any]] = {"pharmacy": {"system": RXNORM, "code": drug.code}}
        if billed := facts.get("billed"):
            orders["medical"] = {"system": HCPCS, "code": billed}
        for claim in claims_of(self._recording.target, "crd")[-1:]:
            for benefit, service in orders.items():
                member = facts.get("member", DEFAULT_MEMBER)
                asked = {"service": service, "order": "MedicationRequest", "member": member}
                case = Case(claim.api, f"{drug.case.name}-{benefit}", asked)
                if told := CoverageDiscovery(self._recording, claim).told_of(case):
                    said = {fact: alike(_of_order(each)[fact] for each in told) for fact in FACTS}
                    yield Said(benefit, "coverage discovery", f"{claim.label}, {service['code']}", said)

    def _plans(self, case: Case) -> list[Plan]:
        """The plan of the member whose coverage is asked about; every plan, where the target names none."""
        named = plan_name(self._recording.target, str(case.facts.get("member", DEFAULT_MEMBER)))
        return [plan for plan in self._formulary.plans if not named or goes_by(plan, named)]


def _row(drug: OneDrug, said: Said) -> tuple[str, ...]:
    told = (SHOWN.get(each, str(each)) for _, each in said.by_fact())
    return (drug.at, said.benefit, said.source, *told, said.at)


def _of_item(item: Item) -> dict[str, Told]:
    """What an item says of all: a limit that binds new starts alone says nothing of others."""
    new = (item.prior_authorization_new_starts, item.step_therapy_new_starts, False)
    limits = zip(item.limits.items(), new, strict=True)
    told = {limit: NEW_STARTS if only and holds else holds for (limit, holds), only in limits}
    return {"covered": True, "tier": tier_name(item) or None, **told}


def _of_offer(offer: Offer) -> dict[str, Told]:
    return {"covered": True, "tier": offer.tier or None, **dict(zip(LIMITS, offer.limits, strict=True))}


def _of_order(told: CoverageInformation) -> dict[str, Told]:
    """What coverage discovery says of an order: nothing of tiers, and of limits only that there is one."""
    covered = {"covered": True, "not-covered": False}.get(told.covered)
    return {
        "covered": None if told.unknown_member else covered,
        "tier": None,
        "prior-authorization": None if told.undecided or told.no_coverage else told.authorization in NEEDED,
        "step-therapy": None,
        "quantity-limit": True if QUANTITY in told.details else None,
    }

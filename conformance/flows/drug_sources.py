"""One drug, one answer: whether it needs prior authorization, asked of every source that the payer offers.

The formulary and an issuer's drugs file tell of the pharmacy benefit, and so does coverage discovery about an order for
the drug itself; about the code that bills it (HCPCS) it tells of the medical benefit. Both may lawfully differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from conformance.apis.coverage_information import NEEDED, CoverageInformation
from conformance.apis.formulary import RXNORM, Item, Plan
from conformance.errors import NotApplicable
from conformance.expect import show_table
from conformance.flows.coverage_discovery import CoverageDiscovery
from conformance.flows.declared import Declared, goes_by
from conformance.flows.declared_drugs import DeclaredDrugs
from conformance.flows.drug_files import DrugFiles
from conformance.flows.formulary import Formulary
from conformance.flows.recording import Recording
from conformance.flows.target_cases import plan_name
from conformance.guides import version_key
from conformance.target import DEFAULT_MEMBER, Case, Claim

HCPCS = "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"
COLUMNS = ("drug", "benefit", "source", "prior authorization", "where")
SHOWN = {True: "needed", False: "not needed", None: "not told"}

Benefit = Literal["pharmacy", "medical"]


@dataclass(frozen=True)
class Said:
    """What one source says of one drug; ``needed`` is None where it does not tell of prior authorization."""

    benefit: Benefit
    source: str
    at: str
    needed: bool | None

    @property
    def told(self) -> str:
        return f"{SHOWN[self.needed]} by {self.source} ({self.at})"


@dataclass(frozen=True)
class OneDrug:
    """A declared drug, with all that is said of it."""

    at: str
    said: tuple[Said, ...]

    def tells_of(self, *benefits: Benefit) -> bool:
        """Whether more than one source tells of these benefits, each benefit among them."""
        told = self._telling(benefits)
        return len(told) > 1 and {each.benefit for each in told} == set(benefits)

    def agrees_on(self, *benefits: Benefit) -> bool:
        """Whether all that tell of these benefits say the same."""
        return len({each.needed for each in self._telling(benefits)}) < 2

    def told_of(self, *benefits: Benefit) -> str:
        """What each source says, with its place."""
        return "; ".join(each.told for each in self._telling(benefits))

    def _telling(self, benefits: Sequence[Benefit]) -> list[Said]:
        return [each for each in self.said if each.benefit in benefits and each.needed is not None]


class DrugSources:
    """Every source of one payer that tells of drugs, beside one formulary."""

    def __init__(self, recording: Recording, claim: Claim) -> None:
        self._recording = recording
        self._formulary = Formulary(recording, claim)
        self._declared = DeclaredDrugs(recording, claim)

    def told(self, *benefits: Benefit) -> tuple[OneDrug, ...]:
        """The declared drugs of which several sources tell, within these benefits; NotApplicable where none is."""
        if not (self._claims("crd") or self._claims("qhp")):
            raise NotApplicable("no other source tells of drugs")
        every = tuple(self._asked(drug) for drug in self._declared.needing())
        rows = ((one.at, each.benefit, each.source, SHOWN[each.needed], each.at) for one in every for each in one.said)
        show_table("One drug, one answer", COLUMNS, rows)
        found = tuple(each for each in every if each.tells_of(*benefits))
        if not found:
            raise NotApplicable(f"no two sources tell of one drug under the {' and '.join(benefits)} benefit")
        return found

    def _asked(self, drug: Declared) -> OneDrug:
        said = (*self._by_items(drug), *self._by_files(drug), *self._by_discovery(drug))
        return OneDrug(drug.at, said)

    def _by_items(self, drug: Declared) -> Iterator[Said]:
        """What the items say that are now in force on the member's plan; nothing where they do not say the same."""
        lists = {key for plan in self._plans(drug.case) for key in plan.formularies}
        own = [item for item in drug.items if item.formulary in lists]
        if own:
            yield Said("pharmacy", "the formulary", own[0].at, _one(map(_needed, own)))

    def _by_files(self, drug: Declared) -> Iterator[Said]:
        """What the issuer's drugs files list for the member's plan, by any number of it."""
        numbers = {each.value for plan in self._plans(drug.case) for each in plan.identifiers}
        for claim in self._claims("qhp")[-1:]:
            files = DrugFiles(self._recording, claim).published.drugs
            own = [each for read in files for each in read.offers.get(drug.code, ()) if each.plan in numbers]
            if own:
                yield Said("pharmacy", "the drugs file", f"plan {own[0].plan}", _one(each.limits[0] for each in own))

    def _by_discovery(self, drug: Declared) -> Iterator[Said]:
        """What coverage discovery says of an order for the drug, and of one for the code that bills it."""
        facts = drug.case.facts
        orders: dict[Benefit, dict[str, Any]] = {"pharmacy": {"system": RXNORM, "code": drug.code}}
        if billed := facts.get("billed"):
            orders["medical"] = {"system": HCPCS, "code": billed}
        for claim in self._claims("crd")[-1:]:
            for benefit, service in orders.items():
                asked = {
                    "service": service,
                    "order": "MedicationRequest",
                    "member": facts.get("member", DEFAULT_MEMBER),
                }
                case = Case(claim.api, f"{drug.case.name}-{benefit}", asked)
                told = CoverageDiscovery(self._recording, claim).told_of(case)
                yield Said(benefit, "coverage discovery", f"{claim.label}, {service['code']}", _one(map(_due, told)))

    def _plans(self, case: Case) -> list[Plan]:
        """The plan of the member whose coverage is asked about; every plan, where the target names none."""
        named = plan_name(self._recording.target, str(case.facts.get("member", DEFAULT_MEMBER)))
        return [plan for plan in self._formulary.plans if not named or goes_by(plan, named)]

    def _claims(self, ig: str) -> list[Claim]:
        found = [each for each in self._recording.target.claim_list() if each.ig == ig]
        return sorted(found, key=lambda each: version_key(each.version))


def _one(said: Iterable[bool | None]) -> bool | None:
    """What all of several say alike; None where they do not, or say nothing."""
    different = set(said)
    return different.pop() if len(different) == 1 else None


def _needed(item: Item) -> bool | None:
    """Whether an item asks everybody for prior authorization: one that asks new starts alone says nothing of others."""
    return None if item.prior_authorization_new_starts else item.limits["prior-authorization"]


def _due(told: CoverageInformation) -> bool | None:
    return None if told.undecided or told.no_coverage else told.authorization in NEEDED

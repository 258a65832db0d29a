"""Provider Access: what is declared of the members attributed to a provider, against what came in bulk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from conformance.errors import NotTested
from conformance.flows.bulk import Bulk
from conformance.flows.held import Oldest, kinds, oldest
from conformance.flows.recording import Recording
from conformance.flows.target_cases import case_of, cases_of, member_of
from conformance.target import Case, Claim

AT = "cases.provider-access"
FIRST_DAY = date(2016, 1, 1)  # from which Provider Access reaches back (42 CFR 422.121(a))


@dataclass(frozen=True)
class Choice:
    """A member's choice: whether the member's data came, and whether they should."""

    name: str
    came: bool
    due: bool

    @property
    def at(self) -> str:
        return f"cases.provider-access.{self.name}"


class ProviderAccess:
    """What a tester declares of one Provider Access endpoint."""

    def __init__(self, recording: Recording, claim: Claim) -> None:
        self._target = recording.target
        self._bulk = Bulk(recording, claim)

    @property
    def _cases(self) -> Mapping[str, Case]:
        return cases_of(self._target, "provider-access")

    def _attributed(self) -> Case:
        return case_of(self._target, "provider-access", "attributed")

    @property
    def amounts_agreed(self) -> bool:
        """Whether an agreement with the provider, as of value-based care, lets claims say what was paid (pdex-323)."""
        attributed = self._cases.get("attributed")
        return bool(attributed and attributed.facts.get("amounts_agreed"))

    def holds(self) -> tuple[str, ...]:
        """The resource types that the payer holds of the members attributed to the provider."""
        return kinds(self._attributed(), f"{AT}.attributed")

    def oldest(self) -> tuple[Oldest, ...]:
        """The oldest records that the payer holds of them, as far as the duty reaches."""
        return oldest(self._attributed(), f"{AT}.attributed", FIRST_DAY)

    def opted_out(self) -> tuple[Choice, ...]:
        """The declared members who opted out, and those who opted in again, with whether they are in Group and data."""
        declared = [(name, case) for name, case in self._cases.items() if name.startswith("opted-")]
        if not any(name.startswith("opted-out") for name, _ in declared):
            raise NotTested("needs a member who opted out", change=f"{AT}.opted-out")
        return tuple(self._choice(name, case) for name, case in declared)

    def _choice(self, name: str, case: Case) -> Choice:
        facts = member_of(self._target, case).facts
        numbers = {str(facts[key]) for key in ("member_id", "patient_id") if facts.get(key)}
        self._bulk.whole()
        came = any(each.knows(numbers) for each in self._bulk.harvests().values())
        return Choice(name, came, not name.startswith("opted-out"))

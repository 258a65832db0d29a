"""What a member is shown, beside what the tester and the payer's own inquiry say of it."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.apis.shown_authorization import Shown, content_faults
from conformance.flows.submission import Decided
from conformance.target import Known


@dataclass(frozen=True)
class Expected:
    """An authorization that the tester knows, and what the member is shown of it (None: nothing)."""

    known: Known
    shown: Shown | None

    @property
    def at(self) -> str:
        return f"known {self.known.identifier}"

    @property
    def is_up_to_date(self) -> bool:
        """Whether its decision is told; a decided authorization has no line that is still pended."""
        if self.shown is None:
            return True  # that it is not shown at all is judged elsewhere
        actions, decision = self.shown.actions, self.known.decision
        return decision in actions and (decision == "pended" or "pended" not in actions)


@dataclass(frozen=True)
class Content:
    """One authorization, and whether the provider is known to have sent documents for it."""

    shown: Shown
    documented: bool

    @property
    def faults(self) -> tuple[str, ...]:
        """What the law names and the authorization does not tell."""
        bare = self.documented and not self.shown.documents
        return (*content_faults(self.shown), *(("no documents of the provider",) if bare else ()))


@dataclass(frozen=True)
class Story:
    """One authorization told twice: as the inquiry tells it, and as the member is shown it."""

    told: Decided
    shown: Shown

    @property
    def at(self) -> str:
        return f"known {self.told.known.identifier}"

    @property
    def differences(self) -> tuple[str, ...]:
        """The lines about which the two do not say the same."""
        found = []
        for item in self.told.answer.items:
            line = self.shown.of(item.sequence)
            if line is None or line.action not in item.actions:
                there = ", ".join(item.actions) or "nothing"
                found.append(f"item {item.sequence}: {there} there, {line.action if line else 'nothing'} here")
        return tuple(found)


@dataclass(frozen=True)
class Probe:
    """One way to ask for another member's data with our own token, and what of that member came back."""

    way: str
    found: tuple[str, ...]

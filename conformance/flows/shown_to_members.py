"""What a member is shown, beside what the tester and the payer's own inquiry say of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from conformance.apis.search_values import token
from conformance.apis.shown_authorization import Shown, content_faults, near, undated
from conformance.clock import Stamp, stamp
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
        """Whether it is shown with its decision; a decided authorization has no line that is still pended.

        Words that we do not understand may tell it.
        """
        if self.shown is None:
            return False
        if any(line.in_words for line in self.shown.lines):
            return True
        actions, decision = self.shown.actions, self.known.decision
        return decision in actions and (decision == "pended" or "pended" not in actions)


@dataclass(frozen=True)
class Content:
    """One authorization, whether the provider is known to have sent documents for it, and when it was decided."""

    shown: Shown
    documented: bool
    decided: Stamp | None

    @property
    def faults(self) -> tuple[str, ...]:
        """What the law names and the authorization does not tell."""
        bare = self.documented and not self.shown.documents
        return (*content_faults(self.shown, self.decided), *(("no documents of the provider",) if bare else ()))

    @property
    def weakly_dated(self) -> bool:
        """Whether only the making of the resource tells when it was decided."""
        return undated(self.shown)


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
        """The lines about which the two do not say the same; lines that are numbered otherwise, by what they say."""
        items = self.told.answer.items
        alike = {item.sequence for item in items} == {line.sequence for line in self.shown.lines}
        found = []
        for item in items:
            line = self.shown.of(item.sequence if alike else None, [each.value for each in item.traces])
            lines = (line,) if line else self.shown.lines
            here = {each.action for each in lines}
            if here.isdisjoint(item.actions) and not any(each.in_words for each in lines):
                there = ", ".join(item.actions) or "nothing"
                found.append(f"item {item.sequence}: {there} there, {_words(here)} here")
            elif line and not _end_alike(item.until, line.until):
                found.append(f"item {item.sequence}: until {item.until} there, until {line.until} here")
        return tuple(found)


@dataclass(frozen=True)
class Probe:
    """One way to ask for another member's data with our own token, and what of that member came back."""

    way: str
    found: tuple[str, ...]


def ways(own: str, other: Mapping[str, Any]) -> dict[str, str]:
    """The paths by which another member's data are asked for, by the name of the way; ``own`` is our Patient's id,
    ``other`` the facts of the other member."""
    patient = str(other["patient_id"])
    identifier = token(other.get("identifier_system", ""), other.get("member_id", ""))
    of_patient, by_id = urlencode({"patient": patient}), urlencode({"_id": patient})
    return {
        "read": f"Patient/{quote(patient)}",
        "search": f"ExplanationOfBenefit?{of_patient}",
        "search of both": f"ExplanationOfBenefit?{urlencode({'patient': f'{own},{patient}'})}",
        "search of coverage": f"Coverage?{of_patient}",
        "chained search": f"ExplanationOfBenefit?{urlencode({'patient.identifier': identifier})}",
        "_include": f"ExplanationOfBenefit?{of_patient}&_include=ExplanationOfBenefit:patient",
        "_revinclude": f"Patient?{by_id}&_revinclude=ExplanationOfBenefit:patient",
        "$everything": f"Patient/{quote(patient)}/$everything",
    }


def _end_alike(there: str, here: str) -> bool:
    """Whether two ends may be the same day; one that is not told contradicts nothing."""
    one, other = stamp(there), stamp(here)
    return one is None or other is None or near(one, other)


def _words(actions: Iterable[str | None]) -> str:
    return " and ".join(sorted(filter(None, actions))) or "nothing"

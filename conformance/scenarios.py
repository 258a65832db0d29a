"""A pytest item as a scenario: its suite, its id, the requirement it judges."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conformance.catalogue import Requirement
    from conformance.run import Run
    from conformance.target import Claim


def requirement_of(run: Run, function: Any) -> Requirement | None:
    """The requirement a scenario names; None where it names none, or none that we know (see check_known)."""
    from conformance.expect import REQUIREMENT

    named = getattr(function, REQUIREMENT, None)
    return run.catalogue.requirements.get(named) if named else None


def check_known(run: Run, function: Any) -> None:
    """UsageError where a scenario judges a requirement that no row of the catalogue defines."""
    from conformance.expect import REQUIREMENT

    named = getattr(function, REQUIREMENT, None)
    if named and named not in run.catalogue.requirements:
        raise pytest.UsageError(f"{function.__name__} judges the requirement {named!r}, which no catalogue row defines")


def is_last(function: Any) -> bool:
    """Whether a scenario is to run when all others are done."""
    from conformance.expect import LAST

    return bool(getattr(function, LAST, False))


def is_beside(item: pytest.Function) -> bool:
    """Whether the file of a scenario says that it may run at the same time as the others at its base URL."""
    return bool(getattr(item.module, "BESIDE", False))


def claim_ids(claims: Sequence[Claim]) -> list[str]:
    """pas=2.2.1; with its API in front where two APIs claim the same."""
    labels = [claim.label for claim in claims]
    return [claim.label if labels.count(claim.label) == 1 else f"{claim.api},{claim.label}" for claim in claims]


def suite_of(item: pytest.Item) -> str:
    """The folder a scenario lies in."""
    return item.path.parent.name


def scenario_id(item: pytest.Item) -> str:
    """<suite>.<function>[pas=2.2.1]"""
    return f"{suite_of(item)}.{item.name}"

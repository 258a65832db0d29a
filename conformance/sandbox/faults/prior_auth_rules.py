"""How the prior-authorization API is bent: answers of an operation, or a rule; the versions and cases it is about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from conformance.sandbox.faults import prior_auth_edits as edits
from conformance.sandbox.frame import Bend, Policies

PENDED = "22551"  # the service code of the pended case, as in fixtures/sandbox/services.toml
NEWEST = ("pas=2.2.1",)
NO_CODE = ("pas.denial-reason-code",)  # what is advised where a reason is words


def submit(change: edits.Change, when: edits.When = edits.served) -> Bend:
    """Changes the answers of $submit."""
    return Bend("prior-auth.submit", change, when)


def inquire(change: edits.Change, when: edits.When = edits.served) -> Bend:
    """Changes the answers of $inquire."""
    return Bend("prior-auth.inquire", change, when)


def rule(**values: Any) -> Callable[[Policies], Policies]:
    """Changes rules that the payer follows: values of policies.prior_auth."""
    return lambda policies: policies.changed("prior_auth", **values)

"""What can be wrong with whom a formulary is shown, and what may lawfully differ: members, clients of another scope."""

from __future__ import annotations

from conformance.sandbox.faults import changes
from conformance.sandbox.frame import Answer, Bend, Call, Fault, Variant

READ = "formulary.read"
EVERY_PLAN: frozenset[str] = frozenset()
OWN_ONLY = frozenset({"InsurancePlan", "Basic"})


def of_another_plan(_call: Call, answer: Answer) -> bool:
    """A member's reading of what is another plan's."""
    return answer.status == 400


FAULTS: tuple[Fault, ...] = (
    Fault(
        "shows_members_every_plan",
        "A member is shown every plan, be it the own one or not.",
        ("usdf.member-plan",),
        policies=changes.rule("formulary", own_only=EVERY_PLAN),
    ),
    Fault(
        "keeps_items_from_members",
        "A member finds no formulary item, not even of the own plan.",
        ("usdf.member-drugs",),
        policies=changes.rule("formulary", kept_from_members=frozenset({"Basic"})),
    ),
    Fault(
        "keeps_drugs_from_members",
        "A member finds the items of the own plan, and none of their drugs.",
        ("usdf.member-drugs",),
        policies=changes.rule("formulary", kept_from_members=frozenset({"MedicationKnowledge"})),
    ),
    Fault(
        "opens_drugs_to_any_scope",
        "The formulary takes a token, and asks for no scope.",
        ("usdf.scope",),
        policies=changes.rule("formulary", anonymous=False, scopes_enforced=False),
    ),
)
VARIANTS: tuple[Variant, ...] = (
    Variant(
        "items_of_the_own_plan_only",
        "A member is shown the items of the own plan's formularies, and no other.",
        policies=changes.rule("formulary", own_only=OWN_ONLY),
    ),
    Variant(
        "another_plan_not_found",
        "To a member another plan is 404, as if it were not there.",
        bend=Bend(READ, changes.to_not_found, of_another_plan),
        advises=("usdf.member-plan",),
    ),
)

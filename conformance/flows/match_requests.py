"""The facts that a request to match one member is made of."""

from __future__ import annotations

from typing import Any

from conformance import clock
from conformance.flows.consents import US_NPI, consent
from conformance.flows.recording import Recording
from conformance.target import Case, Claim, Member


def match_facts(recording: Recording, claim: Claim, case: Case, name: str, member: Member) -> dict[str, Any]:
    """The facts of a case about a member: who asks, with which consent, under which identifier."""
    target, moment = recording.target, clock.now()
    requester = {
        "identifier": {"system": US_NPI, "value": target.requester.get("npi")},
        "name": target.requester.get("name"),
    }
    return {
        **case.facts,
        "link": {"more": True},
        "member": dict(member.facts),
        "payer": dict(target.payer),
        "new_payer": requester,
        "consent": consent(name, target.payer, requester, moment.date()),
        "request": {
            "id": f"{recording.run_id}-{name}-{claim.version}",
            "created": moment.isoformat(timespec="seconds"),
            "date": moment.date().isoformat(),
        },
    }

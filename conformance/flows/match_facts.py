"""What a request to match a member is filled with: who asks, about whom, with which consent."""

from __future__ import annotations

from typing import Any

from conformance import clock
from conformance.flows.consents import US_NPI, consent
from conformance.flows.target_cases import member_of
from conformance.target import Case, Target


def match_facts(target: Target, case: Case, request_id: str, consent_ends: str = "") -> dict[str, Any]:
    """The facts of the match of a case's member; ``consent_ends`` is an instant, where the consent is to end at one."""
    moment = clock.now()
    requester = {
        "identifier": {"system": US_NPI, "value": target.requester.get("npi")},
        "name": target.requester.get("name"),
    }
    return {
        "link": {"more": True},
        "member": dict(member_of(target, case).facts),
        "payer": dict(target.payer),
        "new_payer": requester,
        "consent": consent(case.name, target.payer, requester, moment.date(), consent_ends),
        "request": {
            "id": request_id,
            "created": moment.isoformat(timespec="seconds"),
            "date": moment.date().isoformat(),
        },
    }

"""Requests that are valid but not usual, sent once each: whether the payer takes them as it takes the usual one."""

from __future__ import annotations

from conformance.exchange import Exchange
from conformance.flows.alterations import altered
from conformance.flows.prior_auth import PriorAuth
from conformance.flows.prior_auth_requests import SUBMIT, Requests
from conformance.flows.recording import Recording
from conformance.flows.sent import Sent, sent_once
from conformance.target import Claim


class Alterations:
    """What can be altered in the request of a case that the payer takes as it is; every act is recorded."""

    def __init__(self, recording: Recording, claim: Claim) -> None:
        self._recording = recording
        self._claim = claim
        self._prior_auth = PriorAuth(recording, claim)
        self._requests = Requests(recording, claim)

    def sent(self, how: str) -> Sent:
        """The usual request altered in one way (flows/alterations.py), and its answer."""
        case = self._prior_auth.usual().case

        def send() -> Exchange:
            body = altered(self._requests.another(case, f"altered-{how}"), how, self._recording.guide(self._claim))
            return self._requests.post(SUBMIT, f"altered:{how}", body)

        return sent_once(self._recording, self._claim, ("altered", how), f"the {how} request", send)

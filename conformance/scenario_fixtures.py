"""The fixtures of a scenario: views of the one recording, at the claim the scenario runs at.

Registered only when a target is given, so that no stranger's test session sees them. A fixture sends nothing.
"""

from __future__ import annotations

import pytest

from conformance.flows.discovery import Discovery
from conformance.flows.formulary import Formulary
from conformance.flows.payer_to_payer import PayerToPayer
from conformance.flows.prior_auth import PriorAuth
from conformance.flows.trust import Trust
from conformance.rules import Clocks, Latency
from conformance.run import Run, Subject
from conformance.target import Claim

RUN = pytest.StashKey[Run]()


@pytest.fixture
def subject(request: pytest.FixtureRequest) -> Subject:
    """The payer under examination."""
    return next(iter(request.config.stash[RUN].subjects.values()))


@pytest.fixture
def prior_auth(subject: Subject, claim: Claim) -> PriorAuth:
    """A prior-authorization endpoint."""
    return PriorAuth(subject.recording, claim)


@pytest.fixture
def formulary(subject: Subject, claim: Claim) -> Formulary:
    """A drug formulary, behind an endpoint or in a folder."""
    return Formulary(subject.recording, claim)


@pytest.fixture
def exchange(subject: Subject, claim: Claim) -> PayerToPayer:
    """A payer-to-payer endpoint."""
    return PayerToPayer(subject.recording, claim)


@pytest.fixture
def discovery(subject: Subject, claim: Claim) -> Discovery:
    """What an endpoint says of itself."""
    return Discovery(subject.recording, claim)


@pytest.fixture
def trust(subject: Subject, claim: Claim) -> Trust:
    """The authorization server in front of an endpoint."""
    return Trust(subject.recording, claim)


@pytest.fixture
def clocks(subject: Subject) -> Clocks:
    """The limits for decisions that bind this payer."""
    return Clocks(subject.target)


@pytest.fixture
def latency(subject: Subject, claim: Claim) -> Latency:
    """How long the answers took, against their limits."""
    return Latency(subject.recording, claim)

"""The fixtures of a scenario: views of the one recording, at the claim the scenario runs at.

Registered only when a target is given, so that no stranger's test session sees them. A fixture sends nothing.
Each loads its flow when it is asked for: a run of one suite does not wait for the others'.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from inspect import signature
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from conformance.run import Run, Subject
    from conformance.target import Claim

RUN: pytest.StashKey[Run] = pytest.StashKey()
VIEWS: dict[str, Callable[..., object]] = {}


def view(function: Callable[..., object]) -> Any:
    """A fixture that is made of the subject and the claim alone, so that it can be made without pytest as well."""
    VIEWS[function.__name__] = function
    return pytest.fixture(function)


def views(names: Iterable[str], subject: Subject, claim: Claim) -> dict[str, object]:
    """Those of these names that are views."""
    given = {"subject": subject, "claim": claim}
    made = {name: VIEWS[name] for name in names if name in VIEWS}
    return {name: each(**{known: given[known] for known in signature(each).parameters}) for name, each in made.items()}


@pytest.fixture
def subject(request: pytest.FixtureRequest) -> Subject:
    """The payer under examination."""
    return next(iter(request.config.stash[RUN].subjects.values()))


@view
def prior_auth(subject: Subject, claim: Claim) -> object:
    """A prior-authorization endpoint."""
    from conformance.flows.prior_auth import PriorAuth

    return PriorAuth(subject.recording, claim)


@view
def altered(subject: Subject, claim: Claim) -> object:
    """Valid requests that are not usual, at a prior-authorization endpoint."""
    from conformance.flows.altered import Alterations

    return Alterations(subject.recording, claim)


@view
def attachments(subject: Subject, claim: Claim) -> object:
    """Documents attached to the requests of a prior-authorization endpoint."""
    from conformance.flows.attachments import Attachments

    return Attachments(subject.recording, claim)


@view
def information(subject: Subject, claim: Claim) -> object:
    """What a prior-authorization endpoint asks for in its answers."""
    from conformance.flows.information import Information

    return Information(subject.recording, claim)


@view
def lookups(subject: Subject, claim: Claim) -> object:
    """Inquiries in all their forms, at a prior-authorization endpoint."""
    from conformance.flows.lookups import LookUps

    return LookUps(subject.recording, claim)


@view
def must_support(subject: Subject, claim: Claim) -> object:
    """The elements in all answers of a prior-authorization endpoint."""
    from conformance.flows.must_support import MustSupport

    return MustSupport(subject.recording, claim)


@view
def probes(subject: Subject, claim: Claim) -> object:
    """Requests that nobody could approve, at a prior-authorization endpoint."""
    from conformance.flows.probes import Probes

    return Probes(subject.recording, claim)


@view
def subscriptions(subject: Subject, claim: Claim) -> object:
    """Subscriptions to pended requests, at a prior-authorization endpoint."""
    from conformance.flows.subscriptions import Subscriptions

    return Subscriptions(subject.recording, claim)


@view
def updates(subject: Subject, claim: Claim) -> object:
    """Requests that change an earlier one, at a prior-authorization endpoint."""
    from conformance.flows.updates import Updates

    return Updates(subject.recording, claim)


@view
def decisions(subject: Subject, claim: Claim) -> object:
    """What a prior-authorization endpoint decided, wherever it tells it."""
    from conformance.flows.decisions import Decisions
    from conformance.flows.prior_auth import PriorAuth

    return Decisions(PriorAuth(subject.recording, claim))


@view
def formulary(subject: Subject, claim: Claim) -> object:
    """A drug formulary, behind an endpoint or in a folder."""
    from conformance.flows.formulary import Formulary

    return Formulary(subject.recording, claim)


@view
def declared_drugs(subject: Subject, claim: Claim) -> object:
    """What a drug formulary says of the drugs that the target declares."""
    from conformance.flows.declared_drugs import DeclaredDrugs

    return DeclaredDrugs(subject.recording, claim)


@view
def formulary_export(subject: Subject, claim: Claim) -> object:
    """What is exported in bulk of a drug formulary."""
    from conformance.flows.formulary_export import FormularyExport

    return FormularyExport(subject.recording, claim)


@view
def drug_sources(subject: Subject, claim: Claim) -> object:
    """Every source that tells of drugs, beside a drug formulary."""
    from conformance.flows.drug_sources import DrugSources

    return DrugSources(subject.recording, claim)


@view
def ties(subject: Subject, claim: Claim) -> object:
    """How the resources of a drug formulary hang together."""
    from conformance.flows.formulary_ties import Ties

    return Ties(subject.recording, claim)


@view
def search_terms(subject: Subject, claim: Claim) -> object:
    """What a drug formulary behind an endpoint is searched for."""
    from conformance.flows.formulary_terms import SearchTerms

    return SearchTerms(subject.recording, claim)


@view
def formulary_access(subject: Subject, claim: Claim) -> object:
    """Whom a drug formulary behind an endpoint is shown."""
    from conformance.flows.formulary_access import FormularyAccess

    return FormularyAccess(subject.recording, claim)


@view
def drug_files(subject: Subject, claim: Claim) -> object:
    """The files that an issuer publishes."""
    from conformance.flows.drug_files import DrugFiles

    return DrugFiles(subject.recording, claim)


@view
def exchange(subject: Subject, claim: Claim) -> object:
    """What a payer-to-payer endpoint gives of the matched member."""
    from conformance.flows.payer_to_payer import PayerToPayer

    return PayerToPayer(subject.recording, claim)


@view
def member_match(subject: Subject, claim: Claim) -> object:
    """Members matched one by one at a payer-to-payer endpoint."""
    from conformance.flows.member_matching import MemberMatching

    return MemberMatching(subject.recording, claim)


@view
def coverage_discovery(subject: Subject, claim: Claim) -> object:
    """A coverage discovery service."""
    from conformance.flows.coverage_discovery import CoverageDiscovery

    return CoverageDiscovery(subject.recording, claim)


@view
def documents(subject: Subject, claim: Claim) -> object:
    """What a coverage discovery service, and the documentation service behind it, tell of documents."""
    from conformance.flows.documentation import Documents

    return Documents(subject.recording, claim)


@view
def documentation(subject: Subject, claim: Claim) -> object:
    """A documentation service: questionnaire packages."""
    from conformance.flows.documentation import Documentation

    return Documentation(subject.recording, claim)


@view
def patient_access(subject: Subject, claim: Claim) -> object:
    """A Patient Access endpoint, with a member's own token."""
    from conformance.flows.patient_access import PatientAccess

    return PatientAccess(subject.recording, claim)


@view
def one_member(subject: Subject, claim: Claim) -> object:
    """What is given of one matched member, where members are exchanged one by one."""
    from conformance.flows.one_member import OneMember

    return OneMember(subject.recording, claim)


@view
def launch(subject: Subject, claim: Claim) -> object:
    """The launch of a member's app at the authorization server of an endpoint."""
    from conformance.flows.standalone_launch import StandaloneLaunch

    return StandaloneLaunch(subject.recording, claim)


@view
def bulk(subject: Subject, claim: Claim) -> object:
    """A bulk endpoint: of payer-to-payer exchange, or of Provider Access."""
    from conformance.flows.bulk import Bulk

    return Bulk(subject.recording, claim)


@view
def groups(subject: Subject, claim: Claim) -> object:
    """The Groups at a bulk endpoint."""
    from conformance.flows.bulk_groups import Groups

    return Groups(subject.recording, claim)


@view
def bulk_match(subject: Subject, claim: Claim) -> object:
    """Members matched in bulk: at a payer-to-payer endpoint, or at one of Provider Access."""
    from conformance.flows.bulk_matching import BulkMatching

    return BulkMatching(subject.recording, claim)


@view
def provider_access(subject: Subject, claim: Claim) -> object:
    """What is declared of a Provider Access endpoint."""
    from conformance.flows.provider_access import ProviderAccess

    return ProviderAccess(subject.recording, claim)


@view
def responses(subject: Subject, claim: Claim) -> object:
    """The requests for data at an endpoint of payers or providers, with how long they took."""
    from conformance.flows.response_times import ResponseTimes

    return ResponseTimes(subject.recording, claim)


@view
def discovery(subject: Subject, claim: Claim) -> object:
    """What an endpoint says of itself."""
    from conformance.flows.discovery import Discovery

    return Discovery(subject.recording, claim)


@view
def trust(subject: Subject, claim: Claim) -> object:
    """The authorization server in front of an endpoint."""
    from conformance.flows.trust import Trust

    return Trust(subject.recording, claim)


@view
def clocks(subject: Subject) -> object:
    """The limits for decisions that bind this payer."""
    from conformance.clocks import Clocks

    return Clocks(subject.target)


@view
def latency(subject: Subject, claim: Claim) -> object:
    """How long the answers took, against their limits."""
    from conformance.rules import Latency

    return Latency(subject.recording, claim)

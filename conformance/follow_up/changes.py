"""Changes of a drug list that were not due when a run ended: once they are, the list is looked at again."""

from __future__ import annotations

from conformance.exchange import Exchange
from conformance.flows.declared_drugs import DeclaredDrugs
from conformance.flows.formulary_searches import ITEMS, Searches
from conformance.flows.recording import Recording
from conformance.follow_up.kind import Kind, Stand, own_case
from conformance.follow_up.ledger import Entry
from conformance.run import Subject
from conformance.target import Claim

CHANGE = "formulary.change"
SEARCH = "formulary.search"


def _ask(recording: Recording, claim: Claim, entry: Entry) -> Exchange:
    """One search, which shows whether the payer answers, and by which clock; the list itself the scenario asks for."""
    return Searches(recording, claim).get(SEARCH, "Basic", f"{entry.name}:follow-up", (*ITEMS, ("_count", "1")))


def _stand(subject: Subject, claim: Claim, entry: Entry, _asked: Exchange) -> Stand:
    DeclaredDrugs(subject.recording, claim).changed()  # NotTested while it is not due, or the list cannot be had
    return Stand(entry, open=False, late=False)


KIND = Kind(own_case, _ask, _stand, (SEARCH, "formulary.read"))

"""Whom a formulary's endpoint answers: strangers, members with a token of their own, clients of another scope."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from conformance.apis.formulary import DRUG_POLICY, Item, Plan
from conformance.apis.formulary_found import refuses_strangers
from conformance.apis.shapes import is_type
from conformance.errors import NotApplicable, NotTested
from conformance.exchange import Exchange
from conformance.flows.declared import goes_by
from conformance.flows.formulary import MOST_READS, Formulary
from conformance.flows.formulary_probes import Probe
from conformance.flows.formulary_searches import ENOUGH, ITEMS, LISTINGS, RAW, Searches
from conformance.flows.paging import Found
from conformance.flows.recording import Recording, answered, answered_or_refused, resource_of
from conformance.flows.target_cases import plan_name
from conformance.flows.trust import Trust
from conformance.target import DEFAULT_MEMBER, Claim

SEARCH, READ = "formulary.search", "formulary.read"


class FormularyAccess:
    """What one endpoint shows to whom; every act is recorded. A folder has none: NotApplicable."""

    def __init__(self, recording: Recording, claim: Claim) -> None:
        self._recording = recording
        self._claim = claim
        self._formulary = Formulary(recording, claim)
        self._own = Searches(recording, claim)
        self._member = Searches(recording, claim, other=True)

    def anonymous(self) -> Exchange:
        """The answer to a search for formularies without any credentials."""
        self._recording.endpoint(self._claim)
        params = (("type", f"{DRUG_POLICY.system}|{DRUG_POLICY.code}"),)
        return self._recording.act(
            (self._claim, "anonymous"),
            lambda: answered(self._own.get(SEARCH, "InsurancePlan", "anonymous", params, token="none"), RAW),  # noqa: S106
        )

    def beyond_its_scope(self) -> Exchange:
        """The answer to a search for items with a token whose scope does not reach them (intrusive); NotApplicable
        where anyone may search, so that a token says nothing."""
        if not refuses_strangers(self.anonymous()):
            raise NotApplicable("the formulary is open to all")
        token = Trust(self._recording, self._claim).narrow_token("Basic")
        return self._recording.act(
            (self._claim, "scope"), lambda: answered(self._own.get(SEARCH, "Basic", "scope", ITEMS, token=token), RAW)
        )

    # -- with a member's own token ---------------------------------------------------------------------------------

    def own_plan(self) -> Plan:
        """The member's plan, as everybody is shown it."""
        return self._plan_of(DEFAULT_MEMBER)

    def other_plan(self) -> Plan:
        """A plan that is another member's, and not this one's; NotApplicable where there is one plan alone."""
        own = self.own_plan()
        if len(self._formulary.plans) == 1:
            raise NotApplicable("there is one plan, whoever asks")
        others = [key for key, each in self._recording.target.members.items() if each.facts.get("plan")]
        found = next((plan for key in others if (plan := self._plan_of(key)).id != own.id), None)
        if found is None:
            raise NotTested("needs a member of another plan", change="members.second.plan")
        return found

    def found_by_member(self, plan: Plan) -> Found:
        """What the member's search for a plan by its id gives."""
        return self._searched("InsurancePlan", ("_id", plan.id))

    def read_by_member(self, plan: Plan) -> Exchange:
        """The answer to the member's reading of a plan, once the member's token is known to be taken."""
        self.found_by_member(plan)
        if self._formulary.read_resource("InsurancePlan", plan.id) is None:
            raise NotTested("nobody can read the plan by its id", because="usdf.read-by-id")
        return self._read("InsurancePlan", plan.id)

    def own_items(self) -> tuple[Probe, ...]:
        """Every item of the member's formularies: whether the member finds it, and its drug."""
        keys = self.own_plan().formularies
        items = (item for item in self._formulary.items if not item.formulary_number)  # no search follows those
        offered = [item for item in items if item.formulary in keys and item.is_offered]
        if not offered:
            raise NotTested("needs an item of the member's plan", change=f"members.{DEFAULT_MEMBER}.plan")
        return tuple(each for key in keys for each in self._items_of(key, offered))

    def _items_of(self, key: str, offered: Sequence[Item]) -> Iterator[Probe]:
        """The items of one formulary. Where a search did not come to its end, nobody is held to what lies beyond."""
        found = self._searched("Basic", *ITEMS, ("formulary", key))
        if not (found.ok and found.matches):
            yield Probe(found.at, "no item of the member's plan" if found.ok else found.said)
            return
        drugs = self._searched("MedicationKnowledge", *LISTINGS["MedicationKnowledge"][0])
        reads = iter(range(MOST_READS))  # of drugs that the search does not show
        for item in (each for each in offered if each.formulary == key):
            shown = item.drug.partition("/")[2] in drugs.ids or next(reads, None) is None or self._is_read(item.drug)
            lost = "not found" if item.id not in found.ids and found.whole else ""
            yield Probe(item.at, lost or ("" if shown else f"{item.drug} cannot be read"))

    def _is_read(self, key: str) -> bool:
        """Whether the member can read a drug; one that nobody can read is judged elsewhere."""
        kind, _, own = key.partition("/")
        if self._formulary.looked_up(key) is None:
            return True
        exchange = self._read(kind, own)
        return exchange.status == 200 and is_type(resource_of(exchange, RAW), kind)

    def _plan_of(self, member: str) -> Plan:
        self._recording.endpoint(self._claim)
        named = plan_name(self._recording.target, member)
        found = next((each for each in self._formulary.plans if goes_by(each, named)), None) if named else None
        if found is None:
            what = f"no plan is called {named}" if named else "needs the member's plan"
            raise NotTested(what, change=f"members.{member}.plan")
        return found

    def _searched(self, type_: str, *params: tuple[str, str]) -> Found:
        return self._recording.act(
            (self._claim, "member", type_, params), lambda: self._member.search(type_, params, "search", ENOUGH)
        )

    def _read(self, type_: str, own: str) -> Exchange:
        exchange = self._recording.act(
            (self._claim, "member", type_, own), lambda: self._member.get(READ, f"{type_}/{own}", "member")
        )
        return answered_or_refused(exchange, RAW)

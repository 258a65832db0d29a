"""Matching one member at another payer, and the ways to be refused (HRex $member-match)."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from conformance.apis.member_match import read_match
from conformance.apis.raw import body_of
from conformance.apis.refusal import outcomes
from conformance.apis.search_values import token
from conformance.errors import NotTested, Unjudgeable
from conformance.exchange import Exchange
from conformance.fhir import NotFhir, parse
from conformance.flows.bulk_match import REFUSED
from conformance.flows.consents import CONSENTS
from conformance.flows.matched import Matched, revealed_of
from conformance.flows.member_data import not_there
from conformance.flows.payer_to_payer_requests import RAW, Requests
from conformance.flows.probing import Probing, guesses
from conformance.flows.recording import Recording, answered
from conformance.flows.target_cases import cases_of
from conformance.target import Case, Claim

ONE, MATCHED = "one-match", "payer-to-payer.one-match"
LINKS = {"minimal": {}, "full": {"more": True, "full": True}}


class MemberMatching:
    """The matches of one member at a payer-to-payer endpoint; every act is recorded."""

    def __init__(self, recording: Recording, claim: Claim) -> None:
        self._recording = recording
        self.claim = claim
        self.guide = recording.guide(claim)
        self._asks = Requests(recording, claim)

    @property
    def _cases(self) -> Mapping[str, Case]:
        return cases_of(self._recording.target, "payer-to-payer")

    def match(self, case: str) -> Matched:
        """The answer to a case's match; NotTested where the answer is no FHIR at all."""
        return self._recording.act((self.claim, "matched", case), lambda: self._matched(case))

    def consents(self) -> tuple[Matched, ...]:
        """The answers to every declared case whose consent cannot be complied with."""
        declared = [case for case in CONSENTS if case in self._cases]
        if not declared:
            what = "needs a case whose consent this payer cannot comply with"
            raise NotTested(what, change="cases.payer-to-payer.consent-ended")
        return tuple(self.match(case) for case in declared)

    def near_misses(self) -> tuple[Matched, ...]:
        """The answers to every declared case that is nearly a member, and that the tester says is none."""
        declared = [case for case in self._cases if case.startswith("near-miss")]
        if not declared:
            what = "needs somebody who is nearly a member, and whom this payer is to refuse"
            raise NotTested(what, change="cases.payer-to-payer.near-miss")
        return tuple(self.match(case) for case in declared)

    def linked(self) -> tuple[Matched, ...]:
        """The answers to the match of the member with a minimal and with a full coverage to be linked."""
        if self._asks.case(ONE).body is not None:
            raise NotTested("the request is of your own making", change="cases.payer-to-payer.one-match.body")
        self.identified(ONE)
        return self._recording.act((self.claim, "linked"), lambda: tuple(self._linked(link) for link in LINKS))

    def probed(self) -> Probing:
        """The answers to wrong guesses at a member's birth date, as many as the case "probing" says are too many."""
        case = self._asks.case("probing")
        tries = int(case.facts.get("tries", 0))
        if not tries:
            raise NotTested("needs a number of tries", change="cases.payer-to-payer.probing.tries")
        self._recording.allow(self.claim, "payer-to-payer.member-match", intrusive=True)
        born = str(self._asks.member(case).facts.get("birth_date", ""))
        return self._recording.act(
            (self.claim, "probed"), lambda: guesses(born, tries, lambda date: self._guess(case, date), RAW)
        )

    def refusals(self) -> tuple[Matched, ...]:
        """Every answer of a case that is to be refused and was refused."""
        cases = (case for case in self._cases if case.startswith(REFUSED) and case != "consent-ends")
        refused = [answer for answer in map(self.match, cases) if answer.refused]
        if not refused:
            raise NotTested("needs a match that is refused", change="cases.payer-to-payer.no-match")
        return tuple(refused)

    def revealed(self, answer: Matched) -> tuple[str, ...]:
        """What a refusal gives away of members: person resources, references, numbers and people that are declared."""
        return revealed_of(answer.exchange, self._recording.target.members.values())

    def identified(self, case: str) -> tuple[tuple[str, str], ...]:
        """The parameters of a search for the matched member; NotTested where nobody was matched."""
        match = self.match(case).match
        if match is None or not match.identifiers:
            raise NotTested("the member was not matched", because=MATCHED)
        found = match.identifiers[0]
        return (("identifier", token(found.system, found.value)),)

    def is_anothers_number(self, case: str) -> bool:
        """Whether a match answers the member number of another member of the target."""
        answer = self.match(case)
        own = answer.member.facts.get("member_id")
        others = {each.facts.get("member_id") for each in self._recording.target.members.values()} - {own, None}
        return any(each.value in others for each in (answer.match.identifiers if answer.match else ()))

    # -- how -------------------------------------------------------------------------------------------------------

    def _matched(self, name: str) -> Matched:
        exchange = self._recording.act((self.claim, "match", name), lambda: self._asks.match(name))
        if name != ONE and exchange.status == 403 and exchange.failure:
            # Of a client that was never let in nobody knows whether it or its request is refused.
            with suppress(NotTested, Unjudgeable):
                self.match(ONE)
                exchange = self._recording.act((self.claim, "match again", name), lambda: self._asks.match(name))
        exchange = answered(exchange, RAW)
        if name != ONE and not_there(exchange):
            with suppress(Unjudgeable):
                if ONE in self._cases and not_there(self.match(ONE).exchange):
                    raise NotTested(f"nobody is matched at all (status {exchange.status})", because=MATCHED)
        try:
            resource: Any = parse(exchange.body) if exchange.body else None
        except NotFhir as wrong:
            # A refusal may lawfully come without a FHIR body; a match may not.
            if exchange.status is None or exchange.status < 400:
                raise NotTested(f"the answer cannot be read: {wrong}", because=RAW) from wrong
            resource = None
        member = self._asks.member(self._asks.case(name))
        return Matched(name, member, exchange, read_match(resource), outcomes(resource))

    def _linked(self, link: str) -> Matched:
        exchange = self._asks.match(ONE, f"one-match, link {link}", link=LINKS[link])
        member = self._asks.member(self._asks.case(ONE))
        return Matched(ONE, member, exchange, read_match(body_of(answered(exchange, RAW))), 0)

    def _guess(self, case: Case, birth_date: str) -> Exchange:
        member = {**self._asks.member(case).facts, "birth_date": birth_date}
        return self._asks.match(case.name, again=False, member=member)

"""Coverage discovery (CRD): ask, order by order, what a service needs; then ask for the documents (DTR)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from conformance.apis.cds_hooks import (
    ORDER_SIGN,
    Card,
    HookAnswer,
    Service,
    answer_faults,
    changes,
    read_answer,
    read_services,
)
from conformance.apis.coverage_information import NEEDED, TELLING_DETAILS, CoverageInformation
from conformance.apis.drugs import is_drug
from conformance.apis.raw import refusal_told
from conformance.apis.shapes import codings, is_type
from conformance.errors import NotTested
from conformance.exchange import Exchange
from conformance.flows.coverage_requests import case_key, extended, order_of, order_sign, resources
from conformance.flows.recording import Recording, answered, unending
from conformance.flows.target_cases import claims_of
from conformance.strict_json import load_or_none
from conformance.target import Case, Claim
from conformance.wire.payer import Request

SERVICES = "crd.services"
RAW = "crd.hook-answer"
JSON = {"accept": "application/json", "content-type": "application/json"}
LIST = "pa_list"


@dataclass(frozen=True)
class Asked:
    """One service of the tester's list, the order that was sent for it, and what came back."""

    case: Case
    order: dict[str, Any]
    answer: HookAnswer

    @property
    def at(self) -> str:
        service = self.case.facts.get("service", {})
        return f"{case_key(self.case)} ({service.get('code', '')})"

    @property
    def key(self) -> str:
        """The order as "Type/id"."""
        return f"{self.order['resourceType']}/{self.order['id']}"

    @property
    def information(self) -> tuple[CoverageInformation, ...]:
        """What is said of the order, in system actions and in cards."""
        return self.answer.about(self.key)

    @property
    def needs(self) -> frozenset[str]:
        """What the tester declares that the service needs."""
        return frozenset(self.case.facts.get("needs", ["prior-authorization"]))

    @property
    def told(self) -> str:
        """What the payer says of authorization, for a finding."""
        return ", ".join(each.told for each in self.information) or "no coverage information"

    @property
    def undecided(self) -> bool:
        """Whether the payer does not tell from this order if authorization is needed.

        What is not covered, or nobody's it knows, has no word of authorization beside it (crd-ci-q2).
        """
        told = (each.undecided or each.no_coverage for each in self.information)
        return any(told) and not self.says_needed

    @property
    def says_needed(self) -> bool:
        return any(each.authorization in NEEDED for each in self.information)

    @property
    def agrees(self) -> bool:
        """Whether the payer says of authorization what the list says, or that it cannot tell yet."""
        if self.undecided:
            return True
        return self.says_needed == ("prior-authorization" in self.needs)

    @property
    def is_drug(self) -> bool:
        """Whether it is a drug, as ordered or by its code: the law on items and services leaves drugs out."""
        service = (*codings(self.order.get("code")), *codings(self.order.get("codeCodeableConcept")))
        return is_type(self.order, "MedicationRequest") or is_drug(service)

    @property
    def documents(self) -> tuple[str, ...]:
        """What names the documentation: questionnaires; where it is said to be needed, also details and links."""
        told = [each for one in self.information for each in one.questionnaires if each]
        if any(each.documentation for each in self.information):
            told += [each for one in self.information for each in one.details if each in TELLING_DETAILS]
            told += [str(link.get("url")) for card in self.answer.cards for link in card.links if link.get("url")]
        return tuple(told)

    @property
    def altered(self) -> tuple[str, ...]:
        """The elements of the order that came back changed."""
        mine = (
            each.resource
            for each in self.answer.actions
            if not each.in_card and f"{each.resource.get('resourceType')}/{each.resource.get('id')}" == self.key
        )
        return tuple(name for returned in mine for name in changes(self.order, returned))


class CoverageDiscovery:
    """What can be asked of one coverage discovery service; every act is recorded."""

    def __init__(self, recording: Recording, claim: Claim) -> None:
        self._recording = recording
        self.claim = claim
        self.guide = recording.guide(claim)

    # -- what is offered -------------------------------------------------------------------------------------------

    def services_exchange(self) -> Exchange:
        """The exchange of discovery, which needs no credentials."""
        exchange = self._recording.act((self.claim, "services"), self._discover)
        return exchange if unending(exchange) else answered(exchange, SERVICES)

    def services_document(self) -> tuple[Service, ...] | None:
        """The services that are offered; None where no discovery document came."""
        exchange = self.services_exchange()
        return read_services(load_or_none(exchange.body)) if exchange.status == 200 else None

    def services(self) -> tuple[Service, ...]:
        """The services that are offered; NotTested where there are none to read."""
        found = self.services_document()
        if not found:
            raise NotTested("no services are offered", because=SERVICES)
        return found

    def services_of_the_guide(self) -> tuple[Service, ...]:
        """Those of the guide's hooks: other services may lie beside them."""
        return tuple(each for each in self.services() if each.hook in self.guide["hooks"])

    def service(self) -> Service:
        """The service that is called when an order is signed."""
        found = next((each for each in self.services() if each.hook == ORDER_SIGN and each.callable), None)
        if found is None:
            raise NotTested(f"no service is offered for {ORDER_SIGN}", because=SERVICES)
        return found

    # -- what is answered ------------------------------------------------------------------------------------------

    def cases(self) -> tuple[Case, ...]:
        """The services that the tester lists; NotTested where there are none."""
        cases = tuple(self._recording.target.cases.get(self.claim.api, {}).values())
        if not cases:
            raise NotTested("needs a service of the payer's list", change=LIST)
        return cases

    def exchange(self, case: Case) -> Exchange:
        """The exchange of order-sign for a service."""
        return self._recording.act((self.claim, "order-sign", case.name), lambda: self._call(case))

    def exchanges(self) -> tuple[Exchange, ...]:
        """The exchange of every listed service; those that refuse the tester's data (4xx) are left out."""
        sent = [self.exchange(case) for case in self.cases()]
        kept = [each for each in sent if unending(each) or not answered(each, RAW).refused]
        if not kept:
            raise NotTested(f"every call is refused with {refusal_told(sent[0])}", change=LIST)
        return tuple(kept)

    def asked(self, case: Case) -> Asked:
        """One service with its answer; NotTested where the answer cannot be read."""
        exchange = answered(self.exchange(case), RAW)
        if exchange.refused:
            raise NotTested(f"the call is refused with {refusal_told(exchange)}", change=case_key(case))
        answer = read_answer(load_or_none(exchange.body)) if exchange.status == 200 else None
        if answer is None:
            raise NotTested("the answer is none of CDS Hooks", because=RAW)
        return Asked(case, order_of(self._made(case)), answer)

    def every(self) -> tuple[Asked, ...]:
        """Every listed service with its answer; NotTested, for its reason, where any cannot be read.

        Where the payer says of all of them that it does not know the member, nothing can be judged either.
        """
        found = tuple(self.asked(case) for case in self.cases())
        told = [each for one in found for each in one.information]
        if told and all(each.no_coverage for each in told):
            raise NotTested("the payer covers none of the listed services for this member", change=f"{LIST}.member")
        return found

    def items(self) -> tuple[Asked, ...]:
        """Every listed item and service, drugs apart; NotTested where the list has none that needs authorization."""
        found = tuple(each for each in self.every() if not each.is_drug)
        if not any("prior-authorization" in each.needs for each in found):
            raise NotTested("needs a service that needs prior authorization", change=LIST)
        return found

    def cards(self) -> tuple[Card, ...]:
        """Every card of every answer."""
        return tuple(card for each in self.every() for card in each.answer.cards)

    def with_unknown_elements(self) -> tuple[Asked, Asked]:
        """One service asked twice: as usual, and in a request with elements that nobody knows."""
        case = self.cases()[0]
        usual = self.asked(case)
        exchange = answered(
            self._recording.act((self.claim, "order-sign", case.name, "unknown"), lambda: self._call(case, extended)),
            "",
        )
        answer = read_answer(load_or_none(exchange.body)) if exchange.status == 200 else None
        return usual, replace(usual, answer=answer or HookAnswer((), (), ()))

    def information(self) -> tuple[CoverageInformation, ...]:
        """All coverage information of all answers; NotTested where there is none."""
        found = tuple(each for one in self.every() for each in one.information)
        if not found:
            raise NotTested("no answer holds coverage information", because="crd.coverage-information")
        return found

    def coverages(self) -> frozenset[str]:
        """The coverages that were sent, as "Type/id"."""
        return frozenset(f"Coverage/{self._made(case)['Coverage']['id']}" for case in self.cases())

    def problem(self, exchange: Exchange) -> str:
        """Why an answer to a hook is none, in one sentence; "" where it is."""
        if exchange.failure is not None:
            return exchange.failure.message
        if exchange.status != 200:
            return f"status {exchange.status}"
        if "json" not in exchange.media_type:
            return f"content type {exchange.media_type or 'missing'} instead of application/json"
        return "; ".join(answer_faults(load_or_none(exchange.body))[:3])

    def documentation_claim(self) -> Claim | None:
        """Where the payer's questionnaires are: the claim of DTR that goes with this version, else the newest."""
        claims = claims_of(self._recording.target, "dtr")
        fitting = [each for each in claims if each.version.startswith(f"{self.guide['documentation_version']}.")]
        return next(reversed(fitting or claims), None)

    def made(self, case: Case) -> dict[str, dict[str, Any]]:
        """The resources that a service's request was made of."""
        return self._made(case)

    def told_of(self, case: Case) -> tuple[CoverageInformation, ...]:
        """What coverage discovery says of a service; nothing where it cannot be asked."""
        with suppress(NotTested):
            return self.asked(case).information
        return ()

    # -- how -------------------------------------------------------------------------------------------------------

    def _discover(self) -> Exchange:
        request = Request(
            "coverage-discovery.services", "GET", self._path("services"), claim=self.claim.label,
            headers={"accept": "application/json"}, token="none",  # noqa: S106
        )  # fmt: skip
        return self._recording.send(self.claim, request)

    def _call(self, case: Case, change: Callable[[bytes], bytes] = bytes) -> Exchange:
        service = self.service()
        instance = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self._sent(case)}/order-sign"))
        request = Request(
            "coverage-discovery.order-sign", "POST", self._path("order-sign").replace("{id}", service.id),
            case=case.name, claim=self.claim.label, headers=JSON,
            body=change(order_sign(self.guide, service, self._made(case), instance)),
        )  # fmt: skip
        return self._recording.send(self.claim, request)

    def _made(self, case: Case) -> dict[str, dict[str, Any]]:
        return self._recording.act(
            (self.claim, "order", case.name), lambda: resources(self._recording.target, case, self._sent(case))
        )

    def _sent(self, case: Case) -> str:
        return f"{self._recording.run_id}-{case.name}-{self.claim.version}"

    def _path(self, verb: str) -> str:
        own = self._recording.api(self.claim).paths.get(verb)
        return own or self.guide.path(f"coverage-discovery.{verb}")

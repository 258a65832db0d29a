"""Attachments (CDex): what a payer asked for about a pended request, sent to it under the number that it gave."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from conformance import clock
from conformance.apis.information_requests import LOINC_CODE
from conformance.apis.questionnaire_answers import response_faults
from conformance.apis.questionnaire_package import Package
from conformance.apis.same_member import claim_of
from conformance.apis.shapes import Placed, entries, record, records, resolve, text
from conformance.cases import fill, own_file, template
from conformance.errors import NotTested
from conformance.exchange import Exchange
from conformance.flows.information import Asked, Information
from conformance.flows.prior_auth_requests import FHIR_JSON, good
from conformance.flows.recording import Recording, answered, unending
from conformance.flows.request_bodies import OURS, submission_facts
from conformance.flows.submission import undecided
from conformance.flows.target_cases import case_of, claims_of
from conformance.target import Case, Claim
from conformance.wire.payer import Request

TAKEN = "cdex.attachment-taken"
ATTACH = "prior-auth.submit-attachment"
LOINC = "http://loinc.org"
NOT_OURS, NOT_SO = frozenset({401, 403}), frozenset({400, 415, 422})  # by who asks, by how the document is sent
TOO_LARGE = 413
TOLD = 5  # of what is wrong with a response: as much as somebody reads
OTHER_METHODS = ("GET", "PUT")
# What the operation cannot do without: each broken request lacks one of these, or both of the last.
NEEDED = (("TrackingId",), ("AttachTo",), ("MemberId",), ("Attachment",), ("OrganizationId", "ProviderId"))


@dataclass(frozen=True)
class Attached:
    """A document that was asked for, and what came of sending it: in every form that was tried."""

    asked: Asked
    exchanges: tuple[Exchange, ...]

    @property
    def taken(self) -> bool:
        """Whether it was taken in any form."""
        return any(good(each) and each.failure is None for each in self.exchanges)

    @property
    def at(self) -> str:
        return self.asked.at

    @property
    def told(self) -> str:
        """What came, for a finding."""
        return ", ".join(f"status {each.status}" for each in self.exchanges)


class Attachments:
    """What can be attached at one endpoint to the requests of the prior-authorization API beside it."""

    def __init__(self, recording: Recording, claim: Claim) -> None:
        self._recording = recording
        self._claim = claim
        self.guide = recording.guide(claim)

    def sent(self) -> Attached:
        """The first document that was asked for, sent inline and, where that is refused, by its address."""
        return self._recording.act((self._claim, "attached"), self._attach)

    def answered(self) -> Attached:
        """The tester's response to the first questionnaire that was asked for, sent under the number of the request."""
        return self._recording.act((self._claim, "attached", "answers"), self._answer)

    def of_nobody(self) -> Exchange:
        """The answer to a document under a number that nobody gave."""
        tracking = {"system": f"{OURS}/attachments", "value": f"{self._recording.run_id}-nowhere"}
        return self._beside("unknown", lambda body: _changed(body, "TrackingId", {"valueIdentifier": tracking}))

    def by_other_methods(self) -> tuple[Exchange, ...]:
        """The answers to what was taken by POST, by every other method that could be meant."""
        return tuple(self._beside(each, method=each) for each in OTHER_METHODS)

    def broken(self) -> tuple[Exchange, ...]:
        """The answers to attachments that lack what the operation cannot do without (intrusive)."""
        self._recording.allow(self._claim, ATTACH, intrusive=True)
        return tuple(self._beside(f"without {' and '.join(names)}", partial(_without, names=names)) for names in NEEDED)

    # -- how -------------------------------------------------------------------------------------------------------

    def _attach(self) -> Attached:
        asked = self._waiting(by_questionnaire=False)[0]
        inline = self._sent("inline", self._body(asked))
        if inline.status not in NOT_SO:
            return Attached(asked, (inline,))
        address = self._case(asked).facts.get("document")
        if not address:  # a payer may take either form alone
            reason = "the document is not taken inline: needs an address that the payer can read"
            raise NotTested(reason, change=f"{case_key(asked)}.document")
        return Attached(asked, (inline, self._post("by address", self._body(asked, str(address)))))

    def _answer(self) -> Attached:
        waiting = self._waiting(by_questionnaire=True)
        asked = next((each for each in waiting if self._case(each).answers), waiting[0])
        key, response = f"{case_key(asked)}.answers", self._response(asked)
        faults = [response_faults(response, each.questionnaire) for each in self._packages(asked)]
        if all(faults):  # of several questionnaires it answers one
            told = "; ".join(min(faults, key=len)[:TOLD])
            raise NotTested(f"it is no complete response to what was asked: {told}", change=key)
        exchange = self._sent("answers", _holding(self._body(asked), response))
        if exchange.status == TOO_LARGE:
            raise NotTested("the answers are larger than the payer takes", change=key)
        return Attached(asked, (exchange,))

    def _response(self, asked: Asked) -> dict[str, Any]:
        """The tester's response; NotTested where there is none, or nothing tells what was asked."""
        case, key = self._case(asked), f"{case_key(asked)}.answers"
        if case.answers is None:
            raise NotTested("needs a response to the questionnaire of the payer", change=key)
        form = self._packages(asked)[0].questionnaire
        sent = text(_known_as(claim_of(asked.submission.request)).get("value"))
        canonical = "|".join(said for name in ("url", "version") if (said := text(form.get(name))))
        facts = {**submission_facts(self._recording.target, case, sent), "questionnaire": canonical}
        response: dict[str, Any] = fill(own_file(case.answers), facts, key)
        return response

    def _packages(self, asked: Asked) -> tuple[Package, ...]:
        """The questionnaires that are meant; NotTested where none is to be had."""
        found = self._information().questionnaires(asked)
        if not found:
            raise NotTested("no questionnaire is to be had for the trace number", because="pas.questionnaire-trace")
        return found

    def _waiting(self, *, by_questionnaire: bool) -> list[Asked]:
        """What a payer still waits for, of documents or of answers; NotTested where it asks for none."""
        wanted = [each for each in self._information().asked() if each.request.by_questionnaire == by_questionnaire]
        waiting = [each for each in wanted if each.request.identifiers and undecided(each.submission.deciding)]
        if not waiting:
            what = "a questionnaire" if by_questionnaire else "a document"
            raise NotTested(f"needs a pended case that {what} is asked for, by a number", change="cases.prior-auth")
        return waiting

    def _information(self) -> Information:
        """What is asked for in answers by the newest guide here; NotTested where requests go by none."""
        claims = claims_of(self._recording.target, "pas")
        if not claims:
            raise NotTested("needs the guide by which requests are submitted", change=f"apis.{self._claim.api}.pas")
        here = [each for each in claims if each.base_url == self._claim.base_url]
        return Information(self._recording, (here or claims)[-1])

    def _case(self, asked: Asked) -> Case:
        return case_of(self._recording.target, "prior-auth", asked.submission.case)

    def _sent(self, how: str, body: Mapping[str, Any]) -> Exchange:
        """The answer to an attachment; NotTested where our credentials may send none."""
        exchange = self._post(how, body)
        if exchange.status in NOT_OURS:
            reason = f"our credentials may send no attachments (status {exchange.status})"
            raise NotTested(reason, change=f"apis.{self._claim.api}.auth")
        return exchange

    def _beside(
        self, how: str, change: Callable[[dict[str, Any]], dict[str, Any]] = lambda body: body, method: str = "POST"
    ) -> Exchange:
        """The answer to another request than the one that was taken; NotTested where none was."""
        sent = self.sent()
        if not sent.taken:
            raise NotTested(f"no attachment is taken ({sent.told})", because=TAKEN)
        body = change(json.loads(sent.exchanges[-1].request_body))
        return self._recording.act((self._claim, "attached", how), lambda: self._post(how, body, method))

    def _post(self, how: str, body: Mapping[str, Any], method: str = "POST") -> Exchange:
        own = self._recording.api(self._claim).paths.get("submit-attachment")
        request = Request(
            ATTACH, method, own or self.guide.path(ATTACH), case=f"attachment: {how}", claim=self._claim.label,
            headers=FHIR_JSON, body=b"" if method == "GET" else json.dumps(body).encode(),
        )  # fmt: skip
        exchange = self._recording.send(self._claim, request)
        return exchange if unending(exchange) else answered(exchange, TAKEN)

    def _body(self, asked: Asked, address: str = "") -> dict[str, Any]:
        request, claim = asked.submission.request, claim_of(asked.submission.request)
        tracking = next(iter(records(asked.request.resource.get("identifier"))))[1]
        about = [each for each in asked.answer.decided if each.sequence in asked.request.lines]
        provider = _party(claim, "provider", request)
        facts = {
            "tracking": tracking,
            "reference": next((each.reference_number for each in about if each.reference_number), ""),
            "attach_to": self.guide["attach_to"],
            "payer": _known_as(_party(claim, "insurer", request)),
            "organization": _known_as(_behind(provider, "organization", request)),
            "practitioner": _known_as(_behind(provider, "practitioner", request)),
            "member": _known_as(_party(claim, "patient", request)),
            "lines": [str(each) for each in asked.request.lines],
            "code": _code(asked),
            "inline": not address,
            "address": address,
            "now": clock.now().isoformat(timespec="seconds"),
        }
        body: dict[str, Any] = fill(template("cdex-attachment"), facts, case_key(asked))
        return body


def case_key(asked: Asked) -> str:
    """The key of the case that was asked about."""
    return f"cases.prior-auth.{asked.submission.case}"


def _holding(body: dict[str, Any], response: Mapping[str, Any]) -> dict[str, Any]:
    """An attachment with a response to a questionnaire instead of a document, which alone has a code."""
    attachment = next(each for each in body["parameter"] if each["name"] == "Attachment")
    lines = [each for each in attachment["part"] if each["name"] == "LineItem"]
    return _changed(body, "Attachment", {"part": [*lines, {"name": "Content", "resource": response}]})


def _party(holder: Placed, element: str, request: Mapping[str, Any]) -> Placed | None:
    return resolve(holder.resource.get(element), holder, entries(request))


def _behind(provider: Placed | None, element: str, request: Mapping[str, Any]) -> Placed | None:
    """The organization or the practitioner that a request comes from: itself, or what a role names."""
    if provider is None or provider.type == element.capitalize():
        return provider
    return _party(provider, element, request)


def _known_as(party: Placed | None) -> dict[str, Any]:
    """The first identifier of somebody; an empty one where there is none."""
    return record(next((each for _, each in records(party.resource.get("identifier"))), {})) if party else {}


def _code(asked: Asked) -> dict[str, Any]:
    """What was asked for: the LOINC code of the document, else the kind of report."""
    coded = next((each for each in asked.request.wanted if LOINC_CODE.fullmatch(each)), "")
    if coded:
        return {"coding": [{"system": LOINC, "code": coded}]}
    return next((each for _, each in records(asked.request.resource.get("category"))), {})


def _without(body: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {**body, "parameter": [each for each in body["parameter"] if each["name"] not in names]}


def _changed(body: dict[str, Any], name: str, value: Mapping[str, Any]) -> dict[str, Any]:
    return {**body, "parameter": [{"name": name, **value}, *_without(body, (name,))["parameter"]]}

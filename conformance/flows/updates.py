"""Updates of a request, and what an inquiry tells afterwards; every act is recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from conformance import clock
from conformance.apis.authorization_lines import Item
from conformance.apis.echo import disagreements, unanswered
from conformance.apis.prior_auth import Answer, read_answer
from conformance.apis.raw import body_of
from conformance.apis.same_member import claim_of
from conformance.errors import NotTested
from conformance.exchange import Exchange
from conformance.flows.lookups import findable
from conformance.flows.prior_auth import PATIENCE, PriorAuth
from conformance.flows.prior_auth_requests import INQUIRE, RAW, SUBMIT, Requests
from conformance.flows.recording import Recording, answered
from conformance.flows.sent import Sent
from conformance.flows.submission import Submission, same_request
from conformance.flows.updated_bodies import CANCELLED, cancelling, changing
from conformance.target import Case, Claim

GRANTED = frozenset({"approved", "modified"})


@dataclass(frozen=True)
class Updated:
    """A request, the update of it, and what came of that."""

    original: Submission
    request: Mapping[str, Any]
    sent: Sent

    @property
    def answer(self) -> Answer | None:
        return self.sent.answer

    @property
    def at(self) -> str:
        return self.sent.at

    @property
    def told(self) -> str:
        return self.sent.told

    @property
    def taken(self) -> bool:
        """Whether the update was taken: a 2xx with a ClaimResponse, which may well reject it by a business error."""
        return not self.sent.refused and self.answer is not None

    @property
    def processed(self) -> bool:
        """Whether the update was taken and not rejected."""
        return self.sent.taken

    @property
    def undecided(self) -> bool:
        """Whether an item of the update is pended: an inquiry may then tell more than its answer did."""
        return self.answer is not None and any("pended" in each.actions for each in self.answer.items)

    @property
    def still_granted(self) -> tuple[Item, ...]:
        """The items that the answer grants."""
        return tuple(each for each in self._items() if GRANTED & set(each.actions))

    @property
    def cancelled_but_granted(self) -> tuple[Item, ...]:
        """Those of them that the update cancels."""
        return tuple(each for each in self.still_granted if each.sequence == CANCELLED)

    def untold(self, answers: Iterable[Answer]) -> tuple[str, ...]:
        """The items of the update that none of these answers tells of."""
        missing = [set(unanswered(self.request, each)) for each in answers]
        return tuple(sorted(set.intersection(*missing))) if missing else ()

    @property
    def as_submission(self) -> Submission:
        """The update as the request that it now is."""
        if self.answer is None:
            raise NotTested("the update has no answer to go on with", because=RAW)
        return Submission("update", self.request, self.answer, self.answer, self.at, (self.answer,))

    def _items(self) -> tuple[Item, ...]:
        return self.answer.decided if self.answer else ()


class Updates:
    """Requests made to be updated at one endpoint."""

    def __init__(self, recording: Recording, claim: Claim) -> None:
        self._recording = recording
        self._claim = claim
        self._prior_auth = PriorAuth(recording, claim)
        self._requests = Requests(recording, claim)
        self.guide = recording.guide(claim)

    def changed(self, *, taken: bool = False) -> Updated:
        """A request for two items of the usual service, updated: one changed, one cancelled, one added.

        ``taken``: NotTested where it is not.
        """
        updated = self._updated("changed", changing)
        return self._taken(updated) if taken else updated

    def cancelled(self) -> Updated:
        """A request for two items, cancelled as a whole; NotTested where that is not taken."""
        return self._taken(self._updated("cancelled", cancelling))

    def inquire(self) -> tuple[Answer, ...]:
        """What an inquiry by the update's own identifier tells of it."""
        updated = self.changed()
        return self._found("update:inquiry", updated, self._identifier(updated), "")

    def inquire_by_replaced_number(self) -> tuple[Answer, ...]:
        """What an inquiry by a number of the request before its update tells."""
        updated = self.changed()
        number = updated.original.first.number
        if not number:
            raise NotTested(
                "the answer to the request before its update has no number", because="pas.authorization-number"
            )
        return self._found("update:replaced-number", updated, f"{self._recording.run_id}-replaced", number)

    def _taken(self, updated: Updated) -> Updated:
        """The update, if it was taken; what it has to look like is clear in some versions of the guide only."""
        if not updated.taken:
            because = "pas.update-taken" if self.guide["update_related"] else ""
            raise NotTested(f"the update is not taken ({updated.told})", because=because)
        return updated

    def _found(self, case: str, updated: Updated, identifier: str, number: str) -> tuple[Answer, ...]:
        """What an inquiry tells of the update; asked once more, a moment later, before it counts as another story."""
        name, update = updated.original.case, updated.as_submission
        answers: tuple[Answer, ...] = ()
        for asked in (case, f"{case}:again"):
            body = partial(self._requests.look_up, name, identifier, number)
            exchange = self._recording.act((self._claim, asked), partial(self._inquired, asked, body))
            answers = tuple(each for each in self._requests.found(exchange) if same_request(each, update))
            if asked != case or (answers and not disagreements(update.deciding, answers)):
                break
            self._recording.act((self._claim, "patience", "update"), lambda: clock.sleep(PATIENCE))
        if not answers:
            findable(self._prior_auth, name)
        return answers

    def _inquired(self, case: str, body: Callable[[], dict[str, Any]]) -> Exchange:
        return self._requests.post(INQUIRE, case, body())

    def _identifier(self, updated: Updated) -> str:
        return str(claim_of(updated.request).resource["identifier"][0]["value"])

    def _updated(self, how: str, make: Callable[..., dict[str, Any]]) -> Updated:
        def update() -> Updated:
            original = self._original(how)
            request = make(original.request, f"{self._recording.run_id}-{how}-{self._claim.version}", self.guide)
            exchange = answered(self._requests.post(SUBMIT, f"update:{how}", request), RAW)
            answer = read_answer(body_of(exchange), self.guide)
            return Updated(original, request, Sent(f"the update ({how})", exchange, answer))

        return self._recording.act((self._claim, "update", how), update)

    def _original(self, how: str) -> Submission:
        """A request for two items of the usual service, submitted to be updated."""
        usual = self._prior_auth.usual()
        case = self._requests.case(usual.case)
        if case.body is not None or "service" not in case.facts:
            raise NotTested("needs a case with one service to ask for twice", change=f"cases.prior-auth.{usual.case}")
        twice = [{"service": case.facts["service"], "quantity": case.facts.get("quantity", 1)}] * 2
        facts = {
            **{key: each for key, each in case.facts.items() if key not in ("service", "quantity")},
            "items": twice,
        }
        name = f"before-{how}"
        request = self._requests.of(Case("prior-auth", usual.case, facts), name)
        exchange = self._requests.post(SUBMIT, f"update:{name}", request)
        answer = read_answer(self._requests.usable(exchange), self.guide)
        if answer is None or answer.outcome == "error":
            raise NotTested("the request to be updated is not taken", change=f"cases.prior-auth.{usual.case}")
        return Submission(usual.case, request, answer, answer, f"the request before its update ({how})", (answer,))

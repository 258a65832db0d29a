"""Subscriptions to what is pended: made, changed, deleted, refused; and the notifications that they bring."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from conformance import clock
from conformance.apis.notifications import HANDSHAKE, Notification, read_notification
from conformance.apis.prior_auth import Answer, read_answer
from conformance.apis.raw import body_of
from conformance.apis.same_member import claim_of
from conformance.apis.shapes import record, text
from conformance.errors import NotTested
from conformance.exchange import Exchange
from conformance.flows.lookups import LookUps
from conformance.flows.prior_auth import PATIENCE as LATER
from conformance.flows.prior_auth import PriorAuth
from conformance.flows.prior_auth_requests import FHIR_JSON, FINDS, INQUIRE, RAW, SUBMIT, Requests, good
from conformance.flows.recording import Recording, answered
from conformance.flows.submission import Submission, same_request, undecided
from conformance.flows.subscribed import Heard, Made, Notified, Touched, about, gone, reason_of, status_of
from conformance.flows.subscription_bodies import subscription, with_content
from conformance.flows.target_cases import another_organization
from conformance.strict_json import load_or_none
from conformance.target import Claim
from conformance.wire.callbacks import Received
from conformance.wire.payer import Request

SUBSCRIBE = "prior-auth.subscribe"
MADE = "pas.subscription-created"
PATIENCE = 6.0  # seconds that a handshake, or a notification of what is decided already, may take
TAKEN_OVER, CHANGED = "Taken over.", "Results, as before."
OVER = ("off", "error")  # of a subscription that is still to be read: it brings nothing any more
LASTS = timedelta(days=1)  # a subscription that nobody deletes ends by itself
Make = Callable[[dict[str, Any]], dict[str, Any]]


class Subscriptions:
    """The subscriptions of one endpoint; every act is recorded."""

    def __init__(self, recording: Recording, claim: Claim) -> None:
        self._recording = recording
        self._claim = claim
        self._prior_auth = PriorAuth(recording, claim)
        self._requests = Requests(recording, claim)
        self.guide = recording.guide(claim)

    @property
    def content(self) -> str:
        """What this version's notifications hold: id-only, or full-resource."""
        return str(self.guide["subscription_content"])

    def made(self) -> Made:
        """A subscription as the guide has it, to the results of our own organization's requests."""
        return self._made("create")

    def handshake(self) -> Notification | None:
        """The handshake of that subscription; None where none comes before it is active.

        No source says how soon it has to come: NotTested where it may be still to come, or could not be delivered.
        """
        made = self._usable(self.made())
        found = self._wait(made, PATIENCE, lambda each: each.kind == HANDSHAKE)
        shaken = next((each for each in found if each.kind == HANDSHAKE), None)
        if shaken is None and (status := self._status(made)) != "active":
            raise NotTested(
                f"no handshake has come, and the subscription is {status or 'not to be read'}", change="callback"
            )
        return shaken

    def changed(self) -> Touched:
        """What a change of a subscription of our own comes to; read again where the payer keeps its reason."""
        made = self._usable(self._made("to-change"))
        body = {**made.sent, "id": made.ident, "reason": CHANGED}
        kept = reason_of(self._read(made, "before-change")) == made.sent["reason"]
        change = self._act("change", lambda: self._send("PUT", f"/{made.ident}", "change", body))
        as_before = kept and self._stays(made, "change", lambda read: reason_of(read) == made.sent["reason"])
        return Touched(change, good(change) and not as_before)

    def deleted(self) -> Touched:
        """What the deletion of a subscription of our own comes to: one that can be read still, and is on, is not."""
        made = self._usable(self._made("to-delete"))
        delete = self._act("delete", lambda: self._send("DELETE", f"/{made.ident}", "delete"))
        there = self._stays(made, "delete", lambda read: good(read) and status_of(read) not in OVER)
        return Touched(delete, good(delete) and not there)

    def by_websocket(self) -> Made:
        """A subscription by a channel other than rest-hook, where one by rest-hook is made."""
        self._usable(self.made())

        def change(body: dict[str, Any]) -> dict[str, Any]:
            return {**body, "channel": {**body["channel"], "type": "websocket"}}

        return self._made("websocket", change)

    def by_id_only(self) -> Made:
        """A subscription to notifications that hold ids alone, where one as the guide has it is made."""
        self._usable(self.made())
        return self._made("id-only", lambda body: with_content(body, "id-only"))

    def made_by_another(self) -> Made:
        """The subscription of a second client, one of another organization's, to the results of our own requests."""
        self._usable(self.made())
        another_organization(self._recording.target)
        LookUps(self._recording, self._claim).by_a_third_party()  # a 403 now is about what it may do, not who it is
        return self._made("by-another", other=True)

    def touched_by_another(self) -> tuple[Touched, ...]:
        """What a second client, known to the payer, comes to that changes, then deletes, a subscription of ours.

        A payer may say that all is well of something that it hides: what became of it is read as its owner.
        """
        made = self._usable(self._made("of-ours"))
        LookUps(self._recording, self._claim).by_a_third_party()  # a 403 now is about what it may do, not who it is
        readable = good(self._read(made, "before"))
        body = {**made.sent, "id": made.ident, "reason": TAKEN_OVER}
        change = self._act("other's-change", lambda: self._send("PUT", f"/{made.ident}", "other", body, other=True))
        changed = self._read(made, "changed")
        delete = self._act("other's-delete", lambda: self._send("DELETE", f"/{made.ident}", "other", other=True))
        deleted = self._read(made, "deleted")
        if readable:
            taken = reason_of(changed) == TAKEN_OVER
            return Touched(change, taken), Touched(delete, good(changed) and gone(deleted))
        if good(delete) and not good(change):
            raise NotTested("a deletion by another system is answered as done, and the subscription cannot be read")
        return Touched(change, good(change)), Touched(delete, good(delete))

    def notified(self) -> Notified:
        """A pended request that is decided soon, and what was notified of it; NotTested where it stays pended."""
        made = self._usable(self.made())
        case = self._settling()
        patience = (self._requests.case(case).settles or timedelta()).total_seconds() + PATIENCE

        def submit() -> Notified:
            self.handshake()
            since = clock.now()
            submission = self._submitted(case)
            found = self._wait(made, patience, lambda each: about(each, submission), since)
            if not any(about(each, submission) for each in found) and self._still_pended(submission):
                raise NotTested("the request is still pended this time", change=f"cases.prior-auth.{case}.settles")
            return Notified(submission, tuple(each for each in found if about(each, submission)), len(found))

        return self._recording.act((self._claim, "notified"), submit)

    def told_again(self) -> tuple[tuple[Answer, tuple[Answer, ...]], ...]:
        """The answers that notifications brought about the notified request, each with what an inquiry tells of it."""
        notified = self.notified()
        told = self._recording.act(
            (self._claim, "notified", "inquiry"), lambda: self._told_in_time(notified.submission)
        )
        return tuple((each, told) for each in notified.answers)

    def listen(self) -> Made:
        """A subscription to go on listening at; NotTested where none can be made, or its endpoint is not reached."""
        made = self._usable(self._made("to-listen"))
        if not self._wait(made, PATIENCE, lambda _each: True) and self._status(made) in ("error", "off"):
            raise NotTested("the payer does not reach the address for its notifications", change="callback")
        return made

    def listened(self, made: Made, known: int, seconds: float) -> Iterator[Heard]:
        """What came at its endpoint after the first ``known``, as soon as there is any, or after so many seconds.

        Nothing of it is kept: whoever listens for days would keep it all.
        """
        for number, each in enumerate(self._recording.receiver().taken(made.endpoint, seconds), known + 1):
            exchange = self._recording.heard_once(self._claim, made.endpoint, number, each)
            yield Heard(exchange, each, self._read_one(each))

    def unsubscribe(self, made: Made) -> None:
        """Deletes a subscription of our own, whatever the payer says to it."""
        self._send("DELETE", f"/{made.ident}", "to-listen")

    # -- how -------------------------------------------------------------------------------------------------------

    def _settling(self) -> str:
        """The first case that is pended at first, and decided within the time that it names."""
        wrong: NotTested | None = None
        for case in self._prior_auth.cases():
            try:
                submission = self._prior_auth.submission(case)
            except NotTested as reason:
                wrong = wrong or reason
                continue
            if undecided(submission.first) and not undecided(submission.deciding):
                return case
            if undecided(submission.first) and not self._prior_auth.inquire(case):
                wrong = wrong or NotTested("the inquiry does not find what was pended", because=FINDS)
        raise wrong or NotTested(
            "needs a case that is pended and decided while the run lasts", change="cases.prior-auth.….settles"
        )

    def _submitted(self, case: str) -> Submission:
        request = self._requests.another(case, "notified")
        exchange = self._requests.post(SUBMIT, "update:notified", request)
        answer = read_answer(self._requests.usable(exchange), self.guide)
        if answer is None or not undecided(answer):
            raise NotTested("the request was decided at once this time", change=f"cases.prior-auth.{case}")
        return Submission(case, request, answer, answer, f"cases.prior-auth.{case}", (answer,))

    def _still_pended(self, submission: Submission) -> bool:
        """Whether an inquiry does not tell the end of a request that nothing was notified of."""
        mine = self._told(submission)
        return not mine or all(undecided(each) for each in mine)

    def _told_in_time(self, submission: Submission) -> tuple[Answer, ...]:
        """The same, asked once more where nothing is found: a payer may file what it notifies a moment later."""
        if not (told := self._told(submission)):
            clock.sleep(LATER)
            told = self._told(submission)
        return told

    def _told(self, submission: Submission) -> tuple[Answer, ...]:
        """What an inquiry tells of a request that was sent to be notified."""
        sent = claim_of(submission.request).resource["identifier"][0]["value"]
        body = self._requests.look_up(submission.case, sent)
        told = self._requests.found(self._requests.post(INQUIRE, "lookup:notified", body))
        return tuple(each for each in told if same_request(each, submission))

    def _stays(self, made: Made, what: str, how: Callable[[Exchange], bool]) -> bool:
        """Whether a subscription stays ``how`` it was after what was done to it; a copy may lag behind for a moment."""
        if not how(self._read(made, f"after-{what}")):
            return False
        clock.sleep(LATER)
        return how(self._read(made, f"after-{what}-again"))

    def _status(self, made: Made) -> str:
        """The status of a subscription as it is read now, as it was answered where it cannot be read."""
        read = self._read(made, "status")
        return status_of(read) if good(read) else text(made.resource.get("status"))

    def _read(self, made: Made, when: str) -> Exchange:
        return self._act(f"read-{when}", lambda: self._send("GET", f"/{made.ident}", f"read-{when}"))

    def _made(self, how: str, change: Make = lambda body: body, *, other: bool = False) -> Made:
        """A subscription by the first of the guide's filters that the payer takes; ``other``: of a second client's."""
        receiver = self._recording.receiver()

        def make() -> Made:
            endpoint, found = receiver.endpoint(), []
            for name in self.guide["subscription_filters"]:
                body = change(self._body(endpoint, name))
                exchange = answered(self._send("POST", "", how, body, other=other), RAW)
                resource = record(body_of(exchange))
                kept = resource if resource.get("resourceType") == "Subscription" else {}
                found.append(Made(exchange, body, kept, endpoint))
                if good(exchange):
                    break
            return next((each for each in found if good(each.exchange)), found[0])

        return self._recording.act((self._claim, "subscription", how), make)

    def _usable(self, made: Made) -> Made:
        if not made.taken or not made.ident:
            raise NotTested(f"no subscription can be made ({made.told})", because=MADE)
        return made

    def _body(self, endpoint: str, name: str) -> dict[str, Any]:
        requester = self._recording.target.requester
        who = requester.get("npi") if name == "identifier" else requester.get("system_id") or requester.get("npi")
        if not who:
            raise NotTested("needs the identifier of the organization that asks", change="requester.npi")
        return subscription(endpoint, f"{name}={who}", self.content, clock.now() + LASTS)

    def _act(self, how: str, send: Callable[[], Exchange]) -> Exchange:
        return answered(self._recording.act((self._claim, "subscription", how), send), RAW)

    def _send(
        self, method: str, path: str, case: str, body: Mapping[str, Any] | None = None, *, other: bool = False
    ) -> Exchange:
        own = self._recording.api(self._claim).paths.get("subscribe")
        request = Request(
            operation=SUBSCRIBE, method=method, path=f"{own or self.guide.path(SUBSCRIBE)}{path}",
            case=f"subscription:{case}", claim=self._claim.label,
            body=json.dumps(body).encode() if body else b"", headers=FHIR_JSON if body else {},
        )  # fmt: skip
        return self._recording.send(self._claim, request, other=other)

    def _wait(
        self, made: Made, seconds: float, wanted: Callable[[Notification], bool], since: datetime | None = None
    ) -> tuple[Notification, ...]:
        """What was posted to a subscription's endpoint ``since``, as soon as anything of it is wanted, or in time."""

        def read(received: tuple[Received, ...]) -> tuple[Notification, ...]:
            late = (each for each in received if since is None or each.at >= since)
            return tuple(found for each in late if (found := self._read_one(each)))

        receiver = self._recording.receiver()
        received = receiver.wait(made.endpoint, seconds, lambda received: any(map(wanted, read(received))))
        for number, each in enumerate(received, 1):
            self._recording.heard(self._claim, made.endpoint, number, each)
        return read(received)

    def _read_one(self, received: Received) -> Notification | None:
        return read_notification(load_or_none(received.body), self.guide)

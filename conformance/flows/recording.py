"""Run once, assert many: every act is done at most once and remembered, its exception included.

Scenarios in different lanes run at the same time: whoever asks for an act that another is doing waits for it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from conformance import clock
from conformance.errors import NotApplicable, NotTested, Unjudgeable
from conformance.exchange import Exchange
from conformance.expect import current
from conformance.fhir import NotFhir, parse
from conformance.guides import Guide
from conformance.target import Api, Claim, Target
from conformance.wire.callbacks import Received, Receiver
from conformance.wire.files import Folder
from conformance.wire.gateway import REFUSED
from conformance.wire.payer import Request, Wire

T = TypeVar("T")
HEARD = "prior-auth.notification"  # the operation of what a payer posts to us


@dataclass(frozen=True)
class Options:
    """What the tester allowed: how many samples, whether malformed and forged requests may be sent."""

    samples: int = 1
    intrusive: bool = False


@dataclass
class Act:
    """One act: its value or exception, the exchanges it took, and whether it is over."""

    value: Any = None
    raised: Exception | None = None
    exchanges: list[Exchange] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)


class _Open(threading.local):
    """The acts that this thread is doing, each inside the one before it."""

    def __init__(self) -> None:
        self.acts: list[Act] = []


class Recording:
    """All acts of one run against one target, keyed by API, guide version, act and case."""

    def __init__(
        self,
        target: Target,
        wire: Wire,
        guides: Mapping[tuple[str, str], Guide],
        run_id: str,
        options: Options = Options(),
    ) -> None:
        self.target = target
        self.guides = guides
        self.run_id = run_id
        self.options = options
        self._wire = wire
        self._acts: dict[Hashable, Act] = {}
        self._open = _Open()
        self._beginning = threading.Lock()
        self._folders: dict[str, Folder] = {}
        self._operations: dict[str, str] = {}  # of each exchange, by its id
        self._over = False
        self._watch: Callable[[Hashable, object], object] = lambda _key, _value: None
        self._pass: Callable[[float], object] = clock.sleep

    def act(self, key: Hashable, do: Callable[[], T]) -> T:
        """The value of ``do``, done now or remembered; its exchanges are shown to the scenario that asks."""
        act, mine = self._begun(key)
        if mine:
            self._do(key, act, do)
        else:
            act.over.wait()
        for outer in self._open.acts:
            outer.exchanges += [each for each in act.exchanges if each not in outer.exchanges]
        if judgement := current():
            judgement.saw(each.id for each in act.exchanges)
        if act.raised is not None:
            raise act.raised
        value: T = act.value
        return value

    def _begun(self, key: Hashable) -> tuple[Act, bool]:
        """The act of that key, and whether it is the asker's to do."""
        with self._beginning:
            act = self._acts.get(key)
            if self._over and not (act and act.over.is_set()):
                raise NotTested("the run ended before this was done")
            if act is not None:
                return act, False
            act = self._acts[key] = Act()
            return act, True

    def _do(self, key: Hashable, act: Act, do: Callable[[], object]) -> None:
        self._open.acts.append(act)
        try:
            act.value = do()
        except Exception as raised:
            act.raised = raised  # ours too: what failed once is not half done for those who ask later
        except BaseException:
            del self._acts[key]  # interrupted: nothing is known of it
            act.raised = NotTested("the run ended before this was done")
            raise
        else:
            self._watch(key, act.value)
        finally:
            self._open.acts.pop()
            act.over.set()

    def watch(self, told: Callable[[Hashable, object], object]) -> None:
        """From now on ``told`` is called with the key and the value of every act as it is done."""
        self._watch = told

    def wait(self, seconds: float) -> None:
        """Lets minutes pass, here and at the payer's."""
        self._pass(seconds)

    def waits(self, passing: Callable[[float], object]) -> None:
        """From now on minutes pass in this way: a proof moves both clocks."""
        self._pass = passing

    def recall(self, key: Hashable, value: object, exchanges: Iterable[Exchange] = ()) -> None:
        """Puts down as done what was done elsewhere: in an earlier run."""
        act = self._acts[key] = Act(value=value, exchanges=list(exchanges))
        act.over.set()

    def end(self) -> None:
        """From now on what was done is told, and nothing more is done: a new act is NotTested."""
        self._over = True

    def done(self, key: Hashable) -> bool:
        """Whether an act was done already."""
        act = self._acts.get(key)
        return act is not None and act.over.is_set()

    def asked(self, claim: Claim) -> bool:
        """Whether anything was done at a claim."""
        return any(isinstance(key, tuple) and key[:1] == (claim,) for key in list(self._acts))

    def note(self, exchange: Exchange) -> None:
        """Puts an exchange down to the act that is being done."""
        self._operations[exchange.id] = exchange.operation
        for act in self._open.acts:
            act.exchanges.append(exchange)

    def exchanges(self, operation: str, claim: Claim) -> tuple[Exchange, ...]:
        """All exchanges of an operation at a claim so far, in order."""
        seen: dict[str, Exchange] = {}
        for act in list(self._acts.values()):
            for each in list(act.exchanges):
                if each.operation == operation and each.claim == claim.label:
                    seen[each.id] = each
        return tuple(seen.values())

    def operations(self, exchange_ids: Iterable[str]) -> list[str]:
        """The operation of each of some exchanges."""
        return [self._operations[each] for each in exchange_ids if each in self._operations]

    def guide(self, claim: Claim) -> Guide:
        return self.guides[claim.ig, claim.version]

    def api(self, claim: Claim) -> Api:
        return self.target.apis[claim.api]

    @property
    def wire(self) -> Wire:
        return self._wire

    def send(self, claim: Claim, request: Request, *, other: bool = False) -> Exchange:
        """Sends one request, if its class of act is allowed here; ``other``: as the target's second client."""
        self.allow(claim, request.operation)
        api = self.api(claim)
        if other:
            if api.other_auth is None:
                raise NotTested("needs the credentials of a second client", change=f"apis.{claim.api}.other_auth")
            api = replace(api, auth=api.other_auth)
        return self._wire.send(claim.base_url, api, request)

    def allow(self, claim: Claim, operation: str, *, intrusive: bool = False) -> None:
        """NotTested where the target or the command does not allow this class of act."""
        act = self.guide(claim).act(operation)
        if act == "write" and not self.target.may_write:
            raise NotTested("this writes, and the environment is production", change='allow = ["write"]')
        if intrusive or act == "intrusive":
            if not self.target.may_intrude:
                raise NotTested("this is intrusive, and the environment is not a test", change='environment = "test"')
            if not self.options.intrusive:
                raise NotTested("this is intrusive: run with --intrusive", change="--intrusive")

    def receiver(self) -> Receiver:
        """Where notifications are received, from its first use on; NotTested where the target names no callback."""
        told = self.target.callback
        if told is None:
            raise NotTested("needs an address that the payer can post notifications to", change="callback")

        def listen() -> Receiver:
            return Receiver(told.listen, told.url)

        return self.act(("callback",), listen)

    def heard(self, claim: Claim, endpoint: str, number: int, received: Received) -> Exchange:
        """What the payer posted to an endpoint of ours as the ``number``-th, as an exchange beside all others."""
        return self.act((claim, "heard", endpoint, number), lambda: self.heard_once(claim, endpoint, number, received))

    def heard_once(self, claim: Claim, endpoint: str, number: int, received: Received) -> Exchange:
        """The same of what nobody will ask for again."""
        exchange = Exchange(
            id="", operation=HEARD, case=f"notification {number}", claim=claim.label, method="POST", url=endpoint,
            request_headers=received.headers, request_body=received.body, status=200, started=received.at, heard=True,
        )  # fmt: skip
        return self._wire.heard(exchange)

    def close(self) -> None:
        """Stops receiving notifications."""
        receiver = self._acts.get(("callback",))
        if receiver is not None and isinstance(receiver.value, Receiver):
            receiver.value.close()

    def folder(self, claim: Claim) -> Folder | None:
        """The folder that stands for this API's endpoint, if it is one."""
        files = self.api(claim).files
        if files is None:
            return None
        with self._beginning:
            return self._folders.setdefault(claim.api, Folder(files))

    def endpoint(self, claim: Claim) -> None:
        """NotApplicable where the API is a folder: it has no HTTP to judge."""
        if self.api(claim).files is not None:
            raise NotApplicable("a folder of resources has no endpoint")

    def guarded(self, claim: Claim) -> None:
        """NotTested where the target names no credentials for the API: as we ask it, nothing there is anybody's own."""
        if self.api(claim).auth.type == "none":
            raise NotTested("the target names no credentials for this API", change=f"apis.{claim.api}.auth")


def resource_of(exchange: Exchange, judged_by: str) -> dict[str, Any]:
    """The resource in an answer.

    Unjudgeable where nothing came that speaks of the payer; NotTested, because of ``judged_by``, where the answer is
    no FHIR: that requirement alone judges it.
    """
    answered(exchange, judged_by)
    try:
        return parse(exchange.body)
    except NotFhir as wrong:
        raise NotTested(f"the answer cannot be read: {wrong}", because=judged_by) from wrong


def answered(exchange: Exchange, judged_by: str) -> Exchange:
    """The exchange, if the payer answered; see ``resource_of``."""
    if exchange.failure is None:
        return exchange
    if exchange.failure.actor == "payer":
        raise NotTested(exchange.failure.message, because=judged_by)
    raise Unjudgeable(exchange.failure.message, exchange.failure.actor)


def answered_or_refused(exchange: Exchange, judged_by: str) -> Exchange:
    """The same, where our credentials were taken before: a refusal, in whatever words, is about what was asked for."""
    return exchange if exchange.status in REFUSED else answered(exchange, judged_by)


def unending(exchange: Exchange) -> bool:
    """Whether the payer did answer, but without end: a fault of its own, to be judged with its raw answers."""
    return exchange.failure is not None and exchange.failure.actor == "payer"

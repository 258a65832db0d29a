"""Run once, assert many: acts, their exceptions and their exchanges are remembered; what may be sent is asked first."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from conformance import paths
from conformance.errors import NotApplicable, NotTested, Unjudgeable
from conformance.exchange import Exchange, Failure
from conformance.expect import Judgement, judging
from conformance.flows.recording import Options, Recording, answered, resource_of, unending
from conformance.guides import load as load_guides
from conformance.rules import Latency, samples
from conformance.target import Api, Auth, Claim, Target
from conformance.wire.payer import Request

GUIDES = load_guides(paths.suites() / "guides")
NEW = Claim("prior-auth", "pas", "2.2.1", "https://payer.example.org/new")
OLD = Claim("prior-auth", "pas", "2.0.1", "https://payer.example.org/old")
API = Api("prior-auth", guides={"pas": {"2.0.1": OLD.base_url, "2.2.1": NEW.base_url}})
TARGET = Target("Test", environment="test", apis={"prior-auth": API})
SUBMIT = Request("prior-auth.submit", "POST", "Claim/$submit", case="approved", claim=NEW.label)


class Line:
    """Stands in for the wire: answers everything, and says each exchange to the recording, as the wire does."""

    def __init__(self) -> None:
        self.sent: list[Request] = []
        self._one_by_one = threading.Lock()
        self.recording: Recording | None = None

    def send(self, base_url: str, api: Api, request: Request) -> Exchange:
        with self._one_by_one:
            self.sent.append(request)
            exchange = exchanged(f"x{len(self.sent)}", request, base_url)
        assert self.recording is not None
        self.recording.note(exchange)
        return exchange


def exchanged(name: str, request: Request = SUBMIT, base_url: str = NEW.base_url, **other: Any) -> Exchange:
    return Exchange(
        name, request.operation, request.case, request.claim, request.method, f"{base_url}/{request.path}",
        **{"status": 200, "seconds": 0.5, **other},
    )  # fmt: skip


def recorded(target: Target = TARGET, **options: Any) -> tuple[Recording, Line]:
    line = Line()
    recording = Recording(target, line, GUIDES, "pc-test", Options(**options))  # type: ignore[arg-type]
    line.recording = recording
    return recording, line


# -- once --------------------------------------------------------------------------------------------------------------


def test_an_act_is_done_once_for_all_who_ask():
    recording, line = recorded()
    answers = [recording.act((NEW, "submit", "approved"), lambda: recording.send(NEW, SUBMIT)) for _ in range(3)]

    assert len(line.sent) == 1
    assert answers[0] is answers[1] is answers[2]
    assert recording.done((NEW, "submit", "approved"))
    assert not recording.done((OLD, "submit", "approved"))


def test_whoever_asks_for_an_act_that_another_is_doing_waits_for_it():
    recording, line = recorded()
    doing, waiting = threading.Event(), threading.Event()

    def slowly() -> Exchange:
        doing.set()
        assert waiting.wait(5)
        return recording.send(NEW, SUBMIT)

    def asked() -> tuple[Exchange, list[str]]:
        with judging(Judgement()) as judgement:
            return recording.act("submit", slowly), judgement.exchanges

    with ThreadPoolExecutor(2) as both:
        first = both.submit(asked)
        assert doing.wait(5)
        second = both.submit(asked)
        assert not recording.done("submit")
        waiting.set()
        assert first.result(5) == second.result(5)

    assert first.result()[1] == ["x1"]
    assert len(line.sent) == 1


def test_after_the_end_nobody_waits_for_what_is_under_way():
    recording, _ = recorded()
    doing, done = threading.Event(), threading.Event()

    def slowly() -> None:
        doing.set()
        assert done.wait(5)

    with ThreadPoolExecutor(1) as other:
        other.submit(recording.act, "slow", slowly)
        assert doing.wait(5)
        recording.end()
        with pytest.raises(NotTested, match="ended before"):
            recording.act("slow", slowly)
        done.set()


def test_exchanges_go_to_the_act_of_the_thread_that_sends_them():
    recording, _ = recorded()
    both = threading.Barrier(2)

    def act(case: str) -> list[str]:
        def send() -> None:
            both.wait(5)
            recording.send(NEW, replace(SUBMIT, case=case))
            both.wait(5)

        with judging(Judgement()) as judgement:
            recording.act(case, send)
        return judgement.exchanges

    with ThreadPoolExecutor(2) as two:
        seen = list(two.map(act, ["a", "b"]))

    assert sorted(seen) == [["x1"], ["x2"]]


@pytest.mark.parametrize("value", [None, False, (), 0])
def test_nothing_is_remembered_too(value):
    recording, _ = recorded()
    done = []

    def do():
        done.append(1)
        return value

    assert recording.act("key", do) is value
    assert recording.act("key", do) is value
    assert done == [1]


@pytest.mark.parametrize(
    "keys",
    [
        [(NEW, "submit", "approved"), (OLD, "submit", "approved")],
        [(NEW, "submit", "approved"), (NEW, "submit", "denied")],
        [(NEW, "submit", "approved"), (NEW, "inquire", "approved")],
    ],
)
def test_version_act_and_case_make_an_act_another(keys):
    recording, line = recorded()
    for key in (*keys, *keys):
        recording.act(key, lambda: recording.send(NEW, SUBMIT))

    assert len(line.sent) == 2


@pytest.mark.parametrize(
    "raised",
    [
        NotTested("needs a case", change="cases.prior-auth.denied", because="prior-auth.answers-are-fhir"),
        Unjudgeable("nobody answers", "network"),
        NotApplicable("a folder"),
    ],
)
def test_exceptions_are_remembered_with_the_exchanges_before_them(raised):
    recording, line = recorded()

    def do():
        recording.send(NEW, SUBMIT)
        raise raised

    for _ in range(2):
        with judging(Judgement()) as judgement, pytest.raises(type(raised)) as again:
            recording.act("key", do)
        assert again.value is raised
        assert judgement.exchanges == ["x1"]
    assert len(line.sent) == 1


def test_an_act_that_broke_gives_nobody_a_value():
    recording, _ = recorded()

    def do():
        raise KeyError("ours")

    for _ in range(2):
        with pytest.raises(KeyError):
            recording.act("key", do)


def test_an_act_that_broke_is_closed():
    recording, _ = recorded()
    with pytest.raises(KeyError):
        recording.act("broken", lambda: {}["ours"])
    recording.act("next", lambda: recording.send(NEW, SUBMIT))

    with judging(Judgement()) as judgement:
        recording.act("next", lambda: None)
    assert judgement.exchanges == ["x1"]


# -- who sees which exchange -------------------------------------------------------------------------------------------


def test_every_scenario_sees_the_exchanges_of_its_acts():
    recording, _ = recorded()
    seen = []
    for _ in range(2):
        with judging(Judgement()) as judgement:
            recording.act("one", lambda: recording.send(NEW, SUBMIT))
            recording.act("two", lambda: recording.send(NEW, SUBMIT))
            recording.act("one", lambda: None)
        seen.append(judgement.exchanges)

    assert seen == [["x1", "x2"], ["x1", "x2"]]
    assert recording.operations(["x2", "x1", "strange"]) == ["prior-auth.submit", "prior-auth.submit"]


def test_an_act_has_the_exchanges_of_the_acts_inside_it():
    recording, line = recorded()

    def outer():
        recording.act("inner", lambda: recording.send(NEW, SUBMIT))
        recording.send(NEW, SUBMIT)
        return recording.act("inner", lambda: None)

    with judging(Judgement()) as first:
        recording.act("outer", outer)
    with judging(Judgement()) as second:
        recording.act("inner", lambda: None)
    assert first.exchanges == ["x1", "x2"]
    assert second.exchanges == ["x1"]
    assert len(line.sent) == 2


def test_an_inner_act_that_was_done_before_counts_for_the_outer_one_too():
    recording, _ = recorded()
    recording.act("inner", lambda: recording.send(NEW, SUBMIT))
    for _ in range(2):
        with judging(Judgement()) as judgement:
            recording.act("outer", lambda: recording.act("inner", lambda: None))
        assert judgement.exchanges == ["x1"]


def test_exchanges_are_listed_by_operation_and_claim_each_once():
    recording, _ = recorded()
    inquire = replace(SUBMIT, operation="prior-auth.inquire", path="Claim/$inquire")
    recording.act("outer", lambda: recording.act("inner", lambda: recording.send(NEW, SUBMIT)))
    recording.act("second", lambda: recording.send(NEW, SUBMIT))
    recording.act("inquiry", lambda: recording.send(NEW, inquire))
    recording.act("old", lambda: recording.send(OLD, replace(SUBMIT, claim=OLD.label)))

    assert [each.id for each in recording.exchanges("prior-auth.submit", NEW)] == ["x1", "x2"]
    assert [each.id for each in recording.exchanges("prior-auth.inquire", NEW)] == ["x3"]
    assert [each.id for each in recording.exchanges("prior-auth.submit", OLD)] == ["x4"]


def test_what_nobody_asked_for_in_an_act_belongs_to_none():
    recording, line = recorded()
    line.send(NEW.base_url, API, SUBMIT)

    assert recording.exchanges("prior-auth.submit", NEW) == ()


# -- what may be sent --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environment", "allow", "operation", "change"),
    [
        ("test", frozenset(), "prior-auth.submit", None),
        ("production", frozenset({"write"}), "prior-auth.submit", None),
        ("production", frozenset(), "prior-auth.inquire", None),
        ("production", frozenset(), "prior-auth.submit", 'allow = ["write"]'),
    ],
)
def test_nothing_is_written_to_production_unless_it_is_allowed(environment, allow, operation, change):
    recording, line = recorded(replace(TARGET, environment=environment, allow=allow))
    request = replace(SUBMIT, operation=operation)

    if change is None:
        recording.send(NEW, request)
        assert len(line.sent) == 1
        return
    with pytest.raises(NotTested) as raised:
        recording.send(NEW, request)
    assert raised.value.change == change
    assert line.sent == []


@pytest.mark.parametrize(
    ("environment", "intrusive", "change"),
    [
        ("test", True, None),
        ("test", False, "--intrusive"),
        ("production", True, 'environment = "test"'),
        ("production", False, 'environment = "test"'),
    ],
)
def test_what_is_intrusive_needs_a_test_environment_and_a_word(environment, intrusive, change):
    allow = frozenset({"write"})
    recording, _ = recorded(replace(TARGET, environment=environment, allow=allow), intrusive=intrusive)

    if change is None:
        recording.allow(NEW, "prior-auth.inquire", intrusive=True)
        return
    with pytest.raises(NotTested) as raised:
        recording.allow(NEW, "prior-auth.inquire", intrusive=True)
    assert raised.value.change == change


def test_every_operation_that_a_guide_lists_says_what_class_of_act_it_is():
    for guide in GUIDES.values():
        assert {row["act"] for row in guide.operations.values()} <= {"read", "write", "intrusive", "load"}


def test_a_folder_has_no_endpoint(tmp_path):
    recording, _ = recorded(replace(TARGET, apis={"prior-auth": Api("prior-auth", files=tmp_path)}))

    with pytest.raises(NotApplicable):
        recording.endpoint(NEW)
    assert recording.folder(NEW) is recording.folder(OLD), "one folder, read once"
    assert recorded()[0].folder(NEW) is None
    recorded()[0].endpoint(NEW)


# -- what an answer is good for ----------------------------------------------------------------------------------------

KINDS = ("refused", "unknown-host", "tls", "no-answer", "deadline", "aborted", "block-page", "too-many-requests",
         "unavailable")  # fmt: skip


@pytest.mark.parametrize(("kind", "actor"), [*((kind, "network") for kind in KINDS), ("redirect", "your file"),
                                             ("credentials", "your file")])  # fmt: skip
def test_where_nothing_came_nobody_is_blamed(kind, actor):
    exchange = exchanged("x1", status=None, failure=Failure(kind, "nothing came"))

    for use in (answered, resource_of):
        with pytest.raises(Unjudgeable) as raised:
            use(exchange, "prior-auth.answers-are-fhir")
        assert (raised.value.message, raised.value.actor) == ("nothing came", actor)
    assert not unending(exchange)


def test_an_endless_answer_is_judged_by_one_requirement_alone():
    exchange = exchanged("x1", failure=Failure("oversize", "over 32 MiB"))

    with pytest.raises(NotTested) as raised:
        resource_of(exchange, "prior-auth.answers-are-fhir")
    assert raised.value.because == "prior-auth.answers-are-fhir"
    assert unending(exchange)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"a": 1}', b'{"resourceType": "Bundle"', b"\xff"])
def test_an_answer_that_is_no_fhir_is_judged_by_one_requirement_alone(body):
    with pytest.raises(NotTested) as raised:
        resource_of(exchanged("x1", body=body), "formulary.answers-are-fhir")
    assert raised.value.because == "formulary.answers-are-fhir"


def test_a_resource_is_given_as_it_came():
    found = resource_of(exchanged("x1", body=b'{"resourceType": "Bundle", "type": "collection"}'), "any")

    assert found == {"resourceType": "Bundle", "type": "collection"}


# -- latency -----------------------------------------------------------------------------------------------------------


def test_only_answers_to_well_formed_requests_are_samples_of_latency():
    recording, _ = recorded()

    def several():
        for number, other in enumerate([
            {},
            {"seconds": 16.0},
            {"failure": Failure("unavailable", "503 thrice"), "seconds": 99.0},
            {"authorized": False},
            {"status": 500},
        ]):  # fmt: skip
            recording.note(exchanged(f"x{number}", **other))
        recording.note(exchanged("x9", replace(SUBMIT, case="invalid:no-items")))

    recording.act("all", several)
    assert [each.id for each in samples(recording, NEW, "prior-auth.submit")] == ["x0", "x1", "x4"]
    latency = Latency(recording, NEW)
    assert [each.seconds for each in latency.samples("prior-auth.submit")] == [0.5, 16.0, 0.5]
    assert latency.limit("prior-auth.submit") == 15
    assert Latency(recording, OLD).samples("prior-auth.submit") == ()


def test_without_credentials_nothing_is_anybodys_own():
    guarded = replace(API, auth=Auth("gateway", "bearer"))
    recorded(replace(TARGET, apis={"prior-auth": guarded}))[0].guarded(NEW)

    with pytest.raises(NotTested) as raised:
        recorded()[0].guarded(NEW)
    assert raised.value.change == "apis.prior-auth.auth"

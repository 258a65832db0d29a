"""A thousand pended requests followed in one round, by inquiries and by notifications: how long, and how much memory.

python tests/bench/follow_up.py [NUMBER]
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from urllib.request import Request, urlopen

from conformance import clock
from conformance.apis.notifications import TOPIC
from conformance.flows.prior_auth import PriorAuth
from conformance.flows.recording import Options, Recording
from conformance.flows.subscriptions import Subscriptions
from conformance.follow_up.ledger import Entry, Ledger
from conformance.follow_up.listening import listen
from conformance.follow_up.round import Round, Told
from conformance.follow_up.submissions import SUBMISSION
from conformance.opening import catalogue_of, guides, open_target, scenario_folders
from conformance.run import Run, Selection
from conformance.target import Callback, Claim, Target
from conformance.wire.payer import Wire

LIMIT_SECONDS = 60
MORE_MEGABYTES = 20


def pended(target: Target, claim: Claim, wire: Wire, number: int, decided: Path) -> Iterator[Entry]:
    """So many requests submitted and pended, each as a run of its own would note it.

    A line of ``decided`` for each is the notification that would tell its approval.
    """
    with decided.open("w", encoding="utf-8") as lines:
        for each in range(number):
            recording = Recording(target, wire, guides(), f"pc-{each:06d}", Options())
            prior_auth = PriorAuth(recording, claim)
            found, [exchange] = prior_auth.submission("pended"), prior_auth.raw_submissions()
            assert found.sent
            assert found.answered
            lines.write(json.dumps(notification(json.loads(exchange.body.replace(b'"A4"', b'"A1"')))) + "\n")
            yield Entry(
                "target", recording.run_id, "none", SUBMISSION, claim.api, claim.ig, claim.version, "pended", (),
                found.sent, found.answered, found.sent, clock.now(), clock.now(),
            )  # fmt: skip


def notification(answer: object) -> dict[str, object]:
    """A notification that brings an answer (PAS 2.2.1: full-resource)."""
    status = [{"name": "topic", "valueCanonical": TOPIC}, {"name": "type", "valueCode": "event-notification"}]
    told = {"resource": {"resourceType": "Parameters", "parameter": status}}
    return {"resourceType": "Bundle", "type": "history", "entry": [told, {"resource": answer}]}


def asked(following: Round, _decided: Path) -> Told:
    """A round of inquiries."""
    return following.poll(timedelta(0))


def notified(following: Round, decided: Path) -> Told:
    """A round of notifications, posted as fast as they are taken."""
    made = Subscriptions.listen

    def listened(self: Subscriptions) -> object:
        found = made(self)
        threading.Thread(target=post, args=(found.endpoint,), daemon=True).start()
        return found

    def post(endpoint: str) -> None:
        with decided.open("rb") as lines:
            for line in lines:
                urlopen(Request(endpoint, data=line, method="POST")).close()

    Subscriptions.listen = listened  # type: ignore[method-assign,assignment]
    try:
        return listen(following, Callback("127.0.0.1:0", ""), 600.0, lambda: None)
    finally:
        Subscriptions.listen = made  # type: ignore[method-assign]


def measure(word: str, number: int, follow: Callable[[Round, Path], Told]) -> None:
    """Follows a tenth of the number, then all, and holds both to the limits."""
    with tempfile.TemporaryDirectory() as folder, payer(Path(folder)) as file:
        tables = guides()
        target = open_target(file, {}, tables, today=clock.now().date())
        target = replace(target, cases={"prior-auth": {"pended": target.cases["prior-auth"]["pended"]}}, known={})
        claim = next(each for each in target.claim_list() if each.label == "pas=2.2.1")
        run = Run(catalogue_of(scenario_folders()), tables, Selection(), Options(), target)
        used = []
        for share in (number // 10, number):
            ledger, decided = Ledger(Path(folder) / f"{share}.sqlite3"), Path(folder) / f"{share}.ndjson"
            with Wire(target, journal=lambda _exchange: None) as wire:
                ledger.add(pended(target, claim, wire, share, decided))
            begun, busy = time.perf_counter(), time.process_time()
            told = follow(Round(run, ledger, "target"), decided)
            seconds, busy = time.perf_counter() - begun, time.process_time() - busy
            assert told.asked + told.notified == share, told
            used.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
            print(f"{share:>6} {word} in {seconds:6.1f} s, {busy:6.1f} s of it ours; {used[-1]:6.0f} MB at most")
        print(f"{used[1] - used[0]:.0f} MB more for ten times as many")
        assert busy < LIMIT_SECONDS  # the rest is the payer's, and whoever else is at work on this machine
        assert used[1] - used[0] < MORE_MEGABYTES


@contextmanager
def payer(folder: Path) -> Iterator[str]:
    """The model payer in a process of its own: its target file."""
    words = [sys.executable, "-m", "conformance.cli", "sandbox", "--json", "--directory", str(folder)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield json.loads(process.stdout.readline())["target"]
        finally:
            process.terminate()


if __name__ == "__main__":
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    measure("inquired about", wanted, asked)
    measure("notified", wanted, notified)

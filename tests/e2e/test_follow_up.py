"""A decision that takes twelve days, found though run and follow-up are killed half-way, the latter started twice."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

from conformance.clock import OFFSET
from conformance.follow_up.ledger import PLACE, Ledger
from conformance.launch import Job, command, environment
from conformance.sandbox import app, seed, subscriptions
from conformance.sandbox.serve import serve

DAY = 86400.0
ASKING = ("63650", "64555")  # services that more is asked for
LATE = {"prior-auth.decision-time-standard": "fail"}


def test_a_late_decision_is_found_though_run_and_follow_up_are_killed(tmp_path: Path) -> None:
    ledger, out = tmp_path / "state" / "ledger.sqlite3", tmp_path / "out"
    with serve(directory=tmp_path / "payer") as payer:
        slow = {
            "settles": "P11DT12H",
            "then": "denied",
            "reason": {"code": "0T", "text": "No trial is on record (N-7)."},
        }
        known = seed.load(payer.clock.today())
        at_once = {code: {**known.services[code], "decision": "approved"} for code in ASKING}
        services = {**known.services, "22551": {**known.services["22551"], **slow}, **at_once}
        payer.mount(app.build(replace(known, services=services), payer.clock, payer.policies, ()))

        def start(*words: str, days: float = 0.0) -> subprocess.Popen[str]:
            env = {**os.environ, OFFSET: str(days * DAY), PLACE: str(ledger)}
            words = (sys.executable, "-m", "conformance.cli", *words)
            return subprocess.Popen(words, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

        def done(*words: str, days: float = 0.0) -> tuple[int, str]:
            process = start(*words, days=days)
            told = process.communicate(timeout=120)[0]
            return process.returncode, told

        target = str(payer.target_file.resolve())
        payer.stage.delay = 0.1
        process = a_run(target, ledger, out)
        wait_for(ledger.exists)
        book = Ledger(ledger)
        wait_for(lambda: [each.name for each in book.waiting(target)] == ["pended"] * 2)  # one of each version
        payer.stage.delay = 60.0
        told = done("follow-up", target, "--poll")[1]
        assert "2 x its run is still at work" in told
        assert "2 still open." in told
        process.kill()
        process.communicate()
        payer.stage.delay = 0.0
        assert '"footer"' not in (out / "verdicts.jsonl").read_text("utf-8")

        payer.clock.move(2 * DAY)
        told = done("follow-up", target, "--poll", days=2)[1]
        assert "2 of 2 open requests were asked about; 0 are answered now." in told
        told = done("follow-up", target, "--poll", days=2)[1]
        assert "0 of 2 open" in told, "asked once a day"
        told = done("follow-up", target, "--poll", days=40)[1]
        assert "2 still open." in told, "a clock that jumped judges nothing"
        assert verdicts(out) == {}

        payer.clock.move(12 * DAY)
        payer.stage.delay = 0.4
        process = start("follow-up", target, "--poll", days=12)
        wait_for(lambda: '"followed"' in (out / "verdicts.jsonl").read_text("utf-8"))
        process.kill()
        process.communicate()
        payer.stage.delay = 0.0

        both = [start("follow-up", target, "--poll", days=12) for _ in range(2)]
        for each in both:
            each.communicate(timeout=120)
        told = done("follow-up", target, "--poll", days=12)[1]

    assert "Nothing is open any more." in told
    assert verdicts(out) == LATE
    results = json.loads((out / "results.json").read_text("utf-8"))
    late = next(row for row in results["requirements"] if row["id"] == "prior-auth.decision-time-standard")
    assert [scenario["failed"] for scenario in late["scenarios"]] == [1, 1], "one late decision in each version, once"
    assert results["exit_code"] == 1
    pages = (out / "report.html").read_text("utf-8")
    assert "No trial is on record (N-7)." in pages
    timelines = [row for row in results["timelines"] if row["request"] == "cases.prior-auth.pended"]
    assert [row["clocks"][0]["state"] for row in timelines] == ["late", "late"]


def test_a_decision_is_found_by_its_notification(tmp_path: Path) -> None:
    ledger, out = tmp_path / "ledger.sqlite3", tmp_path / "out"
    with serve(directory=tmp_path / "payer") as payer:
        known = seed.load(payer.clock.today())
        why = {"code": "0T", "text": "No trial is on record (N-7)."}
        services = {
            **known.services,
            "22551": {**known.services["22551"], "then": "denied", "settles": "PT2M", "reason": why},
            **{code: {**known.services[code], "decision": "approved"} for code in ASKING},
        }
        bent = app.build(replace(known, services=services), payer.clock, payer.policies, ())
        payer.mount(bent)
        words, target = [sys.executable, "-m", "conformance.cli"], str(payer.target_file)
        env = {**os.environ, PLACE: str(ledger)}
        asked = ("--requirement", "prior-auth.denial-reason", "--out", str(out))
        subprocess.run([*words, "run", target, *asked], env=env, capture_output=True, check=False)
        assert "No trial is on record" not in (out / "report.html").read_text("utf-8")

        following = subprocess.Popen(
            [*words, "follow-up", target, "--callback-url", f"http://127.0.0.1:{free_port()}/hooks", "--wait", "PT1M"],
            env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        kept = bent.state.payer.overlay.subscriptions
        wait_for(lambda: [one["resource"]["status"] for one in [*kept.values()]] == ["active"] * 2)
        payer.clock.move(130)
        subscriptions.announce_due(bent.state.payer)
        told = following.communicate(timeout=60)[0]

    assert "2 requests were open, 2 notifications came: 2 are answered." in told
    assert "Nothing is open any more." in told
    assert not kept, "what was subscribed to is deleted"
    assert "No trial is on record (N-7)." in (out / "report.html").read_text("utf-8")
    shown = [json.loads(each.read_text("utf-8")) for each in (out / "allure-results").glob("*-result.json")]
    later = [each for each in shown if {"name": "tag", "value": "follow-up"} in each["labels"]]
    assert {each["parameters"][0]["value"] for each in later} == {"'pas=2.0.1'", "'pas=2.2.1'"}
    assert {each["status"] for each in later} == {"passed"}
    lines = [json.loads(line) for line in (out / "exchanges.jsonl").read_text("utf-8").splitlines()]
    heard = [line for line in lines if line["operation"] == "prior-auth.notification"]
    assert [line["claim"] for line in heard] == ["pas=2.2.1"], (
        "of 2.0.1 the inquiry tells, a notification has ids alone"
    )
    assert "No trial is on record (N-7)." in str(heard[0]["request_body"])
    assert "Ashgrove" not in json.dumps(lines)
    assert following.returncode == json.loads((out / "results.json").read_text("utf-8"))["exit_code"], told


def a_run(target: str, ledger: Path, out: Path) -> subprocess.Popen[bytes]:
    """The one process of a run, without the launcher that waits for it."""
    asked = ["prior-auth.decision-time-standard", "prior-auth.denial-reason"]
    job = Job(target, out, {"requirement": asked}, allure=False, ledger=ledger)
    options = out.with_name("options.json")
    options.write_text(json.dumps({**job.options, "ledger": str(ledger), "named": target}), "utf-8")
    out.mkdir()
    return subprocess.Popen(
        command(job, options), env=environment(job), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def verdicts(out: Path) -> dict[str, str]:
    """The decision-time verdicts that are not passed."""
    rows = json.loads((out / "results.json").read_text("utf-8"))["requirements"]
    return {row["id"]: row["verdict"] for row in rows if row["verdict"] in ("fail", "error", "advisory")}


def wait_for(seen, seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not seen():
        assert time.monotonic() < end
        time.sleep(0.02)

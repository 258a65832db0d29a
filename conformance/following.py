"""conformance follow-up: what a target's pended requests came to, told on the console and in the runs' own pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click

from conformance import clock
from conformance.errors import UsageError
from conformance.flows.recording import Options
from conformance.flows.subscriptions import LASTS
from conformance.follow_up.again import rules
from conformance.follow_up.ledger import BusyError, Ledger
from conformance.follow_up.listening import listen
from conformance.follow_up.round import Round, Told, is_record_of
from conformance.judge import EXIT_FAILED, EXIT_INCONCLUSIVE, EXIT_OK
from conformance.opening import catalogue_of, guides, open_target, scenario_folders
from conformance.run import Run, Selection
from conformance.target import Callback
from conformance.target.facts import duration


@dataclass(frozen=True)
class Listening:
    """Where notifications are to come, and for how many seconds they are waited for."""

    url: str
    seconds: float


def listening(callback_url: str | None, wait: str) -> Listening | None:
    """What --callback-url and --wait ask for; UsageError for what is no duration, or longer than a subscription."""
    try:
        waited = duration(wait)
    except ValueError:
        raise UsageError(f"--wait takes an ISO 8601 duration such as PT6H; got {wait!r}") from None
    if not timedelta(0) < waited <= LASTS:
        raise UsageError(f"--wait {wait}: a subscription lasts for a day; cron may start another follow-up then")
    if callback_url is None:
        return None
    if not callback_url.startswith(("https://", "http://")):
        raise UsageError(f"--callback-url takes a URL that the payer can post to; got {callback_url!r}")
    return Listening(callback_url, waited.total_seconds())


def follow(named: str, ledger: Path, poll: str | None, heard: Listening | None = None) -> int:
    """One follow-up of a target: the exit code of the worst of its runs."""
    every = _every(poll)
    tables, today = guides(), clock.now().date()
    target = open_target(named, {}, tables, today=today)
    if target.file is None:
        raise UsageError("follow-up takes a target file: what waits is known by its names")
    book, key = Ledger(ledger), str(Path(named).resolve())
    run = Run(catalogue_of(scenario_folders()), tables, Selection(), Options(), target)
    try:
        with book.alone(key):
            told = _followed(Round(run, book, key), every, heard, lambda told: _rewritten(told, book, key))
            code = _rewritten(told, book, key)
    except BusyError as busy:
        click.echo(f"conformance: {busy}; nothing was done", err=True)
        return EXIT_INCONCLUSIVE
    return _tell(told, run, code, asked=every is not None)


def _followed(
    following: Round, every: timedelta | None, heard: Listening | None, rewrite: Callable[[Told], object]
) -> Told:
    """Asks once about what is due, where that is wanted; then waits for notifications, where these are."""
    if every:
        following.poll(every)
    else:
        for _ in following.counted():
            pass
    if heard is None:
        return following.told
    told = following.run.target.callback
    fixed = told is not None and not told.listen.endswith(":0")
    callback = Callback(told.listen if told and fixed else _listening_at(heard.url), heard.url)
    return listen(following, callback, heard.seconds, lambda: rewrite(following.told))


def _listening_at(url: str) -> str:
    """Where to listen for what is posted straight to a URL, with no proxy in front."""
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        raise UsageError("--callback-url: TLS is for a proxy in front; say where it hands on to, in [callback] listen")
    return f"{parts.hostname}:{parts.port or 80}"


def _every(poll: str | None) -> timedelta | None:
    if poll is None:
        return None
    try:
        every = duration(poll)
    except ValueError:
        raise UsageError(f"--poll takes an ISO 8601 duration such as PT6H or P1D; got {poll!r}") from None
    if every < rules().least:
        least = int(rules().least.total_seconds() // 60)
        raise UsageError(f"--poll {poll}: a payer is asked every {least} minutes at most")
    return every


def _rewritten(told: Told, book: Ledger, key: str) -> int | None:
    """Writes the pages of every run that something is known of anew: the worst exit code; None without any page."""
    from conformance.report.record import write_reports

    judged = book.judged(key)
    codes: list[int] = []
    for report, run in {**told.reports, **{each.report: each.run for each in judged}}.items():
        if is_record_of(Path(report), run):
            results = write_reports(Path(report))
            codes.append(results["exit_code"])
            if report in {each.report for each in judged}:
                _tell_allure(Path(report), results)
    for entry in judged:
        book.put(replace(entry, state="over"))
    return next((code for code in (EXIT_FAILED, EXIT_INCONCLUSIVE, EXIT_OK) if code in codes), None)


def _tell_allure(report: Path, results: Mapping[str, Any]) -> None:
    """Adds to Allure's results what was judged since, and builds its pages again where they were built before."""
    from conformance.report.allure_followed import add_results
    from conformance.report.allure_pages import build
    from conformance.report.record import judged_since

    if add_results(report / "allure-results", results, judged_since(report), clock.now()):
        build(report, required=False)


def _tell(told: Told, run: Run, code: int | None, *, asked: bool) -> int:
    """Prints what came of it."""
    open_ = told.waiting - told.decided - told.ended
    if asked:
        click.echo(f"{told.asked} of {told.waiting} open requests were asked about; {told.decided} are answered now.")
    elif told.notified:
        click.echo(
            f"{told.waiting} requests were open, {told.notified} notifications came: {told.decided} are answered."
        )
    failed = False
    for entry, verdict in told.verdicts:
        if verdict.verdict in ("fail", "error", "advisory"):
            click.echo(f"{verdict.verdict:<8} {verdict.requirement}  {entry.label} {entry.name}")
            click.echo(f"         {_one_line(run, verdict.message)}")
        failed |= verdict.verdict == "fail" and _decides(run, verdict.requirement)
    for why, times in told.troubles.items():
        click.echo(f"{times} x {_one_line(run, why)}")
    click.echo(f"{open_} still open." if open_ else "Nothing is open any more.")
    for report in told.reports:
        click.echo(f"Report: {Path(report) / 'report.html'}")
    if failed:
        return EXIT_FAILED
    return EXIT_OK if code is None else code


def _decides(run: Run, requirement: str) -> bool:
    stands = run.standing(run.catalogue.requirements[requirement])
    return stands.state == "in-force" and stands.level == "shall"


def _one_line(run: Run, text: str) -> str:
    for subject in run.subjects.values():
        text = subject.journal.redactor.text(text)
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())[:300]

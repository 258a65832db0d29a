"""The commands' work: a run, a demonstration, the doctor, the pages again, the model payer by itself."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from conformance import clock
from conformance.errors import UsageError
from conformance.judge import EXIT_INCONCLUSIVE
from conformance.launch import Done, Job, baseline_of, launch, prepare, pytest_trouble

MARKS = {"pass": "green", "fail": "red", "error": "magenta", "not-tested": "yellow", "advisory": "cyan"}


def examine(
    target: str, out: Path, given: Mapping[str, Any], clock_offset: float | None = None, ledger: Path | None = None
) -> int:
    """One run: its exit code; what it found is told and written to ``out``, what is pended noted in ``ledger``."""
    baseline_of(given.get("baseline"))
    job = Job(target=target, out=out, options=given, clock_offset=clock_offset, ledger=ledger)
    try:
        with progress_line() as progress:
            done = launch(job, progress)
        return tell(done, out)
    except KeyboardInterrupt:  # not while the scenarios ran: the launcher passes that on to them
        click.echo(f"conformance: interrupted; write the pages from what is known: conformance report {out}", err=True)
        return EXIT_INCONCLUSIVE


def demonstrate(faults: Sequence[str], variants: Sequence[str], out: Path, given: Mapping[str, Any]) -> int:
    """The model payer, bent as asked, and every suite against it."""
    from conformance.sandbox.serve import serve

    _known(faults, variants)
    with tempfile.TemporaryDirectory(prefix="conformance-sandbox-") as folder:
        running = serve(
            faults=tuple(faults), variants=tuple(variants), directory=Path(folder), clock_offset=clock.offset()
        )
        with running as payer:
            click.echo(f"The model payer listens at {payer.base_url}")
            return examine(str(payer.target_file), out, {**given, "intrusive": True}, clock.offset())


def serve_sandbox(
    port: int, faults: Sequence[str], variants: Sequence[str], directory: Path, *, as_json: bool, tls: bool
) -> int:
    """Serves the model payer until interrupted."""
    from conformance.sandbox.serve import serve

    _known(faults, variants)
    if port and not _free(port):
        raise UsageError(f"--port {port}: something else listens there")
    directory = directory.resolve()  # the target file names its keys from anywhere
    directory.mkdir(parents=True, exist_ok=True)
    with serve(
        faults=tuple(faults),
        variants=tuple(variants),
        port=port,
        directory=directory,
        tls=tls,
        clock_offset=clock.offset(),
    ) as payer:
        shown = {"base_url": payer.base_url, "bases": dict(payer.bases), "token_url": payer.token_url,
                 "ca_file": str(payer.ca_file or ""), "target": str(payer.target_file)}  # fmt: skip
        if as_json:
            click.echo(json.dumps(shown))
        else:
            for name, url in payer.bases.items():
                click.echo(f"{name:<12} {url}")
            click.echo(f"{'target file':<12} {payer.target_file}")
            click.echo(f"Examine it:  conformance run {payer.target_file} --intrusive      (stop here with Ctrl-C)")
        sys.stdout.flush()
        try:
            while True:
                clock.sleep(3600)
        except KeyboardInterrupt:
            return 0


def _free(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def list_bends(*, as_json: bool) -> int:
    """Prints the faults and variants of the model payer."""
    from conformance.sandbox.faults import faults, variants

    if as_json:
        shown = {
            "faults": [
                {
                    "name": each.name,
                    "text": each.text,
                    "breaks": each.breaks,
                    "versions": each.versions,
                    "payer": each.payer,
                }
                for each in faults().values()
            ],
            "variants": [
                {"name": each.name, "text": each.text, "advises": each.advises, "payer": each.payer}
                for each in variants().values()
            ],
        }
        click.echo(json.dumps(shown, indent=1))
        return 0
    click.echo("Faults (each breaks the requirements named):")
    for fault in faults().values():
        click.echo(f"  {fault.name:<42} {', '.join(fault.breaks)}{f' ({fault.payer})' if fault.payer else ''}")
    click.echo("Variants (lawful; nothing may fail):")
    for variant in variants().values():
        click.echo(f"  {variant.name:<42} {variant.text}")
    return 0


def diagnose(target: str, given: Mapping[str, Any]) -> int:
    """The doctor's checks: 0 where all is well, 3 where something stands in the way of a verdict."""
    from conformance.doctor import examine as examine_target
    from conformance.doctor import render
    from conformance.opening import guides, open_target

    checks = examine_target(open_target(target, given, guides(), today=clock.now().date()))
    click.echo(render(checks))
    return 0 if all(check.ok for check in checks) else 3


def rewrite(directories: Sequence[Path], out: Path | None, *, allure: bool, baseline: str | None) -> int:
    """The pages again from the record, or of several records in ``out``; the exit code is the run's, or theirs."""
    from conformance.report.joined import join
    from conformance.report.record import write_reports

    directory = directories[0]
    if len(directories) > 1:
        if out is None or out.resolve() in {each.resolve() for each in directories}:
            raise UsageError("a report of several records needs a folder of its own: --out")
        prepare(out)
        join(directories, directory := out)
    elif out is not None:
        raise UsageError("--out is for a report of several records")
    results = write_reports(directory, baseline=baseline_of(baseline))
    if allure:
        _allure(directory, required=True)
    click.echo(f"{directory / 'report.html'}")
    code: int = results["exit_code"]
    return code


def tell(done: Done, out: Path) -> int:
    """Prints the end of a run: what failed, the two headlines, where the report lies."""
    from conformance.report.steps import exposed

    if done.results is None:
        click.echo(f"conformance: {pytest_trouble(done.trouble)}", err=True)
        return done.exit_code
    results = done.results
    _allure(out, required=False)
    failed = [row for row in results["requirements"] if row["verdict"] in ("fail", "error") and _decides(row)]
    for row in sorted(failed, key=exposed, reverse=True):
        click.echo(click.style(f"{row['verdict']:<5}", fg=MARKS[row["verdict"]]) + f" {row['id']}  {row['text']}")
        if exposed(row):
            click.echo(click.style("      members' data are open to others", fg=MARKS["fail"]))
        for scenario in row["scenarios"]:
            if scenario["verdict"] == row["verdict"]:
                for line in (scenario["message"] or "").splitlines()[:3]:
                    click.echo(f"      {scenario['id']}: {printable(line)}")
    for row in results["requirements"]:
        if row["verdict"] == "advisory" and _decides(row):
            click.echo(click.style("advice", fg=MARKS["advisory"]) + f" {row['id']}  {row['text']}")
    for line in gaps(results):
        click.echo(line)
    if not results["complete"]:
        click.echo("The run was cut short; what it knew is in the report.")
    if waiting := results.get("waiting"):
        told = "The end of a request, an export or a change is" if waiting == 1 else f"The end of {waiting} things is"
        click.echo(f"{told} still to come; to hear of it: conformance follow-up TARGET --poll")
    click.echo(results["headline"]["law"])
    click.echo(results["headline"]["guides"])
    click.echo(results["headline"]["disclaimer"])
    click.echo(f"Report: {out / 'report.html'}")
    return done.exit_code


def gaps(results: Mapping[str, Any]) -> Iterator[str]:
    """Why a run ends with 3 though nothing failed: what could not be judged, excuses without need, nothing at all."""
    rows = results["requirements"]
    for row in rows:
        if row["acknowledged_in_vain"]:
            told = f"is acknowledged or attested in the target file, but was judged: {row['verdict']}; remove the entry"
            yield click.style("error", fg=MARKS["error"]) + f" {row['id']}  {told}"
        elif results["complete"] and row["verdict"] == "not-tested" and row["level"] == "shall" and _decides(row):
            open_ = [each for each in row["scenarios"] if each["verdict"] == "not-tested" and not each["because"]]
            if open_:
                yield click.style("not tested", fg=MARKS["not-tested"]) + f" {row['id']}  {row['text']}"
                told = "; ".join(
                    dict.fromkeys(" -> ".join(filter(None, (each["message"], each["change"]))) for each in open_)
                )
                yield f"      {printable(told)}"
    if results["complete"] and not any(row["scenarios"] for row in rows):
        yield "Nothing was examined: no scenario is both of the suites and of the requirements that were chosen."


def printable(text: str) -> str:
    """A payer's text on our console: control characters are shown, never obeyed."""
    return "".join(each if each.isprintable() else f"\\x{ord(each):02x}" for each in text)


def _decides(row: Mapping[str, Any]) -> bool:
    return bool(row["standing"] == "in-force")


def _known(faults: Sequence[str], variants: Sequence[str]) -> None:
    from difflib import get_close_matches

    from conformance.sandbox import faults as bends

    for option, given, all_ in (("--fault", faults, bends.faults()), ("--variant", variants, bends.variants())):
        for name in given:
            if name not in all_:
                near = get_close_matches(name, all_, 1)
                hint = f"; did you mean {near[0]}?" if near else ""
                raise UsageError(f"{option} {name}: the model payer has no such one{hint} (conformance sandbox --list)")


def _allure(out: Path, *, required: bool) -> None:
    from conformance.report.allure_pages import build

    if page := build(out, required=required):
        click.echo(f"Allure: {page}")


@contextmanager
def progress_line() -> Iterator[Any]:
    """A line that counts along in a terminal; elsewhere nothing but the end is printed."""
    counts: dict[str, int] = {}
    planned = 0
    live = sys.stderr.isatty()

    def follow(line: dict[str, Any]) -> None:
        nonlocal planned
        if line["kind"] == "header":
            planned = sum(len(row["planned"]) for row in line["requirements"])
        elif line["kind"] == "verdict":
            counts[line["verdict"]] = counts.get(line["verdict"], 0) + 1
            if live:
                told = ", ".join(f"{number} {verdict}" for verdict, number in counts.items())
                click.echo(f"\r\x1b[K{sum(counts.values())}/{planned} {told}", nl=False, err=True)

    yield follow
    if live and counts:
        click.echo("\r\x1b[K", nl=False, err=True)

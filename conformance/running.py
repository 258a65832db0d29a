"""The commands' work: a run, a demonstration, the doctor, the pages again, the model payer by itself."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from conformance import clock
from conformance.console import allure_pages, progress_line, tell
from conformance.errors import UsageError
from conformance.judge import EXIT_INCONCLUSIVE
from conformance.launch import Job, baseline_of, launch, prepare


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
        allure_pages(directory, required=True)
    click.echo(f"{directory / 'report.html'}")
    code: int = results["exit_code"]
    return code


def _known(faults: Sequence[str], variants: Sequence[str]) -> None:
    from difflib import get_close_matches

    from conformance.sandbox import faults as bends

    for option, given, all_ in (("--fault", faults, bends.faults()), ("--variant", variants, bends.variants())):
        for name in given:
            if name not in all_:
                near = get_close_matches(name, all_, 1)
                hint = f"; did you mean {near[0]}?" if near else ""
                raise UsageError(f"{option} {name}: the model payer has no such one{hint} (conformance sandbox --list)")

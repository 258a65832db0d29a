"""The command ``conformance``; everything heavy is imported inside the command that needs it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])
PAYER_TYPES = ("ma", "medicaid-ffs", "medicaid-mco", "chip-ffs", "chip-mco", "qhp-ffe", "qhp-shop")
OUT = Path("conformance-report")


class _Group(click.Group):
    """Turns a UsageError of any command into one line and exit code 2."""

    def invoke(self, ctx: click.Context) -> Any:
        from conformance.errors import UsageError

        try:
            return super().invoke(ctx)
        except UsageError as wrong:
            click.echo(f"conformance: {wrong}", err=True)
            ctx.exit(2)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="payer-conformance", prog_name="conformance")
def main() -> None:
    """Shows whether a payer's FHIR APIs keep the federal prior-authorization and interoperability rules.

    Exit codes: 0 nothing in force failed; 1 an in-force requirement failed; 2 the command or the target file is
    wrong; 3 something in force could not be judged, or nothing passed.
    """


def selection(command: F) -> F:
    """The options that choose what is examined."""
    for option in reversed(
        [
            click.option("--suite", multiple=True, metavar="NAME", help="Only this suite (discovery, prior_auth, …)."),
            click.option("--requirement", multiple=True, metavar="ID", help="Only this requirement."),
            click.option("--guide", multiple=True, metavar="NAME=VERSION", help="Only this version of a guide."),
            click.option("--as-of", metavar="DATE", help="Judge by the law in force on this day."),
            click.option(
                "--include",
                multiple=True,
                type=click.Choice(["proposed", "advocacy"]),
                help="Show these too; they never decide.",
            ),
            click.option(
                "--payer-type", type=click.Choice(PAYER_TYPES), help="For a TARGET that is a URL or a folder."
            ),
            click.option(
                "--scenarios", multiple=True, metavar="DIR", help="Scenarios of your own, with DIR/requirements/*.toml."
            ),
            click.option("--intrusive", is_flag=True, help="Also send malformed and forged requests (test only)."),
        ]
    ):
        command = option(command)
    return command


def gate(command: F) -> F:
    """The options that decide the exit code."""
    for option in reversed(
        [
            click.option("--strict", is_flag=True, help="An unmet should is a failure."),
            click.option("--gate", type=click.Choice(["rules"]), help="rules: only the law decides the exit code."),
            click.option("--baseline", metavar="FILE", help="An earlier results.json: only what is new decides."),
            click.option(
                "--out", type=click.Path(path_type=Path, file_okay=False), default=OUT, show_default=True,
                help="Where the record and the report are written.",
            ),
        ]
    ):  # fmt: skip
        command = option(command)
    return command


@main.command()
@click.argument("target")
@selection
@gate
@click.option("--samples", type=click.IntRange(1, 1000), default=1, show_default=True, help="Times each case is sent.")
@click.option("--ledger", type=click.Path(path_type=Path, dir_okay=False), help="Where pended requests are noted.")
def run(target: str, out: Path, ledger: Path | None, **options: Any) -> None:
    """Examine the payer that TARGET describes: a target.toml, a base URL, or a folder of resources."""
    from conformance.follow_up.ledger import usual_place
    from conformance.running import examine

    noted = (ledger or usual_place()) if Path(target).is_file() else None
    sys.exit(examine(target, out, _given(options), ledger=noted))


@main.command("follow-up")
@click.argument("target")
@click.option(
    "--poll",
    is_flag=False,
    flag_value="P1D",
    metavar="[EVERY]",
    help="Inquire about what was not asked about for so long (P1D without a value; PT15M at least).",
)
@click.option("--ledger", type=click.Path(path_type=Path, dir_okay=False), help="Where pended requests are noted.")
@click.option("--callback-url", metavar="URL", help="Wait for notifications, which the payer posts to this address.")
@click.option("--wait", default="P1D", show_default=True, metavar="DURATION", help="How long to wait for them.")
def follow_up(target: str, poll: str | None, ledger: Path | None, callback_url: str | None, wait: str) -> None:
    """Follow the requests that runs against TARGET left pended, and judge again what waited for their decision.

    The pages of those runs are written anew. Without --poll and --callback-url nothing is sent, and what waits is
    counted. Meant for cron: a round may be killed at any time, and two never work at once.
    """
    from conformance.follow_up.ledger import usual_place
    from conformance.following import follow, listening

    sys.exit(follow(target, ledger or usual_place(), poll, listening(callback_url, wait)))


@main.command()
@click.option("--fault", multiple=True, metavar="NAME", help="Bend the model payer (see: conformance sandbox --list).")
@click.option("--variant", multiple=True, metavar="NAME", help="A lawful difference that must break nothing.")
@selection
@gate
def demo(fault: tuple[str, ...], variant: tuple[str, ...], out: Path, **options: Any) -> None:
    """Start the model payer, run every suite against it, write the report and say where it lies."""
    from conformance.running import demonstrate

    sys.exit(demonstrate(fault, variant, out, _given(options)))


@main.command()
@click.argument("target", required=False)
@selection
@click.option("--json", "as_json", is_flag=True, help="The plan as JSON.")
def plan(target: str | None, as_json: bool, **options: Any) -> None:
    """Say what a run would do: requirement, citation, level, scenario, versions, reads or writes. Nothing is sent.

    The exchanges shown are those seen when the same plan runs against the model payer.
    """
    from conformance.plan import show_plan

    sys.exit(show_plan(target, _given(options), as_json=as_json))


@main.command()
@click.argument("url")
@click.option("--payer-type", type=click.Choice(PAYER_TYPES), help="Written into the file.")
@click.option("--ca-file", metavar="FILE", help="Authorities to trust beside the public ones.")
def init(url: str, payer_type: str | None, ca_file: str | None) -> None:
    """Print a commented target.toml for the endpoint at URL, filled in with what it says of itself."""
    from conformance.init import plan_target

    click.echo(plan_target(url, payer_type=payer_type, ca_file=ca_file or ""), nl=False)


@main.command()
@click.argument("target")
@click.option("--payer-type", type=click.Choice(PAYER_TYPES), help="For a TARGET that is a URL.")
@click.option("--guide", multiple=True, metavar="NAME=VERSION", help="Only this version of a guide.")
def doctor(target: str, payer_type: str | None, guide: tuple[str, ...]) -> None:
    """Check reachability, TLS, discovery, credentials, members and clock before any verdict. Nothing is written."""
    from conformance.running import diagnose

    sys.exit(diagnose(target, {"payer_type": payer_type, "guide": list(guide)}))


@main.command()
@click.argument("target")
@click.option("--auth", metavar="NAME", help='Which [auth.NAME] of type = "smart-launch"; the only one without it.')
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=Path("member.token"), show_default=True,
              help="Where the token is written, for its owner alone.")  # fmt: skip
@click.option("--wait", type=click.IntRange(1), default=300, show_default=True, help="Seconds to wait for the browser.")
def login(target: str, auth: str | None, out: Path, wait: int) -> None:
    """Ask a member for consent in a browser (SMART standalone launch with PKCE), and keep the token in a file."""
    from conformance.login import log_in

    sys.exit(log_in(target, auth, out, wait))


@main.command()
@click.argument("directory", type=click.Path(path_type=Path, exists=True, file_okay=False), nargs=-1, required=True)
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Where the report of several is written.")
@click.option("--allure", is_flag=True, help="Build the Allure pages too (needs the pinned allure: make allure).")
@click.option("--baseline", metavar="FILE", help="An earlier results.json to compare with.")
def report(directory: tuple[Path, ...], out: Path | None, allure: bool, baseline: str | None) -> None:
    """Write the pages again from the record in DIRECTORY, also after a run that was cut short.

    Of several, such as a run and an audit of the same payer, one report is made in --out.
    """
    from conformance.running import rewrite

    sys.exit(rewrite(directory, out, allure=allure, baseline=baseline))


@main.command()
@click.argument("records", nargs=-1)
@click.option("--target", metavar="FILE", help="The target.toml of the payer whose records these are.")
@click.option("--map", metavar="FILE|NAME", help="How a log says what a decision is (see --init); odag is ready.")
@click.option("--init", "init_file", metavar="FILE", help="Write a first mapping for a log to FILE, and stop.")
@click.option("--payer-type", type=click.Choice(PAYER_TYPES), help="For records without a target file.")
@click.option("--timezone", multiple=True, metavar="ZONE", help="Where the payer works, such as America/New_York.")
@click.option("--extracted", metavar="DATE", help="The day the records were drawn: what is open then is judged.")
@click.option("--published", metavar="FILE|URL", help="Check these published figures too (JSON, CSV, HTML tables).")
@click.option("--publish", metavar="DIR", help="Write the payer's own figures there, as HTML and JSON.")
@click.option("--list-url", metavar="URL", help="Where the list of what requires prior authorization is posted.")
@click.option("--drug-list-url", metavar="URL", help="Where the list of drugs that require it is posted.")
@click.option("--usage", metavar="FILE", help="Count members in this log of transfers to apps (for CMS, by March 31).")
@click.option("--year", type=click.IntRange(2020, 2100), help="Of which year the figures are.")
@click.option(
    "--engine", default="duckdb", show_default=True, metavar="NAME", help="duckdb, spark, or spark://host:port."
)
@click.option("--identify", is_flag=True, help="Tell authorizations' numbers, and odd words as they are written.")
@click.option("--seed", type=int, default=1, show_default=True, help="Of the sample for review by hand.")
@click.option("--requirement", multiple=True, metavar="ID", help="Only this requirement.")
@click.option("--as-of", metavar="DATE", help="Judge by the law in force on this day.")
@click.option(
    "--include", multiple=True, type=click.Choice(["proposed", "advocacy"]), help="Show these too; they never decide."
)
@gate
def audit(records: tuple[str, ...], init_file: str | None, out: Path, **options: Any) -> None:
    """Audit a year of decisions: RECORDS are files or folders of NDJSON (FHIR), CSV or Parquet, also gzipped.

    Says how many were decided late, which denials gave no specific reason, and whether published figures are true.
    """
    if init_file:
        from conformance.audit.command import propose

        propose(records, Path(init_file))
        click.echo(f"{init_file}: check every line, then: conformance audit RECORDS --map {init_file}")
        return
    from conformance.auditing import audit_records

    sys.exit(audit_records(records, out, _given(options)))


@main.group()
def generate() -> None:
    """Make up data to try the harness with."""


@generate.command()
@click.option("--count", type=click.IntRange(1), required=True, help="How many decisions.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed makes the same records.")
@click.option("--form", multiple=True, metavar="NAME", help="pas, pdex, csv or parquet; all without it.")
@click.option("--case", multiple=True, metavar="NAME", help="Only lawful decisions, and these cases.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Where they are written.")
def records(count: int, seed: int, form: tuple[str, ...], case: tuple[str, ...], out: Path) -> None:
    """Write a model payer's decisions of a year, and what is known of them (truth.json)."""
    from conformance.sandbox.records import generate as write

    write(out, count, seed, form, case)
    click.echo(f"{out}: conformance audit {out}/{(form or ('pas',))[0]} --map {out}/audit.toml")


@main.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The port to listen on; a free one without it.")
@click.option("--fault", multiple=True, metavar="NAME", help="Bend it.")
@click.option("--variant", multiple=True, metavar="NAME", help="Make it lawfully different.")
@click.option("--list", "listing", is_flag=True, help="List the faults and variants, with what each breaks.")
@click.option("--json", "as_json", is_flag=True, help="Say it as JSON.")
@click.option("--http", is_flag=True, help="Plain http instead of https with a CA of its own.")
@click.option(
    "--directory", type=click.Path(path_type=Path, file_okay=False), default=Path("conformance-sandbox"),
    show_default=True, help="Where its CA, the client's key and target.toml are written.",
)  # fmt: skip
def sandbox(
    port: int,
    fault: tuple[str, ...],
    variant: tuple[str, ...],
    listing: bool,
    as_json: bool,
    http: bool,
    directory: Path,
) -> None:
    """Serve the model payer until interrupted; print its base URLs and write a target.toml for it."""
    from conformance.running import list_bends, serve_sandbox

    if listing:
        sys.exit(list_bends(as_json=as_json))
    sys.exit(serve_sandbox(port, fault, variant, directory, as_json=as_json, tls=not http))


@main.command()
@click.option("--suite", multiple=True, metavar="NAME", help="Only faults of this suite's requirements.")
@click.option("--fault", multiple=True, metavar="NAME", help="Only this fault or variant.")
@click.option("--guide", multiple=True, metavar="NAME=VERSION", help="Only this version of a guide.")
@click.option("--json", "as_json", is_flag=True, help="The whole matrix as JSON.")
def prove(suite: tuple[str, ...], fault: tuple[str, ...], guide: tuple[str, ...], as_json: bool) -> None:
    """The kill matrix: every fault must fail the requirements it breaks and no other; every variant must pass."""
    from conformance.prove import prove_all

    sys.exit(prove_all(suites=suite, faults=fault, guides=guide, as_json=as_json))


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """The options as the plugin reads them: lists for tuples, dates checked."""
    from datetime import date

    from conformance.errors import UsageError

    given: dict[str, Any] = {key: list(value) if isinstance(value, tuple) else value for key, value in options.items()}
    if as_of := given.get("as_of"):
        try:
            date.fromisoformat(as_of)
        except ValueError as wrong:
            raise UsageError(f"--as-of takes a date such as 2027-01-01; got {as_of!r}") from wrong
    for folder in given.get("scenarios") or ():
        if not Path(folder).is_dir():
            raise UsageError(f"--scenarios {folder}: no such folder")
    if given.get("scenarios"):
        given["scenarios"] = [str(Path(folder).resolve()) for folder in given["scenarios"]]
    return given


if __name__ == "__main__":
    main()

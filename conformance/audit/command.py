"""``conformance audit``: from the files that are named to the report that lies in a folder."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

from conformance import clock
from conformance.audit import decisions, evidence, figures, judging, mapping, reading, said, sheets, sources, table
from conformance.audit.engine import Engine
from conformance.audit.engines import opened
from conformance.audit.payer import Payer, facts_of, payer
from conformance.audit.publishing import publish
from conformance.audit.records import Records
from conformance.audit.usage import usage
from conformance.errors import UsageError
from conformance.flows.recording import Options
from conformance.opening import catalogue_of, guides, open_target, scenario_folders
from conformance.run import Run, Selection
from conformance.target import Target

REASONS = "prior-auth.denial-reason-any-channel"


def audit(
    named: Sequence[str], out: Path, given: Mapping[str, Any], baseline: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The results of an audit, also written to ``out`` with the pages; UsageError where nothing can be read."""
    from conformance.report.allure_records import write_results
    from conformance.report.record import write_reports

    mapped = mapping.load(Path(given["map"])) if given.get("map") else mapping.Mapped()
    whose = payer(_target(mapped, given), given.get("extracted") or mapped.facts.get("extracted"))
    found = sources.find(named) if named else sources.Found(())
    lists = {"items": given.get("list_url"), "drugs": given.get("drug_list_url")}
    published = figures.fetch(given["published"], lists) if given.get("published") else None
    if not named and published is None:
        raise UsageError("name records to audit, or published figures to check (--published)")
    run = _run(whose, given)
    wanted = judging.chosen(run, published is not None, bool(named))
    engine_named = given.get("engine") or "duckdb"
    with (
        tempfile.TemporaryDirectory() as folder,
        # Before the engine, which takes a second to load: reading is most of the work. Spark reads for itself.
        reading.begun(found.of("ndjson") if engine_named == "duckdb" else (), Path(folder)) as lines,
        opened(engine_named) as engine,
        ThreadPoolExecutor(1) as aside,
    ):
        if named:
            read = said.read(engine, found, mapped, lines)
            understood = decisions.understand(engine, read, whose, mapped)
        else:
            read, understood = table.Said(None, ()), decisions.Understood(None)
        hashed = aside.submit(sources.hashes, found.sources)  # while the engine judges
        records = Records(engine, read, understood, whose, published, bool(given.get("identify")))
        records.as_of = run.as_of
        records.asked = frozenset(each.requirement for each in wanted)
        records.reasons_since = run.standing(run.catalogue.requirements[REASONS]).since
        used = _used(engine, whose, given)
        collected = partial(evidence.collect, records, found, hashed.result, mapped, given)
        told = judging.judge(run, wanted, records, out, lambda: collected() | used)
        if given.get("publish"):
            publish(records, Path(given["publish"]), given.get("year"), lists)
    results = write_reports(out, baseline)
    write_results(out / "allure-results", results)
    sheets.write_sheets(out, results, told)
    return results


def _used(engine: Engine, whose: Payer, given: Mapping[str, Any]) -> dict[str, Any]:
    """How much the API for members is used, where a log of it is named."""
    if not given.get("usage"):
        return {"usage": None}
    return {"usage": usage(engine, given["usage"], given.get("year"), whose.target.timezones)}


def _target(mapped: mapping.Mapped, given: Mapping[str, Any]) -> Target:
    """The payer: of --target, else of audit.toml; what the command says counts before both."""
    if given.get("target"):
        target = open_target(given["target"], {}, guides(), today=clock.now().date())
        target = replace(target, **facts_of(mapped.facts))
    else:
        target = Target(name=str(mapped.facts.get("name", "Decision records")), **facts_of(mapped.facts))
    if given.get("payer_type"):
        target = replace(target, payer_type=given["payer_type"])
    if given.get("timezone"):
        target = replace(target, timezones=tuple(given["timezone"]))
    if target.payer_type is None:
        raise UsageError(
            "whose records are they? Name the payer's type: --payer-type, payer_type in audit.toml, or --target"
        )
    for zone in target.timezones:
        if zone not in available_timezones():
            raise UsageError(f"{zone!r} is no time zone; expected one such as America/New_York")
    # Records are daily work: nothing of them is a rehearsal.
    return replace(target, environment="production", representative=True, apis={})


def _run(whose: Payer, given: Mapping[str, Any]) -> Run:
    as_of = given.get("as_of")
    return Run(
        catalogue=catalogue_of(scenario_folders()),
        guides=guides(),
        selection=Selection(
            suites=(judging.SUITE,),
            requirements=tuple(given.get("requirement") or ()),
            include=frozenset(given.get("include") or ()),
            as_of=date.fromisoformat(as_of) if as_of else None,
        ),
        options=Options(),
        target=whose.target,
        shown_options={key: value for key, value in given.items() if value},
    )


def propose(named: Sequence[str], file: Path) -> None:
    """Writes a first audit.toml for the first log among the records; UsageError where the file exists already."""
    if file.exists():
        raise UsageError(f"--init {file}: exists already")
    found = sources.find(named)
    log = next((each for each in found.sources if each.form in ("csv", "parquet")), None)
    if log is None:
        raise UsageError("--init reads the headings of a log (.csv, .parquet); FHIR needs no mapping")
    with opened("duckdb") as engine:
        headings = said.headings_of(said.opened(engine, [log]))
    file.write_text(mapping.proposal(log.path.name, headings), "utf-8")

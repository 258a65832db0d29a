"""The kill matrix: does every fault fail what it breaks, and nothing else; does every lawful variant pass?

One pytest process per core; each becomes one bent model payer after the other. A bend changes the answers of one
operation, so only the scenarios whose clean run used that operation are run against it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import click

from conformance import paths
from conformance.errors import UsageError
from conformance.follow_up.again import rules
from conformance.launch import Job, environment
from conformance.opening import catalogue_of, scenario_folders
from conformance.sandbox.faults import faults as all_faults
from conformance.sandbox.faults import variants as all_variants
from conformance.sandbox.frame import Fault, Variant

CLEAN = "clean"
PER_CORE = 2  # processes: each waits as long as it works, for jobs, notifications, slow answers
NOTHING_ASKED = 5  # how pytest ends that finds no test
HARM = frozenset({"fail", "advisory", "error", "not-tested"})


@dataclass(frozen=True)
class Said:
    """What one scenario said of one subject."""

    scenario: str
    requirement: str
    claim: str
    verdict: str
    because: str
    actor: str
    sent: tuple[str, ...]  # the operation of each exchange it looked at
    seconds: float
    message: str


@dataclass
class Matrix:
    """The whole proof, as ``--json`` prints it."""

    clean: dict[str, int] = field(default_factory=dict)
    clean_trouble: list[str] = field(default_factory=list)
    variants: list[dict[str, Any]] = field(default_factory=list)
    faults: list[dict[str, Any]] = field(default_factory=list)
    unproven: list[str] = field(default_factory=list)

    @property
    def proven(self) -> bool:
        """Whether nothing is left to mend."""
        return not (
            self.clean_trouble
            or self.unproven
            or any(each["flagged"] for each in self.variants)
            or any(not each["killed"] or each["collateral"] for each in self.faults)
        )


def prove_all(*, suites: Sequence[str], faults: Sequence[str], guides: Sequence[str], as_json: bool) -> int:
    """Runs the proof and prints it: 0 where everything is proven, 1 otherwise."""
    matrix = prove(suites=suites, names=faults, guides=guides)
    click.echo(json.dumps(matrix.__dict__, indent=1) if as_json else render(matrix))
    return 0 if matrix.proven else 1


def prove(*, suites: Sequence[str] = (), names: Sequence[str] = (), guides: Sequence[str] = ()) -> Matrix:
    """The kill matrix for some suites, faults or guide versions; for all of them by default."""
    chosen = _chosen(names)
    clean = {payer: run_clean(suites, guides, payer) for payer in dict.fromkeys(("", *(each.payer for each in chosen)))}
    asked = {payer: {each.requirement for each in said.values()} for payer, said in clean.items()}
    judged = set().union(*asked.values())
    chosen = [
        each
        for each in chosen
        if names or asked[each.payer] & (judged if isinstance(each, Variant) else set(each.breaks))
    ]
    bent = [_narrowed(each, clean[each.payer]) for each in chosen]
    said = _run(bent, suites, guides, workers=PER_CORE * (os.cpu_count() or 1))
    matrix = _matrix(chosen, clean, said)
    return matrix if names else replace(matrix, unproven=_unproven(matrix.faults, judged))


def run_clean(suites: Sequence[str] = (), guides: Sequence[str] = (), payer: str = "") -> dict[str, Said]:
    """What every scenario says of the clean model payer, by scenario id; of one of another payer type, what the law
    asks of that type."""
    said = _run([_subject(CLEAN, (), payer=payer)], suites, guides, workers=1)
    return {each.scenario: each for each in said[CLEAN]}


def render(matrix: Matrix) -> str:
    """The proof for a reader: one line per fault and variant, what is wrong first in each."""
    lines = [f"clean: {', '.join(f'{number} {verdict}' for verdict, number in matrix.clean.items())}"]
    lines += [f"  TROUBLE {each}" for each in matrix.clean_trouble]
    for each in matrix.variants:
        lines.append(f"{'FLAGGED ' if each['flagged'] else 'passes  '} {each['name']:<44} {', '.join(each['flagged'])}")
    for each in matrix.faults:
        state = "ALIVE   " if not each["killed"] else "COLLATERAL" if each["collateral"] else "killed  "
        lines.append(f"{state} {each['name']:<44} {', '.join(each['breaks'])}")
        lines += [f"           also: {other}" for other in each["collateral"]]
    lines += [f"unproven: {each}" for each in matrix.unproven]
    killed = sum(each["killed"] and not each["collateral"] for each in matrix.faults)
    flagged = sum(bool(each["flagged"]) for each in matrix.variants)
    lines.append(
        f"{killed} of {len(matrix.faults)} faults killed without collateral; {flagged} of {len(matrix.variants)} "
        f"variants flagged; {len(matrix.unproven)} requirements unproven"
    )
    return "\n".join(lines)


def _chosen(names: Sequence[str]) -> list[Fault | Variant]:
    known: dict[str, Fault | Variant] = {**all_variants(), **all_faults()}
    for name in names:
        if name not in known:
            raise UsageError(
                f"--fault {name}: the model payer has no such fault or variant (conformance sandbox --list)"
            )
    return [known[name] for name in names] or list(known.values())


def _subject(
    name: str, bends: Iterable[str], scenarios: Sequence[str] | None = None, payer: str = ""
) -> dict[str, Any]:
    return {"name": name, "bends": list(bends), "scenarios": scenarios, "payer": payer}


def _narrowed(change: Fault | Variant, clean: Mapping[str, Said]) -> dict[str, Any]:
    """The subject of a fault or variant; of a bend, with only the scenarios that use its operation, and of what shows
    later, with those that a follow-up judges again: all others wait with it."""
    if change.later:
        again = {name for names in rules().requirements.values() for name in names}
        touched = [each.scenario for each in clean.values() if each.requirement in again]
        later = {"later": change.later.total_seconds()}
        return {**_subject(change.name, [change.name], touched, change.payer), **later}
    if change.bend is None:
        return _subject(change.name, [change.name], payer=change.payer)
    touched = [each.scenario for each in clean.values() if change.bend.operation in each.sent]
    return _subject(change.name, [change.name], touched, change.payer)


def _run(
    subjects: Sequence[Mapping[str, Any]], suites: Sequence[str], guides: Sequence[str], workers: int
) -> dict[str, list[Said]]:
    """Runs the subjects over several pytest processes; what each said, by subject."""
    said: dict[str, dict[str, Said]] = {each["name"]: {} for each in subjects}
    shares = [share for share in (subjects[number::workers] for number in range(workers)) if share]
    with tempfile.TemporaryDirectory(prefix="conformance-proof-") as folder:
        started = [_start(Path(folder), number, share, suites, guides) for number, share in enumerate(shares)]
        for share, (process, verdicts, output) in zip(shares, started, strict=True):
            status = process.wait()
            if status == NOTHING_ASKED and all(each["payer"] for each in share):
                continue  # the law asks nothing of these payer types in these suites
            if status != 0:
                raise UsageError(f"the proof could not run (pytest exit {status})\n{output.read_text()[-3000:]}")
            for line in verdicts.read_text("utf-8").splitlines():
                row = json.loads(line)
                said[row["subject"]][row["id"]] = _said(row)  # what a follow-up says counts, not what the run did
    return {name: list(rows.values()) for name, rows in said.items()}


def _start(
    folder: Path, number: int, share: Sequence[Mapping[str, Any]], suites: Sequence[str], guides: Sequence[str]
) -> tuple[subprocess.Popen[bytes], Path, Path]:
    job, verdicts, output = (folder / f"{number}.{kind}" for kind in ("json", "verdicts", "txt"))
    told = {"subjects": list(share), "suites": list(suites), "guides": list(guides), "verdicts": str(verdicts)}
    job.write_text(json.dumps(told), "utf-8")
    root = paths.suites()
    words = [
        sys.executable, "-m", "pytest", "--config-file", str(root / "pytest.toml"), "--rootdir", str(root),
        "-p", "conformance.plugin", "-q", "--no-header", "--tb=short",
        # As in a run: nothing to capture or to collect.
        "--capture=no", "-p", "no:unraisableexception", "-p", "no:logging", "--conformance-prove", str(job),
        *map(str, paths.live_suites()),
    ]  # fmt: skip
    with output.open("wb") as stream:
        process = subprocess.Popen(  # noqa: S603
            words, env=environment(Job("", folder)), stdout=stream, stderr=subprocess.STDOUT
        )
    return process, verdicts, output


def _said(row: Mapping[str, Any]) -> Said:
    return Said(
        row["id"], row["requirement"], row["claim"], row["verdict"], row["because"], row["actor"],
        tuple(row["operations"]), row["seconds"], row["message"],
    )  # fmt: skip


def _matrix(
    chosen: Sequence[Fault | Variant],
    clean: Mapping[str, Mapping[str, Said]],
    said: Mapping[str, Sequence[Said]],
) -> Matrix:
    """``clean`` is what was said of the clean model payer, by payer type and scenario."""
    matrix = Matrix()
    for payer, each in ((payer, each) for payer, of_it in clean.items() for each in of_it.values()):
        matrix.clean[each.verdict] = matrix.clean.get(each.verdict, 0) + 1
        if each.verdict in HARM:
            where = f"{payer} {each.scenario}".strip()
            matrix.clean_trouble.append(f"{where}: {each.verdict}: {each.message}")
    for change in chosen:
        if isinstance(change, Variant):
            matrix.variants.append(_variant_row(change, said[change.name]))
        else:
            matrix.faults.append(_fault_row(change, said[change.name], clean[change.payer]))
    return matrix


def _variant_row(variant: Variant, said: Sequence[Said]) -> dict[str, Any]:
    """A variant flags what it makes fail, be unjudged, or be advised where no advice is announced."""
    harmed = [each for each in said if each.verdict in HARM]
    advised = {each.requirement for each in harmed if each.verdict == "advisory"}
    flagged = {each.requirement for each in harmed if each.verdict != "advisory"} | (advised - set(variant.advises))
    return {"name": variant.name, "flagged": sorted(flagged), "advised": sorted(advised)}


def _fault_row(fault: Fault, said: Sequence[Said], clean: Mapping[str, Said]) -> dict[str, Any]:
    here = [each for each in said if each.requirement in fault.breaks and _exists(fault, each.claim)]
    due = _due(fault, clean)
    dead = {each.scenario for each in here if each.verdict in ("fail", "advisory")}
    excused = _excused(fault, said)
    other = [
        each
        for each in said
        if each not in here
        and each.verdict in HARM
        and not (each.verdict == "not-tested" and (each.requirement in excused or fault.later))  # it waits too
        and clean[each.scenario].verdict not in HARM
        and not _unreached(each)
    ]
    return {
        "name": fault.name,
        "breaks": list(fault.breaks),
        "guides": sorted({each.claim for each in here}),
        "killed": bool(due) and due <= dead,
        "alive": sorted(due - dead),
        "collateral": sorted(
            f"{each.requirement} ({each.verdict} at {each.claim}: {each.message[:160]})" for each in other
        ),
        "seconds": round(sum(each.seconds for each in said), 3),
    }


def _due(fault: Fault, clean: Mapping[str, Said]) -> set[str]:
    """The scenarios that a fault has to fail: those of what it breaks that had something to judge without it, and all
    of a requirement for which the fault alone gives them something."""
    due: set[str] = set()
    for broken in fault.breaks:
        concerned = [each for each in clean.values() if each.requirement == broken and _exists(fault, each.claim)]
        judged = [each for each in concerned if each.verdict != "not-applicable"]
        due |= {each.scenario for each in judged or concerned}
    return due


def _exists(fault: Fault, claim: str) -> bool:
    return not fault.versions or claim in fault.versions


def _unreached(said: Said) -> bool:
    """Whether nobody could connect, so that nothing was judged."""
    return said.verdict == "error" and said.actor == "network"


def _excused(fault: Fault, said: Sequence[Said]) -> set[str]:
    """The requirements that are not-tested because of a broken one, of one never reached, or of one so excused."""
    excused: set[str] = set()
    begun = {*fault.breaks, *(each.requirement for each in said if _unreached(each))}
    while True:
        reasons = begun | excused
        more = {each.requirement for each in said if each.verdict == "not-tested" and each.because in reasons}
        if more <= excused:
            return excused
        excused |= more


def _unproven(rows: Sequence[Mapping[str, Any]], judged: Collection[str]) -> list[str]:
    """Of the requirements that were judged, those at level shall that no killed fault breaks."""
    catalogue = catalogue_of(scenario_folders()).requirements
    proven = {broken for row in rows if row["killed"] for broken in row["breaks"]}
    return sorted(name for name in judged if name not in proven and catalogue[name].level == "shall")

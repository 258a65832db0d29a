"""The kill matrix: a few real proofs, one fault per shall of the law, and trouble that it must see.

The shalls of the guides are proven by the whole matrix (make prove), which takes longer than a test may.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from conformance import prove as proof
from conformance.errors import UsageError
from conformance.opening import catalogue_of, scenario_folders
from conformance.prove import Matrix, Said, _fault_row, _narrowed, _unproven, _variant_row, prove, render, run_clean
from conformance.run import MAIN_GUIDES
from conformance.sandbox.faults import faults, variants
from conformance.sandbox.frame import Bend, Fault, Policies, Variant

NEWEST = {"pas": "2.2.1", "usdf": "2.1.0", "hrex": "1.2.0", "pdex": "2.2.0", "bulk": "2.0.0", "smart": "2.2.0"}
GUIDES = tuple(f"{ig}={version}" for ig, version in NEWEST.items() if any(ig in igs for igs in MAIN_GUIDES.values()))
SLOW = "answers_after_16_seconds"
NEW, OLD = "pas=2.2.1", "pas=2.0.1"


# -- real proofs -------------------------------------------------------------------------------------------------------


def kind(change: Fault | Variant) -> str:
    return "bend" if change.bend else "seed" if change.seed else "policies"


A_FEW: dict[str, str] = {
    "denies_without_a_reason": "seed",
    "types_the_identifier_otherwise": "bend",
    "ignores_the_tier": "policies",
    "unknown_extensions": "bend",
    "pended_first": "seed",
    "reason_in_text": "policies",
}


def shalls_of_the_law() -> set[str]:
    """The requirements of law at level shall that the model payer breaks as the type that it usually is."""
    broken = {name for fault in faults().values() if not fault.payer for name in fault.breaks}
    rows = catalogue_of(scenario_folders()).requirements
    return {name for name in broken if rows[name].kind == "law" and rows[name].level == "shall"}


def cover(wanted: set[str]) -> list[str]:
    """The fewest faults, by greed, that break all of these in the newest versions; cheap ones first."""
    newest = {f"{ig}={version}" for ig, version in NEWEST.items()}
    usable = [
        fault
        for name, fault in faults().items()
        if name != SLOW and not fault.payer and (not fault.versions or set(fault.versions) & newest)
    ]
    chosen: list[str] = []
    left = set(wanted)
    while left:
        best = max(usable, key=lambda fault: (len(left & set(fault.breaks)), fault.bend is not None))
        assert left & set(best.breaks), f"no fault breaks {sorted(left)}"
        chosen.append(best.name)
        left -= set(best.breaks)
    return chosen


def together(names: Iterable[str]) -> list[Fault]:
    """These faults in as few model payers as may be, as one fault each: no two of one API, which could hide another.

    Those that bend the answers of one operation stay alone, looked at by the scenarios that use it; so do those that
    show in a follow-up.
    """
    rows = catalogue_of(scenario_folders()).requirements
    packs: list[list[Fault]] = []
    taken: list[set[str]] = []
    for fault in (faults()[name] for name in names):
        apis = {rows[broken].api for broken in fault.breaks}
        alone = bool(fault.bend or fault.later)
        place = next((number for number, busy in enumerate(taken) if not alone and not busy & apis), None)
        if place is None:
            packs.append([fault])
            taken.append({row.api for row in rows.values()} if alone else apis)
        else:
            packs[place].append(fault)
            taken[place] |= apis
    return [
        replace(
            pack[0], name=" + ".join(each.name for each in pack), breaks=tuple(b for each in pack for b in each.breaks)
        )
        for pack in packs
    ]


@pytest.fixture(scope="module")
def clean_run() -> dict[str, Said]:
    """What the clean model payer is found to be, at the newest versions."""
    return run_clean(guides=GUIDES)


def test_a_few_of_each_kind_are_proven(clean_run: dict[str, Said], monkeypatch: pytest.MonkeyPatch) -> None:
    known: dict[str, Fault | Variant] = {**faults(), **variants()}
    assert {name: kind(known[name]) for name in A_FEW} == A_FEW
    monkeypatch.setattr(proof, "run_clean", lambda *_: clean_run)

    # A lawful difference may show anywhere: it is looked for in all suites that are named.
    matrix = prove(suites=["prior_auth", "formulary", "payer_to_payer"], names=[*A_FEW], guides=GUIDES)

    assert matrix.proven, render(matrix)
    assert matrix.clean_trouble == []
    assert matrix.clean["pass"] >= 60
    assert set(matrix.clean) <= {"pass", "not-applicable"}
    rows = {row["name"]: row for row in matrix.faults}
    assert list(rows) == [name for name in A_FEW if name in faults()]
    assert rows["denies_without_a_reason"]["breaks"] == ["prior-auth.denial-reason"]
    assert rows["denies_without_a_reason"]["guides"] == ["pas=2.2.1"]
    assert rows["ignores_the_tier"]["guides"] == ["usdf=2.1.0"]
    assert rows["types_the_identifier_otherwise"]["guides"] == ["hrex=1.2.0"]
    assert all(row["killed"] and row["seconds"] > 0 for row in rows.values())
    flagged = {row["name"]: (row["flagged"], row["advised"]) for row in matrix.variants}
    assert flagged == {
        "unknown_extensions": ([], []), "pended_first": ([], []), "reason_in_text": ([], ["pas.denial-reason-code"]),
    }  # fmt: skip
    assert json.loads(json.dumps(matrix.__dict__)) == matrix.__dict__
    assert "3 of 3 faults killed without collateral; 0 of 3 variants flagged; 0 requirements unproven" in render(matrix)


def test_one_fault_per_shall_of_the_law(clean_run: dict[str, Said]) -> None:
    wanted = shalls_of_the_law()
    chosen = cover(wanted)
    assert len(wanted) >= 15
    assert wanted <= {broken for name in chosen for broken in faults()[name].breaks}
    packs = together(chosen)
    subjects = [{**_narrowed(pack, clean_run), "bends": pack.name.split(" + ")} for pack in packs]

    said = proof._run(subjects, (), GUIDES, workers=2)
    rows = [_fault_row(pack, said[pack.name], clean_run) for pack in packs]

    assert {row["name"]: row["alive"] for row in rows if not row["killed"]} == {}
    # Claims that are withheld are nowhere: the member's own API then has none to be read either.
    shared = {row["name"] for row in rows if "withholds_the_claims" in row["name"]}
    assert {row["name"]: row["collateral"] for row in rows if row["collateral"] and row["name"] not in shared} == {}
    assert wanted <= {broken for row in rows if row["guides"] for broken in row["breaks"]}


def test_a_fault_of_another_payer_is_proven_at_a_payer_of_that_type(
    clean_run: dict[str, Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = proof.run_clean
    monkeypatch.setattr(proof, "run_clean", lambda *given: real(*given) if given[2] else clean_run)

    matrix = prove(suites=["prior_auth"], names=["decides_a_drug_late_as_qhp_ffe"], guides=["pas=2.2.1"])

    assert matrix.proven, render(matrix)
    [row] = matrix.faults
    assert (row["breaks"], row["guides"]) == (["drug-decisions.issuer-decision"], ["pas=2.2.1"])


def test_an_unknown_fault_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="--fault sleeps_all_day: the model payer has no such fault"):
        prove(names=["sleeps_all_day"])


def test_a_fault_that_was_asked_for_and_not_run_is_not_proven(monkeypatch: pytest.MonkeyPatch) -> None:
    # As with --suite formulary: the clean run holds nothing that this fault breaks.
    monkeypatch.setattr(proof, "run_clean", lambda *_: clean(said("formulary.tier", claim="usdf=2.1.0")))
    monkeypatch.setattr(proof, "_run", lambda subjects, *_, **__: {each["name"]: [] for each in subjects})

    assert not prove(names=["denies_without_a_reason"], suites=["formulary"]).proven


# -- trouble that it must see ------------------------------------------------------------------------------------------


def said(requirement: str, verdict: str = "pass", claim: str = NEW, **other: Any) -> Said:
    return replace(
        Said(
            f"suite.test_{requirement}[{claim}]",
            requirement,
            claim,
            verdict,
            "",
            "",
            ("prior-auth.submit",),
            0.5,
            "told",
        ),
        **other,
    )


def clean(*each: Said) -> dict[str, Said]:
    return {one.scenario: replace(one, verdict="pass", because="", actor="") for one in each}


def fault(*breaks: str, **other: Any) -> Fault:
    return Fault("bends_it", "It is bent.", breaks, **{"bend": Bend("prior-auth.submit"), **other})


def row(of: Fault, *each: Said, before: dict[str, Said] | None = None) -> dict[str, Any]:
    return _fault_row(of, each, clean(*each) if before is None else before)


def test_a_fault_that_fails_what_it_names_and_nothing_else_is_killed() -> None:
    found = row(fault("a.one"), said("a.one", "fail"), said("a.one", "fail", OLD), said("a.two"))

    assert (found["killed"], found["alive"], found["collateral"]) == (True, [], [])
    assert found["guides"] == [OLD, NEW]
    assert found["seconds"] == 1.5


def test_a_fault_that_names_the_wrong_requirement_is_alive_and_does_harm() -> None:
    found = row(fault("a.one"), said("a.one"), said("a.two", "fail"))

    assert not found["killed"]
    assert found["alive"] == ["suite.test_a.one[pas=2.2.1]"]
    assert found["collateral"] == ["a.two (fail at pas=2.2.1: told)"]
    matrix = Matrix(faults=[found])
    assert not matrix.proven
    assert "ALIVE    bends_it" in render(matrix)
    assert "also: a.two (fail at pas=2.2.1: told)" in render(matrix)
    assert "0 of 1 faults killed without collateral" in render(matrix)


@pytest.mark.parametrize("verdict", ["pass", "not-tested", "error", "not-applicable", "waived"])
def test_a_fault_that_one_version_does_not_see_is_alive(verdict: str) -> None:
    found = row(fault("a.one"), said("a.one", "fail"), said("a.one", verdict, OLD))

    assert not found["killed"]
    assert found["alive"] == ["suite.test_a.one[pas=2.0.1]"]


def test_what_a_fault_alone_gives_something_to_judge_must_fail() -> None:
    nothing = {"suite.test_a.one[pas=2.2.1]": said("a.one", "not-applicable")}

    assert row(fault("a.one"), said("a.one", "fail"), before=nothing)["killed"]
    assert not row(fault("a.one"), said("a.one", "not-applicable"), before=nothing)["killed"]


def test_what_nobody_could_reach_is_no_harm_nor_what_waits_for_it() -> None:
    unreached = said("a.two", "error", actor="network")
    waiting = said("a.three", "not-tested", because="a.two")

    assert row(fault("a.one"), said("a.one", "fail"), unreached, waiting)["collateral"] == []
    assert row(fault("a.one"), said("a.one", "fail"), replace(unreached, actor="us"), waiting)["collateral"] != []


def test_a_fault_must_break_all_that_it_names() -> None:
    both, before = fault("a.one", "a.two"), clean(said("a.one"), said("a.two"))

    assert row(both, said("a.one", "fail"), said("a.two", "fail"))["killed"]
    assert not row(both, said("a.one", "fail"), said("a.two"))["killed"]
    assert not row(both, said("a.one", "fail"), before=before)["killed"]
    assert not row(both, before=before)["killed"]
    # What the selection leaves out cannot be asked for.
    assert row(both, said("a.one", "fail"), before=clean(said("a.one")))["killed"]


def test_a_should_that_is_advised_is_killed() -> None:
    assert row(fault("a.one"), said("a.one", "advisory"))["killed"]


@pytest.mark.parametrize(
    ("other", "harm"),
    [
        (said("a.two", "fail"), True),
        (said("a.two", "advisory"), True),
        (said("a.two", "error", actor="us"), True),
        (said("a.two", "not-tested", actor="your file"), True),
        (said("a.two", "not-tested", because="a.three"), True),
        (said("a.two", "pass"), False),
        (said("a.two", "not-applicable"), False),
        (said("a.two", "not-tested", because="a.one"), False),  # judged by the one that is broken
        (said("a.two", "error", actor="network"), False),  # nobody could connect: nothing was judged
    ],
)
def test_what_else_is_harmed_is_collateral(other: Said, harm: bool) -> None:
    found = row(fault("a.one"), said("a.one", "fail"), other)

    assert found["killed"]
    assert bool(found["collateral"]) is harm
    assert Matrix(faults=[found]).proven is not harm
    assert ("COLLATERAL" in render(Matrix(faults=[found]))) is harm


def test_what_waits_for_what_waits_is_excused_too() -> None:
    chain = [said("a.two", "not-tested", because="a.one"), said("a.three", "not-tested", because="a.two")]

    assert row(fault("a.one"), said("a.one", "fail"), *chain)["collateral"] == []


def test_what_was_in_trouble_before_is_no_collateral() -> None:
    here = [said("a.one", "fail"), said("a.two", "not-tested")]
    before = clean(*here) | {here[1].scenario: here[1]}

    assert row(fault("a.one"), *here, before=before)["collateral"] == []


def test_a_fault_of_one_version_must_not_touch_another() -> None:
    newest = fault("a.one", versions=(NEW,))

    assert row(newest, said("a.one", "fail"), said("a.one", "pass", OLD))["killed"]
    assert row(newest, said("a.one", "fail"), said("a.one", "pass", OLD))["guides"] == [NEW]
    assert row(newest, said("a.one", "fail"), said("a.one", "fail", OLD))["collateral"] == [
        "a.one (fail at pas=2.0.1: told)"
    ]


def test_a_version_that_was_not_looked_at_is_not_killed() -> None:
    seen, unseen = said("a.one", "fail"), said("a.one", "fail", OLD)

    assert not row(fault("a.one"), seen, before=clean(seen, unseen))["killed"]


def test_an_excuse_does_not_cover_a_failure() -> None:
    here = [said("a.one", "fail"), said("a.two", "not-tested", because="a.one"), said("a.two", "fail", OLD)]

    assert row(fault("a.one"), *here)["collateral"]


# -- variants ----------------------------------------------------------------------------------------------------------


def variant(*advises: str) -> Variant:
    return Variant("differs", "It differs.", bend=Bend("prior-auth.submit"), advises=advises)


@pytest.mark.parametrize(
    ("each", "flagged"),
    [
        (said("a.one"), []),
        (said("a.one", "not-applicable"), []),
        (said("a.one", "fail"), ["a.one"]),
        (said("a.one", "error"), ["a.one"]),
        (said("a.one", "not-tested"), ["a.one"]),
        (said("a.one", "advisory"), ["a.one"]),
        (said("a.advised", "advisory"), []),
        (said("a.advised", "fail"), ["a.advised"]),
    ],
)
def test_an_unlawful_variant_is_flagged(each: Said, flagged: list[str]) -> None:
    found = _variant_row(variant("a.advised"), [each, said("a.other")])

    assert found["flagged"] == flagged
    matrix = Matrix(variants=[found])
    assert matrix.proven is not bool(flagged)
    assert ("FLAGGED  differs" in render(matrix)) is bool(flagged)


# -- what nobody proves ------------------------------------------------------------------------------------------------


def killed(*breaks: str, alive: bool = False) -> dict[str, Any]:
    return {"name": "x", "breaks": list(breaks), "killed": not alive, "collateral": [], "alive": [], "guides": [NEW]}


def test_a_shall_that_no_killed_fault_breaks_is_unproven() -> None:
    judged = {"prior-auth.denial-reason", "pas.response-bundle", "pas.denial-reason-code"}

    assert _unproven([], judged) == ["pas.response-bundle", "prior-auth.denial-reason"]
    assert _unproven([killed("pas.response-bundle")], judged) == ["prior-auth.denial-reason"]
    assert _unproven([killed("pas.response-bundle", alive=True)], judged) == [
        "pas.response-bundle", "prior-auth.denial-reason",
    ]  # fmt: skip
    assert _unproven([killed("pas.response-bundle", "prior-auth.denial-reason")], judged) == []
    unproven = Matrix(unproven=["pas.response-bundle"])
    assert not unproven.proven
    assert "unproven: pas.response-bundle" in render(unproven)


def test_trouble_with_the_clean_payer_proves_nothing() -> None:
    assert Matrix(clean={"pass": 80}).proven
    troubled = Matrix(clean={"pass": 79, "fail": 1}, clean_trouble=["suite.test_x[pas=2.2.1]: fail: told"])
    assert not troubled.proven
    assert "TROUBLE suite.test_x[pas=2.2.1]: fail: told" in render(troubled)


def test_a_bend_runs_only_the_scenarios_that_use_its_operation() -> None:
    submits = said("a.one")
    searches = said("a.two", sent=("formulary.search",))
    both = said("a.three", sent=("formulary.search", "prior-auth.submit"))
    silent = said("a.four", sent=())
    judged = clean(submits, searches, both, silent)

    narrowed = _narrowed(fault("a.one"), judged)
    assert narrowed["scenarios"] == [submits.scenario, both.scenario]
    assert narrowed["bends"] == ["bends_it"]
    for other in ({"seed": lambda seed: seed}, {"policies": lambda policies: policies}):
        assert _narrowed(fault("a.one", bend=None, **other), judged)["scenarios"] is None
    assert Policies().changed("transport", maximum_tls="1.1").transport == {"maximum_tls": "1.1"}


class _NothingAsked:
    def wait(self) -> int:
        return proof.NOTHING_ASKED


@pytest.mark.parametrize("payer", ["chip-mco", ""])
def test_a_payer_type_of_which_a_suite_asks_nothing_is_no_trouble(
    payer: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "out").write_text("no tests ran")
    monkeypatch.setattr(proof, "_start", lambda *_: (_NothingAsked(), tmp_path / "verdicts", tmp_path / "out"))
    subject = proof._subject("x", [], payer=payer)
    if payer:
        assert proof._run([subject], ["formulary"], [], workers=1) == {"x": []}
    else:
        with pytest.raises(UsageError, match="no tests ran"):
            proof._run([subject], ["formulary"], [], workers=1)

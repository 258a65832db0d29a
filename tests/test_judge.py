"""The judge: verdicts of scenarios into verdicts of requirements, two headlines and one exit code."""

from __future__ import annotations

import copy
import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.errors import Finding
from conformance.judge import DISCLAIMER, exit_code, judge
from conformance.verdict import ORDER, ScenarioVerdict, from_json, worst

ACKNOWLEDGED = {"reason": "not yet in the test environment", "until": "2027-12-31"}
ATTESTED = {"by": "A. Person", "document": "letter.pdf", "sha256": "0" * 64, "until": "2027-12-31"}


def row(name: str = "a.one", *, scenarios: int = 1, **other: Any) -> dict[str, Any]:
    """A requirement of the header, with so many planned scenarios."""
    planned = [f"suite.test_{name}[{number}]" for number in range(scenarios)]
    return {
        "id": name, "kind": "law", "standing": "in-force", "level": "shall", "untested": "", "planned": planned,
        "cites": ["42 CFR 422.122(b)"], **other,
    }  # fmt: skip


def said(of: dict[str, Any], *verdicts: str, **other: Any) -> list[ScenarioVerdict]:
    return [
        ScenarioVerdict(scenario, of["id"], verdict, **other)  # type: ignore[arg-type]
        for scenario, verdict in zip(of["planned"], verdicts, strict=True)
    ]


def header(*rows: dict[str, Any], **other: Any) -> dict[str, Any]:
    return {
        "requirements": list(rows), "options": {}, "scope": {"missing": []}, "target": {"payer_type": "ma"},
        "as_of": "2027-02-01", "acknowledged": {}, "attested": {}, **other,
    }  # fmt: skip


def results(verdict: str, *, finished: bool = True, baseline: Any = None, **other: Any) -> dict[str, Any]:
    """One requirement with one scenario beside one that passed; ``other`` is the row's and the header's."""
    of_header = {key: other.pop(key) for key in ("options", "acknowledged", "attested", "scope") if key in other}
    one, two = row(**other), row("a.two")
    return judge(
        header(one, two, **of_header), [*said(one, verdict), *said(two, "pass")], finished=finished, baseline=baseline
    )


def verdict_of(judged: dict[str, Any], name: str = "a.one") -> str:
    return next(each["verdict"] for each in judged["requirements"] if each["id"] == name)


# -- the worst of several ----------------------------------------------------------------------------------------------


def test_the_order_is_the_designs():
    assert [each for each in ORDER if each != "attested"] == [
        "fail", "error", "not-tested", "waived", "advisory", "pass", "not-applicable",
    ]  # fmt: skip
    assert worst([]) == "not-applicable"


@pytest.mark.parametrize("pair", list(itertools.product(ORDER, repeat=2)), ids=" and ".join)
def test_a_requirement_has_the_worst_verdict_of_its_scenarios(pair):
    one = row(scenarios=2)

    expected = next(each for each in ORDER if each in pair)
    assert verdict_of(judge(header(one), said(one, *pair), finished=True)) == expected == worst(pair)


@settings(deadline=None)
@given(st.lists(st.sampled_from(ORDER), min_size=1, max_size=8))
def test_order_does_not_matter(verdicts):
    one = row(scenarios=len(verdicts))
    there = judge(header(one), said(one, *verdicts), finished=True)
    back = judge(header(one), said(one, *verdicts)[::-1], finished=True)

    assert there == back
    assert verdict_of(there) == worst(verdicts)


def test_two_scenarios_of_one_name_do_not_hide_each_other():
    one = row()
    for verdicts in (["fail", "pass"], ["pass", "fail"]):
        double = [ScenarioVerdict(one["planned"][0], "a.one", each) for each in verdicts]
        assert verdict_of(judge(header(one), double, finished=True)) == "fail"


def test_what_was_planned_and_did_not_run_is_not_tested():
    one = row(scenarios=2)
    judged = judge(header(one), said(one, "pass", "pass")[:1], finished=False)

    assert verdict_of(judged) == "not-tested"
    missing = judged["requirements"][0]["scenarios"][1]
    assert (missing["verdict"], missing["message"]) == ("not-tested", "the run stopped before this scenario")


def test_a_verdict_that_nobody_planned_counts_for_nothing():
    one = row()
    stray = [*said(one, "pass"), ScenarioVerdict("other.test_x", "a.one", "fail"), ScenarioVerdict("y", "b.z", "fail")]

    assert verdict_of(judge(header(one), stray, finished=True)) == "pass"


@pytest.mark.parametrize(
    ("other", "verdict"),
    [
        ({"untested": "only records can show it"}, "not-tested"),
        ({"untested": ""}, "not-applicable"),
        ({"untested": "only records can show it", "standing": "not-applicable"}, "not-applicable"),
    ],
)
def test_a_requirement_without_scenarios(other, verdict):
    judged = judge(header(row(scenarios=0, **other), two := row("a.two")), said(two, "pass"), finished=True)

    assert verdict_of(judged) == verdict
    assert judged["exit_code"] == 0, "what nothing here can test is no gap of this run"
    assert judged["verdicts"]["law"] == "conformant"


# -- excuses -----------------------------------------------------------------------------------------------------------

EXCUSES = [({"acknowledged": {"a.one": ACKNOWLEDGED}}, "waived"), ({"attested": {"a.one": ATTESTED}}, "attested")]


@pytest.mark.parametrize(("excuse", "excused"), EXCUSES)
@pytest.mark.parametrize("verdict", ORDER)
def test_an_excuse_covers_only_what_could_not_be_tested(verdict, excuse, excused):
    judged = results(verdict, **excuse)

    assert verdict_of(judged) == (excused if verdict == "not-tested" else verdict)


@pytest.mark.parametrize(("excuse", "excused"), EXCUSES)
@pytest.mark.parametrize(
    ("verdict", "code"),
    [("not-tested", 0), ("pass", 3), ("advisory", 3), ("fail", 1), ("error", 3), ("not-applicable", 3)],
)
def test_an_excuse_that_nothing_needs_is_an_error(verdict, code, excuse, excused):
    judged = results(verdict, **excuse)

    assert judged["exit_code"] == code
    uses = judged["acknowledgements"] + judged["attestations"]
    assert [(each["requirement"], each["used"]) for each in uses] == [("a.one", verdict == "not-tested")]


@pytest.mark.parametrize(("excuse", "_"), EXCUSES)
def test_an_error_does_not_show_that_an_excuse_is_idle(excuse, _):
    judged = results("error", standing="upcoming", **excuse)

    assert judged["exit_code"] == 0
    assert not judged["requirements"][0]["acknowledged_in_vain"]


@pytest.mark.parametrize(("excuse", "_"), EXCUSES)
def test_an_excuse_for_what_was_not_selected_is_no_error(excuse, _):
    two = row("a.two")
    judged = judge(header(two, **excuse), said(two, "pass"), finished=True)

    assert judged["exit_code"] == 0


def test_attested_is_never_counted_as_pass():
    judged = results("not-tested", attested={"a.one": ATTESTED})

    assert judged["counts"]["law"]["pass"] == 1
    assert judged["counts"]["law"]["attested"] == 1
    assert judged["headline"]["law"].startswith("No failure found in 1 of 2 requirements")
    assert "(1 not shown)" in judged["headline"]["law"]

    alone = row()
    nothing = judge(header(alone, attested={"a.one": ATTESTED}), said(alone, "not-tested"), finished=True)
    assert (nothing["exit_code"], nothing["verdicts"]["law"]) == (3, "inconclusive")


# -- the exit code -----------------------------------------------------------------------------------------------------

SHALL, SHOULD, MAY = {"level": "shall"}, {"level": "should"}, {"level": "may"}
GUIDE, LAW = {"kind": "guide"}, {"kind": "law"}
STRICT, RULES = {"options": {"strict": True}}, {"options": {"gate": "rules"}}


@pytest.mark.parametrize(
    ("verdict", "other", "code"),
    [
        ("pass", LAW, 0),
        ("fail", LAW, 1),
        ("fail", GUIDE, 1),
        ("error", LAW, 3),
        ("not-tested", LAW, 3),
        ("not-tested", GUIDE, 3),
        ("waived", LAW, 0),
        ("not-applicable", LAW, 0),
        ("advisory", LAW, 0),
        # a should and a may never decide …
        ("advisory", SHOULD, 0),
        ("error", SHOULD, 0),
        ("not-tested", SHOULD, 0),
        ("advisory", MAY, 0),
        # … a should does with --strict, when it is unmet
        ("advisory", {**SHOULD, **STRICT}, 1),
        ("advisory", {**SHOULD, **GUIDE, **STRICT}, 1),
        ("pass", {**SHOULD, **STRICT}, 0),
        ("not-tested", {**SHOULD, **STRICT}, 0),
        ("advisory", {**MAY, **STRICT}, 0),
        ("advisory", {**SHALL, **STRICT}, 0),
        # --gate rules: the law only
        ("fail", {**GUIDE, **RULES}, 0),
        ("not-tested", {**GUIDE, **RULES}, 0),
        ("fail", {**LAW, **RULES}, 1),
        ("error", {**LAW, **RULES}, 3),
        ("advisory", {**SHOULD, **GUIDE, "options": {"gate": "rules", "strict": True}}, 0),
        ("advisory", {**SHOULD, **LAW, "options": {"gate": "rules", "strict": True}}, 1),
    ],
)
def test_exit_codes(verdict, other, code):
    assert results(verdict, **other)["exit_code"] == code


@pytest.mark.parametrize("standing", ["upcoming", "proposed", "advocacy", "unverified", "not-applicable"])
@pytest.mark.parametrize("verdict", ORDER)
@pytest.mark.parametrize("options", [{}, {"strict": True}, {"gate": "rules"}])
@pytest.mark.parametrize("level", ["shall", "should"])
def test_what_is_not_in_force_never_decides(standing, verdict, options, level):
    judged = results(verdict, standing=standing, level=level, options=options)

    assert judged["exit_code"] == 0
    assert judged["verdicts"] == {"law": "conformant", "guides": "inconclusive"}
    assert sum(judged["counts"]["law"].values()) == 1
    assert judged["other_counts"] == {standing: {verdict: 1}}
    assert judged["headline"]["law"].startswith("No failure found in 1 of 1 requirement ")


@pytest.mark.parametrize("verdict", sorted(set(ORDER) - {"fail", "pass"}))
def test_nothing_passed_is_inconclusive(verdict):
    one = row()
    judged = judge(header(one), said(one, verdict), finished=True)

    assert judged["exit_code"] == 3
    assert judged["verdicts"]["law"] == "inconclusive"


def test_a_run_cut_short_is_inconclusive_unless_something_failed():
    assert results("pass", finished=False)["exit_code"] == 3
    assert results("pass", finished=False)["verdicts"]["law"] == "inconclusive"
    assert results("pass", finished=False)["complete"] is False
    assert results("fail", finished=False)["exit_code"] == 1
    assert results("fail", finished=False)["verdicts"]["law"] == "not-conformant"
    assert results("pass")["complete"] is True


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(ORDER),
            st.sampled_from(["law", "guide"]),
            st.sampled_from(["in-force", "upcoming", "proposed", "unverified"]),
            st.sampled_from(["shall", "should", "may"]),
        ),
        min_size=1,
        max_size=6,
    ),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_the_exit_code_says_what_the_design_says(drawn, strict, rules_only, finished):
    rows, verdicts = [], []
    for number, (verdict, kind, standing, level) in enumerate(drawn):
        rows.append(row(f"a.r{number}", kind=kind, standing=standing, level=level))
        verdicts += said(rows[-1], verdict)
    options = {"strict": strict, "gate": "rules" if rules_only else None}
    code = judge(header(*rows, options=options), verdicts, finished=finished)["exit_code"]

    deciding = [each for each in drawn if each[2] == "in-force" and (each[1] == "law" or not rules_only)]
    failed = any(verdict == "fail" and level == "shall" for verdict, _, _, level in deciding)
    advised = any(verdict == "advisory" and level == "should" for verdict, _, _, level in deciding)
    open_ = any(verdict in ("error", "not-tested") and level == "shall" for verdict, _, _, level in deciding)
    passed = any(verdict == "pass" for verdict, *_ in deciding)
    if failed or (strict and advised):
        assert code == 1
    else:
        assert code == (3 if open_ or not passed or not finished else 0)


# -- the baseline ------------------------------------------------------------------------------------------------------


def baseline(verdict: str, name: str = "a.one") -> dict[str, Any]:
    return {"finished": "2027-01-01T00:00:00+00:00", "requirements": [{"id": name, "verdict": verdict}]}


@pytest.mark.parametrize(
    ("before", "verdict", "other", "code", "new"),
    [
        (baseline("fail"), "fail", {}, 0, False),
        (baseline("pass"), "fail", {}, 1, True),
        (baseline("error"), "fail", {}, 1, True),
        (baseline("fail", "b.other"), "fail", {}, 1, True),
        ({"requirements": []}, "fail", {}, 1, True),
        (baseline("fail"), "pass", {}, 0, False),
        (baseline("fail"), "not-tested", {}, 3, False),
        (baseline("advisory"), "advisory", {**SHOULD, **STRICT}, 0, False),
        (baseline("pass"), "advisory", {**SHOULD, **STRICT}, 1, False),
        (None, "fail", {}, 1, False),
        # The options of the record name a baseline; these pages are written without it: nothing is old.
        (None, "fail", {"options": {"baseline": "results.json"}}, 1, False),
    ],
)
def test_a_baseline_lets_only_what_is_new_decide(before, verdict, other, code, new):
    judged = results(verdict, baseline=before, **other)

    assert judged["exit_code"] == code
    assert judged["requirements"][0]["new"] is new
    assert judged["requirements"][1]["new"] is False
    if verdict == "fail":
        assert judged["verdicts"]["law"] == "not-conformant", "a baseline changes the gate, not the verdict"


@pytest.mark.parametrize(
    ("before", "verdict", "new", "gone"),
    [
        ("fail", "fail", [], []),
        ("pass", "fail", ["a.one"], []),
        ("fail", "pass", [], ["a.one"]),
        ("fail", "advisory", [], ["a.one"]),
        ("fail", "not-tested", [], []),
        ("fail", "error", [], []),
    ],
)
def test_what_changed_since_the_baseline_is_told(before, verdict, new, gone):
    assert results(verdict, baseline=baseline(before))["baseline"] == {
        "finished": "2027-01-01T00:00:00+00:00", "new_failures": new, "gone": gone,
    }  # fmt: skip


def test_a_failure_that_was_not_looked_at_again_is_not_gone():
    judged = results("pass", baseline=baseline("fail", "b.other"))

    assert judged["baseline"]["gone"] == []
    assert results("pass")["baseline"] is None


# -- the headlines -----------------------------------------------------------------------------------------------------


HERE = "of law in force for this plan"


def law_headline(*verdicts: str, **of_header: Any) -> str:
    rows = [row(f"a.r{number}") for number in range(len(verdicts))]
    spoken = [each for one, verdict in zip(rows, verdicts, strict=True) for each in said(one, verdict)]
    text: str = judge(header(*rows, **of_header), spoken, finished=True)["headline"]["law"]
    return text


@pytest.mark.parametrize(
    ("verdicts", "text"),
    [
        ((), "No requirement of law in force for this plan was examined as of 2027-02-01."),
        (("not-applicable",), "No requirement of law in force for this plan was examined as of 2027-02-01."),
        (("pass",), f"No failure found in 1 of 1 requirement {HERE}."),
        (("pass", "pass"), f"No failure found in 2 of 2 requirements {HERE}."),
        (("pass", "advisory"), f"No failure found in 2 of 2 requirements {HERE}."),
        (("pass", "not-tested"), f"No failure found in 1 of 2 requirements {HERE} (1 not shown)."),
        (("error", "not-tested"), f"No failure found in 0 of 2 requirements {HERE} (2 not shown)."),
        (("fail",), f"1 of 1 requirement {HERE} failed; 0 were met."),
        (("fail", "pass", "error"), f"1 of 3 requirements {HERE} failed; 1 was met (1 not shown)."),
        (("fail", "fail", "pass", "pass"), f"2 of 4 requirements {HERE} failed; 2 were met."),
    ],
)
def test_the_laws_headline(verdicts, text):
    assert law_headline(*verdicts) == text


@pytest.mark.parametrize(
    ("missing", "text"),
    [
        ([], "this plan."),
        (["formulary"], "this plan. 1 required API was not examined."),
        (["formulary", "payer-to-payer"], "this plan. 2 required APIs were not examined."),
    ],
)
def test_apis_that_the_law_demands_and_nobody_examined_are_told(missing, text):
    assert law_headline("pass", scope={"missing": missing}).endswith(text)
    assert ("examined" in law_headline("fail", scope={"missing": missing})) is bool(missing)


def test_without_a_payer_type_no_plan_is_named():
    assert "for an unnamed payer" in law_headline("pass", target={"payer_type": None})


def test_a_narrowed_run_says_what_alone_was_run():
    said = law_headline("pass", options={"suite": ["bulk"], "requirement": ["a.b"], "intrusive": True})

    assert said == f"No failure found in 1 of 1 requirement {HERE}. Only a part was run: suite bulk, requirement a.b."


def test_of_many_parts_the_headline_names_a_few():
    said = law_headline("pass", options={"requirement": ["a.b", "a.c", "a.d", "a.e", "a.f"]})

    assert said.endswith("Only a part was run: requirement a.b, requirement a.c, requirement a.d and 2 more.")


@pytest.mark.parametrize(
    ("verdicts", "text"),
    [
        ((), "Guides claimed: none was examined."),
        (("pass",), "Guides claimed: 1 of 1."),
        (("pass", "advisory"), "Guides claimed: 2 of 2 (1 with advice)."),
        (("fail", "pass", "not-tested", "advisory"), "Guides claimed: 2 of 4 (1 failed, 1 not shown, 1 with advice)."),
        (("error", "pass"), "Guides claimed: 1 of 2 (1 not shown)."),
    ],
)
def test_the_guides_headline(verdicts, text):
    rows = [row(f"g.r{number}", kind="guide") for number in range(len(verdicts))]
    spoken = [each for one, verdict in zip(rows, verdicts, strict=True) for each in said(one, verdict)]

    assert judge(header(*rows), spoken, finished=True)["headline"]["guides"] == text


@pytest.mark.parametrize("verdict", ORDER)
def test_no_headline_is_a_bare_conformant(verdict):
    headline = results(verdict)["headline"]

    assert "conformant" not in (headline["law"] + headline["guides"]).lower()
    assert headline["disclaimer"] == DISCLAIMER
    assert "not a CMS certification" in DISCLAIMER


# -- law and guide apart -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("law", "guide", "verdicts"),
    [
        ("pass", "fail", {"law": "conformant", "guides": "not-conformant"}),
        ("fail", "pass", {"law": "not-conformant", "guides": "conformant"}),
        ("pass", "pass", {"law": "conformant", "guides": "conformant"}),
        ("pass", "error", {"law": "conformant", "guides": "inconclusive"}),
        ("not-tested", "pass", {"law": "inconclusive", "guides": "conformant"}),
        ("pass", "not-applicable", {"law": "conformant", "guides": "inconclusive"}),
    ],
)
def test_law_and_guide_are_judged_apart(law, guide, verdicts):
    one, two = row(), row("g.one", kind="guide")
    judged = judge(header(one, two), [*said(one, law), *said(two, guide)], finished=True)

    assert judged["verdicts"] == verdicts
    counted = judged["counts"]
    assert sum(counted["law"].values()) == 1
    assert sum(counted["guides"].values()) == (guide != "not-applicable")


def test_counts_leave_out_permissions_and_what_does_not_apply():
    rows = [row("a.may", level="may"), row("a.na"), row("a.yes"), row("a.later", standing="upcoming")]
    spoken = [each for one, verdict in zip(rows, ("advisory", "not-applicable", "pass", "fail"), strict=True)
              for each in said(one, verdict)]  # fmt: skip
    judged = judge(header(*rows), spoken, finished=True)

    assert {verdict: number for verdict, number in judged["counts"]["law"].items() if number} == {"pass": 1}
    assert set(judged["counts"]["law"]) == set(ORDER) - {"not-applicable"}
    assert judged["other_counts"] == {"upcoming": {"fail": 1}}


# -- purity ------------------------------------------------------------------------------------------------------------


def test_nothing_that_is_given_is_changed():
    one, two = row(scenarios=2), row("g.one", kind="guide")
    given_header = header(one, two, acknowledged={"a.one": dict(ACKNOWLEDGED)}, scope={"missing": ["formulary"]})
    verdicts = [*said(one, "not-tested", "pass"), *said(two, "fail")]
    before = baseline("fail", "g.one")
    kept = copy.deepcopy((given_header, verdicts, before))

    first = judge(given_header, verdicts, finished=True, baseline=before)
    first["requirements"][0]["scenarios"].clear()
    first["acknowledgements"].clear()
    first["counts"].clear()

    assert (given_header, verdicts, before) == kept
    assert judge(given_header, iter(verdicts), finished=True, baseline=before)["requirements"][0]["scenarios"]


def test_rows_keep_what_the_header_says_of_them():
    one = row(text="A sentence.", links=["https://example.org"], since="2027-01-01")
    (judged,) = judge(header(one), said(one, "pass"), finished=True)["requirements"]

    assert judged["text"] == "A sentence."
    assert judged["links"] == ["https://example.org"]
    assert "planned" not in judged
    assert [each["id"] for each in judged["scenarios"]] == one["planned"]


def test_a_verdict_is_read_back_as_it_was_written():
    verdict = ScenarioVerdict(
        "prior_auth.test_x[pas=2.2.1]", "a.one", "fail", judged=3, failed=1,
        findings=(Finding("a reason", "nothing", "item[0]"),), advice=(Finding("a number", "nothing"),),
        message="expected a reason", because="b.two", change="cases.prior-auth.denied", actor="payer",
        seconds=0.5, exchanges=("x-1", "x-2"),
    )  # fmt: skip

    assert from_json({"requirement": "a.one", **verdict.as_json()}) == verdict


def test_the_exit_code_alone_needs_no_baseline():
    judged = results("fail")["requirements"]

    assert exit_code(judged, {}, True) == 1
    assert exit_code(judged, {}, True, {"a.one": "fail"}) == 0


def test_what_is_met_stands_in_nobodys_way():
    one, two, three = row("a.one"), row("a.two"), row("a.three")
    waits = [*said(one, "not-tested", because="a.two"), *said(three, "not-tested", because="a.one")]

    judged = judge(header(one, two, three), [*waits, *said(two, "pass")], finished=True)

    because = {each["id"]: each["scenarios"][0]["because"] for each in judged["requirements"]}
    assert because == {"a.one": "", "a.two": "", "a.three": "a.one"}

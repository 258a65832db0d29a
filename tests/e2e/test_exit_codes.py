"""The exit codes and headlines that users' pipelines depend on, at the real command against the model payer."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from command import NEWEST, changed, conformance, examine, session
from hostile import unused_port

from conformance.sandbox.serve import Running

PAS = ("--suite", "prior_auth", "--guide", "pas=2.2.1", "--intrusive")
DENIALS = ("--suite", "prior_auth", "--guide", "pas=2.2.1", "--requirement", "prior-auth.denial-reason")
CODED = (*DENIALS, "--requirement", "pas.denial-reason-code")
INTRUSIVE = "pas.error-outcome"  # it takes wrong requests: without --intrusive it is not tested
IDLE = (*DENIALS, "--requirement", INTRUSIVE)
TODAY = date.today()


def table(kind: str, requirement: str, until: date, **more: str) -> str:
    """An [acknowledged.*] or [attested.*] table."""
    lines = [f'[{kind}."{requirement}"]', f"until = {until.isoformat()}", *(f'{k} = "{v}"' for k, v in more.items())]
    return "\n".join(lines)


class TestAPayer:
    def test_that_keeps_everything_ends_with_0(self, payer: Running, tmp_path: Path) -> None:
        # What steers other people's pytest does not steer this one.
        (tmp_path / "conftest.py").write_text("raise RuntimeError('not ours')", "utf-8")
        (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n", "utf-8")
        steering = {"PYTEST_ADDOPTS": "--no-such-option", "PYTEST_PLUGINS": "no_such_plugin"}

        ran = examine(payer.target_file, tmp_path / "out", *NEWEST, "--intrusive", env=steering)

        assert (ran.code, ran.err) == (0, "")
        assert ran.results["exit_code"] == 0
        assert ran.results["complete"] is True
        assert ran.results["verdicts"] == {"law": "conformant", "guides": "conformant"}
        assert not ran.of("fail", "error", "advisory")
        assert ran.results["headline"]["law"].startswith("No failure found in ")
        for told in (*ran.results["headline"].values(), str(ran.folder / "report.html")):
            assert told in ran.out
        assert (ran.folder / "report.html").stat().st_size > 10_000
        lines = [json.loads(line) for line in (ran.folder / "exchanges.jsonl").read_text("utf-8").splitlines()]
        sent = [line["case"] for line in lines if line["operation"] in ("prior-auth.submit", "prior-auth.inquire")]
        assert sent.index("settling:settling") > sent.index("drug"), "every case is sent before any is waited for"

    def test_that_breaks_requirements_ends_with_1_and_exactly_they_are_named(
        self, payer: Running, tmp_path: Path
    ) -> None:
        broken = {
            "denies_without_a_reason": "prior-auth.denial-reason",
            "decides_after_eight_days": "prior-auth.decision-time-standard",
            "matches_two_members": "payer-to-payer.several-matches",
            "hides_a_declared_prior_authorization": "formulary.prior-authorization-flag",
        }
        payer.become(tuple(broken))
        suites = ("--suite", "prior_auth", "--suite", "formulary", "--suite", "payer_to_payer")

        ran = examine(payer.target_file, tmp_path / "out", *NEWEST, *suites, "--intrusive")

        assert ran.code == 1
        assert ran.of("fail", "error", "advisory") == set(broken.values())
        assert ran.results["verdicts"] == {"law": "not-conformant", "guides": "not-conformant"}
        named = [line.split()[1] for line in ran.out.splitlines() if line.startswith("fail ")]
        assert sorted(named) == sorted(broken.values())
        for requirement in broken.values():
            row = ran.row(requirement)
            assert all(each["exchanges"] for each in row["scenarios"] if each["verdict"] == "fail")
            assert row["cites"]

    def test_that_leaves_advice_unheeded_ends_with_0_but_1_under_strict(self, payer: Running, tmp_path: Path) -> None:
        payer.become(("codes_no_reason",))

        ran = examine(payer.target_file, tmp_path / "out", *CODED)
        strict = examine(payer.target_file, tmp_path / "strict", *CODED, "--strict")

        assert ran.verdict("pas.denial-reason-code") == "advisory"
        assert ran.code == 0
        assert "advice pas.denial-reason-code" in ran.out
        assert strict.verdict("pas.denial-reason-code") == "advisory"
        assert strict.code == 1

    def test_that_nobody_can_reach_ends_with_3_and_fails_nothing(self, payer: Running, tmp_path: Path) -> None:
        nowhere = f"http://127.0.0.1:{unused_port()}/fhir"
        target = changed(payer.target_file, tmp_path, (payer.bases["pas=2.2.1"], nowhere))

        ran = examine(target, tmp_path / "out", *DENIALS)

        assert ran.code == 3
        assert ran.verdict("prior-auth.denial-reason") == "error"
        assert "127.0.0.1" in ran.message("prior-auth.denial-reason")
        assert not ran.of("fail")

    def test_of_which_one_api_is_examined_is_told_that_four_are_missing(self, payer: Running, tmp_path: Path) -> None:
        text = payer.target_file.read_text("utf-8")
        start, end = text.index("[apis.formulary]"), text.index("[auth.gateway]")
        one_api = text[:start] + text[end:]
        one_api = one_api[: one_api.index("[cases.formulary.")] + "[[known" + one_api.partition("[[known")[2]
        target = tmp_path / "target.toml"
        target.write_text(one_api.replace("part_d = true", "part_d = false"), "utf-8")

        ran = examine(target, tmp_path / "out", *DENIALS)

        assert ran.code == 0
        assert "4 required APIs were not examined." in ran.results["headline"]["law"]
        assert ran.results["headline"]["law"] in ran.out
        assert len(ran.results["scope"]["missing"]) == 4


class TestATarget:
    def test_may_be_the_model_payer_of_the_demonstration(self, tmp_path: Path) -> None:
        ran = conformance(
            "demo", "--fault", "denies_without_a_reason", "--out", str(tmp_path / "out"), *PAS, folder=tmp_path / "out"
        )

        assert ran.code == 1
        assert ran.of("fail") == {"prior-auth.denial-reason"}
        assert "fail  prior-auth.denial-reason" in ran.out
        assert "https://127.0.0.1:" in ran.out

    def test_may_be_an_address(self, payer: Running, tmp_path: Path) -> None:
        selected = ("--guide", "usdf=2.1.0", "--requirement", "formulary.tier", "--requirement", "usdf.paging")

        ran = examine(payer.bases["usdf=2.1.0"], tmp_path / "out", "--payer-type", "ma", *selected)

        assert ran.code == 0
        assert ran.of("pass") == {"formulary.tier", "usdf.paging"}


class TestTheGate:
    SELECTED = (*DENIALS, "--requirement", "pas.response-identifier")

    def test_lets_what_it_is_told_to_pass_and_nothing_else(self, payer: Running, tmp_path: Path) -> None:
        payer.become(("forgets_the_bundle_identifier",))
        first = examine(payer.target_file, tmp_path / "first", *self.SELECTED)
        by_rules = examine(payer.target_file, tmp_path / "rules", *self.SELECTED, "--gate", "rules")
        baseline = ("--baseline", str(first.folder / "results.json"))
        same = examine(payer.target_file, tmp_path / "same", *self.SELECTED, *baseline)
        payer.become(("forgets_the_bundle_identifier", "denies_without_a_reason"))
        worse = examine(payer.target_file, tmp_path / "worse", *self.SELECTED, *baseline)

        assert (first.code, by_rules.code, same.code, worse.code) == (1, 0, 0, 1)
        assert first.of("fail") == by_rules.of("fail") == same.of("fail") == {"pas.response-identifier"}
        assert by_rules.results["verdicts"] == {"law": "conformant", "guides": "not-conformant"}
        assert same.results["baseline"]["new_failures"] == []
        assert worse.results["baseline"]["new_failures"] == ["prior-auth.denial-reason"]

    def test_takes_nothing_but_results_for_a_baseline(self, payer: Running, tmp_path: Path) -> None:
        wrong = tmp_path / "baseline.json"
        wrong.write_text('{"requirements": 1}', "utf-8")

        ran = examine(payer.target_file, tmp_path / "out", *DENIALS, "--baseline", str(wrong))

        assert ran.code == 2
        assert str(wrong) in ran.err


class TestAGap:
    def test_nobody_acknowledged_ends_with_3(self, payer: Running, tmp_path: Path) -> None:
        ran = examine(payer.target_file, tmp_path / "out", *IDLE)

        assert ran.verdict(INTRUSIVE) == "not-tested"
        assert ran.code == 3
        assert f"not tested {INTRUSIVE}" in ran.out
        assert "--intrusive" in ran.out

    def test_that_is_acknowledged_is_waived_and_one_that_is_attested_is_no_pass(
        self, payer: Running, tmp_path: Path
    ) -> None:
        attested = {"by": "A. Nyberg", "document": "errors.pdf", "sha256": "0" * 64}
        more = table("acknowledged", INTRUSIVE, TODAY + timedelta(30), reason="a shared environment")
        more += "\n" + table("attested", "pas.status-semantics", TODAY + timedelta(30), **attested)
        target = changed(payer.target_file, tmp_path, more=more)

        ran = examine(target, tmp_path / "out", *IDLE, "--requirement", "pas.status-semantics")

        assert (ran.verdict(INTRUSIVE), ran.verdict("pas.status-semantics")) == ("waived", "attested")
        counts = ran.results["counts"]["guides"]
        assert {verdict: number for verdict, number in counts.items() if number} == {"waived": 1, "attested": 1}
        assert [each["requirement"] for each in ran.results["acknowledgements"] if each["used"]] == [INTRUSIVE]
        assert [each["used"] for each in ran.results["attestations"]] == [True]
        assert ran.code == 0

    @pytest.mark.parametrize("kind", ["acknowledged", "attested"])
    def test_whose_excuse_has_expired_is_a_mistake_of_the_file(self, payer: Running, tmp_path: Path, kind: str) -> None:
        told = {"reason": "soon"} if kind == "acknowledged" else {"by": "x", "document": "y", "sha256": "0" * 64}
        more = table(kind, INTRUSIVE, TODAY - timedelta(1), **told)
        target = changed(payer.target_file, tmp_path, more=more)

        ran = examine(target, tmp_path / "out", *IDLE)

        line = 1 + target.read_text("utf-8").splitlines().index(f"until = {TODAY - timedelta(1)}")
        assert ran.code == 2
        assert f"{target}:{line}: " in ran.err

    def test_that_is_none_any_more_is_no_excuse(self, payer: Running, tmp_path: Path) -> None:
        more = table("acknowledged", "prior-auth.denial-reason", TODAY + timedelta(30), reason="nothing is denied here")
        target = changed(payer.target_file, tmp_path, more=more)

        ran = examine(target, tmp_path / "out", *DENIALS)

        assert ran.code == 3
        assert ran.verdict("prior-auth.denial-reason") == "pass"
        assert ran.row("prior-auth.denial-reason")["acknowledged_in_vain"] is True
        assert "prior-auth.denial-reason" in ran.said
        assert "acknowledged" in ran.said


class TestAMistakeOfTheCommand:
    @pytest.mark.parametrize(
        ("options", "named"),
        [
            (("--suite", "prior-auth"), "prior_auth"),
            (("--requirement", "prior-auth.denial-reasons"), "prior-auth.denial-reason"),
            (("--guide", "pas=9.9.9"), "2.2.1"),
            (("--guide", "pass=2.2.1"), "pas"),
            (("--guide", "pas"), "NAME=VERSION"),
            (("--as-of", "2027-13-01"), "2027-13-01"),
            (("--scenarios", "nowhere"), "nowhere"),
            (("--baseline", "nowhere.json"), "nowhere.json"),
            (("--include", "everything"), "proposed"),
            (("--samples", "0"), "samples"),
        ],
    )
    def test_ends_with_2_and_says_what_there_is(
        self, payer: Running, tmp_path: Path, options: tuple[str, ...], named: str
    ) -> None:
        ran = examine(payer.target_file, tmp_path / "out", *options)

        assert ran.code == 2
        assert ran.out == ""
        assert named in ran.err
        assert not (tmp_path / "out" / "results.json").exists()

    @pytest.mark.parametrize("option", ["--fault", "--variant"])
    def test_in_the_name_of_a_fault_ends_with_2(self, tmp_path: Path, option: str) -> None:
        ran = conformance("demo", option, "denies_without_reason", folder=tmp_path / "out")

        assert ran.code == 2
        assert "denies_without_reason" in ran.err

    def test_that_selects_nothing_never_ends_with_0(self, payer: Running, tmp_path: Path) -> None:
        ran = examine(payer.target_file, tmp_path / "out", "--suite", "formulary", *DENIALS[2:])

        assert ran.code == 3
        assert "no scenario" in ran.said

    @pytest.mark.parametrize("workers", [("-n", "2"), ("--numprocesses", "auto")])
    def test_in_a_session_of_many_processes_is_a_usage_error(
        self, payer: Running, tmp_path: Path, workers: tuple[str, ...]
    ) -> None:
        pytest.importorskip("xdist")
        ran = session(tmp_path, "-p", "xdist", *workers, "--conformance-target", str(payer.target_file))

        assert ran.returncode == pytest.ExitCode.USAGE_ERROR
        assert "one process" in ran.stderr


class TestATargetFile:
    @pytest.mark.parametrize(
        ("wrong", "line", "expected"),
        [
            ('name = "x"\npayer_type = "hmo"\n[apis.prior-auth]\npas = { "2.2.1" = "http://x/" }\n', 2, "medicaid-mco"),
            ('name = "x"\npayer_type = "ma"\n', 1, "[apis.NAME]"),
            ('name = "x\n', 1, "TOML"),
            ('name = "x"\n[apis.prior-auth]\npas = { "2.2.1" = "ftp://x/" }\n', 3, "http"),
            ('name = "x"\n[apis.prior-auth]\npas = { "7.0.0" = "http://x/" }\n', 3, "2.2.1"),
            ('name = "x"\n[apis.prior-auth]\npas = { "2.2.1" = "http://x/" }\nauth = "none-such"\n', 4, "none-such"),
        ],
    )
    def test_that_is_wrong_ends_with_2_and_names_file_line_and_what_was_expected(
        self, tmp_path: Path, wrong: str, line: int, expected: str
    ) -> None:
        target = tmp_path / "target.toml"
        target.write_text(wrong, "utf-8")

        ran = examine(target, tmp_path / "out")

        assert ran.code == 2
        assert ran.err.startswith(f"conformance: {target}:{line}: ")
        assert expected in ran.err
        assert ran.out == ""

    def test_that_is_not_there_ends_with_2(self, tmp_path: Path) -> None:
        ran = examine(tmp_path / "nowhere.toml", tmp_path / "out")

        assert ran.code == 2
        assert str(tmp_path / "nowhere.toml") in ran.err

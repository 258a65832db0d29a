"""The pytest plugin: every way a scenario can end, the record it leaves, and the sessions it must leave alone."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from conformance.judge import judge
from conformance.plugin import lane_of
from conformance.report.record import fold
from conformance.sandbox.serve import Running, serve
from conformance.verdict import from_json

pytest_plugins = ["pytester"]

PLUGIN = ("-p", "conformance.plugin")
ROWS = """
api = "prior-auth"
["mine.shall"]
text = "Something is so."
shown = "live"
guide = [{ ig = "pas", versions = "*", level = "shall", statement = "mine" }]
["mine.should"]
text = "Something is better so."
shown = "live"
guide = [{ ig = "pas", versions = "*", level = "should", statement = "mine" }]
["mine.later"]
text = "Something is so in a version that is not claimed."
shown = "live"
guide = [{ ig = "pas", versions = ">=9", level = "shall", statement = "mine" }]
"""
HEAD = """
import pytest
from conformance import NonConformance, NotTested, advise, expect, need, only_if, requirement
from conformance.errors import Finding, Unjudgeable
"""


@pytest.fixture(scope="module")
def payer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serve(directory=tmp_path_factory.mktemp("payer")) as running:
        yield running


class Examined:
    """What one session left behind."""

    def __init__(self, result: pytest.RunResult, out: Path) -> None:
        self.result, self.out = result, out
        file = out / "verdicts.jsonl"
        self.lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []

    @property
    def header(self) -> dict[str, Any]:
        return next(line for line in self.lines if line["kind"] == "header")

    @property
    def footer(self) -> dict[str, Any]:
        return next(line for line in self.lines if line["kind"] == "footer")

    @property
    def verdicts(self) -> dict[str, dict[str, Any]]:
        """By the scenario's name, without "test_"."""
        said = [line for line in self.lines if line["kind"] == "verdict"]
        return {line["id"].removeprefix("mine.test_").removesuffix("[pas=2.2.1]"): line for line in said}


@pytest.fixture
def examine(
    tmp_path: Path, payer: Running, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., Examined]:
    """Runs scenarios of one's own against the model payer in a session of their own; ``apart``: in a process, too."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.chdir(tmp_path)
    own, out = tmp_path / "own", tmp_path / "out"
    for folder in (own / "requirements", own / "mine", out):
        folder.mkdir(parents=True)
    (own / "requirements" / "own.toml").write_text(ROWS, "utf-8")

    def run(source: str, *words: str, target: str = "", apart: bool = False, **options: Any) -> Examined:
        given = {"guide": ["pas=2.2.1"], "scenarios": [str(own)], **options}
        (own / "options.json").write_text(json.dumps(given), "utf-8")
        asked = {
            "target": target or str(payer.target_file),
            "options": str(own / "options.json"),
            "out": str(out),
        }
        named = [word for key, value in asked.items() for word in (f"--conformance-{key}", value)]
        file = own / "mine" / f"test_{uuid4().hex}.py"  # of a name of its own: what a process imported it keeps
        file.write_text(HEAD + source, "utf-8")
        # … and without the plugin that would look through all memory of this process five times at each end.
        command = ["-p", "no:cacheprovider", "-p", "no:unraisableexception", *PLUGIN, *named, *words, str(file)]
        capfd.readouterr()
        if apart:
            code = subprocess.run([sys.executable, "-m", "pytest", *command], check=False).returncode
        else:
            code = pytest.main(command)
        said = capfd.readouterr()
        return Examined(pytest.RunResult(code, said.out.splitlines(), said.err.splitlines(), 0), out)

    return run


LAST = """
@requirement("mine.shall", last=True)
def test_it_spoils_what_the_others_need(prior_auth):
    expect(True, "it")

@requirement("mine.shall")
def test_it_holds(prior_auth):
    expect(True, "it")
"""


def test_what_is_to_be_last_is_last(examine: Any) -> None:
    assert list(examine(LAST).verdicts) == ["it_holds", "it_spoils_what_the_others_need"]


# -- every way to end --------------------------------------------------------------------------------------------------

ENDS = """
@requirement("mine.shall")
def test_it_holds(prior_auth):
    answer = prior_auth.submit("approved")

    expect(answer.approved, "an approval")
    advise(False, "a number", at="item[0]", got="words")

@requirement("mine.shall")
def test_it_fails(prior_auth):
    answer = prior_auth.submit("denied")

    expect.each([1, 2, 3], lambda number: number == 2, "two", at=lambda number: f"[{number}]", got=str)

@requirement("mine.should")
def test_it_could_be_better():
    expect(False, "something better", got="Marta Ashgrove of MBR-1001")

@requirement("mine.shall")
def test_nothing_is_there():
    need([], "a denied item", change="cases.prior-auth.denied")

@requirement("mine.shall")
def test_another_requirement_judges_it():
    raise NotTested("the answer cannot be read", because="prior-auth.answers-are-fhir")

@requirement("mine.shall")
def test_it_does_not_apply():
    only_if([], "payers that sell umbrellas")

@requirement("mine.shall")
def test_the_network_is_down():
    raise Unjudgeable("nobody answers", "network")

@requirement("mine.shall")
def test_the_scenario_breaks():
    {}["ours"]

@requirement("mine.shall")
def test_a_plain_assertion_is_ours():
    assert 1 == 2

@requirement("mine.shall")
def test_nothing_is_judged(prior_auth):
    prior_auth.submit("approved")

@requirement("mine.shall")
def test_only_advice_is_given():
    advise(True, "anything")

@requirement("mine.shall")
def test_each_of_nothing():
    expect.each([], lambda each: each, "a reason")

@pytest.fixture
def breaking():
    raise KeyError("ours")

@pytest.fixture
def blaming():
    raise NonConformance([Finding("a fixture that blames nobody", "one that does")])

@requirement("mine.shall")
def test_a_fixture_breaks(breaking):
    expect(True, "anything")

@requirement("mine.shall")
def test_a_fixture_blames_the_payer(blaming):
    expect(True, "anything")

@requirement("mine.shall")
def test_a_fixture_is_missing(nobody):
    expect(True, "anything")

@requirement("mine.later")
def test_it_is_of_another_version():
    expect(True, "anything")
"""

EXPECTED = {
    "it_holds": ("pass", 1, 0, ""),
    "it_fails": ("fail", 3, 2, "payer"),
    "it_could_be_better": ("advisory", 1, 1, "payer"),
    "nothing_is_there": ("not-tested", 0, 0, "your file"),
    "another_requirement_judges_it": ("not-tested", 0, 0, "payer"),
    "it_does_not_apply": ("not-applicable", 0, 0, ""),
    "the_network_is_down": ("error", 0, 0, "network"),
    "the_scenario_breaks": ("error", 0, 0, "us"),
    "a_plain_assertion_is_ours": ("error", 0, 0, "us"),
    "nothing_is_judged": ("error", 0, 0, "us"),
    "only_advice_is_given": ("error", 0, 0, "us"),
    "each_of_nothing": ("error", 0, 0, "us"),
    "a_fixture_breaks": ("error", 0, 0, "us"),
    "a_fixture_blames_the_payer": ("error", 0, 0, "us"),
    "a_fixture_is_missing": ("error", 0, 0, "us"),
}


def test_every_way_a_scenario_can_end(examine, payer):
    examined = examine(ENDS, apart=True)
    verdicts = examined.verdicts

    told = {name: (each["verdict"], each["judged"], each["failed"], each["actor"]) for name, each in verdicts.items()}
    assert told == EXPECTED
    # … and what each says of itself
    assert verdicts["it_fails"]["findings"] == [
        {"expected": "two", "actual": "1", "at": "[1]"}, {"expected": "two", "actual": "3", "at": "[3]"},
    ]  # fmt: skip
    assert verdicts["it_holds"]["advice"] == [{"expected": "a number", "actual": "words", "at": "item[0]"}]
    assert verdicts["nothing_is_there"]["message"] == "needs a denied item"
    assert verdicts["nothing_is_there"]["change"] == "cases.prior-auth.denied"
    assert verdicts["another_requirement_judges_it"]["because"] == "prior-auth.answers-are-fhir"
    assert verdicts["it_does_not_apply"]["message"] == "only applies to payers that sell umbrellas"
    assert verdicts["the_network_is_down"]["message"] == "nobody answers"
    assert verdicts["the_scenario_breaks"]["message"] == "KeyError: 'ours'"
    assert verdicts["nothing_is_judged"]["message"] == "the scenario judged nothing"
    assert verdicts["each_of_nothing"]["message"] == "ValueError: nothing to judge for: a reason"
    assert "NonConformance" in verdicts["a_fixture_blames_the_payer"]["message"]
    assert "nobody" in verdicts["a_fixture_is_missing"]["message"]
    assert all(each["seconds"] >= 0 for each in verdicts.values())
    assert all(each["requirement"].startswith("mine.") for each in verdicts.values())

    # What was sent is written, once for all who looked at it, and each verdict names what it looked at.
    exchanges = [json.loads(line) for line in (examined.out / "exchanges.jsonl").read_text("utf-8").splitlines()]
    by_id = {each["id"]: each for each in exchanges}
    assert len(by_id) == len(exchanges)
    for name, case in (("it_holds", "approved"), ("it_fails", "denied"), ("nothing_is_judged", "approved")):
        seen = [by_id[each] for each in verdicts[name]["exchanges"]]
        assert [each["case"] for each in seen if each["operation"] == "prior-auth.submit"] == [case]
    assert [each["case"] for each in exchanges if each["operation"] == "prior-auth.submit"] == ["approved", "denied"]
    assert not verdicts["the_scenario_breaks"]["exchanges"]

    # To pytest, what is not judged is skipped, and what a fixture breaks an error; another version is left out.
    counted = examined.result.parseoutcomes()
    assert (counted["skipped"], counted["errors"], counted["deselected"]) == (3, 3, 1)

    # Nobody's name stands in any file, message or line of the console.
    console = examined.result.stdout.str() + examined.result.stderr.str()
    for text in (console, *(file.read_text("utf-8") for file in examined.out.iterdir())):
        assert "MBR-1001" not in text.replace(ENDS, "")
        assert not [line for line in text.splitlines() if "Ashgrove" in line and "got=" not in line]
    assert verdicts["it_could_be_better"]["findings"][0]["actual"] == "member-1 member-1 of member-1"


def test_what_judged_nothing_has_not_passed_for_pytest_either(examine):
    examined = examine('@requirement("mine.shall")\ndef test_x():\n    advise(True, "anything")\n')

    assert examined.verdicts["x"]["verdict"] == "error"
    assert "passed" not in examined.result.parseoutcomes()


# -- the record --------------------------------------------------------------------------------------------------------

TWO = """
@requirement("mine.shall")
def test_one(prior_auth):
    expect(prior_auth.submit("approved").approved, "an approval")

@requirement("mine.shall")
def test_two(prior_auth):
    expect(prior_auth.submit("approved").approved, "an approval")
"""


def test_the_plan_is_written_before_the_first_request(examine, payer, tmp_path):
    record, seen = tmp_path / "out" / "verdicts.jsonl", []
    clean = payer.stage.current

    async def watching(scope, receive, send):
        seen.append(record.read_text("utf-8") if record.exists() else "")
        await clean(scope, receive, send)

    payer.mount(watching)
    try:
        examined = examine(TWO, guide=[])
    finally:
        payer.mount(clean)

    assert seen
    assert seen[0].endswith("\n")
    first = [json.loads(line) for line in seen[0].splitlines()]
    assert [line["kind"] for line in first] == ["header"]
    (row,) = [row for row in first[0]["requirements"] if row["id"] == "mine.shall"]
    assert row["planned"] == [
        "mine.test_one[pas=2.0.1]", "mine.test_one[pas=2.2.1]", "mine.test_two[pas=2.0.1]", "mine.test_two[pas=2.2.1]",
    ]  # fmt: skip
    assert set(row["planned"]) == {line["id"] for line in examined.lines if line["kind"] == "verdict"}


def test_the_record_says_who_was_examined_how_and_when(examine, payer):
    examined = examine(TWO, as_of="2027-03-01", requirement=["mine.shall"], shown={"guide": ["pas=2.2.1"]})
    header = examined.header

    assert header["target"]["name"] == "Model payer"
    assert header["target"]["payer_type"] == "ma"
    assert header["target"]["guides"]["pas"] == ["2.2.1"]
    assert f"{payer.base_url}/pas/2.2.1" in header["target"]["base_urls"]
    assert len(header["target"]["sha256"]) == len(header["harness"]["catalogue_sha256"]) == 64
    assert header["as_of"] == "2027-03-01"
    assert header["options"] == {"guide": ["pas=2.2.1"]}
    assert header["clock"] == {"offset_seconds": 0.0}
    assert [row["id"] for row in header["requirements"]] == ["mine.shall"]
    assert [line["kind"] for line in examined.lines] == ["header", "verdict", "verdict", "footer"]
    assert examined.footer["interrupted"] is False
    assert examined.footer["finished"] >= header["started"]
    (latency,) = examined.footer["latency"]
    assert (latency["operation"], latency["count"]) == ("prior-auth.submit", 1)
    assert fold(examined.out)["exit_code"] == 0


def test_a_run_that_is_interrupted_is_told_as_cut_short(examine):
    interrupted = "def test_two(prior_auth):\n    raise KeyboardInterrupt\n"
    examined = examine(TWO.replace("def test_two(prior_auth):\n", interrupted), apart=True)

    assert examined.footer["interrupted"] is True
    assert set(examined.verdicts) == {"one"}
    results = fold(examined.out)
    assert (results["complete"], results["exit_code"]) == (False, 3)
    (row,) = [row for row in results["requirements"] if row["id"] == "mine.shall"]
    assert [each["verdict"] for each in row["scenarios"]] == ["pass", "not-tested"]


def test_what_was_planned_is_known_after_a_kill(examine):
    killed = "def test_two(prior_auth):\n    import os, signal; os.kill(os.getpid(), signal.SIGKILL)\n"
    examined = examine(TWO.replace("def test_two(prior_auth):\n", killed), apart=True)

    assert [line["kind"] for line in examined.lines] == ["header", "verdict"]
    verdicts = [from_json(line) for line in examined.lines if line["kind"] == "verdict"]
    judged = judge(examined.header, verdicts, finished=False)
    assert (judged["exit_code"], judged["complete"]) == (3, False)


def test_the_plan_alone_sends_nothing(examine, payer):
    clean, asked = payer.stage.current, []

    async def watching(scope, receive, send):
        asked.append(scope["path"])
        await clean(scope, receive, send)

    payer.mount(watching)
    try:
        examined = examine(TWO, "--collect-only", apart=True)
    finally:
        payer.mount(clean)

    assert [line["kind"] for line in examined.lines] == ["header"]
    assert asked == []


def test_only_what_is_asked_for_runs(examine):
    both = TWO + '\n@requirement("mine.should")\ndef test_three():\n    expect(True, "anything")\n'

    assert set(examine(both, requirement=["mine.should"]).verdicts) == {"three"}
    assert set(examine(both, suite=["elsewhere"]).verdicts) == set()
    assert set(examine(both, suite=["mine"]).verdicts) == {"one", "two", "three"}


# -- usage errors ------------------------------------------------------------------------------------------------------

USAGE = pytest.ExitCode.USAGE_ERROR


@pytest.mark.parametrize(
    ("target", "words", "told"),
    [
        ("no-such-file.toml", (), "*no-such-file.toml*"),
        ("wrong.toml", (), "*wrong.toml:2:*"),
        ("", ("-p", "xdist", "-n", "2"), "*a conformance run is one process*"),
    ],
)
def test_a_mistake_of_usage_is_told_before_anything_runs(examine, tmp_path, target, words, told):
    (tmp_path / "wrong.toml").write_text('name = "x"\nenvironment = "tset"\n', "utf-8")
    examined = examine(TWO, *words, target=target, apart=True)

    assert examined.result.ret == USAGE
    examined.result.stderr.fnmatch_lines([told])
    assert examined.lines == []


def test_a_version_that_nobody_claims_is_a_usage_error(examine):
    examined = examine(TWO, guide=["pas=1.0.0"])

    assert examined.result.ret == USAGE
    examined.result.stderr.fnmatch_lines(["*--guide pas=1.0.0: the target claims pas in 2.0.1, 2.2.1 only*"])


@pytest.mark.parametrize("guide", ["pas", ""])
def test_a_guide_needs_a_version(examine, guide):
    examined = examine(TWO, guide=[guide])

    assert examined.result.ret == USAGE
    examined.result.stderr.fnmatch_lines(["*--guide takes NAME=VERSION*"])


def test_a_scenario_of_an_unknown_requirement_is_a_usage_error(examine):
    examined = examine('@requirement("mine.unheard-of")\ndef test_x():\n    expect(True, "anything")\n')

    assert examined.result.ret == USAGE
    examined.result.stderr.fnmatch_lines(["*test_x judges the requirement 'mine.unheard-of'*"])


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        ("https://a.test/pas", "https://a.test/pas", True),
        ("https://a.test/pas", "https://a.test/drugs", False),
        ("http://127.0.0.1:8000/pas", "http://127.0.0.1:8000/drugs", True),
        ("http://127.0.0.1:8000/pas", "http://127.0.0.1:8001/pas", False),
        ("", "", True),  # folders
    ],
)
def test_base_urls_share_a_lane_where_one_server_may_serve_one_connection(one, other, together):
    assert (lane_of(one) == lane_of(other)) is together


@pytest.mark.parametrize(("base_url", "together"), [("https://a.test/pas", False), ("http://a.test/pas", True)])
def test_what_may_run_beside_the_rest_has_a_lane_of_its_own_where_that_is_allowed(base_url, together):
    assert (lane_of(base_url) == lane_of(base_url, beside=True)) is together


def test_a_test_that_is_no_scenario_is_a_usage_error(examine):
    examined = examine(
        '@requirement("mine.shall")\ndef test_x(prior_auth):\n    pass\n\ndef test_y():\n    assert True\n'
    )

    assert examined.result.ret == USAGE
    examined.result.stderr.fnmatch_lines(["*test_y judges no requirement*"])
    assert not (examined.out / "exchanges.jsonl").read_text("utf-8")


def test_a_fixture_may_say_that_nothing_can_be_judged(examine):
    fixture = (
        '@pytest.fixture\ndef denied():\n    raise NotTested("needs a denial", change="cases.prior-auth.denied")\n'
    )
    examined = examine(fixture + '@requirement("mine.shall")\ndef test_x(denied):\n    expect(True, "anything")\n')

    told = examined.verdicts["x"]
    assert (told["verdict"], told["change"]) == ("not-tested", "cases.prior-auth.denied")


@pytest.mark.parametrize("word", ["skip", "fail"])
def test_pytests_own_words_leave_a_verdict_too(examine, word):
    examined = examine(f'@requirement("mine.shall")\ndef test_x():\n    pytest.{word}("in pytest\'s own words")\n')

    assert set(examined.verdicts) == {"x"}


# -- strangers ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def stranger(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A test session that has nothing to do with payers; the plugin is installed in its environment."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    return pytester


def test_a_strangers_session_imports_nothing_of_ours_but_the_plugin(stranger):
    stranger.makepyfile(
        """
        import sys

        def test_modules():
            ours = {name for name in sys.modules if name.split(".")[0] == "conformance"}
            # The package itself brings its public names, of the lowest layer; the plugin what it is made of.
            names = {"conformance"} | {f"conformance.{each}" for each in ("errors", "expect", "plugin", "scenarios")}
            assert ours <= names
            heavy = {"httpx", "fhir", "allure", "allure_commons", "jsonschema", "starlette", "joserfc", "click"}
            assert not heavy & set(sys.modules)

        def test_plugins(pytestconfig):
            names = {name for name, _ in pytestconfig.pluginmanager.list_name_plugin() if "conformance" in name}
            assert names == {"conformance.plugin"}
        """
    )
    result = stranger.runpytest_subprocess(*PLUGIN)

    result.assert_outcomes(passed=2)


def test_a_strangers_names_are_its_own(stranger):
    stranger.makepyfile(
        """
        import pytest

        @pytest.fixture
        def subject():
            return "mathematics"

        @pytest.mark.parametrize("claim", ["two", "three"])
        def test_its_own_fixtures(subject, claim, request):
            assert subject == "mathematics"
            assert claim in ("two", "three")
            with pytest.raises(pytest.FixtureLookupError):
                request.getfixturevalue("prior_auth")

        @pytest.mark.xfail(strict=True)
        def test_that_fails():
            assert False
        """
    )
    result = stranger.runpytest_subprocess(*PLUGIN)

    result.assert_outcomes(passed=2, xfailed=1)
    assert not list(stranger.path.rglob("*.jsonl"))


def test_a_stranger_may_use_several_processes(stranger):
    stranger.makepyfile("def test_x():\n    pass\n")

    stranger.runpytest_subprocess(*PLUGIN, "-p", "xdist", "-n", "2").assert_outcomes(passed=1)

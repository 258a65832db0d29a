"""The catalogue: complete against the facts, strict about its own form, right about who is bound when."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest
from shared_data import DATA

from conformance import catalogue_file, guides, paths
from conformance.catalogue import Catalogue, Requirement, Standing, first_period, load, reaches, standing
from conformance.errors import UsageError
from conformance.target import Api, Claim, PayerType, Target

FACTS = DATA.parent / "facts"
needs_facts = pytest.mark.skipif(
    not FACTS.is_dir(), reason="the collected facts are not here; see tests/shared_data.py"
)
MAIN = {"prior-auth": ("pas",), "formulary": ("usdf",), "payer-to-payer": ("hrex", "pdex")}
FIVE = ("patient-access", "payer-to-payer", "prior-auth", "provider-access", "provider-directory")

# Every rule that the facts know (facts/regulation.json): none may be missing here, silently or otherwise.
RULES = {
    "CMS-9115-F": """PAT-ACCESS PAT-CLAIMS-1BD PAT-ENCOUNTER-1BD PAT-CLINICAL-1BD PAT-PARTD-CLAIMS-1BD FORMULARY-UM
        PDL-1BD HISTORY-2016 TECH-STD UPDATED-VERSION ROUTINE-TEST DOC-PUBLIC APP-DENIAL MEMBER-EDU DIR-PUBLIC
        DIR-CONTENT DIR-PHARMACY DIR-30D""",
    "CMS-0057-F": """PA-TIMEFRAME-STD PA-TIMEFRAME-EXP PA-EXTENSION PA-DENIAL-REASON PAT-PA-CONTENT PAT-PA-1BD-REQUEST
        PAT-PA-1BD-STATUS PAT-PA-RETAIN-1Y PAT-USAGE-METRICS PRV-STD PRV-1BD PRV-NO-REMIT PRV-ATTRIBUTION PRV-OPTOUT
        PRV-EDU P2P-STD P2P-OPTIN P2P-IDENTIFY P2P-REQUEST-1W P2P-ATTEST P2P-5Y P2P-EXCLUDE P2P-UNSTRUCTURED
        P2P-RESPOND-1BD P2P-QUARTERLY P2P-INCORPORATE PAAPI-STD PAAPI-LIST PAAPI-DOCS PAAPI-EXCHANGE PAAPI-DECISION
        PAAPI-DENIAL-REASON METRICS-POST METRICS-CONSISTENT EXT-EXEMPT""",
    "PARTD": "CD-STD-72H CD-EXP-24H ERX-STD",
    "MA": "PARTB-DRUG",
    "SSA": "1927-24H 1927-72H-SUPPLY",
    "QHP": "FORMULARY-EXC DRUG-JSON",
    "CMS-0062-P": """DRUG-TIMEFRAME-QHP DRUG-TIMEFRAME-CHIP-FFS DRUG-TIMEFRAME-MEDICAID DRUG-DENIAL-REASON
        DRUG-PAAPI-MEDICAL DRUG-NCPDP DRUG-PAT-DATA IG-REQUIRED IG-EXPIRY ENDPOINT-REPORT ENDPOINT-UPDATE USAGE-METRICS
        METRICS-COUNTS METRICS-DRUG SHOP-SCOPE HIPAA-278""",
    "ALLIANCE": "REALTIME GRANULAR ENFORCE STEP INTEGRATED",
}
RULE_IDS = {f"{source}/{name}" for source, names in RULES.items() for name in names.split()}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load([paths.suites() / "requirements"])


def of_rule(catalogue: Catalogue, rule: str) -> list[Requirement]:
    return [row for row in catalogue.requirements.values() if row.rule == rule]


# ---- the rows as they are


def test_all_82_rules_have_rows_and_no_row_an_unknown_rule(catalogue: Catalogue) -> None:
    assert len(RULE_IDS) == 82
    rows = [row for row in catalogue.requirements.values() if row.kind == "law" and row.status.state != "contract"]
    assert {row.rule for row in rows} == RULE_IDS


def test_every_row_has_a_text_and_a_source(catalogue: Catalogue) -> None:
    for row in catalogue.requirements.values():
        assert row.text, row.id
        assert all(law.cite for law in row.law), row.id
        assert all(said.statement for said in row.guide), row.id
        assert bool(row.law) != bool(row.guide), row.id
        assert bool(row.shown) != bool(row.untested), row.id
        assert row.law == () or row.status.as_of == date(2026, 11, 21), row.id
    texts = [(row.api, row.text) for row in catalogue.requirements.values()]
    assert len(texts) == len(set(texts))


def test_a_row_says_in_which_line_it_stands(catalogue: Catalogue) -> None:
    for row in catalogue.requirements.values():
        assert row.line is not None
        assert Path(row.file).read_text("utf-8").splitlines()[row.line - 1] == f'["{row.id}"]'


def test_cites_name_the_part_of_the_cfr_that_binds_that_payer(catalogue: Catalogue) -> None:
    part = {"ma": r"42[23]", "medicaid-ffs": "431|440", "medicaid-mco": "438", "chip-ffs": r"457", "chip-mco": r"457"}
    part |= {"qhp-ffe": "156", "qhp-shop": "156"}
    for row in catalogue.requirements.values():
        for law in (law for law in row.law if re.match(r"4[25] CFR", law.cite)):
            for payer in law.payers:
                assert re.match(rf"4[25] CFR ({part[payer]})\.", law.cite), (row.id, law)


def test_counted_rules_are_counted_for_those_who_have_such_periods(catalogue: Catalogue) -> None:
    basis = {
        "medicaid-mco": "rating-period",
        "chip-mco": "rating-period",
        "qhp-ffe": "plan-year",
        "qhp-shop": "plan-year",
    }
    for law in (law for row in catalogue.requirements.values() for law in row.law if law.counted_from):
        assert {basis.get(payer) for payer in law.payers} == {law.counted_from}
    denial = catalogue.requirements["prior-auth.denial-reason"]
    assert {law.counted_from for law in denial.law} == {"", "rating-period", "plan-year"}


def test_law_names_the_payers_that_can_be_named_in_a_target() -> None:
    assert set(catalogue_file.PAYERS) == set(get_args(PayerType))


def test_every_guide_row_reaches_a_version_that_the_suites_know(catalogue: Catalogue) -> None:
    known = guides.load(paths.suites() / "guides")
    for row in catalogue.requirements.values():
        for said in row.guide:
            assert any(ig == said.ig and said.holds(version) for ig, version in known), (row.id, said)


def test_versions_of_a_guide_row_do_not_contradict_each_other(catalogue: Catalogue) -> None:
    known = guides.load(paths.suites() / "guides")
    for row in catalogue.requirements.values():
        for ig, version in known:
            levels = {said.level for said in row.guide if said.ig == ig and said.holds(version)}
            assert len(levels) < 2, (row.id, ig, version)


PAYER_NAMES = {"MA": "ma", "MFFS": "medicaid-ffs", "MMC": "medicaid-mco", "CFFS": "chip-ffs", "CMC": "chip-mco"}
PAYER_NAMES |= {"QHP": "qhp-ffe", "SHOP": "qhp-shop"}
ALL_SEVEN = set(PAYER_NAMES.values())


def named_payers(text: str) -> set[str]:
    """The payers a fact names; "same" and the like are the seven of CMS-0062-P, Part D is MA plans here."""
    if text.startswith(("same", "all HIPAA", "-")):
        return ALL_SEVEN
    plain = text.partition("(")[0].replace("Part D / MA-PD", "MA")
    return {PAYER_NAMES[each.strip()] for each in plain.split(",")}


@needs_facts
def test_rows_bind_the_payers_and_carry_the_confidence_of_the_facts(catalogue: Catalogue) -> None:
    confidences = {"V": "verified", "S": "secondary", "R": "unverified", "V/R": "unverified", "S/R": "unverified"}
    confidences["derived"] = "secondary"
    doubted = {"drug-decisions.benefit-standards"}  # its date is from memory: less sure than its rule
    for fact in json.loads((FACTS / "regulation.json").read_text("utf-8")):
        rows = of_rule(catalogue, fact["id"])
        bound = {payer for row in rows for law in row.law for payer in law.payers}
        # Covered drugs are one row for both rules that ask for them; its fee-for-service entries are of the second.
        second = {"medicaid-ffs", "chip-ffs"} if fact["id"] == "CMS-9115-F/FORMULARY-UM" else set()
        assert bound - second == named_payers(fact["payers"]), fact["id"]
        for row in (row for row in rows if row.id not in doubted):
            assert row.status.confidence == confidences[fact["conf"]], row.id
            assert row.status.state == {"PROPOSED": "proposed", "adv": "advocacy"}.get(
                "adv" if fact["level"].startswith("adv") else fact["level"], "final"
            ), row.id


@needs_facts
def test_rows_begin_when_the_facts_say(catalogue: Catalogue) -> None:
    for fact in json.loads((FACTS / "regulation.json").read_text("utf-8")):
        if day := re.match(r"(\d{4}-\d\d-\d\d)", fact["effective"]):
            for law in (
                law for row in of_rule(catalogue, fact["id"]) for law in row.law if "qhp-shop" not in law.payers
            ):
                assert law.from_ == date.fromisoformat(day[1]), (fact["id"], law)
        if "rating period" in fact["effective"]:
            counted = {law.counted_from for row in of_rule(catalogue, fact["id"]) for law in row.law}
            assert "rating-period" in counted, fact["id"]


@needs_facts
def test_statement_keys_are_real_and_no_row_is_stricter_than_its_guide(catalogue: Catalogue) -> None:
    said: dict[tuple[str, str], str] = {}
    with (FACTS / "guide-statements-pas-crd-dtr.csv").open(encoding="utf-8") as lines:
        said |= {(line["ig"].lower(), line["key"]): line["conformance"] for line in csv.DictReader(lines)}
    narrative = json.loads((DATA / "examples" / "hrex-1.2.0" / "Requirements-fromNarrative.json").read_text("utf-8"))
    said |= {("hrex", each["key"]): " ".join(each["conformance"]) for each in narrative["statement"]}
    said["pas", "spec-35"] = "SHALL"  # in the guide, not in the list of the payer's statements
    keyed = re.compile(
        r"(spec|mm|sec|ep|ainfo|conf|dev|found|hook|metric|oper|priv|prof|prof-ben|prof-sub|resp|use)-\d+"
    )
    rows = [
        (row.id, each)
        for row in catalogue.requirements.values()
        for each in row.guide
        if keyed.fullmatch(each.statement)
    ]
    assert len(rows) > 20
    for name, each in rows:
        assert each.level in ("should", "may") or "SHALL" in said[each.ig, each.statement], (name, each)


# ---- standing


def plan(payer_type: PayerType | None, **facts: Any) -> Target:
    return Target("a plan", payer_type=payer_type, **facts)


def claiming(api: str, **versions: str) -> Target:
    guide = {ig: {version.replace("_", "."): f"https://payer.example/{ig}"} for ig, version in versions.items()}
    return Target("a plan", payer_type="ma", apis={api: Api(api, guides=guide)})


def stands(catalogue: Catalogue, name: str, target: Target, day: str, *include: str) -> Standing:
    return standing(catalogue.requirements[name], target, date.fromisoformat(day), frozenset(include))


def test_a_calendar_rule_begins_on_its_day(catalogue: Catalogue) -> None:
    before = stands(catalogue, "prior-auth.denial-reason", plan("ma"), "2026-12-31")
    assert (before.state, before.since) == ("upcoming", date(2027, 1, 1))
    on = stands(catalogue, "prior-auth.denial-reason", plan("ma"), "2027-01-01")
    assert on == Standing("in-force", date(2027, 1, 1), ("42 CFR 422.122(b)(4)(ii)",), "shall", "")


def test_a_rating_period_rule_begins_with_the_first_period_on_or_after_its_day(catalogue: Catalogue) -> None:
    later = plan("medicaid-mco", rating_period_start=date(2027, 7, 1))
    assert stands(catalogue, "prior-auth.denial-reason", later, "2027-06-30").state == "upcoming"
    now = stands(catalogue, "prior-auth.denial-reason", later, "2027-07-01")
    assert (now.state, now.since, now.cites) == ("in-force", date(2027, 7, 1), ("42 CFR 438.242(b)(7)",))
    assert "rating period that begins on 2027-07-01" in now.note


def test_a_rating_period_that_began_before_the_rule_is_not_yet_bound(catalogue: Catalogue) -> None:
    running = plan("chip-mco", rating_period_start=date(2026, 9, 1))
    assert stands(catalogue, "prior-auth.denial-reason", running, "2027-08-31").state == "upcoming"
    assert stands(catalogue, "prior-auth.denial-reason", running, "2027-09-01").since == date(2027, 9, 1)


def test_a_rule_of_2026_binds_a_plan_that_names_its_period_of_2027(catalogue: Catalogue) -> None:
    named = plan("medicaid-mco", rating_period_start=date(2027, 7, 1))
    clock = stands(catalogue, "prior-auth.decision-time-standard", named, "2027-02-01")
    assert (clock.state, clock.since) == ("in-force", date(2026, 7, 1))


def test_a_period_that_is_not_named_is_taken_to_begin_on_the_day_and_says_so(catalogue: Catalogue) -> None:
    for payer, key in (("medicaid-mco", "rating_period_start"), ("qhp-ffe", "plan_year_start")):
        assumed = stands(catalogue, "prior-auth.decision", plan(payer), "2027-01-01")
        assert (assumed.state, assumed.since) == ("in-force", date(2027, 1, 1))
        assert key in assumed.note
        assert "2027-01-01" in assumed.note


def test_a_plan_year_rule_is_counted_from_the_plan_year_and_not_the_rating_period(catalogue: Catalogue) -> None:
    issuer = plan("qhp-ffe", plan_year_start=date(2027, 3, 1), rating_period_start=date(2026, 1, 1))
    assert stands(catalogue, "payer-to-payer.standards", issuer, "2027-02-28").state == "upcoming"
    assert stands(catalogue, "payer-to-payer.standards", issuer, "2027-03-01").state == "in-force"
    assert (
        stands(catalogue, "payer-to-payer.standards", plan("ma", plan_year_start=date(2027, 3, 1)), "2027-01-01").note
        == ""
    )


@pytest.mark.parametrize(
    ("start", "day", "first"),
    [
        ("2026-07-01", "2027-01-01", "2027-07-01"),
        ("2030-07-01", "2027-01-01", "2027-07-01"),
        ("2027-01-01", "2027-01-01", "2027-01-01"),
        ("2024-02-29", "2027-01-01", "2027-03-01"),
        ("2026-12-31", "2027-12-31", "2027-12-31"),
    ],
)
def test_periods_are_yearly(start: str, day: str, first: str) -> None:
    assert first_period(date.fromisoformat(start), date.fromisoformat(day)) == date.fromisoformat(first)


def test_a_rule_for_part_d_binds_only_plans_that_offer_it(catalogue: Catalogue) -> None:
    for name in ("formulary.covered-drugs", "formulary.prior-authorization-flag", "provider-directory.pharmacies"):
        assert stands(catalogue, name, plan("ma", part_d=True), "2026-11-21").state == "in-force"
        without = stands(catalogue, name, plan("ma"), "2026-11-21")
        assert without.state == "not-applicable"
        assert "part_d" in without.note


def test_tiers_and_flags_are_law_for_part_d_only_and_covered_drugs_for_fee_for_service_too(
    catalogue: Catalogue,
) -> None:
    for payer in ("medicaid-ffs", "chip-ffs"):
        assert stands(catalogue, "formulary.covered-drugs", plan(payer), "2026-11-21").state == "in-force"
        assert stands(catalogue, "formulary.step-therapy-flag", plan(payer), "2026-11-21").state == "not-applicable"
        assert stands(catalogue, "formulary.tier", plan(payer), "2026-11-21").state == "not-applicable"
    for payer in ("medicaid-mco", "chip-mco", "qhp-ffe", "qhp-shop"):
        assert (
            stands(catalogue, "formulary.covered-drugs", plan(payer, part_d=True), "2026-11-21").state
            == "not-applicable"
        )


def test_issuers_have_no_clock_for_items_but_owe_a_reason(catalogue: Catalogue) -> None:
    issuer = plan("qhp-ffe", plan_year_start=date(2027, 1, 1))
    assert stands(catalogue, "prior-auth.decision-time-standard", issuer, "2028-01-01").state == "not-applicable"
    assert stands(catalogue, "prior-auth.decision-time-expedited", issuer, "2028-01-01").state == "not-applicable"
    assert stands(catalogue, "prior-auth.denial-reason-any-channel", issuer, "2026-11-21").state == "in-force"


def test_a_rule_ends_after_its_last_day_and_the_next_takes_over(catalogue: Catalogue) -> None:
    drugs = plan("ma", part_d=True)
    assert stands(catalogue, "drug-decisions.script-until-2028", drugs, "2027-12-31").state == "in-force"
    assert stands(catalogue, "drug-decisions.script-from-2028", drugs, "2027-12-31").state == "upcoming"
    ended = stands(catalogue, "drug-decisions.script-until-2028", drugs, "2028-01-01")
    assert ended.state == "not-applicable"
    assert "2027-12-31" in ended.note
    assert stands(catalogue, "drug-decisions.script-from-2028", drugs, "2028-01-01").state == "in-force"


def test_without_a_payer_type_no_law_is_said_to_bind(catalogue: Catalogue) -> None:
    for row in (row for row in catalogue.requirements.values() if row.kind == "law"):
        unknown = standing(row, plan(None, part_d=True), date(2030, 1, 1), frozenset({"proposed", "advocacy"}))
        assert unknown.state == "not-applicable", row.id
        assert "payer_type" in unknown.note


def test_a_citation_nobody_read_never_decides(catalogue: Catalogue) -> None:
    doubted = [row for row in catalogue.requirements.values() if row.status.confidence == "unverified"]
    assert len(doubted) >= 6
    for row in doubted:
        for payer in get_args(PayerType):
            state = standing(row, plan(payer, part_d=True), date(2030, 1, 1)).state
            assert state in ("unverified", "not-applicable"), (row.id, payer)
    assert stands(catalogue, "payer-to-payer.incorporated", plan("ma"), "2028-01-01").state == "unverified"


def test_proposals_and_wishes_keep_their_state_and_say_whether_they_run(catalogue: Catalogue) -> None:
    for name, state in (("drug-decisions.issuer-decision", "proposed"), ("metrics.granular", "advocacy")):
        left_out = stands(catalogue, name, plan("qhp-ffe"), "2029-01-01")
        included = stands(catalogue, name, plan("qhp-ffe"), "2029-01-01", state)
        assert left_out.state == included.state == state
        assert f"--include {state}" in left_out.note
        assert "never decides" in included.note
    assert stands(catalogue, "drug-decisions.issuer-decision", plan("ma"), "2029-01-01").state == "not-applicable"
    undated = stands(catalogue, "discovery.endpoints-reported", plan("ma"), "2026-11-21")
    assert (undated.state, undated.since) == ("proposed", None)


def test_small_group_issuers_are_bound_by_no_final_rule(catalogue: Catalogue) -> None:
    for row in catalogue.requirements.values():
        state = standing(row, plan("qhp-shop"), date(2030, 1, 1)).state
        assert state in ("proposed", "advocacy", "not-applicable"), row.id


def test_a_guide_row_stands_where_a_version_it_names_is_claimed(catalogue: Catalogue) -> None:
    older, newer = claiming("prior-auth", pas="2_0_1"), claiming("prior-auth", pas="2_2_1")
    assert stands(catalogue, "pas.response-identifier", older, "2026-11-21").state == "not-applicable"
    assert "pas >=2.2" in stands(catalogue, "pas.response-identifier", older, "2026-11-21").note
    now = stands(catalogue, "pas.response-identifier", newer, "2026-11-21")
    assert now == Standing("in-force", None, ("pas 2.2.1: profile-pas-response-bundle",), "shall", "")
    assert stands(catalogue, "pas.item-sequence-echo", older, "2026-11-21").cites == (
        "pas 2.0.1: profile-claimresponse",
    )
    assert stands(catalogue, "pas.item-sequence-echo", newer, "2026-11-21").cites == ("pas 2.2.1: spec-34",)
    assert stands(catalogue, "pas.authorization-number", newer, "2026-11-21").level == "should"


def test_a_guide_row_needs_no_payer_type(catalogue: Catalogue) -> None:
    anyone = replace(claiming("payer-to-payer", hrex="1_2_0"), payer_type=None)
    assert stands(catalogue, "payer-to-payer.no-match", anyone, "2026-11-21").state == "in-force"


TWO_LEVELS = """
api = "prior-auth"
["pas.sharper"]
text = "It is so."
shown = "live"
guide = [
  { ig = "pas", versions = "<2.2", level = "should", statement = "a" },
  { ig = "pas", versions = ">=2.2", level = "shall", statement = "b" },
]
"""


def test_the_level_is_that_of_the_claimed_versions_and_the_strictest_of_several(tmp_path: Path) -> None:
    row = written(tmp_path, TWO_LEVELS).requirements["pas.sharper"]
    day = date(2026, 11, 21)
    assert standing(row, claiming("prior-auth", pas="2_0_1"), day).level == "should"
    both = Api("prior-auth", guides={"pas": {"2.0.1": "https://payer.example/a", "2.2.1": "https://payer.example/b"}})
    at_both = standing(row, Target("a plan", apis={"prior-auth": both}), day)
    assert (at_both.level, at_both.cites) == ("shall", ("pas 2.0.1: a", "pas 2.2.1: b"))


# ---- what law demands, and where a scenario runs


@pytest.mark.parametrize(
    ("payer", "day", "demanded"),
    [
        ("ma", "2020-12-31", ()),
        ("ma", "2026-12-31", ("patient-access", "provider-directory")),
        ("ma", "2027-01-01", FIVE),
        ("medicaid-ffs", "2027-01-01", FIVE),
        ("medicaid-mco", "2027-06-30", ("patient-access", "provider-directory")),
        ("medicaid-mco", "2027-07-01", FIVE),
        ("chip-ffs", "2027-01-01", FIVE),
        ("chip-mco", "2027-07-01", FIVE),
        ("qhp-ffe", "2026-12-31", ("drug-files", "patient-access")),
        ("qhp-ffe", "2027-01-01", ("drug-files", "patient-access", "payer-to-payer", "prior-auth", "provider-access")),
        ("qhp-shop", "2030-01-01", ()),
        (None, "2030-01-01", ()),
    ],
)
def test_the_apis_that_law_demands(
    catalogue: Catalogue, payer: PayerType | None, day: str, demanded: tuple[str, ...]
) -> None:
    target = plan(payer, rating_period_start=date(2027, 7, 1), plan_year_start=date(2027, 1, 1))
    assert catalogue.required_apis(target, date.fromisoformat(day)) == demanded


def test_the_clocks_of_2026_demand_no_api(catalogue: Catalogue) -> None:
    assert stands(catalogue, "prior-auth.decision-time-standard", plan("ma"), "2026-11-21").state == "in-force"
    assert "prior-auth" not in catalogue.required_apis(plan("ma"), date(2026, 11, 21))


CLAIMS = (
    Claim("prior-auth", "pas", "2.0.1", "https://payer.example/a"),
    Claim("prior-auth", "pas", "2.2.1", "https://payer.example/b"),
    Claim("prior-auth", "smart", "2.2.0", "https://payer.example/b"),
    Claim("formulary", "usdf", "2.1.0", "https://payer.example/c"),
    Claim("provider-access", "hrex", "1.2.0", "https://payer.example/d"),
)


def reached(catalogue: Catalogue, name: str) -> list[str]:
    return [claim.label for claim in reaches(catalogue.requirements[name], CLAIMS, MAIN)]


def test_law_is_examined_at_the_main_guide_of_its_api(catalogue: Catalogue) -> None:
    assert reached(catalogue, "prior-auth.denial-reason") == ["pas=2.0.1", "pas=2.2.1"]
    assert reached(catalogue, "formulary.tier") == ["usdf=2.1.0"]
    assert reached(catalogue, "payer-to-payer.standards") == []
    assert reached(catalogue, "patient-access.api") == []


def test_a_guide_row_is_examined_where_its_version_is_claimed(catalogue: Catalogue) -> None:
    assert reached(catalogue, "pas.response-identifier") == ["pas=2.2.1"]
    assert reached(catalogue, "smart.configuration") == ["smart=2.2.0"]
    assert reached(catalogue, "payer-to-payer.no-match") == []  # another API claims that guide


def test_discovery_reaches_every_api(catalogue: Catalogue) -> None:
    assert reached(catalogue, "discovery.tls-version") == ["pas=2.0.1", "pas=2.2.1", "usdf=2.1.0", "hrex=1.2.0"]


# ---- the form of the files

GOOD = """api = "prior-auth"

["prior-auth.reason"]
text = "A denial states a reason."
rule = "CMS-0057-F/PAAPI-DENIAL-REASON"
level = "shall"
scope = "items"
shown = "live"
law = [{ payers = ["ma"], cite = "42 CFR 422.122(b)", from = 2027-01-01 }]
status = { state = "final", as_of = 2026-11-21, confidence = "verified" }

["pas.echo"]
text = "Each item repeats its number."
shown = "live"
guide = [{ ig = "pas", versions = ">=2.0.1", level = "shall", statement = "spec-34" }]
"""


def written(folder: Path, text: str, name: str = "rows.toml") -> Catalogue:
    (folder / name).write_text(text, encoding="utf-8")
    return load([folder])


def test_rows_are_read_as_they_stand(tmp_path: Path) -> None:
    read = written(tmp_path, GOOD)
    row = read.requirements["prior-auth.reason"]
    assert (row.api, row.kind, row.level, row.scope, row.shown, row.untested) == (
        "prior-auth",
        "law",
        "shall",
        "items",
        "live",
        "",
    )
    assert row.law == (catalogue_file.Law(("ma",), "42 CFR 422.122(b)", date(2027, 1, 1)),)
    assert (row.line, read.requirements["pas.echo"].line) == (3, 12)
    assert read.requirements["pas.echo"].kind == "guide"
    assert [each.id for each in read.of_api("prior-auth")] == ["prior-auth.reason", "pas.echo"]
    assert read.of_api("formulary") == ()


def test_the_digest_changes_with_any_word(tmp_path: Path) -> None:
    one = written(tmp_path, GOOD).sha256
    assert written(tmp_path, GOOD).sha256 == one
    assert written(tmp_path, GOOD.replace("states", "gives")).sha256 != one


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('scope = "items"', 'scope = "item"', "scope is 'item': expected one of items, drugs, both"),
        ('level = "shall"\nscope', 'level = "must"\nscope', "level is 'must'"),
        ('level = "shall"\nscope', "level = []\nscope", "level is []"),
        ('level = "shall"\nscope', "scope", "level is None"),
        ('shown = "live"\nlaw', 'shown = "seen"\nlaw', "shown is 'seen'"),
        ('shown = "live"\nlaw', "law", "shown or untested"),
        ('shown = "live"\nlaw', 'shown = "live"\nuntested = "why"\nlaw', "shown or untested"),
        ('shown = "live"\nlaw', 'untested = " "\nlaw', 'needs untested = "…"'),
        ('shown = "live"\nlaw', 'shown = "live"\nexposes = "yes"\nlaw', "exposes is 'yes': expected true"),
        ("rule =", "rules =", "unknown key 'rules': expected exposes, guide, law"),
        ('payers = ["ma"]', 'payers = ["medicare"]', "unknown payer 'medicare'"),
        ('payers = ["ma"]', "payers = []", "names its payers"),
        ('payers = ["ma"], ', "", "names its payers"),
        (", from = 2027-01-01", "", "needs from"),
        ("from = 2027-01-01", 'from = "2027-01-01"', "from is '2027-01-01': expected a date"),
        ("from = 2027-01-01", "from = 2027-01-01T00:00:00", "expected a date"),
        ("from = 2027-01-01", "from = 2027-01-01, until = 2026-12-31", "lies before"),
        ("from = 2027-01-01", 'from = 2027-01-01, counted_from = "moon"', "counted_from is 'moon'"),
        (
            "from = 2027-01-01",
            'from = 2027-01-01, counted_from = ["rating-period"]',
            "counted_from is ['rating-period']",
        ),
        ("from = 2027-01-01", 'from = 2027-01-01, requires = "part_b"', "requires is 'part_b'"),
        ("from = 2027-01-01", "since = 2027-01-01", "unknown key 'since' in law"),
        ('cite = "42 CFR 422.122(b)", ', "", 'needs cite = "…"'),
        (
            'law = [{ payers = ["ma"], cite = "42 CFR 422.122(b)", from = 2027-01-01 }]',
            "law = []",
            "at least one entry",
        ),
        (
            'law = [{ payers = ["ma"], cite = "42 CFR 422.122(b)", from = 2027-01-01 }]',
            'law = ["42 CFR"]',
            "law is no table",
        ),
        ('law = [{ payers = ["ma"], cite = "42 CFR 422.122(b)", from = 2027-01-01 }]', "", "law or guide, one of them"),
        ("\nstatus = {", '\nguide = [{ ig = "pas" }]\nstatus = {', "law or guide, one of them and never both"),
        ('status = { state = "final", as_of = 2026-11-21, confidence = "verified" }', "", "needs status"),
        (', confidence = "verified"', "", "confidence is None"),
        ("as_of = 2026-11-21, ", "", "status needs as_of"),
        ('state = "final"', 'state = "withdrawn"', "state is 'withdrawn'"),
        ('text = "A denial states a reason."\n', "", 'needs text = "…"'),
        ("A denial states a reason.", "A denial should state a reason.", "text says 'should'"),
        ("A denial states a reason.", "Test that a denial states a reason.", "text says 'Test that'"),
        ("A denial states a reason.", "It verifies the reason.", "text says 'verifies'"),
        ("A denial states a reason.", "a denial states a reason.", "one sentence"),
        ("A denial states a reason.", "A denial states a reason. It is specific.", "one sentence"),
        ("A denial states a reason.", "A denial states a reason", "one sentence"),
    ],
)
def test_a_wrong_row_is_refused_with_file_line_and_name(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert GOOD.count(old) == 1
    with pytest.raises(UsageError) as wrong:
        written(tmp_path, GOOD.replace(old, new))
    assert message in wrong.value.message
    assert '["prior-auth.reason"]' in wrong.value.message
    assert (wrong.value.file, wrong.value.line) == (str(tmp_path / "rows.toml"), 3)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("versions = ", "version = ", "unknown key 'version' in guide"),
        ('versions = ">=2.0.1"', 'versions = "2.x"', "versions: not a version constraint"),
        ('level = "shall", statement', 'level = "will", statement', "level is 'will'"),
        ('level = "shall", statement', "statement", "level is None"),
        (', statement = "spec-34"', "", 'needs statement = "…"'),
        ('text = "Each', 'level = "shall"\ntext = "Each', "level belongs to rows of law"),
        ('text = "Each', 'rule = "CMS-0057-F/PAAPI-STD"\ntext = "Each', "rule belongs to rows of law"),
    ],
)
def test_a_wrong_guide_row_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert GOOD.count(old) == 1
    with pytest.raises(UsageError) as wrong:
        written(tmp_path, GOOD.replace(old, new))
    assert message in wrong.value.message
    assert '["pas.echo"]' in wrong.value.message
    assert wrong.value.line == 12


@pytest.mark.parametrize(
    "name", ["Prior-Auth.reason", "reason", "prior-auth.reason.more", "prior_auth.reason", "a.", "a.b c"]
)
def test_an_id_is_two_lower_case_slugs(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="an id is"):
        written(tmp_path, GOOD.replace("prior-auth.reason", name))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD.replace('api = "prior-auth"', ""), "needs api"),
        (GOOD.replace('api = "prior-auth"', 'api = "prior_auth"'), "needs api"),
        (GOOD + GOOD.partition("\n\n")[2], "Cannot declare"),
        ('titel = "x"\n' + GOOD, '["titel"] an id is'),
        ('required_by = ["a"]\n' + GOOD, "required_by is the id of one row"),
        ('required_by = "prior-auth.reasons"\n' + GOOD, "required_by names no row of law: 'prior-auth.reasons'"),
        ('required_by = "pas.echo"\n' + GOOD, "required_by names no row of law"),
        ("api = [\n]]", "at line 2"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError) as wrong:
        written(tmp_path, text)
    assert message in wrong.value.message
    assert wrong.value.file == str(tmp_path / "rows.toml")


def test_an_id_stands_in_one_file_only(tmp_path: Path) -> None:
    written(tmp_path, GOOD, "first.toml")
    with pytest.raises(UsageError, match=r"\[\"prior-auth.reason\"\] stands already in .*first.toml, line 3"):
        written(tmp_path, GOOD, "second.toml")


def test_folders_add_up_and_an_empty_catalogue_is_refused(tmp_path: Path) -> None:
    mine = GOOD.replace("prior-auth.reason", "mine.reason").replace("pas.echo", "mine.echo")
    written(tmp_path, mine)
    both = load([paths.suites() / "requirements", tmp_path, tmp_path / "absent"])
    assert {"mine.reason", "prior-auth.denial-reason"} <= set(both.requirements)
    with pytest.raises(UsageError, match="no requirements"):
        load([tmp_path / "absent"])


def test_a_proposal_needs_no_day(tmp_path: Path) -> None:
    text = GOOD.replace(", from = 2027-01-01", "").replace('state = "final"', 'state = "proposed"')
    assert written(tmp_path, text).requirements["prior-auth.reason"].law[0].from_ is None

"""Decisions against their clocks: what starts and ends them, whose they are, and what they come to."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from stamps import NEW_YORK, STANDARD, at, read, written_instants, zone_lists

from conformance import clock, paths
from conformance.apis.authorization_lines import Item
from conformance.apis.drugs import billed, drug_lines, is_drug, lines
from conformance.apis.prior_auth import Answer
from conformance.apis.shapes import Coding
from conformance.apis.urgency import Urgency, read_urgency
from conformance.clocks import CONTRACT, Clocks, Timed, timelines
from conformance.errors import NotApplicable, NotTested
from conformance.expect import Judgement, judging
from conformance.flows.histories import History, of_known
from conformance.flows.submission import Decided
from conformance.guides import load as load_guides
from conformance.target import Known, OwnClock, Target

GUIDE = load_guides(paths.suites() / "guides")["pas", "2.2.1"]
TARGET = Target("Test", payer_type="ma", timezones=NEW_YORK, environment="test", representative=True)


def answer(*items: Item) -> Answer:
    return Answer("ClaimResponse", GUIDE, {}, {}, (), items=items)


def item(issued: str = "", action: str = "approved") -> Item:
    return Item("item[0]", issued=issued, action=action, actions=(action,))


def known(received: str, **told: str) -> Known:
    return Known("prior-auth", "A-1", at(received), "approved", **{key: at(each) for key, each in told.items()})


RECEIVED = "2027-02-01T09:30:00-05:00"


def timed(decided: Decided, requirement: str = STANDARD, target: Target = TARGET) -> Timed | None:
    found = [each for each in Clocks(target).timed([of_known(decided)]) if each.limit.requirement == requirement]
    return next(iter(found), None)


def judged(target: Target, *decided: Decided) -> tuple[Timed, ...]:
    return Clocks(target).judge([of_known(each) for each in decided], STANDARD)


@pytest.mark.parametrize(
    ("decided", "late", "close"),
    [
        ("2027-02-05T09:30:00-05:00", False, False),
        ("2027-02-08T09:30:00-05:00", False, False),
        ("2027-02-08T09:30:01-05:00", False, True),
        ("2027-02-08T23:59:59-05:00", False, True),
        ("2027-02-09T00:00:00-05:00", True, False),
    ],
)
def test_a_decision_is_timed_by_what_the_tester_states(decided, late, close):
    found = timed(Decided(known(RECEIVED, decided=decided), answer(item("2030-01-01"))))

    assert found is not None
    assert (found.late, found.close) == (late, close)


def test_the_notice_goes_before_the_decision():
    told = known(RECEIVED, decided="2027-02-05T00:00:00-05:00", notified="2027-02-20T00:00:00-05:00")

    found = timed(Decided(told, answer(item())))
    assert found is not None
    assert found.late
    assert "notice 2027-02-20" in found.told
    assert "due 2027-02-08T23:59" in found.told


@pytest.mark.parametrize(
    ("issued", "late", "close"),
    [
        (["2027-02-07"], False, False),
        (["2027-02-08"], False, True),
        (["2027-02-09"], True, False),
        (["2027-02-03", "2027-02-09"], True, False),
        (["2027-02-09", "2027-02-03"], True, False),
        (["2027-02-03", "soon"], False, False),
        (["2027-02-08T23:00:00-05:00", "2027-02-09T01:00:00Z"], False, True),
        (["2027-02"], False, True),
        (["2027-03"], True, False),
    ],
)
def test_else_the_last_issue_date_counts_to_its_end(issued, late, close):
    found = timed(Decided(known(RECEIVED), answer(*map(item, issued))))

    assert found is not None
    assert (found.late, found.close) == (late, close)


@pytest.mark.parametrize("issued", [[], [""], ["soon"]])
def test_without_any_date_nothing_is_timed(issued):
    decided = Decided(known(RECEIVED), answer(*map(item, issued)))

    assert timed(decided) is None
    with pytest.raises(NotTested) as raised:
        judged(TARGET, decided)
    assert raised.value.change == "known.prior-auth"


@pytest.mark.parametrize(
    ("waiting", "late", "close"),
    [(timedelta(days=5), False, False), (timedelta(days=10), False, True), (timedelta(days=25), True, False)],
)
def test_what_is_still_pended_is_late_once_no_extension_helps(waiting, late, close):
    received = (clock.now() - waiting).isoformat()
    found = timed(Decided(known(received), answer(item(action="pended"))))

    assert found is not None
    assert (found.late, found.close) == (late, close)
    assert found.open is (waiting == timedelta(days=5))
    assert "still pended" in found.told


def test_what_is_open_and_not_yet_due_shows_nothing():
    received = (clock.now() - timedelta(days=2)).isoformat()
    waiting = Decided(known(received), answer(item(action="pended")))

    with pytest.raises(NotTested, match="still open, and not due before"):
        judged(TARGET, waiting)
    over = Decided(known(RECEIVED), answer(item("2027-02-03")))
    assert [each.state for each in judged(TARGET, waiting, over)] == ["in time"]


def test_an_extension_that_the_tester_states_gives_more_time():
    late = known(RECEIVED, decided="2027-02-20T09:00:00-05:00")

    for told, word in ((late, "late"), (replace(late, extended=True), "close")):
        found = timed(Decided(told, answer(item())))
        assert found is not None
        assert found.state == word


def test_a_rule_that_nobody_read_times_nothing():
    assert timed(Decided(known("2025-06-01T09:00:00-04:00"), answer(item("2025-09-01")))) is None


def test_managed_care_is_timed_from_the_rating_period_it_names():
    decided = Decided(known("2026-03-02T09:00:00-05:00"), answer(item("2026-04-01")))
    mco = replace(TARGET, payer_type="medicaid-mco")

    for begins, bound in ((date(2026, 1, 1), True), (date(2026, 7, 1), False), (None, False)):
        assert (timed(decided, target=replace(mco, rating_period_start=begins)) is not None) is bound
    with pytest.raises(NotTested) as raised:
        judged(mco, decided)
    assert raised.value.change == "rating_period_start"


def test_a_test_environment_does_not_show_how_long_people_take():
    decided = Decided(known(RECEIVED), answer(item("2027-03-01")))

    with pytest.raises(NotTested) as raised:
        judged(replace(TARGET, representative=False), decided)
    assert raised.value.change == "representative"
    assert [each.late for each in judged(TARGET, decided)] == [True]


@settings(max_examples=200, deadline=None)
@given(written_instants(), st.integers(0, 60 * 24 * 12), st.integers(0, 60 * 24), zone_lists)
def test_what_is_late_stays_late(received, minutes, more, zones):
    assume(read(received).earliest.date() >= date(2026, 1, 3))

    def after(passed: int) -> Timed:
        decided = at(received.replace("Z", "+00:00")) + timedelta(minutes=passed)
        told = known(received, decided=decided.isoformat())
        found = timed(Decided(told, answer(item())), target=replace(TARGET, timezones=zones))
        assert found is not None
        return found

    sooner, later = after(minutes), after(minutes + more)
    assert not (sooner.late and not later.late)
    assert not (sooner.late and minutes <= 7 * 24 * 60)
    assert later.late or minutes + more <= 9 * 24 * 60 + 60 * 26 or not plain_day(received, zones)


def plain_day(received: str, zones: tuple[str, ...]) -> bool:
    """Whether no holiday lies near the receipt, so that at most one evening is gained."""
    days_near = {
        at(received.replace("Z", "+00:00")).astimezone(ZoneInfo(zone)).date() + timedelta(days=more)
        for zone in zones
        for more in (0, 1)
    }
    return not any(clock.is_holiday(day) for day in days_near)


# -- requests of our own -----------------------------------------------------------------------------------------------

SENT = datetime.fromisoformat("2027-02-01T15:00:00+00:00")


def own(**told: Any) -> History:
    came = clock.Stamp("2027-02-01T15:00:00+00:00", SENT, SENT + timedelta(seconds=2))
    return History("cases.prior-auth.approved", "submission", came, **{"urgency": Urgency("standard"), **told})


def of_rule(history: History, rule: str, target: Target = TARGET) -> Timed | None:
    return next((each for each in Clocks(target).timed([history]) if each.limit.rule == rule), None)


@pytest.mark.parametrize(
    ("told", "state", "by"),
    [
        ({"seen": SENT + timedelta(seconds=2)}, "in time", "first seen"),
        ({"seen": SENT + timedelta(days=8)}, "late", "first seen") ,
        # Seen late, but nobody looked for two days: it may have been there in time.
        ({"seen": SENT + timedelta(days=8), "pended_at": SENT + timedelta(days=6)}, "close", "first seen"),
        ({"seen": SENT + timedelta(days=9), "pended_at": SENT + timedelta(days=8)}, "late", "first seen"),
        ({"seen": SENT + timedelta(days=30), "issued": ("2027-02-04",)}, "in time", "issued"),
        ({"seen": SENT + timedelta(days=30), "issued": ("2027-02-09",)}, "late", "issued"),
        # An issue date that has not come yet, of an answer that is here, is no decision of the future.
        ({"seen": SENT + timedelta(seconds=2), "issued": ("2027-06-01",)}, "in time", "first seen"),
        ({"seen": SENT + timedelta(days=9), "issued": ("2027-02-09",), "asks_more": True}, "close", "issued"),
    ],
)  # fmt: skip
def test_a_request_of_our_own_starts_when_it_is_sent(told, state, by):
    found = of_rule(own(**{"pended_at": told.get("seen"), **told}), "items-standard")

    assert found is not None
    assert (found.state, found.by) == (state, by)


def test_real_time_is_when_the_answer_is_there_whatever_date_it_bears():
    day = "2027-02-01"

    for seconds, state in ((14, "in time"), (40, "late")):
        found = of_rule(own(seen=SENT + timedelta(seconds=seconds), issued=(day,)), "real-time")
        assert found is not None
        assert found.state == state


def test_any_answer_stops_the_clock_of_a_covered_outpatient_drug():
    medicaid = replace(TARGET, payer_type="medicaid-ffs")
    pended = own(scope="drugs", drug="covered-outpatient", pended=True, answered=SENT, seen=SENT)

    found = of_rule(pended, "covered-outpatient-medicaid-ffs", medicaid)
    assert found is not None
    assert (found.state, found.by) == ("in time", "answered")


@pytest.mark.parametrize(
    ("payer_type", "kind", "urgency", "rule", "standing", "hours"),
    [
        ("ma", "part-b", "standard", "part-b-standard", "final", 72),
        ("ma", "part-b", "expedited", "part-b-expedited", "final", 24),
        ("medicaid-ffs", "covered-outpatient", "standard", "covered-outpatient-medicaid-ffs", "final", 24),
        ("medicaid-ffs", "other", "standard", "medicaid-drugs", "proposed", 24),
        ("medicaid-mco", "covered-outpatient", "expedited", "medicaid-drugs", "proposed", 24),
        ("medicaid-mco", "bundled", "expedited", "medicaid-bundled-expedited", "proposed", 72),
        ("chip-ffs", "other", "standard", "chip-drugs", "proposed", 24),
        ("chip-mco", "covered-outpatient", "standard", "medicaid-drugs", "proposed", 24),
        ("qhp-ffe", "other", "standard", "issuer-standard", "proposed", 72),
        ("qhp-ffe", "other", "expedited", "issuer-expedited", "proposed", 24),
        ("qhp-shop", "other", "standard", "issuer-standard-shop", "proposed", 72),
        ("qhp-shop", "other", "expedited", "issuer-expedited-shop", "proposed", 24),
    ],
)
def test_a_known_drug_is_held_to_the_clock_of_its_payer(payer_type, kind, urgency, rule, standing, hours):
    """A minute inside of the limit is in time, a minute beyond it late; no other payer's clock runs for it."""
    target = replace(
        TARGET, payer_type=payer_type, rating_period_start=date(2028, 1, 1), plan_year_start=date(2028, 1, 1)
    )
    received = datetime(2028, 2, 1, 9, 30, tzinfo=UTC)

    for minutes, state in ((-1, "in time"), (1, "late")):
        end = received + timedelta(hours=hours, minutes=minutes)
        drug = Known("prior-auth", "A-1", received, "approved", urgency=urgency, decided=end, drug_kind=kind)
        [found] = [
            each for each in Clocks(target).timed([of_known(Decided(drug, answer(item())))]) if each.limit.rule == rule
        ]
        assert (found.state, found.limit.standing) == (state, standing)

    items = replace(drug, drug_kind="")
    assert rule not in {each.limit.rule for each in Clocks(target).timed([of_known(Decided(items, answer(item())))])}


def test_a_contract_is_judged_as_the_contracts_and_never_as_the_rule():
    contract = OwnClock("State contract 2027, 4.3", urgency="standard", days=3, from_=date(2027, 1, 1))
    target = replace(TARGET, clocks=(contract,))
    five_days = Decided(known(RECEIVED, decided="2027-02-06T00:00:00-05:00"), answer(item()))

    assert [each.state for each in judged(target, five_days)] == ["in time"]
    [found] = Clocks(target).judge([of_known(five_days)], CONTRACT)
    assert (found.state, found.limit.cite, found.limit.text) == ("late", "State contract 2027, 4.3", "3 calendar days")
    with pytest.raises(NotApplicable):
        Clocks(TARGET).judge([of_known(five_days)], CONTRACT)


def test_a_clock_that_binds_others_asks_nothing_of_this_payer():
    issuer = replace(TARGET, payer_type="qhp-ffe")

    with pytest.raises(NotApplicable):
        judged(issuer, Decided(known(RECEIVED, decided="2027-03-06T00:00:00-05:00"), answer(item())))


def test_a_rule_that_cms_let_begin_later_binds_from_then():
    later = replace(TARGET, clocks=(OwnClock("CMS letter", rule="items-standard", from_=date(2027, 7, 1)),))
    before = Decided(known(RECEIVED, decided="2027-02-20T00:00:00-05:00"), answer(item()))
    after = Decided(known("2027-08-02T09:30:00-04:00", decided="2027-08-20T00:00:00-04:00"), answer(item()))

    assert timed(before, target=later) is None
    assert [each.state for each in judged(later, before, after)] == ["late"]


def test_every_clock_is_in_the_table_and_in_the_timeline():
    judgement = Judgement()
    late = Decided(known(RECEIVED, decided="2027-02-20T09:00:00-05:00"), answer(item()))
    with judging(judgement):
        judged(TARGET, late)

    [table] = judgement.tables
    assert [dict(zip(table.columns, row, strict=True))["result"] for row in table.rows] == ["late"]
    [row] = timelines(Clocks(TARGET), [of_known(late)], "pas=2.2.1")
    states = {each["rule"]: each["state"] for each in row["clocks"]}
    assert states == {"items-standard": "late", "two-days": "late"}
    json.dumps(row)


# -- how urgent, and is it a drug --------------------------------------------------------------------------------------


def asking(level: str = "", priority: str = "", **item: Any) -> dict[str, Any]:
    claim: dict[str, Any] = {"resourceType": "Claim", "item": [{"sequence": 1, **item}]}
    if level:
        coded = {"coding": [{"system": "https://codesystem.x12.org/005010/1338", "code": level}]}
        url = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-levelOfServiceCode"
        claim["extension"] = [{"url": url, "valueCodeableConcept": coded}]
    if priority:
        claim["priority"] = {"coding": [{"code": priority}]}
    return {"resourceType": "Bundle", "entry": [{"fullUrl": "urn:uuid:1", "resource": claim}]}


@pytest.mark.parametrize(
    ("level", "priority", "stated", "word", "conflict"),
    [
        ("", "", "", "standard", ""),
        ("U", "stat", "", "expedited", ""),
        ("", "stat", "", "expedited", ""),
        ("03", "", "", "expedited", ""),
        ("E", "normal", "", "standard", ""),
        # HL7's own example: urgent, with a normal priority. Nobody is held to the shorter clock for it.
        ("U", "normal", "", "standard", "level of service U, but priority normal"),
        ("U", "normal", "expedited", "expedited",
         "level of service U, but priority normal, but the case's urgency expedited"),
        # No payer can know what only the target file says.
        ("", "normal", "expedited", "standard", "priority normal, but the case's urgency expedited"),
        ("E", "normal", "expedited", "standard",
         "level of service E, but priority normal, but the case's urgency expedited"),
        ("", "", "expedited", "expedited", ""),
        ("", "stat", "expedited", "expedited", ""),
        ("E", "stat", "standard", "standard", "level of service E, but priority stat, but the case's urgency standard"),
    ],
)  # fmt: skip
def test_urgency_is_read_from_every_place_and_contradictions_are_told(level, priority, stated, word, conflict):
    assert read_urgency(asking(level, priority), stated) == Urgency(word, conflict)


HCPCS = "http://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"


@pytest.mark.parametrize(
    ("system", "code", "drug"),
    [
        (HCPCS, "J1745", True), (HCPCS, "j0135", True), (HCPCS, "Q5103", True), (HCPCS, "C9257", True),
        (HCPCS, "Q2050", True), (HCPCS, "Q0138", True), (HCPCS, "Q4081", True), (HCPCS, "S0077", True),
        (HCPCS, "S0201", False), (HCPCS, "Q2052", False), (HCPCS, "Q0091", False),
        (HCPCS, "E0601", False), (HCPCS, "Q4116", False), (HCPCS, "J17", False), ("urn:other", "J1745", False),
        ("http://hl7.org/fhir/sid/ndc", "57894-030-01", True),
        ("http://www.ama-assn.org/go/cpt", "96413", False),
    ],
)  # fmt: skip
def test_drugs_are_known_by_their_codes(system, code, drug):
    coded = Coding(system, code)

    assert is_drug([coded]) is drug
    asked = asking(productOrService={"coding": [{"system": system, "code": code}]})
    assert drug_lines(asked) == (lines(asked) if drug else frozenset())
    assert billed(asked) is (not drug or system == HCPCS)


def test_an_item_that_points_to_a_medication_order_asks_for_a_drug():
    url = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-requestedService"
    order = {"fullUrl": "urn:uuid:2", "resource": {"resourceType": "MedicationRequest", "id": "m"}}
    asked = asking(extension=[{"url": url, "valueReference": {"reference": "urn:uuid:2"}}])

    assert drug_lines(asked) == frozenset()
    asked["entry"].append(order)
    assert drug_lines(asked) == {1}

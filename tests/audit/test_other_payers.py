"""Every scenario over records can fail and can pass: clocks of other payers, proposals, and records that are a mess."""

from __future__ import annotations

import csv
from pathlib import Path
from random import Random

import pytest
from opened_records import records_of

from conformance import paths
from conformance.audit import judging, metrics
from conformance.audit.command import audit, propose
from conformance.audit.facts import word
from conformance.audit.mapping import Mapped, columns_of, load
from conformance.catalogue import load as load_catalogue
from conformance.errors import UsageError
from conformance.judging import judged
from conformance.limits import limits
from conformance.sandbox.record_cases import UNLAWFUL
from conformance.sandbox.record_drugs import CASES, PAYERS
from conformance.sandbox.record_forms import CsvLog
from conformance.sandbox.record_pages import PAGES

ITEMS = "prior-auth.decision-time-standard"


def log(path: Path, rows: list[dict[str, str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path


def decided(hours: int, **more: str) -> dict[str, str]:
    day, hour = divmod(9 + hours, 24)
    return {
        "id": f"d-{hours}", "received": "2026-04-06T09:00:00Z", "decided": f"2026-04-{6 + day:02d}T{hour:02d}:00:00Z",
        "notified": "", "outcome": "approved", "reason": "", "channel": "fax", **more,
    }  # fmt: skip


@pytest.mark.parametrize("payer", sorted(PAYERS))
def test_clocks_and_reasons_of_other_payers_are_kept_and_broken(payer: str, tmp_path: Path) -> None:
    with CsvLog(tmp_path) as writer:
        for case in CASES[payer]:
            writer.write(case.name, case.build(Random(1)), 1)
    breaking = {name: {case.name for case in CASES[payer] if name in case.breaks} for name in broken_by(payer)}

    with records_of([tmp_path / "log.csv"], tmp_path, {"payer_type": payer, **PAYERS[payer]}) as records:
        for each in judging.scenarios():
            if each.requirement in breaking:
                with judged(each.id, each.requirement, "shall") as outcome:
                    each.judge(records)
                said = outcome.verdict
                assert said.verdict == "fail", each.requirement
                named = {finding.at.rpartition("(")[2].rstrip(")") for finding in said.findings}
                assert named == breaking.pop(each.requirement)
                assert said.judged > said.failed, "what is lawful was judged too"
    assert not breaking, "requirements without a scenario"


def broken_by(payer: str) -> set[str]:
    return {name for case in CASES[payer] for name in case.breaks}


def test_every_scenario_at_shall_is_proven_by_something() -> None:
    rows = load_catalogue([paths.suites() / "requirements"]).requirements
    proven = {name for cases in (UNLAWFUL, *CASES.values()) for case in cases for name in case.breaks}
    proven |= {name for each in PAGES for name in each.breaks}

    assert {each.requirement for each in judging.scenarios() if rows[each.requirement].level == "shall"} <= proven


def test_clocks_that_nobody_read_fail_nobody_and_show_only_what_never_decides() -> None:
    rows = load_catalogue([paths.suites() / "requirements"]).requirements
    final = [each for each in limits() if each.standing == "final"]
    shown = {each.requirement for each in final} - {each.requirement for each in final if each.decides}

    assert shown == {"drug-decisions.issuer-exception"}
    assert all(rows[name].status.confidence == "unverified" for name in shown)


@pytest.mark.parametrize(("payer", "failed", "unbound"), [("ma", 1, 1), ("qhp-ffe", 0, 0)])
def test_items_are_held_to_the_clock_of_their_day(payer: str, failed: int, unbound: int, tmp_path: Path) -> None:
    rows = [
        decided(400, kind="item", urgency="standard", id="item"),
        decided(
            240, received="2025-11-03T09:00:00Z", decided="2025-11-13T09:00:00Z", kind="item", urgency="", id="old"
        ),
    ]
    with records_of([log(tmp_path / "log.csv", rows)], tmp_path, {"payer_type": payer}) as records:
        # Issuers have no clock for items; of 2025 nobody has read one.
        assert records.timed(ITEMS).failed == failed
        assert records.clocked(ITEMS)["unbound"] == unbound


MESS = (
    "\ufeffAuth ID;Received;Decided;Outcome;Denial Reason;Paid\r\n"
    "1;3/2/2026 9:00 AM;3/4/2026;Approved;;$5.00\r\n"
    "2;03/02/2026;03/30/2026;DENIED;Six weeks of therapy are missing.;\r\n"
    "3;soon;2026-03-04;Approved;;\r\n"
    "4;2026-03-02;2026-03-04;Whatever;;\r\n"
    "1;3/2/2026 9:00 AM;3/3/2026;Pended;;$5.00\r\n"
)


def test_a_mess_is_read_as_far_as_it_goes_and_told(tmp_path: Path) -> None:
    file = tmp_path / "mess.csv"
    file.write_text(MESS, "utf-8", newline="")

    with records_of([file], tmp_path, {"payer_type": "ma", "timezones": ["America/New_York"]}) as records:
        timed = records.timed("prior-auth.decision-time-standard")
        found = records.understood

    assert (timed.judged, timed.failed) == (2, 1)
    assert [each.at for each in timed.findings] == ["mess.csv, row 3 (2)"]
    assert found.rows == 4
    assert found.twice == 1
    assert found.unknown == {"outcome": {"Whatever": 1}}
    assert found.unread == {"received": {"soon": 1}}
    assert found.spelt["us"] >= 3


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"updated": "9/30/2026"}, {"updated": "10/1/2026"}),
        ({"updated": "9"}, {"updated": "10"}),
        ({"decided": "9/30/2026 9:00 AM"}, {"decided": "10/1/2026 9:00 AM"}),
        ({"decided": "10/1/2026 9:00 AM"}, {"decided": "2026-10-01T23:00:00"}),
    ],
)
def test_of_rows_for_one_decision_the_last_counts_however_its_time_is_written(
    before: dict[str, str], after: dict[str, str], tmp_path: Path
) -> None:
    rows = [decided(1, id="x", **{"updated": "", "outcome": word, **more}) for word, more in
            (("denied", after), ("approved", before))]  # fmt: skip
    with records_of([log(tmp_path / "log.csv", rows)], tmp_path, {"payer_type": "ma"}) as records:
        assert records.understood.twice == records.understood.rows == 1
        assert records.denials("items").size == 1, "the row that was changed or decided last is the denial"


def test_many_files_with_the_same_headings_are_read_at_once_and_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    records = Path("records")
    records.mkdir()
    for number in range(40):
        log(records / f"{number:02}.csv", [decided(1, id=f"{number} a"), decided(400 + number, id=f"{number} b")])

    with records_of([records], tmp_path, {"payer_type": "ma"}) as found:
        assert found.understood.rows == 80
        late = {each.at for each in found.timed(ITEMS).findings}
        assert late == {f"{number:02}.csv, row 3 ({number} b)" for number in range(40)}


def test_files_of_several_forms_and_stamps_that_stand_for_none_are_read_together(tmp_path: Path) -> None:
    records = tmp_path / "records"
    records.mkdir()
    log(
        records / "a.csv",
        [decided(400), decided(1, received="9999-12-31T00:00:00Z"), decided(2, received="1900-01-01")],
    )
    (records / "b.csv").write_text(
        "case number;date received;determination date;disposition\nb;3/2/2026;3/30/2026;Denied\n"
    )
    (records / "c.ndjson").write_text("{broken\n")
    out = tmp_path / "out"
    out.mkdir()

    results = audit([str(records)], out, {"payer_type": "ma"})

    told = results["audit"]
    assert told["totals"]["decisions"] == 4
    assert told["totals"]["lines_that_could_not_be_read"] == 1
    assert told["not_understood"]["received"] == [
        {"said": "9999-99-99", "rows": 1, "first": "a.csv, row 4"},
        {"said": "9999-99-99A99:99:99A", "rows": 1, "first": "a.csv, row 3"},
    ]
    [counts] = [each["counts"] for each in told["clocks"] if each["requirement"] == ITEMS]
    assert (counts["late"], counts["bad_receipt"]) == (2, 2)


def test_lines_that_are_no_fhir_are_told_with_their_number(tmp_path: Path) -> None:
    lines = [
        '{"resourceType":"Patient","id":"p","name":[{"family":"Doe"}],"contact":[{"x":1}]}',
        '{"resourceType":"ClaimResponse","id":"r","item":{"x":1}}',
        "{broken",
        "",
        "[1]",
        '{"resourceType":"ClaimResponse","id":"s","use":"preauthorization","item":[{"itemSequence":1,'
        '"adjudication":[{"extension":[{"url":"x/extension-reviewAction",'
        '"extension":[{"url":"x/extension-reviewActionCode",'
        '"valueCodeableConcept":{"coding":[{"code":"A3"}]}}]}]}]}]}',
        '{"resourceType":"ClaimResp',
    ]
    file = tmp_path / "records.ndjson"
    file.write_text("\n".join(lines), "utf-8")

    with records_of([file], tmp_path, {"payer_type": "ma"}) as records:
        assert records.said.broken == 4
        assert [told.split(":")[1] for told in records.said.told] == ["2", "3", "5", "7"]
        assert records.said.strangers == {"Patient": 1}
        assert records.denials("items").failed == 1
        assert records.timed("prior-auth.decision-time-standard").judgeable is None


def test_what_cannot_be_read_at_all_is_a_mistake_of_the_command(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "none.csv").write_text("", "utf-8")
    (tmp_path / "other.csv").write_text("a,b\n1,2\n", "utf-8")
    out = tmp_path / "out"
    out.mkdir()
    for named, said in (
        ("empty", "an empty folder"), ("none.csv", "empty"), ("other.csv", "no column for key and received"),
        ("lost.csv", "no such file"),
    ):  # fmt: skip
        with pytest.raises(UsageError, match=said):
            audit([str(tmp_path / named)], out, {"payer_type": "ma"})
    with pytest.raises(UsageError, match="payer's type"):
        audit([str(tmp_path / "other.csv")], out, {})


def test_a_mapping_is_proposed_checked_and_used(tmp_path: Path) -> None:
    file = log(tmp_path / "log.csv", [decided(400, line="MA"), decided(401, line="Commercial")])
    propose([str(file)], tmp_path / "audit.toml")
    mapped = load(tmp_path / "audit.toml")

    assert mapped.columns["received"] == ("received",)
    assert mapped.columns["key"] == ("id",)
    (out := tmp_path / "out").mkdir()
    told = audit([str(file)], out, {"map": str(tmp_path / "audit.toml")})["audit"]
    assert [each for each in told["remarks"] if "2 lines of business are judged together" in each]
    only = Mapped(mapped.file, mapped.facts, mapped.columns, mapped.values, {"line": ("MA",)})
    with records_of([file], tmp_path, {"payer_type": "ma"}, only) as records:
        assert records.understood.rows == 1
        assert records.said.left == {"another line than MA": 1}
    (tmp_path / "wrong.toml").write_text('[columns]\nrecieved = "x"\n', "utf-8")
    with pytest.raises(UsageError, match="did you mean 'received'"):
        load(tmp_path / "wrong.toml")


def test_a_date_and_its_time_in_columns_of_their_own_are_one_stamp(tmp_path: Path) -> None:
    row = {
        "Auth ID": "1", "Date Request Received": "4/6/2026", "Time Request Received": "5:00 AM",
        "Was the request processed as Standard or Expedited?": "Expedited", "Decision Date": "2026-04-09T09:00:01Z",
        "Decision Time": "0", "Date Member Notified": "NA", "Time Member Notified": "NA",
        "Request Determination": "Approved",
    }  # fmt: skip
    file = log(tmp_path / "log.csv", [row, {**row, "Auth ID": "2", "Decision Date": "2026-04-09T08:59:59Z"}])
    propose([str(file)], tmp_path / "audit.toml")
    columns = load(tmp_path / "audit.toml").columns

    assert columns["received"] == ("Date Request Received", "Time Request Received")
    assert columns["notified"] == ("Date Member Notified", "Time Member Notified")
    assert columns["decided"] == ("Decision Date", "Decision Time"), "of which the second tells no time of day here"
    with records_of([file], tmp_path, {"payer_type": "ma", "timezones": ["America/New_York"]}) as records:
        timed = records.timed("prior-auth.decision-time-expedited")
        assert records.understood.unread == {}, "NA says nothing, and is no stamp that cannot be read"
        assert records.said.mapped[str(file)]["received"] == columns["received"]
    assert (timed.judged, timed.failed) == (2, 1)
    assert [each.at for each in timed.findings] == ["log.csv, row 2 (1)"]


@pytest.mark.parametrize(
    "headings",
    [
        "Auth #,Rcvd Dt,Rcvd Tm,Decision Dt,Notif Dt,Notif Tm,Auth Status,Review Type,Ext Taken,Denial Rsn Desc",
        "AUTH_ID,RECEIVED_TS,,DETERMINATION_TS,NOTIFICATION_TS,,STATUS_CD,URGENCY_CD,IS_EXTENDED,DENIAL_REASON",
        "Request ID,Request Received Date/Time,,Decision Date/Time,Notice Sent Date/Time,,Determination,"
        "Processed Priority,Extension (Y/N),Reason for Denial",
        "id,received_at,,decided_at,notified_at,,outcome,urgency,extended,reason",
    ],
)
def test_headings_are_known_however_they_are_cut_short_and_turned(headings: str) -> None:
    key, received, hour, decided_on, told, told_hour, outcome, urgency, extended, reason = headings.split(",")
    stamps = {"received": (received, hour), "decided": (decided_on,), "notified": (told, told_hour)}

    assert columns_of([each for each in headings.split(",") if each], Mapped(), "log.csv") == {
        "key": (key,), "outcome": (outcome,), "urgency": (urgency,), "extended": (extended,), "reason": (reason,),
        **{name: tuple(filter(None, each)) for name, each in stamps.items()},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("said", "ours"),
    [
        ("Denied - Not Medically Necessary", "denied"), ("WITHDRAWN BY PROVIDER", "withdrawn"),
        ("Approved with modifications", "partial"), ("Denied in part", "partial"), ("Partially approved", "partial"),
        ("Pended for clinicals", "pended"), ("Not approved", "denied"), ("APP", "approved"),
        ("Denied, approved on appeal", None), ("Denial overturned", None), ("Approval withdrawn", None),
        ("Denial of payment, dismissed", None), ("Unauthorized", None), ("Closed", None),
    ],
)  # fmt: skip
def test_several_words_tell_the_decision_that_comes_first_unless_there_is_another(said: str, ours: str | None) -> None:
    assert word("outcome", said) == ours


def test_decisions_whose_outcome_nobody_understands_are_missing_from_what_is_judged(tmp_path: Path) -> None:
    rows = [decided(1), decided(2, outcome="QX")]

    with records_of([log(tmp_path / "log.csv", rows)], tmp_path, {"payer_type": "ma"}) as records:
        timed = records.timed(ITEMS)

    assert (timed.size, timed.judged, timed.judgeable) == (2, 1, None)
    assert "1 with no outcome that is known" in timed.lacking


def test_rows_for_the_items_of_a_request_are_one_decision(tmp_path: Path) -> None:
    why = "Six weeks of therapy are missing."
    told = {
        ("mixed", "1"): decided(1), ("mixed", "2"): decided(2, outcome="denied", reason=why),
        ("late", "1"): decided(1), ("late", "2"): decided(400),
        ("silent", "1"): decided(1, outcome="denied", reason=why), ("silent", "2"): decided(1, outcome="denied"),
        ("open", "1"): decided(1), ("open", "2"): decided(1, outcome="pended", decided=""),
        ("half", "1"): decided(1), ("half", "2"): decided(1, outcome="withdrawn", decided=""),
        ("gone", "1"): decided(1, outcome="withdrawn"), ("gone", "2"): decided(2, outcome="withdrawn"),
    }  # fmt: skip
    rows = [{**row, "id": key, "Line Number": item} for (key, item), row in told.items()]
    rows.append(rows[0])  # told twice, as any row may be

    with records_of([log(tmp_path / "log.csv", rows)], tmp_path, {"payer_type": "ma"}) as records:
        timed, found = records.timed(ITEMS), records.understood
        reasons = records.denials("items")
        counts = metrics.computed(records)["counts"]["standard"]

    assert (found.rows, found.items, found.twice) == (6, 6, 1)
    assert [each.at for each in timed.findings] == ["log.csv, row 4 (late)"]
    assert {name: counts[name] for name in ("approved", "partial", "denied")} == {
        "approved": 2,
        "partial": 1,
        "denied": 1,
    }
    assert [each.at for each in reasons.findings] == ["log.csv, row 6 (silent)"]
    assert (records.clocked(ITEMS)["open"], records.clocked(ITEMS)["excluded"]) == (1, 1)

"""The suites that exchange data, against a second payer with other members and other lawful habits: nothing fails."""

from __future__ import annotations

import json
from pathlib import Path

from another_payer import MEMBERS, another_payer
from command import NEWEST, examine

from conformance.sandbox import seed
from conformance.sandbox.clock import Clock
from conformance.sandbox.serve import serve

# Lawful habits that are about nobody in particular, several of them about one and the same answer.
HABITS = (
    "match_identifier_typed_twice", "match_with_unknown_extensions", "refusals_coded_otherwise", "everything_in_pages",
    "everything_without_a_total", "hyphenates_names", "holds_a_letter_about_nobody", "files_take_no_token",
    "exports_take_longer", "counts_nothing", "refers_absolutely", "files_of_another_media_type",
    "contains_copies_of_members", "manifest_with_an_extension", "shows_pas_review_actions", "dates_the_adjudication",
    "pins_the_profile", "shows_the_reason_in_a_note", "numbers_lines_otherwise",
    "refuses_other_members_for_want_of_scope",
)  # fmt: skip
SUITES = ("payer_to_payer", "provider_access", "patient_access", "bulk")


def test_a_payer_with_other_members_fails_nothing(tmp_path: Path) -> None:
    data, today = another_payer(tmp_path / "data"), Clock().today()
    one, other = seed.load(today), seed.load(today, data)
    assert set(other.members) == set(MEMBERS.values())
    assert not {each["family"] for each in one.members.values()} & {
        each["family"] for each in other.members.values() if each["family"] != "SMITH"
    }
    assert not set(one.authorizations) & set(other.authorizations)
    told = json.dumps([list(other.members.values()), dict(other.records)])
    assert not {number for number in ("MBR-1001", "SUB-1001", "Ashgrove", "1951-04-17") if number in told}

    with serve(directory=tmp_path / "payer", data=data, variants=HABITS) as payer:
        suites = [word for suite in SUITES for word in ("--suite", suite)]
        ran = examine(payer.target_file, tmp_path / "out", "--intrusive", *NEWEST, *suites)

    assert ran.code == 0, ran.said
    assert ran.of("fail", "error", "advisory") == set()
    scenarios = [each for row in ran.results["requirements"] for each in row["scenarios"]]
    assert {each["verdict"] for each in scenarios} == {"pass", "not-applicable"}
    assert len([each for each in scenarios if each["verdict"] == "pass" and each["judged"]]) > 60

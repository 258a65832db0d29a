"""The files that issuers publish: read entry by entry, and every fault told with its JSON pointer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from shared_data import DATA, needs_data

from conformance.apis.drug_file_limits import limits_counted
from conformance.apis.drug_files import DrugsRead, Faults, PlanTies, Seen, read_drugs, read_plans, read_providers
from conformance.flows.schema import errors_of
from conformance.opening import guides, open_target
from conformance.strict_json import NotJson
from conformance.wire.json_entries import entries

TODAY = date(2026, 11, 22)
TIES = PlanTies({"12345XX9876543": frozenset({"GENERIC"})}, {"12345XX9876543": frozenset({"PREFERRED"})})
PLAN = json.loads((Path(__file__).parent / "drug_file_plan.json").read_text())
LISTING = {
    "plan_id_type": "HIOS-PLAN-ID", "plan_id": "12345XX9876543", "drug_tier": "GENERIC",
    "prior_authorization": False, "step_therapy": False, "quantity_limit": True,
}  # fmt: skip


def drug(*listings: Any, **said: Any) -> dict[str, Any]:
    return {"rxnorm_id": "209459", "drug_name": "x", "plans": list(listings or [LISTING]), **said}


def drugs(*found: Any, ties: PlanTies | None = TIES) -> DrugsRead:
    return read_drugs("d.json", found, errors_of("qhp-drug"), errors_of("qhp-listing"), ties, lambda code: code == "1")


def told(faults: Faults) -> list[tuple[str, str]]:
    return [(each.at, each.problem) for each in faults.found]


def test_a_drugs_file_without_fault() -> None:
    read = drugs(drug(), drug(LISTING | {"years": [2026]}, LISTING | {"years": [2027]}, rxnorm_id="1"))
    kinds = (read.schema, read.codes, read.flags, read.ties, read.tiers, read.repeated)
    assert [told(each) for each in kinds] == [[]] * 6
    assert all(each.judged for each in kinds)
    assert [offer.years for offer in read.offers["1"]] == [(2026,), (2027,)]
    assert read.offers["1"][0].limits == (False, False, True)
    assert (read.drugs, read.listings) == (2, 3)


def test_the_limits_of_all_files_are_counted() -> None:
    silent = {key: value for key, value in LISTING.items() if key != "step_therapy"}
    read = [drugs(drug(LISTING, silent)), drugs(drug(LISTING | {"prior_authorization": True}))]
    assert limits_counted(read) == {
        "drugs": 2,
        "listings": 3,
        "prior_authorization": 1,
        "step_therapy": 0,
        "quantity_limit": 3,
        "silent": {"prior_authorization": 0, "step_therapy": 1, "quantity_limit": 0},
    }
    assert limits_counted([])["listings"] == 0


@pytest.mark.parametrize(
    ("kind", "found", "at", "says"),
    [
        ("schema", drug(LISTING | {"step_therapy": "no"}), "d.json#/0/plans/0/step_therapy", "'no' is not of type"),
        ("schema", drug(LISTING, LISTING | {"drug_tier": None}), "d.json#/0/plans/1/drug_tier", "None is not of type"),
        ("schema", drug(LISTING | {"plan_id": "short"}), "d.json#/0/plans/0/plan_id", "does not match"),
        ("schema", drug(drug_name=""), "d.json#/0/drug_name", "'' should be non-empty"),
        ("schema", drug(plans="none"), "d.json#/0/plans", "'none' is not of type 'array'"),
        ("schema", "no drug", "d.json#/0", "is not of type 'object'"),
        ("schema", drug("no listing"), "d.json#/0/plans/0", "is not of type 'object'"),
        ("schema", {"drug_name": "x", "plans": []}, "d.json#/0", "'rxnorm_id' is a required property"),
        ("codes", drug(rxnorm_id="20 9459"), "d.json#/0/rxnorm_id", "'20 9459' in place of an RxNorm number"),
        ("schema", drug(rxnorm_id=209459), "d.json#/0/rxnorm_id", "is not of type 'string'"),
        ("codes", drug(rxnorm_id="0209459"), "d.json#/0/rxnorm_id", "'0209459' in place of an RxNorm number"),
        ("ties", drug(LISTING | {"plan_id": "12345XX0000000"}), "d.json#/0/plans/0/plan_id", "is in no plans file"),
        ("tiers", drug(LISTING | {"drug_tier": "GOLD"}), "d.json#/0/plans/0/drug_tier", "tier GOLD is none of plan"),
        ("repeated", drug(LISTING, LISTING), "d.json#/0", "plan 12345XX9876543 comes twice"),
    ],
)
def test_a_fault_is_told_with_its_pointer(kind: str, found: Any, at: str, says: str) -> None:
    [(where, problem)] = told(getattr(drugs(found), kind))
    assert where == at
    assert says in problem


def test_flags_that_are_not_there() -> None:
    silent = {name: value for name, value in LISTING.items() if name != "step_therapy"}
    read = drugs(drug(silent, LISTING | {"plan_id": "x", "prior_authorization": None}))
    assert told(read.flags) == [
        ("d.json#/0/plans/0", "does not say step_therapy"),
        ("d.json#/0/plans/1", "does not say prior_authorization"),
    ]
    assert [at for at, _ in told(read.schema)] == ["d.json#/0/plans/1/plan_id"]


def test_a_drug_is_repeated_across_entries_and_files() -> None:
    schemas = (errors_of("qhp-drug"), errors_of("qhp-listing"), TIES, lambda _code: False, Seen())
    first = read_drugs("a.json", [drug(), drug(LISTING | {"years": [2027]}, rxnorm_id="5")], *schemas)
    second = read_drugs("b.json", [drug(LISTING | {"years": [2028]}, rxnorm_id="5"), drug()], *schemas)
    assert told(first.repeated) == []
    assert told(second.repeated) == [
        ("b.json#/1", "drug 209459 was listed at a.json#/0 already, for the same plan and years")
    ]


def test_a_plan_may_be_described_for_each_of_its_years() -> None:
    first, second = ({"plan_id": "12345XX9876543", "years": [year]} for year in (2026, 2027))

    assert told(read_plans("p.json", [first, second], lambda _: (), TODAY).repeated) == []
    assert told(read_plans("p.json", [first, second, first], lambda _: (), TODAY).repeated) != []


@pytest.mark.parametrize(
    "said",
    [
        {"marketing_url": None, "formulary_url": "", "years": None},
        {"last_updated_on": "2026-03-17T12:00:00Z"},
        {"last_updated_on": "20260317"},
    ],
)
def test_a_plan_may_be_written_otherwise(said: dict[str, Any]) -> None:
    read = read_plans("p.json", [PLAN | said], errors_of("qhp-plan"), TODAY)
    assert (told(read.schema), told(read.dates)) == ([], [])


@pytest.mark.parametrize("written", ["03/17/2026", "2026-02-30", "", 20260317])
def test_what_is_no_date_is_told(written: object) -> None:
    read = read_plans("p.json", [PLAN | {"last_updated_on": written}], errors_of("qhp-plan"), TODAY)
    assert [at for at, _ in told(read.schema)] == ["p.json#/0/last_updated_on"]


def test_an_address_is_read_alike_wherever_this_runs() -> None:
    # jsonschema checks the format "uri" only where one more library happens to be installed.
    unused, spaced, relative = "https://payer.test/a|b", "https://payer.test/a b", "drugs.json"
    index = {"provider_urls": [unused], "formulary_urls": [unused, spaced], "plan_urls": [relative]}

    assert [path for path, _ in errors_of("qhp-index")(index)] == [("formulary_urls", 1), ("plan_urls", 0)]


def test_plans_that_did_not_come_tie_nothing() -> None:
    read = drugs(drug(LISTING | {"plan_id": "12345XX0000000"}), ties=None)
    assert (read.ties.judged, read.tiers.judged, read.flags.judged) == (0, 0, 1)


def test_plans_and_providers() -> None:
    late = PLAN | {"last_updated_on": "2027-01-01", "plan_id": "12345XX9876542"}
    bad = PLAN | {"last_updated_on": "soon", "network": [{"network_tier": 7}], "plan_id": "12345XX9876541"}
    read = read_plans("p.json", [PLAN, PLAN, late, bad], errors_of("qhp-plan"), TODAY)
    assert told(read.repeated) == [("p.json#/1/plan_id", "plan 12345XX9876543 comes twice")]
    assert told(read.dates) == [
        ("p.json#/2/last_updated_on", "2027-01-01 is in the future"),
        ("p.json#/3/last_updated_on", "'soon' is no date"),
    ]
    assert [at for at, _ in told(read.schema)] == ["p.json#/3/network/0/network_tier", "p.json#/3/last_updated_on"]
    assert read.tiers["12345XX9876543"] == {"GENERIC"}
    networks = [{"plan_id": "12345XX9876543", "network_tier": tier} for tier in ("PREFERRED", "OTHER")]
    provider = {"plans": [*networks, {"plan_id": "nobody"}]}
    ties = PlanTies(read.tiers, read.networks)
    assert told(read_providers("v.json", [provider], lambda _entry: (), ties).ties) == [
        ("v.json#/0/plans/1/network_tier", "network tier OTHER is none of plan 12345XX9876543"),
        ("v.json#/0/plans/2/plan_id", "plan nobody is in no plans file"),
    ]


@pytest.mark.parametrize(
    ("named", "told_of"),
    [
        ({"type": "INDIVIDUAL", "name": {"first": "Imke", "last": "Halloran"}}, []),
        ({"type": "INDIVIDUAL", "facility_name": "Main Street"}, ["'name' is a required property"]),
        ({"type": "facility", "facility_name": "Main Street"}, []),
        ({"type": "FACILITY"}, ["'facility_name' is a required property"]),
        ({"type": "GROUP", "group_name": "Main Street Group"}, []),  # the marketplace reads it, the document is silent
    ],
)
def test_a_provider_is_named_as_its_type_is(named: dict[str, Any], told_of: list[str]) -> None:
    about = {"npi": "1234567890", "plans": [], "addresses": [], "last_updated_on": "2026-11-01"}

    told_us = [message for _, message in errors_of("qhp-provider")(about | named)]
    assert [each for each in told_us if "name" in each] == told_of


@pytest.mark.parametrize(
    ("text", "entries_before", "says"),
    [
        (b"", 0, "empty"),
        (b"  \n", 0, "empty"),
        (b"<html></html>", 0, "HTML or XML"),
        (b'{"a": 1}', 0, "an object, or one a line, and no list"),
        (b"\x1f\x8b\x08\x00", 0, "packed with gzip"),
        (b"PK\x03\x04", 0, "a ZIP archive"),
        ("[]".encode("utf-16"), 0, "UTF-16"),
        (b'[{"a": 1}, {"b": 2}, {"c"', 2, "breaks off"),
        (b'[{"a": 1}, {"b": }]', 1, "broken"),
        (b"[1, NaN]", 1, "broken"),
        (b'["\xff"]', 0, "not UTF-8"),
        (b"[1] [2]", 1, "broken"),
    ],
)
def test_a_list_that_is_none(tmp_path: Path, text: bytes, entries_before: int, says: str) -> None:
    (tmp_path / "f").write_bytes(text)
    found: Iterator[Any] = entries(tmp_path / "f")
    for _ in range(entries_before):
        next(found)
    with pytest.raises(NotJson, match=says):
        list(found)


def test_a_number_may_be_of_any_length(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b'[{"a": 1.5}, {"b": 100000000000000000000}, {"c": 2}]')
    assert list(entries(tmp_path / "f")) == [{"a": 1.5}, {"b": 10**20}, {"c": 2}]
    (tmp_path / "f").write_bytes(b'[1, 100000000000000000000, {"c"')
    with pytest.raises(NotJson, match="breaks off"):
        list(entries(tmp_path / "f"))


def test_a_list_with_a_mark(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b'\xef\xbb\xbf [{"a": 1.5}, null]')
    assert list(entries(tmp_path / "f")) == [{"a": 1.5}, None]


@needs_data
def test_the_sample_of_cms_is_as_documented() -> None:
    folder = DATA / "qhp-formulary-json"
    plans = read_plans("plans.json", entries(folder / "plans.json"), errors_of("qhp-plan"), TODAY)
    ties = PlanTies(plans.tiers, plans.networks)
    providers = read_providers("providers.json", entries(folder / "providers.json"), errors_of("qhp-provider"), ties)
    found = [
        read_drugs(name, entries(folder / name), errors_of("qhp-drug"), errors_of("qhp-listing"), ties)
        for name in ("drugs-1.json", "drugs-2.json")
    ]
    clean = (plans.schema, plans.dates, plans.repeated, providers.schema, providers.ties)
    assert [told(each) for each in clean] == [[]] * 5
    assert [told(kind) for each in found for kind in (each.schema, each.codes, each.flags, each.ties)] == [[]] * 8
    assert [at for each in found for at, _ in told(each.tiers)] == [
        f"drugs-2.json#/0/plans/{n}/drug_tier" for n in range(3)
    ]


@needs_data
@pytest.mark.parametrize("name", ["", "cms-data-index.json"])
def test_an_index_on_disk_is_a_target(name: str) -> None:
    target = open_target(str(DATA / "qhp-formulary-json" / name), {"payer_type": "qhp-ffe"}, guides(), TODAY)
    assert [claim.label for claim in target.claim_list()] == ["qhp=1"]
    assert target.apis["drug-files"].files == DATA / "qhp-formulary-json" / "cms-data-index.json"


def test_the_url_of_an_index_is_a_target() -> None:
    [claim] = open_target("https://x.example/cms-data-index.json", {}, guides(), TODAY).claim_list()
    assert (claim.label, claim.base_url) == ("qhp=1", "https://x.example/cms-data-index.json")


def test_plans_beyond_any_issuers_number_cost_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.apis.drug_files.MOST_PLANS", 2)
    seen = Seen()
    many = [drug(LISTING | {"plan_id": f"12345XX987654{number}"}, rxnorm_id=str(number)) for number in range(5)]

    read = read_drugs("d.json", [*many, many[0]], errors_of("qhp-drug"), errors_of("qhp-listing"), None, bool, seen)

    assert len(seen.bits) == 2
    assert told(read.repeated) == [
        ("d.json#/5", "drug 0 was listed at d.json#/0 already, for the same plan and years"),
    ]  # fmt: skip

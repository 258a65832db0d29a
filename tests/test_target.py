"""The target file: what it gives, what extends it, what stands in for it, and its schema."""

from __future__ import annotations

import hashlib
import re
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from target_files import DOCUMENT, ENV, KNOWN, P384_PEM, TODAY, furnish, line_of, loaded, refused, whole

from conformance.errors import UsageError
from conformance.target import Callback, from_folder, from_url, load


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    furnish(tmp_path)
    return tmp_path


def test_a_whole_file_is_read(folder: Path) -> None:
    text = whole()
    target = loaded(folder, text)

    assert (target.name, target.payer_type, target.part_d) == ("Example Health Plan, MA", "ma", True)
    assert target.timezones == ("America/New_York", "America/Los_Angeles")
    assert target.holidays == (date(2026, 11, 27),)
    assert (target.as_of, target.rating_period_start) == (date(2027, 7, 1), date(2027, 7, 1))
    assert target.plan_year_start is None
    assert target.max_rps == 5
    assert target.representative
    assert target.sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert target.file == folder / "target.toml"
    assert target.requester["practitioner"]["family"] == "Achebe"
    assert target.payer["identifier"]["value"] == "1987654321"
    assert target.drugs == ({"drug": "197361"},)
    assert target.warnings == ()


def test_claims_have_labels_and_base_urls(folder: Path) -> None:
    claims = {claim.label: claim.base_url for claim in loaded(folder, whole()).claim_list()}

    assert claims == {
        "pas=2.0.1": "https://api.example.org/pas/2.0.1",
        "pas=2.2.1": "https://api.example.org/pas/r4",
        "smart=2.2.0": "https://api.example.org/pas/r4",  # claimed where the newest version is served
        "usdf=2.1.0": "http://127.0.0.1:8080/usdf",
    }


def test_an_api_has_its_paths_headers_and_credentials(folder: Path) -> None:
    target = loaded(folder, whole())
    api = target.apis["prior-auth"]

    assert api.paths == {"submit": "Claim/$submit"}
    assert api.headers == {"x-api-key": "k3y-of-the-gateway", "x-tenant": "ma"}
    assert api.auth is target.auth["gateway"]
    assert (api.auth.type, api.auth.algorithm, api.auth.client_id) == ("backend-services", "ES384", "harness")
    assert api.auth.key.strip() == P384_PEM.strip()
    assert target.auth["portal"].client_secret == "s3cret-of-the-client"
    assert target.auth["portal"].client_id == "harness-2"
    assert target.apis["formulary"].auth.type == "none"


def test_notifications_are_received_where_the_file_says(folder: Path) -> None:
    assert loaded(folder, whole()).callback is None
    assert loaded(folder, whole() + "\n[callback]\n").callback == Callback("127.0.0.1:0", "")
    told = '\n[callback]\nurl = "https://hooks.example.org/a"\nlisten = "0.0.0.0:8080"\n'
    assert loaded(folder, whole() + told).callback == Callback("0.0.0.0:8080", "https://hooks.example.org/a")


def test_a_second_client_has_its_own_credentials(folder: Path) -> None:
    found = loaded(folder, whole().replace('auth = "gateway"', 'auth = "gateway"\nother_auth = "portal"', 1))
    api = found.apis["prior-auth"]
    assert api.other_auth is not None
    assert (api.auth.name, api.other_auth.name) == ("gateway", "portal")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ('[callback]\nurl = "ftp://hooks"', "callback.url: is not a URL that starts with"),
        ('[callback]\nlisten = "8080"', "callback.listen: expected host:port"),
        ("[callback]\nport = 1", "callback"),
        ('OTHER = "nobody"', "apis.prior-auth.other_auth: there is no [auth.nobody]"),
        ('OTHER = "gateway"', "is the client of auth; expected a second one"),
    ],
)
def test_a_callback_or_second_client_that_cannot_be_is_refused(folder: Path, more: str, message: str) -> None:
    text = whole()
    if more.startswith("OTHER"):
        text = text.replace('auth = "gateway"', f'auth = "gateway"\n{more.replace("OTHER", "other_auth")}', 1)
    else:
        text += f"\n{more}\n"
    assert message in refused(folder, text).message


def test_members_cases_and_known_authorizations(folder: Path) -> None:
    target = loaded(folder, whole())

    assert target.members["first"].facts["birth_date"] == "1951-04-17"
    assert target.members["child"].subscriber == "second"
    assert "subscriber" not in target.members["child"].facts
    denied = target.cases["prior-auth"]["denied"]
    assert denied.facts["member"] == "first"
    assert denied.settles == timedelta(minutes=90)
    assert target.cases["formulary"]["drugs[1]"].facts == {"drug": "197361"}
    own = target.cases["prior-auth"]["own"]
    assert own.body == folder / "own.json"
    assert own.facts == {"member": "second"}
    assert target.cases["formulary"]["statin"].facts == {"drug": "617310", "needs": ["prior-authorization"]}
    one, two = target.known["prior-auth"]
    assert one.received == datetime(2027, 2, 1, 9, 30, tzinfo=timezone(timedelta(hours=-5)))
    assert (one.decided, one.urgency, one.member) == (date(2027, 2, 3), "standard", "first")
    assert (two.received, two.urgency, two.member) == (date(2027, 2, 1), "expedited", "second")


def test_acknowledgements_and_attestations(folder: Path) -> None:
    target = loaded(folder, whole())

    assert target.acknowledged["prior-auth.pended"].until == date(2027, 1, 31)
    assert target.attested["payer-to-payer.opt-in"].sha256 == hashlib.sha256(DOCUMENT).hexdigest()


def test_what_holds_until_today_holds_today(folder: Path) -> None:
    target = loaded(folder, whole().replace("until = 2027-01-31", f"until = {TODAY}"))

    assert target.acknowledged["prior-auth.pended"].until == TODAY
    assert target.attested["payer-to-payer.opt-in"].until == TODAY


def test_everything_secret_is_listed_and_nothing_shows_it(folder: Path) -> None:
    target = loaded(folder, whole())

    body = P384_PEM.splitlines()[1]
    assert {"k3y-of-the-gateway", "s3cret-of-the-client", P384_PEM.strip(), body} <= set(target.secrets)
    for shown in (repr(target), str(target), repr(target.apis["prior-auth"]), repr(target.auth["gateway"])):
        assert not [secret for secret in target.secrets if secret in shown]
        assert "Ashgrove" not in shown


@pytest.mark.parametrize(
    ("environment", "allow", "may_write", "may_intrude"),
    [
        ('environment = "test"', "", True, True),
        ("", "", False, False),
        ('environment = "production"', "", False, False),
        ('environment = "production"', 'allow = ["write"]', True, False),
    ],
)
def test_production_is_the_default_and_nothing_writes_there(
    folder: Path, environment: str, allow: str, may_write: bool, may_intrude: bool
) -> None:
    target = loaded(folder, whole(**{'environment = "test"': environment, 'allow = ["write"]': allow}))

    assert (target.may_write, target.may_intrude) == (may_write, may_intrude)


def test_a_smallest_file(folder: Path) -> None:
    target = loaded(folder, 'name = "x"\n[apis.formulary]\nusdf = { "2.0.1" = "https://example.org/f" }\n')

    assert target.payer_type is None
    assert target.environment == "production"
    assert target.apis["formulary"].claim_list()[0].base_url == "https://example.org/f"


def test_a_byte_order_mark_and_windows_newlines_are_read(folder: Path) -> None:
    text = whole().replace("\n", "\r\n")
    (folder / "target.toml").write_bytes(b"\xef\xbb\xbf" + text.encode())

    assert load(folder / "target.toml", today=TODAY, known=KNOWN, env=ENV).name == "Example Health Plan, MA"


def test_a_folder_stands_for_an_endpoint(folder: Path) -> None:
    (folder / "drugs").mkdir()
    target = loaded(folder, 'name = "x"\n[apis.formulary]\nusdf = "2.0.1"\nfiles = "drugs"\n')

    assert target.apis["formulary"].files == folder / "drugs"
    assert [(claim.label, claim.base_url) for claim in target.claim_list()] == [("usdf=2.0.1", "")]


def test_the_scheme_of_a_url_may_be_written_large(folder: Path) -> None:
    target = loaded(folder, whole(**{"https://api.example.org/pas/2.0.1": "HTTPS://api.example.org/pas/2.0.1//"}))

    assert target.claim_list()[0].base_url == "https://api.example.org/pas/2.0.1"
    assert not target.warnings


def test_plain_http_off_the_machine_is_warned_of(folder: Path) -> None:
    text = whole(
        **{
            "http://127.0.0.1:8080/usdf": "http://api.example.org/usdf",
            'token_url = "https://login.example.org/token"': 'token_url = "http://127.evil.example/token"',
        }
    )

    warnings = loaded(folder, text).warnings
    assert len(warnings) == 2
    assert warnings[0].startswith("the base URL of apis.formulary.usdf is plain http")
    assert warnings[1].startswith("auth.gateway.token_url is plain http")


COMMON = """\
payer_type = "ma"
environment = "test"
timezones = ["America/Chicago", "America/Denver"]

[apis.prior-auth]
pas = { "2.0.1" = "https://common.example.org/pas" }
auth = "gateway"

[auth.gateway]
type = "bearer"
token_file = "token.txt"

[requester]
npi = "1234567893"
name = "Riverbend Clinic"
"""
OWN = """\
extends = "shared/common.toml"
name = "One line of business"
timezones = ["America/New_York"]

[requester]
name = "Another Clinic"

[apis.prior-auth]
pas = { "2.2.1" = "https://own.example.org/pas" }
"""


@pytest.fixture
def family(tmp_path: Path) -> Path:
    """A folder in which OWN can stand beside the COMMON it extends."""
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "common.toml").write_text(COMMON)
    (tmp_path / "shared" / "token.txt").write_text("t0ken-of-the-family\n")
    return tmp_path


def test_an_extended_file_fills_in_what_is_not_said(family: Path) -> None:
    target = loaded(family, OWN)

    assert (target.name, target.payer_type) == ("One line of business", "ma")
    assert target.timezones == ("America/New_York",)
    assert target.requester == {"name": "Another Clinic", "npi": "1234567893"}
    assert {claim.label for claim in target.claim_list()} == {"pas=2.0.1", "pas=2.2.1"}
    assert target.apis["prior-auth"].auth.token == "t0ken-of-the-family"
    assert target.sha256 == hashlib.sha256((OWN + COMMON).encode()).hexdigest()


def test_a_mistake_in_an_extended_file_is_said_there(family: Path) -> None:
    (family / "shared" / "common.toml").write_text(COMMON.replace("token.txt", "tokens.txt"))
    wrong = refused(family, OWN)

    assert wrong.file == str(family / "shared" / "common.toml")
    assert wrong.line == line_of(COMMON, "token_file")
    assert wrong.message == f"auth.gateway.token_file: there is no file {family / 'shared' / 'tokens.txt'}"


def test_a_chain_of_files(family: Path) -> None:
    (family / "shared" / "common.toml").write_text('extends = "root.toml"\n' + COMMON)
    (family / "shared" / "root.toml").write_text('max_rps = 2\npayer_type = "chip-ffs"\n')
    target = loaded(family, OWN)

    assert (target.max_rps, target.payer_type) == (2, "ma")


@pytest.mark.parametrize(
    ("own", "common", "message", "file"),
    [
        (
            'extends = "shared/common.toml"',
            'extends = "../target.toml"',
            "extends: ../target.toml extends this file in turn",
            "shared/common.toml",
        ),
        ('extends = "target.toml"', "", "extends: target.toml extends this file in turn", "target.toml"),
        ('extends = "shared/comon.toml"', "", "extends: there is no file", "target.toml"),
        ("extends = 3", "", "extends: expected the path of another target file", "target.toml"),
        ('extends = "shared/common.toml"', "= 3", "is not TOML", "shared/common.toml"),
    ],
)
def test_a_chain_that_leads_nowhere(family: Path, own: str, common: str, message: str, file: str) -> None:
    (family / "shared" / "common.toml").write_text(common)
    wrong = refused(family, own)

    assert message in wrong.message
    assert (Path(wrong.file).resolve(), wrong.line) == ((family / file).resolve(), 1)


def test_a_chain_that_is_too_long(folder: Path) -> None:
    for number in range(12):
        (folder / f"{number}.toml").write_text(f'extends = "{number + 1}.toml"\n')
    (folder / "12.toml").write_text("")

    assert "more than 8 files in a chain" in refused(folder, 'extends = "0.toml"').message


def test_a_base_url_is_a_target() -> None:
    target = from_url("https://api.example.org/pas/", "ma", guides={"smart": "2.2.0", "pas": "2.2.1"}, known=KNOWN)

    assert [claim.label for claim in target.claim_list()] == ["pas=2.2.1", "smart=2.2.0"]
    assert {claim.base_url for claim in target.claim_list()} == {"https://api.example.org/pas"}
    assert (target.payer_type, target.environment, target.may_write) == ("ma", "production", False)
    assert target.sha256 != from_url("https://api.example.org/pas/", guides={"pas": "2.2.1"}, known=KNOWN).sha256
    assert from_url("http://example.org", guides={"usdf": "2.1.0"}, known=KNOWN).warnings


@pytest.mark.parametrize(
    ("url", "payer_type", "guides", "message"),
    [
        ("api.example.org", None, {"pas": "2.2.1"}, "is not a URL that starts with"),
        ("https://me:hunter2@example.org", None, {}, "'https://example.org': holds a user name or password"),
        ("https://example.org", None, {}, "which guide does https://example.org keep"),
        ("https://example.org", "medicare", {"pas": "2.2.1"}, "no payer type 'medicare'"),
        ("https://example.org", None, {"pass": "2.2.1"}, "unknown guide 'pass'; did you mean pas?"),
        ("https://example.org", None, {"pas": "2.2"}, "unknown version '2.2' of pas; expected 2.0.1 or 2.2.1"),
        ("https://example.org", None, {"smart": "2.2.0"}, "expected exactly one of pas, usdf, hrex"),
        ("https://example.org", None, {"pas": "2.2.1", "usdf": "2.1.0"}, "expected exactly one of pas, usdf, hrex"),
    ],
)
def test_a_base_url_that_is_no_target(url: str, payer_type: Any, guides: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=re.escape(message)):
        from_url(url, payer_type, guides=guides, known=KNOWN)


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("items.ndjson", '\n{"resourceType": "Basic", "id": "1"}\n'),
        ("deep/plan.json", '{"resourceType": "InsurancePlan"}'),
        ("bundle.json", '{"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "MedicationKnowledge"}}]}'),
        ("list.json", '[{"resourceType": "Basic"}]'),
    ],
)
def test_a_folder_of_formulary_resources_is_a_target(tmp_path: Path, file: str, content: str) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / file).write_text(content)
    (tmp_path / "notes.txt").write_text("read by nobody")
    (tmp_path / "broken.json").write_text("{")
    target = from_folder(tmp_path, "ma")

    assert target.apis["formulary"].files == tmp_path
    assert [claim.label for claim in target.claim_list()] == ["usdf=2.0.1"]
    assert target.part_d
    before = target.sha256
    (tmp_path / file).write_text(content + "\n")
    assert from_folder(tmp_path).sha256 != before


@pytest.mark.parametrize(
    "content", ["", "[]", "3", '{"resourceType": "Patient"}', '{"resourceType": "Bundle", "entry": 1}', "[" * 5000]
)
def test_a_folder_of_something_else_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.json").write_text(content)
    (tmp_path / "b.ndjson").write_text(content)

    with pytest.raises(UsageError, match="holds no formulary"):
        from_folder(tmp_path)
    with pytest.raises(UsageError, match="there is no such folder"):
        from_folder(tmp_path / "nowhere")

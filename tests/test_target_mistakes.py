"""What is wrong with a target file is said in the reader's words, with the right file and line."""

from __future__ import annotations

from pathlib import Path

import pytest
from target_files import DOCUMENT, KNOWN, TODAY, furnish, line_of, loaded, refused, whole

from conformance.errors import UsageError
from conformance.target import load


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    furnish(tmp_path)
    return tmp_path


WRONG: list[tuple[str, str, str, str]] = [
    # what, old text, new text, words of the message; the line is that of the new text
    (
        "unknown key",
        'payer_type = "ma"',
        'payertype = "ma"',
        "unknown key 'payertype' at the top of the file; did you mean payer_type?",
    ),
    (
        "unknown key in a table",
        'family = "Okonjo"',
        'famly = "Okonjo"',
        "unknown key 'famly' in [members.second]; did you mean family?",
    ),
    (
        "unknown key in a list of tables",
        "urgency =",
        "urgent =",
        "unknown key 'urgent' in [known.prior-auth[2]]; did you mean urgency?",
    ),
    ("a key that belongs to the top", "birth_date = 1951-04-17", "max_rps = 3", "it belongs at the top of the file"),
    (
        "a guide key that belongs to the top",
        "usdf = {",
        "as_of = 2027-01-01\nusdf = {",
        "it belongs at the top of the file",
    ),
    (
        "wrong type",
        'npi = "1234567893"',
        "npi = 1234567893",
        "expected an NPI: ten digits in quotes, found the number 1234567893; put it in quotes",
    ),
    (
        "wrong type of a list",
        'given = ["Daniel"]',
        'given = "Daniel"',
        "members.second.given: expected a list of texts, found text",
    ),
    ("wrong type of a flag", "part_d = true", 'part_d = "yes"', "part_d: expected true or false, found 'yes'"),
    (
        "a table where text belongs",
        'name = "Riverbend Clinic"',
        "name = { a = 1 }",
        "requester.name: expected text in quotes, found a table",
    ),
    (
        "a name out of a list",
        'payer_type = "ma"',
        'payer_type = "medicaid"',
        "payer_type: expected one of ma, medicaid-ffs",
    ),
    ("a nearly right name", 'environment = "test"', 'environment = "tset"', "did you mean test?"),
    ("number out of range", "max_rps = 5", "max_rps = 0", "max_rps: expected a number above 0, found the number 0"),
    ("not a number", "max_rps = 5", "max_rps = nan", "max_rps: expected an ordinary number"),
    ("too large a number", "max_rps = 5", "max_rps = 9" + "9" * 400, "max_rps: expected an ordinary number"),
    ("unknown API", "[apis.formulary]", "[apis.formularies]", "unknown API 'formularies'; did you mean formulary?"),
    (
        "unknown API of cases",
        "[cases.formulary.statin]",
        "[cases.drugs.statin]",
        "unknown API 'drugs'; expected coverage-discovery, documentation, formulary, patient-access, "
        "payer-to-payer or prior-auth",
    ),
    ("unknown guide", "usdf = {", "usfd = {", "unknown guide or key 'usfd'; did you mean usdf?"),
    ("guide of another API", "usdf = {", "hrex = {", "[apis.formulary]: unknown guide or key 'hrex'"),
    (
        "unknown version",
        '"2.1.0" =',
        '"2.1.1" =',
        "apis.formulary.usdf: unknown version '2.1.1'; known here: 2.0.1 or 2.1.0",
    ),
    (
        "unknown version alone",
        'smart = "2.2.0"',
        'smart = "1.0"',
        "apis.prior-auth.smart: unknown version '1.0'; known here: 2.2.0",
    ),
    ("version without quotes", '"2.1.0" =', "2.1.0 =", "put the version in quotes"),
    (
        "base URL without a version",
        'usdf = { "2.1.0" = "http://127.0.0.1:8080/usdf" }',
        'usdf = "https://example.org"',
        "expected a version, or {",
    ),
    ("guide of a wrong type", 'smart = "2.2.0"', "smart = 2.2", "apis.prior-auth.smart: expected a version like"),
    (
        "not a URL",
        "https://api.example.org/pas/2.0.1",
        "api.example.org/pas",
        "is not a URL that starts with https:// or http://",
    ),
    (
        "another scheme",
        "https://api.example.org/pas/2.0.1",
        "ftp://api.example.org/pas",
        "is not a URL that starts with",
    ),
    ("no host", "https://api.example.org/pas/2.0.1", "https:///pas", "is not a URL of a server"),
    ("a bad port", "https://api.example.org/pas/2.0.1", "https://example.org:99999", "is not a URL"),
    ("a space in a URL", "https://api.example.org/pas/2.0.1", "https://exam ple.org", "is not a URL of a server"),
    (
        "a password in a URL",
        "https://api.example.org/pas/2.0.1",
        "https://me:pass@example.org",
        "secrets are never written here",
    ),
    ("a query in a base URL", "https://api.example.org/pas/2.0.1", "https://example.org/?a=b", "without ? and #"),
    (
        "a bad token URL",
        '"https://login.example.org/token"\nclient_id = "harness"',
        '"login"\nclient_id = "harness"',
        "auth.gateway.token_url: is not a URL",
    ),
    ("unknown auth", 'auth = "gateway"', 'auth = "gatway"', "there is no [auth.gatway]; did you mean gateway?"),
    ("unknown operation", "submit = ", "sumbit = ", "unknown operation 'sumbit'; did you mean submit?"),
    ("a path that is a URL", '"Claim/$submit"', '"https://example.org/x"', "expected a path below the base URL"),
    ("a path that climbs", '"Claim/$submit"', '"../x"', "expected a path below the base URL"),
    (
        "inline secret",
        'client_secret = "env:CLIENT_SECRET"',
        'client_secret = "hunter2"',
        'client_secret: a secret is never written into this file; expected "env:NAME" or client_secret_file',
    ),
    ("inline secret header", '"env:API_KEY"', '"hunter2"', "a secret is never written into this file"),
    ("missing variable", '"env:API_KEY"', '"env:APIKEY"', "the environment variable APIKEY is not set"),
    ("no variable", '"env:API_KEY"', '"env:"', "expected the name of an environment variable after env:"),
    ("a header name", '"x-tenant"', '"x tenant"', "is no header that can be set here"),
    ("our own header", '"x-tenant"', '"Content-Length"', "is no header that can be set here"),
    ("a header value", '= "ma" }', '= "a\\nb" }', "holds what a header cannot carry"),
    ("missing key file", "gateway.pem", "gatway.pem", "auth.gateway.key_file: there is no file"),
    (
        "a key of another type",
        'scope = "system/*.rs"',
        'client_secret = "env:CLIENT_SECRET"',
        "auth.gateway.client_secret: is not used with type = 'backend-services'",
    ),
    (
        "another algorithm",
        'key_file = "gateway.pem"',
        'key_file = "gateway.pem"\nalgorithm = "RS384"',
        "auth.gateway.key_file: the key signs ES384, not RS384",
    ),
    ("missing CA file", 'scope = "system/*.rs"', 'ca_file = "ca.pem"', "auth.gateway.ca_file: there is no file"),
    (
        "a CA file without certificates",
        'scope = "system/*.rs"',
        'ca_file = "gateway.pem"',
        "holds no PEM of a certificate",
    ),
    (
        "a client key alone",
        'scope = "system/*.rs"',
        'client_key = "gateway.pem"',
        "has a client_key and no client_certificate",
    ),
    (
        "two members with one number",
        'member_id = "M-2"\nfamily = "Okonjo"',
        'member_id = "M-1"\nfamily = "Okonjo"',
        "members.second and members.first have the same member_id",
    ),
    (
        "unknown member of a case",
        'member = "second"\nbody',
        'member = "secnd"\nbody',
        "there is no [members.secnd]; did you mean second?",
    ),
    (
        "unknown subscriber",
        'subscriber = "second"',
        'subscriber = "third"',
        "members.child.subscriber: there is no [members.third]",
    ),
    ("own subscriber", 'subscriber = "second"', 'subscriber = "child"', "members.child.subscriber: is this member"),
    ("missing body", "own.json", "mine.json", "cases.prior-auth.own.body: there is no file"),
    ("body is no JSON", 'body = "own.json"', 'body = "gateway.pem"', "is not JSON"),
    ("duration", "PT1H30M", "90 minutes", "expected an ISO 8601 duration like PT10M or P3D, found '90 minutes'"),
    ("duration in months", "PT1H30M", "P1M", "expected an ISO 8601 duration"),
    (
        "duration until a token expires",
        'client_id = "',
        'wait_for_expiry = "ten minutes"\nclient_id = "',
        "auth.gateway.wait_for_expiry: expected an ISO 8601 duration like PT10M or P3D, found 'ten minutes'",
    ),
    ("duration without end", "PT1H30M", "P" + "9" * 30 + "D", "expected an ISO 8601 duration"),
    (
        "service and items",
        "settles = ",
        'items = [{ service = { system = "s", code = "c" } }]\nsettles = ',
        "has a service and items; expected one of them",
    ),
    (
        "no date",
        'birth_date = "1948-11-02"',
        'birth_date = "02.11.1948"',
        "members.second.birth_date: expected a date like 2027-01-31, found text",
    ),
    ("no such date", 'birth_date = "1948-11-02"', 'birth_date = "1948-02-30"', "expected a date like 2027-01-31"),
    ("no stamp", "received = 2027-02-01\n", 'received = "2027-02-01T25:00"\n', "is no date or time"),
    ("decided before received", "decided = 2027-02-03", "decided = 2027-01-03", "is before the request was received"),
    ("unknown decision", 'decision = "approved"', 'decision = "aproved"', "did you mean approved?"),
    (
        "time zone",
        "America/New_York",
        "America/NewYork",
        "'America/NewYork' is no time zone; did you mean America/New_York?",
    ),
    ("time zone that is a folder", "America/New_York", "America", "'America' is no time zone"),
    ("a zone twice", "America/Los_Angeles", "America/New_York", "timezones: names something twice"),
    (
        "expired acknowledgement",
        "until = 2027-01-31\n\n[attested",
        "until = 2026-11-20\n\n[attested",
        "ended on 2026-11-20; renew it or take it out",
    ),
    ("short hash", 'sha256 = "', 'sha256 = "0', "expected 64 hexadecimal digits"),
    ("needs", '"prior-authorization"', '"prior-auth"', "did you mean prior-authorization?"),
    (
        "env where it is not looked up",
        'name = "Riverbend Clinic"',
        'name = "env:CLINIC"',
        "requester.name: env: is looked up only in headers and in [auth]",
    ),
    ("a blank", 'name = "Riverbend Clinic"', 'name = "…"', "requester.name: is still to be filled in"),
    ("not TOML", "max_rps = 5", "max_rps =", "is not TOML: invalid value"),
    ("a key twice", "max_rps = 5", 'max_rps = 5\nname = "again"', "is not TOML: cannot overwrite a value"),
    ("TOML that ends too early", "until = 2027-01-31\n\n[attested", "until = [\n\n[attested", "is not TOML"),
]


@pytest.mark.parametrize(("old", "new", "message"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_what_is_wrong_is_said_where_it_stands(folder: Path, old: str, new: str, message: str) -> None:
    text = whole(**{old: new})
    wrong = refused(folder, text)

    assert message in wrong.message
    assert wrong.file == str(folder / "target.toml")
    first = line_of(text, new)
    assert wrong.line in range(first, first + new.count("\n") + 1)
    assert "hunter2" not in str(wrong)


def test_several_mistakes_are_told_at_once_in_the_order_of_the_file(folder: Path) -> None:
    text = whole(
        **{'family = "Okonjo"': 'famly = "Okonjo"', "max_rps = 5": "max_rps = -5", "part_d = true": "part_d = 1"}
    )
    wrong = refused(folder, text)

    first, second, third = wrong.message.splitlines()
    assert first.startswith("part_d: expected true or false, found the number 1")
    assert second.startswith(f"also {folder}/target.toml:{line_of(text, 'max_rps')}: max_rps: expected a number")
    assert "unknown key 'famly'" in third


def test_one_mistake_is_told_once(folder: Path) -> None:
    assert len(refused(folder, whole(**{'"2.1.0" =': "2.1.0 ="})).message.splitlines()) == 1


def test_a_missing_key_is_named_with_what_belongs_there(folder: Path) -> None:
    assert refused(folder, whole(**{'name = "Example Health Plan, MA"\n': ""})).message.startswith(
        "the file has no 'name'"
    )
    wrong = refused(folder, whole(**{"until = 2027-01-31\n\n[attested": "\n[attested"}))
    assert wrong.message == "[acknowledged.\"prior-auth.pended\"] has no 'until': expected a date like 2027-01-31"
    assert wrong.line == line_of(whole(), '[acknowledged."prior-auth.pended"]')
    wrong = refused(folder, whole(**{'key_file = "gateway.pem"\n': ""}))
    assert wrong.message == "[auth.gateway] has no 'key' (env:NAME) or 'key_file': type = 'backend-services' needs it"


def test_a_file_that_names_no_api(folder: Path) -> None:
    assert "has no 'apis'" in refused(folder, 'name = "x"').message
    assert "at least one table [apis.NAME]" in refused(folder, 'name = "x"\n[apis]').message
    assert "[apis.formulary] names no guide; expected usdf" in refused(folder, 'name = "x"\n[apis.formulary]').message
    wrong = refused(folder, 'name = "x"\n[apis.prior-auth]\nsmart = "2.2.0"')
    assert wrong.message == '[apis.prior-auth] has no base URL; expected pas = { "version" = "https://…" }'


def test_files_and_base_urls_exclude_each_other(folder: Path) -> None:
    text = 'name = "x"\n[apis.formulary]\nusdf = { "2.0.1" = "https://example.org" }\nfiles = "."'
    assert "has files and base URLs" in refused(folder, text).message
    assert (
        "there is no folder 'drugs'"
        in refused(
            folder, text.replace('"."', '"drugs"').replace('{ "2.0.1" = "https://example.org" }', '"2.0.1"')
        ).message
    )


def test_a_file_that_cannot_be_read(folder: Path) -> None:
    with pytest.raises(UsageError, match="there is no such file"):
        load(folder / "nowhere.toml", today=TODAY, known=KNOWN)
    with pytest.raises(UsageError, match="there is no such file"):
        load(folder, today=TODAY, known=KNOWN)
    with pytest.raises(UsageError, match="there is no such file"):
        load(Path("a\0b"), today=TODAY, known=KNOWN)
    (folder / "target.toml").write_bytes(b'name = "x"\npayer = "\xff"\n')
    with pytest.raises(UsageError, match="is not UTF-8 text") as caught:
        load(folder / "target.toml", today=TODAY, known=KNOWN)
    assert caught.value.line == 2
    (folder / "target.toml").write_bytes(b"#" * 1_000_001)
    with pytest.raises(UsageError, match="larger than a megabyte"):
        load(folder / "target.toml", today=TODAY, known=KNOWN)


@pytest.mark.parametrize(
    "text", ["a = " + "[" * 9000, "a = " + "{a=" * 40 + "1" + "}" * 40, ".".join("a" * 3000) + " = 1"]
)
def test_a_file_that_is_nested_too_deeply(folder: Path, text: str) -> None:
    assert "nested more than" in refused(folder, text).message


def test_a_number_of_thousands_of_digits(folder: Path) -> None:
    assert "a number that is too long" in refused(folder, "max_rps = 1" + "0" * 5000).message


def test_an_attested_document_that_has_changed(folder: Path) -> None:
    text = whole()
    (folder / "opt-in.pdf").write_bytes(DOCUMENT + b", revised")
    wrong = refused(folder, text)

    assert "opt-in.pdf has changed: its SHA-256 is " in wrong.message
    assert wrong.line == line_of(text, "sha256 = ")


def test_an_attested_document_that_lies_elsewhere_is_taken_at_its_word(folder: Path) -> None:
    (folder / "opt-in.pdf").unlink()

    assert loaded(folder, whole()).attested["payer-to-payer.opt-in"].document == "opt-in.pdf"


def test_a_case_without_a_member_needs_the_first(folder: Path) -> None:
    text = 'name = "x"\n[apis.prior-auth]\npas = { "2.2.1" = "https://example.org" }\n[cases.prior-auth.approved]\n'
    wrong = refused(folder, text)

    assert wrong.message == "[cases.prior-auth.approved] names no member, and there is no [members.first]"
    assert wrong.line == 4
    assert loaded(folder, text + 'body = "own.json"\n').cases["prior-auth"]["approved"].facts == {}


def test_members_of_one_name_and_birth_date_are_two_only_where_several_may_match(folder: Path) -> None:
    twins = '\n[members.twin]\nfamily = "ASHGROVE"\ngiven = ["Marta", "Lin"]\nbirth_date = 1951-04-17\n'
    wrong = refused(folder, whole() + twins)
    assert "members.twin and members.first have the same name and birth_date" in wrong.message

    several = '[cases.payer-to-payer.several-matches]\nmember = "twin"\n'
    assert "twin" in loaded(folder, whole() + twins + several).members


def test_one_number_in_two_systems_is_two_numbers(folder: Path) -> None:
    text = whole(**{'member_id = "M-2"': 'member_id = "M-1"\nidentifier_system = "https://other.example.org"'})

    assert loaded(folder, text).members["second"].facts["member_id"] == "M-1"


def test_a_file_of_nothing_but_mistakes_is_refused_in_time(folder: Path) -> None:
    members = "".join(f'[members.m{n}]\nmember_id = "same"\nfamly = "{n}"\n' for n in range(3000))

    assert "unknown key 'famly'" in refused(folder, whole() + members).message
    assert "the same member_id" in refused(folder, whole() + members.replace("famly", "family")).message

"""A whole target file, the files it names, and how the tests of the target file read one."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from conformance.errors import UsageError
from conformance.target import Target, load

TODAY = date(2026, 11, 21)
KNOWN = {
    "prior-auth": {"pas": ("2.0.1", "2.2.1"), "cdex": ("2.1.0",), "smart": ("2.2.0",)},
    "formulary": {"usdf": ("2.0.1", "2.1.0")},
    "payer-to-payer": {"hrex": ("1.0.0", "1.2.0"), "smart": ("2.2.0",)},
    "coverage-discovery": {"crd": ("2.0.1", "2.2.1")},
    "documentation": {"dtr": ("2.0.1", "2.2.0")},
    "patient-access": {"pdex": ("2.0.0", "2.1.0", "2.2.0")},
}

WHOLE = """\
name = "Example Health Plan, MA"
payer_type = "ma"
part_d = true
environment = "test"
allow = ["write"]
timezones = ["America/New_York", "America/Los_Angeles"]
holidays = [2026-11-27]
max_rps = 5
representative = true
as_of = 2027-07-01
rating_period_start = 2027-07-01

[apis.prior-auth]
pas = { "2.0.1" = "https://api.example.org/pas/2.0.1", "2.2.1" = "https://api.example.org/pas/r4/" }
smart = "2.2.0"
paths = { submit = "Claim/$submit" }
auth = "gateway"
headers = { "x-api-key" = "env:API_KEY", "x-tenant" = "ma" }

[apis.formulary]
usdf = { "2.1.0" = "http://127.0.0.1:8080/usdf" }

[auth.gateway]
type = "backend-services"
token_url = "https://login.example.org/token"
client_id = "harness"
key_file = "gateway.pem"
scope = "system/*.rs"

[auth.portal]
type = "client-secret"
token_url = "https://login.example.org/token"
client_id = "env:CLIENT_ID"
client_secret = "env:CLIENT_SECRET"

[requester]
npi = "1234567893"
name = "Riverbend Clinic"
practitioner = { npi = "1234567893", family = "Achebe", given = ["Ngozi"] }

[payer]
name = "Example Health Plan"
identifier = { system = "http://hl7.org/fhir/sid/us-npi", value = "1987654321" }

[members.first]
member_id = "M-1"
family = "Ashgrove"
given = ["Marta", "Lin"]
birth_date = 1951-04-17

[members.second]
member_id = "M-2"
family = "Okonjo"
given = ["Daniel"]
birth_date = "1948-11-02"

[members.child]
member_id = "M-3"
family = "Okonjo"
given = ["Ruth"]
subscriber = "second"
relationship = "child"

[cases.prior-auth.denied]
service = { system = "http://www.ama-assn.org/go/cpt", code = "97110" }
settles = "PT1H30M"

[cases.prior-auth.own]
member = "second"
body = "own.json"

[cases.formulary.statin]
drug = "617310"
needs = ["prior-authorization"]

[[known.prior-auth]]
identifier = "A-1"
received = 2027-02-01T09:30:00-05:00
decision = "denied"
decided = 2027-02-03

[[known.prior-auth]]
identifier = "A-2"
received = 2027-02-01
decision = "approved"
urgency = "expedited"
member = "second"

[[drugs]]
drug = "197361"

[acknowledged."prior-auth.pended"]
reason = "reviewers are not reachable in the test environment"
until = 2027-01-31

[attested."payer-to-payer.opt-in"]
by = "J. Doe, compliance"
document = "opt-in.pdf"
sha256 = "DIGEST"
until = 2027-01-31
"""
ENV = {"API_KEY": "k3y-of-the-gateway", "CLIENT_ID": "harness-2", "CLIENT_SECRET": "s3cret-of-the-client"}
DOCUMENT = b"the opt-in process"


def pem(key: Any) -> str:
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, form, serialization.NoEncryption()).decode()


P384_PEM = pem(ec.generate_private_key(ec.SECP384R1()))


def furnish(folder: Path) -> None:
    (folder / "gateway.pem").write_text(P384_PEM)
    (folder / "own.json").write_text('{"resourceType": "Bundle"}')
    (folder / "opt-in.pdf").write_bytes(DOCUMENT)


def whole(**changes: str) -> str:
    """WHOLE with texts replaced; a key that is not in it is a mistake of the test."""
    text = WHOLE.replace("DIGEST", hashlib.sha256(DOCUMENT).hexdigest())
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def loaded(folder: Path, text: str, env: Mapping[str, str] = ENV, name: str = "target.toml") -> Target:
    (folder / name).write_text(text, encoding="utf-8")
    return load(folder / name, today=TODAY, known=KNOWN, env=env)


def refused(folder: Path, text: str, env: Mapping[str, str] = ENV) -> UsageError:
    with pytest.raises(UsageError) as caught:
        loaded(folder, text, env)
    return caught.value


def line_of(text: str, mark: str) -> int:
    return text[: text.index(mark)].count("\n") + 1

"""Nothing that a run writes or says holds a secret or tells who a member is: every file, every line, every canary."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from command import NEWEST, Ran, changed, conformance, examine
from leaking import NO_FHIR, PAGE, PLANTED, Leaking

from conformance import clock
from conformance.sandbox.serve import Running

ENVIRONMENT = {
    "SECRET_OF_THE_CLIENT": "a client's/secret+with=signs",
    "TOKEN_OF_THE_FORMULARY": "bearer-of-the-formulary-5d1e",
    "KEY_OF_THE_GATEWAY": "gateway-key-c0ffee",
}
MEMBERS = (  # of the target file, with the forms in which a payer could write them
    "MBR-1001", "MBR1001", "SUB-1001", "Ashgrove", "Marta", "1951-04-17", "04/17/1951", "19510417", "14 Quarry Lane",
    "Hartford", "06103", "MBR-1002", "Okonjo", "Daniel", "1948-11-02", "201 Millpond Road", "MBR-1003", "Ruth",
    "1953-07-26", "MBR-9999", "Nemeth", "Ilka", "Villanueva", "Rosa", "1950-01-30", "9 Tannery Street",
)  # fmt: skip


def secretive(payer: Running, folder: Path, auth: str = "secret") -> Path:
    """A target with credentials of three kinds: an assertion, a header, and a client secret or a bearer token."""
    more = f"""
[auth.secret]
type = "client-secret"
token_url = "{payer.base_url}/secret/token"
client_id = "conformance-client"
client_secret = "env:SECRET_OF_THE_CLIENT"

[auth.token]
type = "bearer"
token = "env:TOKEN_OF_THE_FORMULARY"

[acknowledged."prior-auth.denial-reason"]
reason = "Marta Ashgrove has no denial yet"
until = {(clock.now() + timedelta(30)).date()}
"""
    return changed(
        payer.target_file,
        folder,
        ('[apis.formulary]\n', '[apis.formulary]\nheaders = { "x-gateway" = "env:KEY_OF_THE_GATEWAY" }\n'),
        (f'"{payer.bases["usdf=2.1.0"]}" }}\nauth = "gateway"', f'"{payer.bases["usdf=2.1.0"]}" }}\nauth = "{auth}"'),
        more=more,
    )  # fmt: skip


def told(ran: Ran, canaries: set[str]) -> list[tuple[str, str]]:
    """Every (file, canary) of what the run wrote and said in which a canary is found, in whatever case."""
    files = {path.relative_to(ran.folder).as_posix(): path for path in ran.folder.rglob("*") if path.is_file()}
    kinds = {name.partition("/")[0] for name in files}
    assert kinds >= {
        "results.json", "verdicts.jsonl", "exchanges.jsonl", "report.html", "junit.xml", "allure-results",
    }  # fmt: skip
    texts = {name: f"{name}\n{path.read_bytes().decode('utf-8', 'replace')}" for name, path in files.items()}
    texts |= {"stdout": ran.out, "stderr": ran.err}
    found = []
    for name, text in texts.items():
        small = text.lower()
        found += [(name, each) for each in canaries if each.lower() in small and _stands_alone(each, text)]
    return found


def _stands_alone(canary: str, text: str) -> bool:
    """Whether a text holds a canary that is not the end of a longer word: "Ruth" is not in "truth"."""
    return re.search(rf"(?<![0-9A-Za-z]){re.escape(canary)}", text, re.IGNORECASE) is not None


def everything(payer: Running, leaking: Leaking) -> set[str]:
    key = [line for line in payer.client_key_file.read_text().splitlines() if line]
    return {*PLANTED, *MEMBERS, *ENVIRONMENT.values(), *key, *leaking.secrets}


def plainly(_path: str, _sent: str) -> None:
    return None


def otherwise(path: str, sent: str) -> tuple[str, bytes] | None:
    """An answer that is no FHIR, of another kind for each case."""
    if not path.endswith(("$submit", "Basic", "$everything")):
        return None
    for case, answer in {
        "-approved-": ("text/html", PAGE),
        "-denied-": ("application/fhir+json", NO_FHIR),
        "-pended-": ("application/fhir+json", PAGE),
        "-mixed-": ("application/json", b'"Zyxjson says: Quillonia Zyxcanaryson"'),
        "-modified-": ("application/fhir+json", b'{"resourceType": "Bundle", "note": "Zyxjson broken Zyxcanaryson'),
        "-expedited-": ("text/plain", b"Zyxpage: Quillonia Zyxcanaryson cannot be found"),
    }.items():
        if case in sent:
            return answer
    return ("application/fhir+json", NO_FHIR) if path.endswith("Basic") else ("text/html", PAGE)


REVEALING = ("names_the_candidates", "mixes_in_a_neighbour", "answers_about_another_member", "refuses_its_member")
# Where these faults show, and where the answers are of another kind.
TOUCHED = ("--suite", "prior_auth", "--suite", "formulary", "--suite", "payer_to_payer")


@pytest.mark.parametrize(
    ("faults", "instead", "auth", "suites"),
    [((), plainly, "secret", ()), (REVEALING, plainly, "token", TOUCHED), ((), otherwise, "secret", TOUCHED)],
    ids=["data", "faults", "no FHIR"],
)
def test_nothing_tells_who_a_member_is_or_opens_a_door(
    payer: Running,
    tmp_path: Path,
    faults: tuple[str, ...],
    instead: Callable[[str, str], tuple[str, bytes] | None],
    auth: str,
    suites: tuple[str, ...],
) -> None:
    payer.become(faults)
    leaking = Leaking(payer.stage.current, instead)
    payer.mount(leaking)

    target = secretive(payer, tmp_path, auth)
    ran = examine(target, tmp_path / "out", *NEWEST, *suites, "--intrusive", env=ENVIRONMENT)

    assert ran.code == 1  # a payer that mixes strangers into its answers
    assert len(leaking.secrets) >= 5
    assert len(leaking.planted) >= 8
    assert told(ran, everything(payer, leaking)) == []
    again = conformance("report", str(ran.folder), folder=ran.folder)
    assert told(again, everything(payer, leaking)) == []


def test_people_keep_one_name_each_and_the_answers_their_shape(payer: Running, tmp_path: Path) -> None:
    payer.mount(Leaking(payer.stage.current, plainly))

    ran = examine(
        secretive(payer, tmp_path), tmp_path / "out", "--suite", "payer_to_payer", "--guide", "hrex=1.2.0",
        env=ENVIRONMENT,
    )  # fmt: skip

    bodies = [line["body"] for line in ran.lines("exchanges.jsonl") if line["operation"].startswith("payer-to-payer")]
    assert any('"family": "member-1"' in body for body in bodies)
    strangers = set(re.findall(r'"family": "(person-\d+)"', "".join(bodies)))
    assert len(strangers) == 1
    assert any('"code": "informational"' in body for body in bodies)


def test_what_the_target_file_says_wrongly_is_not_repeated_where_it_is_a_secret(tmp_path: Path) -> None:
    target = tmp_path / "target.toml"
    secret = "an-inline-secret-77"
    target.write_text(
        'name = "x"\n[apis.formulary]\nusdf = { "2.1.0" = "https://payer.example.org/" }\nauth = "a"\n'
        f'[auth.a]\ntype = "bearer"\ntoken = "{secret}"\n'
    )

    ran = examine(target, tmp_path / "out")

    assert ran.code == 2
    assert f"{target}:7: " in ran.err
    assert secret not in ran.said

"""The model payer over real HTTPS: how it is served, what it says of itself, its target file, faults of discovery."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import warnings
from collections.abc import Iterator
from dataclasses import replace
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

import httpx
import payer_client as pc
import pytest
from cryptography import x509
from fhir.resources.R4B import get_fhir_model_class

from conformance import paths
from conformance.errors import UsageError
from conformance.sandbox import app, faults, seed
from conformance.sandbox.clock import Clock
from conformance.sandbox.faults import discovery as bends
from conformance.sandbox.frame import Answer, Bend, Call, Fault, Variant
from conformance.sandbox.serve import Running, serve

BASES = (
    "pas=2.0.1", "pas=2.2.1", "usdf=2.0.1", "usdf=2.1.0", "hrex=1.0.0", "hrex=1.1.0", "hrex=1.2.0", "pdex=2.0.0",
    "pdex=2.1.0", "pdex=2.2.0", "dtr=2.0.1", "dtr=2.2.0", "bulk=1.0.0", "bulk=2.0.0",
)  # fmt: skip


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with serve(directory=tmp_path_factory.mktemp("serve")) as payer:
        yield payer


@pytest.fixture(autouse=True)
def _fresh(running: Running) -> None:
    running.become(clock_offset=0.0)


@pytest.fixture(scope="module")
def client(running: Running) -> Iterator[httpx.Client]:
    with pc.connected(running) as http:
        yield http


def _negotiated(running: Running, version: ssl.TLSVersion | None = None) -> str | None:
    """The TLS version that a client of its own gets, at most ``version``."""
    context = ssl.create_default_context(cafile=str(running.ca_file))
    if version:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = version
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
    port = int(running.base_url.rpartition(":")[2])
    with (
        socket.create_connection(("127.0.0.1", port), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        return secure.version()


def test_the_certificate_is_good_for_its_authority_alone(running: Running) -> None:
    assert running.base_url.startswith("https://127.0.0.1:")
    with httpx.Client(timeout=5) as stranger, pytest.raises(httpx.ConnectError):
        stranger.get(running.bases["pas=2.2.1"] + "/metadata")
    assert _negotiated(running) == "TLSv1.3"
    assert running.ca_file
    authority = x509.load_pem_x509_certificate(running.ca_file.read_bytes())
    assert authority.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert running.client_key_file.stat().st_mode & 0o077 == 0


def test_tls_1_2_is_spoken_and_less_is_not(running: Running) -> None:
    assert _negotiated(running, ssl.TLSVersion.TLSv1_2) == "TLSv1.2"
    with pytest.raises(ssl.SSLError):
        _negotiated(running, ssl.TLSVersion.TLSv1_1)


def test_a_fault_lowers_tls_until_the_payer_is_itself_again(running: Running) -> None:
    running.become(("speaks_tls_1_1",))

    assert _negotiated(running, ssl.TLSVersion.TLSv1_1) == "TLSv1.1"
    with pytest.raises(ssl.SSLError):
        _negotiated(running)

    running.become()
    assert _negotiated(running) == "TLSv1.3"


@pytest.mark.parametrize("base", BASES)
def test_each_base_declares_itself(running: Running, client: httpx.Client, base: str) -> None:
    answer = client.get(running.bases[base] + "/metadata")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/fhir+json"
    statement = answer.json()
    get_fhir_model_class("CapabilityStatement").model_validate(statement)
    assert (statement["status"], statement["kind"], statement["fhirVersion"]) == ("active", "instance", "4.0.1")
    assert statement["implementation"]["url"] == running.bases[base]
    assert "application/fhir+json" in statement["format"]
    ig, _, version = base.partition("=")
    assert ig == "bulk" or statement["implementationGuide"][0].endswith(f"|{version}")
    (rest,) = statement["rest"]
    operations = {operation["name"] for resource in rest["resource"] for operation in resource.get("operation", ())}
    expected: dict[str, set[str]] = {
        "pas": {"submit", "inquire"},
        "hrex": {"member-match", "everything"},
        "pdex": {"member-match", "everything"},
        "bulk": {"export"},
        "usdf": {"export"},
        "dtr": {"questionnaire-package"},
    }
    assert operations == expected[base.partition("=")[0]]


def test_the_formulary_declares_the_search_parameters_of_the_guide(running: Running, client: httpx.Client) -> None:
    statement = client.get(running.bases["usdf=2.1.0"] + "/metadata").json()

    found = {one["type"]: {two["name"] for two in one["searchParam"]} for one in statement["rest"][0]["resource"]}
    assert found["Basic"] == {
        *("_id", "_lastUpdated", "code", "subject", "status", "period"),
        *("formulary", "pharmacy-benefit-type", "drug-tier"),
    }
    assert found["MedicationKnowledge"] >= {"_id", "_lastUpdated", "status", "code", "drug-name"}
    assert found["Location"] >= {"address", "address-city", "address-state", "address-postalcode"}
    assert statement["instantiates"] == [
        "http://hl7.org/fhir/us/davinci-drug-formulary/CapabilityStatement/usdf-server"
    ]


def test_the_davinci_configuration_follows_the_version(running: Running, client: httpx.Client) -> None:
    def endpoints(base: str) -> dict[str, str]:
        answer = client.get(running.bases[base] + "/.well-known/davinci-configuration")
        assert answer.headers["content-type"] == "application/json"
        assert {"system", "value"} <= answer.json()["identifier"].keys()
        return dict(answer.json()["endpoints"])

    assert endpoints("hrex=1.0.0")["davinci_pdex_payer_endpoint"] == running.bases["hrex=1.0.0"]
    assert endpoints("hrex=1.2.0")["davinci_pdex_payer_endpoint#2.2"] == running.bases["hrex=1.2.0"]
    assert client.get(running.bases["pas=2.2.1"] + "/.well-known/davinci-configuration").status_code == 404


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/pas/9.9.9/metadata"),
        ("GET", "/fhir/2.2.1/metadata"),
        ("GET", "/pas/2.2.1/Claim"),
        ("GET", "/pas/2.2.1/Claim/$submit"),
        ("DELETE", "/hrex/1.2.0/Patient/first"),
        ("GET", "/hrex/1.2.0/Observation"),
        ("GET", "/usdf/2.1.0/Patient"),
        ("POST", "/pas/2.2.1/metadata"),
        ("PUT", "/hrex/1.2.0/Patient/a/b/c"),
    ],
)
def test_nothing_is_served_elsewhere(running: Running, client: httpx.Client, method: str, path: str) -> None:
    answer = client.request(method, running.base_url + path)

    assert answer.status_code == 404
    assert answer.json()["resourceType"] == "OperationOutcome"


def test_the_date_is_the_payers_own(running: Running, client: httpx.Client) -> None:
    running.become(clock_offset=40 * 86400.0)

    answer = client.get(running.bases["pas=2.2.1"] + "/metadata")

    assert answer.headers.get_list("date") == [answer.headers["date"]]
    ahead = parsedate_to_datetime(answer.headers["date"]) - Clock().now()
    assert 39 < ahead.total_seconds() / 86400 < 41


def test_a_bend_changes_and_delays_one_operation_and_holds_nobody_up(running: Running) -> None:
    def change(_call: Call, answer: Answer) -> Answer:
        return replace(answer, status=218)

    slow = Bend("discovery.metadata", change, lambda call, _answer: call.version == "pas=2.2.1", delay=0.4)
    running.mount(app.build(seed.load(running.clock.today()), running.clock, running.policies, (slow,)))
    order: list[str] = []

    def ask(base: str) -> None:
        with pc.connected(running) as http:
            order.append(f"{base} {http.get(running.bases[base] + '/metadata').status_code}")

    threads = [threading.Thread(target=ask, args=(base,)) for base in ("pas=2.2.1", "pas=2.0.1")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert order == ["pas=2.0.1 200", "pas=2.2.1 218"]


def test_a_mistake_of_a_bend_is_said(running: Running, client: httpx.Client) -> None:
    broken = Bend("discovery.metadata", lambda _call, _answer: Answer(1 // 0))
    running.mount(app.build(seed.load(running.clock.today()), running.clock, running.policies, (broken,)))

    answer = client.get(running.bases["pas=2.2.1"] + "/metadata")

    assert answer.status_code == 500
    assert "ZeroDivisionError" in answer.json()["issue"][0]["details"]["text"]


def test_it_is_served_over_plain_http_on_a_chosen_port_and_stops(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with serve(directory=tmp_path, tls=False, port=port, delay=0.05) as payer, pc.connected(payer) as http:
        assert payer.base_url == f"http://127.0.0.1:{port}"
        answer = http.get(payer.bases["usdf=2.0.1"] + "/metadata")
        assert answer.status_code == 200
        assert answer.elapsed.total_seconds() >= 0.05
        assert "ca_file" not in payer.target_file.read_text()
    with pytest.raises(OSError), socket.create_connection(("127.0.0.1", port), timeout=5):
        pass


def test_an_unknown_fault_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="sleeps_all_day"), serve(directory=tmp_path, faults=("sleeps_all_day",)):
        pass


def test_the_target_file_says_what_is_served(running: Running) -> None:
    target = pc.target(running)

    urls = [url for one in target["apis"].values() for ig in app.VERSIONS for url in one.get(ig, {}).values()]
    assert sorted(url.removesuffix("/cms-data-index.json") for url in urls) == sorted(running.bases.values())
    gateway = target["auth"]["gateway"]
    assert (gateway["token_url"], gateway["client_id"]) == (running.token_url, running.client_id)
    assert Path(gateway["key_file"]).is_file()
    assert Path(gateway["ca_file"]).is_file()
    assert {one["auth"] for one in target["apis"].values()} <= target["auth"].keys()


def test_the_target_files_members_are_the_payers(running: Running) -> None:
    target = pc.target(running)
    on_file = {member["identifier"]["value"]: member for member in seed.load(running.clock.today()).members.values()}

    for key, member in target["members"].items():
        own = on_file.get(member.get("member_id"))
        assert (own is None) == (key in ("nobody", "twin", "near-birth-date", "near-name")), key
        if own:
            same = ("subscriber_id", "family", "given", "birth_date", "gender", "address", "group")
            told = [name for name in same if name in member or key in ("first", "second")]
            assert {name: member[name] for name in told} == {name: own[name] for name in told}
            assert member.get("coverage_id", own["coverage"]["id"]) == own["coverage"]["id"]
    twins = [one for one in on_file.values() if one["family"] == target["members"]["twin"]["family"]]
    assert [one["subscriber_id"] for one in twins] == [target["members"]["twin"]["subscriber_id"]] * 2


def test_the_target_files_cases_are_what_the_payer_decides(running: Running) -> None:
    target = pc.target(running)
    services = seed.load(running.clock.today()).services
    for name, case in target["cases"]["prior-auth"].items():
        for item in case.get("items", [case]):
            known = services[item["service"]["code"]]
            assert (known["case"], known["system"]) == (name, item["service"]["system"])
        # Whoever pends first is waited for; the answer to a request for more is not.
        assert ("settles" in case) == (name not in ("pended", "information", "questionnaire"))
    for case in target["cases"]["payer-to-payer"].values():
        assert case.get("member", "first") in target["members"]
    rows = json.loads((paths.fixtures() / "sandbox" / "formulary.json").read_text("utf-8"))
    declared = {row["case"]: {"drug": row["drug"], "needs": row["needs"]} for row in rows["declared"]}
    drugs = target["cases"]["formulary"].items()
    assert {name: {key: case[key] for key in ("drug", "needs")} for name, case in drugs} == declared


def test_the_target_files_known_authorizations_are_on_file(running: Running) -> None:
    known = pc.target(running)["known"]["prior-auth"]
    on_file = seed.load(running.clock.today()).authorizations

    assert {"standard", "expedited"} == {entry["urgency"] for entry in known}
    assert "denied" in {entry["decision"] for entry in known}
    for entry in known:
        assert entry["identifier"] in on_file
        assert entry["received"] < running.clock.now()
        assert entry["member"] in pc.target(running)["members"]


def test_faults_and_variants_are_whole() -> None:
    changes: list[Fault | Variant] = [*faults.faults().values(), *faults.variants().values()]

    for one in changes:
        assert sum(given is not None for given in (one.bend, one.seed, one.policies)) == 1, one.name
        assert one.text.endswith("."), one.name
        assert set(one.versions) <= {f"{ig}={each}" for ig, versions in app.VERSIONS.items() for each in versions}
        assert not isinstance(one, Fault) or one.breaks, one.name
    assert len({one.name for one in changes}) == len(changes)


@pytest.mark.parametrize("base", ["hrex=1.0.0", "hrex=1.2.0"])
def test_a_member_is_matched_and_exported_over_https(running: Running, client: httpx.Client, base: str) -> None:
    headers = pc.token(running, client)
    members = pc.target(running)["members"]
    url = f"{running.bases[base]}/Patient"

    def match(member: str) -> int:
        return client.post(
            url + "/$member-match", json=pc.match_request(running, members[member]), headers=headers
        ).status_code

    assert [match(member) for member in ("first", "nobody", "twin")] == [200, 422, 422]
    assert client.get(url + "/first/$everything", headers=headers).json()["resourceType"] == "Bundle"
    assert client.get(url + "/second/$everything", headers=headers).status_code == 403
    assert client.get(url + "/first/$everything").status_code == 401


@pytest.mark.parametrize("base", ["pas=2.0.1", "pas=2.2.1"])
def test_prior_authorization_asks_for_a_token_and_its_scope(running: Running, client: httpx.Client, base: str) -> None:
    reader = pc.token(running, client, scope="system/*.rs")
    writer = pc.token(running, client)
    answers = {
        operation: [
            client.post(f"{running.bases[base]}/Claim/${operation}", content=b"{}", headers=headers).status_code
            for headers in ({}, reader, writer)
        ]
        for operation in ("submit", "inquire")
    }

    assert answers == {"submit": [401, 403, 400], "inquire": [401, 400, 400]}


@pytest.mark.parametrize("base", ["usdf=2.0.1", "usdf=2.1.0"])
def test_the_formulary_is_open_and_searched_by_get_and_post(running: Running, client: httpx.Client, base: str) -> None:
    url = f"{running.bases[base]}/MedicationKnowledge"
    found = client.get(url, params={"code": "314076"}).json()
    posted = client.post(url + "/_search", data={"code": "314076"}).json()
    (drug,) = (entry["resource"] for entry in found["entry"])

    assert posted["entry"] == found["entry"]
    assert client.get(f"{url}/{drug['id']}").json() == drug


def _judged(running: Running, client: httpx.Client) -> dict[str, bool]:
    """What holds of discovery, by requirement, in the plainest reading."""
    smart = client.get(running.bases["pas=2.2.1"] + "/.well-known/smart-configuration").json()
    davinci = client.get(running.bases["hrex=1.2.0"] + "/.well-known/davinci-configuration")
    statements = [client.get(running.bases[base] + "/metadata") for base in BASES]
    token = pc.ask_token(running, client).json()
    methods, algorithms = "token_endpoint_auth_methods_supported", "token_endpoint_auth_signing_alg_values_supported"
    required = {"grant_types_supported", "token_endpoint", "capabilities", "code_challenge_methods_supported"}
    return {
        "discovery.capability-statement": all(_is_statement(answer) for answer in statements),
        "smart.configuration": required <= smart.keys(),
        "smart.code-challenge": smart["code_challenge_methods_supported"] == ["S256"],
        "smart.asymmetric-client": "private_key_jwt" in smart[methods]
        and bool({"RS384", "ES384"} & set(smart.get(algorithms, ()))),
        "smart.token-answer": {"access_token", "token_type", "scope", "expires_in"} <= token.keys(),
        "smart.token-lifetime": token["expires_in"] <= 300,
        "davinci.configuration": davinci.status_code == 200 and {"identifier", "endpoints"} <= davinci.json().keys(),
    }


def _is_statement(answer: httpx.Response) -> bool:
    if answer.status_code != 200:
        return False
    found: dict[str, Any] = answer.json()
    needed = {"status", "date", "kind", "fhirVersion", "format", "rest"}
    return found["resourceType"] == "CapabilityStatement" and needed <= found.keys()


HERE = {
    *("hides_its_metadata", "forgets_the_token_endpoint", "offers_plain_challenges", "offers_no_signing_algorithm"),
    *("forgets_the_token_type", "issues_hour_long_tokens", "forgets_davinci_configuration"),
}


@pytest.mark.parametrize("name", ["", *sorted(HERE), *(one.name for one in bends.VARIANTS)])
def test_a_fault_of_discovery_breaks_what_it_names_and_a_variant_nothing(
    running: Running, client: httpx.Client, name: str
) -> None:
    running.become((name,) if name else ())
    known = {one.name: one for one in (*bends.FAULTS, *bends.VARIANTS)}

    broken = {what for what, held in _judged(running, client).items() if not held}

    # Apps are not launched here.
    assert broken == set(getattr(known.get(name), "breaks", ())) - {"smart.launch"}

"""Keys, tokens, proxies and certificates of a target file: found, told apart, and never shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from joserfc.jwk import ECKey, RSAKey
from target_files import P384_PEM, furnish, line_of, loaded, pem, refused, whole


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    furnish(tmp_path)
    return tmp_path


RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def sec1(key: Any) -> str:
    form = serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def jwk(key: Any, **more: Any) -> str:
    return json.dumps({**key.as_dict(private=True), **more})


GOOD_KEYS: Mapping[str, tuple[str, str, str]] = {
    "PKCS 8 EC": (P384_PEM, "ES384", ""),
    "SEC 1 EC": (sec1(ec.generate_private_key(ec.SECP384R1())), "ES384", ""),
    "PKCS 8 RSA": (pem(RSA_KEY), "RS384", ""),
    "PKCS 1 RSA": (sec1(RSA_KEY), "RS384", ""),
    "one line": (P384_PEM.replace("\n", "\\n"), "ES384", ""),
    "JWK EC": (jwk(ECKey.generate_key("P-384"), kid="k1"), "ES384", "k1"),
    "JWK RSA": (jwk(RSAKey.generate_key(2048), alg="RS384"), "RS384", ""),
    "JWKS": (json.dumps({"keys": [json.loads(jwk(ECKey.generate_key("P-384"), kid="k2"))]}), "ES384", "k2"),
}
BAD_KEYS: Mapping[str, tuple[str, str]] = {
    "public": (
        RSA_KEY.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode(),
        "expected a private key, found a public key",
    ),
    "encrypted": (
        RSA_KEY.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.BestAvailableEncryption(b"pass phrase"),
        ).decode(),
        "the key is encrypted",
    ),
    "P-256": (pem(ec.generate_private_key(ec.SECP256R1())), "the key's curve is not P-384"),
    "Ed25519": (pem(ed25519.Ed25519PrivateKey.generate()), "the key is neither RSA nor EC"),
    "damaged": (P384_PEM.replace("M", "#"), "the key is damaged"),
    "no key": ("hunter2", "holds no PEM and no JWK"),
    "JWK P-256": (jwk(ECKey.generate_key("P-256")), "the key's curve is not P-384"),
    "JWK oct": ('{"kty": "oct", "d": "hunter2", "k": "hunter2"}', "a JWK of a kind that cannot sign here"),
    "JWK public": ('{"kty": "RSA", "n": "abc", "e": "AQAB"}', "holds no private key"),
    "JWK other algorithm": (jwk(ECKey.generate_key("P-384"), alg="ES512"), "the key signs ES384, not ES512"),
    "JWK broken": ('{"kty": "RSA"', "is not JSON"),
    "JWKS of two": (
        json.dumps({"keys": [{"kty": "RSA", "d": "hunter2"}, {"kty": "RSA", "d": "hunter3"}]}),
        "holds several private keys; say with key_id which one",
    ),
    "JWKS of nothing": ('{"keys": 3}', "holds no private key"),
    "binary": ("\udcff\udcfe", "is not a text file"),
    "empty": ("", "is empty"),
}


@pytest.mark.parametrize("name", GOOD_KEYS)
def test_a_key_is_recognised_by_what_it_holds(folder: Path, name: str) -> None:
    text, algorithm, key_id = GOOD_KEYS[name]
    (folder / "gateway.pem").write_text(text)
    auth = loaded(folder, whole()).auth["gateway"]

    assert (auth.algorithm, auth.key_id) == (algorithm, key_id)


@pytest.mark.parametrize("name", BAD_KEYS)
def test_a_key_that_cannot_sign_is_refused(folder: Path, name: str) -> None:
    text, message = BAD_KEYS[name]
    (folder / "gateway.pem").write_bytes(text.encode("utf-8", "surrogateescape"))
    wrong = refused(folder, whole())

    assert message in wrong.message
    assert wrong.line == line_of(whole(), "key_file")
    assert "hunter2" not in str(wrong)


def test_one_key_of_several_is_chosen_by_its_id(folder: Path) -> None:
    keys = [json.loads(jwk(ECKey.generate_key("P-384"), kid=kid)) for kid in ("a", "b")]
    (folder / "gateway.pem").write_text(json.dumps({"keys": keys}))
    target = loaded(folder, whole(**{'scope = "system/*.rs"': 'key_id = "b"'}))

    assert json.loads(target.auth["gateway"].key)["d"] == keys[1]["d"]
    assert keys[1]["d"] in target.secrets


BEARER = (
    'name = "x"\n[apis.formulary]\nusdf = { "2.0.1" = "https://example.org" }\nauth = "a"\n[auth.a]\ntype = "bearer"\n'
)


def test_a_bearer_token_comes_from_the_environment_or_a_file(folder: Path) -> None:
    (folder / "token").write_text("t0ken.in-a_file\n")

    target = loaded(folder, BEARER + 'token = "env:TOKEN"', {"TOKEN": "t0ken.in-env"})
    assert (target.auth["a"].token, target.secrets) == ("t0ken.in-env", ("t0ken.in-env",))
    assert "t0ken" not in repr(target)
    assert loaded(folder, BEARER + 'token_file = "token"').auth["a"].token == "t0ken.in-a_file"
    assert "has token and token_file" in refused(folder, BEARER + 'token = "env:T"\ntoken_file = "token"').message
    assert "the environment variable T is empty" in refused(folder, BEARER + 'token = "env:T"', {"T": " "}).message
    (folder / "token").write_text("two hunter2 words")
    wrong = refused(folder, BEARER + 'token_file = "token"')
    assert "the token holds more than one visible word" in wrong.message
    assert "hunter2" not in str(wrong)


def test_a_proxy_with_a_password_comes_from_the_environment(folder: Path) -> None:
    text = BEARER.replace('"bearer"', '"none"') + 'proxy = "env:PROXY"'
    target = loaded(folder, text, {"PROXY": "http://me:hunter2@proxy.example.org:3128"})

    assert target.auth["a"].proxy in target.secrets
    assert "hunter2" not in repr(target)
    wrong = refused(folder, text, {"PROXY": "hunter2"})
    assert "auth.a.proxy: what the environment variable holds is not a URL" in wrong.message
    assert "hunter2" not in str(wrong)
    assert "secrets are never written here" in refused(folder, text.replace("env:PROXY", "http://a:b@c")).message


def test_a_client_certificate_is_looked_at(folder: Path) -> None:
    (folder / "client.pem").write_text("-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----\n")
    text = BEARER.replace('"bearer"', '"none"') + 'client_certificate = "client.pem"\nclient_key = "gateway.pem"\n'

    assert loaded(folder, text).auth["a"].client_certificate == str(folder / "client.pem")
    assert "holds no PEM of a private key" in refused(folder, text.replace("gateway.pem", "client.pem")).message


def test_a_token_command_with_a_path_lies_beside_the_file(folder: Path) -> None:
    text = BEARER.replace('"bearer"', '"token-command"') + 'command = ["./token.sh", "--now"]\n'

    assert "auth.a.command: there is no file" in refused(folder, text).message
    (folder / "token.sh").touch()
    assert loaded(folder, text).auth["a"].command == (str(folder / "token.sh"), "--now")
    assert loaded(folder, text.replace("./token.sh", "token")).auth["a"].command == ("token", "--now")

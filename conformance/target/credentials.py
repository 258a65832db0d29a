"""Credentials of a target file: by file or from the environment, never in the file itself.

No message here repeats what a secret holds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from conformance.target.checks import url_fault
from conformance.target.document import Document, dotted, is_file
from conformance.target.facts import duration
from conformance.target.keys import UnusableKeyError, private_key
from conformance.target.lines import KeyPath

MAX_BYTES = 100_000
ENV = "env:"
TOKEN68 = re.compile(r"[!-~]+")  # what may stand in a header as a token: visible ASCII
HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
HARNESS_OWN = frozenset({"host", "content-length", "transfer-encoding", "connection"})
CREDENTIAL_NAME = re.compile(r"auth|cookie|key|token|secret|passw|credential|signature", re.IGNORECASE)

CLIENT = ("client_certificate", "client_key", "ca_file", "proxy")
NEEDS: Mapping[str, tuple[str, ...]] = {
    "none": (),
    "bearer": ("token",),
    "client-secret": ("token_url", "client_id", "client_secret"),
    "backend-services": ("token_url", "client_id", "key"),
    "cds-hooks": ("client_id", "key"),
    "refresh-token": ("token_url", "client_id", "refresh_token"),
    "smart-launch": ("authorize_url", "token_url", "client_id", "audience"),
    "token-command": ("command",),
}
MAY_HAVE: Mapping[str, tuple[str, ...]] = {
    "client-secret": ("scope", "wait_for_expiry"),
    "backend-services": ("scope", "key_id", "algorithm", "wait_for_expiry"),
    "cds-hooks": ("key_id", "algorithm", "key_set_url"),
    "refresh-token": ("scope", "client_secret", "wait_for_expiry"),
    "smart-launch": ("scope", "client_secret", "redirect_uri", "command", "wait_for_expiry"),
}
BY_FILE = frozenset({"token", "client_secret", "key", "refresh_token"})


def credentials(document: Document, name: str, env: Mapping[str, str]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The fields of [auth.NAME] with its secrets resolved, and all that must never be written."""
    at: KeyPath = ("auth", name)
    table: Mapping[str, str] = document.get(at)
    _fitting(document, at, table)
    fields: dict[str, Any] = {"name": name, "type": table["type"]}
    for each in ("token_url", "scope", "algorithm", "key_set_url", "authorize_url", "redirect_uri", "audience"):
        fields[each] = table.get(each, "")
    for each in ("client_id", "key_id", "proxy"):
        fields[each] = _looked_up(document, (*at, each), env) if each in table else ""
    for each in ("token", "client_secret", "key", "refresh_token"):
        fields[each] = _secret(document, at, each, env)
    for each in ("client_certificate", "client_key", "ca_file"):
        fields[each] = _pem_path(document, (*at, each)) if each in table else ""
    fields["wait_for_expiry"] = duration(table["wait_for_expiry"]) if "wait_for_expiry" in table else None
    fields["command"] = _command(document, (*at, "command")) if "command" in table else ()
    hidden = [fields["token"], fields["client_secret"], fields["key"], fields["refresh_token"]]
    if table.get("proxy", "").startswith(ENV):
        hidden.append(fields["proxy"])
        if fault := url_fault(fields["proxy"], base=False, secret=True):
            raise document.wrong((*at, "proxy"), f"auth.{name}.proxy: what the environment variable holds {fault}")
    if fields["token"] and not TOKEN68.fullmatch(fields["token"]):
        raise document.wrong(_where(table, at, "token"), f"auth.{name}: the token holds more than one visible word")
    if fields["key"]:
        hidden += _read_key(document, at, table, fields)
    return fields, tuple(secret for secret in dict.fromkeys(hidden) if secret)


def headers(document: Document, api: str, env: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
    """The headers that an API's requests carry, and the values among them that must never be written."""
    at: KeyPath = ("apis", api, "headers")
    found: dict[str, str] = {}
    hidden: list[str] = []
    for name, written in document.get(at, {}).items():
        key = (*at, name)
        if not HEADER_NAME.fullmatch(name) or name.lower() in HARNESS_OWN:
            raise document.wrong(key, f"{dotted(key)}: is no header that can be set here")
        if not written.startswith(ENV) and CREDENTIAL_NAME.search(name):
            raise document.wrong(key, _inline(key, "headers"))
        value = _looked_up(document, key, env)
        if not value.isascii() or not value.isprintable():
            raise document.wrong(key, f"{dotted(key)}: holds what a header cannot carry")
        found[name] = value
        if written.startswith(ENV):
            hidden.append(value)
    return found, tuple(hidden)


def _command(document: Document, key: KeyPath) -> tuple[str, ...]:
    """A program and its arguments; a program with a path is beside the file, a bare name is looked up when it runs."""
    program, *arguments = document.get(key)
    if "/" not in program:
        return (program, *arguments)
    path = document.beside((*key, 0))
    if not is_file(path):
        raise document.wrong(key, f"{dotted(key)}: there is no file {path}")
    return (str(path.absolute()), *arguments)


def _fitting(document: Document, at: KeyPath, table: Mapping[str, str]) -> None:
    """Every key the type needs, and none that it does not know."""
    kind = table["type"]
    allowed = {"type", *CLIENT, *NEEDS[kind], *MAY_HAVE.get(kind, ())}
    allowed |= {f"{each}_file" for each in allowed & BY_FILE}
    for key in table:
        if key not in allowed:
            raise document.wrong((*at, key), f"{dotted((*at, key))}: is not used with type = {kind!r}")
    for key in NEEDS[kind]:
        given = [each for each in (key, f"{key}_file") if each in table]
        if not given:
            words = f"{key!r} (env:NAME) or {key + '_file'!r}" if key in BY_FILE else repr(key)
            raise document.wrong(at, f"[{dotted(at)}] has no {words}: type = {kind!r} needs it")
        if len(given) > 1:
            raise document.wrong((*at, key), f"[{dotted(at)}] has {key} and {key}_file; expected one of them")
    if "client_key" in table and "client_certificate" not in table:
        raise document.wrong((*at, "client_key"), f"[{dotted(at)}] has a client_key and no client_certificate")


def _secret(document: Document, at: KeyPath, name: str, env: Mapping[str, str]) -> str:
    if document.get((*at, name)) is not None:
        key = (*at, name)
        if not document.get(key).startswith(ENV):
            raise document.wrong(key, _inline(key, f"{name}_file"))
        return _looked_up(document, key, env)
    return _from_file(document, (*at, f"{name}_file")) if document.get((*at, f"{name}_file")) is not None else ""


def _inline(key: KeyPath, file_key: str) -> str:
    other = "" if file_key == "headers" else f" or {file_key}"
    return f'{dotted(key)}: a secret is never written into this file; expected "env:NAME"{other}'


def _looked_up(document: Document, key: KeyPath, env: Mapping[str, str]) -> str:
    """The text at a key, or what the environment variable holds that it names."""
    written: str = document.get(key)
    if not written.startswith(ENV):
        return written
    variable = written.removeprefix(ENV).strip()
    if not variable:
        raise document.wrong(key, f"{dotted(key)}: expected the name of an environment variable after env:")
    if variable not in env:
        raise document.wrong(key, f"{dotted(key)}: the environment variable {variable} is not set")
    if not (value := env[variable].strip()):
        raise document.wrong(key, f"{dotted(key)}: the environment variable {variable} is empty")
    return value


def _from_file(document: Document, key: KeyPath) -> str:
    path = document.beside(key)
    if not is_file(path):
        raise document.wrong(key, f"{dotted(key)}: there is no file {path}")
    try:
        with path.open("rb") as opened:
            text = opened.read(MAX_BYTES + 1).decode("utf-8").strip()
    except OSError as wrong:
        raise document.wrong(key, f"{dotted(key)}: {path} cannot be read: {wrong.strerror}") from None
    except UnicodeDecodeError:
        raise document.wrong(key, f"{dotted(key)}: {path} is not a text file") from None
    if not text or len(text) >= MAX_BYTES:
        raise document.wrong(key, f"{dotted(key)}: {path} is {'too large' if text else 'empty'}")
    return text


def _pem_path(document: Document, key: KeyPath) -> str:
    text = _from_file(document, key)
    expected = "PRIVATE KEY-----" if key[-1] == "client_key" else "-----BEGIN CERTIFICATE-----"
    if expected not in text:
        words = "a private key" if key[-1] == "client_key" else "a certificate"
        raise document.wrong(key, f"{dotted(key)}: {document.beside(key)} holds no PEM of {words}")
    return str(document.beside(key))


def _read_key(document: Document, at: KeyPath, table: Mapping[str, str], fields: dict[str, Any]) -> list[str]:
    try:
        key = private_key(fields["key"], key_id=fields["key_id"], algorithm=fields["algorithm"])
    except UnusableKeyError as fault:
        where = _where(table, at, "key")
        raise document.wrong(where, f"{dotted(where)}: {fault}") from None
    fields |= {"key": key.text, "key_id": key.key_id, "algorithm": key.algorithm}
    return list(key.secrets)


def _where(table: Mapping[str, str], at: KeyPath, name: str) -> KeyPath:
    return (*at, name if name in table else f"{name}_file")

"""A client's private key as text (PEM, JWK or JWKS): which of them it is, and whether it can sign what it should.

Only what the text itself shows is looked at; the signature is made elsewhere.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]*PRIVATE KEY)-----(.*?)-----END \1-----", re.DOTALL)
OTHER_PEM = re.compile(r"-----BEGIN ([A-Z0-9 ]+)-----")
# DER encodings of object identifiers: RFC 8017 (rsaEncryption), RFC 5480 (id-ecPublicKey, secp384r1)
RSA = bytes.fromhex("06092a864886f70d010101")
EC = bytes.fromhex("06072a8648ce3d0201")
P384 = bytes.fromhex("06052b81040022")
PRIVATE_PARTS = ("d", "p", "q", "dp", "dq", "qi")
SHORTEST_SECRET = 16


class UnusableKeyError(Exception):
    """Why a text is no key that can be used; never what it holds."""


@dataclass(frozen=True)
class PrivateKey:
    """A private key's text (PEM or one JWK), how it signs, and every part of it that must never be written."""

    text: str
    key_id: str
    algorithm: str
    secrets: tuple[str, ...]


def private_key(text: str, *, key_id: str = "", algorithm: str = "") -> PrivateKey:
    """Reads a key; of a JWKS, the one named ``key_id`` or the only private one.

    UnusableKeyError where it holds none, or one that cannot sign with ``algorithm``.
    """
    if text.lstrip().startswith("{"):
        return _of_jwk(text, key_id, algorithm)
    if "\n" not in text:
        text = text.replace("\\n", "\n")  # how environment variables often carry a PEM
    found = PEM.search(text)
    if not found:
        other = OTHER_PEM.search(text)
        raise UnusableKeyError(
            f"expected a private key, found a {other[1].lower()}" if other else "holds no PEM and no JWK"
        )
    label, body = found.groups()
    if "ENCRYPTED" in label or "ENCRYPTED" in body:
        raise UnusableKeyError("the key is encrypted; expected one without a pass phrase")
    if label not in ("PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"):
        raise UnusableKeyError(f"holds an {label.title()}; expected one in PKCS #8, PKCS #1 or SEC 1 form")
    kind = _pem_algorithm(label, body)
    if algorithm and algorithm != kind:
        raise UnusableKeyError(f"the key signs {kind}, not {algorithm}")
    lines = [line.strip() for line in body.splitlines()]
    return PrivateKey(found.group(), key_id, kind, (found.group(), *(each for each in lines if _is_telling(each))))


def _pem_algorithm(label: str, body: str) -> str:
    try:
        der = base64.b64decode("".join(body.split()), validate=True)
    except (ValueError, binascii.Error):
        der = b""
    if not der.startswith(b"\x30"):
        raise UnusableKeyError("the key is damaged: it is no base64 of a DER structure")
    if label == "RSA PRIVATE KEY" or RSA in der:
        return "RS384"
    if label == "EC PRIVATE KEY" or EC in der:
        if P384 not in der:
            raise UnusableKeyError("the key's curve is not P-384, which ES384 needs")
        return "ES384"
    raise UnusableKeyError("the key is neither RSA nor EC")


def _of_jwk(text: str, key_id: str, algorithm: str) -> PrivateKey:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise UnusableKeyError("is not JSON, though it starts like a JWK") from None
    jwk = _chosen(found, key_id)
    kind = {"RSA": "RS384", "EC": "ES384"}.get(str(jwk.get("kty")))
    if kind is None:
        raise UnusableKeyError("is a JWK of a kind that cannot sign here; expected RSA or EC")
    if kind == "ES384" and jwk.get("crv") != "P-384":
        raise UnusableKeyError("the key's curve is not P-384, which ES384 needs")
    written = jwk.get("alg")
    if written not in (None, kind) or (algorithm and algorithm != kind):
        raise UnusableKeyError(f"the key signs {kind}, not {algorithm or written}")
    own_id = jwk.get("kid")
    parts = [jwk[part] for part in PRIVATE_PARTS if isinstance(jwk.get(part), str)]
    one = json.dumps(jwk)
    named = key_id or (own_id if isinstance(own_id, str) else "")
    return PrivateKey(one, named, kind, (one, text, *(part for part in parts if _is_telling(part))))


def _chosen(found: Any, key_id: str) -> Mapping[str, Any]:
    """The private key of a JWK or JWKS."""
    keys = found.get("keys", [found]) if isinstance(found, dict) else []
    keys = keys if isinstance(keys, list) else []
    private = [key for key in keys if isinstance(key, dict) and isinstance(key.get("d"), str)]
    if len(private) > 1:
        private = [key for key in private if key_id and key.get("kid") == key_id]
        if len(private) != 1:
            raise UnusableKeyError("holds several private keys; say with key_id which one")
    if not private:
        raise UnusableKeyError('holds no private key: a JWK with its "d"')
    return private[0]


def _is_telling(part: str) -> bool:
    return len(part) >= SHORTEST_SECRET

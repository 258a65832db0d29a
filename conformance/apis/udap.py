"""Reading UDAP metadata: what a server says of itself, and what it signs."""

from __future__ import annotations

import base64
import binascii
import json
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from conformance.apis.discovery import is_list
from conformance.apis.shapes import JsonObject, record, text, texts
from conformance.guides import Guide

LISTS = ("_supported", "_required")  # how the names of lists end


@dataclass(frozen=True)
class Signed:
    """The signed metadata of a server: header and claims as they were signed, the certificates that vouch for them.

    ``certificates`` are DER, the signer's first; ``signing_input`` and ``signature`` are what the signature is about.
    """

    header: JsonObject
    claims: JsonObject
    certificates: tuple[bytes, ...]
    signing_input: bytes
    signature: bytes


def metadata_faults(document: Any, guide: Guide) -> tuple[str, ...]:
    """What UDAP metadata lack: required keys, the profiles that the grants call for, the algorithm of everybody."""
    found = record(document)
    if not found:
        return ("no JSON object",)
    grants, profiles = texts(found.get("grant_types_supported")), set(texts(found.get("udap_profiles_supported")))
    needed = [*guide["required_keys"], *(guide["code_keys"] if "authorization_code" in grants else ())]
    faults = [f"no {key}" for key in needed if key not in found]
    faults += [
        f"{key} is no list of strings" for key, value in found.items() if key.endswith(LISTS) and not is_list(value)
    ]
    wanted = [*guide["profiles"], *([guide["client_credentials_profile"]] if "client_credentials" in grants else ())]
    faults += [f"no profile {each}" for each in wanted if "udap_profiles_supported" in found and each not in profiles]
    versions = found.get("udap_versions_supported")
    if versions is not None and "1" not in texts(versions):
        faults.append("not version 1")
    return tuple(faults)


def read_signed(document: Any) -> Signed | None:
    """The signed metadata of a document; None where they are no JWS with certificates."""
    compact = text(record(document).get("signed_metadata"))
    parts = compact.split(".")
    if len(parts) != 3:
        return None
    try:
        header, claims = (json.loads(_decoded(each)) for each in parts[:2])
        signature = _decoded(parts[2])
        chain = tuple(base64.b64decode(each, validate=True) for each in texts(record(header).get("x5c")))
    except (ValueError, binascii.Error, RecursionError):
        return None
    signing_input = ".".join(parts[:2]).encode()
    return Signed(record(header), record(claims), chain, signing_input, signature)


def signed_faults(signed: Signed, document: Any, base_url: str, moment: datetime, guide: Guide) -> tuple[str, ...]:
    """What is wrong with signed metadata, the signature apart: whom they speak of, for how long, and what they name."""
    claims, told = signed.claims, record(document)
    now = moment.timestamp()
    expires = _seconds(claims.get("exp"))
    known = expires is not None
    faults = {
        f"algorithm {text(signed.header.get('alg')) or 'missing'}": signed.header.get("alg") != guide["algorithm"],
        "no certificate (x5c)": not signed.certificates,
        "issuer and subject are not this base URL": {_plain(claims.get("iss")), _plain(claims.get("sub"))}
        != {_plain(base_url)},
        "no expiry": not known,
        "expired": expires is not None and expires < now,
        "good for more than a year": expires is not None
        and expires > now + timedelta(days=guide["longest_days"]).total_seconds(),
    }
    faults |= {
        f"{key} differs from what is signed": claims.get(key) != told.get(key)
        for key in guide["signed_keys"]
        if key in told
    }
    return tuple(name for name, present in faults.items() if present)


def _seconds(value: Any) -> float | None:
    """A NumericDate; endless where it is larger than any; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _plain(url: Any) -> str:
    return text(url).rstrip("/")


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))

"""Reading the manifest of a bulk export (Bulk Data 1.0.0 and 2.0.0, Response - Complete Status)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from conformance.apis.discovery_faults import document_faults, is_absolute
from conformance.apis.refusal import holds_data
from conformance.apis.shapes import record, records, text, truth, whole
from conformance.exchange import Exchange
from conformance.primitives import wrong
from conformance.strict_json import load_or_none

OK, ACCEPTED = 200, 202
MOST_LINES = 100  # of a file that should not have been given
FORM = {"transactionTime": "an instant", "requiresAccessToken": "true or false", "request": "an absolute URL"}


@dataclass(frozen=True)
class ListedFile:
    """One file of a manifest: the type of its resources, its URL as written, how many resources it is said to hold."""

    at: str
    type: str
    url: str
    count: int | None = None


@dataclass(frozen=True)
class Manifest:
    """A manifest; ``faults`` are the required elements that are missing or no such thing, in sentences."""

    transaction_time: str
    request: str
    requires_token: bool
    output: tuple[ListedFile, ...]
    errors: tuple[ListedFile, ...] = ()
    deleted: tuple[ListedFile, ...] = ()
    faults: tuple[str, ...] = ()


def is_given(answer: Exchange) -> bool:
    """Whether an answer begins an export, or gives a manifest or data: a resource or a file of them. What only
    explains itself gives nothing."""
    if answer.status == ACCEPTED:
        return bool(answer.headers.get("content-location"))
    if answer.status != OK:
        return False
    once = load_or_none(answer.body)
    found = [once] if once is not None else [load_or_none(line) for line in answer.body.splitlines()[:MOST_LINES]]
    return any(holds_data(each) or "output" in record(each) for each in found)


def read_manifest(found: Any, media_type: str = "application/json") -> Manifest | None:
    """The manifest in a complete status answer; None for anything but a JSON object, and for a resource."""
    if not isinstance(found, dict) or "resourceType" in found:
        return None
    return Manifest(
        transaction_time=text(found.get("transactionTime")),
        request=text(found.get("request")),
        requires_token=truth(found.get("requiresAccessToken")) is not False,
        output=_files(found, "output"),
        errors=_files(found, "error"),
        deleted=_files(found, "deleted"),
        faults=(*document_faults(media_type), *_faults(found)),
    )


def _files(found: dict[str, Any], name: str) -> tuple[ListedFile, ...]:
    return tuple(
        ListedFile(f"{name}[{place}]", text(each.get("type")), text(each.get("url")), whole(each.get("count")))
        for place, each in records(found.get(name))
    )


def _faults(found: dict[str, Any]) -> Iterator[str]:
    if wrong("instant", text(found.get("transactionTime"))):
        yield f"transactionTime is not {FORM['transactionTime']}"
    if not is_absolute(text(found.get("request"))):
        yield f"request is not {FORM['request']}"
    if truth(found.get("requiresAccessToken")) is None:
        yield f"requiresAccessToken is not {FORM['requiresAccessToken']}"
    for name in ("output", "error"):
        listed = found.get(name)
        if not isinstance(listed, list):
            yield f"{name} is not a list"
            continue
        for place, each in enumerate(listed):
            if not text(record(each).get("type")) or not text(record(each).get("url")):
                yield f"{name}[{place}] lacks type or url"
            if "count" in record(each) and whole(each["count"]) is None:
                yield f"{name}[{place}].count is no number"

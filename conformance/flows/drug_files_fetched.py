"""One file that an issuer publishes, fetched as a stranger does: without credentials, wherever it lies in the end."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from conformance.errors import Actor
from conformance.exchange import Exchange
from conformance.flows.recording import Recording
from conformance.target import Api, Auth, Claim
from conformance.wire.request import Request

LONGEST = 4 * 2**30  # bytes of one file
MINUTES = 30.0  # for one file
MOST_MOVES = 5  # redirects to other hosts


@dataclass
class Fetched:
    """One file: its ``kind``, where it is said to be, and what is wrong with the answer or the text; "" for nothing.

    ``actor`` is who must act where nothing came that speaks of the issuer, ``media_type`` is "" for a file on disk.
    """

    kind: str
    at: str
    name: str
    problem: str = ""
    actor: Actor = "payer"
    media_type: str = ""


def fetch(recording: Recording, claim: Claim, kind: str, url: str, into: Path, most: int) -> Fetched:
    """The file of a kind at a URL, written to ``into``: at most so many bytes."""
    file = Fetched(kind, url, urlsplit(url).path.rpartition("/")[2] or url)
    if not _is_safe(url, claim):
        return replace(file, problem="is not linked over https, and is not fetched")
    request = Request(
        f"drug-files.{kind}", "GET", url, case=file.name, claim=claim.label, headers={"accept": "application/json"},
        into=into, most=most, seconds=MINUTES * 60,
    )  # fmt: skip
    exchange = _at_its_end(recording, claim, request)
    file.media_type = exchange.media_type
    failure = exchange.failure
    if failure is None:
        return replace(file, problem="" if exchange.status == 200 else f"status {exchange.status}")
    if failure.kind == "redirect":
        return replace(file, problem="is redirected without end, away from https, or nowhere")
    if failure.kind == "credentials":
        return replace(file, problem=f"status {exchange.status} to whoever has no credentials")
    # A file may be as long as it likes: the limit is ours.
    return replace(file, problem=failure.message, actor="us" if failure.kind == "oversize" else failure.actor)


def joined(base: str, link: str) -> str:
    """Where a link leads; as it is written, where it leads nowhere."""
    try:
        return urljoin(base, link)
    except ValueError:
        return link


def _at_its_end(recording: Recording, claim: Claim, request: Request) -> Exchange:
    """The answer, on whichever host it lies in the end: nothing of ours goes along."""
    api = _open_to_all(recording.api(claim))
    exchange = recording.wire.send(request.path, api, request)
    for _ in range(MOST_MOVES):
        there = joined(exchange.url, exchange.headers.get("location", ""))
        if exchange.failure is None or exchange.failure.kind != "redirect" or not _is_safe(there, claim):
            break
        request = replace(request, path=there)
        exchange = recording.wire.send(there, api, request)
    return exchange


def _is_safe(url: str, claim: Claim) -> bool:
    """Whether a file is asked for over https, where the index is."""
    return url.startswith("https://") or not claim.base_url.startswith("https://")


def _open_to_all(api: Api) -> Api:
    """The API as a stranger knows it: without credentials and headers of its own."""
    return replace(api, headers={}, auth=Auth("", "none", ca_file=api.auth.ca_file, proxy=api.auth.proxy))

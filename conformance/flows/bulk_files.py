"""The files of a manifest: each fetched to disk in pieces, walked once line by line, and taken away again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin

from conformance import clock
from conformance.apis.alike import outline, shape
from conformance.apis.bulk_manifest import ListedFile, Manifest
from conformance.apis.raw import resource_problem
from conformance.apis.shapes import JsonObject, text
from conformance.exchange import Exchange
from conformance.flows.bulk_addresses import trouble
from conformance.strict_json import NotJson, load
from conformance.wire.gateway import origin
from conformance.wire.request import NONE, OWN

NDJSON = frozenset({"application/fhir+ndjson", "application/ndjson", "application/x-ndjson"})
LONGEST_LINE = 64 * 1024 * 1024  # bytes
MOST_SHAPES = 5_000  # of an export's resources; of two that are built alike one is looked at for both
CLOSELY = 1_000  # resources of each type of which texts count too: of later ones only names and types tell them apart
ALL, EVERY = 20_000, 10  # so many of each type are all looked at, of those after them each tenth
TOLD = 20  # faults of one file
RESUMABLE = frozenset({"aborted", "deadline", "no-answer"})
RETRIES = 2
PAUSE = 0.5  # seconds before a file that failed is asked for again

Fetch = Callable[[str, str, Path, int, dict[str, str]], Exchange]  # URL, token, file, most bytes, headers
Take = Callable[[JsonObject, str, bytes], None]  # a resource, where it stands, its text


@dataclass(frozen=True)
class Budget:
    """How much of an export is taken: bytes over all files (decoded), and files."""

    total_bytes: int = 4 * 2**30
    files: int = 10_000


@dataclass
class ReadFile:
    """One file as it came; ``faults`` are what is wrong with it, ``unsound`` what is wrong within resources that could
    be read all the same, ``unread`` why it could not be judged, ``advice`` what was odd and did no harm."""

    listed: ListedFile
    url: str
    exchange: Exchange | None = None
    lines: int = 0
    faults: list[str] = field(default_factory=list)
    unsound: list[str] = field(default_factory=list)
    unread: str = ""
    advice: list[str] = field(default_factory=list)

    @property
    def at(self) -> str:
        return f"{self.listed.at} ({self.listed.type or 'no type'})"

    @property
    def wrong(self) -> tuple[str, ...]:
        """All that is wrong with the file and in it."""
        return (*self.faults, *self.unsound)

    def fault(self, told: str) -> None:
        """One more fault; after the first few they are no longer told."""
        if len(self.faults) < TOLD:
            self.faults.append(told)


@dataclass
class Reader:
    """Reads the files of one export; ``seen`` are the resources that came, by id, with a hash of their text, ``shapes``
    how those were built whose structure was judged, ``types`` how many came of each type."""

    base_url: str
    fetch: Fetch
    folder: Path
    take: Take
    budget: Budget = Budget()
    seen: dict[int, int] = field(default_factory=dict)
    shapes: set[int] = field(default_factory=set)
    types: Counter[str] = field(default_factory=Counter)
    used: int = 0

    def read(self, manifest: Manifest, status_url: str) -> tuple[ReadFile, ...]:
        """Every file in turn, those that tell of errors last; one that cannot be had does not keep others from being
        read."""
        listed = (*manifest.output, *manifest.errors)
        found = [self._one(each, manifest, status_url) for each in listed[: self.budget.files]]
        if len(listed) > self.budget.files and found:
            found[-1].unread = f"only the first {self.budget.files} files were fetched"
        return tuple(found)

    def _one(self, listed: ListedFile, manifest: Manifest, status_url: str) -> ReadFile:
        url = urljoin(status_url, listed.url)
        read = ReadFile(listed, url)
        if wrong := trouble(listed.url if "://" in listed.url else url, self.base_url):
            read.fault(f"the manifest names {wrong}")
            return read
        if "://" not in listed.url:
            read.advice.append("the URL of a file is not absolute")
        own = origin(url) == origin(self.base_url)
        file = self.folder / "file.ndjson"
        try:
            read.exchange = self._fetched(read, OWN if own and manifest.requires_token else NONE, file)
            if self._is_there(read, manifest, own=own):
                self._walk(read, file)
        finally:
            file.unlink(missing_ok=True)
        return read

    def _fetched(self, read: ReadFile, token: str, file: Path) -> Exchange:
        exchange = self.fetch(read.url, token, file, self._room(), {})
        for _ in range(RETRIES):
            resume = _rest(exchange)
            if not resume and not _may_pass(exchange):
                break
            clock.sleep(PAUSE)
            told = f"the download went on at byte {exchange.stored.size}" if resume and exchange.stored else ""
            read.advice.append(told or f"the file was answered with status {exchange.status} before it came")
            exchange = self.fetch(read.url, token, file, self._room(), resume)
        if exchange.failure and exchange.failure.kind == "redirect" and exchange.headers.get("location"):
            there = urljoin(read.url, exchange.headers["location"])
            if not trouble(there, self.base_url):
                return self.fetch(there, NONE, file, self._room(), {})
        return exchange

    def _room(self) -> int:
        return max(self.budget.total_bytes - self.used, 1)

    def _is_there(self, read: ReadFile, manifest: Manifest, *, own: bool) -> bool:
        """Whether the file came whole; what kept it away is told."""
        exchange = read.exchange
        assert exchange is not None
        failure, status = exchange.failure, exchange.status
        if failure and failure.kind == "oversize":
            read.unread = f"the export is larger than {self.budget.total_bytes / 2**20:.0f} MiB"
        elif not own and manifest.requires_token and status in (401, 403):
            read.unread = "the file lies at another origin, where our token does not go"
        elif failure and failure.kind == "aborted":
            read.fault("the file breaks off")
        elif failure and not (failure.kind == "credentials" and status):
            read.unread = failure.message
        elif status != 200 and status != 206:
            read.fault(f"status {status}")
        elif exchange.media_type not in NDJSON:
            read.fault(f"content type {exchange.media_type or 'missing'} instead of application/fhir+ndjson")
        return not read.unread and not read.faults and exchange.stored is not None

    def _walk(self, read: ReadFile, file: Path) -> None:
        assert read.exchange is not None
        self.used += file.stat().st_size
        for number, line in _lines(file):
            at = f"{read.at}, line {number}"
            if len(line) > LONGEST_LINE:
                read.unread = f"line {number} is longer than {LONGEST_LINE / 2**20:.0f} MiB"
                continue
            resource = decoded(line)
            if isinstance(resource, str):
                read.fault(f"line {number}: {resource}")
                continue
            read.lines += 1
            self._judge(read, resource, line, number)
            self.take(resource, at, line)
        if read.listed.type == "OperationOutcome" and read.lines:
            read.advice.append(f"the file tells what went wrong with the export, {read.lines} OperationOutcomes")
        if read.listed.count is not None and read.listed.count != read.lines:
            read.fault(f"{read.lines} resources instead of {read.listed.count} as the manifest says")

    def _judge(self, read: ReadFile, resource: JsonObject, line: bytes, number: int) -> None:
        kind, ident = text(resource.get("resourceType")), text(resource.get("id"))
        if kind != read.listed.type:
            read.fault(f"line {number}: a {kind or 'thing without a type'} instead of {read.listed.type}")
        elif (wrong := self._problem(kind, resource)) and len(read.unsound) < TOLD:
            read.unsound.append(f"line {number}: {wrong}")
        if not ident:
            return
        key, said = hash((kind, ident)), hash(line)
        before = self.seen.setdefault(key, said)
        if before != said:
            read.fault(f"line {number}: a second version of a {kind} that came before")

    def _problem(self, kind: str, resource: JsonObject) -> str:
        """What breaks the structure of FHIR R4, told of the first resource that is built so."""
        self.types[kind] += 1
        number = self.types[kind]
        if (number > ALL and number % EVERY) or len(self.shapes) >= MOST_SHAPES:
            return ""
        built = [outline(resource), *([shape(resource)] if number <= CLOSELY else ())]
        if built[-1] in self.shapes:
            return ""
        self.shapes.update(built)
        return resource_problem(resource)


def decoded(line: bytes) -> JsonObject | str:
    """The resource of one line, or what is wrong with the line."""
    import msgspec  # what it reads is strict JSON, five times as fast as the standard library reads it

    try:
        found = msgspec.json.decode(line)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        try:
            found = load(line)
        except NotJson as wrong:
            return wrong.reason
    return found if isinstance(found, dict) else "no resource"


def _lines(file: Path) -> Iterator[tuple[int, bytes]]:
    """The lines that say something, with their numbers; of one that is too long only its beginning."""
    with file.open("rb") as opened:
        number = 0
        while line := opened.readline(LONGEST_LINE + 1):
            number += 1
            while not line.endswith(b"\n") and len(line) > LONGEST_LINE:
                more = opened.readline(LONGEST_LINE)
                if not more or more.endswith(b"\n"):
                    break
            if line.strip():
                yield number, line.strip(b"\r\n")


def _may_pass(exchange: Exchange) -> bool:
    """Whether what went wrong may go right the next time."""
    return (exchange.status or 0) >= 500 or (exchange.failure is not None and exchange.failure.kind == "aborted")


def _rest(exchange: Exchange) -> dict[str, str]:
    """The headers that ask for the rest of a file that broke off, where the payer gives parts; else none."""
    stored, failure = exchange.stored, exchange.failure
    if failure is None or failure.kind not in RESUMABLE or stored is None or not stored.size:
        return {}
    if "bytes" not in exchange.headers.get("accept-ranges", "") or exchange.headers.get("content-encoding"):
        return {}
    tag = exchange.headers.get("etag", "")
    unchanged = {"if-range": tag} if tag and not tag.startswith("W/") else {}
    return {"range": f"bytes={stored.size}-", "accept-encoding": "identity", **unchanged}

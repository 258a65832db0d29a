"""The ledger of what waits: one small SQLite file, for its owner's eyes only, outside of every report.

It holds names of the target file, the run's own id, and numbers that the payer issued; no request, no answer, nobody's
name. Every change is one transaction, so a kill at any moment leaves it as it was before or after.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from conformance.errors import UsageError

PLACE = "CONFORMANCE_LEDGER"
PAGE = 100  # entries that are read at once
_FORM = 3
_TABLE = """
create table if not exists waiting (
  id integer primary key,
  target text not null, run text not null, report text not null,
  kind text not null, api text not null, ig text not null, version text not null, name text not null,
  numbers text not null, sent text not null, answered text not null, pended_at text not null,
  asked text not null, not_before text not null, state text not null, told text not null,
  asks_more integer not null default 0,
  gone integer not null default 0,
  unique (target, run, kind, ig, version, name)
)"""
_FIELDS = (
    "target", "run", "report", "kind", "api", "ig", "version", "name", "numbers", "sent", "answered", "pended_at",
    "asked", "not_before", "state", "told", "asks_more", "gone",
)  # fmt: skip


_KNOWN_BY = ("target", "run", "kind", "ig", "version", "name")


class BusyError(Exception):
    """Another follow-up of the same target is at work."""


@dataclass(frozen=True)
class Entry:
    """One act that waits for its end: of which target, run and claim, and what the target file calls it.

    ``kind`` is the act ("prior-auth.submission"). ``pended_at`` is when it was last seen without its end, ``asked``
    when the payer was last asked, ``not_before`` until when it asked to be left alone. ``state`` is waiting,
    judged (and not in the pages yet) or over; ``told`` the worst verdict. ``asks_more``: the payer has asked for more
    information, of which a later inquiry need not tell. ``gone``: how often in a row nothing more could be had of it,
    as the payer knows of no such act, or as its files are out of reach.
    """

    target: str
    run: str
    report: str
    kind: str
    api: str
    ig: str
    version: str
    name: str
    numbers: tuple[str, ...]
    sent: datetime
    answered: datetime
    pended_at: datetime
    asked: datetime
    not_before: datetime
    state: str = "waiting"
    told: str = ""
    asks_more: bool = False
    gone: int = 0
    id: int = 0

    def is_due(self, now: datetime, every: timedelta) -> bool:
        """Whether the payer may be asked again; also where our clock has been turned back since."""
        return now < self.asked or (now >= self.asked + every and now >= self.not_before)

    @property
    def identifier(self) -> str:
        """The identifier that its request was sent with."""
        return f"{self.run}-{self.name}-{self.version}"

    @property
    def label(self) -> str:
        """Of its claim: "pas=2.2.1"."""
        return f"{self.ig}={self.version}"


def usual_place() -> Path:
    """CONFORMANCE_LEDGER, else the folder where this user's programs keep their state."""
    if named := os.environ.get(PLACE):
        return Path(named)
    try:
        state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    except RuntimeError:  # a container's user without a home
        state = Path(tempfile.gettempdir())
    return state / "payer-conformance" / "ledger.sqlite3"


class Ledger:
    """The ledger at a path; made, readable by its owner alone, where there is none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with suppress(FileExistsError):  # closing a file that is in use would give up this process's locks on it
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            path.chmod(0o600)
            with self._open() as ledger:
                form = ledger.execute("pragma user_version").fetchone()[0]
                if form > _FORM:
                    raise UsageError("was written by a later version of this program", file=str(path))
                if form < _FORM:
                    _upgrade(ledger, form)
        except (OSError, sqlite3.Error) as wrong:
            raise UsageError(f"is no ledger that can be used: {wrong}", file=str(path)) from wrong

    def add(self, entries: Iterable[Entry]) -> None:
        """Notes what waits, as it stands now; what is judged already stays as it is."""
        places = ", ".join("?" for _ in _FIELDS)
        now = ", ".join(f"{name} = excluded.{name}" for name in _FIELDS)
        with self._open() as ledger:
            ledger.executemany(
                f"insert into waiting ({', '.join(_FIELDS)}) values ({places})"  # noqa: S608  names of ours
                f" on conflict ({', '.join(_KNOWN_BY)}) do update set {now} where state = 'waiting'",
                [_row(each) for each in entries],
            )

    def strike(self, entry: Entry) -> None:
        """Takes out what waits no longer, and was never to be followed."""
        known_by = " and ".join(f"{name} = ?" for name in _KNOWN_BY)
        values = tuple(getattr(entry, name) for name in _KNOWN_BY)
        with self._open() as ledger:
            ledger.execute(f"delete from waiting where {known_by} and state = 'waiting'", values)  # noqa: S608

    def waiting(self, target: str) -> Iterator[Entry]:
        """What waits of a target, in the order in which it was noted; a page at a time is read."""
        last = 0
        while page := self._rows("target = ? and state = 'waiting' and id > ? order by id limit ?", target, last, PAGE):
            yield from page
            last = page[-1].id

    def entry(self, number: int) -> Entry | None:
        """The entry of an id, if it still waits."""
        return next(iter(self._rows("id = ? and state = 'waiting'", number)), None)

    def put(self, entry: Entry) -> None:
        """Writes an entry as it is now."""
        marks = ", ".join(f"{name} = ?" for name in _FIELDS)
        with self._open() as ledger:
            ledger.execute(f"update waiting set {marks} where id = ?", (*_row(entry), entry.id))  # noqa: S608

    def judged(self, target: str) -> tuple[Entry, ...]:
        """What was judged, and is not yet in the pages."""
        return self._rows("target = ? and state = 'judged'", target)

    @contextmanager
    def alone(self, target: str) -> Iterator[None]:
        """Inside, nobody else follows this target; BusyError where somebody does. A kill lets go."""
        name = hashlib.sha256(target.encode()).hexdigest()[:12]
        path = self.path.with_name(f"{self.path.name}.{name}.lock")
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        with closing(sqlite3.connect(path, timeout=0.2, isolation_level=None)) as lock:
            try:
                lock.execute("begin exclusive")
            except sqlite3.OperationalError as held:
                raise BusyError("another follow-up of this target is at work") from held
            yield

    def _rows(self, where: str, *values: str | int) -> tuple[Entry, ...]:
        with self._open() as ledger:
            rows = ledger.execute(f"select id, {', '.join(_FIELDS)} from waiting where {where}", values).fetchall()  # noqa: S608
        return tuple(_read(row) for row in rows)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.path, timeout=30)) as ledger, ledger:
            yield ledger


def _upgrade(ledger: sqlite3.Connection, form: int) -> None:
    ledger.execute(_TABLE)
    for since, name in ((2, "asks_more"), (3, "gone")):
        if 0 < form < since:
            ledger.execute(f"alter table waiting add column {name} integer not null default 0")
    ledger.execute(f"pragma user_version = {_FORM}")


_STAMPS = ("sent", "answered", "pended_at", "asked", "not_before")


def _row(entry: Entry) -> tuple[str, ...]:
    values = {name: getattr(entry, name) for name in _FIELDS}
    values["numbers"] = json.dumps(entry.numbers)
    return tuple(value.isoformat() if isinstance(value, datetime) else value for value in values.values())


def _read(row: tuple[object, ...]) -> Entry:
    number, *values = row
    read = dict(zip(_FIELDS, map(str, values), strict=True))
    numbers = tuple(json.loads(read.pop("numbers")))
    stamps = {name: datetime.fromisoformat(read.pop(name)) for name in _STAMPS}
    asks_more, gone = read.pop("asks_more") == "1", int(read.pop("gone"))
    entry = Entry(**read, **stamps, numbers=numbers, asks_more=asks_more, gone=gone)  # type: ignore[arg-type]
    return replace(entry, id=int(str(number)))

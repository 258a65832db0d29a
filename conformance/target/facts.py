"""What a schema cannot say of members, cases and stamps: references must lead somewhere, people must differ."""

from __future__ import annotations

import hashlib
import json
import re
import zoneinfo
from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

from conformance.limits import limits
from conformance.target.document import Document, dotted, is_file
from conformance.target.lines import KeyPath
from conformance.target.pa_list import read_list
from conformance.target.values import DEFAULT_MEMBER
from conformance.target.words import Problem, listed, nearest, unknown

CASE_FILES = ("body", "answers")  # of a case: JSON files of the tester's own
NEEDS_A_MEMBER = frozenset({"prior-auth", "payer-to-payer", "coverage-discovery"})
MAY_MATCH_SEVERAL: KeyPath = ("cases", "payer-to-payer", "several-matches", "member")
DURATION = re.compile(r"P(?:(\d+)W|(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?)")
ENV = "env:"
# By what two members cannot be told apart: told in the message, the key it points to, and a hint.
ALIKE = {
    2: ("member_id", "member_id", "; a number that a family shares is subscriber_id"),
    3: ("name and birth_date", "family", ""),
}
BLANK = "…"  # what a first target file has where only the tester knows
FROM_ENV = frozenset({"token", "refresh_token", "client_secret", "key", "proxy", "client_id", "key_id"})


def fact_problems(document: Document, today: date) -> Iterator[Problem]:
    """Everything about members, cases, known authorizations, acknowledgements and stamps that cannot be."""
    yield from _zones(document)
    yield from _tokens(document)
    yield from _expired(document, today)
    yield from _known(document)
    yield from _members(document)
    yield from _cases(document)
    yield from _attested(document)
    yield from _clocks(document)
    yield from _listed_services(document)
    yield from _unanswered(document.values, ())


def moment(written: str) -> datetime | date:
    """A date or a time as written; ValueError where it is none."""
    return date.fromisoformat(written) if len(written) == 10 else datetime.fromisoformat(written)


def duration(written: str) -> timedelta:
    """An ISO 8601 duration in weeks, days, hours, minutes and seconds; ValueError otherwise."""
    found = DURATION.fullmatch(written)
    if not found or not any(found.groups()):
        raise ValueError(written)
    weeks, days, hours, minutes, seconds = (float(part or 0) for part in found.groups())
    try:
        return timedelta(weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds)
    except OverflowError:
        raise ValueError(written) from None


def _zones(document: Document) -> Iterator[Problem]:
    for place, zone in enumerate(document.get(("timezones",), ())):
        try:
            zoneinfo.ZoneInfo(zone)
        except (KeyError, ValueError, OSError):
            hint = _nearest_zone(zone)
            yield Problem(("timezones", place), f"timezones: {zone!r} is no time zone{hint}")


def _nearest_zone(zone: str) -> str:
    place = zone.rpartition("/")[2].casefold()[:3]
    return nearest(zone, sorted(each for each in zoneinfo.available_timezones() if place in each.casefold()))


def _expired(document: Document, today: date) -> Iterator[Problem]:
    for room in ("acknowledged", "attested"):
        for name, row in document.get((room,), {}).items():
            if date.fromisoformat(row["until"]) < today:
                key: KeyPath = (room, name, "until")
                yield Problem(key, f"{dotted(key)}: ended on {row['until']}; renew it or take it out")


def _known(document: Document) -> Iterator[Problem]:
    for api, rows in document.get(("known",), {}).items():
        for place, row in enumerate(rows):
            key: KeyPath = ("known", api, place)
            stamps: dict[str, datetime | date] = {}
            for name in ("received", "decided", "notified"):
                try:
                    stamps |= {name: moment(row[name])} if name in row else {}
                except ValueError:
                    yield Problem((*key, name), f"{dotted((*key, name))}: {row[name]!r} is no date or time")
            for name in ("decided", "notified"):
                if name in stamps and "received" in stamps and _surely_before(stamps[name], stamps["received"]):
                    yield Problem((*key, name), f"{dotted((*key, name))}: is before the request was received")
            yield from _member_reference(document, (*key, "member"))


def _clocks(document: Document) -> Iterator[Problem]:
    known = {each.rule: each for each in limits()}
    for place, row in enumerate(document.get(("clocks",), ())):
        key: KeyPath = ("clocks", place)
        if "rule" not in row:
            if ("days" in row) == ("hours" in row):
                yield Problem(key, f"[[{dotted(key)}]]: expected days or hours, one of them")
        elif row["rule"] not in known:
            yield Problem((*key, "rule"), f"{dotted((*key, 'rule'))}: {unknown('clock', row['rule'], known)}")
        elif strangers := sorted(set(row) - {"rule", "from", "document"}):
            words = f"[[{dotted(key)}]]: a rule that begins later has only from and document"
            yield Problem((*key, strangers[0]), words)
        elif "from" not in row or row["from"] < str(known[row["rule"]].from_):
            words = f"[[{dotted(key)}]]: expected from, the day on which {row['rule']} begins here, not before its own"
            yield Problem(key, words)


def _surely_before(one: datetime | date, other: datetime | date) -> bool:
    """Whether ``one`` is before ``other`` in every zone: days may lap over by one."""
    if isinstance(one, datetime) and isinstance(other, datetime) and one.tzinfo and other.tzinfo:
        return one < other
    return _day(one).toordinal() + 1 < _day(other).toordinal()


def _day(stamp: datetime | date) -> date:
    return stamp.date() if isinstance(stamp, datetime) else stamp


def _members(document: Document) -> Iterator[Problem]:
    members = document.get(("members",), {})
    for key, facts in members.items():
        holder = facts.get("subscriber")
        if holder is not None and (holder not in members or holder == key):
            words = "is this member" if holder == key else f"there is no [members.{holder}]{nearest(holder, members)}"
            yield Problem(("members", key, "subscriber"), f"members.{key}.subscriber: {words}")
    several = document.get(MAY_MATCH_SEVERAL)
    for alike in (_number, _person):
        seen: dict[tuple[str, ...], str] = {}
        for key, facts in members.items():
            told = alike(facts)
            if key == several or not told:
                continue
            if (other := seen.setdefault(told, key)) != key:
                same, at, hint = ALIKE[len(told)]
                words = f"members.{key} and members.{other} have the same {same}: two members must be two people"
                yield Problem(("members", key, at), words + hint)


def _number(facts: Mapping[str, Any]) -> tuple[str, ...]:
    """A member's number in its system; nothing where there is none."""
    return (facts.get("identifier_system", ""), facts["member_id"]) if facts.get("member_id") else ()


def _person(facts: Mapping[str, Any]) -> tuple[str, ...]:
    """Who somebody is by name and birth date; nothing where one of them is not said."""
    person = facts.get("family", "").casefold(), " ".join(facts.get("given", ())).casefold()
    born = facts.get("birth_date", "")
    return (*person, born) if all((*person, born)) else ()


def _cases(document: Document) -> Iterator[Problem]:
    for api, cases in document.get(("cases",), {}).items():
        for name, case in cases.items():
            key: KeyPath = ("cases", api, name)
            yield from _member_reference(document, (*key, "member"))
            unnamed = api in NEEDS_A_MEMBER and "member" not in case and "body" not in case
            if unnamed and DEFAULT_MEMBER not in document.get(("members",), {}):
                yield Problem(key, f"[{dotted(key)}] names no member, and there is no [members.{DEFAULT_MEMBER}]")
            if "service" in case and "items" in case:
                yield Problem((*key, "items"), f"[{dotted(key)}] has a service and items; expected one of them")
            if "settles" in case:
                yield from _duration((*key, "settles"), case["settles"])
            for file in CASE_FILES:
                if file in case:
                    yield from _json_file((*key, file), document.beside((*key, file)))


def _listed_services(document: Document) -> Iterator[Problem]:
    for place, row in enumerate(document.get(("pa_list",), ())):
        yield from _member_reference(document, ("pa_list", place, "member"))
        if "member" not in row and DEFAULT_MEMBER not in document.get(("members",), {}):
            yield Problem(
                ("pa_list", place), f"[[pa_list]] names no member, and there is no [members.{DEFAULT_MEMBER}]"
            )
    if document.get(("pa_list_file",)) is not None:
        try:
            read_list(document.beside(("pa_list_file",)))
        except ValueError as wrong:
            yield Problem(("pa_list_file",), f"pa_list_file: {wrong}")


def _member_reference(document: Document, key: KeyPath) -> Iterator[Problem]:
    member = document.get(key)
    members = document.get(("members",), {})
    if member is not None and member not in members:
        hint = nearest(member, members) or f"; there is {listed([f'[members.{name}]' for name in members])}"
        yield Problem(key, f"{dotted(key)}: there is no [members.{member}]{hint}")


def _tokens(document: Document) -> Iterator[Problem]:
    for name, table in document.get(("auth",), {}).items():
        if "wait_for_expiry" in table:
            yield from _duration(("auth", name, "wait_for_expiry"), table["wait_for_expiry"])


def _duration(key: KeyPath, written: str) -> Iterator[Problem]:
    try:
        duration(written)
    except ValueError:
        yield Problem(key, f"{dotted(key)}: expected an ISO 8601 duration like PT10M or P3D, found {written!r}")


def _json_file(key: KeyPath, path: Path) -> Iterator[Problem]:
    if not is_file(path):
        yield Problem(key, f"{dotted(key)}: there is no file {path}")
        return
    try:
        body = json.loads(path.read_text("utf-8"), parse_constant=_no_constant)
    except (OSError, ValueError, RecursionError) as wrong:
        yield Problem(key, f"{dotted(key)}: {path} is not JSON: {wrong}")
        return
    if not isinstance(body, dict):
        yield Problem(key, f"{dotted(key)}: {path} is not a JSON object")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _attested(document: Document) -> Iterator[Problem]:
    for name, row in document.get(("attested",), {}).items():
        path = document.beside(("attested", name, "document"))
        if not is_file(path):
            continue  # a title, or a document kept elsewhere
        try:
            with path.open("rb") as opened:
                digest = hashlib.file_digest(opened, "sha256").hexdigest()
        except OSError as wrong:
            yield Problem(("attested", name, "document"), f"{path} cannot be read: {wrong.strerror}")
            continue
        if digest != row["sha256"].lower():
            key: KeyPath = ("attested", name, "sha256")
            yield Problem(key, f"{dotted(key)}: {row['document']} has changed: its SHA-256 is {digest}")


def _unanswered(value: Any, key: KeyPath) -> Iterator[Problem]:
    """A text that looks to the environment where it is not looked up would be sent as it stands; so would a blank."""
    if value == BLANK:
        yield Problem(key, f"{dotted(key)}: is still to be filled in")
    elif isinstance(value, str) and value.startswith(ENV) and not _looked_up(key):
        yield Problem(
            key, f"{dotted(key)}: env: is looked up only in headers and in [auth]: {', '.join(sorted(FROM_ENV))}"
        )
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _unanswered(inner, (*key, name))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from _unanswered(inner, (*key, place))


def _looked_up(key: KeyPath) -> bool:
    in_auth = len(key) == 3 and key[0] == "auth" and key[2] in FROM_ENV
    return in_auth or (len(key) == 4 and key[0] == "apis" and key[2] == "headers")

"""All records as one table of what they say: a row per decision, every fact a column of text, as it was written."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from conformance.audit.answered import resources
from conformance.audit.engine import Engine
from conformance.audit.facts import FACTS, STAMPS
from conformance.audit.mapping import Mapped, columns_of
from conformance.audit.reading import Read
from conformance.audit.rows import PART, WHOLE
from conformance.audit.sources import Found, Source, alike
from conformance.audit.table import INTEGERS, OF_FILES, SAID, TEXTS, Said
from conformance.errors import UsageError

NO_TIME = (
    "na",
    "n/a",
    "nan",
    "nat",
    "none",
    "null",
    "(null)",
)  # in the place of a time, in small letters: nothing is said
_TIME_OF_DAY = r"^\d{1,2}[:.]\d\d|^\d{4}$|[AaPp]\.?[Mm]\.?$"
_MIDNIGHT = r"[T ](00?:00(:00(\.0+)?)?|12:00(:00)? ?[Aa][Mm])$"
BLANKS = " \t\r\n"


def read(engine: Engine, found: Found, mapped: Mapped, lines: Callable[[], Sequence[Read]]) -> Said:
    """Every record of the sources in one table; UsageError where a log cannot be understood.

    ``lines`` gives what was read of the lines of FHIR (reading.begun); Spark reads them itself.
    """
    import ibis

    said = Said(None, found.sources)
    number = {source.path: place for place, source in enumerate(found.sources)}
    parts = []
    if ndjson := found.of("ndjson"):
        parts.append(resources(engine, ndjson, number, said, lines))
    for form in ("csv", "parquet"):
        parts += [_log(engine, each, number, mapped, said) for each in alike(found.of(form))]
    # A column of one number comes back as narrow as it can be.
    parts = [part.cast(dict.fromkeys(INTEGERS, "int64")) for part in parts]
    table = ibis.union(*parts) if len(parts) > 1 else parts[0]
    for fact, wanted in mapped.only.items():
        if fact not in TEXTS:
            raise UsageError(f"[only] cannot look at {fact}", file=mapped.file)
        kept = trimmed(table[fact]).isin(list(wanted)).fill_null(False)
        others = table.filter(~kept)
        said.left[f"another {fact} than {', '.join(wanted)}"] = engine.rows(others.agg(n=others.count()))[0]["n"]
        table = table.filter(kept)
    said.rejected = engine.rejects()
    # DuckDB reads again what it is asked for, out of columns; copying all of it would take longer.
    said.table = table if engine.lines else engine.keep("said", table)
    given = {fact for each in said.mapped.values() for fact in each}
    if ndjson:
        given |= {"key", "received", "decided", "outcome", "urgency", "service", "updated", "reason", "exclusion"}
    said.absent = tuple(fact.name for fact in FACTS if fact.name not in given)
    return said


def _log(engine: Engine, logs: Sequence[Source], number: Mapping[Path, int], mapped: Mapped, said: Said) -> Any:
    """The rows of logs that have the same headings."""
    import ibis

    first, files = logs[0], [source.path for source in logs]
    table = opened(engine, logs)
    headings = headings_of(table)
    columns = columns_of(headings, mapped, str(first.path))
    said.mapped |= {str(file): columns for file in files}
    # In a step of its own: what a step says of a column in two places, an engine works out twice.
    table = table.mutate(**{heading: _trimmed(table[heading]) for named in columns.values() for heading in named})
    facts = {
        fact: _text(table, columns.get(fact, ()), NO_TIME if fact in STAMPS else ())
        for fact in (*TEXTS, "reason_code", "reason")
    }
    if "reason_code" in columns or "reason" in columns:
        code = ibis.coalesce(ibis.literal("c:#").concat(facts["reason_code"]), "")
        words = ibis.coalesce(ibis.literal("t:").concat(facts["reason"]), "")
        reasons = ibis.literal(f"{WHOLE}a:A3{PART}").concat(code, PART, words)
        nothing = facts["reason_code"].isnull() & facts["reason"].isnull()
        facts["reasons"] = ibis.ifelse(nothing, ibis.null("string"), reasons)
    place = table.file_row_number + 1 if "file_row_number" in table.columns else ibis.null("int64")
    told = {name: facts.get(name, ibis.null("string")) for name in SAID if name not in INTEGERS}
    rows = table.select(**told, place=place.cast("int64"), file=table.file)
    if first.form == "csv" and engine.lines:
        kept = engine.keep(f"log_{number[first.path]}", rows)
        rows = kept.mutate(place=kept.rowid() + 2)  # rows stand as they were read; the first is the heading
        if len(files) > 1:
            before = engine.keep(f"before_{number[first.path]}", rows.group_by("file").agg(before=rows.place.min() - 2))
            rows = rows.left_join(before, "file")
            rows = rows.mutate(place=rows.place - rows.before).drop("file_right")
    return _numbered(engine, rows, files, number).mutate(start=ibis.literal(0, "int64")).select(*SAID)


def headings_of(table: Any) -> list[str]:
    """The headings that a log has of its own, less what an engine says of its files."""
    return [name for name in table.columns if name not in OF_FILES]


def opened(engine: Engine, logs: Sequence[Source]) -> Any:
    """The rows of logs that have the same headings, as they stand there; UsageError where they cannot be read."""
    first, files = logs[0], [source.path for source in logs]
    try:
        if first.form == "csv":
            return engine.csv(files, first.encoding, first.delimiter)
        return _flat(engine.parquet(files))
    except Exception as wrong:  # whatever the engine raises; only its first line, as the others may quote a row
        raise UsageError(f"{first.path}: no log that can be read: {str(wrong).partition(chr(10))[0]}") from None


def _flat(table: Any) -> Any:
    """A table whose columns of several fields are columns of one each: "dates.received"."""
    while nested := [name for name in table.columns if table[name].type().is_struct()]:
        fields = {f"{name}.{field}": table[name][field] for name in nested for field in table[name].type().names}
        table = table.mutate(**fields).drop(*nested)
    return table


def _numbered(engine: Engine, rows: Any, files: Sequence[Path], number: Mapping[Path, int]) -> Any:
    """The rows with the number of their file as ``source``."""
    import ibis

    if len(files) == 1:
        return rows.mutate(source=ibis.literal(number[files[0]], "int64"))
    if not engine.lines:  # Spark names files by address, and tells findings by the number of the authorization
        return rows.mutate(source=ibis.null("int64"))
    names: dict[str, list[Any]] = {
        "file": [str(file.absolute()) for file in files],
        "source": [number[file] for file in files],
    }
    known = engine.table(names, {"file": "string", "source": "int64"}, f"files_{number[files[0]]}")
    return rows.left_join(known, "file")


def _trimmed(column: Any) -> Any:
    """A column as text without white space around it; null where nothing is left."""
    kind = column.type()
    text = column if kind.is_string() else column.cast("string")
    if kind.is_timestamp() and kind.timezone is not None:
        # Written in the session's zone by every engine: the instant itself in UTC says the same.
        text = column.cast("timestamp('UTC')").strftime("%Y-%m-%dT%H:%M:%S").concat("Z")
    return trimmed(text).nullif("")


def _text(table: Any, headings: Sequence[str], nothing: Sequence[str]) -> Any:
    """The text of one or several columns, joined by a space; null where none is, or one of ``nothing``."""
    import ibis

    parts = [table[heading] for heading in headings] or [ibis.null("string")]
    if nothing:
        parts = [ibis.ifelse(_among(part, nothing), ibis.null("string"), part) for part in parts]
    joined = parts[0]
    for part in parts[1:]:
        if nothing:
            joined, part = _timed(joined, part)
        joined = ibis.ifelse(joined.isnull(), part, joined.concat(ibis.coalesce(ibis.literal(" ").concat(part), "")))
    return joined


def _timed(day: Any, time: Any) -> tuple[Any, Any]:
    """A day and its time of day, without the midnight that a system writes behind a day.

    Beside a whole stamp, or as a number of days, what is called a time is none and left out.
    """
    import ibis

    told = time.re_search(_TIME_OF_DAY).fill_null(False)
    day = ibis.ifelse(told, day.re_replace(_MIDNIGHT, ""), day)
    return day, ibis.ifelse(told & ~day.contains(":").fill_null(False), time, ibis.null("string"))


def _among(text: Any, words: Sequence[str]) -> Any:
    """Whether a text is one of few short ``words``, whatever the size of its letters.

    The length is asked first: few texts are as short. Not as a list of words: engines join those to all rows.
    """
    return (text.length() <= max(map(len, words))) & text.re_search(f"(?i)^({'|'.join(map(re.escape, words))})$")


def trimmed(text: Any) -> Any:
    """A column of text without white space around it."""
    import ibis

    # Not by strip(): Spark reads its vertical tab and form feed as the letters v and f, and takes those off too.
    # What is below "!" begins with a blank; comparing and looking at ends are the quickest an engine can do.
    ragged = text < "!"
    for blank in BLANKS:
        ragged |= text.endswith(blank)
    return ibis.ifelse(ragged, text.re_replace(f"^[{BLANKS}]+|[{BLANKS}]+$", ""), text)

"""What lines of FHIR say: answers beside the requests they answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from conformance.audit.engine import Engine
from conformance.audit.lines import BROKEN, STRANGER
from conformance.audit.reading import Read
from conformance.audit.sources import Source
from conformance.audit.table import INTEGERS, OF_FILES, SAID, Said


def resources(
    engine: Engine,
    sources: Sequence[Source],
    number: Mapping[Path, int],
    said: Said,
    lines: Callable[[], Sequence[Read]],
) -> Any:
    """The decisions in lines of FHIR, of which ``said`` is told what is none; answers are joined to their requests."""
    import ibis

    if engine.name == "spark":
        flat = engine.flattened([source.path for source in sources])  # type: ignore[attr-defined]
        flat = engine.keep("lines", flat)
        _aside(engine, flat, said)
        flat = flat.mutate(start=ibis.literal(0, "int64"), place=ibis.null("int64"), source=ibis.null("int64"))
    else:
        done = lines()
        _take(done, sources, number, said)
        flat = engine.parquet([each.file for each in done]).drop(*OF_FILES)
        own = [number[source.path] for source in sources]
        if own != list(range(len(own))):
            flat = flat.mutate(source=flat.source.substitute(dict(enumerate(own))))
    if not engine.rows(flat.filter(flat.role.isin(["request", "paired"])).limit(1).select("role")):
        return _facts(_unasked(flat.filter(flat.role == "answer")))
    both = engine.keep("answered", _beside(flat))
    superseded = _superseded(both)
    said.superseded = int(engine.rows(superseded.agg(n=superseded.count()))[0]["n"])
    if said.superseded:
        both = both.anti_join(superseded, ["key", "asked", "outcome"])
    return _facts(both)


def _aside(engine: Engine, flat: Any, said: Said) -> None:
    """Counts the lines that hold nothing of ours, and tells the first that could not be read."""
    others = flat.filter(flat.role.isin([BROKEN, STRANGER]))
    for row in engine.rows(others.group_by("role", "name").agg(n=others.count()).order_by("name")):
        if row["role"] == STRANGER:
            said.strangers[row["name"]] += row["n"]
        else:
            said.broken += row["n"]
            said.told.append(f"{row['n']} lines: {row['name']}")


def _take(done: Sequence[Read], sources: Sequence[Source], number: Mapping[Path, int], said: Said) -> None:
    before = 0
    last = None
    for each in done:
        source = number[sources[each.share.number].path]
        before = 0 if source != last else before
        last = source
        said.lines[source, each.share.start] = before
        said.told += [f"{each.share.path}:{before + place}: {why}" for place, why in each.told]
        said.broken += each.broken
        said.strangers.update(each.strangers)
        before += each.lines
        said.rows += each.rows


_OF_REQUESTS = ("received", "urgency", "service", "service_system", "certification")


def _beside(flat: Any) -> Any:
    """Answers with what their requests say: those of Bundles have it already, others name theirs by id or number."""
    answers = flat.filter(flat.role == "answer")
    answers = answers.mutate(asked=_first(answers.name, answers.other))
    joined = answers.left_join(_requests(flat.filter(flat.role == "request")), "asked").drop("asked_right")
    paired = _unasked(flat.filter(flat.role == "paired"))
    # By its id and number together, as either may mean something in one Bundle only.
    named = paired.name.concat(" ", _first(paired.other, ""))
    return joined.union(paired.mutate(asked=named).select(joined.columns))


def _unasked(answers: Any) -> Any:
    return answers.mutate(**{f"c_{each}": _nothing() for each in _OF_REQUESTS})


def _superseded(both: Any) -> Any:
    """The answers that put off a decision which another answer to the same request gives."""
    known = both.filter((both.role == "paired") | _first(both.c_received, both.c_urgency, both.c_service).notnull())
    pended = known.outcome.contains("A4") | known.outcome.contains("CT")
    waiting, given = known.filter(pended), known.filter(~pended & ~known.outcome.isin(["", "error"]))
    same = waiting.semi_join(given, "asked")
    # A request that was sent in a Bundle may be answered by itself; one whose id others share tells no receipt there.
    alone = given.filter((given.role == "answer") & given.c_received.notnull())
    later = waiting.filter(waiting.role == "paired").semi_join(alone.select(name=alone.asked), "name")
    told = ("key", "asked", "outcome")
    return same.select(*told).union(later.select(*told), distinct=True)


def _facts(both: Any) -> Any:
    """The columns of the table."""
    facts = {
        "key": both.key,
        "received": _first(both.received, both.c_received),
        "decided": both.decided,
        "made": both.made,
        "outcome": both.outcome.nullif(""),
        "reasons": both.reasons,
        "urgency": _first(both.c_urgency, both.urgency),
        "service": _first(both.service, both.c_service),
        "service_system": _first(both.service_system, both.c_service_system),
        "certification": _first(both.certification, both.c_certification),
        "exclusion": both.excluded,
        "updated": both.updated,
        **{name: both[name] for name in INTEGERS},
    }
    return both.select(**{name: facts.get(name, _nothing()) for name in SAID})


def _requests(requests: Any) -> Any:
    """What requests say, once by their id and once by their number.

    A name that requests with different times of receipt share tells of none of them when it came in.
    """
    import ibis

    named = requests.filter(requests.name.notnull()).select(*_OF_REQUESTS, asked="name")
    numbered = requests.filter(requests.other.notnull() & (requests.other != requests.name).fill_null(True))
    every = named.union(numbered.select(*_OF_REQUESTS, asked="other"))
    alike = every.group_by("asked").agg(
        first=every.received.min(), **{f"c_{each}": every[each].max() for each in _OF_REQUESTS}
    )
    alone = ibis.ifelse(alike.first == alike.c_received, alike.c_received, _nothing())
    return alike.mutate(c_received=alone).drop("first")


def _first(*columns: Any) -> Any:
    import ibis

    return ibis.coalesce(*columns)


def _nothing() -> Any:
    import ibis

    return ibis.null("string")

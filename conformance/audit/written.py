"""Every stamp of a table read at once: few texts are looked at (stamps.py), and what they mean is joined back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from conformance.audit import stamps
from conformance.audit.engine import Engine

ZONE = "… "  # before what stands behind a time and is no zone


@dataclass(frozen=True)
class Calendar:
    """What stamps mean: the offsets of zones by name, and tables of hours without a zone and of other texts.

    By column: ``spelt``, stamps by how they are written; ``unread``, those that are none, with how often each occurs.
    """

    east: Mapping[str, int]
    tables: Mapping[str, Any]
    spelt: Mapping[str, Mapping[str, int]]
    unread: Mapping[str, Mapping[str, int]]

    def joined(self, table: Any, stamped: Mapping[str, str]) -> Any:
        """The table with what the parts of its stamps mean beside them; ``stamped`` is column -> short name."""
        # Step by step: what an engine has worked out in one step it does not work out again in the next.
        read = table.mutate(**{f"{short}_n": stamps.seconds(table[name]) for name, short in stamped.items()})
        parted = read.mutate(
            **{
                f"{short}_{part}": each
                for name, short in stamped.items()
                for part, each in stamps.parts(read[name], read[f"{short}_n"]).items()
            }
        )
        marked = both = parted.mutate(**{f"{short}_zoned": self._zoned(parted, short) for short in stamped.values()})
        for short in stamped.values():  # each stamp joins them anew, under names of its own
            for by, meant in self.tables.items():
                mine = meant.select(**{f"{short}_{by}_{name}": meant[name] for name in meant.columns})
                both = both.left_join(mine, marked[f"{short}_{by}"] == mine[f"{short}_{by}_{by}"])
        return both

    def meaning(self, both: Any, short: str) -> tuple[Any, Any, Any]:
        """Earliest and latest second of a stamp, and whether it is a whole day, where its parts were joined."""
        import ibis

        n = both[f"{short}_n"]
        ends = []
        for end in ("early", "late"):
            read = [both[f"{short}_zoned"]]
            if "hour" in self.tables:
                read.append(both[f"{short}_hour_{end}"] + n - both[f"{short}_hour"] * stamps.HOUR)
            if "word" in self.tables:
                read.append(both[f"{short}_word_{end}"])
            ends.append(ibis.coalesce(*read))
        whole = both[f"{short}_word_whole"].fill_null(False) if "word" in self.tables else ibis.literal(False)
        return ends[0], ends[1], whole

    def _zoned(self, parted: Any, short: str) -> Any:
        """The second of a stamp that has a zone."""
        import ibis

        nothing = ibis.null("int64")
        if not self.east:
            return nothing
        return parted[f"{short}_n"] - parted[f"{short}_zone"].cases(*self.east.items(), else_=nothing)


def calendar(engine: Engine, texts: Mapping[str, Any], zones: Sequence[str]) -> Calendar:
    """What every zone, every hour without one, and every text of another form means that occurs in columns of stamps.

    ``texts`` is name -> column.
    """
    written = [{"name": name, **row} for name, column in texts.items() for row in _written(engine, column)]
    offsets = {zone: stamps.east(zone) for zone in {row["zone"] for row in written} - {None, ""}}
    hours = stamps.hours(sorted({row["hour"] for row in written if row["hour"] is not None}), zones)
    words = stamps.words(sorted({row["word"] for row in written if row["word"] is not None}), zones)
    spelt: dict[str, Counter[str]] = {}
    unread: dict[str, dict[str, int]] = {}
    form = dict(zip(words["word"], words["form"], strict=True))
    for row in sorted(written, key=lambda row: -row["n"]):
        word, zone = row["word"], row["zone"]
        read = form.get(word) if word is not None else "iso" if zone == "" or offsets[zone] is not None else None
        if read:
            spelt.setdefault(row["name"], Counter())[read] += row["n"]
        else:
            unread.setdefault(row["name"], {})[word if word is not None else f"{ZONE}{zone}"] = row["n"]
    tables = {}
    if hours["hour"]:
        tables["hour"] = engine.table(hours, dict.fromkeys(hours, "int64"), "hours")
    if words["word"]:
        types = {"word": "string", "early": "int64", "late": "int64", "whole": "bool"}
        tables["word"] = engine.table(words, types, "words")
    return Calendar({zone: seconds for zone, seconds in offsets.items() if seconds is not None}, tables, spelt, unread)


def _written(engine: Engine, column: Any) -> list[dict[str, Any]]:
    """How the stamps of a column are written: its distinct hours without a zone, zones, and other texts."""
    texts = column.name("text").as_table()
    texts = texts.filter(texts.text.notnull())
    read = texts.mutate(n=stamps.seconds(texts.text))
    each = read.select(**stamps.parts(read.text, read.n))
    return engine.rows(each.group_by("hour", "zone", "word").agg(n=each.count()))

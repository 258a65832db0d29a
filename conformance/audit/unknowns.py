"""What records say that was not understood: its shape and where it stands; the text itself only where asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conformance.audit import stamps
from conformance.audit.decisions import MOST_WORDS
from conformance.audit.records import Records
from conformance.audit.withheld import shape
from conformance.audit.written import ZONE

TOLD = 20  # shapes of one column


def not_understood(records: Records) -> dict[str, list[dict[str, Any]]]:
    """Column -> what stands there that is no word or time, the most frequent first.

    Each with its shape or, where asked, its text (``said``), the number of ``rows``, and where the ``first`` stands.
    """
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for row in _rows(records):
        said = row["text"] if records.identify else shape(row["text"])
        place = records.at(row["key"], row["source"], row["start"], row["place"])
        told = found.setdefault(row["fact"], {}).setdefault(said, {"said": said, "rows": 0, "first": place})
        told["rows"] += row["rows"]
    return {name: _most(list(found[name].values())) for name in sorted(found)}


def _most(told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    told.sort(key=lambda each: (-each["rows"], each["said"]))
    rest = told[TOLD:]
    if not rest:
        return told
    others = {"said": f"{len(rest):,} others", "rows": sum(each["rows"] for each in rest), "first": rest[0]["first"]}
    return [*told[:TOLD], others]


def _rows(records: Records) -> list[dict[str, Any]]:
    """Each text that was not understood: in which column, in how many rows, and the first of them; in their order."""
    import ibis

    table, understood = records.said.table, records.understood
    parts = []
    for fact, words in (*understood.unknown.items(), *understood.unread.items()):
        text = table[fact]
        parts.append(
            table.filter(_among(text, words)).select(
                "key", "source", "start", "place", fact=ibis.literal(fact), text=text
            )
        )
    if not parts:
        return []
    every = ibis.union(*parts) if len(parts) > 1 else parts[0]
    alike = ibis.window(group_by=["fact", "text"])
    order = [ibis.coalesce(every[name], 0) for name in ("source", "start", "place")]
    counted = every.mutate(
        rows=every.count().over(alike),
        rank=ibis.row_number().over(group_by=["fact", "text"], order_by=[*order, every.key]),
    )
    return records.engine.rows(counted.filter(counted.rank == 0).order_by("source", "start", "place", "key"))


def _among(text: Any, words: Mapping[str, int]) -> Any:
    """Whether a text is one of the ``words``; those that begin with dots are zones behind a stamp (written.ZONE)."""
    few = list(words)[:MOST_WORDS]
    whole = text.isin([word for word in few if not word.startswith(ZONE)])
    zones = [word.removeprefix(ZONE) for word in few if word.startswith(ZONE)]
    return whole | stamps.parts(text, stamps.seconds(text))["zone"].isin(zones) if zones else whole

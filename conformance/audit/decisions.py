"""What the records say, understood: words in our vocabulary, stamps as intervals of seconds, reasons graded.

One row per decision; what could not be understood is counted, and nothing is dropped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from conformance.audit import facts, grading, stamps
from conformance.audit.engine import Engine
from conformance.audit.mapping import Mapped
from conformance.audit.payer import Payer
from conformance.audit.said import Said

MOST_WORDS = 2000  # distinct words of one column that are looked at; a column with more holds something else
KEPT_WORDS = ("channel", "delegate", "line", "plan", "service", "specialty")
SHORT = {"received": "r", "decided": "d", "notified": "n", "responded": "p", "urgency_changed": "u",
         "extension_notice": "x", "made": "m", "updated": "v"}  # fmt: skip
_CODES = {"A1": "approved", "A2": "partial", "A6": "partial", "A3": "denied", "A4": "pended", "CT": "pended",
          "C": "withdrawn", "NA": "not-required"}  # fmt: skip
_DRUG_SYSTEMS = (
    "http://hl7.org/fhir/sid/ndc",
    "http://www.nlm.nih.gov/research/umls/rxnorm",
    "urn:oid:2.16.840.1.113883.6.69",
)
_APPEALS = ("1", "2", "N")  # X12 1322: appeal, immediate or standard; reconsideration


@dataclass
class Understood:
    """The table of decisions and what there was to say about it.

    ``unknown``: column -> word -> how often, of words that mean nothing to us; ``spelt``: stamps by how they are
    written; ``unread``: stamps that are none, by column, with examples; ``twice``: rows beyond the first for one
    decision; ``keyless``: rows without a number.
    """

    table: Any
    rows: int = 0
    twice: int = 0
    keyless: int = 0
    unknown: dict[str, dict[str, int]] = field(default_factory=dict)
    spelt: dict[str, int] = field(default_factory=dict)
    unread: dict[str, dict[str, int]] = field(default_factory=dict)


def understand(engine: Engine, said: Said, payer: Payer, mapped: Mapped) -> Understood:
    """The table of decisions, kept."""
    found = Understood(None)
    table = _once(engine, said, found)
    words = {fact: _words(engine, table, fact, mapped, found) for fact in facts.WORDS}
    known, rest = _calendar(engine, table, payer, found, said)
    graded = _graded(engine, table)
    columns: dict[str, Any] = {name: table[name] for name in ("source", "start", "place", "key", *KEPT_WORDS)}
    columns |= {name: words[name] for name in ("outcome", "urgency", "urgency_asked", "extended", "appeal")}
    columns["kind"] = _kind(table, words["kind"], payer)
    columns["exclusion"] = _exclusion(table, words)
    columns["extended_by"] = table.extended_by
    columns["reasons"] = table.reasons
    columns |= {f"t_{short}": table[name] for name, short in SHORT.items() if name not in said.absent or name == "made"}
    joined = table.select(**columns)
    for name, short in SHORT.items():
        text = f"t_{short}"
        if text not in columns or name == "updated":
            joined = joined.mutate(
                **{f"{short}_e": _null("int64"), f"{short}_l": _null("int64"), f"{short}_w": _null("boolean")}
            )
            joined = joined.drop(text) if text in joined.columns else joined
            continue
        joined = _read(joined, text, short, known, rest)
    for short in SHORT.values():
        if f"{short}_bad" not in joined.columns:
            joined = joined.mutate(**{f"{short}_bad": _false()})
    both = joined.left_join(graded, joined.reasons == graded.text)
    found.table = engine.keep(
        "decisions",
        both.drop(*[name for name in both.columns if name in ("reasons", "text")]).mutate(
            grade=both.grade.fill_null(grading.NONE), reason=both.reason
        ),
    )
    counted = engine.rows(found.table.agg(n=found.table.count(), keyless=found.table.key.isnull().sum()))[0]
    found.rows, found.keyless = counted["n"], counted["keyless"] or 0
    return found


def _read(table: Any, text: str, short: str, known: Any, rest: Any) -> Any:
    """The table with one stamp's text read: earliest and latest second, whether it is a whole day, or none."""
    rows = known.select(_head=known["head"], utc=known.utc, early=known.early, late=known.late, whole=known.whole)
    ends = rest.select(_tail=rest["tail"], more=rest.more, east=rest.east)
    rows, ends = rows.view(), ends.view()  # each stamp joins them anew: one table under one name would be one join
    marked = table.mutate(_head=stamps.head(table[text]), _tail=stamps.tail(table[text]))
    both = marked.left_join(rows, "_head").left_join(ends, "_tail")
    early, late = stamps.interval(both)
    kept = [both[name] for name in table.columns if name != text]
    return both.select(
        *kept,
        **{f"{short}_e": early, f"{short}_l": late, f"{short}_w": both.whole},
        **{f"{short}_bad": both[text].notnull() & early.isnull()},
    )


def _null(kind: str) -> Any:
    import ibis

    return ibis.null(kind)


def _false() -> Any:
    import ibis

    return ibis.literal(False)


def _once(engine: Engine, said: Said, found: Understood) -> Any:
    """The table with one row per decision: of several the one changed last, else decided last."""
    import ibis

    table = said.table
    several = table.group_by("key").agg(times=table.count()).filter(lambda t: (t.times > 1) & t.key.notnull())
    beyond = engine.rows(several.agg(n=(several.times - 1).sum()))[0]["n"] or 0
    found.twice = int(beyond)
    if not beyond:
        return table
    doubled = engine.keep("doubled", several.select("key"))
    order = [
        ibis.desc(ibis.coalesce(table[name], ""))
        for name in ("updated", "notified", "decided", "made", "outcome", "received")
    ]
    order += [ibis.desc(ibis.coalesce(table[name], 0)) for name in ("source", "start", "place")]
    again = table.semi_join(doubled, "key").mutate(rank=ibis.row_number().over(group_by="key", order_by=order))
    alone = table.anti_join(doubled, "key")
    return engine.keep("once", alone.union(again.filter(again.rank == 0).drop("rank")))


def _words(engine: Engine, table: Any, fact: str, mapped: Mapped, found: Understood) -> Any:
    """A column in our words; what is unknown is counted under its name and becomes null (of exclusions: other)."""
    column = table[fact]
    counted = _times(engine, table.select(word=column), MOST_WORDS)
    own = mapped.values.get(fact, {})
    ours: dict[str, str] = {}
    for row in counted:
        word = own.get(facts.plain(row["word"])) or _word(fact, row["word"])
        if word:
            ours[row["word"]] = word
        else:
            found.unknown.setdefault(fact, {})[row["word"]] = row["n"]
    import ibis

    nothing = ibis.null("string")
    if fact == "exclusion":  # a reason we do not know is still a reason of the payer's: told apart, not judged
        nothing = ibis.ifelse(column.isnull(), ibis.null("string"), ibis.literal("other"))
    return column.cases(*ours.items(), else_=nothing) if ours else nothing


def _times(engine: Engine, words: Any, most: int | None = None) -> list[dict[str, Any]]:
    """The distinct words of a table of one column and how often each occurs, the most frequent first."""
    import ibis

    there = words.filter(words.word.notnull())
    counted = there.group_by("word").agg(n=there.count()).order_by([ibis.desc("n"), "word"])
    return engine.rows(counted.limit(most) if most else counted)


def _word(fact: str, said: str) -> str | None:
    if fact == "outcome":
        codes = set(said.upper().split())
        if codes <= set(_CODES) and codes:
            meant = {_CODES[code] for code in codes}
            return next(iter(meant)) if len(meant) == 1 else _mixed(meant)
    return facts.word(fact, said)


def _mixed(meant: set[str]) -> str:
    """A request whose items were decided differently; as long as one is open, so is the request."""
    if "pended" in meant:
        return "pended"
    decided = meant - {"withdrawn", "not-required"}
    return next(iter(decided)) if len(decided) == 1 else "partial"


def _kind(table: Any, word: Any, payer: Payer) -> Any:
    """What kind of thing was asked for: as said, else a drug where the code is a drug's, else an item or service."""
    import ibis

    code = table.service.upper()
    j_code = (code.length() == 5) & (code.substr(0, 1) == "J") & code.substr(1, 4).try_cast("int64").notnull()
    digits = code.replace("-", "")
    ndc = (digits.length() == 11) & digits.try_cast("int64").notnull()
    medical = "part-b" if payer.target.payer_type == "ma" else "other-drug"
    return ibis.cases(
        (word.notnull(), word),
        (j_code, ibis.literal(medical)),
        (table.service_system.isin(list(_DRUG_SYSTEMS)) | ndc, ibis.literal("other-drug")),
        else_=ibis.literal("item"),
    )


def _exclusion(table: Any, words: Mapping[str, Any]) -> Any:
    """Why a decision is none the clocks count; null where it counts."""
    import ibis

    said = words["exclusion"].nullif("none")
    return ibis.cases(
        (said.notnull(), said),
        (table.certification.isin(list(_APPEALS)), ibis.literal("appeal")),
        (words["outcome"].isin(list(facts.EXCLUDING)), words["outcome"]),
        else_=ibis.null("string"),
    )


def _stamped(said: Said) -> Sequence[str]:
    return [name for name in SHORT if (name not in said.absent or name == "made") and name != "updated"]


def _calendar(engine: Engine, table: Any, payer: Payer, found: Understood, said: Said) -> tuple[Any, Any]:
    """What every day and hour that occurs in a stamp means, and what may follow it."""
    heads: dict[str, dict[str, int]] = {}
    ends: set[str] = {""}
    for name in _stamped(said):
        text = table[name]
        heads[name] = {row["word"]: row["n"] for row in _times(engine, table.select(word=stamps.head(text)))}
        ends |= {row["word"] for row in _times(engine, table.select(word=stamps.tail(text)))}
    rows = stamps.calendar(sorted({head for each in heads.values() for head in each}), payer.zones)
    rests = stamps.tails(sorted(ends))
    read = dict(zip(rows["head"], rows["form"], strict=True))
    for name, each in heads.items():
        for head, times in each.items():
            if head in read:
                found.spelt[read[head]] = found.spelt.get(read[head], 0) + times
            else:
                found.unread.setdefault(name, {})[head] = times
    types = {"head": "string", "utc": "int64", "early": "int64", "late": "int64", "whole": "bool"}
    return engine.table(rows, types, "calendar"), engine.table(
        rests, {"tail": "string", "more": "int64", "east": "int64"}, "tails"
    )


def _graded(engine: Engine, table: Any) -> Any:
    """Every distinct reason with its grade and short name."""
    texts = [
        row["text"] for row in engine.rows(table.filter(table.reasons.notnull()).select(text=table.reasons).distinct())
    ]
    grades = [grading.grade(text) for text in texts]
    rows = {"text": texts, "grade": [grade for grade, _ in grades], "reason": [name for _, name in grades]}
    return engine.table(rows, {"text": "string", "grade": "int64", "reason": "string"}, "graded")

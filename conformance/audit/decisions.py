"""What the records say, understood: words in our vocabulary, stamps as intervals of seconds, reasons graded.

One row per decision; what could not be understood is counted, and nothing is dropped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from conformance.audit import facts, grading, written
from conformance.audit.engine import Engine
from conformance.audit.items import requests
from conformance.audit.mapping import Mapped
from conformance.audit.payer import Payer
from conformance.audit.table import Said

MOST_WORDS = 2000  # distinct words of one column that are looked at; a column with more holds something else
KEPT_WORDS = ("channel", "delegate", "line", "plan", "service", "specialty")
SHORT = {"received": "r", "decided": "d", "notified": "n", "notified_orally": "o", "responded": "p",
         "urgency_changed": "u", "extension_notice": "x", "made": "m", "updated": "v"}  # fmt: skip
_CODES = {"A1": "approved", "A2": "partial", "A6": "partial", "A3": "denied", "A4": "pended", "CT": "pended",
          "C": "withdrawn", "NA": "not-required"}  # fmt: skip
_DRUG_SYSTEMS = (
    "http://hl7.org/fhir/sid/ndc",
    "http://www.nlm.nih.gov/research/umls/rxnorm",
    "urn:oid:2.16.840.1.113883.6.69",
)
CHANGED = "updated"  # a stamp, or the number of a version: of use only where a decision is told twice
_NEVER = -(1 << 40)  # below every second and version
_APPEALS = ("1", "2", "N")  # X12 1322: appeal, immediate or standard; reconsideration


@dataclass
class Understood:
    """The table of decisions and what there was to say about it.

    ``unknown``: column -> word -> how often, of words that mean nothing to us; ``spelt``: stamps by how they are
    written; ``unread``: stamps that are none, by column, with examples; ``twice``: rows beyond the first for one
    decision, and answers that put it off; ``items``: rows beyond the first for one request, where there is a row for
    each item; ``keyless``: rows without a number.
    """

    table: Any
    rows: int = 0
    twice: int = 0
    items: int = 0
    keyless: int = 0
    unknown: dict[str, dict[str, int]] = field(default_factory=dict)
    spelt: Counter[str] = field(default_factory=Counter)
    unread: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


def understand(engine: Engine, said: Said, payer: Payer, mapped: Mapped) -> Understood:
    """The table of decisions: an expression, worked out when it is kept (timed.py)."""
    found = Understood(None)
    rows = _made_where_it_tells(said.table)
    by = ["key"] if "item" in said.absent else ["key", "item"]
    once, again = _told_again(engine, rows, by)
    # What is written is looked for in all rows: to leave out what is told twice takes longer than to look at it.
    words = _words(engine, rows, mapped, found, said)
    texts = {name: rows[name] for name in SHORT if name not in (*said.absent, CHANGED) or name == "made"}
    if again is not None:
        texts[CHANGED] = again[CHANGED]
    known = written.calendar(engine, texts, payer.zones)
    found.unread = {name: each for name, each in known.unread.items() if name != CHANGED}
    for name, forms in known.spelt.items():
        found.spelt.update(forms if name != CHANGED else {})
    read = partial(_read, words=words, known=known, graded=_graded(engine, rows), payer=payer)
    stamped = [name for name in texts if name != CHANGED]
    found.table = read(once, stamped)
    counted = engine.rows(rows.agg(rows=rows.count(), keyless=rows.key.isnull().cast("int64").sum()))[0]
    found.rows, found.keyless = counted["rows"], int(counted["keyless"] or 0)
    if again is not None:
        latest, found.twice = _latest(engine, read(again, [*stamped, CHANGED]), by)
        found.rows -= found.twice
        found.table = found.table.union(latest.cast(found.table.schema()))
    found.twice += said.superseded
    if "item" in by:
        items, found.table = found.rows, engine.keep("requests", requests(found.table))
        found.rows = engine.rows(found.table.agg(n=found.table.count()))[0]["n"]
        found.items = items - found.rows
    return found


def _told_again(engine: Engine, table: Any, by: Sequence[str]) -> tuple[Any, Any | None]:
    """The rows that alone tell of their decision, and the rest, kept: nothing where there are none.

    Told apart by a number made of each key, which is quicker to group by; two keys may share one, and go to the rest.
    """
    import ibis

    named = table.key.concat(ibis.literal(" "), table.item.fill_null("")) if "item" in by else table.key
    table = table.mutate(number=ibis.ifelse(table.key.isnull(), _null("int64"), named.hash()))
    numbered = table.filter(table.key.notnull())
    several = numbered.group_by("number").agg(times=numbered.count()).filter(lambda t: t.times > 1)
    doubled = engine.keep("doubled", several.select("number"))
    if not engine.rows(doubled.limit(1)):
        return table, None
    return table.anti_join(doubled, "number"), engine.keep("again", table.semi_join(doubled, "number"))


def _latest(engine: Engine, table: Any, by: Sequence[str]) -> tuple[Any, int]:
    """Of each decision the row that was changed last, else decided last; and how many others there were."""
    import ibis

    order = [
        *(ibis.desc(table[name].fill_null(_NEVER)) for name in ("version", "v_e")),
        ibis.desc(table.changed.fill_null("")),
        *(ibis.desc(table[name].fill_null(_NEVER)) for name in ("n_e", "d_e", "m_e")),
        ibis.desc(table.outcome.fill_null("")),
        *(ibis.desc(table[name].fill_null(_NEVER)) for name in ("r_e", "source", "start", "place")),
    ]
    ranked = engine.keep("ranked", table.mutate(rank=ibis.row_number().over(group_by=by, order_by=order)))
    others = engine.rows(ranked.agg(n=(ranked["rank"] > 0).cast("int64").sum()))[0]["n"]
    return ranked.filter(ranked["rank"] == 0).drop("rank"), int(others)


def _read(
    table: Any, stamped: Sequence[str], words: Mapping[str, Callable[[Any], Any]], known: written.Calendar,
    graded: Any | None, payer: Payer,
) -> Any:  # fmt: skip
    """Rows as they are written, in our words: with stamps as seconds, and reasons graded."""
    import ibis

    both = known.joined(table, {name: SHORT[name] for name in stamped})
    if graded is not None:
        both = both.left_join(graded, both.reasons == graded.text)
    columns: dict[str, Any] = {name: both[name] for name in ("source", "start", "place", "key", "item", *KEPT_WORDS)}
    columns |= {name: words[name](both[name]) for name in ("outcome", "urgency", "urgency_asked", "extended", "appeal")}
    columns["kind"] = _kind(both, words["kind"](both.kind), payer)
    columns["exclusion"] = _exclusion(both, words["exclusion"](both.exclusion), columns["outcome"])
    columns["extended_by"] = both.extended_by
    columns["grade"] = ibis.coalesce(both.grade, grading.NONE) if graded is not None else ibis.literal(grading.NONE)
    columns["reason"] = both.short if graded is not None else _null("string")
    columns |= {"changed": both[CHANGED], "version": both[CHANGED].try_cast("float64")}
    for name, short in SHORT.items():
        if name not in stamped:
            columns |= {f"{short}_e": _null("int64"), f"{short}_l": _null("int64"), f"{short}_w": _null("boolean")}
            columns[f"{short}_bad"] = ibis.literal(False)
            continue
        early, late, whole = known.meaning(both, short)
        columns |= {f"{short}_e": early, f"{short}_l": late, f"{short}_w": whole}
        columns[f"{short}_bad"] = both[name].notnull() & early.isnull()
    return both.select(**columns | _first_notice(columns)).drop([f"o_{part}" for part in ("e", "l", "w", "bad")])


def _first_notice(columns: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of the notice, which is the one given by word of mouth where that came first."""
    import ibis

    earlier = columns["o_e"].notnull() & (columns["n_e"].isnull() | (columns["o_e"] < columns["n_e"]))
    first = {f"n_{part}": ibis.ifelse(earlier, columns[f"o_{part}"], columns[f"n_{part}"]) for part in ("e", "l", "w")}
    return first | {"n_bad": columns["n_bad"] | columns["o_bad"]}


def _made_where_it_tells(table: Any) -> Any:
    """The table without the time at which a resource was made, where there is one of decision or notice."""
    import ibis

    undated = table.decided.isnull() & table.notified.isnull()
    return table.mutate(made=ibis.ifelse(undated, table.made, _null("string")))


def _null(kind: str) -> Any:
    import ibis

    return ibis.null(kind)


def _words(
    engine: Engine, table: Any, mapped: Mapped, found: Understood, said: Said
) -> dict[str, Callable[[Any], Any]]:
    """For each column of words what puts it in ours; what is unknown is counted, and null (of exclusions: other)."""
    import ibis

    there = [fact for fact in facts.WORDS if fact not in said.absent]
    counted = _times(engine, table, there)
    put: dict[str, Callable[[Any], Any]] = {}
    for fact in facts.WORDS:
        own = mapped.values.get(fact, {})
        ours: dict[str, str] = {}
        for theirs, n in counted.get(fact, {}).items():
            word = own.get(facts.plain(theirs)) or _word(fact, theirs)
            if word:
                ours[theirs] = word
            else:
                found.unknown.setdefault(fact, {})[theirs] = n
        put[fact] = partial(_put, ours, ibis.literal("other") if fact == "exclusion" else ibis.null("string"))
    return put


def _put(ours: Mapping[str, str], nothing: Any, column: Any) -> Any:
    """A column in our words; ``nothing`` for those we do not know."""
    import ibis

    unknown = ibis.ifelse(column.isnull(), ibis.null("string"), nothing)
    return column.cases(*ours.items(), else_=unknown) if ours else unknown


def _times(engine: Engine, table: Any, names: Sequence[str]) -> dict[str, dict[str, int]]:
    """The distinct texts of columns and how often each occurs, the most frequent first; MOST_WORDS of each."""
    import ibis

    if not names:
        return {}
    # First what occurs together, in one look at all rows: where words are few, so are they together.
    together = engine.keep("words_said", table.group_by(names).agg(n=table.count()))
    found = {}
    for name in names:
        said = together.filter(together[name].notnull())
        counted = said.group_by(word=said[name]).agg(n=said.n.sum())
        most = counted.order_by([ibis.desc("n"), "word"]).limit(MOST_WORDS)
        found[name] = {row["word"]: int(row["n"]) for row in engine.rows(most)}
    return found


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


def _exclusion(table: Any, word: Any, outcome: Any) -> Any:
    """Why a decision is none the clocks count; null where it counts."""
    import ibis

    said = word.nullif("none")
    return ibis.cases(
        (said.notnull(), said),
        (table.certification.isin(list(_APPEALS)), ibis.literal("appeal")),
        (outcome.isin(list(facts.EXCLUDING)), outcome),
        else_=ibis.null("string"),
    )


def _graded(engine: Engine, table: Any) -> Any | None:
    """Every distinct reason with its grade and short name; nothing where no decision has one."""
    texts = [
        row["text"] for row in engine.rows(table.filter(table.reasons.notnull()).select(text=table.reasons).distinct())
    ]
    if not texts:
        return None
    grades = [grading.grade(text) for text in texts]
    rows = {"text": texts, "grade": [grade for grade, _ in grades], "short": [name for _, name in grades]}
    return engine.table(rows, {"text": "string", "grade": "int64", "short": "string"}, "graded")

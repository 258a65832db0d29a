"""One printed figure: of what it is by the words around it, and what it says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal

from conformance.audit.published import NOT_APPLICABLE, PRINTED, Number, Report, value_of

# What a label speaks of: the first pattern that fits. Percentages get _pct, averages and medians their unit.
_LABELS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("", re.compile(r"\bwithin\b|\bon time\b|\btimely\b", re.I)),
    ("approved_after_appeal", re.compile(r"approv\w* .*(?:after|upon|on) appeal|overturned|appeal.*approv", re.I)),
    ("denied_after_appeal", re.compile(r"den\w* .*(?:after|upon|on) appeal|upheld|appeal.*den(?:y|ied)", re.I)),
    ("appeals", re.compile(r"(?:number|total|count) of .*appeal|^appeals", re.I)),
    ("extended_approved", re.compile(r"exten(?:ded|sion).*approv|approv.*exten(?:ded|sion)", re.I)),
    ("time", re.compile(r"\b(?:average|mean|median)\b", re.I)),
    ("partial", re.compile(r"^\W*part(?:ly|ial|ially) (?:approv|den|favor)\w*\W*$", re.I)),
    ("approved", re.compile(r"\bapprov(?:ed?|als?)\b", re.I)),
    ("denied", re.compile(r"\bden(?:y|ied|ials?)\b", re.I)),
    ("total", re.compile(r"\btotal\b|number of .*requests|requests received", re.I)),
)
_SIDES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("drugs", re.compile(r"(?<!non-)\b(?:drugs?|medications?)\b", re.I)),
    ("expedited", re.compile(r"\bexpedited\b|(?<!non-)(?<!non)\burgent\b", re.I)),
    ("standard", re.compile(r"\bstandard\b|\bnon-?urgent\b", re.I)),
)
LEFT_OUT = re.compile(r"(?i)\b(exclud\w+|except|without|other than|not includ\w+|left out)\b")
_PERCENT = re.compile(r"(?i)percent|%|\brate\b|\bshare\b")
_WHOLE = re.compile(r"(?i)\btotal\b|denominator|out of|requests received")
_COUNTED = re.compile(r"(?i)(?:(?:number|count) of )?(?:#|n|number|count|requests|decisions|cases)")
_WITHHELD = re.compile(r"(?i).*[<>≤≥~≈*].*|\W*\d+ *(?:-|–|to) *\d+\W*|.*\b(?:fewer|less|under|suppressed)\b.*")
YEAR = re.compile(r"(?:CY|calendar year)?\s*(20\d\d)(?:[ -]+[a-z][^\d%]*)?", re.IGNORECASE)
_FIGURE = re.compile(r"[<>~≈(]?\s*[$+-]?\d")
_TIME = re.compile(r"(\d[\d,.]*)\s*-?\s*((?:calendar |business )?d(?:ays?)?|h(?:ou)?rs?|h|min(?:ute)?s?|m)\b", re.I)
_HOURS = {"d": Decimal(24), "h": Decimal(1), "m": Decimal(1) / 60}


def is_figure(cell: str) -> bool:
    """Whether a cell of a table holds a figure rather than a label; a year, alone or before words, is a heading."""
    said = cell.strip()
    return not YEAR.fullmatch(said) and bool(_FIGURE.match(said) or NOT_APPLICABLE.fullmatch(said))


def note(report: Report, labels: Sequence[str], cell: str) -> None:
    """Notes in a report what a cell says; ``labels`` are its row's, its column's and those further off, in order."""
    name = next((name for label in labels if (name := _name(label)) is not None), None)
    side = next((side for label in labels if (side := _side(label)) is not None), None)
    if not name or not is_figure(cell) or (side is None and _name(labels[0]) is None):
        return  # what only its column names, and nothing says of which side, may be of anything
    _figure(report, "" if name == "extended_approved" else side or "standard", name, labels, cell)


def note_row(cut: dict[str, Report], labels: Sequence[str], cell: str) -> None:
    """Notes in a finer cut, which has a table for each side that it tells apart, what a cell of one row says.

    Only its column says of what it is. What is withheld is noted as not stated.
    """
    row, head = labels[:2]
    name = "total" if _COUNTED.fullmatch(head) else _name(head)
    if not name:
        return
    side = next((side for label in labels[1:] if (side := _side(label)) is not None), "")
    table = cut.setdefault(side, Report(side=side))
    if _WITHHELD.fullmatch(cell):
        table.none.add((row, name))
    elif is_figure(cell):
        _figure(table, row, name, ("", head), cell)


def _figure(report: Report, side: str, name: str, labels: Sequence[str], cell: str) -> None:
    if NOT_APPLICABLE.fullmatch(cell.strip()):
        report.none |= {(side, each) for each in (("mean", "median") if name == "time" else (name, f"{name}_pct"))}
    elif name == "time":
        _times(report, side, labels, cell)
    else:
        _shares(report, side, name, labels, cell)


def _name(label: str) -> str | None:
    """Of what a label speaks; "" of what is none of the public figures, None where it says nothing of that."""
    return next((name for name, pattern in _LABELS if pattern.search(label)), None)


def _side(label: str) -> str | None:
    said = LEFT_OUT.split(label)[0]
    sides = [side for side, pattern in _SIDES if pattern.search(said)]
    return "drugs" if "drugs" in sides else sides[0] if len(sides) == 1 else None


def _shares(report: Report, side: str, name: str, labels: Sequence[str], cell: str) -> None:
    label, head = labels[:2]
    numbers = list(PRINTED.finditer(cell))
    whole = "after_appeal_of" if name == "approved_after_appeal" else "total"
    in_percent = _PERCENT.search(head) or (_PERCENT.search(label) and not re.search(r"(?i)number|count", head))
    for found in numbers:
        number = Number(value_of(found[1]), found[0].strip())
        percent = (found[2] or "").casefold() in ("%", "percent")
        percent = percent or bool(in_percent and ("." in found[1] or len(numbers) == 1) and not _WHOLE.search(head))
        of = re.search(r"(?:\bof|/)\s*$", cell[: found.start()], re.I) or (_name(label) and _WHOLE.search(head))
        key = f"{name}_pct" if percent else whole if of else name
        report.figures.setdefault((side, key), number)


def _times(report: Report, side: str, labels: Sequence[str], cell: str) -> None:
    kinds = next((kinds for label in (labels[1], labels[0], *labels[2:]) if (kinds := _kinds(label))), ("mean",))
    for kind, (unit, number) in zip(kinds, _told(cell, labels), strict=False):
        report.figures.setdefault((side, f"{kind}_{unit}" if unit else kind), number)


def _kinds(label: str) -> tuple[str, ...]:
    """Which times a label speaks of, in its order."""
    found = re.findall(r"(?i)\b(average|mean|median)\b", label)
    return tuple(dict.fromkeys("median" if each.casefold() == "median" else "mean" for each in found))


def _told(cell: str, labels: Iterable[str]) -> list[tuple[str, Number]]:
    """The times that a cell tells, each in days or hours: "5.48 days", "2 d 23 h", "648 minutes"; "" of no unit."""
    found: list[tuple[str, Number]] = []
    last, end = "", 0
    for each in _TIME.finditer(cell):
        unit = each[2].casefold().split()[-1][0]
        value, number = value_of(each[1].rstrip(".,")), Number(value_of(each[1].rstrip(".,")), each[0].strip())
        if found and last + unit in ("dh", "hm") and not cell[end : each.start()].strip(" ,").removeprefix("and"):
            before = found[-1][1]
            hours = before.value * (_HOURS["d"] if found[-1][0] == "days" else 1) + value * _HOURS[unit]
            found[-1] = ("hours", Number(hours, f"{before.printed} {number.printed}", number.slack * _HOURS[unit]))
        elif unit == "m":
            found.append(("hours", Number(value * _HOURS["m"], number.printed, number.slack * _HOURS["m"])))
        else:
            found.append(("days" if unit == "d" else "hours", number))
        last, end = unit, each.end()
    if found:
        return found
    said = next((unit for label in labels for unit in ("hour", "day", "minute") if unit in label.casefold()), "")
    factor = _HOURS["m"] if said == "minute" else Decimal(1)
    numbers = [Number(value_of(each[1]), each[0].strip()) for each in PRINTED.finditer(cell)]
    unit = {"hour": "hours", "day": "days", "minute": "hours"}.get(said, "")
    return [(unit, Number(each.value * factor, each.printed, each.slack * factor)) for each in numbers]


_DATE = re.compile(
    r"\b\d{1,2}/\d{1,2}/20\d\d\b|\b20\d\d-\d\d-\d\d\b|(?:©|\(c\)|copyright)\W{0,3}20\d\d"
    r"|\b(?:jan|feb|mar|apr|may|june?|july?|aug|sep|oct|nov|dec)[a-z]*\.? (?:\d{1,2}, ?)?20\d\d\b"
    r"|\b(?:updated|posted|published|revised|effective)\b\D{0,20}20\d\d",
    re.IGNORECASE,
)
_NAMED = re.compile(r"(?i)\b(?:calendar year|CY|reporting (?:period|year)|measurement year)\W{0,3}(20\d\d)\b")


def year_of(headings: Iterable[str], words: str) -> int | None:
    """Of which year a page is: as it names it, else the only one in its headings or words; dates do not count."""
    whole_year = re.search(r"(?i)\bjan\w*\.? 1,? (20\d\d)\b.{1,25}\bdec\w*\.? 31,? \1\b", words)
    if named := _NAMED.search(words) or whole_year:
        return int(named[1])
    for text in (" ".join(headings), words):
        years = {int(each) for each in re.findall(r"\b(20\d\d)\b", _DATE.sub(" ", text))}
        if len(years) == 1:
            return years.pop()
    return None

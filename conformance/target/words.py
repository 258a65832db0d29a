"""What is wrong with the form of a target file, in the reader's words: the schema's findings, translated.

The schema says with ``x-expected`` what a place may hold. What a secret or a member's place holds is never repeated.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from conformance.target.document import Document, dotted, schema
from conformance.target.lines import KeyPath

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

SECRET = frozenset({"token", "refresh_token", "client_secret", "key", "proxy", "command", "headers"})
SHOWN = 4
MOST = 300  # problems that are put in order, and names that are compared: a file may hold any number


@dataclass(frozen=True)
class Problem:
    """One thing wrong with the file, at a key."""

    key: KeyPath
    message: str


def form_problems(document: Document) -> Iterator[Problem]:
    """Everything about the file that the schema does not allow."""
    from jsonschema import Draft202012Validator, FormatChecker  # slow to import: only where there is a target file

    validator = Draft202012Validator(schema(), format_checker=FormatChecker(["date"]))
    for error in validator.iter_errors(document.values):
        yield from _worded(error)


def refuse(document: Document, problems: Iterable[Problem]) -> None:
    """Raises the first of the problems, in the order of the file, with the others' lines; none: nothing happens."""
    kept: list[Problem] = []
    for problem in sorted(islice(problems, MOST), key=lambda problem: _order(document, problem)):
        # What is said of a key and of what is inside it is one mistake.
        if not any(_within(problem.key, other.key) for other in kept):
            kept.append(problem)
    if not kept:
        return
    first, others = kept[0], kept[1:]
    lines = [first.message]
    for other in others[: SHOWN - 1]:
        file, line = document.place(other.key)
        lines.append(f"also {file}:{line}: {other.message}")
    if len(others) >= SHOWN:
        lines.append(f"and {len(others) - SHOWN + 1} more")
    raise document.wrong(first.key, "\n".join(lines))


def nearest(name: str, known: Iterable[str]) -> str:
    """A question that suggests the known name that looks most like ``name``; nothing where none does."""
    close = difflib.get_close_matches(name, list(islice(known, MOST)), 1)
    return f"; did you mean {close[0]}?" if close else ""


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """That ``name`` is not one of the ``known``, with the nearest, or all of them."""
    names = sorted(known)
    return f"unknown {what} {name!r}{nearest(name, names) or '; expected ' + listed(names)}"


def listed(names: Sequence[str]) -> str:
    """Names as a sentence has them: "a, b or c"."""
    if len(names) < 2:
        return "".join(names) or "nothing"
    return f"{', '.join(names[:-1])} or {names[-1]}"


def _within(one: KeyPath, other: KeyPath) -> bool:
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def _order(document: Document, problem: Problem) -> tuple[bool, str, int]:
    file, line = document.place(problem.key)
    return file != document.path, str(file), line


def _worded(error: ValidationError) -> Iterator[Problem]:
    key: KeyPath = tuple(error.absolute_path)
    rules: Mapping[str, Any] = error.schema if isinstance(error.schema, Mapping) else {}
    if error.validator == "additionalProperties" and isinstance(error.instance, Mapping):
        known = rules.get("properties", {})
        yield from (_unknown_key(key, name, known) for name in error.instance if name not in known)
    elif error.validator == "required" and isinstance(error.instance, Mapping):
        yield from (_missing_key(key, name, rules) for name in rules["required"] if name not in error.instance)
    elif error.validator == "uniqueItems":
        yield Problem(key, f"{dotted(key)}: names something twice")
    else:
        expected = rules.get("x-expected", f"something else ({error.validator})")
        yield Problem(
            key, f"{dotted(key)}: expected {expected}, found {_found(error.instance, key)}{_hint(error, rules)}"
        )


def _unknown_key(key: KeyPath, name: str, known: Mapping[str, Any]) -> Problem:
    top = schema()["properties"]
    place = f"in [{dotted(key)}]" if key else "at the top of the file"
    hint = nearest(name, known)
    if not hint and key and name in top:
        hint = "; it belongs at the top of the file, above the first [table]"
    return Problem((*key, name), f"unknown key {name!r} {place}{hint or '; expected ' + listed(sorted(known))}")


def _missing_key(key: KeyPath, name: str, rules: Mapping[str, Any]) -> Problem:
    inner = rules.get("properties", {}).get(name, {})
    expected = inner.get("x-expected") or inner.get("description", "").rstrip(".")
    place = f"[{dotted(key)}]" if key else "the file"
    return Problem((*key, name), f"{place} has no {name!r}{': expected ' + expected if expected else ''}")


def _found(value: Any, key: KeyPath) -> str:
    kinds: Mapping[type, str] = {dict: "a table", list: "a list", str: "text", bool: str(value).lower()}
    private = bool(SECRET & {step for step in key if isinstance(step, str)}) or key[:1] == ("members",)
    if value in ("", [], {}):
        return "nothing"
    if isinstance(value, str) and not private:
        return repr(value if len(value) <= 60 else value[:60] + "…")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return kinds.get(type(value), "something else")
    return "a number" if private else f"the number {value}"


def _hint(error: ValidationError, rules: Mapping[str, Any]) -> str:
    if error.validator == "type" and rules.get("type") == "string" and isinstance(error.instance, int | float):
        return "" if isinstance(error.instance, bool) else "; put it in quotes"
    if error.validator == "enum" and isinstance(error.instance, str):
        return nearest(error.instance, rules["enum"])
    return ""

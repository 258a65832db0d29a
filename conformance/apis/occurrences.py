"""How often an element stands where a profile lets it, and as what: rows of a table, held against one resource."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from conformance.apis.shapes import Coding, codings, record


@dataclass(frozen=True)
class Slice:
    """Those of an element's occurrences that a profile tells apart: extensions by their URL, others by a code of their
    ``type``. ``name`` is what a reader calls them."""

    element: str
    name: str
    url: str = ""
    types: tuple[Coding, ...] = ()

    def holds(self, each: Any) -> bool:
        """Whether an occurrence is one of these, whatever its codes display."""
        if self.url:
            return record(each).get("url") == self.url
        told = {(code.system, code.code) for code in codings(record(each).get("type"))}
        return any((code.system, code.code) in told for code in self.types)


@dataclass(frozen=True)
class Row:
    """One element of a profile: where it is, how often it stands within each element above it, and, where a profile
    fixes that, what it is. ``above`` leads from the resource to the element above; each step is a name or a Slice."""

    above: tuple[str | Slice, ...]
    element: str | Slice
    least: int = 1
    most: int | None = 1
    value: str = field(default="", kw_only=True)


def miscounted(resource: Any, rows: Iterable[Row]) -> tuple[str, ...]:
    """What stands too seldom, too often or as something else, one sentence for each row: the first place, and how many
    more there are."""
    return tuple(told for row in rows if (told := _told(list(_wrong(resource, row)))))


def _told(wrong: list[str]) -> str:
    more = f", and {len(wrong) - 1} more such" if len(wrong) > 1 else ""
    return f"{wrong[0]}{more}" if wrong else ""


def _wrong(resource: Any, row: Row) -> Iterator[str]:
    name = row.element.name if isinstance(row.element, Slice) else row.element
    for at, above in _followed(resource, row.above, ""):
        here = f" in {at}" if at else ""
        found = [each for _, each in _within(above, row.element)]
        if len(found) < row.least:
            yield f"no {name}{here}"
        elif row.most is not None and len(found) > row.most:
            yield f"{len(found)} times {name}{here}"
        elif row.value and any(isinstance(each, str) and each != row.value for each in found):
            yield f"{name} {found[0][:40]!r}{here}"


def _followed(element: Any, steps: tuple[str | Slice, ...], at: str) -> Iterator[tuple[str, Any]]:
    """Every element that the steps lead to, with its path; one that only says why it is absent has no parts."""
    if not steps:
        yield at, element
        return
    for place, each in _within(element, steps[0]):
        if "extension" not in record(each) or each.keys() - {"id", "extension"}:
            yield from _followed(each, steps[1:], f"{at}.{place}" if at else place)


def _within(above: Any, step: str | Slice) -> Iterator[tuple[str, Any]]:
    """The occurrences of an element in the one above, each with its place; a value that only its extensions tell of
    (``_status``) is there."""
    name = step.element if isinstance(step, Slice) else step
    content = record(above).get(name, record(above).get(f"_{name}"))
    if not isinstance(content, list):
        content = [] if content is None else [content]
        places = [name]
    else:
        places = [f"{name}[{number}]" for number in range(len(content))]
    for place, each in zip(places, content, strict=False):
        if not isinstance(step, Slice) or step.holds(each):
            yield place, each

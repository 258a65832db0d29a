"""The entries of a JSON list one by one, however long the list is: files of a gigabyte are normal in the field."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from conformance.strict_json import NotJson


def entries(path: Path) -> Iterator[Any]:
    """Each entry of the list in that file; NotJson where it is no list, or once it breaks off.

    Only one entry is in memory at a time.
    """
    import ijson  # type: ignore[import-untyped]

    with path.open("rb") as opened:
        if opened.read(3) != codecs.BOM_UTF8:
            opened.seek(0)
        start = opened.tell()
        first = next(filter(None, iter(lambda: opened.read(4096).strip(), b"")), b"")[:1]
        if first != b"[":
            raise NotJson(_no_list(first))
        opened.seek(start)
        try:
            yield from ijson.items(opened, "item", use_float=True)
        except ijson.IncompleteJSONError:
            raise NotJson("the JSON breaks off before its end, or is broken there") from None
        except (ijson.JSONError, UnicodeDecodeError, ValueError, OverflowError) as wrong:
            said = " ".join(str(wrong).split())[:120]
            raise NotJson(f"the JSON is broken: {said}") from None


def _no_list(first: bytes) -> str:
    if not first:
        return "the file is empty"
    return "the text is HTML or XML, not JSON" if first == b"<" else "the JSON is no list"

"""The entries of a JSON list one by one, however long the list is: files of a gigabyte are normal in the field."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO, Any

from conformance.strict_json import NotJson

BEGINNINGS = {  # of what is no list
    b"<": "the text is HTML or XML, not JSON",
    b"{": "the JSON is an object, or one a line, and no list",
    b"\x1f\x8b": "the file is packed with gzip, and its answer does not say so",
    b"PK": "the file is a ZIP archive, not JSON",
    codecs.BOM_UTF16_LE: "the text is UTF-16, not UTF-8",
    codecs.BOM_UTF16_BE: "the text is UTF-16, not UTF-8",
}


def entries(path: Path) -> Iterator[Any]:
    """Each entry of the list in that file; NotJson where it is no list, or once it breaks off.

    Only one entry is in memory at a time.
    """
    import ijson  # type: ignore[import-untyped]

    with path.open("rb") as opened:
        if opened.read(3) != codecs.BOM_UTF8:
            opened.seek(0)
        start = opened.tell()
        first = next(filter(None, iter(lambda: opened.read(4096).strip(), b"")), b"")
        if not first.startswith(b"["):
            raise NotJson(_no_list(first))
        opened.seek(start)
        read = 0
        try:
            for entry in ijson.items(opened, "item", use_float=True):
                yield entry
                read += 1
        except ijson.IncompleteJSONError as wrong:
            if "overflow" not in str(wrong):
                raise NotJson(_broken(str(wrong))) from None
            opened.seek(start)  # a number longer than 64 bits, which is JSON all the same
            yield from _at_length(opened, read)
        except (ijson.JSONError, UnicodeDecodeError, ValueError, OverflowError) as wrong:
            said = " ".join(str(wrong).split())[:120]
            raise NotJson(f"the JSON is broken: {said}") from None


def _at_length(opened: IO[bytes], read: int) -> Iterator[Any]:
    """The entries after the first ``read`` ones, with numbers of any length: a slower way to read."""
    import ijson

    try:
        yield from islice(ijson.items(opened, "item"), read, None)
    except (ijson.JSONError, UnicodeDecodeError, ValueError) as wrong:
        raise NotJson(_broken(str(wrong))) from None


def _broken(said: str) -> str:
    if "UTF8" in said:
        return "the text is not UTF-8"
    return "the JSON breaks off before its end, or is broken there"


def _no_list(first: bytes) -> str:
    if not first:
        return "the file is empty"
    return next((told for begins, told in BEGINNINGS.items() if first.startswith(begins)), "the JSON is no list")

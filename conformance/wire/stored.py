"""A body that goes to a file as it arrives: never more of it in memory than one piece, with its size and SHA-256."""

from __future__ import annotations

import hashlib
from pathlib import Path

import httpx

from conformance.exchange import Stored
from conformance.wire.reading import KEPT_WHEN_CUT, unpacking

PIECE = 256 * 1024  # bytes that are unpacked at a time
ERROR = 400


class StoredBody:
    """The decoded body of one answer in ``file``, at most ``bound`` bytes of it, as sent and as decoded.

    A part of a file (206) is appended to what is there; an error's body is kept in memory and leaves the file alone.
    """

    def __init__(self, file: Path, bound: int) -> None:
        self._file, self._bound = file, bound
        self._first = b""
        self.over = False
        self.stored: Stored | None = None

    def read(self, answer: httpx.Response) -> None:
        """Reads to the end of the answer, or until it is over the bound; what the file holds is told in ``stored``."""
        self._first, self.over = b"", False
        unpack = unpacking(answer)
        digest, size = hashlib.sha256(), 0
        if answer.status_code == httpx.codes.PARTIAL_CONTENT and self._file.exists():
            size = _digest(self._file, digest)
        failed = answer.status_code >= ERROR
        with self._file.open("ab" if size or failed else "wb") as kept:
            try:
                raw = 0
                for chunk in answer.iter_raw():
                    raw += len(chunk)
                    piece = unpack.take(chunk, PIECE) if unpack else chunk
                    while piece and not self.over:
                        self.over = size + len(piece) > self._bound
                        piece = piece[: self._bound - size]
                        self._first += piece[: KEPT_WHEN_CUT - len(self._first)]
                        if not failed:
                            kept.write(piece)
                            digest.update(piece)
                        size += len(piece)
                        piece = unpack.take(b"", PIECE) if unpack else b""
                    if self.over or raw > self._bound:
                        self.over = True
                        return
            finally:
                self.stored = None if failed else Stored(self._file, size, digest.hexdigest())

    def whole(self) -> bytes:
        """The first 64 KiB; the whole lies in the file."""
        return self._first

    cut = whole


def _digest(file: Path, digest: object) -> int:
    """Feeds what a file holds to a digest; its size."""
    size = 0
    with file.open("rb") as opened:
        while piece := opened.read(PIECE):
            digest.update(piece)  # type: ignore[attr-defined]
            size += len(piece)
    return size

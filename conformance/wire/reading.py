"""One deadline over a whole attempt, and a bound on what is read of it.

httpx's time-outs are per read: a byte a second would keep it reading for ever. Here every read, write and connection
of an attempt gets what is left of one deadline, and the first byte out and in are timed.
"""

from __future__ import annotations

import zlib
from typing import Any

import httpx

from conformance import clock
from conformance.wire.failures import Stage, TooLate

KEPT_WHEN_CUT = 64 * 1024  # of an answer that was not read to its end
GZIP_OR_ZLIB = 47  # zlib's word for "look at the header"


class Watch:
    """The times of one attempt: its deadline, its first byte out and in; all monotonic."""

    def __init__(self) -> None:
        self.begin(0.0, 0.0)

    def begin(self, connect_seconds: float, total_seconds: float) -> None:
        """Starts a new attempt."""
        self.began = clock.monotonic()
        self.connect_seconds, self.total_seconds = connect_seconds, total_seconds
        self.sent: float | None = None
        self.heard: float | None = None

    @property
    def stage(self) -> Stage:
        """How far the attempt has come."""
        return "connecting" if self.sent is None else "waiting" if self.heard is None else "reading"

    @property
    def given(self) -> float:
        """The seconds that the present stage may last."""
        return self.connect_seconds if self.stage == "connecting" else self.total_seconds

    def left(self, asked: float | None = None) -> float:
        """The seconds left of the present stage, at most those asked for; TooLate where there are none."""
        left = self.began + self.given - clock.monotonic()
        if left <= 0:
            raise TooLate
        return left if asked is None else min(left, asked)

    def seconds(self) -> float:
        """From the first byte sent (from the start, where none was) until now."""
        return clock.monotonic() - (self.began if self.sent is None else self.sent)


class WatchedLine:
    """A network backend as httpcore wants it, whose connections keep the deadline of the watch."""

    def __init__(self, inner: Any, watch: Watch) -> None:
        self._inner, self._watch = inner, watch

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, **options: Any) -> WatchedStream:
        stream = self._inner.connect_tcp(host, port, timeout=self._watch.left(timeout), **options)
        return WatchedStream(stream, self._watch)

    def sleep(self, seconds: float) -> None:
        clock.sleep(seconds)


class WatchedStream:
    """A network stream as httpcore wants it, under the deadline of the watch."""

    def __init__(self, inner: Any, watch: Watch) -> None:
        self._inner, self._watch = inner, watch

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        received: bytes = self._inner.read(max_bytes, timeout=self._watch.left(timeout))
        if received and self._watch.heard is None:
            self._watch.heard = clock.monotonic()
        return received

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if self._watch.sent is None:
            self._watch.sent = clock.monotonic()
        self._inner.write(buffer, timeout=self._watch.left(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None) -> Any:
        self._watch.sent = self._watch.heard = None  # what was said so far was said to a proxy
        secured = self._inner.start_tls(ssl_context, server_hostname=server_hostname, timeout=self._watch.left(timeout))
        return WatchedStream(secured, self._watch)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def watched(transport: httpx.HTTPTransport, watch: Watch) -> httpx.HTTPTransport:
    """The transport, its connections kept to the watch's deadline."""
    # httpx hands no backend through to httpcore, whose pools all take one; tests/wire hold this to its word.
    pool: Any = transport._pool
    pool._network_backend = WatchedLine(pool._network_backend, watch)
    return transport


class Body:
    """The decoded body of one answer, as far as it was read: at most ``bound`` bytes, as sent and as decoded."""

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._kept = bytearray()
        self.over = False

    def read(self, answer: httpx.Response) -> None:
        """Reads to the end of the answer, or until it is over the bound; what was read before is forgotten."""
        self._kept.clear()
        self.over = False
        unpack = unpacking(answer)
        raw = 0
        for chunk in answer.iter_raw():
            raw += len(chunk)
            room = self._bound + 1 - len(self._kept)
            self._kept += unpack.take(chunk, room) if unpack else chunk[:room]
            if raw > self._bound or len(self._kept) > self._bound:
                self.over = True
                return

    def whole(self) -> bytes:
        """All that was read."""
        return bytes(self._kept)

    def cut(self) -> bytes:
        """The first 64 KiB of what was read."""
        return bytes(self._kept[:KEPT_WHEN_CUT])

    @property
    def stored(self) -> None:
        """It lies in no file."""


def unpacking(answer: httpx.Response) -> Unpacking | None:
    """What unpacks the body of an answer; None where it says of itself that it is not packed."""
    packed = answer.headers.get("content-encoding", "").strip().lower() in ("gzip", "x-gzip", "deflate")
    return Unpacking() if packed else None


class Unpacking:
    """Unpacks gzip or zlib, never more at a time than there is room for; what is neither stays as it came."""

    def __init__(self) -> None:
        self._decoder = zlib.decompressobj(wbits=GZIP_OR_ZLIB)
        self._plain = False
        self._started = False
        self._left = b""  # what there was no room for: packed, or still inside the decoder
        self._full = False

    def take(self, chunk: bytes, room: int) -> bytes:
        """What a chunk unpacks to, at most ``room`` bytes; the rest comes with the next chunk, be it an empty one."""
        chunk, unpacked = self._left + chunk, bytearray()
        while (chunk or self._full) and not self._plain and len(unpacked) < room:
            try:
                unpacked += self._decoder.decompress(chunk, room - len(unpacked))
            except zlib.error:
                self._plain, self._left = True, b""
                return bytes(unpacked) if self._started else chunk
            self._started, self._full = True, len(unpacked) >= room and not self._decoder.eof
            chunk = self._decoder.unused_data if self._decoder.eof else self._decoder.unconsumed_tail
            if chunk and self._decoder.eof:  # another member follows in the same stream
                self._decoder = zlib.decompressobj(wbits=GZIP_OR_ZLIB)
        self._left = b"" if self._plain else chunk
        return bytes(unpacked) if not self._plain or self._started else chunk

"""The receiving end of notifications (rest-hook): a small HTTP server that takes what a payer posts.

Each subscription gets a path of its own that cannot be guessed; whatever is posted elsewhere is answered 404 and
forgotten. Only the payer knows the path, so what arrives there came from it, or from whom it told. TLS is for a
proxy in front: ``url`` is then the address the payer posts to, ``listen`` where the proxy hands on to.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from types import TracebackType

from conformance import clock
from conformance.errors import UsageError

LOOPBACK = "127.0.0.1:0"
LARGEST = 32 * 1024 * 1024  # bytes of one notification
MOST = 10_000  # notifications that are kept; what comes later is answered 503, so that an honest sender sends it again
IDLE = 10.0  # seconds that a sender may keep a connection without saying anything


@dataclass(frozen=True)
class Received:
    """One notification as it came: when (aware, UTC), its headers by lower-case name, its body."""

    at: datetime
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Receiver:
    """Listens from its making until ``close``; ``with Receiver() as receiver:`` closes it.

    ``listen`` is "host:port", port 0 for a free one; ``url`` what the payer is told, without a slash at its end
    (where not given, http at the address listened to). UsageError where the address cannot be listened to.
    """

    def __init__(self, listen: str = LOOPBACK, url: str = "") -> None:
        self._arrived = threading.Condition()
        self._boxes: dict[str, list[Received]] = {}
        self._kept = 0
        host, port = _address(listen)
        try:
            self._server = ThreadingHTTPServer((host, port), _answering(self._take))
        except (OSError, OverflowError) as wrong:
            raise UsageError(f"notifications cannot be received at {listen}: {wrong}") from wrong
        self._server.daemon_threads = True
        self._server.handle_error = _silent  # type: ignore[method-assign,assignment]
        shown = f"[{host}]" if ":" in host else host
        self.url = (url or f"http://{shown}:{self._server.server_address[1]}").rstrip("/")
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def __enter__(self) -> Receiver:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stops listening; what came is kept."""
        self._server.shutdown()
        self._server.server_close()

    def endpoint(self, name: str = "") -> str:
        """A URL that takes notifications: a new one that nobody can guess, or that of a ``name`` kept from before."""
        path = name or secrets.token_urlsafe(24)
        with self._arrived:
            self._boxes.setdefault(path, [])
        return f"{self.url}/{path}"

    def received(self, endpoint: str) -> tuple[Received, ...]:
        """What came at an endpoint so far, in order."""
        with self._arrived:
            return tuple(self._boxes.get(_name(endpoint), ()))

    def wait(
        self, endpoint: str, seconds: float, until: Callable[[tuple[Received, ...]], bool] = bool
    ) -> tuple[Received, ...]:
        """What came at an endpoint, as soon as ``until`` holds of it (anything at all), or after ``seconds``."""
        end = clock.monotonic() + seconds
        while True:
            with self._arrived:
                found = tuple(self._boxes.get(_name(endpoint), ()))
            if until(found):  # outside of the lock: reading may take a while
                return found
            with self._arrived:
                rest = end - clock.monotonic()
                if rest <= 0:
                    return found
                if len(self._boxes.get(_name(endpoint), ())) == len(found):
                    self._arrived.wait(rest)

    def taken(self, endpoint: str, seconds: float) -> tuple[Received, ...]:
        """What came at an endpoint, as soon as there is any, or after ``seconds``; it is kept here no longer."""
        found = self.wait(endpoint, seconds)
        with self._arrived:
            del self._boxes[_name(endpoint)][: len(found)]
            self._kept -= len(found)
        return found

    def _take(self, path: str, headers: Mapping[str, str], body: bytes) -> int:
        """Keeps a notification; the status to answer it with."""
        with self._arrived:
            box = self._boxes.get(path)
            if box is None:
                return 404
            if self._kept >= MOST:
                return 503
            self._kept += 1
            box.append(Received(clock.now(), headers, body))
            self._arrived.notify_all()
        return 200


class _Unreadable(Exception):
    """A body that is not taken, and the status that says why."""

    def __init__(self, status: int) -> None:
        self.status = status
        super().__init__(status)


def _body(stream: BufferedIOBase, encoding: str, length: str | None) -> bytes:
    """The whole body of a request, in chunks or of a length that is told before."""
    if encoding.strip().lower() == "chunked":
        return b"".join(_chunks(stream))
    if length is None or not length.isascii() or not length.isdigit():
        raise _Unreadable(411)
    return _exactly(stream, int(length), LARGEST)


def _chunks(stream: BufferedIOBase) -> Iterator[bytes]:
    left = LARGEST
    while True:
        written = stream.readline(1024).partition(b";")[0].strip()
        try:
            size = int(written, 16)
        except ValueError:
            raise _Unreadable(400) from None
        if size == 0:
            break
        yield _exactly(stream, size, left)
        left -= size
        stream.readline(1024)
    while stream.readline(1024).strip():  # trailers
        pass


def _exactly(stream: BufferedIOBase, size: int, most: int) -> bytes:
    if not 0 <= size <= most:
        raise _Unreadable(413)
    read = stream.read(size)
    if len(read) < size:
        raise _Unreadable(400)
    return read


def _silent(_connection: object, _sender: object) -> None:
    """A sender that hangs up early is no news; the library would print it."""


def _name(endpoint: str) -> str:
    return endpoint.rpartition("/")[2]


def _address(listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    if not port.isascii() or not port.isdigit() or not host:
        raise UsageError(f"not an address to listen to: {listen!r} (expected host:port, such as 127.0.0.1:8080)")
    return host.strip("[]"), int(port)


def _answering(take: Callable[[str, Mapping[str, str], bytes], int]) -> type[BaseHTTPRequestHandler]:
    """What answers one connection; the library asks for a class of its own."""

    class Connection(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = IDLE

        def do_POST(self) -> None:
            try:
                body = _body(self.rfile, self.headers.get("transfer-encoding", ""), self.headers.get("content-length"))
            except _Unreadable as wrong:
                self._say(wrong.status)
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            self._say(take(_name(self.path.partition("?")[0]), headers, body))

        def _say(self, status: int) -> None:
            self.close_connection = status >= 400  # a body that was not read would be taken for the next request
            self.send_response(status)
            self.send_header("content-length", "0")
            self.end_headers()

        def version_string(self) -> str:
            return "payer-conformance"

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Says nothing: the console belongs to the run."""

    return Connection

"""Which version is negotiated, with servers of every age, and through a proxy."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from hostile import PATIENT, Heard, Payer, answer, saying, self_signed, serving, unused_port

from conformance.target import Api, Auth, Target
from conformance.wire.payer import Limits, Request, Wire
from conformance.wire.tls import negotiated

QUICK = Limits(total_seconds=5.0, connect_seconds=2.0)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return self_signed(tmp_path_factory.mktemp("tls"))


def server(files: tuple[Path, Path], newest: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(*files)
    if newest:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            made.set_ciphers("ALL:@SECLEVEL=0")
            made.minimum_version = ssl.TLSVersion.TLSv1
            made.maximum_version = newest
    return made


@pytest.mark.parametrize(
    ("newest", "version"),
    [
        (None, "TLSv1.3"),
        (ssl.TLSVersion.TLSv1_2, "TLSv1.2"),
        (ssl.TLSVersion.TLSv1_1, "TLSv1.1"),
        (ssl.TLSVersion.TLSv1, "TLSv1"),
    ],
)
def test_the_newest_common_version_is_told(
    files: tuple[Path, Path], newest: ssl.TLSVersion | None, version: str
) -> None:
    trusting = Auth(name="gateway", ca_file=str(files[0]))
    with serving(saying(answer()), server(files, newest)) as payer:
        found = negotiated(payer.url, trusting, seconds=5)
        assert payer.heard == [], "nothing but handshakes is sent"
        with Wire(Target(name="x"), journal=lambda exchange: None, limits=QUICK) as wire:
            exchange = wire.send(payer.url, Api(name="prior-auth", auth=trusting), Request("a.b", "GET", "x"))
    assert (found.version, found.failure) == (version, None)
    if version in ("TLSv1.1", "TLSv1"):
        assert exchange.failure is not None
        assert exchange.failure.kind == "tls"
    else:
        assert exchange.body == PATIENT


def test_a_certificate_that_is_not_trusted_is_a_failure(files: tuple[Path, Path]) -> None:
    with serving(saying(answer()), server(files)) as payer:
        found = negotiated(payer.url, Auth(), seconds=5)
    assert found.version is None
    assert found.failure is not None
    assert found.failure.kind == "tls"
    assert "not trusted" in found.failure.message


def test_an_endpoint_without_tls_negotiates_nothing() -> None:
    assert negotiated(f"http://127.0.0.1:{unused_port()}", Auth()) == negotiated("http://x.invalid/fhir", Auth())
    assert negotiated("http://x.invalid", Auth()).failure is None


@pytest.mark.parametrize(("host", "kind"), [("127.0.0.1", "refused"), ("payer.invalid", "unknown-host")])
def test_nobody_there(host: str, kind: str) -> None:
    found = negotiated(f"https://{host}:{unused_port()}", Auth(), seconds=5)
    assert found.version is None
    assert found.failure is not None
    assert found.failure.kind == kind


@pytest.mark.parametrize("greeting", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b""])
def test_a_server_that_speaks_something_else(greeting: bytes) -> None:
    with talking(greeting) as port:
        found = negotiated(f"https://127.0.0.1:{port}", Auth(), seconds=5)
        with Wire(Target(name="x"), journal=lambda exchange: None, limits=QUICK) as wire:
            exchange = wire.send(f"https://127.0.0.1:{port}", Api(name="prior-auth"), Request("a.b", "GET", "x"))
    assert found.version is None
    assert found.failure is not None
    assert exchange.failure is not None
    assert found.failure.kind == exchange.failure.kind == "tls"


def test_a_file_that_is_no_certificate(tmp_path: Path) -> None:
    (tmp_path / "x.pem").write_text("x")
    for auth in (
        Auth(name="gateway", ca_file=str(tmp_path / "missing.pem")),
        Auth(name="gateway", client_certificate=str(tmp_path / "x.pem")),
    ):
        found = negotiated(f"https://127.0.0.1:{unused_port()}", auth)
        assert found.failure is not None
        assert found.failure.kind == "credentials"
        assert "cannot be used" in found.failure.message


def test_a_client_certificate_is_shown(files: tuple[Path, Path]) -> None:
    demanding = server(files)
    demanding.verify_mode = ssl.CERT_REQUIRED
    demanding.load_verify_locations(files[0])
    subjects: list[object] = []

    def script(payer: Payer, line: socket.socket, heard: Heard) -> None:
        assert isinstance(line, ssl.SSLSocket)
        subjects.append(line.getpeercert())
        line.sendall(answer())

    trusting = Auth(name="gateway", ca_file=str(files[0]))
    known = Auth(name="gateway", ca_file=str(files[0]), client_certificate=str(files[0]), client_key=str(files[1]))
    with (
        serving(script, demanding) as payer,
        Wire(Target(name="x"), journal=lambda exchange: None, limits=QUICK) as wire,
    ):
        assert wire.send(payer.url, Api(name="prior-auth", auth=known), Request("a.b", "GET", "x")).body == PATIENT
        unknown = wire.send(payer.url, Api(name="prior-auth", auth=trusting), Request("a.b", "GET", "x"))
    assert len(subjects) == 1
    assert subjects[0]
    assert unknown.failure is not None
    assert unknown.failure.kind in ("tls", "no-answer")  # a reset may overtake the alert


def test_a_proxy_is_used_for_both(files: tuple[Path, Path]) -> None:
    with serving(saying(answer()), server(files)) as payer, proxy() as (address, asked):
        through = Auth(name="gateway", ca_file=str(files[0]), proxy=address)
        assert negotiated(payer.url, through, seconds=5).version == "TLSv1.3"
        with Wire(Target(name="x"), journal=lambda exchange: None, limits=QUICK) as wire:
            exchange = wire.send(payer.url, Api(name="prior-auth", auth=through), Request("a.b", "GET", "x"))
        assert exchange.body == PATIENT
        assert [each.rpartition(" ")[0] for each in asked] == [f"CONNECT 127.0.0.1:{payer.port}"] * 2


# --- small servers -----------------------------------------------------------------------------------------------


@contextlib.contextmanager
def talking(greeting: bytes) -> Iterator[int]:
    """A server that says ``greeting`` to everybody and hangs up."""
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                line, _ = listener.accept()
                with line, contextlib.suppress(OSError):
                    line.recv(1)
                    line.sendall(greeting)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


@contextlib.contextmanager
def proxy() -> Iterator[tuple[str, list[str]]]:
    """An HTTP proxy that opens tunnels; its address, and the first line of everything it was asked."""
    asked: list[str] = []
    lines: list[socket.socket] = []

    def pump(here: socket.socket, there: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := here.recv(65536):
                there.sendall(data)
            there.shutdown(socket.SHUT_WR)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                line, _ = listener.accept()
                head = b""
                while b"\r\n\r\n" not in head:
                    head += line.recv(65536)
                asked.append(head.decode().split("\r\n")[0])
                host, port = asked[-1].split(" ")[1].split(":")
                onward = socket.create_connection((host, int(port)))
                lines.extend((line, onward))
                line.sendall(b"HTTP/1.1 200 Connected\r\n\r\n")
                for pair in ((line, onward), (onward, line)):
                    threading.Thread(target=pump, args=pair, daemon=True).start()

    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", asked
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for line in lines:
            line.close()
        thread.join(10)

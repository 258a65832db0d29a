"""The receiving end of notifications, over real loopback connections."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from urllib.parse import urlsplit

import pytest

from conformance.errors import UsageError
from conformance.wire import callbacks
from conformance.wire.callbacks import Receiver


@pytest.fixture
def receiver():
    with Receiver() as listening:
        yield listening


def post(url: str, body: bytes = b"{}", method: str = "POST", headers: dict[str, str] | None = None) -> int:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=5)
    try:
        connection.request(method, parts.path, body, headers or {"content-type": "application/fhir+json"})
        return connection.getresponse().status
    finally:
        connection.close()


def test_what_is_posted_is_kept_in_order_with_its_time(receiver):
    endpoint = receiver.endpoint()
    assert [post(endpoint, body) for body in (b"one", b"two")] == [200, 200]

    first, second = receiver.received(endpoint)
    assert (first.body, second.body) == (b"one", b"two")
    assert first.headers["content-type"] == "application/fhir+json"
    assert first.at <= second.at
    assert first.at.utcoffset() is not None


def test_each_endpoint_is_its_own_and_cannot_be_guessed(receiver):
    one, other = receiver.endpoint(), receiver.endpoint()
    assert one != other
    assert len(one.rpartition("/")[2]) >= 32
    assert post(other) == 200
    assert receiver.received(one) == ()
    assert post(f"{receiver.url}/anything") == 404
    assert post(receiver.url + "/") == 404


def test_a_name_kept_from_before_is_the_same_endpoint(receiver):
    endpoint = receiver.endpoint("kept-in-a-ledger")
    assert endpoint == f"{receiver.url}/kept-in-a-ledger"
    assert post(endpoint) == 200
    assert receiver.endpoint("kept-in-a-ledger") == endpoint
    assert len(receiver.received(endpoint)) == 1


def test_waiting_ends_as_soon_as_it_can_and_not_before(receiver):
    endpoint = receiver.endpoint()
    threading.Timer(0.1, post, (endpoint, b"one")).start()
    threading.Timer(0.2, post, (endpoint, b"two")).start()
    begun = time.monotonic()
    found = receiver.wait(endpoint, 5, until=lambda each: len(each) == 2)
    assert [each.body for each in found] == [b"one", b"two"]
    assert time.monotonic() - begun < 2

    begun = time.monotonic()
    assert len(receiver.wait(endpoint, 0.1, until=lambda each: len(each) == 3)) == 2
    assert time.monotonic() - begun >= 0.1


def test_only_whole_posts_of_a_fair_size_are_taken(receiver, monkeypatch):
    monkeypatch.setattr(callbacks, "LARGEST", 10)
    endpoint = receiver.endpoint()
    assert post(endpoint, b"x" * 11) == 413
    assert post(endpoint, method="GET") == 501
    parts = urlsplit(endpoint)
    with socket.create_connection((parts.hostname, parts.port), timeout=5) as torn:
        torn.sendall(f"POST {parts.path} HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nhalf".encode())
        torn.shutdown(socket.SHUT_WR)
        assert b" 400 " in torn.recv(100)
    with socket.create_connection((parts.hostname, parts.port), timeout=5) as unsaid:
        unsaid.sendall(f"POST {parts.path} HTTP/1.1\r\nhost: x\r\n\r\n".encode())
        assert b" 411 " in unsaid.recv(100)
    assert receiver.received(endpoint) == ()


@pytest.mark.parametrize(
    ("chunks", "status", "kept"),
    [
        (b"3\r\none\r\n4;a=b\r\n two\r\n0\r\n\r\n", b" 200 ", [b"one two"]),
        (b"3\r\none\r\n0\r\ntrailer: x\r\n\r\n", b" 200 ", [b"one"]),
        (b"b\r\n12345678901\r\n0\r\n\r\n", b" 413 ", []),
        (b"6\r\n123456\r\n6\r\n123456\r\n0\r\n\r\n", b" 413 ", []),
        (b"-3\r\n", b" 413 ", []),
        (b"more\r\n", b" 400 ", []),
    ],
)
def test_a_body_may_come_in_chunks(receiver, monkeypatch, chunks, status, kept):
    monkeypatch.setattr(callbacks, "LARGEST", 10)
    endpoint = receiver.endpoint()
    parts = urlsplit(endpoint)
    with socket.create_connection((parts.hostname, parts.port), timeout=5) as sender:
        head = f"POST {parts.path} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
        sender.sendall(head.encode() + chunks)
        assert status in sender.recv(100)
    assert [each.body for each in receiver.received(endpoint)] == kept


def test_what_is_too_much_is_to_be_sent_again(receiver, monkeypatch):
    monkeypatch.setattr(callbacks, "MOST", 1)
    endpoint = receiver.endpoint()
    assert [post(endpoint), post(endpoint)] == [200, 503]
    assert len(receiver.received(endpoint)) == 1


def test_a_proxy_may_stand_in_front():
    with Receiver(url="https://hooks.example.org/payer/") as receiver:
        endpoint = receiver.endpoint("one")
        assert endpoint == "https://hooks.example.org/payer/one"
        port = receiver._server.server_address[1]
        assert post(f"http://127.0.0.1:{port}/payer/one") == 200
        assert len(receiver.received(endpoint)) == 1


@pytest.mark.parametrize("listen", ["8080", "localhost", "127.0.0.1:port", "127.0.0.1:99999", ":1"])
def test_an_address_that_cannot_be_is_said(listen):
    with pytest.raises(UsageError, match=r"listen|received at"):
        Receiver(listen)


def test_a_taken_port_is_said(receiver):
    with pytest.raises(UsageError, match="cannot be received at"):
        Receiver(receiver.url.removeprefix("http://"))

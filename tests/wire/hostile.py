"""A server on a real socket that answers with whatever bytes a test wants, as slowly as it wants."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

PATIENT = b'{"resourceType": "Patient", "id": "p1"}'
FHIR_JSON = "application/fhir+json"


@dataclass(frozen=True)
class Heard:
    """One request as it came in; header names are lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Payer:
    """The running server: what it heard, how often it was connected to, and the line it is talking on."""

    port: int
    scheme: str
    heard: list[Heard] = field(default_factory=list)
    connections: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/fhir"


Script = Callable[[Payer, socket.socket, Heard], object]  # something true: the connection stays open


def answer(
    body: bytes = PATIENT, status: int = 200, media_type: str = FHIR_JSON, headers: Mapping[str, str] | None = None
) -> bytes:
    """A whole HTTP answer."""
    lines = [f"HTTP/1.1 {status} Because", f"Content-Length: {len(body)}", *([f"Content-Type: {media_type}"])]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def saying(*answers: bytes) -> Script:
    """A script that gives these answers in turn, and the last one for ever; connections stay open."""

    def script(payer: Payer, line: socket.socket, heard: Heard) -> bool:
        line.sendall(answers[min(len(payer.heard), len(answers)) - 1])
        return True

    return script


@contextlib.contextmanager
def serving(script: Script, tls: ssl.SSLContext | None = None) -> Iterator[Payer]:
    """Runs ``script`` for every request that comes in, until the block is left."""
    listener = socket.create_server(("127.0.0.1", 0))
    payer = Payer(listener.getsockname()[1], "https" if tls else "http")
    lines: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def talk(line: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError):
            secured = tls.wrap_socket(line, server_side=True) if tls else line
            lines.append(secured)
            with secured:
                while (heard := _request(secured)) is not None:
                    payer.heard.append(heard)
                    if not script(payer, secured, heard):
                        return

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                line, _ = listener.accept()
                line.settimeout(30)
                payer.connections += 1
                lines.append(line)
                threads.append(threading.Thread(target=talk, args=(line,), daemon=True))
                threads[-1].start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield payer
    finally:
        payer.over.set()
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        for line in lines:
            with contextlib.suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
            line.close()
        for thread in (accepting, *threads):
            thread.join(10)


def _request(line: socket.socket) -> Heard | None:
    head = b""
    while b"\r\n\r\n" not in head:
        received = line.recv(65536)
        if not received:
            return None
        head += received
    head, _, body = head.partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.strip().lower(): value.strip() for name, _, value in (each.partition(":") for each in rest)}
    while len(body) < int(headers.get("content-length", "0")):
        body += line.recv(65536)
    return Heard(method, target, headers, body)


def unused_port() -> int:
    """A port of the loopback that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


def self_signed(folder: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that nobody but itself vouches for, and its key; both as PEM files."""
    import ipaddress

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a payer of nobody's")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "certificate.pem", folder / "key.pem"
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate_file, key_file

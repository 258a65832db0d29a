"""Serves the model payer on a loopback port, over TLS with its own certificate, and writes a target file for it."""

from __future__ import annotations

import asyncio
import secrets
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping, MutableMapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from cryptography.hazmat.primitives.asymmetric import ec
from joserfc.jwk import ECKey
from uvicorn.protocols.http.h11_impl import H11Protocol

from conformance.sandbox import app, certificates, seed, target_file
from conformance.sandbox.clock import Clock
from conformance.sandbox.faults import bent, payer_of
from conformance.sandbox.frame import Policies
from conformance.sandbox.target_file import PAYER_TYPE

Scope = MutableMapping[str, Any]
Asgi = Callable[[Scope, Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]], Awaitable[None]]

CLIENT_ID = "conformance-client"
CLIENT_NPI = "1397205844"  # of the organization it is registered for: [requester] of the target file
OTHER_CLIENT_ID = "conformance-other"  # another system, which submitted nothing
MEMBER_APP = "member-app"  # to which a member of the seed has agreed: that it sees their data
SCOPES = ("system/*.rs", "system/Claim.crs", "system/Subscription.crud")


class Stage:
    """The application that answers now; ``current`` may be replaced between two requests."""

    def __init__(self, current: Asgi, delay: float = 0.0) -> None:
        self.current = current
        self.delay = delay
        self.shown: dict[Any, str] = {}  # the thumbprint of the certificate by the client's address

    async def __call__(
        self, scope: Scope, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
    ) -> None:
        if self.delay:
            await asyncio.sleep(self.delay)
        shown = self.shown.get(tuple(scope.get("client") or ()), "")
        scope["extensions"] = {**scope.get("extensions", {}), "tls": {"client_thumbprint": shown}}
        await self.current(scope, receive, send)


@dataclass(frozen=True)
class Running:
    """A payer that is being served; ``bases`` maps "pas=2.2.1" to its base URL, files lie in ``directory``."""

    base_url: str
    bases: dict[str, str]
    token_url: str
    control_url: str
    ca_file: Path | None
    client_id: str
    client_key_file: Path
    target_file: Path
    clock: Clock
    policies: Policies
    stage: Stage
    tls: ssl.SSLContext | None = field(repr=False)
    data: Path | None = None  # what it knows; None for fixtures/sandbox
    clients: tuple[tuple[Path, Path], ...] = ()  # certificates and keys of two clients
    payer_type: str = PAYER_TYPE

    def mount(self, application: Asgi) -> None:
        """Lets another application answer from the next request on; nothing is restarted."""
        self.stage.current = application

    def become(self, faults_and_variants: Sequence[str] = (), clock_offset: float | None = None) -> None:
        """Becomes a fresh payer with these faults and variants: nothing that was told to the last one is known."""
        if clock_offset is not None:
            self.clock.move(clock_offset)
            self.write_target_file()
        known = seed.load(self.clock.today(), self.data)
        bent_seed, policies, bends = bent(known, self.policies, faults_and_variants)
        if self.tls is not None:
            certificates.limit(self.tls, str(policies.transport.get("maximum_tls", "1.3")))
        self.mount(app.build(bent_seed, self.clock, policies, bends))

    def write_target_file(self, payer_type: str = "") -> None:
        """Writes the target file with the dates of the payer's today; as one of another type where that is named."""
        kind = payer_type or self.payer_type
        place = target_file.Place(self.base_url, self.ca_file, self.client_key_file, self.clients, kind)
        target_file.write(self.target_file, place, self.clock, self.data)


@contextmanager
def serve(
    *,
    faults: Sequence[str] = (),
    variants: Sequence[str] = (),
    port: int = 0,
    clock_offset: float = 0.0,
    tls: bool = True,
    directory: Path,
    delay: float = 0.0,
    data: Path | None = None,
) -> Iterator[Running]:
    """A payer on 127.0.0.1 until the block ends; ``delay`` seconds are added to each answer.

    It knows what lies in ``data``: a folder like fixtures/sandbox, which it is where not given.

    UsageError for an unknown fault or variant; OSError where the port is taken.
    """
    directory.mkdir(parents=True, exist_ok=True)
    files = certificates.make(directory) if tls else None
    context = certificates.context(files) if files else None
    key = certificates.new_key(ec.SECP384R1())
    certificates.write_key(key, directory / "client-key.pem")
    refresh_token = secrets.token_urlsafe(24)
    (directory / "member.refresh").write_text(refresh_token, "utf-8")
    (directory / "member.refresh").chmod(0o600)
    with _listening(port) as listener:
        base = f"{'https' if tls else 'http'}://127.0.0.1:{listener.getsockname()[1]}"
        running = Running(
            base_url=base,
            bases={f"{ig}={one}": f"{base}/{ig}/{one}" for ig, versions in app.VERSIONS.items() for one in versions}
            | {
                f"{room},{ig}={one}": f"{base}/{room}/{one}"
                for room, ig in app.FURTHER.items()
                for one in app.VERSIONS[ig]
                if f"{room}/{one}" not in app.UNSERVED
            },
            token_url=f"{base}/auth/token",
            control_url=f"{base}/control",
            ca_file=files.authority if files else None,
            client_id=CLIENT_ID,
            client_key_file=directory / "client-key.pem",
            target_file=directory / "target.toml",
            clock=Clock(clock_offset),
            policies=_policies(key, refresh_token, seed.load(Clock(clock_offset).today(), data).members),
            stage=Stage(_nothing, delay),
            tls=context,
            data=data,
            clients=files.clients if files else (),
            payer_type=payer_of((*faults, *variants)) or PAYER_TYPE,
        )
        running.become((*faults, *variants))
        running.write_target_file()
        with _served(running.stage, listener, context):
            yield running


def _policies(key: ec.EllipticCurvePrivateKey, refresh_token: str, members: Mapping[str, Any]) -> Policies:
    public = ECKey.import_key(key.public_key()).as_dict(private=False)
    client = {"keys": [dict(public)], "scopes": list(SCOPES), "npi": CLIENT_NPI, "system": "riverbend-ehr"}
    other = {**client, "npi": "1999999919", "system": "another-ehr"}
    clients = {CLIENT_ID: client, OTHER_CLIENT_ID: other}
    [patient] = [ident for ident, member in members.items() if MEMBER_APP in member.get("agreed", ())]
    agreed = {"client": MEMBER_APP, "patient": patient, "scopes": ("launch/patient", "patient/*.rs", "offline_access")}
    apps = {MEMBER_APP: {**agreed, "redirect_uris": ("http://127.0.0.1:8765/callback",)}}
    return seed.policies().changed("trust", clients=clients, apps=apps, refresh_tokens={refresh_token: agreed})


@contextmanager
def _listening(port: int) -> Iterator[socket.socket]:
    # IPPROTO_TCP is named: without it asyncio leaves Nagle's algorithm on, and each answer waits 40 ms
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        yield listener


@contextmanager
def _served(application: Stage, listener: socket.socket, context: ssl.SSLContext | None) -> Iterator[None]:
    config = uvicorn.Config(
        application,
        log_config=None,
        access_log=False,
        lifespan="off",
        http=_noting(application),
        ws="none",
        date_header=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
        log_level="critical",  # silent: a mistake of the payer is said in its answer
    )
    config.load()
    config.ssl = context  # made here, so that its limits can be changed while it serves
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="model-payer", daemon=True)
    thread.start()
    try:
        _wait_until_started(server, thread)
        yield
    finally:
        server.should_exit = True
        thread.join(timeout=10)


def _wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    while not server.started:
        thread.join(timeout=0.005)
        if not thread.is_alive():
            raise OSError("the model payer could not be started")


def _noting(stage: Stage) -> Any:
    """The HTTP protocol of uvicorn, which tells the stage who shows which certificate: its own scope does not."""

    def protocol(*args: Any, **kwargs: Any) -> Any:
        made = H11Protocol(*args, **kwargs)
        connected = made.connection_made

        def connection_made(transport: Any) -> None:
            connected(transport)
            tls = transport.get_extra_info("ssl_object")
            if made.client and tls is not None:
                stage.shown[tuple(made.client)] = certificates.thumbprint(tls.getpeercert(binary_form=True))

        made.connection_made = connection_made  # type: ignore[method-assign]
        return made

    return protocol


async def _nothing(_scope: Scope, _receive: object, _send: object) -> None:
    raise RuntimeError("no payer is mounted")

"""What went wrong on the way, as one sentence for the reader; no sentence names more than the host."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from typing import Literal

from conformance.exchange import Failure

Stage = Literal["connecting", "waiting", "reading"]  # before the request went out; before the first byte; after it


class TooLate(Exception):
    """The deadline of the exchange has passed."""


def failure(error: BaseException, host: str, stage: Stage, seconds: float, *, tls: bool = False) -> Failure:
    """Why an exchange with ``host`` broke off at this stage; ``seconds`` is the time it was given."""
    for cause in _chain(error):
        if isinstance(cause, socket.gaierror):
            return Failure("unknown-host", f"the name {host} is not known: check the base URL")
        if isinstance(cause, ssl.SSLCertVerificationError):
            why = cause.verify_message or "it cannot be verified"
            return Failure("tls", f"the certificate of {host} is not trusted ({why}): name its authority as ca_file")
        if isinstance(cause, ssl.SSLError) and stage != "reading":
            why = (cause.reason or "broken off").replace("_", " ").lower()
            return Failure("tls", f"no TLS connection with {host}: {why}")
        if isinstance(cause, (TimeoutError, TooLate)):
            return _late(host, stage, seconds)
        if isinstance(cause, ConnectionRefusedError):
            return Failure("refused", f"{host} refuses the connection: nothing listens there")
        if isinstance(cause, OSError) and stage == "connecting":
            if tls and isinstance(cause, ConnectionError):
                return Failure("tls", f"no TLS connection with {host}: it closed the connection during the handshake")
            return Failure("refused", f"{host} cannot be reached: {cause.strerror or 'the network gave no reason'}")
    return _broken(error, host, stage)


def _chain(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    for _ in range(20):  # causes may form a ring
        if cause is None:
            return
        yield cause
        cause = cause.__cause__ or cause.__context__


def _late(host: str, stage: Stage, seconds: float) -> Failure:
    if stage == "connecting":
        return Failure("no-answer", f"{host} accepts no connection within {seconds:g} s")
    if stage == "waiting":
        return Failure("no-answer", f"{host} sent nothing within {seconds:g} s")
    return Failure("deadline", f"the answer of {host} was not complete after {seconds:g} s")


def _broken(error: BaseException, host: str, stage: Stage) -> Failure:
    if stage == "connecting":
        return Failure("refused", f"{host} cannot be reached: {type(error).__name__}")
    if stage == "waiting":
        return Failure("no-answer", f"{host} closed the connection without an answer")
    return Failure("aborted", f"{host} broke its answer off, or does not speak HTTP")

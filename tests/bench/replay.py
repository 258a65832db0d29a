"""The bare exchanges of a run: the same requests, by one httpx client, with nothing judged."""

from __future__ import annotations

import time
from base64 import b64decode
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import httpx
from payer import token_of

BY_THE_CLIENT = frozenset({"host", "connection", "content-length", "transfer-encoding"})


@dataclass(frozen=True)
class Replayed:
    """``exchanges`` requests in ``seconds``; ``same`` of them got the status that they got in the run."""

    exchanges: int
    seconds: float
    same: int


def replayed(requests: list[dict[str, Any]], base_url: str, ca_file: Path) -> Replayed:
    """Sends ``requests`` one after the other over one kept-alive connection.

    Token requests are sent as they were; the token that comes back stands wherever the old one stood.
    """
    tokens: dict[str, str] = {}
    same = 0
    began = time.perf_counter()
    with httpx.Client(base_url=base_url, verify=_trusting(ca_file), timeout=30) as client:
        for asked in requests:
            headers = [(name, _fresh(value, tokens)) for name, value in asked["headers"] if name not in BY_THE_CLIENT]
            answer = client.request(asked["method"], asked["target"], headers=headers, content=b64decode(asked["body"]))
            same += answer.status_code == asked["status"]
            if asked["token"]:
                tokens[asked["token"]] = token_of(answer.content)
    return Replayed(len(requests), time.perf_counter() - began, same)


def kept_alive(url: str, ca_file: Path, times: int) -> float:
    """The median seconds of one GET of ``url`` over a connection that is open already."""
    took = []
    with httpx.Client(verify=_trusting(ca_file), timeout=30) as client:
        client.get(url).raise_for_status()
        for _ in range(times):
            began = time.perf_counter()
            client.get(url)
            took.append(time.perf_counter() - began)
    return median(took)


def _trusting(ca_file: Path) -> Any:
    import ssl

    return ssl.create_default_context(cafile=str(ca_file))


def _fresh(value: str, tokens: dict[str, str]) -> str:
    scheme, _, token = value.partition(" ")
    return f"{scheme} {tokens[token]}" if token in tokens else value

"""The model payer in a process of its own, which keeps what it was asked, so that the same can be asked again.

    python tests/bench/payer.py FOLDER DELAY

It prints one line of JSON (base_url, bases, target_file, ca_file). Each line on its standard input makes it write what
it was asked so far to FOLDER/requests.json, forget it, and become a fresh payer; it answers with an empty line. The
end of its input ends it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from conformance.sandbox.serve import Asgi, serve


class Recorder:
    """Stands before the payer: keeps each request (method, target, headers, body) with its status and any token."""

    def __init__(self, payer: Asgi) -> None:
        self.payer = payer
        self.requests: list[dict[str, Any]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body, answer = bytearray(), bytearray()
        query = b"?" + scope["query_string"] if scope["query_string"] else b""
        noted: dict[str, Any] = {
            "method": scope["method"],
            "target": (scope["raw_path"].partition(b"?")[0] + query).decode("latin-1"),
            "headers": [[name.decode("latin-1"), value.decode("latin-1")] for name, value in scope["headers"]],
        }
        self.requests.append(noted)

        async def received() -> Any:
            message = await receive()
            body.extend(message.get("body", b""))
            return message

        async def sent(message: Any) -> None:
            if message["type"] == "http.response.start":
                noted["status"] = message["status"]
            elif noted["target"].endswith("/auth/token"):
                answer.extend(message.get("body", b""))
            await send(message)

        await self.payer(scope, received, sent)
        noted["body"] = b64encode(body).decode()
        noted["token"] = token_of(bytes(answer))


def token_of(answer: bytes) -> str:
    """The access token in a token endpoint's answer; empty where there is none."""
    try:
        return str(json.loads(answer).get("access_token", ""))
    except (ValueError, AttributeError):
        return ""


class Payer:
    """The running process, seen from the benchmark."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        assert process.stdout is not None
        self._process, self._folder = process, folder
        said = json.loads(process.stdout.readline())
        self.base_url: str = said["base_url"]
        self.bases: dict[str, str] = said["bases"]
        self.target_file = Path(said["target_file"])
        self.ca_file = Path(said["ca_file"])

    def taken(self) -> list[dict[str, Any]]:
        """What it was asked since the last time; it is a fresh payer afterwards."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        self._process.stdout.readline()
        taken: list[dict[str, Any]] = json.loads((self._folder / "requests.json").read_text())
        return taken


@contextmanager
def served(folder: Path, delay: float) -> Iterator[Payer]:
    """A model payer in another process that adds ``delay`` seconds to each answer, until the block ends."""
    process = subprocess.Popen(
        [sys.executable, __file__, str(folder), str(delay)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield Payer(process, folder)
    finally:
        process.communicate()  # closes its input: it ends


def main(folder: Path, delay: float) -> None:
    with serve(directory=folder, delay=delay) as running:
        recorder = Recorder(running.stage.current)
        running.mount(recorder)
        print(
            json.dumps({
                "base_url": running.base_url, "bases": running.bases,
                "target_file": str(running.target_file), "ca_file": str(running.ca_file),
            }), flush=True,
        )  # fmt: skip
        for _ in sys.stdin:
            (folder / "requests.json").write_text(json.dumps(recorder.requests))
            running.become()
            recorder = Recorder(running.stage.current)
            running.mount(recorder)
            print(flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]))

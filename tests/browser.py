"""A headless Chromium, spoken to over a pipe, so that a test sees what a page asks the network for."""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--window-size=1400,1000", "--remote-debugging-pipe",
)  # fmt: skip
# The browser reads commands from descriptor 3 and writes to 4: ours are put in their places.
PLACED = """
import os, sys
os.dup2(int(sys.argv[1]), 200)
os.dup2(int(sys.argv[2]), 201)
os.dup2(200, 3)
os.dup2(201, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
PATIENCE = 180.0  # seconds until a page that says nothing is given up

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium here to open the page with")


class Page:
    """One open tab: what it asked for (``requests``), and its script."""

    def __init__(self, to_browser: int, from_browser: int) -> None:
        self._to, self._from = to_browser, from_browser
        self._number = 0
        self._rest = b""
        self._session = ""
        self.events: list[dict[str, Any]] = []

    def open(self, url: str) -> None:
        """Opens ``url`` in this tab; every request is noted from the first on."""
        if not self._session:
            target = self.call("Target.createTarget", url="about:blank")["targetId"]
            self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
            for domain in ("Network", "Page", "Runtime"):
                self.call(f"{domain}.enable")
        self.call("Page.navigate", url=url)

    def requests(self) -> list[str]:
        """The addresses that the page asked for over a network and that no policy of its own stopped."""
        stopped = {
            each["params"]["requestId"]
            for each in self.events
            if each["method"] == "Network.loadingFailed" and each["params"].get("blockedReason") == "csp"
        }
        asked = [each["params"] for each in self.events if each["method"] == "Network.requestWillBeSent"]
        urls = [each["request"]["url"] for each in asked if each["requestId"] not in stopped]
        return [url for url in urls if url.startswith(("http:", "https:", "ws:", "wss:"))]

    def complaints(self) -> list[str]:
        """What the page's script failed with."""
        thrown = [
            each["params"]["exceptionDetails"] for each in self.events if each["method"] == "Runtime.exceptionThrown"
        ]
        return [each.get("exception", {}).get("description", each["text"]) for each in thrown]

    def script(self, expression: str) -> Any:
        """The value of a JavaScript expression in the page."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def until(self, expression: str) -> Any:
        """Waits until the expression is true in the page, and gives its value."""
        value = self.within(PATIENCE, expression)
        assert value, f"never came true: {expression}"
        return value

    def within(self, seconds: float, expression: str) -> Any:
        """The value of an expression as soon as it is true in the page, and what it is when the time is over."""
        end = time.monotonic() + seconds
        while not (value := self.script(expression)) and time.monotonic() < end:
            self.pause(0.1)
        return value

    def pause(self, seconds: float) -> None:
        """Lets the page go on for a while, noting what it does."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self._read(left, lambda _message: False)

    def picture(self, file: Path) -> None:
        """A screenshot as PNG."""
        file.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """One command of the DevTools protocol, and its result."""
        self._number += 1
        number = self._number
        message = {"id": number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        answer = self._read(PATIENCE, lambda each: each.get("id") == number)
        assert answer is not None, f"no answer to {method}"
        assert "error" not in answer, f"{method}: {answer.get('error')}"
        return dict(answer["result"])

    def _read(self, seconds: float, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any] | None:
        end = time.monotonic() + seconds
        while True:
            *messages, self._rest = self._rest.split(b"\0")
            for at, raw in enumerate(messages):
                message = json.loads(raw)
                if "method" in message:
                    self.events.append(message)
                elif wanted(message):
                    self._rest = b"\0".join([*messages[at + 1 :], self._rest])
                    return message
            left = end - time.monotonic()
            if left <= 0 or not select.select([self._from], [], [], left)[0]:
                return None
            more = os.read(self._from, 1 << 16)
            assert more, "the browser has gone"
            self._rest += more


@contextmanager
def opened(folder: Path) -> Iterator[Page]:
    """A browser with an empty profile under ``folder`` and one tab, until the block ends."""
    assert CHROMIUM is not None
    to_browser, ours_out = os.pipe()
    ours_in, from_browser = os.pipe()
    process = subprocess.Popen(
        [
            sys.executable,
            "-c",
            PLACED,
            str(to_browser),
            str(from_browser),
            CHROMIUM,
            *FLAGS,
            f"--user-data-dir={folder / 'profile'}",
            "about:blank",
        ],
        pass_fds=(to_browser, from_browser),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "HOME": str(folder)},
    )
    os.close(to_browser)
    os.close(from_browser)
    try:
        page = Page(ours_out, ours_in)
        yield page
    finally:
        process.kill()
        process.wait()
        os.close(ours_out)
        os.close(ours_in)

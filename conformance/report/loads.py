"""What a page would load over the network by itself: read from its text, not by opening it."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import unquote_to_bytes

# Attributes that a browser follows without being asked, by element ("*": any).
LOADING = {
    "*": ("background", "ping"),
    "script": ("src", "href", "xlink:href"),
    "link": ("href", "imagesrcset"),
    "img": ("src", "srcset", "lowsrc"),
    "image": ("href", "xlink:href"),
    "use": ("href", "xlink:href"),
    "feimage": ("href", "xlink:href"),
    "iframe": ("src",),
    "frame": ("src",),
    "embed": ("src",),
    "object": ("data", "codebase"),
    "applet": ("code", "codebase", "archive"),
    "audio": ("src",),
    "video": ("src", "poster"),
    "source": ("src", "srcset"),
    "track": ("src",),
    "input": ("src",),
    "base": ("href",),
    "html": ("manifest",),
}
SETS = frozenset({"srcset", "imagesrcset"})
RESTING_LINKS = frozenset({"alternate", "author", "bookmark", "canonical", "help", "license", "next", "prev", "search"})
RUN = frozenset({"", "module", "text/javascript", "application/javascript", "text/ecmascript", "importmap"})

_AWAY = r"(?:https?:|wss?:|ftp:)?(?:\\?/){2}"
_QUOTE = r"[\"'`]"
ADDRESS = re.compile(rf"{_AWAY}|(?:https?|wss?|ftp):", re.IGNORECASE)
IN_STYLE = re.compile(rf"(?:url\(\s*{_QUOTE}?|@import\s+{_QUOTE}){_AWAY}[^\s\"'`);]*", re.IGNORECASE)
QUOTED = re.compile(rf"{_QUOTE}({_AWAY}[^\s\"'`)]*)", re.IGNORECASE)
BEFORE = re.compile(
    rf"""(?:
        \b(?:fetch|import|importScripts|sendBeacon|EventSource|WebSocket|Worker|SharedWorker|Request)\s*\(
      | \b(?:import|from)
      | \.open\(\s*{_QUOTE}[A-Za-z]+{_QUOTE}\s*,
      | \.(?:src|srcset|poster)\s*=
      | \bsetAttribute\(\s*{_QUOTE}src{_QUOTE}\s*,
      | \blocation(?:\.href)?\s*=
      | \blocation\.(?:assign|replace)\(
    )\s*\Z""",
    re.VERBOSE,
)
LOOKED_BACK = 60  # characters before an address that say what becomes of it
TRACKERS = ("googletagmanager", "google-analytics", "gtag(")
BLANKS = re.compile(r"[\t\r\n]")
DATA = re.compile(r"data:([^,]{0,200}),(.*)", re.DOTALL | re.IGNORECASE)


def network_references(html: str) -> tuple[str, ...]:
    """All that opening this page would load over the network, as "<img> https://…"; () where it loads nothing.

    Read are the elements that load by themselves, inline styles and scripts, and the same inside data: addresses. An
    address that a script puts together from parts is not seen here: the page's own policy must forbid it.
    """
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return tuple(dict.fromkeys(reader.found))


class _Reader(HTMLParser):
    """Gathers in ``found`` what loads; ``_inside`` is the script or style element whose text is being gathered."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._inside = ""
        self._text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._leave()
        values = {name: value or "" for name, value in attrs}
        self._inside = tag if tag == "style" or (tag == "script" and _runs(values)) else ""
        self.found += [f"<{tag}> {each}" for each in _of_element(tag, values)]

    def handle_endtag(self, _tag: str) -> None:
        self._leave()

    def handle_data(self, data: str) -> None:
        if self._inside:
            self._text.append(data)

    def close(self) -> None:
        super().close()
        self._leave()

    def _leave(self) -> None:
        read = {"script": _of_script, "style": _of_style}.get(self._inside, lambda _text: iter(()))
        self.found += [f"<{self._inside}> {each}" for each in read("".join(self._text))]
        self._inside = ""
        self._text.clear()


def _runs(values: dict[str, str]) -> bool:
    return values.get("type", "").strip().lower() in RUN


def _of_element(tag: str, values: dict[str, str]) -> Iterator[str]:
    if not (tag == "link" and set(values.get("rel", "").lower().split()) <= RESTING_LINKS and values.get("rel")):
        for name in (*LOADING["*"], *LOADING.get(tag, ())):
            for address in _addresses(name, values.get(name, "")):
                if ADDRESS.match(address):
                    yield address[:200]
                elif found := DATA.match(address):
                    yield from _of_data(found[1], found[2])
    yield from _of_style(values.get("style", ""))
    if tag == "iframe":
        yield from network_references(values.get("srcdoc", ""))
    if tag == "meta" and values.get("http-equiv", "").strip().lower() == "refresh":
        _, _, address = BLANKS.sub("", values.get("content", "")).lower().partition("url=")
        if ADDRESS.match(address.strip(" '\"")):
            yield address
    for name, value in values.items():
        if name.startswith("on"):
            yield from _of_script(value)


def _addresses(name: str, value: str) -> list[str]:
    """The addresses of an attribute, with what a browser drops from one dropped."""
    value = BLANKS.sub("", value).strip()
    if name in SETS:
        return [part.split()[0] for part in re.split(r",\s+|,(?=https?:|//)", value) if part.strip()]
    return [value] if value else []


def _of_data(head: str, body: str) -> Iterator[str]:
    """The same of a data: address, where its kind is one that loads."""
    kind, *parameters = [part.strip().lower() for part in head.split(";")]
    if not re.search(r"script|css|html|svg", kind):
        return
    try:
        raw = base64.b64decode(body) if "base64" in parameters else unquote_to_bytes(body)
    except (binascii.Error, ValueError):
        return  # a browser does not read it either
    text = raw.decode("utf-8", "replace")
    if "script" in kind:
        yield from _of_script(text)
    elif "css" in kind:
        yield from _of_style(text)
    else:
        yield from network_references(text)


def _of_script(text: str) -> Iterator[str]:
    for found in QUOTED.finditer(text):
        before = text[max(0, found.start() - LOOKED_BACK) : found.start()]
        if called := BEFORE.search(before):
            yield (called.group() + found.group())[:200]
    yield from (tracker for tracker in TRACKERS if tracker in text)


def _of_style(text: str) -> Iterator[str]:
    yield from (found.group()[:200] for found in IN_STYLE.finditer(text))

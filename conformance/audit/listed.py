"""Whether the list of what requires prior authorization is there for all to see, where figures link to it."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import urldefrag

from conformance.audit.page import Page, page_of
from conformance.audit.published import Published

Get = Callable[[str], tuple[int, bytes]]  # of an address: the status of its answer, 0 where there was none; the body
_CLOSED = frozenset({401, 404, 410})  # 403 may be a gateway's, which lets browsers through
FEW_WORDS = 150  # of a page that only signs people in; a longer one may have a form for members above its list


def follow(published: Published, get: Get) -> None:
    """Follows the links of reports to their lists, and notes which lead to one (``opened``) or none (``closed``)."""
    for href in {report.list_url for report in published.reports}:
        address = urldefrag(href).url
        if address == urldefrag(published.source).url:
            published.opened.add(href)  # further down the same page
        elif address.startswith(("http://", "https://")):
            status, body = get(address)
            page = page_of(body.decode("utf-8", "replace")) if body.lstrip()[:1] == b"<" else Page()
            if status in _CLOSED:
                published.closed[href] = f"answered {status}"
            elif page.asks_for_password and _words(page) < FEW_WORDS:
                published.closed[href] = "asks for a password"
            elif status == HTTPStatus.OK and not page.asks_for_password:
                published.opened.add(href)


def _words(page: Page) -> int:
    return sum(len(line.split()) for line in page.words)

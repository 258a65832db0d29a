"""Whether the list of what requires prior authorization is there for all to see, where figures link to it."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import urldefrag

from conformance.audit.page import page_of
from conformance.audit.published import Published

Get = Callable[[str], tuple[int, bytes]]  # of an address: the status of its answer, 0 where there was none; the body
_CLOSED = frozenset({401, 404, 410})  # 403 may be a gateway's, which lets browsers through


def follow(published: Published, get: Get) -> None:
    """Follows the links of reports to their lists, and notes which lead to one (``opened``) or none (``closed``)."""
    for href in {report.list_url for report in published.reports}:
        address = urldefrag(href).url
        if address == urldefrag(published.source).url:
            published.opened.add(href)  # further down the same page
        elif address.startswith(("http://", "https://")):
            status, body = get(address)
            if status in _CLOSED:
                published.closed[href] = f"answered {status}"
            elif body.lstrip()[:1] == b"<" and page_of(body.decode("utf-8", "replace")).asks_for_password:
                published.closed[href] = "asks for a password"
            elif status == HTTPStatus.OK:
                published.opened.add(href)

"""The lists of what requires prior authorization: which a link speaks of, and whether it is there for all to see."""

from __future__ import annotations

import re
from collections.abc import Callable
from http import HTTPStatus
from urllib.parse import urldefrag

from conformance.audit.page import Page, page_of
from conformance.audit.printed import LEFT_OUT
from conformance.audit.published import LISTS, Published

Get = Callable[[str], tuple[int, bytes]]  # of an address: the status of its answer, 0 where there was none; the body
_CLOSED = frozenset({401, 404, 410})  # 403 may be a gateway's, which lets browsers through
FEW_WORDS = 150  # of a page that only signs people in; a longer one may have a form for members above its list

_AUTHORIZED = r"(?:(?:pre-?)?auth(?:ori[sz]\w*)?|precert\w*|approval)\b"
_LIST = re.compile(
    rf"\blist\b.*\b{_AUTHORIZED}|\b{_AUTHORIZED}.*\b(?:list|look-?up)\b"
    rf"|\b(?:items|services|drugs|medications)\b.*\b(?:requir|need|subject)\w*\b.*\b{_AUTHORIZED}",
    re.IGNORECASE,
)
_DRUGS = re.compile(r"(?<!non-)\b(?:drugs?|medications?|pharmacy|formulary)\b", re.IGNORECASE)
_ITEMS = re.compile(r"\b(?:items?|services?|procedures?)\b", re.IGNORECASE)


def lists_in(said: str) -> tuple[str, ...]:
    """Which of LISTS a label or the words of a link speak of; where they name nothing, that of items and services."""
    if not _LIST.search(said):
        return ()
    included = LEFT_OUT.split(said)[0]
    if not _DRUGS.search(included):
        return ("items",)
    return LISTS if _ITEMS.search(included) else ("drugs",)


def follow(published: Published, get: Get) -> None:
    """Follows the links of reports to their lists, and notes which lead to one (``opened``) or none (``closed``)."""
    for href in {href for report in published.reports for href in report.lists.values()}:
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

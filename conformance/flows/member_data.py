"""A member's data over all their pages: of $everything, or of a search per kind of data where there is none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode, urljoin

from conformance.apis.raw import unsupported
from conformance.apis.searchset import read_page
from conformance.apis.shapes import entries, text
from conformance.errors import NotTested
from conformance.exchange import Exchange
from conformance.flows.recording import answered, resource_of
from conformance.wire.gateway import origin

MOST_PAGES, MOST_BYTES = 200, 128 * 2**20
SEARCHES = ":searches"  # ends the case of the searches that stand in for $everything
NOT_THERE = (404, 405, 501)  # there is no such operation

Ask = Callable[[str], Exchange]  # a path relative to the base URL, or a URL


@dataclass(frozen=True)
class Pages:
    """The Bundles that came; ``lost`` says why pages after them were not asked for, "" where they came to their end.

    Our credentials do not go to another origin, and our patience ends: neither is the payer's fault. A next link that
    leads back (``looped``) is. ``refused`` are the kinds of data that were wished for and that the payer does not
    search for, ``size`` is in bytes, as they came.
    """

    bundles: tuple[dict[str, Any], ...]
    lost: str = ""
    refused: tuple[str, ...] = ()
    looped: str = ""
    size: int = 0


def not_there(exchange: Exchange) -> bool:
    """Whether an answer says that there is no such operation; HAPI says so with 400 and an OperationOutcome."""
    return exchange.status in NOT_THERE or unsupported(exchange)


def is_refused(exchange: Exchange) -> bool:
    """Whether the payer does not do what was asked: no such operation, or not for this client."""
    status = exchange.status or 0
    return exchange.failure is None and (status in NOT_THERE or 400 <= status < 500)


def demanded(sent: Sequence[Exchange]) -> tuple[Exchange, ...]:
    """The exchanges without those by which a payer declines what nobody demands: $everything, a search in its place.

    Once begun they are to be carried through: the refusal of a further page stays.
    """
    begun = {_deed(each) for each in sent if each.status == 200}
    return tuple(each for each in sent if not (_optional(each) and is_refused(each) and _deed(each) not in begun))


def _optional(exchange: Exchange) -> bool:
    return exchange.operation.endswith(".everything") or exchange.case.endswith(SEARCHES)


def _deed(exchange: Exchange) -> str:
    """What was asked, the same for all pages: $everything, or a search by its path."""
    return "everything" if exchange.operation.endswith(".everything") else exchange.url.partition("?")[0]


def pages(ask: Ask, path: str, base_url: str, judged_by: str, before: int = 0) -> Pages | None:
    """All pages from a path on; None where the first is refused. NotTested, because of ``judged_by``, where a page is
    no Bundle. ``before``: the bytes that were taken already of all that may be taken."""
    bundles: list[dict[str, Any]] = []
    seen: set[str] = set()
    following, taken = path, before
    while following and following not in seen and len(bundles) < MOST_PAGES and taken < MOST_BYTES:
        seen.add(following)
        exchange = ask(following)
        if not bundles and is_refused(exchange):
            return None
        bundle = resource_of(exchange, judged_by)
        page = read_page(bundle)
        if page is None or exchange.status != 200:
            raise NotTested(f"{path} is answered with status {exchange.status}", because=judged_by)
        bundles.append(bundle)
        taken += len(exchange.body)
        following = next_url(base_url, exchange.url, page.next)
        if following and origin(following) != origin(base_url):
            return Pages(tuple(bundles), f"the next page is at another origin ({following})", size=taken - before)
    if following in seen:
        return Pages(tuple(bundles), looped=f"the next link of page {len(bundles)} leads back", size=taken - before)
    most = f"{MOST_PAGES} pages" if taken < MOST_BYTES else f"{MOST_BYTES // 2**20} MiB"
    return Pages(tuple(bundles), f"there are more than {most}" if following else "", size=taken - before)


def next_url(base_url: str, url: str, written: str) -> str:
    """Where a next link leads: as written, relative to the page's own URL, or ("Type/…") to the base URL."""
    if not written:
        return ""
    try:
        if written[:1].isupper() and ":" not in written.partition("/")[0]:
            return urljoin(f"{base_url.rstrip('/')}/", written)
        return urljoin(url, written)
    except ValueError:
        return written


def completed(found: Pages, ask: Ask, patient: str, kinds: Sequence[str], base_url: str, judged_by: str) -> Pages:
    """The pages of $everything, and those of a search for each declared kind that is not among them.

    A payer may keep kinds out of $everything: PDex 2.0.0 would have claims left out. ``kinds`` may name a use
    ("ExplanationOfBenefit?use=claim"). Nobody demands such searches: what they do not give stays missing.
    """
    came: set[str] = set()
    for each in (placed for bundle in found.bundles for placed in entries(bundle)):
        came.update((each.type, f"{each.type}?use={text(each.resource.get('use'))}"))
    for kind in dict.fromkeys(each.partition("?")[0] for each in kinds if each not in came):
        with suppress(NotTested):
            if more := pages(ask, _of_patient(kind, patient), base_url, judged_by, found.size):
                found = replace(
                    found,
                    bundles=(*found.bundles, *more.bundles),
                    lost=found.lost or more.lost,
                    looped=found.looped or more.looped,
                    size=found.size + more.size,
                )
    return found


def _of_patient(kind: str, patient: str) -> str:
    return f"{kind}?{urlencode({'patient': patient})}"


def searched(
    ask: Ask, patient: str, kinds: Sequence[str], base_url: str, judged_by: str, *, wished: Sequence[str] = ()
) -> Pages | None:
    """A member's Patient and, by a search each, the declared kinds of data; None where any of them is refused.

    Kinds that are only ``wished`` for may be refused.
    """
    read = ask(f"Patient/{patient}")
    if is_refused(read):
        return None
    own = resource_of(answered(read, judged_by), judged_by)
    found = [Pages(({"resourceType": "Bundle", "entry": [{"fullUrl": read.url, "resource": own}]},))]
    refused: list[str] = []
    for kind in dict.fromkeys((*kinds, *wished)):
        if kind == "Patient":
            continue
        before = sum(each.size for each in found)
        of_kind = pages(ask, _of_patient(kind, patient), base_url, judged_by, before)
        if of_kind is None and kind in kinds:
            return None
        refused += [kind] if of_kind is None else []
        found += [of_kind] if of_kind else []
    bundles = tuple(bundle for each in found for bundle in each.bundles)
    lost, looped = (next((told for each in found if (told := getattr(each, name))), "") for name in ("lost", "looped"))
    return Pages(bundles, lost, tuple(refused), looped)

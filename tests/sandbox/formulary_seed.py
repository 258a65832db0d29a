"""The model payer's formulary without a server, for its tests: the seed, and searches written as URLs."""

from __future__ import annotations

import json
from datetime import date
from urllib.parse import parse_qsl

from formulary_client import entries, link

from conformance import paths
from conformance.sandbox import formulary, seed
from conformance.sandbox.clock import Clock
from conformance.sandbox.frame import Answer, Call, Resource, Seed
from conformance.sandbox.store import Overlay, Payer

TODAY = date(2026, 11, 21)
BASE = "https://payer.test/usdf/2.1.0"
FILE = json.loads((paths.fixtures() / "sandbox" / "formulary.json").read_text("utf-8"))
HARBOR = "InsurancePlan/formulary-harbor"


def seeded(today: date = TODAY) -> Seed:
    plans, items, drugs, locations = formulary.expand(FILE, today)
    return Seed(insurance_plans=plans, formulary_items=items, drugs=drugs, locations=locations)


SEED = seeded()
PAYER = Payer(SEED, Overlay(), seed.policies(), Clock(), base_url=BASE)


def asked(query: str, payer: Payer = PAYER, **headers: str) -> Answer:
    """The answer to a search written as a URL."""
    path, _, rest = query.removeprefix(f"{BASE}/").partition("?")
    parameters = tuple(parse_qsl(rest, keep_blank_values=True))
    return formulary.search(Call("formulary.search", "usdf=2.1.0", "GET", path, BASE, parameters, headers), payer)


def bundle(query: str, payer: Payer = PAYER) -> Resource:
    answer = asked(query, payer)
    assert answer.status == 200, answer.body
    return answer.resource()


def found(query: str) -> set[str]:
    """The ids that a search finds, over all its pages."""
    page = bundle(query)
    ids = [one["id"] for one in entries(page, "match")]
    while following := link(page, "next"):
        page = bundle(following)
        ids += [one["id"] for one in entries(page, "match")]
    assert len(ids) == len(set(ids)) == page["total"]
    return set(ids)

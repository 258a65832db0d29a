"""Reading the files that issuers of qualified health plans publish: plans, drugs and providers, entry by entry.

Source: the developer documentation of CMS (github.com/CMSgov/QHP-provider-formulary-APIs), README.md and
index_document.md. The files are long, so every reader takes entries one by one and keeps only what is small.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from conformance.apis.formulary_drugs import is_number
from conformance.apis.shapes import record, records, text, truth

FLAGS = ("prior_authorization", "step_therapy", "quantity_limit")
MOST_TOLD = 50  # faults kept of one kind in one file
MOST_KNOWN = 100_000  # entries of plans remembered as checked
MOST_PLANS = 16_384  # plans and years among which drugs that come twice are looked for: more than any issuer has

Errors = Callable[[Any], Iterable[tuple[tuple[str | int, ...], str]]]  # what a schema finds wrong: path, and why


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong in a file; ``at`` is its name with a JSON pointer: "drugs.json#/17/plans/3/plan_id"."""

    at: str
    problem: str


def fine(judged: Any) -> bool:
    """Whether nothing is wrong with something that was judged."""
    return not judged.problem


def why(judged: Any) -> str:
    """What is wrong with it."""
    return str(judged.problem)


@dataclass
class Faults:
    """The faults of one kind in one file: the first 50, and how many there were among how many looked at."""

    found: list[Fault] = field(default_factory=list)
    failed: int = 0
    judged: int = 0

    def judge(self, at: str, problem: str) -> None:
        """Notes one thing looked at; "" is no problem."""
        self.judged += 1
        if problem:
            self.failed += 1
            if len(self.found) < MOST_TOLD:
                self.found.append(Fault(at, problem))


@dataclass(frozen=True, slots=True)
class Offer:
    """What a file says of one drug on one plan; None for a flag that is not given."""

    plan: str
    tier: str
    limits: tuple[bool | None, ...]  # in the order of FLAGS
    years: tuple[int, ...]


@dataclass(frozen=True)
class PlanTies:
    """The plans that the plans files have, each with its drug tiers and its network tiers."""

    tiers: Mapping[str, frozenset[str]]
    networks: Mapping[str, frozenset[str]]


@dataclass
class Seen:
    """The drugs of all files so far: where each was listed first, and for which plans and years (a bit for each)."""

    drugs: dict[str, tuple[str, int]] = field(default_factory=dict)
    bits: dict[tuple[str, tuple[int, ...]], int] = field(default_factory=dict)


@dataclass
class PlansRead:
    """A plans file: what its schema finds, its dates, plans that come twice, and what other files may refer to."""

    schema: Faults = field(default_factory=Faults)
    dates: Faults = field(default_factory=Faults)
    repeated: Faults = field(default_factory=Faults)
    tiers: dict[str, frozenset[str]] = field(default_factory=dict)
    networks: dict[str, frozenset[str]] = field(default_factory=dict)


@dataclass
class DrugsRead:
    """A drugs file: what its schema finds, RxNorm codes that are none, flags not given, ties, repeats, wanted drugs."""

    schema: Faults = field(default_factory=Faults)
    codes: Faults = field(default_factory=Faults)
    flags: Faults = field(default_factory=Faults)
    ties: Faults = field(default_factory=Faults)
    tiers: Faults = field(default_factory=Faults)
    repeated: Faults = field(default_factory=Faults)
    offers: dict[str, list[Offer]] = field(default_factory=dict)  # of the drugs that somebody asked for
    drugs: int = 0
    listings: int = 0
    limits: Counter[tuple[bool | None, ...]] = field(default_factory=Counter)  # of the listings, in the order of FLAGS


@dataclass
class ProvidersRead:
    """A providers file: what its schema finds, and plans and network tiers that no plans file has."""

    schema: Faults = field(default_factory=Faults)
    ties: Faults = field(default_factory=Faults)


def read_plans(name: str, entries: Iterable[Any], errors: Errors, today: date) -> PlansRead:
    """A plans file, judged at ``today``."""
    read = PlansRead()
    described: set[tuple[str, object]] = set()
    for number, entry in enumerate(entries):
        at = f"{name}#/{number}"
        _schema(read.schema, at, errors(entry))
        plan = text(record(entry).get("plan_id"))
        found = {(plan, year) for year in _years(entry)} if plan else set()
        read.repeated.judge(f"{at}/plan_id", f"plan {plan} comes twice" if found & described else "")
        described |= found
        read.dates.judge(f"{at}/last_updated_on", _date_problem(record(entry).get("last_updated_on"), today))
        formulary = record(entry).get("formulary")
        lists = formulary if isinstance(formulary, list) else [formulary]
        networks = (text(each.get("network_tier")) for _, each in records(record(entry).get("network")))
        if plan:
            tiers = frozenset(filter(None, (text(record(each).get("drug_tier")) for each in lists)))
            read.tiers[plan] = read.tiers.get(plan, frozenset()) | tiers
            read.networks[plan] = read.networks.get(plan, frozenset()) | frozenset(filter(None, networks))
    return read


def _years(entry: Any) -> frozenset[object]:
    """The years that an entry of a plan is about; one that names none is about all of them alike."""
    written = record(entry).get("years")
    years = frozenset(each for each in written if isinstance(each, int)) if isinstance(written, list) else frozenset()
    return years or frozenset({None})


def read_drugs(
    name: str,
    entries: Iterable[Any],
    drug_errors: Errors,
    plan_errors: Errors,
    ties: PlanTies | None,
    wanted: Callable[[str], bool] = lambda _code: False,
    seen: Seen | None = None,
) -> DrugsRead:
    """A drugs file; ``ties`` are what the plans files have (None where they did not come whole, so that nothing can be
    said of them), ``seen`` the drugs of the files before it."""
    read = DrugsRead()
    known = seen or Seen()
    listing = _Listings(plan_errors, ties, known.bits)
    for number, entry in enumerate(entries):
        at = f"{name}#/{number}"
        drug = record(entry)
        bare = {**drug, "plans": []} if isinstance(drug.get("plans"), list) else entry
        _schema(read.schema, at, drug_errors(bare))
        code = _code(drug.get("rxnorm_id"))
        read.codes.judge(f"{at}/rxnorm_id", "" if is_number(code) else f"{code[:40]!r} in place of an RxNorm number")
        read.drugs += 1
        offers = list(listing.judged(at, drug.get("plans"), read))
        _repeats(read.repeated, at, code, offers, known)
        if wanted(code):
            read.offers.setdefault(code, []).extend(offers)
    return read


@dataclass(frozen=True, slots=True)
class _Checked:
    """One distinct entry of a plan below a drug, and all that is to be said of it."""

    offer: Offer
    errors: tuple[tuple[tuple[str | int, ...], str], ...]
    silent: str
    tie: str
    tier: str


class _Listings:
    """The entries of plans below drugs: they repeat by the thousand, so each distinct one is checked once."""

    def __init__(self, errors: Errors, ties: PlanTies | None, bits: dict[tuple[str, tuple[int, ...]], int]) -> None:
        self._errors, self._ties = errors, ties
        self._known: dict[Any, _Checked] = {}
        self._bits = bits

    def judged(self, at: str, plans: Any, read: DrugsRead) -> Iterator[Offer]:
        for number, entry in enumerate(plans if isinstance(plans, list) else ()):
            here = f"{at}/plans/{number}"
            checked = self._checked(entry)
            _schema(read.schema, here, checked.errors)
            read.flags.judge(here, checked.silent)
            if self._ties:
                read.ties.judge(f"{here}/plan_id", checked.tie)
                read.tiers.judge(f"{here}/drug_tier", checked.tier)
            read.listings += 1
            read.limits[checked.offer.limits] += 1
            yield checked.offer

    def _checked(self, entry: Any) -> _Checked:
        key = _key(entry)
        known = self._known.get(key) if key is not None else None
        if known is None:
            known = self._check(entry)
            if key is not None:
                if len(self._known) >= MOST_KNOWN:
                    self._known.clear()
                self._known[key] = known
        return known

    def _check(self, entry: Any) -> _Checked:
        offer, plans = _offer(entry), self._ties.tiers if self._ties else {}
        silent = [flag for flag in FLAGS if record(entry).get(flag) is None]
        if len(self._bits) < MOST_PLANS:
            self._bits.setdefault((offer.plan, offer.years), 1 << len(self._bits))
        known = offer.plan in plans
        lost = known and offer.tier and offer.tier not in plans[offer.plan]
        return _Checked(
            offer=offer,
            errors=tuple(self._errors(entry)),
            silent=f"does not say {', '.join(silent)}" if silent else "",
            tie=f"plan {offer.plan} is in no plans file" if offer.plan and not known else "",
            tier=f"tier {offer.tier} is none of plan {offer.plan}" if lost else "",
        )


def read_providers(name: str, entries: Iterable[Any], errors: Errors, ties: PlanTies | None) -> ProvidersRead:
    """A providers file; ``ties`` are what the plans files have."""
    read = ProvidersRead()
    for number, entry in enumerate(entries):
        at = f"{name}#/{number}"
        _schema(read.schema, at, errors(entry))
        for place, plan in records(record(entry).get("plans")):
            if ties:
                _network(read.ties, f"{at}/plans/{place}", plan, ties)
    return read


def _network(faults: Faults, at: str, plan: Mapping[str, Any], ties: PlanTies) -> None:
    own, tier = text(plan.get("plan_id")), text(plan.get("network_tier"))
    if own not in ties.networks:
        faults.judge(f"{at}/plan_id", f"plan {own or 'without an id'} is in no plans file")
    else:
        lost = tier not in ties.networks[own]
        faults.judge(f"{at}/network_tier", f"network tier {tier} is none of plan {own}" if lost else "")


def _schema(faults: Faults, at: str, errors: Iterable[tuple[tuple[str | int, ...], str]]) -> None:
    found = [(path, why) for path, why in errors]
    if not found:
        faults.judge(at, "")
    for path, why in found:
        faults.judge("/".join((at, *(str(step).replace("~", "~0").replace("/", "~1") for step in path))), why)


def _repeats(faults: Faults, at: str, code: str, offers: Iterable[Offer], seen: Seen) -> None:
    """A drug that is listed twice for one plan and the same years, here or in an entry before."""
    own, twice = 0, ""
    for offer in offers:
        bit = seen.bits.get((offer.plan, offer.years), 0)
        twice = twice or (f"plan {offer.plan} comes twice" if own & bit else "")
        own |= bit
    first, before = seen.drugs.get(code, ("", 0))
    if code and own & before:
        twice = twice or f"drug {code} was listed at {first} already, for the same plan and years"
    seen.drugs[code] = (first or at, before | own)
    faults.judge(at, twice)


def _key(entry: Any) -> Any:
    """An entry as something that can be looked up, types included; None for one that is built too oddly."""
    if not isinstance(entry, dict):
        return None
    parts = [(name, tuple(each) if isinstance(each, list) else each) for name, each in entry.items()]
    try:
        hash(tuple(parts))
    except TypeError:
        return None
    return tuple((name, type(each), each) for name, each in parts)


def _offer(entry: Any) -> Offer:
    raw = record(entry)
    years = raw.get("years")
    whole = [each for each in years if isinstance(each, int)] if isinstance(years, list) else []
    return Offer(
        plan=text(raw.get("plan_id")),
        tier=text(raw.get("drug_tier")),
        limits=tuple(truth(raw.get(flag)) for flag in FLAGS),
        years=tuple(sorted(whole)),
    )


def _code(written: Any) -> str:
    """A drug's code as written. That a number is no text is the schema's matter: it can be RxNorm's all the same."""
    return written if isinstance(written, str) else "" if written is None else str(written)


def _date_problem(written: Any, today: date) -> str:
    """Why a date is none, or cannot be; a date that is missing is the schema's matter, and a time may stand beside."""
    if not isinstance(written, str):
        return ""
    try:
        day = datetime.fromisoformat(written).date()
    except ValueError:
        return f"{written[:40]!r} is no date"
    return f"{written[:40]} is in the future" if day > today else ""

"""The files of an issuer of qualified health plans: its index, and the plans, drugs and providers files it links to.

They are public: no credentials are sent, wherever the index leads. Each file goes to the disk, is read entry by entry,
and is gone again; what is kept is small.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from conformance import clock
from conformance.apis.drug_file_limits import Compared, difference, limits_counted
from conformance.apis.drug_files import (
    DrugsRead,
    Fault,
    Faults,
    Offer,
    PlansRead,
    PlanTies,
    ProvidersRead,
    Seen,
    read_drugs,
    read_plans,
    read_providers,
)
from conformance.apis.formulary import Item
from conformance.apis.formulary_drugs import code_of
from conformance.apis.shapes import record, texts
from conformance.errors import NotTested, Unjudgeable
from conformance.flows.drug_files_fetched import LONGEST, Fetched, fetch, joined
from conformance.flows.formulary import Formulary
from conformance.flows.recording import Recording
from conformance.flows.schema import errors_of
from conformance.flows.target_cases import cases_of
from conformance.strict_json import NotJson, load
from conformance.target import LONGEST_INDEX, Api, Claim, index_at
from conformance.wire.json_entries import entries

T = TypeVar("T")
KINDS = {"plan_urls": "plans", "formulary_urls": "drugs", "provider_urls": "providers"}
LINKS = "qhp.files-are-json"
MOST_FILES = 200  # of one kind


@dataclass
class Published:
    """Everything that was read of what an issuer publishes."""

    index: Fetched
    index_faults: Faults = field(default_factory=Faults)
    files: list[Fetched] = field(default_factory=list)
    plans: list[PlansRead] = field(default_factory=list)
    drugs: list[DrugsRead] = field(default_factory=list)
    providers: list[ProvidersRead] = field(default_factory=list)
    seen: Seen = field(default_factory=Seen)
    left: list[str] = field(default_factory=list)  # what of the index was not asked for, at our own limit

    @property
    def is_whole(self) -> bool:
        """Whether every file that the index links to was read to its end."""
        return not (self.index.problem or self.left or any(file.problem for file in self.files))

    @property
    def plan_ids(self) -> frozenset[str]:
        """The plans of all plans files."""
        return frozenset(plan for read in self.plans for plan in read.tiers)


class DrugFiles:
    """What one issuer publishes; read once."""

    def __init__(self, recording: Recording, claim: Claim) -> None:
        self._recording = recording
        self.claim = claim
        self._fetch = partial(fetch, recording, claim)

    @cached_property
    def published(self) -> Published:
        """Everything, as far as it could be read."""
        return self._recording.act((self.claim, "drug-files"), self._read)

    def links(self) -> tuple[Fetched, ...]:
        """The index and every file it links to; NotTested for one of which nothing came that speaks of the issuer."""
        return (self.published.index, *self.published.files)

    def fetched(self) -> tuple[Fetched, ...]:
        """The index and every file, as strangers get them; NotTested for a folder, which shows nobody fetching."""
        if self._api.files:
            raise NotTested("a folder does not show that anyone can fetch the files", change="apis.drug-files.base_url")
        return self.links()

    def came(self, file: Fetched) -> bool:
        """Whether a file came whole; raises where nobody can tell."""
        if file.actor != "payer":
            raise Unjudgeable(f"{file.at}: {file.problem}", file.actor)
        return not file.problem

    @property
    def lists_drugs(self) -> bool:
        """Whether any drugs file lists a drug."""
        return any(each.drugs for each in self.published.drugs)

    def index_faults(self) -> tuple[Fault, ...]:
        """What the schema finds wrong with the index, and one without a problem where nothing is."""
        if self.published.index.problem:
            raise NotTested("the index could not be read", because=LINKS)
        return tuple(self.published.index_faults.found) or (Fault(self.published.index.name, ""),)

    def found(self, kind: str, faults: str) -> tuple[Fault, ...]:
        """The faults of one kind ("schema" of "drugs") in all files, and one without a problem where there are none.

        NotTested where nothing could be read of any file of that kind.
        """
        read: list[Any] = getattr(self.published, kind)
        all_ = [getattr(each, faults) for each in read]
        if not sum(each.judged for each in all_):
            linked = [file for file in self.published.files if file.kind == kind]
            if kind == "drugs" and linked and not (self.lists_drugs or any(file.problem for file in linked)):
                raise NotTested("the drugs files list no drug", because="formulary.issuer-drug-file")
            known = linked or self.published.index.problem
            raise NotTested(f"no {kind} file could be read", because=LINKS if known else "qhp.index")
        told = [fault for each in all_ for fault in each.found]
        more = sum(each.failed for each in all_) - len(told)
        told += [Fault("", f"and {more} more")] if more else []
        return tuple(told) or (Fault("", ""),)

    def compared(self) -> tuple[Compared, ...]:
        """Every drug that both the files and the FHIR formulary list for the same plan; none where there is no such."""
        offers = {code: each for read in self.published.drugs for code, each in read.offers.items()}
        return tuple(self._compare(offers)) if offers else ()

    def counted(self) -> dict[str, Any] | None:
        """What the files hold, counted; None where nobody has read them in this run."""
        if not self._recording.done((self.claim, "drug-files")):
            return None
        read = self.published
        whole = sum(not each.problem for each in read.files)
        return {"files": len(read.files), "whole": whole, "plans": len(read.plan_ids), **limits_counted(read.drugs)}

    # -- reading ---------------------------------------------------------------------------------------------------

    def _read(self) -> Published:
        with tempfile.TemporaryDirectory(prefix="conformance-") as room:
            body = Path(room) / "index"
            index, content = self._index(body)
            published = Published(index)
            if index.problem:
                return published
            for path, why in errors_of("qhp-index")(content):
                published.index_faults.judge(f"{index.name}#/{'/'.join(map(str, path))}", why)
            published.index_faults.judge(index.name, "")
            for key, kind in KINDS.items():
                urls = list(dict.fromkeys(texts(record(content).get(key))))
                if len(urls) > MOST_FILES:
                    published.left.append(f"{len(urls) - MOST_FILES} of {len(urls)} {kind} files")
                for url in urls[:MOST_FILES]:
                    published.files.append(self._take(kind, url, Path(room) / "file", published))
        return published

    def _index(self, body: Path) -> tuple[Fetched, Any]:
        if files := self._api.files:
            path = index_at(files) or files
            return self._parsed(Fetched("index", str(path), path.name), path)
        index = self._fetch("index", self.claim.base_url, body, LONGEST_INDEX)
        return (index, None) if index.problem else self._parsed(index, body)

    def _parsed(self, index: Fetched, path: Path) -> tuple[Fetched, Any]:
        try:
            with path.open("rb") as opened:
                body = opened.read(LONGEST_INDEX + 1)
                if len(body) > LONGEST_INDEX:
                    return replace(
                        index, problem=f"is longer than {LONGEST_INDEX} bytes, and is not read", actor="us"
                    ), None
                return index, load(body)
        except (NotJson, OSError) as wrong:
            return replace(index, problem=str(wrong)), None

    def _take(self, kind: str, url: str, room: Path, published: Published) -> Fetched:
        """One file that the index links to: fetched, read, and gone again."""
        name = urlsplit(url).path.rpartition("/")[2] or url
        if files := self._api.files:
            beside = (files if files.is_dir() else files.parent) / name
            file = Fetched(kind, url, name, "" if beside.is_file() else "is not in the folder", "your file")
        else:
            beside, file = room, self._fetch(kind, joined(self.claim.base_url, url), room, LONGEST)
        if not file.problem:
            problems: list[str] = []
            self._into(published, kind, name, _tolerant(beside, problems))
            file.problem, file.actor = next(iter(problems), ""), "payer"
        room.unlink(missing_ok=True)
        return file

    def _into(self, published: Published, kind: str, name: str, found: Iterable[Any]) -> None:
        if kind == "plans":
            published.plans.append(read_plans(name, found, errors_of("qhp-plan"), clock.now().date()))
            return
        ties = _ties(published)
        if kind == "providers":
            published.providers.append(read_providers(name, found, errors_of("qhp-provider"), ties))
        else:
            drug, listing = errors_of("qhp-drug"), errors_of("qhp-listing")
            published.drugs.append(read_drugs(name, found, drug, listing, ties, self._is_wanted, published.seen))

    def _is_wanted(self, code: str) -> bool:
        """Whether what the files say of a drug is held against another source."""
        return code in self._fhir or code in self._declared

    @cached_property
    def _declared(self) -> frozenset[str]:
        return frozenset(str(each.facts.get("drug")) for each in cases_of(self._recording.target, "formulary").values())

    @property
    def _api(self) -> Api:
        return self._recording.api(self.claim)

    # -- beside the FHIR formulary ---------------------------------------------------------------------------------

    @cached_property
    def _fhir(self) -> dict[str, list[tuple[str, Item]]]:
        """The FHIR formulary's items by RxNorm code, each with every number that its plans go by."""
        claims = [each for each in self._recording.target.claim_list() if each.ig == "usdf"]
        if not claims:
            return {}
        try:
            return _by_code(Formulary(self._recording, claims[-1]))
        except (NotTested, Unjudgeable):
            return {}  # its own requirements tell why

    def _compare(self, offers: dict[str, list[Offer]]) -> Iterator[Compared]:
        for code, told in offers.items():
            for plan, item in self._fhir.get(code, ()):
                for offer in told:
                    if offer.plan == plan:
                        yield Compared(f"drug {code} on plan {plan} and {item.at}", difference(offer, item))


def _ties(published: Published) -> PlanTies | None:
    """What the plans files have; None unless all of them were asked for, and came whole."""
    if any(left.endswith(" plans files") for left in published.left) or any(
        file.problem for file in published.files if file.kind == "plans"
    ):
        return None
    return PlanTies(
        {plan: tiers for each in published.plans for plan, tiers in each.tiers.items()},
        {plan: tiers for each in published.plans for plan, tiers in each.networks.items()},
    )


def _tolerant(path: Path, problems: list[str]) -> Iterator[Any]:
    """The entries of a file as far as it can be read; then what stopped it."""
    try:
        yield from entries(path)
    except NotJson as wrong:
        problems.append(wrong.reason)


def _by_code(formulary: Formulary) -> dict[str, list[tuple[str, Item]]]:
    plans: dict[str, list[str]] = {}
    for plan in formulary.plans:
        for listed in plan.formularies:
            plans.setdefault(listed, []).extend(number.value for number in plan.identifiers if number.value)
    codes = {f"MedicationKnowledge/{drug.id}": drug.rxnorm for drug in formulary.drugs}
    found: dict[str, list[tuple[str, Item]]] = {}
    for item in formulary.items:
        if item.is_offered:
            for code in codes.get(item.drug) or filter(None, [code_of(item.drug_number)]):
                found.setdefault(code, []).extend((plan, item) for plan in plans.get(item.formulary, ()))
    return found

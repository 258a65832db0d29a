"""A second reading of a formulary, for the model payer's tests: one check per requirement, written from the guide."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any
from urllib.parse import urljoin

import httpx

Resource = dict[str, Any]

GUIDE = "http://hl7.org/fhir/us/davinci-drug-formulary"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
DRUGPOL = ("http://terminology.hl7.org/CodeSystem/v3-ActCode", "DRUGPOL")
FLAGS = {
    "prior-authorization": "PriorAuthorization",
    "step-therapy": "StepTherapyLimit",
    "quantity-limit": "QuantityLimit",
}
NEW_STARTS = {
    "PriorAuthorization": "PriorAuthorizationNewStartsOnly",
    "StepTherapyLimit": "StepTherapyLimitNewStartsOnly",
}


PLAN = "usdf-PayerInsurancePlan"


class Blocked(Exception):
    """An answer that another check judges."""


class Reading:
    """What one formulary base answers; ``declared`` are the drugs that its plans are known to cover, and how."""

    def __init__(self, client: httpx.Client, base: str, headers: Mapping[str, str], declared: list[Resource]) -> None:
        self.client = client
        self.base = base
        self.headers = dict(headers)
        self.declared = declared
        self.asked = ""

    def get(self, path: str, params: Any = None) -> httpx.Response:
        url = path if path.startswith("http") else f"{self.base}/{path}"
        if httpx.URL(url).host != httpx.URL(self.base).host:  # judged as paging; the others read on
            url = f"{self.base}/{self.asked}?{url.partition('?')[2]}"
        return self.client.get(url, params=params, headers=self.headers)

    def page(self, path: str, params: Any = None) -> Resource:
        answer = self.get(path, params)
        if answer.status_code != 200 or "fhir+json" not in answer.headers["content-type"]:
            raise Blocked(f"{answer.status_code} {answer.headers['content-type']}")
        bundle: Resource = answer.json()
        return bundle

    def pages(self, path: str, params: Any = None) -> Iterator[Resource]:
        """The pages of a search, until they end or begin again."""
        seen: set[str] = set()
        self.asked = path
        page = self.page(path, params)
        here = f"{self.base}/{path}"
        while True:
            yield page
            following = link(page, "next")
            following = urljoin(here, following) if following else None
            if following is None:
                return
            if following in seen or len(seen) > 200:
                raise Blocked("the pages do not end")
            seen.add(following)
            page = self.page(following)

    def found(self, path: str, *params: tuple[str, str]) -> list[Resource]:
        """What a search found, each resource once; pages that never end are read once."""
        resources: dict[str, Resource] = {}
        try:
            for page in self.pages(path, list(params)):
                resources.update({one["id"]: one for one in entries(page, "match")})
        except Blocked as blocked:
            if str(blocked) != "the pages do not end":
                raise
        return list(resources.values())

    @cached_property
    def plans_and_formularies(self) -> list[Resource]:
        try:
            return self.found("InsurancePlan")
        except Blocked:
            return self.found("InsurancePlan", ("status", "active"))

    @property
    def plans(self) -> list[Resource]:
        return [one for one in self.plans_and_formularies if f"{GUIDE}/StructureDefinition/{PLAN}" in profiles(one)]

    @property
    def formularies(self) -> list[Resource]:
        return [one for one in self.plans_and_formularies if DRUGPOL in tokens(one["type"])]

    @cached_property
    def items(self) -> list[Resource]:
        return self.found("Basic", ("code", f"{GUIDE}/CodeSystem/usdf-InsuranceItemTypeCS|formulary-item"))

    @cached_property
    def drugs(self) -> dict[str, Resource]:
        return {f"MedicationKnowledge/{one['id']}": one for one in self.found("MedicationKnowledge")}

    def items_of(self, rxnorm: str) -> list[Resource]:
        """The items of a drug, found without a chain."""
        return [one for one in self.items if rxnorm in rxnorm_codes(self.drugs.get(own_key(one["subject"])))]

    # one method per requirement: whether it is kept

    def answers_are_fhir(self) -> bool:
        answer = self.get("Basic")
        if not answer.headers["content-type"].startswith("application/fhir+json"):
            return False
        return all(set(each) - {"url", "id"} for one in self.items for each in one["extension"])

    def standards(self) -> bool:
        return bool(self.page("metadata")["fhirVersion"] == "4.0.1")

    def declares_server(self) -> bool:
        return f"{GUIDE}/CapabilityStatement/usdf-server" in self.page("metadata").get("instantiates", [])

    def covered_drugs(self) -> bool:
        return all(any(holds_now(one) for one in self.items_of(case["drug"])) for case in self.declared)

    def tier(self) -> bool:
        return all(len(extensions(one, "DrugTierID")) == 1 for one in self.items)

    def flag(self, need: str) -> bool:
        cases = [case for case in self.declared if need in case["needs"]]
        return bool(cases) and all(
            any(tells(one, need) for one in self.items_of(case["drug"]) if holds_now(one)) for case in cases
        )

    def item_required(self) -> bool:
        once = ("FormularyReference", "AvailabilityStatus", "DrugTierID")
        return all(
            all(len(extensions(one, name)) == 1 for name in once)
            and extensions(one, "PharmacyBenefitType")
            and (f"{GUIDE}/CodeSystem/usdf-InsuranceItemTypeCS", "formulary-item") in tokens([one["code"]])
            and one["subject"]["reference"]
            for one in self.items
        )

    def item_references(self) -> bool:
        known = {f"InsurancePlan/{one['id']}" for one in self.formularies}
        return all(
            formulary_of(one) in known
            and own_key(one["subject"]).startswith("MedicationKnowledge/")
            and self.resolves(own_key(one["subject"]))
            for one in self.items
        )

    def resolves(self, reference: str) -> bool:
        return reference in self.drugs or self.get(reference).status_code == 200

    def drug_rxnorm(self) -> bool:
        return all(any(map(str.isdigit, rxnorm_codes(one))) and one.get("status") for one in self.drugs.values())

    def plan_required(self) -> bool:
        known = {f"InsurancePlan/{one['id']}" for one in self.formularies}
        return all(
            all(one.get(name) for name in ("identifier", "status", "type"))
            and all(
                any(own_key(each) in known for each in extensions(coverage, "FormularyReference"))
                for coverage in one["coverage"]
                if DRUGPOL in tokens([coverage["type"]])
            )
            for one in self.plans
        )

    def formulary_required(self) -> bool:
        names = ("identifier", "status", "type")
        return all(all(one.get(name) for name in names) for one in self.formularies)

    def last_updated(self) -> bool:
        everything = [
            *self.plans, *self.formularies, *self.items, *self.drugs.values(), *self.found("Location"),
        ]  # fmt: skip
        return all("lastUpdated" in one["meta"] for one in everything)

    def new_starts_parent(self) -> bool:
        return all(
            holds(one, parent) for one in self.items for parent, child in NEW_STARTS.items() if holds(one, child)
        ) and all(holds(one, "QuantityLimit") for one in self.items if extensions(one, "QuantityLimitDetail"))

    def quantity_limit_detail(self) -> bool:
        return all(extensions(one, "QuantityLimitDetail") for one in self.items if holds(one, "QuantityLimit"))

    def active_in_period(self) -> bool:
        today = datetime.now(UTC).date()
        return all(
            date.fromisoformat(period["start"]) <= today <= date.fromisoformat(period["end"])
            for one in self.items
            if extensions(one, "AvailabilityStatus") == ["active"]
            for period in extensions(one, "AvailabilityPeriod")
        )

    def code_systems(self) -> bool:
        wanted = {"DrugTierID": "usdf-DrugTierCS", "PharmacyBenefitType": "usdf-PharmacyBenefitTypeCS"}
        return all(
            system == f"{GUIDE}/CodeSystem/{own}-TEMPORARY-TRIAL-USE"
            for one in self.items
            for name, own in wanted.items()
            for system, _code in tokens(extensions(one, name))
        )

    def search_plans(self) -> bool:
        types = {token for one in self.plans_and_formularies for token in tokens(one["type"])}
        return all(
            same(
                self.found("InsurancePlan", ("type", "|".join(token))),
                [one for one in self.plans_and_formularies if token in tokens(one["type"])],
            )
            for token in types
        )

    def search_items_by_formulary(self) -> bool:
        return all(
            same(
                self.found("Basic", ("formulary", f"InsurancePlan/{formulary['id']}")),
                [one for one in self.items if formulary_of(one) == f"InsurancePlan/{formulary['id']}"],
            )
            for formulary in self.formularies
        )

    def search_items_by_tier(self) -> bool:
        tiers = {token for one in self.items for token in tokens(extensions(one, "DrugTierID"))}
        return all(
            covers(
                self.found("Basic", ("drug-tier", "|".join(tier))),
                [one for one in self.items if tier in tokens(extensions(one, "DrugTierID"))],
                lambda one, tier=tier: tier in tokens(extensions(one, "DrugTierID")),
            )
            for tier in tiers
        )

    def search_items_by_drug(self) -> bool:
        codes = {code for one in self.items for code in rxnorm_codes(self.drugs.get(own_key(one["subject"])))}
        try:
            return all(
                same(
                    self.found("Basic", ("subject:MedicationKnowledge.code", f"{RXNORM}|{code}")),
                    self.items_of(code),
                )
                for code in sorted(codes)[:3]
            )
        except Blocked:
            return False

    def search_drugs_by_code(self) -> bool:
        codes = sorted({code for one in self.drugs.values() for code in rxnorm_codes(one)})
        return all(
            same(
                self.found("MedicationKnowledge", ("code", f"{RXNORM}|{code}")),
                [one for one in self.drugs.values() if code in rxnorm_codes(one)],
            )
            for code in codes[:3]
        )

    def search_drugs_by_name(self) -> bool:
        wanted = "lisinopril"
        named = [
            one
            for one in self.drugs.values()
            if wanted in one["code"].get("text", "").lower()
            or any(wanted in each.get("display", "").lower() for each in one["code"]["coding"])
        ]
        searched = [one for one in named if any("display" in each for each in one["code"]["coding"])]
        found = self.found("MedicationKnowledge", ("drug-name:contains", wanted.upper()))
        return covers(found, [one for one in searched if rxnorm_codes(one)], lambda one: one in named)

    def include_drug(self) -> bool:
        where = ("formulary", f"InsurancePlan/{self.formularies[0]['id']}")
        page = self.page("Basic", [where, ("_include", "Basic:subject")])
        included = {f"MedicationKnowledge/{one['id']}" for one in entries(page, "include")}
        wanted = {own_key(one["subject"]) for one in entries(page, "match")}
        return {each for each in wanted if each in self.drugs} == included

    def read_by_id(self) -> bool:
        ones = [self.plans[0], self.formularies[0], self.items[0], next(iter(self.drugs.values()))]
        answers = [(one, self.get(f"{one['resourceType']}/{one['id']}")) for one in ones]
        return all(answer.status_code == 200 and relative(answer.json()) == relative(one) for one, answer in answers)

    def paging(self) -> bool:
        ids: list[str] = []
        try:
            for page in self.pages("Basic", {"_count": "10"}):
                if httpx.URL(urljoin(self.base, link(page, "next") or "")).host != httpx.URL(self.base).host:
                    return False
                ids += [one["id"] for one in entries(page, "match")]
        except Blocked as blocked:
            if str(blocked) == "the pages do not end":
                return False
            raise
        in_one_go = [one["id"] for page in self.pages("Basic", {"_count": "50"}) for one in entries(page, "match")]
        return len(ids) == len(set(ids)) == page.get("total", len(ids)) and set(in_one_go) == set(ids)

    def anonymous_asks_nothing(self) -> bool:
        return self.client.get(f"{self.base}/InsurancePlan?type=DRUGPOL").status_code in (200, 401, 403)

    @property
    def checks(self) -> Mapping[str, Callable[[], bool]]:
        return {
            "formulary.answers-are-fhir": self.answers_are_fhir,
            "formulary.standards": self.standards,
            "formulary.covered-drugs": self.covered_drugs,
            "formulary.tier": self.tier,
            "formulary.prior-authorization-flag": lambda: self.flag("prior-authorization"),
            "formulary.step-therapy-flag": lambda: self.flag("step-therapy"),
            "formulary.quantity-limit-flag": lambda: self.flag("quantity-limit"),
            "formulary.anonymous-asks-nothing": self.anonymous_asks_nothing,
            "usdf.item-required": self.item_required,
            "usdf.item-references": self.item_references,
            "usdf.drug-rxnorm": self.drug_rxnorm,
            "usdf.plan-required": self.plan_required,
            "usdf.formulary-required": self.formulary_required,
            "usdf.last-updated": self.last_updated,
            "usdf.new-starts-parent": self.new_starts_parent,
            "usdf.quantity-limit-detail": self.quantity_limit_detail,
            "usdf.active-in-period": self.active_in_period,
            "usdf.code-systems": self.code_systems,
            "usdf.search-plans": self.search_plans,
            "usdf.search-items-by-formulary": self.search_items_by_formulary,
            "usdf.search-items-by-tier": self.search_items_by_tier,
            "usdf.search-items-by-drug": self.search_items_by_drug,
            "usdf.search-drugs-by-code": self.search_drugs_by_code,
            "usdf.search-drugs-by-name": self.search_drugs_by_name,
            "usdf.include-drug": self.include_drug,
            "usdf.read-by-id": self.read_by_id,
            "usdf.paging": self.paging,
            "usdf.declares-server": self.declares_server,
        }

    def broken(self) -> set[str]:
        """The requirements that are not kept; what cannot be judged for another's sake is none of them."""
        failed = set()
        for requirement, kept in self.checks.items():
            try:
                if not kept():
                    failed.add(requirement)
            except Blocked:
                continue
        return failed


def link(bundle: Resource, relation: str) -> str | None:
    return next((each["url"] for each in bundle["link"] if each["relation"] == relation), None)


def entries(bundle: Resource, mode: str) -> list[Resource]:
    return [each["resource"] for each in bundle.get("entry", ()) if each["search"]["mode"] == mode]


def extensions(resource: Resource, name: str) -> list[Any]:
    """The values of a resource's extensions of one of the guide's names; parts where it has parts."""
    url = f"{GUIDE}/StructureDefinition/usdf-{name}-extension"
    return [
        next((each[key] for key in each if key != "url"), None)
        for each in resource.get("extension", ())
        if each["url"] == url
    ]


def holds(item: Resource, name: str) -> bool:
    return extensions(item, name) == [True]


def tokens(concepts: list[Resource]) -> list[tuple[str, str]]:
    return [(each["system"], each["code"]) for concept in concepts for each in concept.get("coding", ())]


def profiles(resource: Resource) -> list[str]:
    return list(resource["meta"].get("profile", ()))


def own_key(reference: Resource) -> str:
    """ "Type/id" of a reference, whatever server it names."""
    return "/".join(reference["reference"].split("/")[-2:])


def relative(value: Any) -> Any:
    """A resource whose references name no server."""
    if isinstance(value, list):
        return [relative(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {key: own_key(value) if key == "reference" else relative(each) for key, each in value.items()}


def holds_now(item: Resource) -> bool:
    return extensions(item, "AvailabilityStatus") == ["active"]


def tells(item: Resource, need: str) -> bool:
    """Whether an item tells a limit, be it for new starts only."""
    name = FLAGS[need]
    return holds(item, name) or (not extensions(item, name) and holds(item, NEW_STARTS.get(name, "")))


def rxnorm_codes(drug: Resource | None) -> list[str]:
    return [each["code"] for each in drug["code"]["coding"] if each["system"] == RXNORM] if drug else []


def formulary_of(item: Resource) -> str:
    return own_key(extensions(item, "FormularyReference")[0])


def same(found: list[Resource], wanted: list[Resource]) -> bool:
    return {one["id"] for one in found} == {one["id"] for one in wanted} and bool(wanted)


def covers(found: list[Resource], wanted: list[Resource], fits: Callable[[Resource], bool]) -> bool:
    """All that is wanted was found, and nothing that does not fit."""
    return {one["id"] for one in wanted} <= {one["id"] for one in found} and all(fits(one) for one in found)

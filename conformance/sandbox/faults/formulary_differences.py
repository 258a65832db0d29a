"""What the lawful variants of a formulary do: changes of a seed, of an answer."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from conformance.sandbox.faults import formulary_changes as changes
from conformance.sandbox.faults.formulary_changes import NDC
from conformance.sandbox.formulary_rows import PRODUCT, TIER, extension_url
from conformance.sandbox.frame import Answer, Call, Resource, Seed
from conformance.sandbox.outcome import refusal

PLAN_NET = "http://hl7.org/fhir/us/davinci-pdex-plan-net/StructureDefinition/plannet-InsurancePlan"
LAST_YEAR = {"start": "2019-01-01", "end": "2019-12-31"}


def in_another_order(resource: Resource) -> None:
    """Extensions and codings turned round, with an extension that nobody knows."""
    if "extension" in resource:
        unknown = {"url": "https://payer.example.org/extensions/shelf", "valueString": "A-12"}
        resource["extension"] = [unknown, *reversed(resource["extension"])]
    if resource["resourceType"] == "MedicationKnowledge":
        resource["code"]["coding"].reverse()


def silent(resource: Resource) -> None:
    """Flags that are false are left out: the guide asks for none of them."""
    resource["extension"] = [each for each in resource["extension"] if each.get("valueBoolean") is not False]


def described(resource: Resource) -> None:
    """Quantity limits as a description only."""
    for each in resource["extension"]:
        if each["url"] == extension_url("QuantityLimitDetail"):
            each["extension"] = [{"url": "Description", "valueString": "Two packages a month, at most."}]


def ndc_beside(drug: Resource) -> None:
    """An NDC before the other codes."""
    drug["code"]["coding"].insert(0, dict(NDC))


def with_a_remark(bundle: Resource) -> None:
    """A page with a remark of the server among its entries."""
    issue = {"severity": "information", "code": "informational", "details": {"text": "Prices are reviewed each month."}}
    remark = {"resourceType": "OperationOutcome", "id": "remark", "issue": [issue]}
    bundle.setdefault("entry", []).append({"resource": remark, "search": {"mode": "outcome"}})


def with_a_cookie(_call: Call, answer: Answer) -> Answer:
    """An answer that sets a cookie which says nothing of the caller."""
    headers = {**answer.headers, "set-cookie": "balancer=node-3; Path=/; HttpOnly"}
    return Answer(answer.status, answer.body, headers, answer.media_type)


def with_a_charset(_call: Call, answer: Answer) -> Answer:
    """An answer whose media type names its charset."""
    return Answer(answer.status, answer.body, answer.headers, "application/fhir+json; charset=utf-8")


def last_years(seed: Seed) -> Seed:
    """A retired item of each declared drug, with no limits, beside the one that holds now."""
    items = dict(seed.formulary_items)
    for own, each in seed.formulary_items.items():
        if own.startswith("item-harbor-"):
            old = copy.deepcopy(each)
            old["id"] = f"old-{own}"
            changes.without("PriorAuthorization", "PriorAuthorizationNewStartsOnly", "StepTherapyLimit",
                            "StepTherapyLimitNewStartsOnly", "QuantityLimit", "QuantityLimitDetail")(old)  # fmt: skip
            changes.saying("AvailabilityStatus", "valueCode", "retired")(old)
            changes.saying("AvailabilityPeriod", "valuePeriod", LAST_YEAR)(old)
            items[old["id"]] = old
    return replace(seed, formulary_items=items)


def with_an_inactive_twin(seed: Seed) -> Seed:
    """An inactive drug of the same RxNorm code as an active one, with an item of its own."""
    drugs, items = dict(seed.drugs), dict(seed.formulary_items)
    for code in ("1100471", "206765"):  # those with an item in one formulary only are looked at first
        own = f"drug-{code}"
        drugs[f"{own}-old"] = {**drugs[own], "id": f"{own}-old", "status": "inactive"}
        twin = copy.deepcopy(items[f"item-harbor-{code}"])
        twin["id"] += "-old"
        twin["subject"]["reference"] += "-old"
        items[twin["id"]] = twin
    return replace(seed, drugs=drugs, formulary_items=items)


def beside_a_directory(seed: Seed) -> Seed:
    """A medical plan of a provider directory among the insurance plans."""
    medical: Resource = {
        "resourceType": "InsurancePlan",
        "id": "medical-harbor",
        "meta": {"profile": [PLAN_NET]},
        "status": "active",
        "type": [{"coding": [{"system": PRODUCT, "code": "mediadv"}]}],
        "name": "Harbor Medical",
    }
    return replace(seed, insurance_plans={"medical-harbor": medical, **seed.insurance_plans})


def of_one_formulary(seed: Seed) -> Seed:
    """One plan with one formulary."""
    items = {own: each for own, each in seed.formulary_items.items() if own.startswith("item-harbor-")}
    plans = {own: each for own, each in seed.insurance_plans.items() if own.endswith("-harbor")}
    return replace(seed, insurance_plans=plans, formulary_items=items)


def in_words(*names: str) -> changes.Change:
    """Concepts of these extensions as a text, without any code."""
    urls = {extension_url(name) for name in names}

    def change(resource: Resource) -> None:
        for each in resource["extension"]:
            if each["url"] in urls:
                code = each["valueCodeableConcept"]["coding"][0]["code"]
                each["valueCodeableConcept"] = {"text": code.replace("-", " ").capitalize()}

    return change


def of_one_tier(resource: Resource) -> None:
    """Every item on the same tier."""
    concept = {"coding": [{"system": TIER, "code": "generic"}]}
    changes.saying("DrugTierID", "valueCodeableConcept", concept)(resource)


def with_commas(drug: Resource) -> None:
    """A name in which a comma stands between two words without a space."""
    for each in drug["code"]["coding"]:
        each["display"] = f"pneumococcal,polysaccharide-conjugate {each['display']}"


def named_by_text(drug: Resource) -> None:
    """A drug whose name is the text beside its codes."""
    for each in drug["code"]["coding"]:
        drug["code"].setdefault("text", each.pop("display"))
        each.pop("display", None)


def from_the_root(bundle: Resource) -> None:
    """Links that begin with the path."""
    for link in bundle["link"]:
        parts = urlsplit(link["url"])
        link["url"] = f"{parts.path}?{parts.query}"


def by_query(bundle: Resource) -> None:
    """Links that are a query only."""
    for link in bundle["link"]:
        link["url"] = f"?{link['url'].partition('?')[2]}"


def unasked(call: Call, _answer: Answer) -> bool:
    """A search for all insurance plans there are."""
    return call.path == "InsurancePlan" and {name for name, _value in call.query} <= {"_count", "_format", "_total"}


def wanting_more(_call: Call, _answer: Answer) -> Answer:
    """A refusal of a search that would find everything."""
    return refusal(400, "too-costly", "Search by one parameter at least.")


def _absolute(base_url: str, value: Any) -> Any:
    if isinstance(value, list):
        return [_absolute(base_url, each) for each in value]
    if not isinstance(value, Mapping):
        return value
    whole = {key: _absolute(base_url, each) for key, each in value.items()}
    return {**whole, "reference": f"{base_url}/{whole['reference']}"} if "reference" in whole else whole


def with_absolute_references(call: Call, answer: Answer) -> Answer:
    """A search whose references name the server; a read leaves it out."""
    return answer.carrying(_absolute(call.base_url, answer.resource()))


def is_found(_call: Call, answer: Answer) -> bool:
    return answer.status == 200 and isinstance(answer.body, dict)


def on_another_host(bundle: Resource) -> None:
    """The next page is on another host, which its link names: FHIR leaves that to the server."""
    for link in bundle["link"]:
        if link["relation"] == "next":
            link["url"] = f"https://search.internal.example/fhir?{link['url'].partition('?')[2]}"

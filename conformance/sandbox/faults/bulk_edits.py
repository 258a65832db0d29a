"""Changes of bulk answers and of what is held of members, for the faults and variants of bulk exchange."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import replace

from conformance.sandbox.faults import changes
from conformance.sandbox.frame import Answer, Call, Resource, Seed
from conformance.sandbox.outcome import refusal

FIRST = "first"


def accepted(_call: Call, answer: Answer) -> bool:
    """Holds for 202."""
    return answer.status == 202


def is_manifest(_call: Call, answer: Answer) -> bool:
    """Holds for the manifest of a job."""
    return answer.status == 200 and isinstance(answer.body, bytes)


def done_at_once(_call: Call, answer: Answer) -> Answer:
    return replace(answer, status=200)


def with_status_url(url: str) -> changes.Change:
    """The kick-off with another Content-Location; {id} is the job's own."""

    def changed(_call: Call, answer: Answer) -> Answer:
        ident = answer.headers["content-location"].rpartition("/")[2]
        return replace(answer, headers={**answer.headers, "content-location": url.format(id=ident)})

    return changed


def without_tls(_call: Call, answer: Answer) -> Answer:
    """The kick-off of a payer behind a proxy that does not know its own scheme."""
    there = answer.headers["content-location"].replace("https://", "http://", 1)
    return replace(answer, headers={**answer.headers, "content-location": there})


def without_status_url(_call: Call, answer: Answer) -> Answer:
    return replace(answer, headers={})


def begins_for_anybody(call: Call, _answer: Answer) -> Answer:
    return Answer(202, None, {"content-location": f"{call.base_url}/bulk-status/for-anybody"})


def with_retry_date(_call: Call, answer: Answer) -> Answer:
    return replace(answer, headers={**answer.headers, "retry-after": "Sun, 01 Nov 2026 00:00:00 GMT"})


def without_retry(_call: Call, answer: Answer) -> Answer:
    return replace(answer, headers={})


def files(change: Callable[[Resource], object]) -> changes.Change:
    """``change`` done to every file that the manifest lists."""
    return changes.plain_json(lambda manifest: [change(each) for each in manifest["output"]])


def counts_one_more(listed: Resource) -> None:
    listed["count"] += 1


def lies_in_a_file(listed: Resource) -> None:
    listed["url"] = "file:///srv/exports/0.ndjson"


def lies_without_tls(listed: Resource) -> None:
    listed["url"] = listed["url"].replace("https://", "http://", 1)


def lies_in_the_network(listed: Resource) -> None:
    listed["url"] = "https://10.0.0.1/exports/0.ndjson"


def is_called_otherwise(listed: Resource) -> None:
    listed["type"] = "Basic"


def text(change: Callable[[Call, bytes], bytes]) -> changes.Change:
    """``change`` done to the unpacked text of a file."""

    def changed(call: Call, answer: Answer) -> Answer:
        body = answer.body if isinstance(answer.body, bytes) else b""
        packed = "content-encoding" in answer.headers
        body = change(call, gzip.decompress(body) if packed else body)
        return replace(answer, body=gzip.compress(body, 1) if packed else body)

    return changed


def lines(change: Callable[[Resource], object]) -> changes.Change:
    """``change`` done to each resource of a file."""

    def changed(_call: Call, body: bytes) -> bytes:
        found = [json.loads(line) for line in body.splitlines()]
        for each in found:
            change(each)
        return b"".join(json.dumps(each).encode() + b"\n" for each in found)

    return text(changed)


def torn(_call: Call, body: bytes) -> bytes:
    return body[:-20]


def absolute(call: Call, body: bytes) -> bytes:
    """References to patients with the payer's base URL before them."""
    return body.replace(b'"reference": "Patient/', f'"reference": "{call.base_url}/Patient/'.encode())


def with_copies(resource: Resource) -> None:
    """The subject of a condition contained in it, without any identifier."""
    if resource["resourceType"] == "Condition":
        resource["contained"] = [{"resourceType": "Patient", "id": "copy", "gender": "unknown"}]
        resource["extension"] = [
            {"url": "https://payer.example.org/copy", "valueReference": {"reference": "#copy"}},
        ]


def unpacked(_call: Call, answer: Answer) -> Answer:
    if "content-encoding" not in answer.headers or not isinstance(answer.body, bytes):
        return answer
    return replace(answer, body=gzip.decompress(answer.body), headers={})


def plain_ndjson(_call: Call, answer: Answer) -> Answer:
    return replace(answer, media_type="application/ndjson;charset=utf-8") if answer.status == 200 else answer


def groups(change: Callable[[Resource], object]) -> Callable[[Resource], None]:
    """``change`` done to a Group, or to those in Parameters."""

    def changed(resource: Resource) -> None:
        inside = [each.get("resource", {}) for each in resource.get("parameter", [])]
        for each in (resource, *inside):
            if each.get("resourceType") == "Group":
                change(each)

    return changed


def of_nobody_actual(group: Resource) -> None:
    group["actual"] = False


def abridged(group: Resource) -> None:
    for each in group.get("contained", []):
        each.pop("birthDate", None)


def renumbered(group: Resource) -> None:
    for each in group.get("contained", []):
        for number in each.get("identifier", []) if each["resourceType"] == "Patient" else ():
            number["value"] = f"{number['value']}-0"


def authored(resource: Resource) -> None:
    for agent in resource.get("agent", []):
        agent["type"]["coding"][0]["code"] = "author"


def finds_no_group(_call: Call, answer: Answer) -> Answer:
    bundle = answer.resource()
    bundle.update(total=0)
    bundle.pop("entry", None)
    return answer.carrying(bundle)


def refuses_searches(_call: Call, _answer: Answer) -> Answer:
    return refusal(403, "forbidden", "Groups are not searched.")


def is_search(call: Call, answer: Answer) -> bool:
    """Holds for a search for Groups that is answered."""
    return answer.status == 200 and call.path == "Group"


def without_coverages(group: Resource) -> None:
    group["contained"] = [each for each in group.get("contained", []) if each["resourceType"] != "Coverage"]
    for each in group.get("member", []):
        each["entity"]["extension"] = [one for one in each["entity"]["extension"] if "coverage" not in one["url"]]


def _keep(holder: Resource, name: str, fits: Callable[[Resource], bool]) -> None:
    """Leaves of a list what fits; a list of nothing is not written."""
    if kept := [each for each in holder.pop(name, ()) if fits(each)]:
        holder[name] = kept


def without_contained(group: Resource) -> None:
    """A Group that names its members as the payer does, and nobody whom it does not know."""
    _keep(group, "contained", lambda each: each["resourceType"] != "Patient")
    for number, each in enumerate(group.get("member", [])):
        entity = each["entity"]
        _keep(entity, "extension", lambda one: "coverage" in one["url"])
        if entity["reference"].startswith("#"):
            entity["reference"] = f"Patient/somebody-{number}"


def at_payers(call: Call, answer: Answer) -> bool:
    """Holds for what is given to payers where a Group contains what was submitted."""
    return answer.status == 200 and call.version == "pdex=2.2.0" and "/pdex-provider/" not in call.base_url


def without_submitted(group: Resource) -> None:
    """A Group of matched members without what was submitted of them: each is known by a number."""
    if group["code"]["coding"][0]["code"] == "match":
        numbers = {f"#{each['id']}": each["identifier"][0] for each in group.pop("contained", [])}
        for each in group.get("member", []):
            [submitted] = each["entity"].pop("extension")
            each["entity"]["identifier"] = numbers[submitted["valueReference"]["reference"]]


def of_pdex_2_1(call: Call, answer: Answer) -> bool:
    """Holds for what is answered in PDex 2.1.0."""
    return answer.status == 200 and call.version == "pdex=2.1.0"


def names(parameter: str) -> Callable[[Call, Answer], bool]:
    """Holds for an export that is asked for with a parameter."""
    return lambda call, answer: answer.status == 202 and parameter.encode() in call.body


def keeps_until_to_itself(_call: Call, _answer: Answer) -> Answer:
    return refusal(400, "not-supported", "The parameter _until is not supported.")


def keeps_types_to_itself(_call: Call, _answer: Answer) -> Answer:
    return refusal(400, "not-supported", "The parameter _type is not supported.")


def names_types(call: Call, answer: Answer) -> bool:
    """Holds for an export of some types."""
    asked = b"_type" in call.body or any(name == "_type" for name, _ in call.query)
    return answer.status == 202 and asked and b"_typeFilter" not in call.body


# -- what is held ---------------------------------------------------------------------------------------------------


def without(*ids: str) -> Callable[[Seed], Seed]:
    """The first member's records without those of these ids."""
    return of_first(lambda found: [each for each in found if each["id"] not in ids])


def with_amounts(seed: Seed) -> Seed:
    """The first member's claims with what was paid for an item."""

    def priced(found: list[Resource]) -> list[Resource]:
        return [_priced(each) if each.get("use") == "claim" else each for each in found]

    return of_first(priced)(seed)


def without_links(seed: Seed) -> Seed:
    """The first member's authorizations without a reference to their documents."""

    def bare(found: list[Resource]) -> list[Resource]:
        return [{key: value for key, value in each.items() if key != "supportingInfo" or each["use"] == "claim"}
                for each in found]  # fmt: skip

    return of_first(bare)(seed)


def _priced(claim: Resource) -> Resource:
    items = [{**item, "net": {"value": 184.2, "currency": "USD"}} for item in claim["item"]]
    return {**claim, "item": items}


def of_first(change: Callable[[list[Resource]], list[Resource]]) -> Callable[[Seed], Seed]:
    """``change`` done to the first member's records."""

    def changed(seed: Seed) -> Seed:
        return replace(seed, records={**seed.records, FIRST: tuple(change(list(seed.records[FIRST])))})

    return changed

"""Elements marked must support: the table is the packages', and what counts as seen."""

from __future__ import annotations

import json
import tarfile

import pytest
from shared_data import DATA, needs_data

from conformance.apis.must_support import elements, held

PROFILES = ("profile-claimresponse", "profile-claiminquiryresponse", "profile-communicationrequest")


def marked(version):
    """The elements that the profiles of a package mark, in the words of the table."""
    found = set()
    with tarfile.open(DATA / "packages" / f"hl7.fhir.us.davinci-pas-{version}.tgz") as package:
        for name in PROFILES:
            content = package.extractfile(f"package/StructureDefinition-{name}.json")
            by_id = {each["id"]: each for each in json.load(content)["snapshot"]["element"]}
            found |= {worded(ident, by_id) for ident, each in by_id.items() if each.get("mustSupport")}
    return found


def worded(ident, by_id):
    steps = ident.split(".")
    for place, step in enumerate(steps):
        if step.startswith("extension:"):
            profile = by_id[".".join(steps[: place + 1])]["type"][0]["profile"][0]
            steps[place] = profile.partition("|")[0].rpartition("/")[2]
    return ".".join(steps)


@needs_data
@pytest.mark.parametrize("version", ["2.0.1", "2.2.1"])
def test_the_table_holds_what_the_profiles_mark(version):
    assert set(elements(version)) == marked(version) - {"ClaimResponse.request.data-absent-reason"}
    assert len(elements(version)) == len(set(elements(version)))


PERIOD = "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-itemPreAuthPeriod"
WANTED = (
    "ClaimResponse.item.extension-itemPreAuthPeriod",
    "ClaimResponse.item.noteNumber",
    "ClaimResponse.addItem.location[x]",
    "CommunicationRequest.category",
)


def bundle(*resources):
    return {"resourceType": "Bundle", "entry": [{"resource": each} for each in resources]}


def response(**elements):
    return {"resourceType": "ClaimResponse", **elements}


@pytest.mark.parametrize(
    ("resource", "seen"),
    [
        (bundle(response(item=[{}, {"noteNumber": [1]}])), {WANTED[1]}),
        (bundle(response(item=[{"extension": [{"url": PERIOD, "valuePeriod": {}}]}])), {WANTED[0]}),
        (response(addItem=[{"locationCodeableConcept": {"text": "Office"}}]), {WANTED[2]}),
        ({"resourceType": "Parameters", "parameter": [{"resource": bundle(response(), {
            "resourceType": "CommunicationRequest", "category": [{"text": "a document"}]})}]}, {WANTED[3]}),
        (bundle(response(item=[{"noteNumber": []}], addItem=[{"location": ""}])), set()),
        (bundle(response(item=[{"extension": [{"url": PERIOD + "s"}]}], category=[{}])), set()),
        (bundle({"resourceType": "Claim", "item": [{"noteNumber": [1]}]}), set()),
        ({"resourceType": ["ClaimResponse"], "entry": "none", "parameter": [None]}, set()),
        ("ClaimResponse", set()),
    ],
)  # fmt: skip
def test_an_element_is_seen_where_it_stands_with_a_value(resource, seen):
    assert held(resource, WANTED) == seen

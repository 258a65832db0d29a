"""Links from a citation to the place where it can be read; made from our own catalogue, never from an answer."""

from __future__ import annotations

import re
from collections.abc import Iterable

from conformance.catalogue import Requirement

CFR = re.compile(r"(?:(42|45) CFR )?(\d{3})\.(\d+)")
GUIDE_PAGES = {
    "pas": "https://hl7.org/fhir/us/davinci-pas/{version}/",
    "usdf": "https://hl7.org/fhir/us/davinci-drug-formulary/{version}/",
    "hrex": "https://hl7.org/fhir/us/davinci-hrex/{version}/",
    "pdex": "https://hl7.org/fhir/us/davinci-pdex/{version}/",
    "smart": "https://hl7.org/fhir/smart-app-launch/{version}/",
}
# The path under which HL7 publishes a version, where it is not the version itself.
PUBLISHED_AS = {
    ("pas", "2.0.1"): "STU2", ("usdf", "2.0.1"): "STU2.0.1", ("usdf", "2.1.0"): "STU2.1",
    ("hrex", "1.0.0"): "STU1", ("smart", "2.2.0"): "STU2.2",
}  # fmt: skip


def links(requirement: Requirement, cites: Iterable[str]) -> list[str]:
    """Where to read the rule: eCFR sections for law, the guide's home for a guide; without duplicates, in order."""
    if requirement.kind == "law":
        found = [ecfr(section) for cite in cites for section in _sections(cite)]
    else:
        found = [guide_page(row.ig, _version(row.versions)) for row in requirement.guide if row.ig in GUIDE_PAGES]
    return list(dict.fromkeys(found))


def ecfr(section: tuple[str, str, str]) -> str:
    """The eCFR page of (title, part, section)."""
    title, part, number = section
    return f"https://www.ecfr.gov/current/title-{title}/section-{part}.{number}"


def guide_page(ig: str, version: str) -> str:
    """The home page of a guide's version."""
    return (
        GUIDE_PAGES[ig].format(version=PUBLISHED_AS.get((ig, version), version)).replace("//", "/").replace(":/", "://")
    )


def _sections(cite: str) -> list[tuple[str, str, str]]:
    sections, title = [], "42"
    for found in CFR.finditer(cite):
        title = found[1] or ("45" if found[2] in ("156", "170", "162") else "42")
        sections.append((title, found[2], found[3]))
    return sections


def _version(spec: str) -> str:
    found = re.search(r"\d+(?:\.\d+)+", spec)
    return found[0] if found and not spec.strip().startswith((">", "*")) else ""

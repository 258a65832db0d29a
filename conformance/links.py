"""Links from a citation to the place where it can be read; made from our own catalogue, never from an answer."""

from __future__ import annotations

import re
from collections.abc import Iterable

from conformance.catalogue import Requirement
from conformance.target import Claim

# "42 CFR 422.122(b)(4)(ii); 440.230(e)(1)": title (said once), part, section, paragraph
CFR = re.compile(r"(?:(42|45) CFR )?\b(\d{3})\.(\d+)((?:\([A-Za-z0-9]+\))*)")
OF_TITLE_45 = frozenset({"156", "162", "170"})

HOMES = {
    "pas": "https://hl7.org/fhir/us/davinci-pas",
    "usdf": "https://hl7.org/fhir/us/davinci-drug-formulary",
    "hrex": "https://hl7.org/fhir/us/davinci-hrex",
    "pdex": "https://hl7.org/fhir/us/davinci-pdex",
    "bulk": "https://hl7.org/fhir/uv/bulkdata",
    "smart": "https://hl7.org/fhir/smart-app-launch",
    "crd": "https://hl7.org/fhir/us/davinci-crd",
    "udap": "https://hl7.org/fhir/us/udap-security",
    "dtr": "https://hl7.org/fhir/us/davinci-dtr",
    "cdex": "https://hl7.org/fhir/us/davinci-cdex",
}
# Where a guide that HL7 does not publish is read, in whatever version.
ELSEWHERE = {"qhp": "https://github.com/CMSgov/QHP-provider-formulary-APIs"}
# The path under which HL7 publishes a version, where it is not the version itself.
PUBLISHED_AS = {
    ("pas", "2.0.1"): "STU2", ("usdf", "2.0.1"): "STU2.0.1", ("usdf", "2.1.0"): "STU2.1",
    ("hrex", "1.0.0"): "STU1", ("hrex", "1.1.0"): "STU1.1",
    ("bulk", "1.0.0"): "STU1", ("bulk", "2.0.0"): "STU2",
    ("pdex", "2.0.0"): "STU2", ("pdex", "2.1.0"): "STU2.1", ("smart", "2.2.0"): "STU2.2",
    ("crd", "2.0.1"): "STU2", ("dtr", "2.0.1"): "STU2", ("cdex", "2.1.0"): "STU2.1",
}  # fmt: skip
# The page of the PAS guide that a statement's key begins with.
PAS_PAGES = {
    "spec": "specification.html", "conf": "conformance.html", "ainfo": "additionalinfo.html", "priv": "privacy.html",
    "use": "usecases.html", "metric": "metrics.html",
}  # fmt: skip


def links(requirement: Requirement, cites: Iterable[str], claims: Iterable[Claim]) -> list[str]:
    """Where to read the rule, without duplicates: eCFR paragraphs, or the page of each claimed guide version."""
    if requirement.kind == "law":
        found = [address for cite in cites for address in ecfr(cite)]
    else:
        found = [
            page(claim.ig, claim.version, row.statement)
            for row in requirement.guide
            for claim in claims
            if claim.ig == row.ig and row.holds(claim.version) and claim.ig in {**HOMES, **ELSEWHERE}
        ]
    return list(dict.fromkeys(found))


def ecfr(cite: str) -> list[str]:
    """The eCFR addresses of a citation, each at its paragraph."""
    found = []
    for title, part, section, paragraph in CFR.findall(cite):
        home = f"https://www.ecfr.gov/current/title-{title or ('45' if part in OF_TITLE_45 else '42')}"
        anchor = f"#p-{part}.{section}{paragraph}" if paragraph else ""
        found.append(f"{home}/section-{part}.{section}{anchor}")
    return found


def page(ig: str, version: str, statement: str) -> str:
    """The page of a guide where a statement stands, as far as we know it; else the guide's home."""
    if ig in ELSEWHERE:
        return ELSEWHERE[ig]
    home = f"{HOMES[ig]}/{PUBLISHED_AS.get((ig, version), version)}/"
    if statement.startswith("profile-"):
        return f"{home}StructureDefinition-{statement}.html"
    return home + (PAS_PAGES.get(statement.partition("-")[0], "") if ig == "pas" else "")

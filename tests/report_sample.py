"""A run as it might have gone, for the tests of the reports: built from scenario verdicts through the real judge."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from conformance.errors import Finding
from conformance.judge import judge
from conformance.verdict import ScenarioVerdict, Verdict

PAS, USDF, HREX = "pas=2.2.1", "usdf=2.1.0", "hrex=1.2.0"
BASES = {
    "prior-auth": "https://api.example-health.test/pas/r4",
    "formulary": "https://api.example-health.test/formulary/r4",
    "payer-to-payer": "https://p2p.example-health.test/hrex/r4",
}
SUITES = {"prior-auth": "prior_auth", "formulary": "formulary", "payer-to-payer": "payer_to_payer"}
CLAIMS = {"discovery": PAS, "prior-auth": PAS, "formulary": USDF, "payer-to-payer": HREX}
SECTIONS = {"prior-auth": "422.122(b)", "formulary": "422.119(b)(2)(ii)", "payer-to-payer": "422.121(b)"}
RULES = {"prior-auth": "CMS-0057-F", "formulary": "CMS-9115-F", "payer-to-payer": "CMS-0057-F"}
GUIDES = {
    "prior-auth": ("Da Vinci PAS", "https://hl7.org/fhir/us/davinci-pas/2.2.1/"),
    "formulary": ("Da Vinci US Drug Formulary", "https://hl7.org/fhir/us/davinci-drug-formulary/STU2.1/"),
    "payer-to-payer": ("Da Vinci HRex", "https://hl7.org/fhir/us/davinci-hrex/1.2.0/"),
}

# id, text, what became of it
LAW = [
    ("prior-auth.answers-are-fhir", "Every answer to a well-formed request is FHIR R4 JSON of the right type.", "pass"),
    ("prior-auth.standards", "The prior authorization endpoint says that it speaks FHIR 4.0.1.", "pass"),
    ("prior-auth.decision", "Every requested item is answered: approved, denied, modified or pended.", "pass"),
    ("prior-auth.pended", "A request still under review is said to be pended, item by item.", "waived"),
    ("prior-auth.denial-reason", "A denial sent through the API states a specific reason.", "fail"),
    ("prior-auth.approval-validity", "An approval says until when, or under which circumstance, it holds.", "pass"),
    ("prior-auth.decision-time-standard", "A standard request is decided within 7 calendar days.", "not-tested"),
    ("prior-auth.decision-time-expedited", "An expedited request is decided within 72 hours.", "not-tested"),
    ("prior-auth.public-metrics", "Last year's figures on prior authorization are on a public page.", "untested"),
    ("formulary.answers-are-fhir", "Every answer of the formulary service is FHIR R4 JSON.", "pass"),
    ("formulary.standards", "The formulary endpoint says that it speaks FHIR 4.0.1.", "pass"),
    ("formulary.covered-drugs", "Every drug that the plan covers is found.", "pass"),
    ("formulary.tier", "Every item of the formulary states its tier.", "pass"),
    ("formulary.prior-authorization-flag", "A drug that needs prior authorization says so.", "pass"),
    ("formulary.step-therapy-flag", "A drug under step therapy says so.", "not-tested"),
    ("formulary.quantity-limit-flag", "A drug with a quantity limit says so.", "pass"),
    ("payer-to-payer.answers-are-fhir", "Every answer of the exchange is FHIR R4 JSON of the right type.", "error"),
    ("payer-to-payer.standards", "The exchange endpoint says that it speaks FHIR 4.0.1.", "error"),
    ("payer-to-payer.matched-data", "For a matched member the data that the law names is returned.", "error"),
    ("payer-to-payer.opt-in", "Nothing is exchanged for a member who has not opted in.", "attested"),
]
GUIDE = [
    ("prior-auth.right-member", "The answer is about the member of the request.", "shall", "pass"),
    ("prior-auth.periods-in-order", "An authorization period begins before it ends.", "shall", "pass"),
    ("prior-auth.response-time", "A request is answered within 15 seconds.", "should", "advisory"),
    ("prior-auth.no-token-no-data", "Without a token there is no data.", "shall", "pass"),
    ("pas.denial-reason-code", "A denial's reason is coded in X12 886.", "should", "advisory"),
    ("pas.response-bundle", "The answer is a collection Bundle that begins with the ClaimResponse.", "shall", "pass"),
    ("pas.response-identifier", "The response Bundle has an identifier.", "shall", "pass"),
    ("pas.item-sequence-echo", "Each response item repeats the number of the item it answers.", "shall", "fail"),
    ("pas.item-adjudication", "Each item has an adjudication of the category submitted.", "shall", "pass"),
    ("pas.instances-once", "Each resource appears once in the answer.", "shall", "pass"),
    ("pas.modified-add-item", "A modified item tells what was authorized instead.", "shall", "not-tested"),
    ("pas.authorization-number", "An approval carries an authorization number.", "should", "pass"),
    ("pas.inquiry-finds", "An inquiry for a submitted request finds it.", "shall", "not-tested-because"),
    ("pas.inquiry-agrees", "An inquiry tells the same decision as the submission.", "shall", "not-tested-because"),
    ("pas.error-outcome", "A refused request carries exactly one OperationOutcome.", "shall", "not-applicable"),
    ("usdf.item-required", "Each item carries what its profile requires.", "shall", "pass"),
    ("usdf.item-references", "Each item's formulary and drug can be resolved.", "shall", "fail"),
    ("usdf.drug-rxnorm", "Each drug has a semantic RxNorm code.", "shall", "pass"),
    ("usdf.search-items-by-tier", "Items can be searched by formulary and tier.", "shall", "pass"),
    ("usdf.paging", "Pages neither lose nor repeat an entry.", "shall", "pass"),
    ("usdf.declares-server", "The CapabilityStatement names the guide's server.", "shall", "pass"),
    ("payer-to-payer.one-match", "The member asked for is matched, alone.", "shall", "error"),
    ("payer-to-payer.no-match", "For nobody the answer is 422.", "shall", "error"),
]
LATER = [
    ("prior-auth.guide-versions", "The API follows PAS 2.2.1 or an older version not yet expired.", "proposed", "fail"),
    ("prior-auth.drug-decision", "A request for a drug is decided through the API.", "upcoming", "pass"),
]
REFUSED = "p2p.example-health.test:443 refused the connection"
DRUG_FILES: list[dict[str, Any]] = [
    {
        "claim": "qhp=1", "files": 4, "whole": 3, "plans": 2, "drugs": 40, "listings": 80,
        "prior_authorization": 20, "step_therapy": 8, "quantity_limit": 12,
        "silent": {"prior_authorization": 4, "step_therapy": 0, "quantity_limit": 0},
    },
]  # fmt: skip


DRUG_SOURCES: list[dict[str, Any]] = [
    {
        "claim": "usdf=2.1.0", "case": "humira", "drug": "1801278", "name": "adalimumab Pen",
        "sources": [
            {
                "benefit": benefit, "source": source, "at": "there", "covered": True, "tier": tier,
                "prior_authorization": prior, "step_therapy": "for new starts only", "quantity_limit": None,
            }
            for benefit, source, tier, prior in (
                ("pharmacy", "the formulary", "specialty", True),
                ("pharmacy", "coverage discovery", None, False),
                ("medical", "coverage discovery", None, True),
            )
        ],
        "differs": ["prior_authorization"], "benefits_differ": [],
    },
    {
        "claim": "usdf=2.1.0", "case": "new", "drug": "999", "name": "", "sources": [], "differs": [],
        "benefits_differ": [],
    },
]  # fmt: skip


def results(*, baseline: bool = True, finished: bool = True) -> dict[str, Any]:
    """results.json of the run: a failing denial reason, errors, advice, acknowledged, attested, proposed and more."""
    rows, verdicts = [], []
    for identifier, text, fate in LAW:
        row = _row(identifier, text, "law")
        rows.append(row)
        verdicts += _verdicts(row, fate)
    for identifier, text, level, fate in GUIDE:
        row = _row(identifier, text, "guide", level=level)
        rows.append(row)
        verdicts += _verdicts(row, fate)
    for identifier, text, standing, fate in LATER:
        row = _row(identifier, text, "law", standing=standing)
        rows.append(row)
        verdicts += _verdicts(row, fate)
    header = _header(rows)
    before = {
        "finished": "2027-01-25T09:12:40+00:00",
        "requirements": [
            {"id": "pas.item-sequence-echo", "verdict": "fail"},
            {"id": "usdf.paging", "verdict": "fail"},
        ],
    }
    judged = judge(header, verdicts, finished=finished, baseline=before if baseline else None)
    kept = {
        key: header[key] for key in ("schema", "harness", "target", "options", "as_of", "started", "scope", "clock")
    }
    return json.loads(
        json.dumps(
            {
                **kept,
                "finished": "2027-02-01T14:03:22+00:00" if finished else "",
                **judged,
                "latency": LATENCY,
                "decisions": DECISIONS,
                "timelines": TIMELINES,
                "drug_files": DRUG_FILES,
                "drug_sources": DRUG_SOURCES,
                "formularies": FORMULARIES,
            }
        )
    )


def _row(identifier: str, text: str, kind: str, *, level: str = "shall", standing: str = "in-force") -> dict[str, Any]:
    api = {"pas": "prior-auth", "usdf": "formulary"}.get(identifier.partition(".")[0], identifier.partition(".")[0])
    law = kind == "law"
    cites = {
        "prior-auth.denial-reason": ["42 CFR 422.122(b)(4)(ii)"],
        "prior-auth.approval-validity": ["42 CFR 422.122(b)(4)(i)"],
        "prior-auth.decision-time-standard": ["42 CFR 422.568(b)(1)(ii)"],
        "prior-auth.decision-time-expedited": ["42 CFR 422.572(a)(1)"],
    }.get(
        identifier, [f"42 CFR {SECTIONS[api]}"] if law else [f"{CLAIMS[api].replace('=', ' ')}: spec-{len(identifier)}"]
    )
    section = cites[0].removeprefix("42 CFR ").partition("(")[0]
    proposed = standing == "proposed"
    since = {"upcoming": "2027-10-01", "proposed": "2028-01-01"}.get(standing, "2027-01-01")
    return {
        "id": identifier,
        "api": api,
        "kind": kind,
        "standing": standing,
        "since": since if law else None,
        "level": level,
        "status": {
            "state": "proposed" if proposed else "final",
            "as_of": "2026-11-21",
            "confidence": "secondary" if "decision-time" in identifier or proposed else "verified",
        },
        "cites": cites,
        "links": [f"https://www.ecfr.gov/current/title-42/section-{section}" if law else GUIDES[api][1]],
        "text": text,
        "rule": ("CMS-0062-P" if proposed else RULES[api]) if law else GUIDES[api][0],
        "scope": "items",
        "shown": "document" if identifier.endswith("metrics") else "live",
        "untested": "a person has to read the page and follow the figures" if identifier.endswith("metrics") else "",
        "note": "included in this run; it never decides" if proposed else "",
        "planned": [] if identifier.endswith("metrics") else [_scenario(identifier, api)],
    }


def _scenario(identifier: str, api: str) -> str:
    name = identifier.partition(".")[2].replace("-", "_")
    return f"{SUITES[api]}.test_{name}[{CLAIMS[api]}]"


def _verdicts(row: dict[str, Any], fate: str) -> list[ScenarioVerdict]:
    if not row["planned"]:
        return []
    judged, exchanges = (len(row["id"]) % 7) + 1, (f"e{len(row['id']) % 9 + 1}",)
    verdict: Verdict = {"waived": "not-tested", "attested": "not-tested", "not-tested-because": "not-tested"}.get(
        fate, fate
    )  # type: ignore[assignment]
    facts: dict[str, Any] = {"judged": judged, "seconds": 0.031, "exchanges": exchanges}
    if verdict in ("not-tested", "error", "not-applicable"):
        facts = {"seconds": 0.002} | _obstacle(row, fate)
    elif verdict in ("fail", "advisory"):
        facts |= FINDINGS[row["id"]]
        findings = (*facts.get("findings", ()), *facts.get("advice", ()))
        facts |= {"message": "\n".join(map(str, findings[:3])), "failed": facts.get("failed", len(findings))}
    return [ScenarioVerdict(_scenario(row["id"], row["api"]), row["id"], verdict, **facts)]


def _obstacle(row: dict[str, Any], fate: str) -> dict[str, Any]:
    if fate == "error":
        return {"message": REFUSED, "actor": "network"}
    if fate == "not-applicable":
        return {"message": "needs --intrusive and a test environment"}
    if fate == "not-tested-because":
        return {
            "message": "the submission's answer cannot be told apart by item",
            "because": "pas.item-sequence-echo",
        }
    if "decision-time" in row["id"]:
        message = "needs an authorization that was decided before, with the day it was received"
        return {"message": message, "change": "known.prior-auth"}
    if row["id"] == "pas.modified-add-item":
        return {"message": "needs a request that is approved in part", "change": "cases.prior-auth.modified"}
    if row["id"] == "formulary.step-therapy-flag":
        return {"message": "needs a drug of this plan that is under step therapy", "change": "drugs"}
    return {"message": "needs a request that stays under review", "change": "cases.prior-auth.pended"}


FINDINGS: dict[str, dict[str, Any]] = {
    "prior-auth.denial-reason": {
        "judged": 3,
        "failed": 1,
        "findings": (
            Finding("a specific reason for the denial", "nothing", "Bundle.entry[0].resource.item[1].adjudication[0]"),
        ),
        "exchanges": ("e12",),
        "actor": "payer",
    },
    "prior-auth.response-time": {
        "advice": (Finding("an answer within 15 s", "an answer after 16.21 s", "prior-auth.submit, case approved"),),
        "exchanges": ("e11",),
    },
    "pas.denial-reason-code": {
        "judged": 3,
        "findings": (
            Finding(
                "a code of https://codesystem.x12.org/external/886",
                "the text “Criteria of policy 114.2 are not met: no trial of conservative therapy of 6 weeks”",
                "Bundle.entry[0].resource.item[0].adjudication[0]",
            ),
        ),
        "exchanges": ("e12",),
    },
    "pas.item-sequence-echo": {
        "judged": 14,
        "failed": 9,
        "findings": tuple(
            Finding(
                f"an answer to item {n}", f"itemSequence {n + 10}", f"Bundle.entry[0].resource.item[{n}].itemSequence"
            )
            for n in range(9)
        ),
        "exchanges": ("e11", "e12", "e13"),
        "actor": "payer",
    },
    "usdf.item-references": {
        "judged": 240,
        "failed": 2,
        "findings": (
            Finding("a MedicationKnowledge that can be read", "404", "Basic/item-7.subject.reference"),
            Finding("a MedicationKnowledge that can be read", "404", "Basic/item-19.subject.reference"),
        ),
        "exchanges": ("e20", "e21", "e22", "e23", "e24", "e25", "e26"),
        "actor": "payer",
    },
    "prior-auth.guide-versions": {
        "findings": (Finding("PAS 2.2.1", "PAS 2.0.1 alone", "CapabilityStatement.implementationGuide"),),
        "exchanges": ("e1",),
    },
}

LATENCY = [
    {
        "operation": "prior-auth.submit",
        "claim": PAS,
        "seconds": [0.41, 0.44, 0.47, 0.52, 0.58, 0.83, 1.12, 2.9, 6.4, 16.21],
        "limit": 15.0,
        "level": "should",
        "p50": 0.58,
        "p95": 16.21,
        "max": 16.21,
        "count": 10,
    },
    {
        "operation": "formulary.search",
        "claim": USDF,
        "seconds": [0.021 + 0.0035 * n for n in range(40)],
        "limit": None,
        "level": None,
        "p50": 0.0875,
        "p95": 0.15,
        "max": 0.1575,
        "count": 40,
    },
]
FORMULARIES = [
    {
        "claim": "usdf=2.1.0", "plans": 2, "formularies": 2, "drugs": 54, "items": 102, "prior_authorization": 31,
        "step_therapy": 12, "quantity_limit": 40, "tiers": ["generic", "specialty"],
        "silent": {"prior_authorization": 3, "step_therapy": 0, "quantity_limit": 0}, "steps_told": 5,
        "by_tier": [
            {"tier": "generic", "items": 80, "prior_authorization": 20, "step_therapy": 0, "quantity_limit": 30},
            {"tier": "specialty", "items": 22, "prior_authorization": 11, "step_therapy": 12, "quantity_limit": 10},
        ],
        "looked_at": {"Basic": {"all": 102, "closely": 102}},
    }
]  # fmt: skip
TIMELINES = [
    {
        "request": "known.prior-auth 'A-1'", "claim": "pas=2.2.1", "source": "known", "urgency": "standard",
        "conflict": "level of service U, but priority normal", "scope": "items", "drug": "",
        "received": "2027-01-04T09:30:00-05:00", "pended": False,
        "clocks": [
            {
                "rule": "items-standard", "requirement": "prior-auth.decision-time-standard",
                "limit": "7 calendar days", "cite": "42 CFR 422.568(b)(1)(ii)", "standing": "final",
                "due": "2027-01-11T23:59:59-05:00", "ended": ended, "by": by, "state": state,
            }
            for ended, by, state in (("2027-01-12T08:00:00-05:00", "issued", "late"), ("", "", "open"))
        ],
    }
]  # fmt: skip

DECISIONS = [
    {
        "case": "denied",
        "claim": PAS,
        "item": 1,
        "action": "denied",
        "reasons": [
            {
                "system": "",
                "code": "",
                "text": "Criteria of policy 114.2 are not met: no trial of conservative therapy of 6 weeks",
                "found": "processNote",
            }
        ],
        "at": "Bundle.entry[0].resource.item[0]",
    },
    {
        "case": "mixed",
        "claim": PAS,
        "item": 2,
        "action": "denied",
        "reasons": [],
        "at": "Bundle.entry[0].resource.item[1]",
    },
    {
        "case": "mixed",
        "claim": PAS,
        "item": 3,
        "action": "denied",
        "reasons": [
            {"system": "https://codesystem.x12.org/external/886", "code": "0P", "text": "", "found": "reviewAction"}
        ],
        "at": "Bundle.entry[0].resource.item[2]",
    },
]


def _header(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "schema": 1,
        "harness": {
            "name": "payer-conformance",
            "version": "0.1.0",
            "catalogue_sha256": hashlib.sha256(b"catalogue").hexdigest(),
            "python": "3.12.4",
        },
        "target": {
            "name": "Example Health Plan, MA",
            "base_urls": sorted(BASES.values()),
            "payer_type": "ma",
            "part_d": True,
            "guides": {"hrex": ["1.2.0"], "pas": ["2.2.1"], "usdf": ["2.1.0"]},
            "environment": "test",
            "representative": False,
            "timezones": ["America/New_York", "America/Los_Angeles"],
            "sha256": hashlib.sha256(b"target").hexdigest(),
        },
        "options": {"intrusive": False, "strict": False, "include": ["proposed"], "baseline": "january.json"},
        "as_of": "2027-02-01",
        "started": "2027-02-01T14:02:05+00:00",
        "scope": {
            "apis": ["formulary", "payer-to-payer", "prior-auth"],
            "suites": [],
            "missing": ["patient-access", "provider-access"],
            "not_built": [],
        },
        "clock": {"offset_seconds": 0.0},
        "acknowledged": {
            "prior-auth.pended": {
                "reason": "The test environment decides everything at once; a reviewer's queue follows in March.",
                "until": "2027-03-31",
            }
        },
        "attested": {
            "payer-to-payer.opt-in": {
                "by": "J. Doe, privacy officer",
                "document": "Opt-in procedure, version 3",
                "sha256": hashlib.sha256(b"document").hexdigest(),
                "until": "2027-12-31",
            }
        },
        "requirements": rows,
    }


def exchanges() -> dict[str, dict[str, Any]]:
    """exchanges.jsonl of the run, by id."""
    lines = [_metadata(n) for n in range(1, 10)]
    lines += [_submit("e11", "approved", _response(2), 16.21), _submit("e12", "mixed", _response(14), 0.412)]
    lines += [_submit("e13", "denied", _response(1), 0.58)]
    lines += [_page(n) for n in range(20, 27)]
    match = f"{BASES['payer-to-payer']}/Patient/$member-match"
    refused = {"kind": "refused", "message": REFUSED}
    lines.append(exchange("e30", "payer-to-payer.member-match", "POST", match, failure=refused))
    return {line["id"]: line for line in lines}


def exchange(identifier: str, operation: str, method: str, url: str, **more: Any) -> dict[str, Any]:
    """One line of exchanges.jsonl."""
    body = more.get("body", "")
    return {
        "id": identifier,
        "operation": operation,
        "case": "",
        "claim": CLAIMS[operation.partition(".")[0]],
        "method": method,
        "url": url,
        "request_headers": {"accept": "application/fhir+json", "authorization": "[redacted]"},
        "request_body": "",
        "status": None if more.get("failure") else 200,
        "headers": {"content-type": "application/fhir+json; charset=utf-8", "date": "Mon, 01 Feb 2027 14:02:31 GMT"},
        "body": "",
        "bytes": len(body.encode("utf-8", "replace")),
        "sha256": hashlib.sha256(body.encode("utf-8", "replace")).hexdigest() if body else "",
        "started": "2027-02-01T14:02:31.120000+00:00",
        "seconds": 0.231,
        "failure": None,
        "curl": f"curl -sS -X {method} '{url}' -H 'Accept: application/fhir+json' -H \"Authorization: Bearer $TOKEN\"",
        **more,
    }


def _metadata(number: int) -> dict[str, Any]:
    guide = "http://hl7.org/fhir/us/davinci-pas/ImplementationGuide/hl7.fhir.us.davinci-pas|2.0.1"
    body = {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "fhirVersion": "4.0.1",
        "kind": "instance",
        "implementationGuide": [guide],
    }
    url = f"{BASES['prior-auth']}/metadata"
    return exchange(f"e{number}", "discovery.metadata", "GET", url, body=json.dumps(body))


def _submit(identifier: str, case: str, response: dict[str, Any], seconds: float) -> dict[str, Any]:
    request = {
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": "2027-02-01T14:02:31Z",
        "entry": [
            {
                "fullUrl": "urn:uuid:6f1c2d4e-0a51-4c1b-9a44-1f7a1f0a9e01",
                "resource": {
                    "resourceType": "Claim",
                    "status": "active",
                    "use": "preauthorization",
                    "patient": {"reference": "Patient/member-1"},
                    "item": [{"sequence": n + 1, "quantity": {"value": 1}} for n in range(len(response["item"]))],
                },
            },
            {"resource": {"resourceType": "Patient", "id": "member-1", "name": [{"family": "member-1"}]}},
        ],
    }
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": "2027-02-01T14:02:31Z",
        "identifier": {"system": "https://example-health.test/bundles", "value": identifier},
        "entry": [
            {"fullUrl": "https://api.example-health.test/pas/r4/ClaimResponse/812", "resource": response},
            {"resource": {"resourceType": "Patient", "id": "member-1", "name": [{"family": "member-1"}]}},
        ],
    }
    url = f"{BASES['prior-auth']}/Claim/$submit"
    return exchange(identifier, "prior-auth.submit", "POST", url, case=case, request_body=json.dumps(request),
                    body=json.dumps(bundle), seconds=seconds)  # fmt: skip


def _response(items: int) -> dict[str, Any]:
    return {
        "resourceType": "ClaimResponse",
        "id": "812",
        "status": "active",
        "use": "preauthorization",
        "outcome": "complete",
        "created": "2027-02-01",
        "patient": {"reference": "Patient/member-1"},
        "item": [_item(n) for n in range(items)],
    }


def _item(number: int) -> dict[str, Any]:
    action = "A1" if number > 1 else "A3"
    system = "https://codesystem.x12.org/005010/306"
    return {
        "itemSequence": number + 11,
        "adjudication": [
            {
                "extension": [
                    {
                        "url": "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-reviewAction",
                        "extension": [
                            {
                                "url": "http://hl7.org/fhir/us/davinci-pas/StructureDefinition/extension-reviewActionCode",
                                "valueCodeableConcept": {"coding": [{"system": system, "code": action}]},
                            }
                        ],
                    }
                ],
                "category": {"coding": [{"code": "submitted"}]},
            }
        ],
    }


def _page(number: int) -> dict[str, Any]:
    bundle = {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": 240,
        "entry": [
            {"resource": {"resourceType": "Basic", "id": f"item-{n}", "code": {"coding": [{"code": "formulary-item"}]},
                          "subject": {"reference": f"MedicationKnowledge/drug-{n}"}}}
            for n in range((number - 20) * 12, (number - 19) * 12)
        ],
    }  # fmt: skip
    url = f"{BASES['formulary']}/Basic?code=formulary-item&_count=12&page={number - 19}"
    return exchange(f"e{number}", "formulary.search", "GET", url, body=json.dumps(bundle))

"""Whether the target file says enough to ask: members, cases, and every fact that a request needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from conformance import clock
from conformance.cases import body_of, request_facts
from conformance.doctor.check import Check, joined
from conformance.errors import NotTested, UsageError
from conformance.target import Case, Target

CASES: Mapping[str, tuple[str, ...]] = {
    "prior-auth": ("approved", "denied", "pended", "modified", "mixed", "expedited"),
    "payer-to-payer": (
        "one-match", "no-match", "several-matches", "consent-ended", "consent-sensitive", "consent-other-payer",
    ),
}  # fmt: skip
LISTED = "pa_list"
TEMPLATES = {"prior-auth": "pas-request", "payer-to-payer": "hrex-member-match"}
NEEDS = ("prior-authorization", "step-therapy", "quantity-limit")
US_NPI = "http://hl7.org/fhir/sid/us-npi"


def member_checks(target: Target) -> Iterator[Check]:
    """Two synthetic members, wherever somebody's data is asked for."""
    if not CASES.keys() & target.apis.keys():
        return
    if not target.members:
        yield Check("members", False, "there is none to ask about", "your file", "[members.first]")
    elif len(target.members) == 1:
        message = "there is one; without a second nothing shows that the first sees nothing of it"
        yield Check("members", True, message, "your file", "[members.second]")
    else:
        yield Check("members", True, f"{len(target.members)}: {joined(target.members)}")


def case_checks(target: Target) -> Iterator[Check]:
    """The cases of each API, and whether a request can be made of each."""
    for api in target.apis:
        if api == "formulary":
            yield _drugs(target)
        elif api == "coverage-discovery":
            yield _listed(target)
        elif api in CASES:
            yield from _declared(target, api)
            for case in target.cases.get(api, {}).values() if target.may_write else ():
                yield from _request(target, case)
            if api == "prior-auth":
                yield from _known(target)


def _drugs(target: Target) -> Check:
    cases = target.cases.get("formulary", {}).values()
    if not cases:
        return Check("cases.formulary", True, "no drug is declared as covered", "your file", "[cases.formulary.NAME]")
    absent = [need for need in NEEDS if not any(need in case.facts.get("needs", ()) for case in cases)]
    message = f"{len(cases)} drugs are declared"
    if absent:
        return Check("cases.formulary", True, f"{message}; none that needs {joined(absent)}", "your file", "needs")
    return Check("cases.formulary", True, message)


def _listed(target: Target) -> Check:
    cases = target.cases.get("coverage-discovery", {}).values()
    if not cases:
        message = "no service is listed: what needs prior authorization is not judged"
        return Check(LISTED, False, message, "your file", f"[[{LISTED}]]")
    if not any("documentation" in case.facts.get("needs", ()) for case in cases):
        message = f"{len(cases)} services are listed; none that documentation is asked for"
        return Check(LISTED, True, message, "your file", f"{LISTED}.needs")
    return Check(LISTED, True, f"{len(cases)} services are listed")


def _declared(target: Target, api: str) -> Iterator[Check]:
    given = target.cases.get(api, {})
    absent = [name for name in CASES[api] if name not in given]
    name = f"cases.{api}"
    if not given and target.may_write:
        yield Check(name, False, "there is no case to ask for", "your file", f"[{name}.{CASES[api][0]}]")
    elif absent and target.may_write:
        message = f"not declared, so not tested: {joined(absent)}"
        yield Check(name, True, message, "your file", joined(f"[{name}.{each}]" for each in absent))
    elif given:
        yield Check(name, True, f"{len(given)} cases" + ("" if target.may_write else ", none of which is sent here"))


def _request(target: Target, case: Case) -> Iterator[Check]:
    """The request of a case made and thrown away; a check only where it cannot be made."""
    key = f"cases.{case.api}.{case.name}"
    try:
        body_of(case, TEMPLATES[case.api], _facts(target, case), key)
    except NotTested as wrong:
        yield Check(key, False, f"its request {wrong.message}", "your file", wrong.change)
    except UsageError as wrong:
        yield Check(key, False, wrong.message, "your file", f"{key}.body")


def _facts(target: Target, case: Case) -> dict[str, Any]:
    moment = clock.now()
    day = moment.date().isoformat()
    facts = request_facts(target, case, sent="doctor", now=moment.isoformat(timespec="seconds"), stamp=day)
    npi = {"system": US_NPI, "value": target.requester.get("npi")}
    return {**facts, "new_payer": {"identifier": npi, "name": target.requester.get("name")}}


def _known(target: Target) -> Iterator[Check]:
    rows = target.known.get("prior-auth", ())
    urgencies = {row.urgency for row in rows}
    if absent := [urgency for urgency in ("standard", "expedited") if urgency not in urgencies]:
        message = f"no {joined(absent)} authorization is known that exists already: its decision time is not judged"
        yield Check("known.prior-auth", True, message, "your file", "[[known.prior-auth]]")
    else:
        yield Check("known.prior-auth", True, f"{len(rows)} authorizations")

"""What a run saw beside its verdicts: how long answers took, and every denial with its reasons.

What reads a claim is imported where the run asked one of that kind: a run of one suite does not wait for the others'.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from conformance.rules import latency_limits, samples
from conformance.run import Run, Subject
from conformance.target import Claim

if TYPE_CHECKING:
    from conformance.apis.one_drug import OneDrug


def seen(run: Run) -> dict[str, Any]:
    """The extra members of the footer: ``latency``, ``formularies``, ``drug_files``, ``drug_sources``, ``decisions``
    (denied items) and ``timelines``."""
    subject = next(iter(run.subjects.values()))
    subject.recording.end()
    known = (claim for api in run.target.apis.values() for claim in api.claim_list())
    claims = [claim for claim in known if subject.recording.asked(claim)]
    text = subject.journal.redactor.text
    return {
        "latency": [row for claim in claims for row in _latency(subject, claim)],
        "formularies": [row for claim in claims if claim.ig == "usdf" for row in _counted(subject, claim)],
        "drug_files": [row for claim in claims if claim.ig == "qhp" for row in _published(subject, claim)],
        "drug_sources": [row for claim in claims if claim.ig == "usdf" for row in _side_by_side(subject, claim)],
        "decisions": [
            {key: text(value) if isinstance(value, str) else value for key, value in row.items()}
            for claim in claims
            if claim.ig == "pas"
            for row in denial_rows(subject, claim)
        ],
        "timelines": [row for claim in claims if claim.ig == "pas" for row in _timelines(subject, claim)],
    }


def _latency(subject: Subject, claim: Claim) -> list[dict[str, Any]]:
    rows = []
    limits = {each.operation: each.seconds for each in latency_limits()}
    for operation in ("prior-auth.submit", "prior-auth.inquire", "formulary.search", "payer-to-payer.member-match"):
        seconds = sorted(each.seconds for each in samples(subject.recording, claim, operation))
        if seconds:
            rows.append({
                "operation": operation,
                "claim": claim.label,
                "seconds": [round(each, 4) for each in seconds],
                "limit": limits.get(operation),
                "level": "should" if operation in limits else None,
                "p50": round(percentile(seconds, 0.5), 4),
                "p95": round(percentile(seconds, 0.95), 4),
                "max": round(seconds[-1], 4),
                "count": len(seconds),
            })  # fmt: skip
    return rows


def percentile(ordered: Sequence[float], share: float) -> float:
    """The nearest-rank percentile of ordered values."""
    return ordered[min(len(ordered) - 1, max(0, -(-int(share * 1000) * len(ordered) // 1000) - 1))]


def denial_rows(subject: Subject, claim: Claim) -> list[Mapping[str, Any]]:
    """Every denial that was told: by submissions, by inquiries about them, about the known authorizations."""
    from conformance.flows.decisions import Decisions
    from conformance.flows.prior_auth import PriorAuth

    try:
        denials = Decisions(PriorAuth(subject.recording, claim)).every_denial()
    except Exception:  # whatever it is, a scenario has told it
        return []
    return [
        {
            "case": each.told.removeprefix("cases.prior-auth."),
            "claim": claim.label,
            "item": each.item.sequence,
            "action": "denied",
            "reasons": [
                {"system": r.system, "code": r.code, "text": text_of(subject, r.text), "found": r.found}
                for r in each.reasons
            ],
            "grade": each.grade,
            "drug": each.is_drug,
            "at": each.item.at,
        }
        for each in denials
    ]


def _timelines(subject: Subject, claim: Claim) -> list[dict[str, Any]]:
    """When each request came and was decided, against every clock that runs for it."""
    from conformance.clocks import Clocks, timelines
    from conformance.flows.decisions import Decisions
    from conformance.flows.prior_auth import PriorAuth

    try:
        histories = Decisions(PriorAuth(subject.recording, claim)).histories()
        return timelines(Clocks(subject.target), histories, claim.label)
    except Exception:  # whatever it is, a scenario has told it
        return []


def _counted(subject: Subject, claim: Claim) -> list[dict[str, Any]]:
    """What a formulary holds, counted: its items, those under each limit, its tiers."""
    from conformance.apis.formulary_limits import counted
    from conformance.flows.formulary import Formulary

    formulary = Formulary(subject.recording, claim)
    try:
        if not formulary.was_listed():
            return []
        items = formulary.items
        looks = formulary.handed.looks if formulary.handed else {}
        return [
            {
                "claim": claim.label,
                "plans": len(formulary.plans),
                "formularies": len(formulary.formularies),
                "drugs": len(formulary.drugs),
                **counted(items),
                "looked_at": {kind: {"all": look.all, "closely": look.closely} for kind, look in looks.items()},
            }
        ]
    except Exception:  # whatever it is, a scenario has told it
        return []


def _published(subject: Subject, claim: Claim) -> list[dict[str, Any]]:
    """What an issuer's files hold, counted."""
    from conformance.flows.drug_files import DrugFiles

    try:
        counts = DrugFiles(subject.recording, claim).counted()
    except Exception:  # whatever it is, a scenario has told it
        return []
    return [{"claim": claim.label, **counts}] if counts else []


def _side_by_side(subject: Subject, claim: Claim) -> list[dict[str, Any]]:
    """What every source says of each declared drug, as far as this run has asked them."""
    from conformance.flows.drug_sources import DrugSources
    from conformance.flows.formulary import Formulary

    try:
        if not Formulary(subject.recording, claim).was_listed():
            return []
        drugs = DrugSources(subject.recording, claim).every()
    except Exception:  # whatever it is, a scenario has told it
        return []
    return [{"claim": claim.label, **_drug_row(drug, subject.journal.redactor.text)} for drug in drugs]


def _drug_row(drug: OneDrug, redacted: Callable[[str], str]) -> dict[str, Any]:
    from conformance.apis.one_drug import BENEFITS, FACTS

    within = {fact for benefit in BENEFITS for fact in drug.part([benefit]).differing}
    return {
        "case": drug.case,
        "drug": drug.code,
        "name": redacted(drug.name),
        "sources": [
            {
                "benefit": each.benefit,
                "source": each.source,
                "at": redacted(each.at),
                **{_key(fact): redacted(told) if isinstance(told, str) else told for fact, told in each.by_fact()},
            }
            for each in drug.said
        ],
        "differs": [_key(fact) for fact in FACTS if fact in within],
        "benefits_differ": [_key(fact) for fact in drug.differing if fact not in within],
    }


def _key(fact: str) -> str:
    return fact.replace("-", "_")


def text_of(subject: Subject, text: str) -> str:
    """A reason's text as it may be shown."""
    return subject.journal.redactor.text(text)

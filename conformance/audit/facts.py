"""The facts of one decision, as columns: what each means, under which names logs have it, which words it may hold."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Fact:
    """One column of the table of decisions; ``names`` are headings under which it is known, in small letters."""

    name: str
    means: str
    names: tuple[str, ...] = ()
    stamp: bool = False


FACTS: tuple[Fact, ...] = (
    Fact(
        "key",
        "the number of the request or authorization",
        (
            "auth_number", "authorization_number", "authorization_id", "auth_id", "request_id", "case_id",
            "case_number",
            "decision_id", "id", "authorization_or_claim_number", "tracking_number", "authorization", "request_number",
            "reference_number", "referral_number", "referral",
        ),
    ),
    Fact(
        "item",
        "the number of the item within its request, where there is a row for each",
        (
            "line_number", "line_item", "line_item_number", "item_number", "item_sequence", "service_line",
            "service_line_number",
        ),
    ),
    Fact(
        "received",
        "when the request came in, by whatever channel",
        (
            "received_at", "receipt", "received_date", "request_received", "date_received", "date_request_received",
            "request_date", "received_datetime", "date_the_request_was_received", "submitted", "submitted_at",
            "date_of_receipt", "receipt_date", "date_of_request", "request_received_date", "submission_date",
        ),
        stamp=True,
    ),
    Fact(
        "decided",
        "when the last item was decided",
        (
            "decided_at", "decision_date", "determination_date", "date_of_determination", "decision_datetime",
            "date_decided", "date_of_decision", "decision_time", "final_determination_date", "final_decision_date",
            "disposition_date",
        ),
        stamp=True,
    ),
    Fact(
        "notified",
        "when the provider or member was told: the clock ends here",
        (
            "notified_at", "notice", "notice_date", "notification_date", "date_notified", "notified_date",
            "date_of_notification", "date_written_notification_provided", "date_member_notified",
            "date_enrollee_notified", "date_provider_notified", "date_written_notification_provided_to_enrollee",
            "notice_sent", "notice_sent_date", "notification_sent_date", "letter_date", "letter_sent_date",
            "letter_mail_date", "letter_mailed_date", "mail_date", "mailed_date",
        ),
        stamp=True,
    ),
    Fact(
        "notified_orally",
        "when they were told by word of mouth: the first notice of either kind ends the clock",
        (
            "oral_notification_date", "date_oral_notification_provided", "date_oral_notification_provided_to_enrollee",
            "verbal_notification_date", "oral_notice_date", "verbal_notice_date",
        ),
        stamp=True,
    ),
    Fact(
        "responded",
        "when a drug request was first answered (Medicaid)",
        ("responded_at", "response_date", "first_response"),
        stamp=True,
    ),
    Fact(
        "outcome",
        "what was decided",
        (
            "decision", "status", "disposition", "determination", "request_disposition", "request_determination",
            "result", "authorization_status", "case_status", "request_status", "line_status", "decision_status",
            "status_code", "decision_code", "determination_code", "outcome_code",
            "final_disposition", "final_determination", "final_decision", "final_status", "line_determination",
            "line_decision", "line_disposition",
        ),
    ),
    Fact("kind", "item, or which kind of drug", ("type", "request_type", "benefit", "service_type", "category")),
    Fact(
        "urgency",
        "standard or expedited, as it was processed",
        (
            "priority", "urgency_granted", "processed_as", "review_type", "expedited", "level_of_service",
            "was_the_request_processed_as_standard_or_expedited", "urgency_code", "priority_code", "processed_priority",
            "request_priority", "urgent",
        ),
    ),
    Fact(
        "urgency_asked",
        "standard or expedited, as it was asked",
        ("requested_urgency", "requested_priority", "asked"),
    ),
    Fact(
        "urgency_changed",
        "when a standard request was asked to be expedited after all",
        ("upgraded_at", "expedite_requested_at"),
        stamp=True,
    ),
    Fact("extended", "whether the time was extended", (
        "extension", "was_extended", "timeframe_extended", "extension_taken", "was_a_timeframe_extension_taken",
        "14_day_extension", "extension_granted",
    )),
    Fact("extended_by", "who asked for the extension, or why it was taken", (
        "extension_by", "extension_reason", "extension_requested_by",
    )),
    Fact(
        "extension_notice",
        "when the extension was announced in writing",
        ("extension_notice_date", "extension_notified"),
        stamp=True,
    ),
    Fact("reason_code", "the code of the denial's reason", ("denial_reason_code", "denial_code", "reason_code")),
    Fact(
        "reason",
        "the denial's reason in words",
        (
            "denial_reason", "reason_text", "rationale", "denial_rationale", "reason_for_denial",
            "denial_reason_description", "denial_reason_text", "reason_description",
        ),
    ),
    Fact("channel", "api, portal, fax, phone, letter", (
        "submission_channel", "source", "method", "intake_channel", "intake", "intake_method", "submission_method",
    )),
    Fact("delegate", "who decided in the payer's place", ("fdr", "delegated_entity", "vendor", "delegated_to")),
    Fact("line", "the line of business", (
        "line_of_business", "lob", "business_line", "product_line", "line_of_business_code",
    )),
    Fact("plan", "the contract, plan or issuer that reports", ("plan_id", "contract_id", "contract", "plan_name")),
    Fact("service", "the code asked for", (
        "service_code", "procedure_code", "cpt", "hcpcs", "code", "ndc", "procedure", "cpt_code", "hcpcs_code",
        "cpt_hcpcs_code",
    )),
    Fact("specialty", "the requester's specialty", ("provider_specialty", "taxonomy", "requesting_provider_specialty")),
    Fact("appeal", "what an appeal of it led to", ("appeal_outcome", "appeal_result", "appeal_decision")),
    Fact(
        "exclusion",
        "why the clocks do not count it",
        ("excluded", "exclusion_reason", "case_type", "excluded_because"),
    ),
    Fact("updated", "when the row was last changed: of two rows for one decision the later counts",
         ("updated_at", "last_updated", "modified_at", "version", "last_modified", "last_modified_date",
                 "last_updated_date"), stamp=True),
)  # fmt: skip
BY_NAME: Mapping[str, Fact] = {fact.name: fact for fact in FACTS}
STAMPS = tuple(fact.name for fact in FACTS if fact.stamp)

# What the words of a column may be; everything else is told as unknown. Keys are in small letters, spaces for signs.
WORDS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "outcome": {
        "approved": ("approved", "approve", "a1", "certified", "certified in total", "favorable", "authorized",
                     "granted",
                     "fully approved", "fully favorable", "approval", "appr", "app"),
        "denied": ("denied", "deny", "a3", "adverse", "not certified", "unfavorable", "denial", "rejected", "refused",
                   "fully denied", "not approved", "den", "not medically necessary"),
        "partial": ("partial", "a2", "a6", "modified", "partially approved", "partially denied", "partially favorable",
                    "partial approval", "partial denial", "approved in part", "modification",
                    "partial deny", "partial approve"),
        "pended": ("pended", "a4", "pending", "open", "in review", "under review", "in progress", "undecided", "ct"),
        "withdrawn": ("withdrawn", "c", "cancelled", "canceled", "withdrawal", "void", "voided", "wdn"),
        "dismissed": ("dismissed", "dismissal", "dsm"),
        "not-required": ("na", "no action", "no action required", "not required", "no auth required",
                         "no authorization required", "no prior authorization required"),
    },
    "urgency": {
        "standard": ("standard", "normal", "routine", "no", "n", "false", "0", "s", "non urgent", "deferred", "e",
                     "elective", "std", "r", "reg", "regular"),
        "expedited": ("expedited", "urgent", "stat", "yes", "y", "true", "1", "u", "03", "emergency", "exp", "urg",
                      "asap", "emergent"),
    },
    "kind": {
        "item": ("item", "items", "service", "services", "medical", "item or service", "items and services",
                 "procedure",
                 "dme", "inpatient", "outpatient", "professional", "institutional", "oral", "pre service"),
        "part-b": ("part b", "part b drug", "part b drugs", "medical drug", "medical benefit drug"),
        "part-d": ("part d", "part d drug", "part d drugs"),
        "covered-outpatient": ("covered outpatient", "covered outpatient drug", "outpatient drug", "cod"),
        "bundled": ("bundled", "bundled drug"),
        "other-drug": ("drug", "drugs", "rx", "medication", "prescription drug", "pharmacy", "pharmacy drug",
                       "pharmacy benefit", "other drug"),
        "exception": ("exception", "formulary exception", "tiering exception", "non formulary"),
    },
    "extended": {
        "yes": ("yes", "y", "true", "1", "extended", "14", "x"),
        "no": ("no", "n", "false", "0", "none", "not extended", "na", "n a"),
    },
    "appeal": {
        "approved": ("approved", "overturned", "overturn", "favorable", "approved after appeal", "reversed",
                     "fully favorable"),
        "denied": ("denied", "upheld", "uphold", "unfavorable", "affirmed", "denied after appeal"),
        "pending": ("pending", "open", "yes", "y", "appealed", "in review"),
        "none": ("none", "no", "n", "not appealed", "false", "na", "n a"),
    },
    "exclusion": {
        "post-service": ("post service", "retrospective", "retro", "payment", "claim"),
        "concurrent": ("concurrent", "concurrent review", "continued stay"),
        "appeal": ("appeal", "reconsideration", "redetermination", "grievance"),
        "duplicate": ("duplicate", "dup"),
        "not-a-member": ("not a member", "ineligible", "not eligible", "member not found", "not enrolled"),
        "not-required": ("not required", "no auth required", "notification", "notification only"),
        "withdrawn": ("withdrawn", "cancelled", "canceled"),
        "dismissed": ("dismissed",),
        "none": ("none", "no", "n", "false", "0", "pre service", "prospective", "initial", "na", "n a"),
    },
}  # fmt: skip
WORDS = {**WORDS, "urgency_asked": WORDS["urgency"]}
EXCLUDING = frozenset({"withdrawn", "dismissed", "not-required"})  # outcomes that are no decision on the request
DECISIONS = ("approved", "partial", "denied")
DRUGS = ("part-b", "part-d", "covered-outpatient", "bundled", "other-drug", "exception")


def plain(text: str) -> str:
    """A heading or word in small letters, with single spaces for everything that is neither letter nor digit."""
    return " ".join(re.findall(r"[a-z0-9]+", text.casefold()))


# How headings are cut short; what says only that a column holds a date, a number or a mark is one word for each.
_LONG = {
    "auth": "authorization", "rcvd": "received", "recd": "received", "rcv": "received", "recv": "received",
    "req": "request", "notif": "notification", "determ": "determination", "rsn": "reason", "desc": "description",
    "proc": "procedure", "svc": "service", "prov": "provider", "ext": "extension", "sts": "status", "cd": "code",
    "mbr": "member", "disp": "disposition", "ltr": "letter",
    **dict.fromkeys(("dt", "at", "ts", "timestamp", "datetime", "dttm", "on"), "date"), "tm": "time",
    **dict.fromkeys(("id", "no", "num", "nbr", "identifier"), "number"),
}  # fmt: skip
_EMPTY = frozenset({"the", "of", "was", "is", "a", "to", "flag", "ind", "indicator", "y", "n", "yn"})


def heading(text: str) -> frozenset[str]:
    """What a heading says, however it is cut short and turned: "Rcvd Dt" is "received_at", "Line #" a number."""
    words = frozenset(_LONG.get(each, each) for each in plain(text.replace("#", " number ")).split())
    if {"date", "time"} <= words:
        words -= {"time"}  # "date/time" is a whole stamp, as a date may be
    return words - _EMPTY or words


# What several words tell of a decision: the first of them ("denied - not covered", "withdrawn by provider").
_FIRST = {
    "approved": r"approved?|authori[sz]ed|certified", "denied": r"den(y|ied|ial)", "partial": r"partial(ly)?|modified",
    "withdrawn": r"withdrawn|cancell?ed|voided", "dismissed": r"dismissed", "pended": r"pend(ed|ing)",
}  # fmt: skip
_IN_PART = r"part|partial(ly)?|modifi\w+"
_LATER = r"appeal\w*|overturn\w*|upheld|reconsider\w*|reopen\w*"  # it was decided twice


def word(fact: str, said: str) -> str | None:
    """What a word of a column means in our words; None where it is unknown."""
    known = plain(said)
    exact = next((ours for ours, theirs in WORDS[fact].items() if known == plain(ours) or known in theirs), None)
    return exact or (_decision(known) if fact == "outcome" else None)


def _decision(said: str) -> str | None:
    first, _, rest = said.partition(" ")
    ours = next((name for name, words in _FIRST.items() if re.fullmatch(words, first)), None)
    others = {name for name, words in _FIRST.items() if re.search(rf"\b({words})\b", rest)} - {ours}
    if ours is None or re.search(rf"\b({_LATER})\b", rest):
        return None
    if ours in ("approved", "denied", "partial") and (ours == "partial" or re.search(rf"\b({_IN_PART})\b", rest)):
        return "partial" if others <= {"approved", "denied", "partial"} else None
    return None if others else ours

"""Lawful variants of bulk exchange: payer-to-payer and Provider Access."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from conformance.sandbox.faults import bulk_edits as edits
from conformance.sandbox.faults import changes
from conformance.sandbox.frame import Bend, Resource, Seed, Variant

EXPORT, STATUS, FILE = "bulk.export", "bulk.status", "bulk.file"

DOCUMENTED, NOTES = "prior-authorization-documented-first", "notes-first"
OWN_NUMBER: Resource = {
    "identifier": [{"system": "https://payer.example.org/cases", "value": "case-000731"}],
    "preAuthRef": ["case-000731"],
}


def _edited(ident: str, change: Callable[[Resource], Resource]) -> Callable[[Seed], Seed]:
    """One of the first member's records with other elements."""
    return edits.of_first(lambda found: [{**each, **change(each)} if each["id"] == ident else each for each in found])


def _referring_back(seed: Seed) -> Seed:
    related = {"related": [{"reference": f"ExplanationOfBenefit/{DOCUMENTED}"}]}
    return _edited(NOTES, lambda _: {"context": related})(edits.without_links(seed))


def _enclosing(seed: Seed) -> Seed:
    def enclosed(one: Resource) -> Resource:
        document = {"contentType": "text/plain", "data": "S25lZSBwYWluIGZvciBzaXggbW9udGhz"}
        [info] = one["supportingInfo"]
        told = {key: value for key, value in info.items() if key != "valueReference"}
        return {"supportingInfo": [{**told, "valueAttachment": document}]}

    return edits.without(NOTES)(_edited(DOCUMENTED, enclosed)(seed))


VARIANTS: tuple[Variant, ...] = (
    Variant(
        "documents_refer_to_authorizations",
        "A document refers to the authorization that it belongs to, not the other way round.",
        seed=_referring_back,
    ),
    Variant(
        "encloses_documents",
        "A document is attached in the authorization itself.",
        seed=_enclosing,
    ),
    Variant(
        "numbers_authorizations_inside",
        "An authorization has its number in the decision on its item alone.",
        seed=_edited(DOCUMENTED, lambda _: OWN_NUMBER),
    ),
    Variant(
        "files_take_no_token",
        "Files are at URLs that nobody can guess, and take no token.",
        policies=changes.rule("exchange", files_open=True),
    ),
    Variant(
        "exports_take_longer",
        "A job is complete at the fourth time of asking.",
        policies=changes.rule("exchange", polls=3),
    ),
    Variant(
        "exports_over_night",
        "An export is complete twenty hours later.",
        policies=changes.rule("exchange", export_hours=20),
        later=timedelta(hours=21),
    ),
    Variant(
        "retries_at_a_date",
        "Retry-After is a date, and one that has passed.",
        bend=Bend(STATUS, edits.with_retry_date, edits.accepted),
    ),
    Variant(
        "says_not_when_to_retry",
        "A status in progress has no Retry-After.",
        bend=Bend(STATUS, edits.without_retry, edits.accepted),
    ),
    Variant(
        "counts_nothing",
        "The manifest has no counts.",
        bend=Bend(STATUS, edits.files(lambda listed: listed.pop("count")), edits.is_manifest),
    ),
    Variant(
        "manifest_with_an_extension",
        "The manifest has an extension and a list of deleted resources.",
        bend=Bend(STATUS, changes.plain_json(lambda body: body.update(extension={}, deleted=[])), edits.is_manifest),
    ),
    Variant(
        "files_are_not_packed",
        "Files are given as they are, though the client would take them packed.",
        bend=Bend(FILE, edits.unpacked, changes.succeeded),
    ),
    Variant(
        "files_of_another_media_type",
        "Files are application/ndjson.",
        bend=Bend(FILE, edits.plain_ndjson),
    ),
    Variant(
        "refers_absolutely",
        "References to patients are absolute URLs, in Groups and records.",
        bend=Bend(FILE, edits.text(edits.absolute), changes.succeeded),
    ),
    Variant(
        "contains_copies_of_members",
        "Conditions contain their patient without an identifier.",
        bend=Bend(FILE, edits.lines(edits.with_copies), changes.succeeded),
    ),
    Variant(
        "exports_whole_members_only",
        "An export of some types is refused.",
        bend=Bend(EXPORT, edits.keeps_types_to_itself, edits.names_types),
    ),
    Variant(
        "exports_until_now_only",
        "An export until a moment is refused.",
        bend=Bend(EXPORT, edits.keeps_until_to_itself, edits.names("_until")),
    ),
    Variant(
        "groups_without_submitted_patients",
        "The Group of the matched members refers to the payer's own Patients alone.",
        bend=Bend(FILE, edits.lines(edits.groups(edits.without_submitted)), edits.of_pdex_2_1),
        versions=("pdex=2.1.0",),
    ),
    Variant(
        "numbers_groups_itself",
        "Groups have identifiers of the payer's own, with what a search has to escape, and are found by them.",
        policies=changes.rule("exchange", groups_known_by="payer"),
    ),
    Variant(
        "numbers_no_groups",
        "Groups have no identifier, and are found by their code.",
        policies=changes.rule("exchange", groups_known_by="nobody"),
    ),
    Variant(
        "answers_a_match_in_place",
        "The status of a bulk match answers its Parameters in place of a manifest.",
        policies=changes.rule("exchange", answers_in_place=True),
        versions=("pdex=2.1.0",),
    ),
)

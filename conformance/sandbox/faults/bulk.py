"""Faults of bulk exchange, payer-to-payer and Provider Access; its lawful variants lie in a module of their own."""

from __future__ import annotations

from datetime import timedelta

from conformance.sandbox.faults import bulk_edits as edits
from conformance.sandbox.faults import changes
from conformance.sandbox.faults.bulk_variants import VARIANTS
from conformance.sandbox.frame import Bend, Fault

EXPORT, STATUS, FILE, CANCEL, GROUPS = "bulk.export", "bulk.status", "bulk.file", "bulk.cancel", "bulk.groups"
METADATA = "discovery.metadata"
OLD = ("claim-old-first", "encounter-old-first", "claim-ancient-first")
WITH_2_2 = ("pdex=2.2.0",)

FAULTS: tuple[Fault, ...] = (
    Fault(
        "calls_an_export_done_at_once",
        "The kick-off of an export is answered with 200.",
        ("bulk.kick-off", "provider-access.standards"),
        bend=Bend(EXPORT, edits.done_at_once, edits.accepted),
    ),
    Fault(
        "exports_by_the_standard_alone",
        "The guide's export of a Group is not there, the standard's is: the law is kept.",
        ("bulk.kick-off",),
        policies=changes.rule("exchange", standard_export=True),
        versions=("pdex=2.1.0", "pdex=2.2.0"),
    ),
    Fault(
        "hides_the_status_of_an_export",
        "The kick-off of an export names no status URL.",
        ("bulk.kick-off",),
        bend=Bend(EXPORT, edits.without_status_url, edits.accepted),
    ),
    Fault(
        "gives_a_relative_status_url",
        "The kick-off of an export names a status URL that is not absolute.",
        ("bulk.kick-off",),
        bend=Bend(EXPORT, edits.with_status_url("bulk-status/{id}"), edits.accepted),
    ),
    Fault(
        "sends_clients_into_its_network",
        "The status URL of an export is an address in a private network.",
        ("bulk.kick-off",),
        bend=Bend(EXPORT, edits.with_status_url("https://10.0.0.1/jobs/{id}"), edits.accepted),
    ),
    Fault(
        "forgets_when_the_export_was_made",
        "The manifest has no transactionTime.",
        ("bulk.manifest",),
        bend=Bend(STATUS, changes.plain_json(lambda body: body.pop("transactionTime")), edits.is_manifest),
    ),
    Fault(
        "forgets_what_takes_a_token",
        "The manifest does not say whether files take a token.",
        ("bulk.manifest",),
        bend=Bend(STATUS, changes.plain_json(lambda body: body.pop("requiresAccessToken")), edits.is_manifest),
    ),
    Fault(
        "fails_every_export",
        "The status of every job ends with 500.",
        ("bulk.manifest",),
        bend=Bend(STATUS, changes.to_server_error, edits.is_manifest),
    ),
    Fault(
        "counts_wrongly",
        "The manifest counts one resource more than each file holds.",
        ("bulk.files",),
        bend=Bend(STATUS, edits.files(edits.counts_one_more), edits.is_manifest),
    ),
    Fault(
        "tears_its_files",
        "Each file ends in the middle of a resource.",
        ("bulk.files",),
        bend=Bend(FILE, edits.text(edits.torn), changes.succeeded),
    ),
    Fault(
        "gives_web_pages_for_files",
        "Each file is a web page.",
        ("bulk.files",),
        bend=Bend(FILE, changes.to_html, changes.succeeded),
    ),
    Fault(
        "lists_files_of_its_disk",
        "The manifest names files on the payer's own disk.",
        ("bulk.files",),
        bend=Bend(STATUS, edits.files(edits.lies_in_a_file), edits.is_manifest),
    ),
    Fault(
        "lists_files_of_its_network",
        "The manifest names files at an address in a private network.",
        ("bulk.files",),
        bend=Bend(STATUS, edits.files(edits.lies_in_the_network), edits.is_manifest),
    ),
    Fault(
        "lists_other_types",
        "The manifest says of each file that it holds Basic resources.",
        ("bulk.files",),
        bend=Bend(STATUS, edits.files(edits.is_called_otherwise), edits.is_manifest),
    ),
    Fault(
        "begins_exports_for_anybody",
        "An export is begun for whoever brings no token.",
        ("bulk.protection",),
        bend=Bend(EXPORT, edits.begins_for_anybody, changes.unauthorized),
    ),
    Fault(
        "gives_files_to_anybody",
        "Status and files are given without the token that the manifest says they take.",
        ("bulk.own-exports", "bulk.protection"),
        policies=changes.rule("exchange", jobs_leak=True),
    ),
    Fault(
        "gives_files_to_every_client",
        "Status and files of an export are given to whoever brings a token.",
        ("bulk.own-exports",),
        policies=changes.rule("exchange", jobs_for_all=True),
    ),
    Fault(
        "keeps_deleted_jobs",
        "A job that was deleted is still there.",
        ("bulk.cancel",),
        policies=changes.rule("exchange", keeps_jobs=True),
    ),
    Fault(
        "finds_no_groups",
        "A search for Groups finds none.",
        ("bulk.groups",),
        bend=Bend(GROUPS, edits.finds_no_group, edits.is_search),
    ),
    Fault(
        "searches_no_groups",
        "A search for Groups is refused.",
        ("bulk.groups",),
        bend=Bend(GROUPS, edits.refuses_searches, edits.is_search),
    ),
    Fault(
        "shares_groups_with_all",
        "Groups are read and exported by any client.",
        ("bulk.own-exports", "bulk.own-groups", "provider-access.attribution"),
        policies=changes.rule("exchange", groups_for_all=True),
    ),
    Fault(
        "passes_over_types",
        "An export of some types holds all of them.",
        ("bulk.types",),
        policies=changes.rule("exchange", ignores_types=True),
    ),
    Fault(
        "finds_nothing_by_type",
        "An export of some types holds nothing.",
        ("bulk.types",),
        policies=changes.rule("exchange", knows_no_types=True),
    ),
    Fault(
        "passes_over_since",
        "An export of what was updated since a moment holds everything.",
        ("bulk.since",),
        policies=changes.rule("exchange", ignores_since=True),
    ),
    Fault(
        "passes_over_until",
        "An export of what was updated until a moment holds everything.",
        ("bulk.until",),
        policies=changes.rule("exchange", ignores_until=True),
    ),
    Fault(
        "gives_no_empty_groups",
        "A bulk match gives no Group that nobody is in.",
        ("pdex.empty-match",),
        policies=changes.rule("exchange", omits_empty_groups=True),
    ),
    Fault(
        "forgets_which_coverage_matched",
        "The Groups do not refer to the Coverages that were submitted.",
        ("pdex.several-coverages",),
        bend=Bend(FILE, edits.lines(edits.groups(edits.without_coverages)), changes.succeeded),
        versions=WITH_2_2,
    ),
    Fault(
        "passes_over_type_filters",
        "A type filter is taken and not applied.",
        ("pdex.type-filter",),
        policies=changes.rule("exchange", ignores_filters=True),
        versions=WITH_2_2,
    ),
    Fault(
        "groups_nobody_actual",
        "The Groups of a bulk match are not of actual persons.",
        ("pdex.match-groups",),
        bend=Bend(FILE, edits.lines(edits.groups(edits.of_nobody_actual)), changes.succeeded),
    ),
    Fault(
        "abridges_submitted_patients",
        "The Patients contained in a Group have lost their birth date.",
        ("pdex.submitted-patients",),
        bend=Bend(FILE, edits.lines(edits.groups(edits.abridged)), changes.succeeded),
        versions=WITH_2_2,
    ),
    Fault(
        "forgets_submitted_patients",
        "The Groups do not contain the Patients that were submitted.",
        ("pdex.submitted-patients",),
        bend=Bend(FILE, edits.lines(edits.groups(edits.without_contained)), edits.at_payers),
        versions=WITH_2_2,
    ),
    Fault(
        "renumbers_submitted_patients",
        "The Patients contained in a Group have other identifiers than were submitted.",
        ("pdex.submitted-patients",),
        bend=Bend(FILE, edits.lines(edits.groups(edits.renumbered)), changes.succeeded),
        versions=WITH_2_2,
    ),
    Fault(
        "sends_what_was_paid",
        "The first member's claims say what was paid for an item.",
        ("pdex.everything-amounts", "pdex.no-amounts", "pdex.provider-amounts"),
        seed=edits.with_amounts,
    ),
    Fault(
        "sends_past_authorizations",
        "Authorizations that ended long ago are exported.",
        ("pdex.past-authorizations",),
        policies=changes.rule("exchange", sends_past=True),
    ),
    Fault(
        "forgets_an_authorization",
        "An active authorization of the first member is not sent.",
        ("pdex.authorizations",),
        seed=edits.without("prior-authorization-first"),
    ),
    Fault(
        "forgets_the_documents",
        "The document of an authorization is not sent.",
        ("payer-to-payer.unstructured-documents", "pdex.authorization-documents"),
        seed=edits.without("notes-first"),
    ),
    Fault(
        "refers_to_no_documents",
        "No authorization refers to its documents.",
        ("payer-to-payer.unstructured-documents", "pdex.authorization-documents"),
        seed=edits.without_links,
    ),
    Fault(
        "transmits_anonymously",
        "No Provenance of an export names a transmitter.",
        ("pdex.provenance",),
        bend=Bend(FILE, edits.lines(edits.authored), changes.succeeded),
    ),
    Fault(
        "sends_more_than_five_years",
        "Claims of more than five years ago are exported to payers.",
        ("pdex.five-years-only",),
        policies=changes.rule("exchange", sends_older=True),
        versions=("pdex=2.1.0",),
    ),
    Fault(
        "keeps_four_years",
        "What is older than four years is not sent.",
        ("payer-to-payer.five-years", "provider-access.data"),
        seed=edits.without(*OLD),
    ),
    Fault(
        "keeps_six_years",
        "What is older than six years is not sent.",
        ("provider-access.data",),
        seed=edits.without("claim-ancient-first"),
    ),
    Fault(
        "looks_at_consents_once",
        "Whether a consent still holds is not looked at when data are exported.",
        ("pdex.consent-at-export",),
        policies=changes.rule("exchange", consent_checked_at_export=False),
    ),
    Fault(
        "exports_after_a_week",
        "An export is complete after a week.",
        ("payer-to-payer.response-time", "provider-access.response-time"),
        policies=changes.rule("exchange", export_hours=7 * 24),
        later=timedelta(days=6),
    ),
    Fault(
        "sends_too_much_over_night",
        "An export is complete twenty hours later, with who opted out and with authorizations that ended long ago.",
        ("pdex.past-authorizations", "provider-access.opt-out"),
        policies=changes.rule("exchange", export_hours=20, sends_past=True, opt_out_honoured=False),
        later=timedelta(hours=21),
    ),
    Fault(
        "declares_provider_access_fhir_r5",
        "The capability statement of Provider Access declares FHIR 5.0.0.",
        ("provider-access.standards",),
        bend=Bend(METADATA, changes.to_fhir_r5, lambda call, _answer: _is_provider(call.base_url)),
    ),
    Fault(
        "passes_over_opt_outs",
        "Who opted out of Provider Access is not left out.",
        ("provider-access.opt-out", "pdex.provider-match"),
        policies=changes.rule("exchange", opt_out_honoured=False),
    ),
    Fault(
        "keeps_opt_outs_for_ever",
        "Who opted in again is still left out.",
        ("provider-access.opt-out",),
        policies=changes.rule("exchange", opt_out_reversible=False),
    ),
)


def _is_provider(base_url: str) -> bool:
    return "/pdex-provider/" in base_url or "/bulk/" in base_url


__all__ = ["FAULTS", "VARIANTS"]

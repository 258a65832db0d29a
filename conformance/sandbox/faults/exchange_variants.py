"""Lawful variants of payer-to-payer."""

from __future__ import annotations

from conformance.sandbox.faults import changes
from conformance.sandbox.faults import exchange_edits as edits
from conformance.sandbox.frame import Bend, Variant

MATCH, EVERYTHING = "payer-to-payer.member-match", "payer-to-payer.everything"

VARIANTS: tuple[Variant, ...] = (
    Variant(
        "mentions_the_subscriber",
        "The first member is insured through the second, whom the coverage and a RelatedPerson mention.",
        seed=edits.subscriber,
    ),
    Variant(
        "match_not_found_without_a_token",
        "Without a token a member match answers 404.",
        bend=Bend(MATCH, changes.to_not_found, changes.unauthorized),
    ),
    Variant(
        "everything_not_found_without_a_token",
        "Without a token a member's data answer 404.",
        bend=Bend(EVERYTHING, changes.to_not_found, changes.unauthorized),
    ),
    Variant(
        "match_with_media_type_parameters",
        "The media type of a match carries parameters.",
        bend=Bend(MATCH, changes.with_media_type_parameters),
    ),
    Variant(
        "match_parameters_reordered",
        "A match answers its parameters in another order.",
        bend=Bend(MATCH, edits.parameters(lambda parameters: parameters[::-1]), changes.succeeded),
        versions=("hrex=1.1.0", "hrex=1.2.0"),
    ),
    Variant(
        "match_with_unknown_extensions",
        "The member identifier carries an extension of the payer's own.",
        bend=Bend(MATCH, edits.parameters(edits.with_unknown_extension), changes.succeeded),
    ),
    Variant(
        "match_identifier_typed_twice",
        "The member identifier's type has a local code before the guide's.",
        bend=Bend(MATCH, edits.parameters(edits.typed_twice), changes.succeeded),
    ),
    Variant(
        "refusals_coded_otherwise",
        "A refused match speaks in diagnostics and uses another issue type.",
        bend=Bend(MATCH, changes.resource(edits.coded_otherwise), edits.is_refusal),
    ),
    Variant(
        "knows_no_everything",
        "There is no operation for all of a member's data; each kind is searched.",
        bend=Bend(EVERYTHING, changes.to_not_found, edits.elsewhere),
    ),
    Variant(
        "does_not_do_everything",
        "The operation for all of a member's data is not implemented; each kind is searched.",
        bend=Bend(EVERYTHING, edits.does_not_do, edits.elsewhere),
    ),
    Variant(
        "keeps_everything_for_members",
        "The operation for all of a member's data is for members only; each kind is searched.",
        bend=Bend(EVERYTHING, edits.keeps_to_itself, edits.elsewhere),
    ),
    Variant(
        "matches_in_bulk_alone",
        "Members are matched in bulk alone.",
        bend=Bend(MATCH, changes.to_not_found, lambda call, _answer: call.version in edits.NEWER),
    ),
    Variant(
        "everything_in_pages",
        "The data come on two pages, the second behind a link that is relative to the first.",
        bend=Bend(EVERYTHING, edits.paged("?page=2"), changes.succeeded),
    ),
    Variant(
        "everything_in_pages_of_the_base",
        "The data come on two pages, the second behind a link that is relative to the base URL.",
        bend=Bend(EVERYTHING, edits.paged("Patient/{id}/$everything?page=2"), changes.succeeded),
    ),
    Variant(
        "keeps_maiden_names",
        "A Patient's first name is the maiden name.",
        bend=Bend(EVERYTHING, changes.resource(edits.own_patient(edits.maiden)), changes.succeeded),
    ),
    Variant(
        "hyphenates_names",
        "A family name is written with a hyphen.",
        bend=Bend(EVERYTHING, changes.resource(edits.own_patient(edits.hyphenated)), changes.succeeded),
    ),
    Variant(
        "holds_an_earlier_payers_record",
        "The data hold a record about a patient on an earlier payer's server.",
        bend=Bend(EVERYTHING, edits.with_records(edits.EARLIER), changes.succeeded),
    ),
    Variant(
        "holds_a_letter_about_nobody",
        "The data hold a document that does not say whose it is.",
        bend=Bend(EVERYTHING, edits.with_records(edits.LETTER), changes.succeeded),
    ),
    Variant(
        "refusals_with_a_transaction_number",
        "A refused match carries a transaction number of the payer's own.",
        bend=Bend(MATCH, changes.resource(edits.with_transaction), edits.is_refusal),
    ),
    Variant(
        "everything_without_a_total",
        "The data come in another order and without a total.",
        bend=Bend(EVERYTHING, changes.resource(edits.without_total), changes.succeeded),
    ),
)

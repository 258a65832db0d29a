"""Faults of payer-to-payer; its lawful variants lie in a module of their own."""

from __future__ import annotations

from conformance.sandbox import exchange
from conformance.sandbox.faults import changes
from conformance.sandbox.faults import exchange_edits as edits
from conformance.sandbox.faults.exchange_variants import VARIANTS
from conformance.sandbox.frame import Bend, Fault

MATCH, EVERYTHING = "payer-to-payer.member-match", "payer-to-payer.everything"
METADATA = "discovery.metadata"
SINGLE = ("hrex=1.0.0", "hrex=1.1.0", "hrex=1.2.0", "pdex=2.0.0")  # where data are fetched one member at a time

FAULTS: tuple[Fault, ...] = (
    Fault(
        "answers_match_with_html",
        "A successful member match is answered with a web page.",
        ("payer-to-payer.answers-are-fhir",),
        bend=Bend(MATCH, changes.to_html, changes.succeeded),
    ),
    Fault(
        "answers_everything_with_html",
        "The matched member's data are answered with a web page.",
        ("payer-to-payer.answers-are-fhir",),
        bend=Bend(
            EVERYTHING, changes.to_html, lambda call, answer: answer.status == 200 and not edits.at_pdex(call, answer)
        ),
        versions=SINGLE,
    ),
    Fault(
        "declares_exchange_fhir_r5",
        "The capability statement of the exchange declares FHIR 5.0.0.",
        ("payer-to-payer.standards",),
        bend=Bend(METADATA, changes.to_fhir_r5, edits.at_payers_exchange),
    ),
    Fault(
        "withholds_the_claims",
        "The data of a matched member lack claims and prior authorizations.",
        (
            "payer-to-payer.matched-data",
            "payer-to-payer.five-years",
            "payer-to-payer.unstructured-documents",
            "pdex.authorizations",
            "pdex.everything-claims",
            "pdex.member-searches",
            "provider-access.data",
        ),
        policies=changes.rule("exchange", withholds=("ExplanationOfBenefit",)),
    ),
    Fault(
        "refuses_its_member",
        "A member who is on file is answered as if nobody matched.",
        ("payer-to-payer.one-match",),
        bend=Bend(MATCH, edits.refuses, changes.succeeded),
    ),
    Fault(
        "does_not_know_member_match",
        "There is no $member-match: it is answered 400, as HAPI does, and not supported.",
        ("payer-to-payer.one-match",),
        bend=Bend(MATCH, edits.does_not_know),
    ),
    Fault(
        "types_the_identifier_otherwise",
        "The member identifier is typed as a medical record number.",
        ("payer-to-payer.member-identifier",),
        bend=Bend(MATCH, edits.parameters(edits.typed_otherwise), changes.succeeded),
    ),
    Fault(
        "refers_to_two_members",
        "A match answers with a second reference, to another member.",
        ("payer-to-payer.one-match",),
        bend=Bend(MATCH, edits.parameters(edits.with_second_member_id), changes.succeeded),
        versions=("hrex=1.1.0", "hrex=1.2.0"),
    ),
    Fault(
        "leaves_out_the_member_id",
        "A match answers no reference to the member's Patient.",
        ("payer-to-payer.member-id",),
        bend=Bend(MATCH, edits.parameters(edits.without_member_id), changes.succeeded),
        versions=("hrex=1.1.0", "hrex=1.2.0"),
    ),
    Fault(
        "matches_the_wrong_member",
        "A match of the first member leads to the second member's file.",
        (
            "payer-to-payer.right-member",
            "payer-to-payer.five-years",
            "payer-to-payer.unstructured-documents",
            "pdex.authorizations",
            "pdex.provider-match",
        ),
        seed=edits.wrong_person,
    ),
    Fault(
        "answers_200_for_nobody",
        "A match of a person who is not on file is answered 200, with an empty Parameters.",
        ("payer-to-payer.no-match",),
        bend=Bend(MATCH, edits.welcomes_nobody, edits.about_nobody),
    ),
    Fault(
        "matches_two_members",
        "Where two members match, one of them is answered.",
        ("payer-to-payer.several-matches",),
        policies=changes.rule("exchange", first_of_several=True),
    ),
    Fault(
        "matches_two_members_in_bulk",
        "Where two members match in bulk, one of them is answered.",
        ("pdex.match-buckets",),
        policies=changes.rule("exchange", first_of_several_in_bulk=True),
    ),
    Fault(
        "matches_by_the_number_alone",
        "Whoever has the subscriber number of a member is taken for that member.",
        (
            "payer-to-payer.near-miss",
            "pdex.match-buckets",
        ),
        policies=changes.rule("exchange", number_suffices=True),
    ),
    Fault(
        "wants_a_whole_coverage_to_link",
        "A match whose coverage to be linked has no period is refused.",
        ("payer-to-payer.coverage-to-link",),
        bend=Bend(MATCH, edits.refuses, edits.links_without("period")),
    ),
    Fault(
        "wants_a_bare_coverage_to_link",
        "A match whose coverage to be linked names a plan is refused.",
        ("payer-to-payer.coverage-to-link",),
        bend=Bend(MATCH, edits.refuses, edits.links_with("class")),
    ),
    Fault(
        "lets_itself_be_probed",
        "Nobody counts how often a match for one number fails.",
        ("payer-to-payer.probing",),
        policies=changes.rule("exchange", misses_allowed=10**9),
    ),
    Fault(
        "takes_consents_for_anybody",
        "A consent is complied with whoever is to receive the data.",
        (
            "payer-to-payer.consent-refused",
            "pdex.match-buckets",
        ),
        policies=changes.rule("exchange", recipients_checked=False),
    ),
    Fault(
        "ignores_the_consent",
        "A match is answered whatever the consent says.",
        (
            "payer-to-payer.consent-refused",
            "pdex.match-buckets",
        ),
        policies=changes.rule("exchange", consent_checked=False),
    ),
    Fault(
        "refuses_silently",
        "A refused match has no body.",
        ("payer-to-payer.refusal-outcome",),
        bend=Bend(MATCH, edits.says_nothing, edits.is_refusal),
    ),
    Fault(
        "names_the_candidates",
        "A refusal names the members that it could not tell apart.",
        ("payer-to-payer.refusal-reveals-nothing",),
        bend=Bend(MATCH, changes.resource(edits.names_candidates), edits.refused_as(exchange.SEVERAL)),
    ),
    Fault(
        "writes_the_candidates_ids",
        "A refusal says in words which Patients it could not tell apart.",
        ("payer-to-payer.refusal-reveals-nothing",),
        bend=Bend(MATCH, changes.resource(edits.writes_ids), edits.refused_as(exchange.SEVERAL)),
    ),
    Fault(
        "suggests_another_member_in_a_header",
        "Where nobody matches, a header of the refusal has the number of a member.",
        ("payer-to-payer.refusal-reveals-nothing",),
        bend=Bend(MATCH, edits.suggests_in_a_header, edits.refused_as(exchange.NOT_FOUND)),
    ),
    Fault(
        "suggests_another_member",
        "Where nobody matches, the refusal suggests a member by name and birth date.",
        ("payer-to-payer.refusal-reveals-nothing",),
        bend=Bend(MATCH, changes.resource(edits.suggests), edits.refused_as(exchange.NOT_FOUND)),
    ),
    Fault(
        "refers_to_the_member_despite_the_consent",
        "A consent is refused, but the refusal refers to the member's Patient.",
        ("payer-to-payer.consent-refused", "payer-to-payer.refusal-reveals-nothing"),
        bend=Bend(MATCH, edits.refers_nevertheless, edits.refused_as(exchange.CONSENT)),
    ),
    Fault(
        "forbids_instead_of_refusing",
        "A match of a person who is not on file is answered with 403.",
        ("payer-to-payer.no-match",),
        bend=Bend(MATCH, edits.forbids, edits.about_nobody),
    ),
    Fault(
        "matches_without_a_token",
        "Members are matched for anybody.",
        ("payer-to-payer.no-token-no-data",),
        policies=changes.rule("exchange", open=(MATCH,)),
    ),
    Fault(
        "finds_patients_without_a_token",
        "Members are found by their number by anybody.",
        ("payer-to-payer.no-token-no-data",),
        policies=changes.rule("exchange", open=("payer-to-payer.search",)),
    ),
    Fault(
        "mixes_in_a_neighbour",
        "The first member's data hold a condition and an encounter of the second member, who opted out.",
        (
            "payer-to-payer.only-the-matched-member",
            "pdex.everything-members",
            "pdex.only-the-members",
            "pdex.provider-members",
            "provider-access.opt-out",
        ),
        seed=edits.neighbour,
    ),
    Fault(
        "gives_members_to_bulk_only",
        "A matched member's data cannot be had at once.",
        ("pdex.everything",),
        bend=Bend(EVERYTHING, changes.to_not_found, edits.at_pdex),
        versions=edits.NEWER,
    ),
    Fault(
        "finds_no_conditions",
        "A matched member's conditions are not found by the member.",
        ("pdex.member-searches",),
        bend=Bend("payer-to-payer.search", changes.to_not_found, edits.of_conditions),
        versions=edits.NEWER,
    ),
    Fault(
        "takes_bound_tokens_from_anybody",
        "Which certificate a token came with is not looked at.",
        ("payer-to-payer.bound-token",),
        policies=changes.rule("trust", binding_checked=False),
    ),
    Fault(
        "gives_everything_without_a_token",
        "Match and data are given to anybody.",
        ("payer-to-payer.no-token-no-data",),
        policies=changes.rule("exchange", open=True),
    ),
)

__all__ = ["FAULTS", "VARIANTS"]

"""What may lawfully differ in a formulary: every variant must break nothing."""

from __future__ import annotations

from conformance.sandbox.faults import formulary_changes as changes
from conformance.sandbox.faults import formulary_differences as lawful
from conformance.sandbox.formulary_rows import TIER
from conformance.sandbox.frame import Bend, Variant

SEARCH = "formulary.search"
OWN_TIERS = "https://payer.example.org/codes/tiers"
AUTHORIZED = "1801278"  # needs prior authorization, as fixtures/sandbox/formulary.json declares


VARIANTS: tuple[Variant, ...] = (
    Variant(
        "formulary_needs_a_token",
        "The formulary is shown to callers with a token only.",
        policies=lambda policies: policies.changed("formulary", anonymous=False),
    ),
    Variant(
        "flags_left_out",
        "An item says which limits it has and is silent about those it has not.",
        seed=changes.every("formulary_items", lawful.silent),
        advises=(
            "formulary.prior-authorization-flag",
            "formulary.step-therapy-flag",
            "formulary.quantity-limit-flag",
        ),
    ),
    Variant(
        "quantity_in_words",
        "Quantity limits are described, not counted.",
        seed=changes.every("formulary_items", lawful.described),
    ),
    Variant(
        "own_tier_vocabulary",
        "Tiers are coded in the payer's own system: the guide's binding is extensible.",
        seed=changes.both(
            changes.every("formulary_items", changes.recoded({TIER: OWN_TIERS})),
            changes.every("insurance_plans", changes.recoded({TIER: OWN_TIERS})),
        ),
        advises=("usdf.code-systems",),
    ),
    Variant(
        "formulary_in_another_order",
        "Extensions and codings stand in another order, with an extension that nobody knows.",
        seed=changes.both(
            changes.every("formulary_items", lawful.in_another_order),
            changes.every("drugs", lawful.in_another_order),
        ),
    ),
    Variant(
        "ndc_beside_rxnorm",
        "A drug has an NDC before its RxNorm codes.",
        seed=changes.one("drugs", "drug-314077", lawful.ndc_beside),
    ),
    Variant(
        "pages_on_another_host",
        "The next page of a search is on another host.",
        bend=changes.answering(SEARCH, lawful.on_another_host),
        advises=("usdf.paging",),
    ),
    Variant(
        "small_pages",
        "A page holds seven entries, however many are asked for.",
        policies=lambda policies: policies.changed("formulary", page_size=7, largest_page=7),
    ),
    Variant(
        "searches_without_a_total",
        "Searches do not say how many there are.",
        bend=changes.answering(SEARCH, changes.dropped("total")),
    ),
    Variant(
        "remark_among_the_entries",
        "A page of a search carries a remark of the server beside what was found.",
        bend=changes.answering(SEARCH, lawful.with_a_remark),
    ),
    Variant(
        "formulary_with_a_cookie",
        "A load balancer sets a cookie that says nothing of the caller.",
        bend=Bend(SEARCH, lawful.with_a_cookie),
    ),
    Variant(
        "formulary_with_a_charset",
        "The media type of searches names its charset.",
        bend=Bend(SEARCH, lawful.with_a_charset),
    ),
    Variant(
        "last_years_items",
        "Last year's items are still there, retired and without their limits.",
        seed=lawful.last_years,
    ),
    Variant(
        "limits_in_one_formulary",
        "A drug needs prior authorization in one of two formularies.",
        seed=changes.one("formulary_items", f"item-summit-{AUTHORIZED}", changes.unlimited("PriorAuthorization")),
    ),
    Variant(
        "tiers_in_words",
        "Tiers and kinds of pharmacy are told in words: the guide's bindings are extensible.",
        seed=changes.every("formulary_items", lawful.in_words("DrugTierID", "PharmacyBenefitType")),
    ),
    Variant(
        "one_tier",
        "All drugs are on one tier.",
        seed=changes.every("formulary_items", lawful.of_one_tier),
    ),
    Variant(
        "one_formulary",
        "There is one plan with one formulary.",
        seed=lawful.of_one_formulary,
    ),
    Variant(
        "provider_directory_beside",
        "A provider directory's medical plan is on the same server.",
        seed=lawful.beside_a_directory,
    ),
    Variant(
        "inactive_twin_drug",
        "An inactive drug has the RxNorm code of an active one.",
        seed=lawful.with_an_inactive_twin,
    ),
    Variant(
        "drug_names_with_commas",
        "Names of drugs have commas inside.",
        seed=changes.every("drugs", lawful.with_commas),
    ),
    Variant(
        "drug_names_in_text",
        "The name of a drug is a text beside its codes.",
        seed=changes.every("drugs", lawful.named_by_text),
    ),
    Variant(
        "links_from_the_root",
        "Links between pages begin with the path.",
        bend=changes.answering(SEARCH, lawful.from_the_root),
    ),
    Variant(
        "links_by_query",
        "Links between pages are a query only.",
        bend=changes.answering(SEARCH, lawful.by_query),
    ),
    Variant(
        "no_search_for_everything",
        "Insurance plans are not listed without a parameter to search by.",
        bend=Bend(SEARCH, lawful.wanting_more, lawful.unasked),
    ),
    Variant(
        "login_page_for_strangers",
        "Who asks without credentials sees a page to log in.",
        policies=lambda policies: policies.changed("formulary", anonymous=False, login_page=True),
    ),
    Variant(
        "absolute_references",
        "References in searches name the server, those in reads do not.",
        bend=Bend(SEARCH, lawful.with_absolute_references, lawful.is_found),
    ),
)

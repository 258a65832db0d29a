"""What can be wrong with a formulary, one thing at a time, and what may lawfully differ.

A fault of what the payer knows changes one item, drug or plan that no tester declares, unless the requirement is about
declared drugs. A fault of its searches makes it take a parameter without notice. A fault of its paging bends the links.
"""

from __future__ import annotations

from conformance.sandbox.faults import formulary_changes as changes
from conformance.sandbox.formulary_rows import BENEFIT, TIER, TRIAL
from conformance.sandbox.frame import Bend, Fault, Variant

SEARCH, READ, METADATA = "formulary.search", "formulary.read", "discovery.metadata"

# Declared drugs with one need each, and one with none: the ``declared`` block of fixtures/sandbox/formulary.json.
AUTHORIZED, STEPPED, LIMITED, COVERED = "1801278", "1653470", "1049640", "314076"
LONG_AGO = {"start": "2019-01-01", "end": "2019-12-31"}
UNSUFFIXED = {each: each.removesuffix(TRIAL) for each in (TIER, BENEFIT)}
OWN_TIERS = "https://payer.example.org/codes/tiers"


KNOWN_WRONG = (
    Fault(
        "loses_a_declared_drug",
        "A drug that the plan covers is not on any of its formularies.",
        ("formulary.covered-drugs",),
        seed=changes.lost(COVERED),
    ),
    Fault(
        "forgets_a_tier",
        "One formulary item has no tier.",
        ("formulary.tier", "usdf.item-required"),
        seed=changes.item("item-harbor-311354", changes.without("DrugTierID")),
    ),
    Fault(
        "hides_a_declared_prior_authorization",
        "A drug that needs prior authorization is said to need none.",
        ("formulary.prior-authorization-flag",),
        seed=changes.items_of(AUTHORIZED, changes.unlimited("PriorAuthorization", "PriorAuthorizationNewStartsOnly")),
    ),
    Fault(
        "hides_a_declared_step_therapy",
        "A drug under step therapy is said to be free of it.",
        ("formulary.step-therapy-flag",),
        seed=changes.items_of(STEPPED, changes.unlimited("StepTherapyLimit", "StepTherapyLimitNewStartsOnly")),
    ),
    Fault(
        "hides_a_declared_quantity_limit",
        "A drug with a quantity limit is said to have none.",
        ("formulary.quantity-limit-flag",),
        seed=changes.items_of(LIMITED, changes.unlimited("QuantityLimit", "QuantityLimitDetail")),
    ),
    Fault(
        "forgets_a_benefit_type",
        "One formulary item says at no kind of pharmacy it can be had.",
        ("usdf.item-required",),
        seed=changes.item("item-harbor-197885", changes.without("PharmacyBenefitType")),
    ),
    Fault(
        "points_to_a_missing_drug",
        "One formulary item refers to a drug that is not there.",
        ("usdf.item-references",),
        seed=changes.item("item-summit-1650282", changes.nowhere),
    ),
    Fault(
        "codes_a_drug_in_ndc",
        "One drug has an NDC instead of its RxNorm codes.",
        ("usdf.drug-rxnorm",),
        seed=changes.one("drugs", "drug-314077", changes.in_ndc),
    ),
    Fault(
        "forgets_the_plans_formulary",
        "One plan does not say which formulary it has.",
        ("usdf.plan-required",),
        seed=changes.one("insurance_plans", "plan-summit", changes.without_formulary),
    ),
    Fault(
        "forgets_the_formularys_period",
        "One formulary does not say for which time it holds.",
        ("usdf.formulary-required",),
        seed=changes.one("insurance_plans", "formulary-summit", changes.dropped("period")),
    ),
    Fault(
        "forgets_last_updated",
        "One formulary item does not say when it was changed last.",
        ("usdf.last-updated",),
        seed=changes.item("item-harbor-861007", changes.dropped("meta", "lastUpdated")),
    ),
    Fault(
        "limits_new_starts_only",
        "One item asks new starts for an authorization that it does not ask for at all.",
        ("usdf.new-starts-parent",),
        seed=changes.item(
            "item-harbor-617312", changes.saying("PriorAuthorizationNewStartsOnly", "valueBoolean", True)
        ),
    ),
    Fault(
        "limits_without_a_quantity",
        "One item has a quantity limit and says no quantity.",
        ("usdf.quantity-limit-detail",),
        seed=changes.item("item-harbor-1020065", changes.without("QuantityLimitDetail")),
    ),
    Fault(
        "stays_active_after_its_period",
        "One item is active although its time is over.",
        ("usdf.active-in-period",),
        seed=changes.item("item-harbor-1359129", changes.saying("AvailabilityPeriod", "valuePeriod", LONG_AGO)),
    ),
    Fault(
        "drops_the_trial_suffix",
        "Tiers and kinds of pharmacy are coded in systems named as the guide's, without their suffix.",
        ("usdf.code-systems",),
        seed=changes.both(
            changes.every("formulary_items", changes.recoded(UNSUFFIXED)),
            changes.every("insurance_plans", changes.recoded(UNSUFFIXED)),
        ),
    ),
)


def _ignores(name: str, requirement: str, *parameters: str) -> Fault:
    text = f"A search by {' or '.join(parameters)} is answered as if it had not been asked for."
    return Fault(name, text, (requirement,), policies=changes.ignoring(*parameters))


BADLY_SEARCHED = (
    _ignores("ignores_the_type", "usdf.search-plans", "InsurancePlan?type"),
    _ignores("ignores_the_formulary", "usdf.search-items-by-formulary", "Basic?formulary"),
    _ignores("ignores_the_tier", "usdf.search-items-by-tier", "Basic?drug-tier"),
    _ignores("ignores_the_chain", "usdf.search-items-by-drug", "Basic?subject.code", "Basic?subject.drug-name"),
    _ignores("ignores_the_drug_code", "usdf.search-drugs-by-code", "MedicationKnowledge?code"),
    _ignores("ignores_the_drug_name", "usdf.search-drugs-by-name", "MedicationKnowledge?drug-name"),
    _ignores("ignores_include", "usdf.include-drug", "Basic?_include"),
    Fault(
        "repeats_a_page_entry",
        "The second page of a search begins with what the first ended with.",
        ("usdf.paging",),
        bend=changes.answering(SEARCH, changes.overlapping, changes.first_page),
    ),
    Fault(
        "loses_a_page_entry",
        "What stands at the end of a list of several pages is counted and not shown.",
        ("usdf.paging",),
        bend=changes.answering(SEARCH, changes.thinned, changes.later_page),
    ),
    Fault(
        "loops_its_pages",
        "The last page of a search of several pages has the first for its next.",
        ("usdf.paging",),
        bend=changes.answering(SEARCH, changes.looping, changes.later_page),
    ),
)
BADLY_ANSWERED = (
    Fault(
        "answers_formulary_with_html",
        "Searches of the formulary are answered with a page for people.",
        ("formulary.answers-are-fhir",),
        bend=Bend(SEARCH, changes.html),
    ),
    Fault(
        "declares_formulary_fhir_r5",
        "The formulary's endpoint declares FHIR 5.0.0.",
        ("formulary.standards",),
        bend=changes.answering(METADATA, changes.of_release_5, changes.of_the_formulary),
    ),
    Fault(
        "declares_no_instantiates",
        "The formulary's endpoint does not say that it is the guide's server.",
        ("usdf.declares-server",),
        bend=changes.answering(METADATA, changes.dropped("instantiates"), changes.of_the_formulary),
    ),
    Fault(
        "loses_reads",
        "A plan, item or area that a search found cannot be read by its id.",
        ("usdf.read-by-id",),
        bend=Bend(READ, changes.not_found, changes.unreferenced),
    ),
    Fault(
        "asks_for_a_member_id",
        "Whoever asks without credentials must give a member number.",
        ("formulary.anonymous-asks-nothing",),
        bend=Bend(SEARCH, changes.asking_who, changes.anonymous),
    ),
)
FAULTS: tuple[Fault, ...] = (*KNOWN_WRONG, *BADLY_SEARCHED, *BADLY_ANSWERED)

VARIANTS: tuple[Variant, ...] = (
    Variant(
        "formulary_needs_a_token",
        "The formulary is shown to callers with a token only.",
        policies=lambda policies: policies.changed("formulary", anonymous=False),
    ),
    Variant(
        "flags_left_out",
        "An item says which limits it has and is silent about those it has not.",
        seed=changes.every("formulary_items", changes.silent),
        advises=(
            "formulary.prior-authorization-flag",
            "formulary.step-therapy-flag",
            "formulary.quantity-limit-flag",
        ),
    ),
    Variant(
        "quantity_in_words",
        "Quantity limits are described, not counted.",
        seed=changes.every("formulary_items", changes.in_words),
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
            changes.every("formulary_items", changes.in_another_order),
            changes.every("drugs", changes.in_another_order),
        ),
    ),
    Variant(
        "ndc_beside_rxnorm",
        "A drug has an NDC before its RxNorm codes.",
        seed=changes.one("drugs", "drug-314077", changes.ndc_beside),
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
        bend=changes.answering(SEARCH, changes.with_a_remark),
    ),
    Variant(
        "formulary_with_a_cookie",
        "A load balancer sets a cookie that says nothing of the caller.",
        bend=Bend(SEARCH, changes.with_a_cookie),
    ),
    Variant(
        "formulary_with_a_charset",
        "The media type of searches names its charset.",
        bend=Bend(SEARCH, changes.with_a_charset),
    ),
)

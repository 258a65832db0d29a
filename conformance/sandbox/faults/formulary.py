"""What can be wrong with a formulary, one thing at a time, and what may lawfully differ.

A fault of what the payer knows changes one item, drug or plan that no tester declares, unless the requirement is about
declared drugs. A fault of its searches makes it take a parameter without notice. A fault of its paging bends the links.
"""

from __future__ import annotations

from conformance.sandbox.faults import formulary_changes as changes
from conformance.sandbox.faults.changes import rule
from conformance.sandbox.faults.formulary_variants import VARIANTS
from conformance.sandbox.formulary_rows import BENEFIT, TIER, TRIAL
from conformance.sandbox.frame import Bend, Fault

__all__ = ["AUTHORIZED", "COVERED", "FAULTS", "LIMITED", "STEPPED", "VARIANTS"]

SEARCH, READ, METADATA = "formulary.search", "formulary.read", "discovery.metadata"

# Declared drugs with one need each, and one with none: the ``declared`` block of fixtures/sandbox/formulary.json.
AUTHORIZED, STEPPED, LIMITED, COVERED = "1801278", "1653470", "1049640", "314076"
LONG_AGO = {"start": "2019-01-01", "end": "2019-12-31"}
UNSUFFIXED = {each: each.removesuffix(TRIAL) for each in (TIER, BENEFIT)}


KNOWN_WRONG = (
    Fault(
        "loses_a_declared_drug",
        "A drug that the plan covers is not on any of its formularies.",
        ("formulary.covered-drugs", "formulary.drug-list-updates", "usdf.same-in-discovery"),
        seed=changes.lost(COVERED),
    ),
    Fault(
        "retires_a_declared_drug",
        "A drug that the plan covers is listed by retired items only.",
        ("formulary.covered-drugs", "formulary.drug-list-updates", "usdf.same-in-discovery"),
        seed=changes.items_of(COVERED, changes.saying("AvailabilityStatus", "valueCode", "retired")),
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
        ("formulary.quantity-limit-flag", "formulary.drug-list-updates"),
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
        "takes_a_plan_for_a_drug",
        "One formulary item has a plan for its drug.",
        ("usdf.item-references",),
        seed=changes.item("item-summit-1650282", changes.pointing_at("InsurancePlan/plan-summit")),
    ),
    Fault(
        "takes_a_plan_for_a_formulary",
        "One formulary item is said to be on a plan, not on a formulary.",
        ("usdf.item-references",),
        seed=changes.item(
            "item-summit-1650282",
            changes.saying("FormularyReference", "valueReference", {"reference": "InsurancePlan/plan-summit"}),
        ),
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
        "codes_a_drug_in_words",
        "What one drug has for RxNorm codes cannot be any.",
        ("usdf.drug-rxnorm",),
        seed=changes.one("drugs", "drug-314077", changes.in_no_number),
    ),
    Fault(
        "forgets_a_drugs_status",
        "One drug has no status, so that no list of active drugs shows it.",
        ("usdf.drug-rxnorm",),
        seed=changes.one("drugs", "drug-314077", changes.dropped("status")),
    ),
    Fault(
        "forgets_a_plans_status",
        "One plan has no status, so that no list of active plans shows it.",
        ("usdf.plan-required",),
        seed=changes.one("insurance_plans", "plan-summit", changes.dropped("status")),
    ),
    Fault(
        "names_a_missing_formulary",
        "One plan names a formulary that is not there.",
        ("usdf.plan-required",),
        seed=changes.one("insurance_plans", "plan-summit", changes.with_a_missing_formulary),
    ),
    Fault(
        "leaves_a_coverage_bare",
        "A second drug coverage of one plan names no formulary.",
        ("usdf.plan-required",),
        seed=changes.one("insurance_plans", "plan-summit", changes.without_a_second),
    ),
    Fault(
        "forgets_the_formularys_type",
        "One formulary does not say that it is a drug policy.",
        ("usdf.formulary-required",),
        seed=changes.one("insurance_plans", "formulary-summit", changes.dropped("type")),
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
        ("usdf.new-starts-parent", "qhp.same-as-fhir"),  # the issuer's file knows of no limit
        seed=changes.item(
            "item-harbor-617312", changes.saying("PriorAuthorizationNewStartsOnly", "valueBoolean", True)
        ),
    ),
    Fault(
        "tells_new_starts_alone",
        "A drug that needs prior authorization is said to need it for new starts only, without the limit itself.",
        ("usdf.new-starts-parent",),
        seed=changes.items_of(
            AUTHORIZED,
            changes.all_of(
                changes.without("PriorAuthorization"),
                changes.saying("PriorAuthorizationNewStartsOnly", "valueBoolean", True),
            ),
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


def ignores(name: str, breaks: str | tuple[str, ...], *parameters: str) -> Fault:
    """A fault of a payer that passes over some search parameters."""
    text = f"A search by {' or '.join(parameters)} is answered as if it had not been asked for."
    return Fault(name, text, (breaks,) if isinstance(breaks, str) else breaks, policies=changes.ignoring(*parameters))


SEVERAL = "usdf.search-several-values"
BADLY_SEARCHED = (
    ignores("ignores_the_type", "usdf.search-plans", "InsurancePlan?type"),
    ignores("ignores_the_formulary", "usdf.search-items-by-formulary", "Basic?formulary"),
    ignores("ignores_the_tier", ("usdf.search-items-by-tier", SEVERAL), "Basic?drug-tier"),
    ignores("ignores_the_chain", "usdf.search-items-by-drug", "Basic?subject.code", "Basic?subject.drug-name"),
    ignores("ignores_the_drug_code", ("usdf.search-drugs-by-code", SEVERAL), "MedicationKnowledge?code"),
    ignores(
        "ignores_the_drug_name",
        ("usdf.search-drugs-by-name", "usdf.search-exact-name", "usdf.search-modifiers"),
        "MedicationKnowledge?drug-name",
    ),
    *(
        ignores(f"ignores_{comparator}_of_{kind.lower()}", "usdf.search-comparators", f"{kind}?period={comparator}")
        for kind, comparator in (("InsurancePlan", "sa"), ("Basic", "eb"), ("Basic", "le"))
    ),
    ignores("ignores_contains_in_plans", "usdf.search-modifiers", "InsurancePlan?name:contains"),
    ignores("ignores_missing_names", "usdf.search-modifiers", "MedicationKnowledge?drug-name:missing"),
    Fault(
        "takes_one_of_several_tiers",
        "Of several tiers that are asked for the first counts, and no other.",
        (SEVERAL,),
        policies=rule("formulary", first_alone=frozenset({"Basic?drug-tier"})),
    ),
    ignores("ignores_include", ("usdf.include-drug", "usdf.include-formulary"), "Basic?_include"),
    Fault(
        "shows_a_page_for_a_chain",
        "A search for the items of a drug is answered with a page for people.",
        ("usdf.search-items-by-drug",),
        bend=Bend(SEARCH, changes.html, changes.by_chain),
    ),
    Fault(
        "pages_that_lead_nowhere",
        "The next page of a search is said to be at what is no address.",
        ("usdf.paging",),
        bend=changes.answering(SEARCH, changes.no_address),
    ),
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
        "leaves_an_extension_empty",
        "One item has an extension that says nothing.",
        ("formulary.answers-are-fhir", "usdf.bulk-export", "usdf.bulk-since"),
        seed=changes.item("item-harbor-314077", changes.with_an_empty_extension),
    ),
    Fault(
        "reads_another_content",
        "A plan or item that is read by its id is another than the search found.",
        ("usdf.read-by-id",),
        bend=changes.answering(READ, changes.renamed, changes.unreferenced_and_named),
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

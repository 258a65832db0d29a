"""Faults of the prior-authorization API that only a careful reader sees: boilerplate, strangers, things left out."""

from __future__ import annotations

from conformance.sandbox.faults import prior_auth_answers as answers
from conformance.sandbox.faults import prior_auth_edits as edits
from conformance.sandbox.faults.prior_auth_rules import NEWEST, inquire, rule, submit
from conformance.sandbox.frame import Answer, Call, Fault
from conformance.sandbox.outcome import refusal

NO_POST = refusal(405, "not-supported", "Nothing can be posted here.")
REASON = ("prior-auth.denial-reason",)
BUNDLE = ("pas.response-bundle",)


def _told_before(call: Call, answer: Answer) -> bool:
    """An inquiry was answered about a case whose end the submission told, not an inquiry first."""
    return edits.about_a_case(call, answer) and edits.codes_asked(call).isdisjoint({SETTLING})


SETTLING = "29881"  # the service code of the case that settles, as in fixtures/sandbox/services.toml
FAULTS: tuple[Fault, ...] = (
    Fault(
        "denies_with_boilerplate",
        "Denials give no reason but what stands under every answer.",
        REASON,
        policies=rule(reason_in="boilerplate"),
    ),
    Fault(
        "denies_with_a_placeholder",
        "The reason of a denial is a code that holds a place.",
        REASON,
        policies=rule(reason_in="placeholder"),
    ),
    Fault(
        "denies_because_it_denies",
        "The reason of a denial is the code of the decision.",
        REASON,
        policies=rule(reason_in="decision"),
    ),
    Fault(
        "explains_nobodys_denial",
        "The reason of a denied item is said in words of the whole answer, which approves another item.",
        ("prior-auth.denial-reason", "pas.denial-reason-code"),
        policies=rule(reason_in="unnamed"),
    ),
    Fault(
        "approves_with_boilerplate",
        "Approvals have no end, only what stands under every answer.",
        ("prior-auth.approval-validity",),
        policies=rule(validity="boilerplate"),
    ),
    Fault(
        "approves_with_a_remark",
        "Approvals have no end, only a note to the item that speaks of something else.",
        ("prior-auth.approval-validity",),
        policies=rule(validity="remark"),
    ),
    Fault(
        "drops_an_item",
        "The last item of a request for several is not answered.",
        ("prior-auth.decision",),
        bend=submit(edits.editing(answers.drop_the_last_item)),
    ),
    Fault(
        "refuses_every_request",
        "Well-formed requests are answered 405.",
        ("prior-auth.exchange",),
        bend=submit(edits.answering(NO_POST)),
    ),
    Fault(
        "adds_another_members_answer",
        "The answer to a submission also tells what was decided about another member.",
        ("pas.response-bundle", "prior-auth.right-member"),
        bend=submit(answers.adding_another_members),
    ),
    Fault(
        "wraps_the_answer_in_parameters",
        "A submission is answered with Parameters that hold the Bundle.",
        ("prior-auth.answers-are-fhir",),
        bend=submit(answers.wrap_in_parameters),
    ),
    Fault(
        "marks_entries_as_found",
        "The entries of the response Bundle say how they were found.",
        BUNDLE,
        bend=submit(edits.editing_body(answers.search_entries)),
    ),
    Fault(
        "adjudicates_added_items_as_benefit",
        "The adjudications of added items are of another category than the profile fixes.",
        ("pas.item-adjudication",),
        bend=submit(edits.editing(answers.categorize_added_as_benefit), edits.of_version(NEWEST[0])),
        versions=NEWEST,
    ),
    Fault(
        "decides_beside_the_adjudication",
        "The review action stands at the item, outside of its adjudication.",
        ("pas.review-action-code",),
        bend=submit(edits.editing(answers.decide_beside)),
    ),
    Fault(
        "shortens_the_action_url",
        "The review action's code goes by the name of its slice.",
        ("pas.review-action-code",),
        bend=submit(edits.editing(answers.shorten_the_action)),
    ),
    Fault(
        "codes_actions_without_a_concept",
        "The review action's code is a Coding.",
        ("pas.review-action-code", "pas.extension-values"),
        bend=submit(edits.editing(answers.code_without_a_concept)),
    ),
    Fault(
        "inquiry_tells_of_another_member",
        "An inquiry also tells what was decided about another member.",
        ("prior-auth.right-member",),
        bend=inquire(answers.adding_another_members, edits.about_a_case),
    ),
    Fault(
        "inquiry_denies_without_a_reason",
        "An inquiry leaves out the reason that the submission was answered with.",
        ("pas.reasons-agree",),
        bend=inquire(edits.editing(answers.drop_reasons), _told_before),
    ),
    Fault(
        "inquiry_contradicts_itself",
        "An inquiry tells two contrary decisions about one request.",
        ("pas.inquiry-agrees",),
        bend=inquire(answers.telling_both, edits.about_a_case),
    ),
    Fault(
        "inquiry_leaves_an_item_out",
        "An inquiry does not tell the last of several items.",
        ("pas.inquiry-agrees",),
        bend=inquire(edits.editing(answers.drop_the_last_item), edits.about_a_case),
    ),
    Fault(
        "inquiry_answers_as_a_search",
        "An inquiry is answered with a searchset without timestamp.",
        BUNDLE,
        bend=inquire(edits.editing_body(answers.call_it_a_searchset), edits.about_a_case),
    ),
    Fault(
        "inquiry_tells_a_cancelled_claim",
        "What an inquiry finds is a cancelled answer to a claim.",
        ("pas.claim-response-content",),
        bend=inquire(
            edits.editing(lambda response: response.update(use="claim", status="cancelled")), edits.about_a_case
        ),
    ),
    Fault(
        "approves_what_it_modifies",
        "An item of which less is authorized is answered as approved.",
        ("pas.modified-item-action",),
        policies=rule(modified_as="A1"),
        versions=NEWEST,
    ),
    Fault(
        "leaves_units_out",
        "The quantity of an added item has neither unit nor code.",
        ("pas.quantity-unit",),
        bend=submit(edits.editing(answers.leave_units_out), edits.of_version(NEWEST[0])),
        versions=NEWEST,
    ),
    Fault(
        "codes_units_in_ucum",
        "The quantity of an added item is coded in UCUM.",
        ("pas.quantity-code",),
        bend=submit(edits.editing(answers.code_units_in_ucum), edits.of_version(NEWEST[0])),
        versions=NEWEST,
    ),
    Fault(
        "describes_the_insurer_twice",
        "Beside the insurer that was sent stands the payer's own record of it.",
        ("pas.no-duplicate-instances",),
        bend=submit(answers.describe_the_insurer_twice),
    ),
    Fault(
        "approves_less_than_nothing",
        "A request for a negative quantity is approved.",
        ("pas.status-semantics", "pas.invalid-refused"),
        bend=submit(answers.approve_anyway, answers.for_less_than_nothing),
    ),
    Fault(
        "crashes_on_one_invalid_request",
        "A Claim whose items are a text is answered 500; other invalid requests are refused.",
        ("pas.status-semantics",),
        bend=submit(edits.crash, answers.with_items_as_text),
    ),
    Fault(
        "takes_submissions_without_a_token",
        "A submission without a token is answered with a decision.",
        ("prior-auth.no-token-no-data",),
        bend=submit(edits.business_error, edits.closed),
    ),
)

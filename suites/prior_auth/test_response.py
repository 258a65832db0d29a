"""The response Bundle and its ClaimResponse, as the guide's profiles and its text ask."""

from conformance import advise, expect, need, only_if, requirement
from conformance.apis.answer_content import bundle_identifier, shared_identifiers
from conformance.apis.echo import content_faults, echoes, misnumbered, other_request, renamed, repeated
from conformance.apis.response_bundles import response_bundles
from conformance.apis.review_actions import SUBMITTED
from conformance.apis.wording import ACTION_SYSTEM


@requirement("pas.response-bundle")
def test_the_response_is_a_collection_that_starts_with_the_claim_response(prior_auth):
    first = prior_auth.guide["response_claim_response_first"]
    bundles = [bundle for answer in prior_auth.raw_answers() for bundle in response_bundles(answer)]

    expect.each(
        need(bundles, "an answer that is a Bundle", because="prior-auth.answers-are-fhir"),
        lambda each: not each.faults(first=first),
        "a collection Bundle with timestamp, fullUrls, resources; of a submission, one ClaimResponse, and that first",
        got=lambda each: "; ".join(each.faults(first=first)),
    )


@requirement("pas.response-identifier")
def test_the_response_bundle_has_an_identifier(prior_auth):
    expect.each(
        prior_auth.submissions(),
        lambda each: bundle_identifier(each.first),
        "an identifier on the response Bundle",
    )
    shared = shared_identifiers([each.first for each in prior_auth.submissions()])
    advise(not shared, "an identifier that no other answer has", got=", ".join(shared))


@requirement("pas.claim-response-content")
def test_the_claim_response_says_what_its_profile_demands(prior_auth):
    expect.each(
        prior_auth.told(),
        lambda each: not content_faults(each.answer),
        "an active preauthorization response with outcome, patient, insurer and created",
        got=lambda each: "; ".join(content_faults(each.answer)),
    )


@requirement("pas.request-reference")
def test_the_claim_response_names_its_request(prior_auth):
    expect.each(
        prior_auth.submissions(),
        lambda each: each.first.request.given and not other_request(each.request, each.first),
        "a reference to the Claim, or why there is none",
        got=lambda each: other_request(each.request, each.first),
    )


@requirement("pas.item-sequence-echo")
def test_response_items_repeat_the_sequence_they_answer(prior_auth):
    itemized = [each for each in prior_auth.submissions() if each.first.items]

    expect.each(
        only_if(itemized, "answers with items"),
        lambda each: not misnumbered(each.request, each.first),
        "the sequence number of each request item on the response items that answer it",
        got=lambda each: misnumbered(each.request, each.first),
    )


@requirement("pas.item-adjudication")
def test_each_item_is_adjudicated_as_submitted(prior_auth):
    items = [each for told in prior_auth.told() for each in told.adjudicated]

    expect.each(
        only_if(items, "answers with items"),
        lambda each: each.categories and all(each.is_category(codes, SUBMITTED) for codes in each.categories),
        "adjudications of the category submitted",
        got=lambda each: [code.code for codes in each.categories for code in codes],
    )


@requirement("pas.review-action-code")
def test_review_actions_are_coded_in_x12_306(prior_auth):
    actions = [(told, each) for told in prior_auth.told() for each in told.review_actions]

    expect.each(
        need(actions, "a decided item", because="prior-auth.decision"),
        lambda pair: pair[1].as_profiled and any(code.system == ACTION_SYSTEM for code in pair[1].codings),
        f"a review action in an adjudication, as a CodeableConcept coded in {ACTION_SYSTEM}",
        got=lambda pair: pair[1].told,
        at=lambda pair: f"{pair[0].at}, {pair[1].at}",
    )


@requirement("pas.instances-once")
def test_each_resource_appears_once(prior_auth):
    expect.each(
        prior_auth.told(),
        lambda each: not repeated(each.answer),
        "each resource once in the answer",
        got=lambda each: ", ".join(repeated(each.answer)),
    )


@requirement("pas.echoed-resources")
def test_echoed_resources_keep_their_url_and_id(prior_auth):
    echoing = [each for each in prior_auth.submissions() if echoes(each.request, each.first)]

    expect.each(
        only_if(echoing, "answers that repeat resources of the request"),
        lambda each: not renamed(each.request, each.first),
        "echoed resources under the fullUrl and id they were sent with",
        got=lambda each: "; ".join(renamed(each.request, each.first)),
    )

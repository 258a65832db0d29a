"""What a payer answers when an order is signed: does it need authorization, and which documents?"""

from conformance import advise, expect, only_if, requirement
from conformance.apis.cds_hooks import card_faults, topic_faults
from conformance.apis.coverage_information import UPDATE, content_faults, contradictions


@requirement("prior-auth.list-of-services")
def test_listed_services_are_said_to_need_authorization_and_others_are_not(coverage_discovery):
    services = coverage_discovery.items()

    expect.each(
        services,
        lambda each: each.agrees,
        "the same as the list says of prior authorization",
        at=lambda each: each.at,
        got=lambda each: each.told,
    )
    undecided = [each for each in services if each.undecided]
    advise(
        not undecided,
        "a plain yes or no",
        at=", ".join(each.at for each in undecided),
        got="conditional, exempt, or not covered",
    )


@requirement("prior-auth.documentation-needed")
def test_the_documents_that_a_service_needs_are_named(documents):
    told = documents.told()

    expect.each(told, lambda each: each.names, "a questionnaire, or what else names the documents",
                at=lambda each: each.at)  # fmt: skip


@requirement("crd.hook-answer")
def test_every_answer_is_one_of_cds_hooks(coverage_discovery):
    answers = coverage_discovery.exchanges()

    expect.each(
        answers,
        lambda each: not coverage_discovery.problem(each),
        "an answer of CDS Hooks",
        at=lambda each: each.case,
        got=coverage_discovery.problem,
    )


@requirement("crd.coverage-information")
def test_every_signed_order_comes_back_with_coverage_information(coverage_discovery):
    answers = coverage_discovery.every()

    expect.each(answers, lambda each: each.information, "coverage information", at=lambda each: each.at)


@requirement("crd.coverage-information-place")
def test_coverage_information_is_a_system_action_and_no_card(coverage_discovery):
    information = coverage_discovery.information()

    expect.each(
        information,
        lambda each: not each.in_card and each.action == UPDATE,
        "a system action that updates the order",
        at=lambda each: each.at,
        got=lambda each: each.carrier,
    )


@requirement("crd.coverage-information-content")
def test_coverage_information_is_complete_and_coded(coverage_discovery):
    guide = coverage_discovery.guide
    information = coverage_discovery.information()

    expect.each(
        information,
        lambda each: not content_faults(each, guide),
        "coverage, covered, date and assertion id, in the codes of the guide",
        at=lambda each: each.at,
        got=lambda each: "; ".join(content_faults(each, guide)),
    )
    coverages = coverage_discovery.coverages()
    expect.each(
        information,
        lambda each: each.names(coverages),
        "the coverage that was sent",
        at=lambda each: each.at,
        got=lambda each: each.coverage,
    )


@requirement("crd.coverage-information-sense")
def test_coverage_information_does_not_contradict_itself(coverage_discovery):
    guide = coverage_discovery.guide
    information = coverage_discovery.information()

    expect.each(
        information,
        lambda each: not contradictions(each, guide),
        "statements that go together",
        at=lambda each: each.at,
        got=lambda each: "; ".join(contradictions(each, guide)),
    )


@requirement("crd.order-unaltered")
def test_the_order_comes_back_as_it_was(coverage_discovery):
    answers = coverage_discovery.every()

    expect.each(
        answers,
        lambda each: not each.altered,
        "nothing changed but the coverage information",
        at=lambda each: each.at,
        got=lambda each: each.altered,
    )


@requirement("crd.card-source")
def test_every_card_says_who_speaks_and_about_what(coverage_discovery):
    cards = only_if(coverage_discovery.cards(), "answers with cards")

    expect.each(
        cards,
        lambda each: not topic_faults(each),
        "source.label and source.topic",
        at=lambda each: each.at,
        got=lambda each: "; ".join(topic_faults(each)),
    )


@requirement("crd.card-form")
def test_every_card_has_an_id_and_its_suggestions_are_put_into_words(coverage_discovery):
    answered = only_if([each for each in coverage_discovery.every() if each.answer.cards], "answers with cards")

    expect.each(
        answered,
        lambda each: not card_faults(each.answer),
        "a uuid of each card, and a description of each suggested action",
        at=lambda each: each.at,
        got=lambda each: "; ".join(card_faults(each.answer)),
    )


@requirement("crd.unknown-elements-ignored")
def test_elements_that_nobody_knows_change_nothing(coverage_discovery):
    usual, extended = coverage_discovery.with_unknown_elements()

    expect(extended.told == usual.told, f"{usual.told}, as without them", at=usual.at, got=extended.told)

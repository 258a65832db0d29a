"""The questionnaires that a payer gives for what it wants documented."""

from conformance import expect, need, only_if, requirement
from conformance.apis.questionnaire_package import (
    BOTH_FORMS,
    absent_libraries,
    is_logic,
    library_forms,
    package_faults,
)
from conformance.apis.raw import body_of, raw_problem
from conformance.apis.refusal import holds_data, says_why


@requirement("dtr.package-answer")
def test_a_request_for_a_package_is_answered_in_fhir(documentation):
    answers = documentation.exchanges()

    expect.each(
        answers,
        lambda each: not raw_problem(each, ("Parameters", "Bundle")),
        "Parameters with packages",
        at=lambda each: each.case,
        got=lambda each: raw_problem(each, ("Parameters", "Bundle")),
    )


@requirement("dtr.questionnaire-package")
def test_the_questionnaires_that_coverage_discovery_names_are_in_the_package(documentation):
    named = only_if([each for each in documentation.every() if each.named], "services with a named questionnaire")

    expect.each(
        named,
        lambda each: not each.absent,
        "every named questionnaire",
        at=lambda each: each.at,
        got=lambda each: f"no {', '.join(each.absent)}",
    )


@requirement("dtr.package-parameters")
def test_packages_come_in_the_parameter_that_the_guide_names(documentation):
    names, may_be_alone = documentation.guide["package_parameters"], documentation.guide["package_alone"]
    answers = [each for each in documentation.every() if each.found.packages]

    expect.each(
        only_if([each for each in answers if not (may_be_alone and each.found.alone)], "packages in Parameters"),
        lambda each: set(each.found.names) <= set(names),
        f"Parameters with {' or '.join(names)}",
        at=lambda each: each.at,
        got=lambda each: each.found.names,
    )


@requirement("dtr.package-content")
def test_a_package_is_a_collection_that_begins_with_its_questionnaire(documentation):
    guide = documentation.guide
    packages = documentation.bundles()

    expect.each(
        packages,
        lambda each: not package_faults(each, guide),
        "a collection with its Questionnaire first",
        at=lambda each: each.at,
        got=lambda each: "; ".join(package_faults(each, guide)),
    )


@requirement("dtr.none-explained")
def test_where_there_is_no_package_an_outcome_says_why(documentation):
    without = [each for each in documentation.every() if not each.found.packages]

    expect.each(
        only_if(without, "services without a package"),
        lambda each: each.found.outcomes,
        "an OperationOutcome",
        at=lambda each: each.at,
    )


@requirement("dtr.missing-warned")
def test_a_questionnaire_that_does_not_exist_is_told_of(documentation):
    answer = documentation.with_a_missing_one()

    expect(says_why(body_of(answer)), "an OperationOutcome beside the packages, or instead", at=answer.url, got="none")


@requirement("dtr.libraries-included")
def test_the_libraries_that_a_questionnaire_needs_are_in_its_package(documentation):
    packages = [each for each in documentation.bundles() if each.questionnaire]

    expect.each(
        need(packages, "a package with a questionnaire", because="dtr.package-content"),
        lambda each: not absent_libraries(each),
        "every library that the questionnaire names",
        at=lambda each: each.at,
        got=lambda each: f"no {', '.join(absent_libraries(each))}",
    )


@requirement("dtr.library-forms")
def test_libraries_carry_their_logic_as_cql_and_elm(documentation):
    packages = documentation.bundles()
    libraries = [each for package in packages for each in package.of_type("Library") if is_logic(each.resource)]

    expect.each(
        only_if(libraries, "packages with libraries"),
        lambda each: library_forms(each.resource) >= BOTH_FORMS,
        "CQL and ELM",
        at=lambda each: each.at,
        got=lambda each: sorted(library_forms(each.resource)),
    )


@requirement("dtr.declares-operation")
def test_metadata_names_the_operation(discovery):
    row = discovery.guide.operations["documentation.questionnaire-package"]
    capabilities = discovery.capabilities()

    expect(
        capabilities.declares("Questionnaire", row["code"], row["definition"]),
        "the operation questionnaire-package",
        at="CapabilityStatement",
    )


@requirement("dtr.no-token-no-data")
def test_without_a_token_no_package_is_given(documentation):
    answer = documentation.without_token()

    expect(not holds_data(body_of(answer)), "no package", at=answer.url, got=f"status {answer.status} with data")

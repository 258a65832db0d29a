"""What a coverage discovery service says of itself."""

from conformance import expect, only_if, requirement
from conformance.apis.cds_hooks import option_faults, service_faults


@requirement("crd.services")
def test_the_discovery_document_describes_every_service(coverage_discovery):
    answer = coverage_discovery.services_exchange()
    services = coverage_discovery.services_document()

    expect(services, "a discovery document with services", at=answer.url, got=f"status {answer.status}")
    expect.each(
        services,
        lambda each: not service_faults(each),
        "hook, id and description",
        at=lambda each: each.at,
        got=lambda each: "; ".join(service_faults(each)),
    )


@requirement("crd.version-declared")
def test_every_service_says_which_versions_it_speaks(coverage_discovery):
    service, services = coverage_discovery.service(), coverage_discovery.services_of_the_guide()

    expect.each(services, lambda each: each.versions, "the versions of the guide", at=lambda each: each.at)
    wanted = coverage_discovery.guide["requested_version"]
    expect(wanted in service.versions, f"version {wanted}", at=service.at, got=service.versions)


@requirement("crd.configuration-options")
def test_configuration_options_are_complete(coverage_discovery):
    configurable = [each for each in coverage_discovery.services() if each.options]

    expect.each(
        only_if(configurable, "services that can be configured"),
        lambda each: not option_faults(each, coverage_discovery.guide),
        "options with code, type, name, description and default",
        at=lambda each: each.at,
        got=lambda each: "; ".join(option_faults(each, coverage_discovery.guide)),
    )

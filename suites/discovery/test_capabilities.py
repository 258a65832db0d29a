"""What an endpoint says of itself: FHIR R4, and the configurations by which others find it."""

from conformance import expect, need, requirement
from conformance.apis.discovery_faults import capability_faults, davinci_faults
from conformance.apis.raw import raw_problem


@requirement("discovery.capability-statement")
def test_metadata_is_a_capability_statement(discovery):
    answer = discovery.metadata()
    problem = raw_problem(answer, ("CapabilityStatement",)) or "; ".join(capability_faults(discovery.statement()))

    expect(not problem, "a CapabilityStatement of a FHIR server that speaks JSON", at=answer.url, got=problem)


@requirement("prior-auth.standards")
def test_the_prior_authorization_api_speaks_fhir_r4(discovery):
    capabilities = discovery.capabilities()

    expect(
        capabilities.fhir_version == "4.0.1",
        "fhirVersion 4.0.1",
        at="CapabilityStatement",
        got=capabilities.fhir_version,
    )


@requirement("formulary.standards")
def test_the_formulary_speaks_fhir_r4(discovery):
    capabilities = discovery.capabilities()

    expect(
        capabilities.fhir_version == "4.0.1",
        "fhirVersion 4.0.1",
        at="CapabilityStatement",
        got=capabilities.fhir_version,
    )


@requirement("payer-to-payer.standards")
def test_the_payer_to_payer_api_speaks_fhir_r4(discovery):
    capabilities = discovery.capabilities()

    expect(
        capabilities.fhir_version == "4.0.1",
        "fhirVersion 4.0.1",
        at="CapabilityStatement",
        got=capabilities.fhir_version,
    )


@requirement("discovery.tls-version")
def test_the_endpoint_speaks_tls_1_2_or_later(discovery):
    found = discovery.tls()

    expect(found.version in ("TLSv1.2", "TLSv1.3"), "TLS 1.2 or later", at=discovery.claim.base_url,
           got=found.version or "no TLS: plain http")  # fmt: skip


@requirement("davinci.configuration")
def test_the_davinci_configuration_lists_the_endpoints(discovery):
    found = need(discovery.davinci_exchange(), "an answer")

    expect(not davinci_faults(discovery.davinci()), "an identifier and endpoints", at=found.url,
           got="; ".join(davinci_faults(discovery.davinci())) or f"status {found.status}")  # fmt: skip

"""What a server publishes about UDAP, where it offers it."""

from conformance import expect, requirement
from conformance.apis.udap import metadata_faults, read_signed


@requirement("udap.metadata")
def test_udap_metadata_are_complete(discovery):
    document, guide = discovery.udap(), discovery.guide
    faults = metadata_faults(document, guide)

    expect(not faults, "JSON with the required keys", at=".well-known/udap", got="; ".join(faults))
    expect(read_signed(document), "signed metadata: a JWS", at=".well-known/udap")


@requirement("udap.signed-metadata")
def test_signed_metadata_are_the_servers_own(discovery):
    faults = discovery.signed_udap()

    expect(not faults, "metadata that the server's own certificate vouches for", at="signed_metadata",
           got="; ".join(faults))  # fmt: skip

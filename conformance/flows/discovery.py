"""What an endpoint says of itself: /metadata, the SMART and Da Vinci configurations, the TLS it speaks."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from conformance import clock
from conformance.apis.discovery import Capabilities, Davinci, Smart, read_capabilities, read_davinci, read_smart
from conformance.apis.discovery_faults import may_go_without_tls
from conformance.apis.udap import read_signed, signed_faults
from conformance.errors import NotApplicable, NotTested, Unjudgeable
from conformance.exchange import Exchange
from conformance.flows.recording import Recording, answered, resource_of
from conformance.strict_json import load_or_none
from conformance.target import Claim
from conformance.wire.payer import Request
from conformance.wire.signatures import addresses, signed_by
from conformance.wire.tls import Negotiated, negotiated

METADATA = "discovery.capability-statement"


class Discovery:
    """One endpoint's own words; every act is recorded."""

    def __init__(self, recording: Recording, claim: Claim) -> None:
        self._recording = recording
        self.claim = claim
        self.guide = recording.guide(claim)

    def metadata(self) -> Exchange:
        """The exchange of GET metadata."""
        self._recording.endpoint(self.claim)
        exchange = self._recording.act(
            (self.claim.base_url, "metadata"),
            lambda: self._get("discovery.metadata", "metadata", token="own"),  # noqa: S106
        )
        return answered(exchange, METADATA)

    def capabilities(self) -> Capabilities:
        """The CapabilityStatement; NotTested where there is none to read."""
        exchange = self.metadata()
        statement = read_capabilities(resource_of(exchange, METADATA)) if exchange.status == 200 else None
        if statement is None:
            raise NotTested("there is no CapabilityStatement to read", because=METADATA)
        return statement

    def statement(self) -> dict[str, Any] | None:
        """The CapabilityStatement as it came, or None where something else did."""
        exchange = self.metadata()
        if exchange.status != 200:
            return None
        return resource_of(exchange, "")

    def smart_exchange(self) -> Exchange:
        """The exchange of GET .well-known/smart-configuration."""
        return self._well_known("discovery.smart-configuration", ".well-known/smart-configuration")

    def smart(self) -> Smart:
        """The SMART configuration; NotTested where there is none to read."""
        smart = read_smart(_json(self.smart_exchange()))
        if smart is None:
            raise NotTested("there is no SMART configuration to read", because="smart.configuration")
        return smart

    def smart_document(self) -> Smart | None:
        """The SMART configuration, or None where what came is no JSON object."""
        return read_smart(_json(self.smart_exchange()))

    def davinci_exchange(self) -> Exchange:
        """The exchange of GET .well-known/davinci-configuration."""
        return self._well_known("discovery.davinci-configuration", ".well-known/davinci-configuration")

    def davinci(self) -> Davinci | None:
        """The Da Vinci configuration, or None where there is none."""
        exchange = self.davinci_exchange()
        return read_davinci(_json(exchange)) if exchange.status == 200 else None

    def udap_exchange(self) -> Exchange:
        """The exchange of GET .well-known/udap."""
        return self._well_known("discovery.udap", ".well-known/udap")

    def udap(self) -> Any:
        """The UDAP metadata; NotApplicable where the server has none (404)."""
        exchange = self.udap_exchange()
        if exchange.status == 404:
            raise NotApplicable("the server does not offer UDAP")
        return _json(exchange)

    def signed_udap(self) -> tuple[str, ...]:
        """What is wrong with the signed metadata; NotTested where there are none to read."""
        document = self.udap()
        signed = read_signed(document)
        if signed is None:
            raise NotTested("there is no signed metadata to read", because="udap.metadata")
        faults = list(signed_faults(signed, document, self.claim.base_url, clock.now(), self.guide))
        if signed.certificates:
            signer = signed.certificates[0]
            if not signed_by(signer, signed.signing_input, signed.signature):
                faults.append("the certificate's key did not sign it")
            if self.claim.base_url.rstrip("/") not in {each.rstrip("/") for each in addresses(signer)}:
                faults.append("the certificate is for another address")
        return tuple(faults)

    def tls(self) -> Negotiated:
        """The TLS version the endpoint agrees to, None without https; NotApplicable where https is not needed."""
        self._recording.endpoint(self.claim)
        if not self.claim.base_url.startswith("https:"):
            if may_go_without_tls(self.claim.base_url, self._recording.target.environment):
                raise NotApplicable("a test endpoint, or one on this machine, needs no https")
            return Negotiated(None)
        base = urlsplit(self.claim.base_url)
        found = self._recording.act(
            ("tls", base.netloc), lambda: negotiated(self.claim.base_url, self._recording.api(self.claim).auth)
        )
        if found.version is None and found.failure is not None:
            raise Unjudgeable(found.failure.message, found.failure.actor)
        return found

    def _well_known(self, operation: str, path: str) -> Exchange:
        self._recording.endpoint(self.claim)
        exchange = self._recording.act(
            (self.claim.base_url, path),
            lambda: self._get(operation, path, token="none"),  # noqa: S106
        )
        return answered(exchange, "")

    def _get(self, operation: str, path: str, token: str) -> Exchange:
        request = Request(operation=operation, method="GET", path=path, claim=self.claim.label, token=token)
        return self._recording.wire.send(self.claim.base_url, self._recording.api(self.claim), request)


def _json(exchange: Exchange) -> Any:
    """The body as JSON, or None: these documents are not FHIR."""
    return load_or_none(exchange.body) if exchange.status == 200 else None

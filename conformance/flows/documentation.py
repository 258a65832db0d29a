"""Documentation (DTR): the questionnaire package for each service that the tester says needs documents."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.apis.coverage_information import CoverageInformation
from conformance.apis.questionnaire_package import Package, Packages, read_packages
from conformance.errors import NotTested
from conformance.exchange import Exchange
from conformance.flows.coverage_discovery import Asked, CoverageDiscovery
from conformance.flows.coverage_requests import BASE, case_key, package_request, parties, resources
from conformance.flows.recording import Recording, answered, resource_of, unending
from conformance.flows.target_cases import claims_of
from conformance.target import Case, Claim
from conformance.wire.payer import NONE, OWN, Request

RAW = "dtr.package-answer"
OPERATION = "documentation.questionnaire-package"
FHIR_JSON = {"content-type": "application/fhir+json"}


@dataclass(frozen=True)
class Documented:
    """A service that needs documents, what coverage discovery said of it, and the packages that came for it."""

    case: Case
    told: tuple[CoverageInformation, ...]
    found: Packages

    @property
    def at(self) -> str:
        return f"{case_key(self.case)} ({self.case.facts.get('service', {}).get('code', '')})"

    @property
    def named(self) -> tuple[str, ...]:
        """The questionnaires that coverage discovery named."""
        return tuple(dict.fromkeys(each for one in self.told for each in one.questionnaires if each))

    @property
    def absent(self) -> tuple[str, ...]:
        """Those of them that no package holds."""
        return tuple(
            each
            for each in self.named
            if each not in self.found.canonicals and each.partition("|")[0] not in self.found.canonicals
        )


@dataclass(frozen=True)
class DocumentsTold:
    """A service that needs documents, and what names them: in coverage discovery, or as a questionnaire package."""

    asked: Asked
    names: tuple[str, ...]

    @property
    def at(self) -> str:
        return self.asked.at


class Documents:
    """What one coverage discovery service and the documentation service behind it tell of documents."""

    def __init__(self, recording: Recording, claim: Claim) -> None:
        self._recording = recording
        self._discovery = CoverageDiscovery(recording, claim)

    def told(self) -> tuple[DocumentsTold, ...]:
        """Every item or service that needs documents, with what names them."""
        found = [
            DocumentsTold(each, each.documents or self._packaged(each))
            for each in self._discovery.every()
            if "documentation" in each.needs and not each.is_drug
        ]
        if not found:
            raise NotTested("needs a service that documentation is asked for", change="pa_list.needs")
        return tuple(found)

    def _packaged(self, asked: Asked) -> tuple[str, ...]:
        claim = self._discovery.documentation_claim()
        if claim is None:
            if any(each.documentation for each in asked.information):
                raise NotTested(
                    "documents are needed, and nothing says where they are told", change="apis.documentation"
                )
            return ()
        packages = Documentation(self._recording, claim).packages(asked.case).packages
        return tuple(package.at for package in packages if package.questionnaire)


class Documentation:
    """What can be asked of one documentation service; every act is recorded."""

    def __init__(self, recording: Recording, claim: Claim) -> None:
        self._recording = recording
        self.claim = claim
        self.guide = recording.guide(claim)

    def cases(self) -> tuple[Case, ...]:
        """The listed services that need documents; NotTested where there are none."""
        listed = self._recording.target.cases.get("coverage-discovery", {}).values()
        cases = tuple(each for each in listed if "documentation" in each.facts.get("needs", ()))
        if not cases:
            raise NotTested("needs a service that documentation is asked for", change="pa_list.needs")
        return cases

    def exchanges(self) -> tuple[Exchange, ...]:
        """The exchange of every service that needs documents."""
        sent = tuple(self.exchange(case) for case in self.cases())
        return tuple(each if unending(each) else answered(each, RAW) for each in sent)

    def exchange(self, case: Case) -> Exchange:
        """The exchange of $questionnaire-package for a service."""
        return self._recording.act((self.claim, "package", case.name), lambda: self._ask(case))

    def packages(self, case: Case) -> Packages:
        """The packages for a service; NotTested where the answer cannot be read."""
        exchange = answered(self.exchange(case), RAW)
        found = read_packages(resource_of(exchange, RAW)) if exchange.status == 200 else None
        if found is None:
            raise NotTested(f"there is no package to read (status {exchange.status})", because=RAW)
        return found

    def every(self) -> tuple[Documented, ...]:
        """Every service that needs documents, with its packages."""
        return tuple(Documented(case, self._told(case), self.packages(case)) for case in self.cases())

    def bundles(self) -> tuple[Package, ...]:
        """Every package of every service; NotTested where there is none."""
        found = tuple(package for each in self.every() for package in each.found.packages)
        if not found:
            raise NotTested("no package came", because="dtr.questionnaire-package")
        return found

    def without_token(self) -> Exchange:
        """The answer to a request that our own token gets a package for, without credentials."""
        self._recording.guarded(self.claim)
        case = self.cases()[0]
        if not any(each.questionnaire for each in self.packages(case).packages):
            raise NotTested("there is no package to keep back", because="dtr.package-content")
        return answered(
            self._recording.act((self.claim, "package", "no-token"), lambda: self._ask(case, apart="no-token")),
            "",
        )

    def with_a_missing_one(self) -> Exchange:
        """The answer where a questionnaire that does not exist is asked for beside those that have come already."""
        case = next((each for each in self.cases() if self.packages(each).packages), None)
        if case is None:
            raise NotTested("no package came", because="dtr.questionnaire-package")
        missing = f"{BASE}/Questionnaire/nowhere-{self._recording.run_id}"
        key = (self.claim, "package", "missing")
        return answered(self._recording.act(key, lambda: self._ask(case, apart="missing", more=(missing,))), RAW)

    def opened(self, context: str, case: Case) -> tuple[Package, ...] | None:
        """What is to be had for a context alone, for the member of a case; None where that is refused."""

        def ask() -> Exchange:
            made = parties(self._recording.target, case, context)
            return self._post(package_request(made, (), context), f"context:{case.name}")

        exchange = answered(self._recording.act((self.claim, "package", "context", context), ask), RAW)
        if exchange.refused:
            return None
        found = read_packages(resource_of(exchange, RAW)) if exchange.status == 200 else None
        if found is None:
            raise NotTested(f"there is no package to read (status {exchange.status})", because=RAW)
        return tuple(package for package in found.packages if package.questionnaire)

    def _discovery(self) -> CoverageDiscovery | None:
        """Coverage discovery in the version that goes with this one."""
        claims = claims_of(self._recording.target, "crd")
        fitting = [each for each in claims if each.version.startswith(f"{self.guide['coverage_version']}.")]
        return CoverageDiscovery(self._recording, fitting[0]) if fitting else None

    def _told(self, case: Case) -> tuple[CoverageInformation, ...]:
        discovery = self._discovery()
        return discovery.told_of(case) if discovery else ()

    def _ask(self, case: Case, apart: str = "", more: tuple[str, ...] = ()) -> Exchange:
        """Asks for a case's packages, and ``more`` questionnaires; ``apart``: as what the exchange is told instead."""
        told = self._told(case)
        sent = f"{self._recording.run_id}-{case.name}-{self.claim.version}"
        made = self._discovery_made(case) or resources(self._recording.target, case, sent)
        named = dict.fromkeys(each for one in told for each in one.questionnaires if each)
        context = next((each.assertion for each in told if each.assertion), "")
        body = package_request(made, (*named, *more), context)
        return self._post(body, apart or case.name, token=NONE if apart == "no-token" else OWN)

    def _post(self, body: bytes, case: str, token: str = OWN) -> Exchange:
        own = self._recording.api(self.claim).paths.get("questionnaire-package")
        request = Request(
            OPERATION, "POST", own or self.guide.path(OPERATION), case=case, claim=self.claim.label,
            headers=FHIR_JSON, body=body, token=token,
        )  # fmt: skip
        return self._recording.send(self.claim, request)

    def _discovery_made(self, case: Case) -> dict[str, dict[str, object]] | None:
        """The resources that coverage discovery was asked with: the same order, where there is one."""
        discovery = self._discovery()
        return discovery.made(case) if discovery else None

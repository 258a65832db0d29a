"""What all answers of a run hold together: which elements marked must support were seen, and which never."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass

from conformance.apis.must_support import elements, held
from conformance.apis.raw import body_of
from conformance.errors import NotTested
from conformance.expect import show_table
from conformance.flows.prior_auth import PriorAuth
from conformance.flows.prior_auth_requests import INQUIRE, SUBMIT, good
from conformance.flows.probes import Probes
from conformance.flows.recording import Recording
from conformance.target import Claim

TABLE = ("element", "answers that hold it")


@dataclass(frozen=True)
class Element:
    """An element marked must support, and how many of the ``looked_at`` answers hold it."""

    path: str
    seen: int
    looked_at: int

    @property
    def at(self) -> str:
        return self.path

    @property
    def told(self) -> str:
        """How often it came, for a finding."""
        return f"{self.seen} of {self.looked_at} answers"


class MustSupport:
    """The elements in the answers of one endpoint."""

    def __init__(self, recording: Recording, claim: Claim) -> None:
        self._recording = recording
        self._claim = claim
        self._prior_auth = PriorAuth(recording, claim)
        self._probes = Probes(recording, claim)

    def elements(self) -> tuple[Element, ...]:
        """Every element that this version marks, counted over all answers so far; NotTested where none can be read."""
        self._ask()
        wanted = elements(self._claim.version)
        sent = [each for name in (SUBMIT, INQUIRE) for each in self._recording.exchanges(name, self._claim)]
        answers = [held(body_of(each), wanted) for each in sent if good(each)]
        answers = [each for each in answers if each]
        if not answers:
            raise NotTested("needs an answer to a request", change="cases.prior-auth")
        counted = Counter(path for each in answers for path in each)
        found = tuple(Element(path, counted[path], len(answers)) for path in wanted)
        show_table("Elements marked must support", TABLE, ((each.path, str(each.seen)) for each in found))
        return found

    def _ask(self) -> None:
        """Sees to it that the usual acts are done: every case, what inquiries tell of it, a request nobody can take."""
        try:
            self._prior_auth.submissions()
        except NotTested as untested:
            if untested.because:
                raise  # what the cases should have shown is missing for a reason that is judged elsewhere
        with suppress(NotTested):
            self._prior_auth.told(on_file=True)
        self._prior_auth.on_file.told()
        with suppress(NotTested):
            self._probes.for_no_service()

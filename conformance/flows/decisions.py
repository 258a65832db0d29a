"""What was decided, gathered from everywhere it is told: denials with their reasons, and when each decision fell."""

from __future__ import annotations

from contextlib import suppress

from conformance.errors import NotTested
from conformance.expect import show_table
from conformance.flows.histories import History, of_known, of_submission
from conformance.flows.prior_auth import PriorAuth
from conformance.flows.submission import DENIED, CaseItem, decided, row_of


class Decisions:
    """The decisions told at one prior-authorization endpoint, by submissions, inquiries and known authorizations."""

    def __init__(self, prior_auth: PriorAuth) -> None:
        self._prior_auth = prior_auth

    def denials(self, *, drugs: bool | None = None) -> tuple[CaseItem, ...]:
        """The items that were denied, as the submission's answer tells it and as an inquiry about it does.

        Less what an inquiry tells without the reason that the submission was answered with: an inquiry need not carry
        every detail. ``drugs``: only drugs, or none of them.
        """
        denied, again = self._prior_auth.items("denied", drugs=drugs), list[CaseItem]()
        for case in self._prior_auth.submitted():
            with suppress(NotTested):
                told, submission = self._prior_auth.inquire(case), self._prior_auth.submission(case)
                first = decided([submission.tell(submission.deciding)], ("denied",))
                given = {each.item.sequence for each in first if each.reasons}
                retold = decided([submission.tell(each, f"inquiry about {case}") for each in told], ("denied",), drugs)
                again += [each for each in retold if each.reasons or not {each.item.sequence, None} & given]
        found = (*denied, *again)
        show_table("Denials and their reasons", DENIED, [row_of(each) for each in found])
        return found

    def every_denial(self) -> tuple[CaseItem, ...]:
        """Those, and the known authorizations that were denied."""
        found: tuple[CaseItem, ...] = ()
        with suppress(NotTested):
            found = self.denials()
        seen = {each.at for each in found}
        known = decided(self._prior_auth.on_file.told(), ("denied",))
        return (*found, *(each for each in known if each.at not in seen))

    def told_twice(self, *actions: str) -> tuple[tuple[CaseItem, CaseItem], ...]:
        """The items about which one of ``actions`` was decided, each with itself as an inquiry tells it."""
        pairs: list[tuple[CaseItem, CaseItem]] = []
        for submission in self._prior_auth.submissions():
            first = {each.item.sequence: each for each in decided([submission.tell(submission.deciding)], actions)}
            with suppress(NotTested):
                at = f"inquiry about {submission.case}"
                told = [submission.tell(each, at) for each in self._prior_auth.inquire(submission.case)]
                again = decided(told, actions)
                pairs += [(first[each.item.sequence], each) for each in again if each.item.sequence in first]
        return tuple(pairs)

    def histories(self) -> tuple[History, ...]:
        """What is known of the time of every request: of those submitted now, and of the known authorizations."""
        target, found = self._prior_auth.target, list[History | None]()
        cases = target.cases.get("prior-auth", {})
        with suppress(NotTested):
            for each in self._prior_auth.submissions():
                facts = cases[each.case].facts
                urgency, extended = str(facts.get("urgency", "")), bool(facts.get("extended"))
                history = of_submission(each, urgency, target.payer_type, extended=extended)
                found += [] if each.failed else [history]
        on_file = self._prior_auth.on_file
        found += [of_known(on_file.find(each)) for each in on_file.listed()]
        return tuple(each for each in found if each)

"""Bulk exchange: members matched at once, a Group exported, jobs and files as Bulk Data has them.

One view for payer-to-payer exchange and for Provider Access: they differ in where the Group comes from.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TypeVar

from conformance import clock
from conformance.apis.authorizations import Authorization
from conformance.apis.bulk_manifest import ACCEPTED
from conformance.apis.harvest import Found, Harvest
from conformance.apis.match_groups import MatchGroup
from conformance.apis.shapes import reference_key
from conformance.errors import NotTested, Unjudgeable
from conformance.exchange import Exchange
from conformance.flows.bulk_files import ReadFile
from conformance.flows.bulk_groups import RAW, Groups
from conformance.flows.bulk_job import GONE, Job, status_url_of
from conformance.flows.bulk_match import MATCHED, Matching, ends_at
from conformance.flows.bulk_matching import KICK_OFF, BulkMatching, all_read, complete
from conformance.flows.bulk_requests import STATUS, Requests
from conformance.flows.bulk_strangers import with_another_token, without_token
from conformance.flows.exported import Export, Started
from conformance.flows.recording import Recording, answered, unending
from conformance.flows.target_cases import another_organization, case_of
from conformance.target import Api, Case, Claim

DAY = timedelta(days=1)
MARGIN = 0.2  # seconds after the end of a consent
NEVER = "Encounter?date=lt1900-01-01"  # a filter that nothing fits
WHOLE, SINCE = "whole", "since"  # the export without further parameters, and that of what was updated lately
STARTED, EXPORT = "export started", "export"  # the acts of an export: its kick-off, and all that came of it
TAKEN_UP = "export of an earlier run"


Begun = TypeVar("Begun", Export, Matching)


def _begun(found: Begun) -> Begun:
    """What was begun with an answer, unreadable ones included; Unjudgeable where nothing of the payer came."""
    if not unending(found.job.kick_off):
        answered(found.job.kick_off, RAW)
    return found


def _asked(job: Job) -> datetime:
    """When a job was asked for."""
    return job.kick_off.started or clock.now()


class Bulk:
    """What can be done at one bulk endpoint; every act is recorded."""

    def __init__(self, recording: Recording, claim: Claim) -> None:
        self._recording = recording
        self.claim = claim
        self.guide = recording.guide(claim)
        self._api: Api = recording.api(claim)
        self._asks = Requests(recording, claim)
        self._matches = BulkMatching(recording, claim)
        self._groups = Groups(recording, claim)

    def jobs(self) -> tuple[Job, ...]:
        """The job of the bulk match, where members are matched, and that of the export, as far as it came to that;
        Unjudgeable where nothing of the payer came."""
        if not self._is_matched_here():
            return (self.exported().job,)
        found = _begun(self._matches.matching())
        with suppress(NotTested):
            return found.job, self.exported().job
        return (found.job,)

    def files(self) -> tuple[ReadFile, ...]:
        """The files of these jobs."""
        if not self._is_matched_here():
            return self.export().files
        found = self._matches.matching().files
        with suppress(NotTested):
            return found + self.export().files
        return found

    def export(self, name: str = WHOLE, **more: str) -> Export:
        """The export of the Group, with further parameters; NotTested where it did not come to an end."""
        found = self.exported(name, **more)
        complete(found.job, self.claim)
        return found

    def whole(self, name: str = WHOLE, **more: str) -> Export:
        """The same, all its files read: what is missing in it is missing at the payer."""
        found = self.export(name, **more)
        all_read(found.files, "export")
        return found

    def findings(self, kind: str) -> list[Found | None]:
        """What was found wrong of a kind ("strangers", "amounts", "unmapped", "too_old") in any export: nothing is
        [None], and NotTested where not all files could be read."""
        if kind == "strangers" and self.export().untold:
            raise NotTested("the Group does not tell by reference whom it holds")
        found: list[Found | None] = [
            replace(each, at=f"{name}: {each.at}") if name != WHOLE else each
            for name, harvest in self.harvests().items()
            for each in getattr(harvest, kind).first
        ]
        if not found and not self.whole().harvest.types:
            raise NotTested("needs a record", change="members")
        return found or [None]

    def harvests(self) -> Mapping[str, Harvest]:
        """What came of the whole export and, where there is one, of that since a moment, by the name of the export."""
        found = {WHOLE: self.export().harvest}
        with suppress(NotTested, Unjudgeable):  # whatever it is, the row about that export tells it
            found[SINCE] = self.since()[1].harvest
        return found

    def exported(self, name: str = WHOLE, **more: str) -> Export:
        """The same, however far it came; Unjudgeable where nothing of the payer came."""

        def export() -> Export:
            return self._export(self._groups.group(), name, more)

        return _begun(self._recording.act((self.claim, EXPORT, name), export))

    def kick_offs(self) -> tuple[Exchange, ...]:
        """The guide's kick-off and, where that begins nothing, the standard's: the law takes either."""
        own = self.exported().job.kick_off
        if own.status == ACCEPTED or self.claim.ig == "bulk":
            return (own,)
        group = self._groups.group().id
        asked = self._recording.act((self.claim, "standard export"), lambda: self._asks.standard_kick_off(group))
        return own, answered(asked, RAW)

    def taken_up(self, group: str, job: Job, *, last: bool) -> Export:
        """The export of an earlier run that has come to its end since, in the place of one of this run: its Group (""
        where nobody knows which) is read anew, and its files. NotTested where these are no longer kept, as is lawful;
        Unjudgeable where they could not be had this time, which the ``last`` time is for good."""

        def take() -> Export:
            found = self._read(self._groups.read(group) if group else None, job)
            if any(each.exchange and each.exchange.status in GONE for each in found.files):
                raise NotTested("the files of an export are not there any more: its data are not judged")
            if unread := next((each.unread for each in found.files if each.unread), ""):
                raise NotTested(f"{unread}: given up, its data are not judged") if last else Unjudgeable(unread)
            return found

        self._recording.recall((self.claim, TAKEN_UP), job)
        return self._recording.act((self.claim, EXPORT, WHOLE), take)

    def is_past(self, one: Authorization) -> bool:
        """Whether an authorization ended, and was last touched, more than a year before; two days are given."""
        last_year = (_asked(self.exported().job) - timedelta(days=368)).date().isoformat()
        return bool(one.ends) and one.ends < last_year and all(each < last_year for each in one.touched)

    def has_manifest(self, job: Job) -> bool:
        """Whether a job ended with a whole manifest, or with what stands for one; NotTested where we did not wait."""
        if job.manifest is None and self.claim.api == "payer-to-payer" and job is self._matches.matching().job:
            return bool(self._matches.matching().groups)
        if job.unfinished:
            complete(job, self.claim)
        return job.manifest is not None and not job.manifest.faults

    def is_right(self, file: ReadFile) -> bool:
        """Whether a file is what it is said to be; NotTested where it could not be had for no fault of the payer's."""
        if file.unread and not file.wrong:
            raise NotTested(file.unread)
        return not file.wrong

    def since(self) -> tuple[str, Export]:
        """A moment after which something was updated, and the export of what was updated since; NotTested where not
        both older and newer are held."""
        oldest, newest = self._updated()
        moment = newest - DAY  # the newest of the records lies in some zone on the day before
        if oldest >= moment:
            raise NotTested("needs records that were last updated on different days", change="members")
        return f"{moment}T00:00:00Z", self.whole(SINCE, _since=f"{moment}T00:00:00Z")

    def until(self) -> tuple[str, Export]:
        """The day, and the export of what was updated until then; NotTested where not both older and newer are held."""
        oldest, newest = self._updated()
        last = newest - 2 * DAY
        if oldest >= last:
            raise NotTested("needs records that were last updated on different days", change="members")
        # A day more: the last of the records lies in some zone on the day after.
        return (last + DAY).isoformat(), self.exported("until", _until=f"{last}T00:00:00Z")

    def _updated(self) -> tuple[date, date]:
        """The days on which the longest untouched and the newest record of the export were updated."""
        held = self.whole().harvest
        try:
            return date.fromisoformat(held.updated[0][:10]), date.fromisoformat(held.newest[0][:10])
        except ValueError:
            raise NotTested("needs records that say when they were last updated", change="members") from None

    def filtered(self) -> Export:
        """The export with a type filter that no Encounter fits; NotTested where there is none without it."""
        if not self.whole().harvest.types["Encounter"]:
            raise NotTested("needs a member with an Encounter", change="members")
        asked = {"_type": "Encounter", "_typeFilter": NEVER}
        found = self.exported("filtered", **asked)
        return found if found.refused else self.whole("filtered", **asked)

    def after_consent(self) -> tuple[str, Export] | None:
        """The member of the case "consent-ends" ("Patient/id"), and what is exported after the consent has ended; None
        where the export is refused."""
        case = self._case("consent-ends")
        if not case.settles:
            raise NotTested("needs how long the consent lasts", change="cases.payer-to-payer.consent-ends.settles")
        return self._recording.act((self.claim, "after consent"), lambda: self._after_consent(case))

    def _after_consent(self, case: Case) -> tuple[str, Export] | None:
        found = self._matches.carried(self._matches.matching(case.name))
        ends = ends_at(case)  # no sooner than that of the consent that was sent
        group = found.group(MATCHED)
        member = found.found(found.sent[0], group) if group else None
        if group is None or member is None or ends is None:
            raise NotTested("the member was not matched while the consent held", because="pdex.match-buckets")
        self._recording.wait(max(0.0, (ends - clock.now()).total_seconds()) + MARGIN)
        exported = _begun(self._export(group, "after consent", {}))
        if exported.refused:
            return None
        complete(exported.job, self.claim)
        return reference_key(member.reference), exported

    def cancelled(self) -> tuple[Exchange, Exchange]:
        """The answers to DELETE at the status URL of an export, and to asking there again."""
        group = self._groups.group()
        return self._recording.act((self.claim, "cancelled"), lambda: self._cancelled(group))

    def _cancelled(self, group: MatchGroup) -> tuple[Exchange, Exchange]:
        job = self._asks.followed(self._asks.kick_off(group.id, "cancelled", {}), 0.0)
        answered(job.kick_off, RAW)
        if not job.begun:
            raise NotTested("the export has no status URL", because=KICK_OFF)
        deleted = self._asks.send("bulk.cancel", job.status_url, "cancelled", method="DELETE")
        after = self._asks.get(STATUS, job.status_url, "cancelled")
        return answered(deleted, RAW), answered(after, RAW)

    def without_token(self) -> tuple[Exchange, ...]:
        """The answers to whoever asks for our export without credentials."""
        self._recording.guarded(self.claim)
        own = self.export()
        return self._recording.act((self.claim, "no-token"), lambda: without_token(self._asks, own))

    def by_another_client(self) -> tuple[Exchange, ...]:
        """The answers to another organization's client that asks for our export."""
        own, other = self.export(), Requests(self._recording, self.claim, other=True)
        another_organization(self._recording.target)
        return self._recording.act((self.claim, "another client"), lambda: with_another_token(other, own))

    # -- how -----------------------------------------------------------------------------------------------------

    def _case(self, name: str) -> Case:
        return case_of(self._recording.target, self.claim.api, name)

    def _is_matched_here(self) -> bool:
        """Whether the Group that is exported comes of a match of this run."""
        return self.claim.api == "payer-to-payer" and not self._recording.done((self.claim, TAKEN_UP))

    def _export(self, group: MatchGroup, name: str, more: Mapping[str, str]) -> Export:
        started = self._recording.act((self.claim, STARTED, name), lambda: self._start(group.id, name, more))
        return self._read(group, self._asks.followed(started.job.kick_off, self._matches.patience))

    def _start(self, group: str, name: str, more: Mapping[str, str]) -> Started:
        kick_off = self._asks.kick_off(group, name, more)
        status_url = status_url_of(kick_off, self.claim.base_url)
        return Started(group, Job(kick_off, status_url, unfinished="its status was not asked for yet"))

    def _read(self, group: MatchGroup | None, job: Job) -> Export:
        """What came of a job; without its Group nobody can be called a stranger."""
        referred = [reference_key(each.reference) for each in group.members] if group else []
        members = frozenset(key for key in referred if key.startswith("Patient/"))
        # A provider's Group may be exported without listing its members; one that was matched lists them.
        unlisted = not referred and (group is None or self.claim.api == "provider-access")
        years = int(self.guide["years"]) if self.claim.ig == "pdex" else 0
        cutoff = (_asked(job) - timedelta(days=366 * years)).date().isoformat() if years else ""
        harvest = Harvest(members, self.claim.base_url, cutoff)
        files = self._asks.read(job, harvest.add)
        untold = unlisted or not members.issuperset(referred)
        return Export(group.id if group else "", job, untold, files, harvest)

"""Jobs, manifests and files of a bulk exchange."""

from conformance import advise, expect, need, requirement
from conformance.apis.bulk_manifest import is_given
from conformance.apis.harvest import MADE
from conformance.apis.raw import body_of, outcome_count, raw_problem


@requirement("bulk.kick-off")
def test_a_job_is_begun_with_the_address_of_its_status(bulk):
    expect.each(
        bulk.jobs(),
        lambda job: job.begun,
        "202 with an absolute Content-Location",
        got=lambda job: job.broken or f"status {job.kick_off.status}, Content-Location not absolute",
    )


@requirement("bulk.manifest")
def test_a_job_ends_with_a_whole_manifest(bulk):
    ended = need([job for job in bulk.jobs() if job.polls], "a job that was begun", because="bulk.kick-off")

    for job in ended:
        advise(not job.mishaps, "a status that never fails on the way", at=job.at, got="5xx")
    expect.each(
        ended,
        bulk.has_manifest,
        "a manifest with all that it must have",
        got=lambda job: job.broken or "; ".join(job.manifest.faults if job.manifest else ()),
    )


@requirement("bulk.files")
def test_every_file_is_what_the_manifest_says(bulk):
    files = need(bulk.files(), "a file", because="bulk.manifest")

    for file in files:
        advise(not file.advice, "files that come at once, and none of errors", at=file.at, got="; ".join(file.advice))
    expect.each(
        files, bulk.is_right, "a whole NDJSON file of its type and count", got=lambda file: "; ".join(file.wrong)
    )


@requirement("bulk.protection")
def test_without_a_token_nothing_is_begun_or_given(bulk):
    expect.each(
        bulk.without_token(),
        lambda answer: not is_given(answer),
        "nothing without a token",
        at=lambda answer: answer.operation,
        got=lambda answer: f"status {answer.status}",
    )


@requirement("bulk.own-exports")
def test_what_one_client_exports_is_not_given_to_another(bulk):
    expect.each(
        bulk.by_another_client(),
        lambda answer: not is_given(answer),
        "nothing for another client",
        at=lambda answer: answer.operation,
        got=lambda answer: f"status {answer.status}",
    )


@requirement("bulk.cancel")
def test_a_deleted_job_is_gone(bulk):
    deleted, after = bulk.cancelled()

    expect(deleted.status == 202, "202", at="DELETE", got=f"status {deleted.status}")
    expect(
        after.status == 404 and outcome_count(after) == 1,
        "404 with an OperationOutcome",
        at="the status after DELETE",
        got=f"status {after.status}",
    )


@requirement("bulk.types")
def test_an_export_of_some_types_holds_these_only(bulk):
    only = bulk.exported("typed", _type="Patient")
    given = set() if only.refused else set(bulk.whole("typed", _type="Patient").harvest.types)

    expect(given - MADE <= {"Patient"}, "Patients only", at=only.at, got=", ".join(sorted(given)))
    held = "Patient" in bulk.export().harvest.types and not only.refused
    expect("Patient" in given or not held, "the Patients of the whole export", at=only.at, got=", ".join(sorted(given)))


@requirement("bulk.since")
def test_an_export_since_a_moment_holds_what_is_newer_and_nothing_older(bulk):
    moment, since = bulk.since()
    (updated, at), (newest, _) = since.harvest.updated, since.harvest.newest

    expect(not updated or updated >= moment[:10], f"nothing updated before {moment}", at=at, got=updated)
    expect(newest >= moment[:10], f"what was updated after {moment}", at=since.at, got=newest or "nothing")


@requirement("bulk.until")
def test_an_export_until_a_moment_holds_nothing_newer(bulk):
    day, only = bulk.until()
    newest, at = ("", "") if only.refused else bulk.whole("until").harvest.newest

    expect(newest <= day, f"nothing updated after {day}", at=at, got=newest)


@requirement("bulk.own-groups")
def test_the_groups_of_others_are_not_given(groups):
    expect.each(
        groups.foreign(),
        lambda answer: answer.status != 202 and not is_given(answer),
        "a refusal",
        at=lambda answer: answer.operation,
        got=lambda answer: f"status {answer.status}",
    )


@requirement("bulk.groups")
def test_the_clients_own_group_is_read_and_found(groups):
    answer = groups.group_answer()
    wrong = raw_problem(answer, ("Group",))
    expect(not wrong and body_of(answer), "the Group, in FHIR R4", at=answer.url, got=wrong)

    unfound = groups.unfound()
    expect(not unfound, "the Group among those that a search for it finds", at="Group search", got=unfound)

"""The formulary in bulk, where a payer exports it: all of it, one plan alone, and what changed."""

from conformance import expect, need, requirement

WHOLE = "a manifest, and files that are whole"


@requirement("usdf.bulk-export")
def test_an_export_in_bulk_holds_what_the_api_lists(formulary_export):
    export = formulary_export.offered()

    expect(not export.broken, WHOLE, at=export.at, got=export.broken)
    expect.each(
        need(formulary_export.compared(), "a resource that is listed", because="formulary.answers-are-fhir"),
        lambda each: not each.problem,
        "everything that is listed in the export",
        got=lambda each: each.problem,
    )


@requirement("usdf.bulk-part")
def test_a_plan_and_a_formulary_are_exported_alone(formulary_export):
    parts = formulary_export.parts()

    expect.each(parts, lambda part: not part.export.broken, WHOLE, got=lambda part: part.export.broken)
    expect.each(parts, lambda part: not part.missing, "all that belongs to it",
                got=lambda part: f"{len(part.missing)} are missing, such as {part.missing[0]}")  # fmt: skip
    expect.each(parts, lambda part: not part.foreign, "no item of another formulary",
                got=lambda part: f"{len(part.foreign)} came, such as {part.foreign[0]}")  # fmt: skip


@requirement("usdf.bulk-only")
def test_an_export_in_bulk_holds_nothing_but_the_formulary(formulary_export):
    export = formulary_export.offered()
    need(export.held.updated, "an export with something in it", because="usdf.bulk-export")

    expect(not export.held.stray, "plans, formularies, items, drugs and areas alone", at=export.at,
           got=f"{export.held.stray} others: {', '.join(export.held.strays)}")  # fmt: skip


@requirement("usdf.bulk-since")
def test_an_export_since_a_moment_holds_what_changed(formulary_export):
    moment, changed, export = formulary_export.since()
    old = export.held.drugs_until(moment)

    expect(not export.broken, WHOLE, at=export.at, got=export.broken)
    expect.each(changed, lambda key: key in export.held.updated, f"all that was updated after {moment}", at=str)
    expect(not old, f"no drug that was last updated before {moment}", at=export.at,
           got=f"{len(old)}, such as {', '.join(old[:3])}")  # fmt: skip


@requirement("usdf.bulk-types")
def test_an_export_of_plans_alone_holds_nothing_else(formulary_export):
    export = formulary_export.of_plans_alone()

    expect(export.refused or not export.broken, WHOLE, at=export.at, got=export.broken)
    expect(export.held.types <= {"InsurancePlan"}, "InsurancePlans only", at=export.at,
           got=", ".join(sorted(export.held.types)))  # fmt: skip

"""What the sources of a payer say of one drug, side by side."""

from conformance.apis.one_drug import NEW_STARTS, VARIES, Benefit, OneDrug, Said, Told, alike

BOTH: tuple[Benefit, ...] = ("pharmacy", "medical")


def drug(*said: Said) -> OneDrug:
    return OneDrug("cases.formulary.x (drug 1)", "x", "1", "a drug", said)


def told(source: str, benefit: Benefit = "pharmacy", **facts: Told) -> Said:
    return Said(benefit, source, "here", {fact.replace("_", "-"): each for fact, each in facts.items()})


def test_sources_differ_in_what_both_of_them_tell():
    one = drug(
        told("list", covered=True, tier="ZERO-COST-SHARE-PREVENTIVE", prior_authorization=True, step_therapy=True),
        told("file", covered=True, tier="zero-cost-share-preventative", prior_authorization=False),
    )
    assert one.differing == ("prior-authorization",)
    assert one.part(["pharmacy"], ["covered", "tier"]).differing == ()
    assert one.told == (
        "list (here): covered, ZERO-COST-SHARE-PREVENTIVE, prior authorization, step therapy; "
        "file (here): covered, zero-cost-share-preventative, no prior authorization"
    )


def test_what_does_not_hold_for_everybody_is_held_against_nobody():
    for unclear in (None, "", NEW_STARTS, VARIES):
        one = drug(told("list", prior_authorization=unclear), told("file", prior_authorization=False))
        assert one.differing == ()
        assert not one.compares(["pharmacy"], ["prior-authorization"])


def test_benefits_are_compared_where_each_of_them_tells():
    list_, file = told("list", prior_authorization=True), told("file", prior_authorization=True)
    medical = told("discovery", "medical", prior_authorization=False, covered=True)
    assert drug(list_, file).compares(["pharmacy"], ["prior-authorization"])
    assert not drug(list_, file).compares(BOTH, ["prior-authorization"])
    assert not drug(list_, medical).compares(BOTH, ["covered"])
    assert drug(list_, medical).compares(BOTH, ["prior-authorization"])
    assert drug(list_, medical).part(["pharmacy"]).differing == ()
    assert drug(list_, medical).differing == ("prior-authorization",)


def test_several_statements_of_one_source_come_to_one():
    assert alike([True, True]) is True
    assert alike([None]) is None
    assert alike([True, False]) == VARIES

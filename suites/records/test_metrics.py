"""The figures that a payer publishes every March: complete, in agreement with themselves and with its decisions."""

from conformance import advise, expect, need, requirement


@requirement("metrics.published")
def test_every_figure_is_published_for_all_to_see(records):
    figures = records.completeness()

    expect.counted(need(figures.judgeable, figures.lacking), "every figure of last year, on a page that needs no login")


@requirement("metrics.items-listed")
def test_what_requires_prior_authorization_is_listed_for_all_to_see(records):
    lists = records.listed("items")

    expect.counted(need(lists.judgeable, lists.lacking), "a list that is there, where the figures link to it")
    advise(not lists.partial, "a list that was seen", got=lists.partial)


@requirement("metrics.consistent")
def test_published_figures_agree(records):
    figures = records.agreement()

    expect.counted(need(figures.judgeable, figures.lacking), "figures that agree")


@requirement("metrics.counts")
def test_counts_are_published_beside_percentages(records):
    figures = records.counts()

    expect.counted(need(figures.judgeable, figures.lacking), "a count beside each percentage")


@requirement("metrics.drugs")
def test_figures_on_drugs_are_published_and_agree(records):
    figures = records.drugs()

    expect.counted(need(figures.judgeable, figures.lacking), "every figure on drugs, in agreement with the others")


@requirement("metrics.drugs-listed")
def test_what_drugs_require_prior_authorization_is_listed_for_all_to_see(records):
    lists = records.listed("drugs")

    expect.counted(need(lists.judgeable, lists.lacking), "a list that is there, where the figures link to it")
    advise(not lists.partial, "a list that was seen", got=lists.partial)


@requirement("metrics.granular")
def test_figures_are_published_by_what_was_asked_for_by_whom_and_why_not(records):
    figures, small = records.cuts(), records.small_cells()

    advise(not small, "no cell of 1 to 10: it could tell of a person", got=small)
    expect.counted(need(figures.judgeable, figures.lacking), "finer figures of every kind, that agree")

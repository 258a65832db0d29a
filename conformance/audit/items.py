"""Logs with a row for each item: the rows of one request are one decision, as the rules count them."""

from __future__ import annotations

from typing import Any

FIRST = ("r", "u", "p")  # stamps of which the first of all items counts; of the others the last


def requests(table: Any) -> Any:
    """One row for each request: decided with its last item, left out only with all of them.

    What differs among its items is taken for the longer clock; its reason is graded by the worst denied one. Rows
    without a number stand alone.
    """
    import ibis

    t = table.filter(table.key.notnull())
    counted = t.exclusion.isnull()
    refused = counted & t.outcome.isin(["denied", "partial"])

    def any_is(outcome: str) -> Any:
        return (counted & (t.outcome == outcome).fill_null(False)).any()

    every = {name: t[name].max() for name in table.columns if name not in ("key", "outcome", "exclusion")}
    order = t.source * (1 << 40) + t.place
    every |= {name: t[name].argmin(order) for name in ("source", "start", "place")}
    for short in FIRST:
        every |= {f"{short}_{end}": t[f"{short}_{end}"].min() for end in ("e", "l")}
    every |= {
        "kind": ibis.ifelse((t.kind == "item").any(), "item", t.kind.max()),
        "grade": t.grade.min(where=refused).fill_null(0),
        "reason": t.reason.max(where=refused),
        "appeal": t.appeal.min(),
        "exclusion": ibis.ifelse(counted.any(), ibis.null("string"), t.exclusion.max()),
        "outcome": ibis.cases(
            (any_is("pended"), "pended"),
            ((counted & t.outcome.isnull()).any(), ibis.null("string")),
            (any_is("partial") | (any_is("approved") & any_is("denied")), "partial"),
            (any_is("denied"), "denied"),
            (any_is("approved"), "approved"),
            else_=t.outcome.max(),
        ),
    }
    together = t.group_by("key").agg(**every).select(table.columns).cast(table.schema())
    return together.union(table.filter(table.key.isnull()))

"""What hangs together in a Bundle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from conformance.apis.same_member import claim_of
from conformance.apis.shapes import Placed, entries, objects, resolve


def reached(body: Mapping[str, Any]) -> tuple[Placed, ...]:
    """The Claim of a Bundle and every resource that it leads to, in the order of the Bundle."""
    listed = entries(body)
    waiting, found = [claim_of(body)], set()
    while waiting:
        placed = waiting.pop()
        if placed.at in found:
            continue
        found.add(placed.at)
        led = (resolve(node, placed, listed) for node in objects(placed.resource) if "reference" in node)
        waiting += [each for each in led if each]
    return tuple(each for each in listed if each.at in found)

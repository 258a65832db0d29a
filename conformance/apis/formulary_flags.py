"""The flags by which a formulary item tells its limits: prior authorization, step therapy, quantity limit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter

from conformance.apis.shapes import JsonObject, truth

_HOME = "http://hl7.org/fhir/us/davinci-drug-formulary/StructureDefinition/"
PRIOR_AUTHORIZATION = f"{_HOME}usdf-PriorAuthorization-extension"
PRIOR_AUTHORIZATION_NEW_STARTS = f"{_HOME}usdf-PriorAuthorizationNewStartsOnly-extension"
STEP_THERAPY = f"{_HOME}usdf-StepTherapyLimit-extension"
STEP_THERAPY_NEW_STARTS = f"{_HOME}usdf-StepTherapyLimitNewStartsOnly-extension"
QUANTITY_LIMIT = f"{_HOME}usdf-QuantityLimit-extension"
_NAMES = {
    PRIOR_AUTHORIZATION: "prior authorization",
    PRIOR_AUTHORIZATION_NEW_STARTS: "prior authorization for new starts only",
    STEP_THERAPY: "step therapy",
    STEP_THERAPY_NEW_STARTS: "step therapy for new starts only",
    QUANTITY_LIMIT: "a quantity limit",
}

flags_of = attrgetter(
    "prior_authorization",
    "prior_authorization_new_starts",
    "step_therapy",
    "step_therapy_new_starts",
    "quantity_limit",
    "quantity_detail",
)


def flag(found: Sequence[JsonObject]) -> bool | None:
    """What the extensions of one flag say; None where they do not."""
    for each in found:
        if (said := truth(each.get("valueBoolean"))) is not None:
            return said
    return None


def misused(said: Mapping[str, Sequence[JsonObject]]) -> tuple[str, ...]:
    """Which flags stand more than once, or hold something else than true or false (0..1, valueBoolean)."""
    return tuple(wrong for url in _NAMES if url in said and (wrong := _wrong(_NAMES[url], said[url])))


def _wrong(name: str, found: Sequence[JsonObject]) -> str:
    if len(found) > 1:
        return f"{name} said {len(found)} times"
    other = next((key for key in found[0] if key.startswith("value") and key != "valueBoolean"), "")
    return f"{name} as {other}" if other else ""


def limits_of(
    prior: bool | None,
    prior_for_new: bool | None,
    step: bool | None,
    step_for_new: bool | None,
    quantity: bool | None,
    detail: bool,
) -> dict[str, bool | None]:
    """An item's limits by name, from its flags (``flags_of``)."""
    return {
        "prior-authorization": _told(prior, prior_for_new),
        "step-therapy": _told(step, step_for_new),
        "quantity-limit": _told(quantity, detail),
    }


def _told(limit: bool | None, detail: bool | None) -> bool | None:
    return True if limit is None and detail else limit

"""The extensions by which a formulary item tells its limits, and whether each stands once and as it must."""

from __future__ import annotations

import marshal
from collections.abc import Mapping, Sequence
from functools import lru_cache
from operator import attrgetter

from conformance.apis.formulary_profiles import FORMULARY_REFERENCE, QUANTITY
from conformance.apis.occurrences import miscounted
from conformance.apis.shapes import JsonObject, truth

_HOME = "http://hl7.org/fhir/us/davinci-drug-formulary/StructureDefinition/"
AVAILABILITY_STATUS = f"{_HOME}usdf-AvailabilityStatus-extension"
AVAILABILITY_PERIOD = f"{_HOME}usdf-AvailabilityPeriod-extension"
PRIOR_AUTHORIZATION = f"{_HOME}usdf-PriorAuthorization-extension"
PRIOR_AUTHORIZATION_NEW_STARTS = f"{_HOME}usdf-PriorAuthorizationNewStartsOnly-extension"
STEP_THERAPY = f"{_HOME}usdf-StepTherapyLimit-extension"
STEP_THERAPY_NEW_STARTS = f"{_HOME}usdf-StepTherapyLimitNewStartsOnly-extension"
QUANTITY_LIMIT = f"{_HOME}usdf-QuantityLimit-extension"
QUANTITY_DETAIL = f"{_HOME}usdf-QuantityLimitDetail-extension"
ADDITIONAL_INFORMATION = f"{_HOME}usdf-AdditionalCoverageInformation-extension"
# What an item says at most once (0..1 or 1..1), and as which value, where nothing else judges that.
_ONCE = {
    FORMULARY_REFERENCE: ("its formulary", ""),
    AVAILABILITY_STATUS: ("its availability", ""),
    AVAILABILITY_PERIOD: ("its period of availability", "valuePeriod"),
    PRIOR_AUTHORIZATION: ("prior authorization", "valueBoolean"),
    PRIOR_AUTHORIZATION_NEW_STARTS: ("prior authorization for new starts only", "valueBoolean"),
    STEP_THERAPY: ("step therapy", "valueBoolean"),
    STEP_THERAPY_NEW_STARTS: ("step therapy for new starts only", "valueBoolean"),
    QUANTITY_LIMIT: ("a quantity limit", "valueBoolean"),
    QUANTITY_DETAIL: ("the details of a quantity limit", "extension"),
    ADDITIONAL_INFORMATION: ("additional information", "valueMarkdown"),
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
    """What an item says more than once, or as another value than the guide's, and what is amiss with its quantities."""
    wrong = tuple(told for url, once in _ONCE.items() if url in said and (told := _wrong(*once, said[url])))
    quantities = said.get(QUANTITY_DETAIL, ())
    return wrong + tuple(told for each in quantities for told in _quantity_faults(marshal.dumps(each, 2)))


def _wrong(name: str, value: str, found: Sequence[JsonObject]) -> str:
    if len(found) > 1:
        return f"{name} said {len(found)} times"
    other = next((key for key in found[0] if key.startswith("value") and key != value), "") if value else ""
    return f"{name} as {other}" if other else ""


@lru_cache(maxsize=4096)
def _quantity_faults(written: bytes) -> tuple[str, ...]:
    """usdf-QuantityLimitDetail: what its parts lack. Items share few quantities, so each is looked at once, by what it
    looks like when written down."""
    return miscounted(marshal.loads(written), QUANTITY)  # noqa: S302 - we wrote it ourselves, a line before


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

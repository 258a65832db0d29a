"""Reading a QuestionnaireResponse against its Questionnaire: what in it would let anybody refuse it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from conformance.apis.shapes import JsonObject, is_type, objects, record, records, text
from conformance.fhir import structure

COMPLETE = frozenset({"completed", "amended"})
ONLY_SHOWN = frozenset({"group", "display"})  # types of items that take no answer themselves
IF_EXPRESSION = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-enableWhenExpression"


def response_faults(response: JsonObject, asked: JsonObject) -> tuple[str, ...]:
    """Why nobody has to take ``response`` as the answer to the Questionnaire ``asked``; nothing where it is complete.

    Of an adaptive questionnaire, which comes without its questions, the answers are not looked at, and of questions
    that depend on others not whether they are answered.
    """
    if not is_type(response, "QuestionnaireResponse"):
        return ("no QuestionnaireResponse",)
    answered = text(response.get("questionnaire")).partition("|")[0]
    faults = {
        f"status {text(response.get('status')) or 'missing'}": text(response.get("status")) not in COMPLETE,
        "no authored": not text(response.get("authored")),
        f"it answers {answered or 'no questionnaire'}": answered != text(asked.get("url"))
        and not answered.startswith("#"),  # an adaptive one is contained, as far as it went
    }
    found = [name for name, present in faults.items() if present]
    found += [f"{each.at}: {each.message}" for each in structure(response)]
    if any(records(asked.get("item"))):
        known, given = (
            {text(each["linkId"]) for each in objects(one.get("item")) if "linkId" in each} for one in (asked, response)
        )
        found += [f"item {each} is not asked" for each in sorted(given - known)]
        found += [f"no answer to the required item {each}" for each in _unanswered(asked, [response])]
    return tuple(found)


def _unanswered(asked: JsonObject, given: list[JsonObject]) -> Iterator[str]:
    """The required items below ``asked`` that none of ``given`` answers, as far as what they depend on tells."""
    items = [one for each in given for _, one in _below(each)]
    for _, each in records(asked.get("item")):
        there = [one for one in items if one.get("linkId") == each.get("linkId")]
        due = each.get("required") is True and not _depends(each)
        if due and text(each.get("type")) not in ONLY_SHOWN and not any(one.get("answer") for one in there):
            yield text(each.get("linkId"))
        if there or due:
            yield from _unanswered(each, there)


def _below(item: JsonObject) -> Iterator[tuple[int, JsonObject]]:
    """The items in an item: those of a group, and those of each answer."""
    answers = (record(each) for _, each in records(item.get("answer")))
    return chain(records(item.get("item")), *(records(each.get("item")) for each in answers))


def _depends(item: JsonObject) -> bool:
    """Whether an item is asked only where another is answered so."""
    urls = {text(each.get("url")) for _, each in records(item.get("extension"))}
    return bool(item.get("enableWhen")) or IF_EXPRESSION in urls

"""A response is sent only where nobody may say that it is none to what was asked."""

from __future__ import annotations

import json
from typing import Any

import pytest
from shared_data import DATA, needs_data

from conformance.apis.questionnaire_answers import IF_EXPRESSION, response_faults

URL = "https://payer.example.org/Questionnaire/stimulator"


def answer(link: str, *below: Any, said: str = "Yes") -> Any:
    return {"linkId": link, "answer": [{"valueString": said, **({"item": list(below)} if below else {})}]}


def response(*items: Any, **more: Any) -> Any:
    whole = {"status": "completed", "authored": "2026-11-22", "questionnaire": f"{URL}|2.2", "item": list(items)}
    return {"resourceType": "QuestionnaireResponse", **whole, **more}


def item(link: str, *below: Any, kind: str = "string", **more: Any) -> Any:
    return {"linkId": link, "type": kind, "required": True, **({"item": list(below)} if below else {}), **more}


FORM = {
    "url": URL,
    "item": [
        item("1", item("1.1")),
        item("2", item("2.1"), kind="group"),
        item("3", item("3.1"), kind="group", required=False),
        item("4", enableWhen=[{"question": "1", "operator": "=", "answerString": "No"}]),
        item("5", extension=[{"url": IF_EXPRESSION}]),
        item("6", kind="display"),
    ],
}
WHOLE = [answer("1", answer("1.1")), {"linkId": "2", "item": [answer("2.1")]}]


@pytest.mark.parametrize(
    ("given", "faults"),
    [
        (response(*WHOLE), ()),
        (response(*WHOLE, status="amended", questionnaire=URL), ()),
        (response(*WHOLE, questionnaire="#contained"), ()),
        ({"resourceType": "Questionnaire"}, ("no QuestionnaireResponse",)),
        (response(*WHOLE, status="in-progress"), ("status in-progress",)),
        (response(*WHOLE, authored=""), ("no authored",)),
        (response(*WHOLE, questionnaire="https://x.example/y"), ("it answers https://x.example/y",)),
        (response(*WHOLE, answer("7")), ("item 7 is not asked",)),
        (response(*WHOLE[1:]), ("no answer to the required item 1",)),
        (response(answer("1"), WHOLE[1]), ("no answer to the required item 1.1",)),
        (response(WHOLE[0]), ("no answer to the required item 2.1",)),
        (response(*WHOLE, {"linkId": "3", "item": [{"linkId": "3.1"}]}), ("no answer to the required item 3.1",)),
    ],
)
def test_what_makes_a_response_refusable_is_told(given: Any, faults: tuple[str, ...]) -> None:
    found = response_faults(given, FORM)

    assert tuple(each for each in faults if each not in found) == ()
    assert bool(found) == bool(faults)


def test_the_questions_of_an_adaptive_questionnaire_are_not_known() -> None:
    assert response_faults(response(answer("any")), {"url": URL}) == ()


@needs_data
def test_the_published_response_is_complete() -> None:
    written = (DATA / "examples/cdex-2.1.0/cdex-parameters-example5.json").read_text("utf-8")
    [attachment] = [one for one in json.loads(written)["parameter"] if one["name"] == "Attachment"]
    [published] = [one["resource"] for one in attachment["part"] if one["name"] == "Content"]

    asked = {"url": published["questionnaire"], "item": [item("1"), item("2", kind="choice")]}
    assert response_faults(published, asked) == ()

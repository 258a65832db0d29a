"""Guessing at a member: what hinders whoever guesses, and what is a hiccup of the server."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from conformance.errors import NotTested
from conformance.exchange import Exchange
from conformance.flows.probing import Probing, guesses

Said = tuple[int, float]  # status, seconds
PLAIN: Said = (422, 0.02)
SLOW: Said = (422, 0.9)


def probed(*said: Said, headers: dict[str, str] | None = None) -> Probing:
    answers = iter(said)

    def ask(_date: str) -> Exchange:
        status, seconds = next(answers)
        return Exchange("x", "payer-to-payer.member-match", "", "", "POST", "u", status=status, seconds=seconds,
                        headers=headers or {})  # fmt: skip

    return guesses("1950-01-01", len(said), ask, "payer-to-payer.answers-are-fhir")


@pytest.mark.parametrize(
    "said",
    [
        [PLAIN] * 5 + [(429, 0.02)],
        [PLAIN] * 2 + [(403, 0.02)],
        [(423, 0.02)],
        [PLAIN] * 4 + [SLOW] * 3,
    ],
)
def test_a_refusal_to_go_on_hinders_and_so_do_ever_slower_answers(said: Sequence[Said]) -> None:
    found = probed(*said)
    assert found.hindered
    assert len(found.answers) == len(said)


@pytest.mark.parametrize(
    "said",
    [
        [PLAIN] * 20,
        [PLAIN] * 10 + [SLOW] + [PLAIN] * 9,
        [PLAIN] * 3 + [SLOW, SLOW, PLAIN] * 3,
        [SLOW] * 10,  # slow from the first on: so is this payer
        [PLAIN] * 4 + [(503, 0.02)] + [PLAIN] * 4,
        [PLAIN] * 4 + [(401, 0.02)] + [PLAIN] * 4,
        [(403, 0.02)] + [PLAIN] * 4,
    ],
)
def test_a_hiccup_hinders_nobody(said: Sequence[Said]) -> None:
    assert not probed(*said).hindered


def test_who_is_refused_from_the_first_guess_on_tells_nothing() -> None:
    with pytest.raises(NotTested):
        probed(*[(403, 0.02)] * 6)
    assert probed((503, 0.02), headers={"retry-after": "60"}).hindered

"""What the sources of one payer say of one drug, side by side, and where they do not say the same."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from conformance.apis.formulary_limits import LIMITS

Benefit = Literal["pharmacy", "medical"]
Told = bool | str | None

BENEFITS: tuple[Benefit, ...] = ("pharmacy", "medical")
FACTS = ("covered", "tier", *LIMITS)
NEW_STARTS = "for new starts only"
VARIES = "not alike everywhere"  # several statements of one source that are not the same
WORDS: Mapping[str, Mapping[Told, str]] = {
    "covered": {True: "covered", False: "not covered"},
    **{limit: {True: limit.replace("-", " "), False: f"no {limit.replace('-', ' ')}"} for limit in LIMITS},
}


@dataclass(frozen=True)
class Said:
    """What one source says of one drug under one benefit: by fact (``FACTS``) True, False or words; None: not told."""

    benefit: Benefit
    source: str
    at: str
    facts: Mapping[str, Told]

    def decides(self, fact: str) -> bool:
        """Whether it tells of a fact for everybody, so that others can be held against it."""
        return self.facts.get(fact) not in (None, "", NEW_STARTS, VARIES)

    def by_fact(self) -> Iterator[tuple[str, Told]]:
        """Each fact with what is told of it."""
        return ((fact, self.facts.get(fact)) for fact in FACTS)

    @property
    def told(self) -> str:
        """Its facts in words, with its name and place."""
        words = [WORDS.get(fact, {}).get(said, said) for fact, said in self.facts.items() if self.decides(fact)]
        return f"{self.source} ({self.at}): {', '.join(map(str, words)) or 'nothing'}"


@dataclass(frozen=True)
class OneDrug:
    """A declared drug, with all that is said of it; ``name`` is "" where no list names it."""

    at: str
    case: str
    code: str
    name: str
    said: tuple[Said, ...]

    def part(self, benefits: Collection[Benefit], facts: Collection[str] = FACTS) -> OneDrug:
        """The same with these benefits and facts only."""
        kept = (each for each in self.said if each.benefit in benefits)
        return replace(self, said=tuple(replace(e, facts={fact: e.facts.get(fact) for fact in facts}) for e in kept))

    def compares(self, benefits: Collection[Benefit], facts: Collection[str]) -> bool:
        """Whether several sources, and each of these benefits, tell of one of these facts."""
        telling = ([each.benefit for each in self.said if each.decides(fact)] for fact in facts)
        return any(len(told) > 1 and set(told) >= set(benefits) for told in telling)

    @property
    def differing(self) -> tuple[str, ...]:
        """The facts of which the sources do not tell the same."""
        return tuple(
            fact for fact in FACTS if len({_plain(each.facts[fact]) for each in self.said if each.decides(fact)}) > 1
        )

    @property
    def told(self) -> str:
        """What each source says, with its place."""
        return "; ".join(each.told for each in self.said)


def alike(said: Iterable[Told]) -> Told:
    """What several statements of one source come to."""
    different = set(said)
    return different.pop() if len(different) == 1 else VARIES


def plain_tier(tier: str) -> str:
    """A tier as all sources may write it: some spell "preventive" otherwise than others."""
    return "".join(letter for letter in tier.casefold() if letter.isalnum()).replace("preventative", "preventive")


def _plain(said: Told) -> Told:
    return plain_tier(said) if isinstance(said, str) else said
